// dims.h: the sizes of free dimensions, from options and from the inputs that are already there.
#ifndef ONR_CLI_DIMS_H
#define ONR_CLI_DIMS_H

#include "cli/args.h"
#include "onnxrun.h"

enum { ONR_MAX_BINDINGS = 256 };

/// What is known of the model's inputs: types with --input-shape filled in, and the sizes of symbols.
typedef struct onr_dims {
    onnxrun_type *type; ///< n of them, one for each input
    size_t n;
    struct {
        const char *symbol;
        int64_t size;
        const char *from; ///< who said so, for messages
    } bound[ONR_MAX_BINDINGS];
    size_t n_bound;
} onr_dims;

/// Takes the model's types and applies -f, --input-shape and --batch. Names that do not exist are ONNXRUN_USAGE, with those
/// that do.
onnxrun_status onr_dims_new(const onr_args *args, const onnxrun_model *m, onr_dims *out, onnxrun_error *err);
void onr_dims_free(onr_dims *d);

/// Dimensions of input i with bound symbols filled in, -1 where still free. Returns how many are free; -1 when the rank is not
/// known.
int onr_dims_get(const onr_dims *d, size_t i, int64_t dims[16]);
/// Checks that a value fits input i (kind, element type, rank, sizes) and binds the symbols that it shows. `from` names the
/// file.
onnxrun_status onr_dims_check(onr_dims *d, const onnxrun_model *m, size_t i, const onnxrun_value *v, const char *from,
                              onnxrun_error *err);

/// The index of an input; n when there is none.
size_t onr_input_find(const onnxrun_model *m, const char *name, size_t n);
/// The names of all inputs, "x, y"; cut to fit. Returns out.
enum { ONR_NAMES_TEXT = 400 };
const char *onr_input_names(const onnxrun_model *m, char out[ONR_NAMES_TEXT]);

#endif
