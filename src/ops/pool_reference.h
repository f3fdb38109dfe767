// pool_reference.h: plain pooling of any rank and type; the yardstick of the fast kernels, and the one with indices.
#ifndef ONR_OPS_POOL_REFERENCE_H
#define ONR_OPS_POOL_REFERENCE_H

#include "ops/window.h"

typedef enum onr_pool_kind { ONR_POOL_MAX, ONR_POOL_AVERAGE, ONR_POOL_LP } onr_pool_kind;

typedef struct onr_pool_reference_args {
    onr_pool_kind kind;
    const onr_tensor *x; ///< [N][C][spatial]: float, double; int8 and uint8 for the maximum
    const onr_window *win;
    bool count_pad; ///< average: padding counts in the divisor
    double p;       ///< Lp
    onr_tensor *y;
    int64_t *indices;  ///< maximum: flat position in x of each, or NULL
    bool column_major; ///< indices count the last spatial dimension as the slowest
    onr_pool *pool;
} onr_pool_reference_args;

void onr_pool_reference(const onr_pool_reference_args *a);

#endif
