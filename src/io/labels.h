// labels.h: class names, one a line.
#ifndef ONR_IO_LABELS_H
#define ONR_IO_LABELS_H

#include "io/file.h"

typedef struct onr_labels {
    char *text;        ///< the file, lines terminated
    const char **name; ///< n of them, pointing into text
    size_t n;
} onr_labels;

/// Reads a text file of names; spaces around a name and a carriage return are dropped, an empty last line is none.
onnxrun_status onr_labels_read(const char *path, onr_labels *out, onnxrun_error *err);
void onr_labels_free(onr_labels *l);

#endif
