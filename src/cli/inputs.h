// inputs.h: the values that a run starts from: files by position or by name, pictures, test data, random numbers.
#ifndef ONR_CLI_INPUTS_H
#define ONR_CLI_INPUTS_H

#include "cli/args.h"
#include "io/sidecar.h"
#include "onnxrun.h"

/// One value for each input of the model, NULL where nothing was given.
typedef struct onr_inputs {
    onnxrun_value **value;
    size_t n;
    const char *const *picture; ///< the pictures' paths, in the order of the batch, when the first input came from pictures
    size_t n_pictures;
    const char **words; ///< owns the array behind `picture`
} onr_inputs;

/// Reads what the words (INPUT...) and the options ask for. `random_rest` fills what is left with random numbers, as --random
/// does. Free dimensions that nothing binds are taken as 1 for random numbers; for raw files one of them follows from the
/// file's size.
onnxrun_status onr_inputs_read(const onr_args *args, const onnxrun_model *m, const onr_sidecar *sidecar,
                               const char *const *words, size_t n_words, bool random_rest, onr_inputs *out, onnxrun_error *err);
void onr_inputs_free(onr_inputs *in);

#endif
