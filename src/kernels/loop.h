// loop.h: loops over several strided operands: fewer dimensions, and the steps from one index to the next.
// May assume: at most ONR_LOOP_RANK dimensions and ONR_LOOP_OPERANDS operands. Header only; never touches elements.
#ifndef ONR_KERNELS_LOOP_H
#define ONR_KERNELS_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ONR_LOOP_RANK = 64, ONR_LOOP_OPERANDS = 3 };

/// Dimension 0 is the innermost here, against the order of shapes: loops count upwards from it.
typedef struct onr_loop {
    int rank, n_operands;
    int64_t dim[ONR_LOOP_RANK];
    int64_t stride[ONR_LOOP_OPERANDS][ONR_LOOP_RANK];
} onr_loop;

/// Fills a loop from a shape (outermost first) and the operands' strides, leaving out dimensions of 1. Returns the number of
/// elements; for 0 the loop is not to be used.
static inline int64_t onr_loop_init(onr_loop *l, int rank, const int64_t *shape, int n_operands,
                                    const int64_t *const *strides) {
    int64_t n = 1;
    l->rank = 0;
    l->n_operands = n_operands;
    for (int d = rank - 1; d >= 0; d--) {
        n *= shape[d];
        if (shape[d] == 1) continue;
        l->dim[l->rank] = shape[d];
        for (int k = 0; k < n_operands; k++) l->stride[k][l->rank] = strides[k][d];
        l->rank++;
    }
    return n;
}

/// Swaps dimensions i and j.
static inline void onr_loop_swap(onr_loop *l, int i, int j) {
    const int64_t dim = l->dim[i];
    l->dim[i] = l->dim[j];
    l->dim[j] = dim;
    for (int k = 0; k < l->n_operands; k++) {
        const int64_t s = l->stride[k][i];
        l->stride[k][i] = l->stride[k][j];
        l->stride[k][j] = s;
    }
}

/// Joins neighbouring dimensions that every operand walks through as if they were one. Leaves at least one dimension.
static inline void onr_loop_collapse(onr_loop *l) {
    int last = 0;
    for (int d = 1; d < l->rank; d++) {
        bool join = true;
        for (int k = 0; k < l->n_operands; k++) join = join && l->stride[k][d] == l->stride[k][last] * l->dim[last];
        if (join) {
            l->dim[last] *= l->dim[d];
            continue;
        }
        last++;
        l->dim[last] = l->dim[d];
        for (int k = 0; k < l->n_operands; k++) l->stride[k][last] = l->stride[k][d];
    }
    if (l->rank == 0) {
        l->dim[0] = 1;
        for (int k = 0; k < l->n_operands; k++) l->stride[k][0] = 1;
    }
    l->rank = last + 1;
}

/// Splits `index` into coordinates of the dimensions from `first` on, and gives each operand's offset there.
static inline void onr_loop_seek(const onr_loop *l, int first, int64_t index, int64_t *at, int64_t *offset) {
    for (int k = 0; k < l->n_operands; k++) offset[k] = 0;
    for (int d = first; d < l->rank; d++) {
        at[d] = index % l->dim[d];
        index /= l->dim[d];
        for (int k = 0; k < l->n_operands; k++) offset[k] += at[d] * l->stride[k][d];
    }
}

/// Goes on to the next index of the dimensions from `first` on; after the last it is back at the beginning.
static inline void onr_loop_next(const onr_loop *l, int first, int64_t *at, int64_t *offset) {
    for (int d = first; d < l->rank; d++) {
        at[d]++;
        for (int k = 0; k < l->n_operands; k++) offset[k] += l->stride[k][d];
        if (at[d] < l->dim[d]) return;
        at[d] = 0;
        for (int k = 0; k < l->n_operands; k++) offset[k] -= l->dim[d] * l->stride[k][d];
    }
}

#endif
