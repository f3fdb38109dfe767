// matmul_reference.h: the plain matrix product of every numeric type; the yardstick of the packed one.
#ifndef ONR_OPS_MATMUL_REFERENCE_H
#define ONR_OPS_MATMUL_REFERENCE_H

#include "ops/op.h"

/// One product: element (i, p) of A at a[i * a_row + p * a_col], likewise B; C is m x n, row-major and dense.
typedef struct onr_matmul_ref {
    onr_dtype dtype; ///< float, double, or a 32- or 64-bit integer
    int64_t m, n, k;
    const void *a, *b;
    int64_t a_row, a_col, b_row, b_col;
    void *c;
    onr_pool *pool;
} onr_matmul_ref;

/// C = A B. Floats sum in double and round once; integers wrap.
void onr_matmul_reference(const onr_matmul_ref *g);

#endif
