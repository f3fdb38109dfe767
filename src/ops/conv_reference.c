// conv_reference.c: convolution by its definition, a row of the output at a time, summed in double.
// May assume: shapes were inferred. Never used where a fast kernel is, but by -O0 and for double, 3-D and empty tensors.
#include "ops/conv_reference.h"

#include "base/mathx.h"

#include <string.h>

enum { ROW = 256 }; // outputs summed at a time

typedef struct job {
    const onr_conv_reference_args *a;
    bool is_double;
    int64_t rows;            // outer output positions of one map: all but the last spatial dimension
    int64_t in_row;          // width of the input
    int64_t in_map, out_map; // elements of one channel
    int64_t n_taps;          // kernel elements
} job;

static double at(const job *j, const onr_tensor *t, int64_t i) {
    return j->is_double ? ((const double *)t->data)[i] : ((const float *)t->data)[i];
}

/// The input row that output row `row` reads at tap `tap` (all spatial dimensions but the last), or -1 in the padding. *kx: the
/// tap's place in a row.
static int64_t input_row(const onr_window *w, int64_t row, int64_t tap, int64_t *kx) {
    int32_t last = w->n - 1;
    *kx = tap % w->kernel[last];
    tap /= w->kernel[last];
    int64_t index = 0, scale = 1;
    for (int32_t d = last - 1; d >= 0; d--) {
        int64_t o = row % w->out[d], k = tap % w->kernel[d];
        int64_t i = o * w->stride[d] - w->pad_begin[d] + k * w->dilation[d];
        if (i < 0 || i >= w->in[d]) return -1;
        index += i * scale;
        scale *= w->in[d];
        row /= w->out[d];
        tap /= w->kernel[d];
    }
    return index;
}

/// sum[o] += weight * x[first + o * stride] for the outputs o in [0, n) that fall into the row.
static void add_tap(const job *j, double *sum, int64_t n, int64_t x_at, int64_t first, int64_t stride, double weight) {
    int64_t from = first < 0 ? onr_ceil_div(-first, stride) : 0;
    int64_t to = first >= j->in_row ? 0 : onr_min_i64(n, onr_ceil_div(j->in_row - first, stride));
    if (j->is_double) {
        const double *x = (const double *)j->a->x->data + x_at;
        for (int64_t o = from; o < to; o++) sum[o] += weight * x[first + o * stride];
    } else {
        const float *x = (const float *)j->a->x->data + x_at;
        for (int64_t o = from; o < to; o++) sum[o] += weight * (double)x[first + o * stride];
    }
}

static double clamp(double v, double lo, double hi) { return v < lo ? lo : v > hi ? hi : v; }

static void store(const job *j, const double *sum, int64_t n, int64_t channel, int64_t y_at) {
    const onr_conv_reference_args *a = j->a;
    double scale = a->scale ? at(j, a->scale, channel) : 1, bias = a->b ? at(j, a->b, channel) : 0;
    for (int64_t o = 0; o < n; o++) {
        double v = sum[o] * scale + bias + (a->residual ? at(j, a->residual, y_at + o) : 0);
        v = clamp(v, a->lo, a->hi);
        if (j->is_double)
            ((double *)a->y->data)[y_at + o] = v;
        else
            ((float *)a->y->data)[y_at + o] = (float)v;
    }
}

/// One row of one map: image n, output channel m.
static void run_row(const job *j, int64_t n, int64_t m, int64_t row) {
    const onr_conv_reference_args *a = j->a;
    const onr_window *w = a->win;
    int32_t last = w->n - 1;
    int64_t per_group = a->w->shape.dim[1], group = m / (a->w->shape.dim[0] / a->groups);
    int64_t x_map = (n * a->x->shape.dim[1] + group * per_group) * j->in_map;
    int64_t y_at = (n * a->w->shape.dim[0] + m) * j->out_map + row * w->out[last];
    for (int64_t start = 0; start < w->out[last]; start += ROW) {
        double sum[ROW] = {0};
        int64_t count = onr_min_i64(ROW, w->out[last] - start);
        for (int64_t c = 0; c < per_group; c++)
            for (int64_t tap = 0; tap < j->n_taps; tap++) {
                int64_t kx, in_row = input_row(w, row, tap, &kx);
                if (in_row < 0) continue;
                int64_t first = start * w->stride[last] - w->pad_begin[last] + kx * w->dilation[last];
                add_tap(j, sum, count, x_map + c * j->in_map + in_row * j->in_row, first, w->stride[last],
                        at(j, a->w, (m * per_group + c) * j->n_taps + tap));
            }
        store(j, sum, count, m, y_at + start);
    }
}

static void run_maps(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    int64_t channels = j->a->w->shape.dim[0];
    for (size_t map = begin; map < end; map++)
        for (int64_t row = 0; row < j->rows; row++) run_row(j, (int64_t)map / channels, (int64_t)map % channels, row);
}

void onr_conv_reference(const onr_conv_reference_args *a) {
    const onr_window *w = a->win;
    job j = {.a = a,
             .is_double = a->x->dtype == ONR_DOUBLE,
             .rows = 1,
             .in_row = w->in[w->n - 1],
             .in_map = 1,
             .out_map = 1,
             .n_taps = 1};
    for (int32_t d = 0; d < w->n; d++) {
        j.in_map *= w->in[d];
        j.out_map *= w->out[d];
        j.n_taps *= w->kernel[d];
        if (d < w->n - 1) j.rows *= w->out[d];
    }
    if (j.out_map == 0) return;
    onr_pool_for(a->pool, (size_t)(a->x->shape.dim[0] * a->w->shape.dim[0]), 1, run_maps, &j);
}
