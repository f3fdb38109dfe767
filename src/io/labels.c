// labels.c: reads class names.
// May assume: nothing; bytes that are not text are kept as they are. Never fails on an odd line.
#include "io/labels.h"

#include <string.h>

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

onnxrun_status onr_labels_read(const char *path, onr_labels *out, onnxrun_error *err) {
    memset(out, 0, sizeof *out);
    onr_map_file f;
    onnxrun_status st = onr_io_open(path, &f, err);
    if (st != ONNXRUN_OK) return st;
    size_t n = 0;
    for (size_t i = 0; i < f.bytes; i++) n += f.data[i] == '\n';
    n += f.bytes > 0 && f.data[f.bytes - 1] != '\n';
    out->text = onr_io_alloc(f.bytes + 1, 1);
    out->name = onr_io_alloc(n, sizeof *out->name);
    if (!out->text || !out->name) {
        st = onr_io_no_memory(err, f.bytes);
        onr_labels_free(out);
    } else {
        if (f.bytes) memcpy(out->text, f.data, f.bytes);
        for (char *line = out->text; out->n < n; out->n++) {
            char *end = line + strcspn(line, "\n"), *next = end + 1;
            while (is_blank(*line)) line++;
            while (end > line && is_blank(end[-1])) end--;
            *end = '\0';
            out->name[out->n] = line;
            line = next;
        }
    }
    onr_io_close(&f);
    return st;
}

void onr_labels_free(onr_labels *l) {
    onr_io_free(l->text);
    onr_io_free(l->name);
    memset(l, 0, sizeof *l);
}
