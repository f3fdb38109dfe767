// transpose.c: any copy by strides, as the fewest and longest of: runs of memory, rectangles to transpose, rows of steps.
// May assume: sizes checked by the caller. Never looks into an element, never cuts by the number of threads.
#include "kernels/transpose/transpose_variant.h"

#include "base/mathx.h"
#include "kernels/loop.h"
#include "kernels/transpose/transpose_other.h"

#include <assert.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define ONR_VARIANT(name) extern const onr_transpose_variant name;
#include "kernels/transpose/variants.inc"
#undef ONR_VARIANT

const onr_transpose_variant *onr_transpose_variant_at(size_t i) {
#define ONR_VARIANT(name) &name,
    static const onr_transpose_variant *const variants[] = {
#include "kernels/transpose/variants.inc"
        NULL};
#undef ONR_VARIANT
    return i < sizeof variants / sizeof *variants ? variants[i] : NULL;
}

static const onr_transpose_variant *choose(uint32_t features) {
    size_t i = 0;
    while ((onr_transpose_variant_at(i)->needs & ~features) != 0) i++; // the last one needs nothing
    return onr_transpose_variant_at(i);
}

enum {
    SEGMENT = 32768,   // bytes of a row per unit of work
    TASK = 65536,      // bytes per task, at least
    ALONE = 262144,    // below this many bytes threads cost more than they give
    SIDE = 256,        // bytes, of the rectangles that are transposed together: some cache lines both ways
    FAR_BYTES = 16384, // written past the caches in one go
    LINE = 64,
    FAR = 12 << 20, // bytes written from which the first of them have left the caches before the last are there
    FEW = 4         // rows or columns below this number are not worth a rectangle
};

enum { X, Y };

typedef struct wide_element {
    uint64_t half[2];
} wide_element;

typedef struct job {
    const onr_transpose_variant *v;
    int64_t size;
    onr_loop loop; // operands X and Y
    const char *x;
    char *y;
    int64_t segment, n_segments;      // of dimension 0, for rows
    int64_t side;                     // of rectangles, in elements
    int64_t n_row_tiles, n_col_tiles; // of dimensions 0 and 1, for rectangles
    bool far;
} job;

// n elements in steps; a step of 1 on both sides is a run of memory.
static void copy_row(int64_t size, const char *x, int64_t x_step, char *y, int64_t y_step, int64_t n) {
    if (x_step == 1 && y_step == 1 && n * size > 64) {
        memcpy(y, x, (size_t)(n * size));
        return;
    }
#define COPY(type)                  \
    for (int64_t i = 0; i < n; i++) \
    memcpy(y + i * y_step * (int64_t)sizeof(type), x + i * x_step * (int64_t)sizeof(type), sizeof(type))
    switch (size) {
    case 1: COPY(uint8_t); break;
    case 2: COPY(uint16_t); break;
    case 4: COPY(uint32_t); break;
    case 8: COPY(uint64_t); break;
    default: COPY(wide_element); break;
    }
#undef COPY
}

static void run_rows(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    const onr_loop *l = &j->loop;
    int64_t at[ONR_LOOP_RANK], offset[ONR_LOOP_OPERANDS];
    onr_loop_seek(l, 1, (int64_t)begin / j->n_segments, at, offset);
    int64_t part = (int64_t)begin % j->n_segments;
    for (size_t unit = begin; unit < end; unit++) {
        const int64_t i = part * j->segment, n = onr_min_i64(j->segment, l->dim[0] - i);
        copy_row(j->size, j->x + (offset[X] + i * l->stride[X][0]) * j->size, l->stride[X][0],
                 j->y + (offset[Y] + i * l->stride[Y][0]) * j->size, l->stride[Y][0], n);
        if (++part < j->n_segments) continue;
        part = 0;
        onr_loop_next(l, 1, at, offset);
    }
}

// Elements of other sizes than 4 where neither side is in a cache: what is read is fetched ahead, which no prefetcher does for
// so many rows, and what is written goes past the caches in whole lines, put together in the nearest one. false: y does not lie
// so that it can.
static bool other_far(const job *j, const char *x, int64_t x_row, char *y, int64_t y_row, int64_t rows, int64_t cols) {
#ifdef __SSE2__
    __m128i lines[FAR_BYTES / sizeof(__m128i)];
    const int64_t line = rows * j->size, x_step = x_row * j->size, y_step = y_row * j->size;
    if (((uintptr_t)y | (uintptr_t)y_step | (uintptr_t)line) % sizeof *lines != 0 || line > FAR_BYTES) return false;
    for (int64_t c = 0, n; c < cols; c += n, x += n * j->size, y += n * y_step) {
        n = onr_min_i64(cols - c, FAR_BYTES / line);
        for (int64_t r = 0; r < rows; r++) // what comes next, here or in the next rectangle
            for (int64_t at = n * j->size; at < 2 * n * j->size; at += LINE) __builtin_prefetch(x + r * x_step + at);
        onr_transpose_other(j->size, x, x_row, (char *)lines, rows, rows, n);
        const __m128i *from = lines;
        for (int64_t i = 0; i < n; i++)
            for (int64_t at = 0; at < line; at += (int64_t)sizeof *lines)
                _mm_stream_si128((__m128i *)(void *)(y + i * y_step + at), *from++);
    }
    _mm_sfence(); // the caller may tell another thread by a plain flag that y is there
    return true;
#else
    (void)j, (void)x, (void)x_row, (void)y, (void)y_row, (void)rows, (void)cols;
    return false;
#endif
}

static void rectangle(const job *j, const char *x, int64_t x_row, char *y, int64_t y_row, int64_t rows, int64_t cols) {
    if (j->size == 4)
        j->v->rectangle((const float *)(const void *)x, x_row, (float *)(void *)y, y_row, rows, cols, j->far);
    else if (!j->far || !other_far(j, x, x_row, y, y_row, rows, cols))
        onr_transpose_other(j->size, x, x_row, y, y_row, rows, cols);
}

static void run_rectangles(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    const onr_loop *l = &j->loop;
    const int64_t x_row = l->stride[X][0], y_row = l->stride[Y][1], tiles = j->n_row_tiles * j->n_col_tiles;
    int64_t at[ONR_LOOP_RANK], offset[ONR_LOOP_OPERANDS];
    onr_loop_seek(l, 2, (int64_t)begin / tiles, at, offset);
    int64_t tile = (int64_t)begin % tiles;
    for (size_t unit = begin; unit < end; unit++) {
        const int64_t r = tile / j->n_col_tiles * j->side, c = tile % j->n_col_tiles * j->side;
        const int64_t rows = onr_min_i64(j->side, l->dim[0] - r), cols = onr_min_i64(j->side, l->dim[1] - c);
        const char *x = j->x + (offset[X] + r * x_row + c) * j->size;
        char *y = j->y + (offset[Y] + c * y_row + r) * j->size;
        rectangle(j, x, x_row, y, y_row, rows, cols);
        if (++tile < tiles) continue;
        tile = 0;
        onr_loop_next(l, 2, at, offset);
    }
}

static int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

// Writing runs along memory: dimensions by y's strides, the smallest innermost.
static void sort_by_y(onr_loop *l) {
    for (int i = 1; i < l->rank; i++) {
        for (int d = i; d > 0 && magnitude(l->stride[Y][d]) < magnitude(l->stride[Y][d - 1]); d--) onr_loop_swap(l, d, d - 1);
    }
}

// The dimension along which x runs while y runs along dimension 0, or 0 when there is none worth a rectangle.
static int rectangle_of(const onr_loop *l) {
    if (l->stride[Y][0] != 1 || l->stride[X][0] == 1 || l->stride[X][0] == 0 || l->dim[0] < FEW) return 0;
    for (int d = 1; d < l->rank; d++) {
        if (l->stride[X][d] == 1 && l->dim[d] >= FEW) return d;
    }
    return 0;
}

void onr_strided_copy_run(uint32_t features, int64_t size, int rank, const int64_t *shape, const void *x,
                          const int64_t *x_strides, void *y, const int64_t *y_strides, onr_pool *pool) {
    assert(rank >= 0 && rank <= ONR_TRANSPOSE_MAX_RANK);
    assert(size == 1 || size == 2 || size == 4 || size == 8 || size == 16);
    job j = {.v = choose(features), .size = size, .x = x, .y = y};
    onr_loop *l = &j.loop;
    const int64_t total = onr_loop_init(l, rank, shape, 2, (const int64_t *const[]){x_strides, y_strides});
    if (total == 0) return;
    sort_by_y(l);
    onr_loop_collapse(l);
    if (total * size < ALONE) pool = NULL;
    j.far = total * size >= FAR;
    const int d = rectangle_of(l);
    if (d > 0) {
        for (int i = d; i > 1; i--) onr_loop_swap(l, i, i - 1);
        j.side = SIDE / size;
        j.n_row_tiles = onr_ceil_div(l->dim[0], j.side);
        j.n_col_tiles = onr_ceil_div(l->dim[1], j.side);
        const int64_t units = total / (l->dim[0] * l->dim[1]) * j.n_row_tiles * j.n_col_tiles;
        const int64_t bytes = onr_min_i64(j.side, l->dim[0]) * onr_min_i64(j.side, l->dim[1]) * size;
        onr_pool_for(pool, (size_t)units, (size_t)onr_ceil_div(TASK, bytes), run_rectangles, &j);
    } else {
        j.segment = onr_min_i64(l->dim[0], SEGMENT / size);
        j.n_segments = onr_ceil_div(l->dim[0], j.segment);
        onr_pool_for(pool, (size_t)(total / l->dim[0] * j.n_segments), (size_t)onr_ceil_div(TASK, j.segment * size), run_rows,
                     &j);
    }
}

void onr_transpose_run(uint32_t features, int64_t size, int rank, const int64_t *shape, const int64_t *perm, const void *x,
                       void *y, onr_pool *pool) {
    assert(rank >= 0 && rank <= ONR_TRANSPOSE_MAX_RANK);
    int64_t y_shape[ONR_TRANSPOSE_MAX_RANK], x_strides[ONR_TRANSPOSE_MAX_RANK], y_strides[ONR_TRANSPOSE_MAX_RANK];
    for (int d = 0; d < rank; d++) {
        y_shape[d] = shape[perm[d]];
        x_strides[d] = 1;
        for (int64_t e = perm[d] + 1; e < rank; e++) x_strides[d] *= shape[e];
    }
    for (int64_t d = rank - 1, stride = 1; d >= 0; stride *= y_shape[d--]) y_strides[d] = stride;
    onr_strided_copy_run(features, size, rank, y_shape, x, x_strides, y, y_strides, pool);
}
