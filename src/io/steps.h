// steps.h: the tensors of a run, one after the other: an .npz archive, or a folder with a file for each. Only one tensor is in
// memory at a time, both ways.
#ifndef ONR_IO_STEPS_H
#define ONR_IO_STEPS_H

#include "io/file.h"

// A tensor's key is its name; when a loop makes it again, "name#2", "name#3", .... In a folder the file is the key with every
// byte but letters, digits, and . _ - # as %XX, and the ending .npy, or .pb for what NumPy cannot hold.

typedef struct onr_steps_out onr_steps_out;

/// `path` that ends with .npz: an archive; else a folder, made when it is not there.
onnxrun_status onr_steps_create(const char *path, onr_steps_out **out, onnxrun_error *err);
/// Writes one value. ONNXRUN_UNSUPPORTED: this form cannot hold it (an archive holds tensors only); one may go on.
onnxrun_status onr_steps_add(onr_steps_out *s, const char *name, const onnxrun_value *v, onnxrun_error *err);
/// Completes an archive; frees s in any case. Without this, an archive is absent, while a folder keeps what was written.
onnxrun_status onr_steps_finish(onr_steps_out *s, onnxrun_error *err);
/// NULL is allowed.
void onr_steps_abandon(onr_steps_out *s);

typedef struct onr_steps_in onr_steps_in;

/// Opens an .npz file, or a folder of .npy and .pb files.
onnxrun_status onr_steps_open(const char *path, onr_steps_in **out, onnxrun_error *err);
/// The value of that name, made for the nth time (from 1); *out is NULL when there is none. `like`, a value of the same name,
/// tells types that NumPy has no name for and the kind in a .pb.
onnxrun_status onr_steps_get(onr_steps_in *s, const char *name, size_t nth, const onnxrun_value *like, onnxrun_value **out,
                             onnxrun_error *err);
/// NULL is allowed.
void onr_steps_close(onr_steps_in *s);

#endif
