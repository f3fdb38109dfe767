// col2im.c: Col2Im, all versions, and the addition of columns into an image that ConvTranspose shares.
// May assume: the driver widens float16 and bfloat16 to float around us.
// Never writes outside the image: taps in the padding are cut off row by row.
#include "ops/col2im.h"

#include "base/mathx.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include <complex.h>
#include <string.h>

// ---- the addition -----------------------------------------------------------------------------------------------------------

/// A run of blocks within one row of blocks, and the row of the image that one tap of theirs lies in.
typedef struct run_place {
    int64_t image_row; // first element of the row
    int64_t from, to;  // blocks of the run whose tap is inside the image
    int64_t first_at;  // column in the image of block `from`
} run_place;

/// False when the tap lies outside the image. `row`: which row of blocks; block x of it is at column x * stride + shift.
static bool place_run(const onr_window *w, int64_t row, int64_t tap, int64_t x0, int64_t n, run_place *p) {
    const int32_t last = w->n - 1;
    const int64_t shift = tap % w->kernel[last] * w->dilation[last] - w->pad_begin[last], stride = w->stride[last];
    int64_t scale = w->out[last];
    tap /= w->kernel[last];
    p->image_row = 0;
    for (int32_t d = last - 1; d >= 0; d--) {
        int64_t i = row % w->in[d] * w->stride[d] + tap % w->kernel[d] * w->dilation[d] - w->pad_begin[d];
        if (i < 0 || i >= w->out[d]) return false;
        p->image_row += i * scale;
        scale *= w->out[d];
        row /= w->in[d];
        tap /= w->kernel[d];
    }
    int64_t least = shift < 0 ? onr_ceil_div(-shift, stride) : 0;                         // first block inside
    int64_t most = w->out[last] > shift ? onr_ceil_div(w->out[last] - shift, stride) : 0; // first one beyond
    p->from = onr_max_i64(0, least - x0);
    p->to = onr_min_i64(n, most - x0);
    p->first_at = (x0 + p->from) * stride + shift;
    return p->from < p->to;
}

static int64_t n_taps(const onr_window *w) {
    int64_t n = 1;
    for (int32_t d = 0; d < w->n; d++) n *= w->kernel[d];
    return n;
}

#define ADD(name, T, ADD_TO)                                                                                              \
    static void name(const onr_window *w, const void *columns, int64_t col_stride, int64_t first, int64_t n, void *map) { \
        const T *col = columns;                                                                                           \
        T *image = map;                                                                                                   \
        const int64_t width = w->in[w->n - 1], stride = w->stride[w->n - 1], taps = n_taps(w);                            \
        for (int64_t p = first; p < first + n;) {                                                                         \
            int64_t row = p / width, x0 = p % width, count = onr_min_i64(width - x0, first + n - p);                      \
            for (int64_t t = 0; t < taps; t++) {                                                                          \
                run_place at;                                                                                             \
                if (!place_run(w, row, t, x0, count, &at)) continue;                                                      \
                const T *c = col + t * col_stride + (p - first) + at.from;                                                \
                T *y = image + at.image_row + at.first_at;                                                                \
                if (stride == 1)                                                                                          \
                    for (int64_t i = 0; i < at.to - at.from; i++) ADD_TO(y[i], c[i]);                                     \
                else                                                                                                      \
                    for (int64_t i = 0; i < at.to - at.from; i++) ADD_TO(y[i * stride], c[i]);                            \
            }                                                                                                             \
            p += count;                                                                                                   \
        }                                                                                                                 \
    }
#define PLUS(y, c) (y) += (c)
#define PLUS_INT(y, c) (y) = (__typeof__(y))((uint64_t)(y) + (uint64_t)(c)) // wraps
#define OR(y, c) (y) |= (c)
ADD(add_f32, float, PLUS)
ADD(add_f64, double, PLUS)
ADD(add_c64, float complex, PLUS)
ADD(add_c128, double complex, PLUS)
ADD(add_8, uint8_t, PLUS_INT)
ADD(add_16, uint16_t, PLUS_INT)
ADD(add_32, uint32_t, PLUS_INT)
ADD(add_64, uint64_t, PLUS_INT)
ADD(add_bool, uint8_t, OR)

void onr_col2im_add_f32(const onr_window *w, const float *col, int64_t col_stride, int64_t first, int64_t n, float *image) {
    add_f32(w, col, col_stride, first, n, image);
}

// ---- Col2Im -----------------------------------------------------------------------------------------------------------------

enum { IN_X, IN_IMAGE, IN_BLOCK };

typedef struct col2im_params {
    onr_ints strides, dilations, pads;
} col2im_params;

/// The geometry for known sizes of image and block. *why is set and false returned when they do not fit.
static bool make_window(const col2im_params *p, int32_t n, const int64_t *image, const int64_t *block, onr_window *w,
                        const char **why) {
    memset(w, 0, sizeof *w);
    w->n = n;
    if (n < 1 || n > ONR_MAX_SPATIAL) return *why = "image_shape needs one to 14 numbers", false;
    if ((p->strides.v && p->strides.n != (size_t)n) || (p->dilations.v && p->dilations.n != (size_t)n))
        return *why = "strides and dilations need as many numbers as image_shape", false;
    if (p->pads.v && p->pads.n != 2 * (size_t)n) return *why = "pads need two numbers for each dimension of the image", false;
    for (int32_t d = 0; d < n; d++) {
        w->out[d] = image[d];
        w->kernel[d] = block[d];
        w->stride[d] = p->strides.v ? p->strides.v[d] : 1;
        w->dilation[d] = p->dilations.v ? p->dilations.v[d] : 1;
        w->pad_begin[d] = p->pads.v ? p->pads.v[d] : 0;
        w->pad_end[d] = p->pads.v ? p->pads.v[n + d] : 0;
        const int64_t all[] = {w->out[d], w->kernel[d], w->stride[d], w->dilation[d], w->pad_begin[d], w->pad_end[d]};
        for (int i = 0; i < 6; i++)
            if (all[i] < (i >= 1 && i <= 3) || all[i] > INT32_MAX) return *why = "a size is out of range", false;
        int64_t room = w->out[d] + w->pad_begin[d] + w->pad_end[d] - w->dilation[d] * (w->kernel[d] - 1) - 1;
        if (room < 0) return *why = "the block is larger than the padded image", false;
        w->in[d] = room / w->stride[d] + 1;
    }
    return true;
}

/// Blocks and taps against the input's shape.
static onr_status check_sizes(const onr_infer *c, const onr_shape *x, const onr_window *w) {
    int64_t blocks = 1, taps = 1;
    for (int32_t d = 0; d < w->n; d++)
        if (!onr_mul_i64(blocks, w->in[d], &blocks) || !onr_mul_i64(taps, w->kernel[d], &taps))
            return onr_infer_bad(c, "the image is too large");
    if (onr_dim_known(x->dim[1]) && x->dim[1] % taps)
        return onr_infer_bad(c, "%lld rows of columns do not divide by a block of %lld", (long long)x->dim[1], (long long)taps);
    if (onr_dim_known(x->dim[2]) && x->dim[2] != blocks)
        return onr_infer_bad(c, "input has %lld columns, the image has %lld blocks", (long long)x->dim[2], (long long)blocks);
    return ONR_OK;
}

static onr_status infer(onr_infer *c) {
    onr_shape x = onr_infer_shape(c, IN_X), image_shape = onr_infer_shape(c, IN_IMAGE), y;
    const onr_known *image = onr_infer_ints(c, IN_IMAGE), *block = onr_infer_ints(c, IN_BLOCK);
    onr_dtype t = onr_infer_dtype(c, IN_X);
    for (int32_t i = IN_IMAGE; i <= IN_BLOCK; i++) {
        if (onr_infer_shape(c, i).rank >= 0 && onr_infer_shape(c, i).rank != 1)
            return onr_infer_bad(c, "image_shape and block_shape must have rank 1");
        if (onr_infer_dtype(c, i) != ONR_UNDEFINED && onr_infer_dtype(c, i) != ONR_INT64)
            return onr_infer_bad(c, "image_shape and block_shape must be int64");
    }
    onr_infer_set(c, 0, t, onr_shape_unknown());
    if (x.rank < 0 || image_shape.rank < 0 || !onr_dim_known(image_shape.dim[0])) return ONR_OK;
    if (x.rank != 3) return onr_infer_bad(c, "input has rank %d, not 3", x.rank);
    int32_t n = (int32_t)onr_min_i64(image_shape.dim[0], ONR_MAX_RANK);
    if (n > ONR_MAX_SPATIAL) return onr_infer_bad(c, "the image has %lld dimensions", (long long)image_shape.dim[0]);
    if (block && block->n != n) return onr_infer_bad(c, "image_shape and block_shape differ in length");
    y = (onr_shape){.rank = n + 2};
    y.dim[0] = x.dim[0];
    y.dim[1] = onr_infer_fresh(c);
    for (int32_t d = 0; d < n; d++) y.dim[2 + d] = image ? image->v[d] : onr_infer_fresh(c);
    bool numbers = image && block;
    for (int32_t d = 0; d < n && numbers; d++) numbers = !onr_dim_symbolic(image->v[d]) && !onr_dim_symbolic(block->v[d]);
    if (numbers) {
        onr_window w;
        const char *why;
        if (!make_window(c->params, n, image->v, block->v, &w, &why)) return onr_infer_bad(c, "%s", why);
        ONR_TRY(check_sizes(c, &x, &w));
        if (onr_dim_known(x.dim[1])) y.dim[1] = x.dim[1] / n_taps(&w);
    }
    onr_infer_set(c, 0, t, y);
    return ONR_OK;
}

typedef void (*add_fn)(const onr_window *w, const void *col, int64_t col_stride, int64_t first, int64_t n, void *image);

typedef struct job {
    const onr_window *w;
    add_fn add;
    size_t elem;
    int64_t blocks, taps, pixels;
    const char *x;
    char *y;
} job;

static void maps_task(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    for (size_t k = begin; k < end; k++) {
        char *map = j->y + k * (size_t)j->pixels * j->elem;
        memset(map, 0, (size_t)j->pixels * j->elem);
        j->add(j->w, j->x + k * (size_t)(j->taps * j->blocks) * j->elem, j->blocks, 0, j->blocks, map);
    }
}

static onr_status run(const onr_run *r) {
    static const add_fn adds[ONR_N_DTYPES] = {
        [ONR_FLOAT] = add_f32, [ONR_DOUBLE] = add_f64, [ONR_COMPLEX64] = add_c64, [ONR_COMPLEX128] = add_c128,
        [ONR_UINT8] = add_8,   [ONR_INT8] = add_8,     [ONR_UINT16] = add_16,     [ONR_INT16] = add_16,
        [ONR_UINT32] = add_32, [ONR_INT32] = add_32,   [ONR_UINT64] = add_64,     [ONR_INT64] = add_64,
        [ONR_BOOL] = add_bool};
    const onr_tensor *x = onr_run_in(r, IN_X);
    onr_tensor *y = onr_run_out(r, 0);
    const int64_t *image = onr_run_in(r, IN_IMAGE)->data, *block = onr_run_in(r, IN_BLOCK)->data;
    onr_window w;
    const char *why;
    if (!make_window(r->params, y->shape.rank - 2, image, block, &w, &why)) return onr_run_bad(r, "%s", why);
    job j = {.w = &w, .add = adds[x->dtype], .elem = onr_dtype_size(x->dtype), .taps = n_taps(&w), .x = x->data, .y = y->data};
    j.blocks = x->shape.dim[2];
    j.pixels = onr_shape_span(&y->shape, 2, y->shape.rank);
    if (j.pixels) onr_pool_for(r->pool, (size_t)(y->shape.dim[0] * y->shape.dim[1]), 1, maps_task, &j);
    return ONR_OK;
}

static const onr_attr_spec attrs[] = {ONR_A_INTS(col2im_params, strides), ONR_A_INTS(col2im_params, dilations),
                                      ONR_A_INTS(col2im_params, pads), ONR_ATTR_ARRAY_END};

// The standard lists strings too, of which there is no sum.
static const onr_op rows[] = {
    {ONR_AI("Col2Im", 18, 0), ONR_ARITY(3, 3, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = ONR_T_ALL13 & ~ONR_T_STRING,
     ONR_PARAMS(attrs, col2im_params), .infer = infer, .run = run},
};
ONR_OP_FAMILY(col2im);
