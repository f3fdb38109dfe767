// transpose_other.c: squares of 1-, 2- and 8-byte elements transposed in 16-byte registers, which every 64-bit CPU has.
// May assume: sizes checked by the caller. Never touches elements outside the rectangle.
//
// The square of an element size has as many rows as 16 bytes have elements. Interleaving row i with row i + n / 2, for all i,
// is a step of a perfect shuffle of all elements of the square; after log2(n) of them columns have become rows.
#include "kernels/transpose/transpose_other.h"

#include <string.h>

typedef uint8_t bytes16 __attribute__((vector_size(16)));

#define LOW_1(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH_1(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define LOW_2(a, b) __builtin_shufflevector(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23)
#define HIGH_2(a, b) __builtin_shufflevector(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)
#define LOW_8(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
#define HIGH_8(a, b) __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)

// A square of N x N elements of SIZE bytes; the rows of x and y lie x_row and y_row bytes apart.
#define SQUARE(SIZE, N)                                                                                                     \
    static inline __attribute__((always_inline)) void square_##SIZE(const char *x, int64_t x_row, char *y, int64_t y_row) { \
        bytes16 r[N], t[N];                                                                                                 \
        for (int i = 0; i < N; i++) memcpy(&r[i], x + i * x_row, sizeof r[i]);                                              \
        for (int done = 1; done < N; done *= 2) {                                                                           \
            for (int i = 0; i < N / 2; i++) {                                                                               \
                t[2 * i] = LOW_##SIZE(r[i], r[i + N / 2]);                                                                  \
                t[2 * i + 1] = HIGH_##SIZE(r[i], r[i + N / 2]);                                                             \
            }                                                                                                               \
            memcpy(r, t, sizeof r);                                                                                         \
        }                                                                                                                   \
        for (int i = 0; i < N; i++) memcpy(y + i * y_row, &r[i], sizeof r[i]);                                              \
    }
SQUARE(1, 16)
SQUARE(2, 8)
SQUARE(8, 2)

// One element after the other; a size that is a constant makes the copy a load and a store.
static inline __attribute__((always_inline)) void plain(const int64_t size, const char *x, int64_t x_row, char *y,
                                                        int64_t y_row, int64_t rows, int64_t cols) {
    for (int64_t c = 0; c < cols; c++)
        for (int64_t r = 0; r < rows; r++) memcpy(y + c * y_row + r * size, x + r * x_row + c * size, (size_t)size);
}

// Whole squares, line by line of y, and what is left of rows and columns.
#define RECTANGLE(SIZE, N)                                                                                           \
    static void rectangle_##SIZE(const char *x, int64_t x_row, char *y, int64_t y_row, int64_t rows, int64_t cols) { \
        const int64_t whole_rows = rows - rows % N, whole_cols = cols - cols % N;                                    \
        for (int64_t c = 0; c < whole_cols; c += N)                                                                  \
            for (int64_t r = 0; r < whole_rows; r += N)                                                              \
                square_##SIZE(x + r * x_row + c * SIZE, x_row, y + c * y_row + r * SIZE, y_row);                     \
        plain(SIZE, x + whole_cols * SIZE, x_row, y + whole_cols * y_row, y_row, whole_rows, cols - whole_cols);     \
        plain(SIZE, x + whole_rows * x_row, x_row, y + whole_rows * SIZE, y_row, rows - whole_rows, cols);           \
    }
RECTANGLE(1, 16)
RECTANGLE(2, 8)
RECTANGLE(8, 2)

void onr_transpose_other(int64_t size, const char *x, int64_t x_row, char *y, int64_t y_row, int64_t rows, int64_t cols) {
    x_row *= size, y_row *= size;
    switch (size) {
    case 1: rectangle_1(x, x_row, y, y_row, rows, cols); break;
    case 2: rectangle_2(x, x_row, y, y_row, rows, cols); break;
    case 8: rectangle_8(x, x_row, y, y_row, rows, cols); break;
    default: plain(16, x, x_row, y, y_row, rows, cols); break;
    }
}
