// sidecar.h: the small JSON files beside models: how an image model wants its pictures, and tolerances of test data.
#ifndef ONR_IO_SIDECAR_H
#define ONR_IO_SIDECAR_H

#include "io/prepare.h"

/// What `<model>.onnx.json` says. docs/cli.md lists its keys.
typedef struct onr_sidecar {
    bool found;
    char *labels; ///< path of the class names, beside the model; NULL: none
    bool has_size, has_layout, has_channels;
    onr_prepare prepare;
} onr_sidecar;

/// Reads the sidecar of a model. None: ok, with found false and the defaults of onr_prepare_default. Broken, an unknown version
/// or an unknown key: ONNXRUN_INVALID.
onnxrun_status onr_sidecar_read(const char *model_path, onr_sidecar *out, onnxrun_error *err);
void onr_sidecar_free(onr_sidecar *s);

/// Reads rtol and atol from the data.json of an ONNX backend test; what it does not hold, and a missing file, change nothing.
onnxrun_status onr_tolerance_read(const char *path, double *rtol, double *atol, onnxrun_error *err);

#endif
