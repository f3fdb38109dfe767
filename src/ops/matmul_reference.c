// matmul_reference.c: matrix product by its definition.
// May assume: the type is one of the header's. Never used for float where the packed kernels are.
#include "ops/matmul_reference.h"

#include <assert.h>

// sum_t: double for floats; the unsigned type for integers, so that overflow wraps.
#define ROWS(name, type, sum_t)                                                                            \
    static void name(void *ctx, size_t begin, size_t end) {                                                \
        const onr_matmul_ref *g = ctx;                                                                     \
        for (int64_t i = (int64_t)begin; i < (int64_t)end; i++)                                            \
            for (int64_t j = 0; j < g->n; j++) {                                                           \
                const type *a = (const type *)g->a + i * g->a_row, *b = (const type *)g->b + j * g->b_col; \
                sum_t sum = 0;                                                                             \
                for (int64_t p = 0; p < g->k; p++) sum += (sum_t)a[p * g->a_col] * (sum_t)b[p * g->b_row]; \
                ((type *)g->c)[i * g->n + j] = (type)sum;                                                  \
            }                                                                                              \
    }

ROWS(rows_float, float, double)
ROWS(rows_double, double, double)
ROWS(rows_i32, int32_t, uint32_t)
ROWS(rows_u32, uint32_t, uint32_t)
ROWS(rows_i64, int64_t, uint64_t)
ROWS(rows_u64, uint64_t, uint64_t)

void onr_matmul_reference(const onr_matmul_ref *g) {
    void (*rows)(void *, size_t, size_t) = NULL;
    switch (g->dtype) {
    case ONR_FLOAT: rows = rows_float; break;
    case ONR_DOUBLE: rows = rows_double; break;
    case ONR_INT32: rows = rows_i32; break;
    case ONR_UINT32: rows = rows_u32; break;
    case ONR_INT64: rows = rows_i64; break;
    case ONR_UINT64: rows = rows_u64; break;
    default: assert(!"a type of the header's"); return;
    }
    onr_pool_for(g->pool, (size_t)g->m, 1, rows, (void *)(uintptr_t)g);
}
