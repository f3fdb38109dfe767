// figures.h: JSON that the tool itself printed, read back to colour a drawn graph.
#ifndef ONR_IO_FIGURES_H
#define ONR_IO_FIGURES_H

#include "onnxrun.h"

typedef enum onr_figures_kind { ONR_FIGURES_PROFILE, ONR_FIGURES_COMPARE } onr_figures_kind;

/// Reads the JSON of `onnxrun profile --json` or `onnxrun compare --json`, checks that it is one of version 1, and gives it as
/// text again, to be freed with onr_io_free. Anything else is ONNXRUN_INVALID.
onnxrun_status onr_figures_read(const char *path, onr_figures_kind kind, char **out, onnxrun_error *err);

#endif
