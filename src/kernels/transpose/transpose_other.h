// transpose_other.h: transposition of a rectangle of elements that are not of 4 bytes, on any CPU, for transpose.c.
// May assume: sizes checked by the caller. Never threads, never computes with the elements.
#ifndef ONR_KERNELS_TRANSPOSE_OTHER_H
#define ONR_KERNELS_TRANSPOSE_OTHER_H

#include <stdint.h>

/// y[c * y_row + r] = x[r * x_row + c] for r < rows, c < cols, in elements of 1, 2, 8 or 16 bytes.
void onr_transpose_other(int64_t size, const char *x, int64_t x_row, char *y, int64_t y_row, int64_t rows, int64_t cols);

#endif
