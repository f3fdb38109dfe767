// gemm_variant.h: what one microkernel of the matrix product offers to the loops of gemm.c, and to the tests.
// May assume: a variant is called only on a CPU that has the bits in `needs`.
// Never threads, never allocates: a variant works on one tile or one panel.
#ifndef ONR_KERNELS_GEMM_VARIANT_H
#define ONR_KERNELS_GEMM_VARIANT_H

#include "kernels/gemm/gemm.h"

/// One tile of C: C = alpha * A * B (+ C when `add`), then bias and clamp when `last`.
typedef struct onr_gemm_tile {
    int64_t k;
    const float *a; ///< packed panel: element (i, p) at a[p * m + i]
    const float *b; ///< element (p, j) at b[p * b_step + j]
    int64_t b_step;
    float *c; ///< element (i, j) at c[i * c_row + j]
    int64_t c_row;
    int32_t m, n; ///< 1 <= m <= mr, 1 <= n <= nr; `wide` and `dots` take any n
    bool add, last;
    bool alone; ///< all rows of the product are in this tile
    float alpha;
    const float *bias; ///< of this tile's first element, or NULL
    int64_t bias_row, bias_col;
    float lo, hi;
} onr_gemm_tile;

struct onr_gemm_variant {
    const char *name;
    uint32_t needs; ///< ONR_CPU_* bits, all required
    int32_t mr, nr; ///< largest tile
    int32_t wide_m; ///< largest m of `wide` and `dots`
    int64_t kc;     ///< largest depth of one pass: a panel of A stays in L1, a group of them in L2
    void (*tile)(const onr_gemm_tile *t);
    /// Few rows (m <= wide_m) over many columns of a row-major B that is read once, straight from memory; not `add`, `last`.
    void (*wide)(const onr_gemm_tile *t);
    /// As wide, for B stored by columns: element (p, j) at b[j * b_step + p]; here a is plain: element (i, p) at a[i * k + p].
    void (*dots)(const onr_gemm_tile *t);
    /// dst[p * m + i] = a[i * row + p * col] for i < m <= mr, p < k.
    void (*pack_a)(float *dst, const float *a, int64_t row, int64_t col, int32_t m, int64_t k);
    /// dst[p * nr + j] = b[p * row + j * col] for p < k, j < n <= nr, zero for n <= j < nr.
    void (*pack_b)(float *dst, const float *b, int64_t row, int64_t col, int64_t k, int32_t n);
};

/// All variants, best first: variant i, or NULL past the end.
const onr_gemm_variant *onr_gemm_variant_at(size_t i);

#endif
