// soak_models.h: models whose shapes may change with every run.
#ifndef ONR_TESTS_SOAK_MODELS_H
#define ONR_TESTS_SOAK_MODELS_H

#include "onnxrun.h"

enum { SOAK_MODELS = 3, SOAK_SHAPES = 40 };

typedef struct soak_model {
    const char *name;
    onnxrun_model *m;
    int every; ///< one run in so many is of this model: large nets come less often
    int rank;  ///< of the only input, float
    int n_shapes;
    int64_t dims[SOAK_SHAPES][4];
} soak_model;

/// The shipped network; a convolution net with free height and width; a loop with a sequence, whose result's shape depends on
/// the content.
void soak_models_make(soak_model out[SOAK_MODELS]);
void soak_models_free(soak_model models[SOAK_MODELS]);

#endif
