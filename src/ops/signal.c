// signal.c: DFT (17, 20) and STFT (17): Fourier transforms along an axis, and of overlapping frames.
// May assume: the driver widens float16 and bfloat16; transforms are made in double and rounded once.
// Never needs a length that is a power of two (fft.h).
#include "base/mathx.h"
#include "ops/fft.h"
#include "ops/known.h"
#include "ops/rows.h"

#include <string.h>

typedef struct signal_params {
    int64_t axis, inverse, onesided;
} signal_params;

/// Input i as one number: *out is INT64_MIN when it is left out or not known yet.
static onr_status scalar(const onr_infer *c, int32_t i, const char *name, int64_t *out) {
    *out = INT64_MIN;
    if (!onr_infer_has(c, i)) return ONR_OK;
    onr_dtype t = onr_infer_dtype(c, i);
    if (t != ONR_UNDEFINED && t != ONR_INT32 && t != ONR_INT64) return onr_infer_bad(c, "%s must be int32 or int64", name);
    const onr_known *k = onr_infer_ints(c, i);
    if (k && k->n != 1) return onr_infer_bad(c, "%s must be one number", name);
    if (k && !onr_dim_symbolic(k->v[0])) *out = k->v[0];
    return ONR_OK;
}

/// The last dimension: 1 for real numbers, 2 for complex ones; 0 when not known.
static onr_status parts(const onr_infer *c, const onr_shape *s, int64_t *out) {
    int64_t last = s->dim[s->rank - 1];
    *out = onr_dim_known(last) ? last : 0;
    if (*out == 1 || *out == 2 || !onr_dim_known(last)) return ONR_OK;
    return onr_infer_bad(c, "the last dimension is %lld; 1 is for real and 2 for complex numbers", (long long)last);
}

static onr_status check_parts(const onr_infer *c, int64_t n_parts, bool onesided, bool inverse) {
    if (onesided && !inverse && n_parts == 2) return onr_infer_bad(c, "onesided needs a real input, it is complex");
    if (onesided && inverse && n_parts == 1) return onr_infer_bad(c, "onesided and inverse need a complex input, it is real");
    return ONR_OK;
}

// ---- DFT
// ---------------------------------------------------------------------------------------------------------------------

/// The axis, as an attribute (17) or an input (20); -1 when it is not known yet.
static onr_status dft_axis(const onr_infer *c, int32_t rank, int32_t *axis) {
    const signal_params *p = c->params;
    int64_t given = c->node->op->since < 20 ? p->axis : -2;
    if (onr_infer_has(c, 2)) ONR_TRY(scalar(c, 2, "axis", &given));
    *axis = -1;
    if (given == INT64_MIN) return ONR_OK;
    ONR_TRY(onr_infer_axis(c, given, rank, axis));
    if (*axis == rank - 1) return onr_infer_bad(c, "axis %d is that of the complex parts", *axis);
    return ONR_OK;
}

/// The transform's length for m numbers along the axis.
static int64_t dft_length(const signal_params *p, int64_t m, int64_t given) {
    if (given != INT64_MIN) return given;
    return p->onesided && p->inverse ? 2 * (m - 1) : m;
}

static onr_status infer_dft(onr_infer *c) {
    const signal_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0);
    int32_t axis;
    int64_t n_parts, length;
    ONR_TRY(scalar(c, 1, "dft_length", &length));
    if (s.rank < 0) return onr_infer_set(c, 0, onr_infer_dtype(c, 0), s), ONR_OK;
    if (s.rank < 2) return onr_infer_bad(c, "input has rank %d, expected 2 or more", s.rank);
    ONR_TRY(parts(c, &s, &n_parts));
    ONR_TRY(check_parts(c, n_parts, p->onesided, p->inverse));
    ONR_TRY(dft_axis(c, s.rank, &axis));
    s.dim[s.rank - 1] = p->onesided && p->inverse ? 1 : 2;
    for (int32_t i = 0; i < s.rank - 1 && axis < 0; i++) s.dim[i] = onr_infer_fresh(c);
    if (axis >= 0) {
        int64_t m = s.dim[axis];
        bool known = length != INT64_MIN || (onr_dim_known(m) && !onr_infer_has(c, 1));
        int64_t n = known ? dft_length(p, m, length) : onr_infer_fresh(c);
        if (known && (n < 1 || n > INT64_MAX / 64)) return onr_infer_bad(c, "a transform of %lld numbers", (long long)n);
        if (!known && !onr_infer_has(c, 1) && !p->onesided) n = m; // the same symbol
        s.dim[axis] = p->onesided && !p->inverse ? (known ? n / 2 + 1 : onr_infer_fresh(c)) : n;
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    return ONR_OK;
}

// ---- lines: what both operators do
// ------------------------------------------------------------------------------------------

typedef struct line_job {
    const onr_fft *fft;
    const onr_tensor *x, *window; // window may be NULL
    onr_tensor *y;
    int64_t n, n_in, n_out; // of the transform, given, and kept
    int64_t in_parts, out_parts;
    bool inverse, mirrored; // mirrored: the other half of the spectrum is the conjugate
    // Element k of line (o, i) is at o * outer + i * inner + k * step, counted in elements with all their parts.
    int64_t n_inner;
    int64_t in_outer, in_inner, in_step, out_outer, out_inner, out_step;
    onr_complex *scratch;
    size_t per_worker;
} line_job;

static double part(const onr_tensor *t, int64_t i) {
    return t->dtype == ONR_DOUBLE ? ((const double *)t->data)[i] : (double)((const float *)t->data)[i];
}

static void read_line(const line_job *j, int64_t at, onr_complex *in) {
    for (int64_t k = 0; k < j->n_in; k++) {
        int64_t i = (at + k * j->in_step) * j->in_parts;
        double w = j->window ? part(j->window, k) : 1;
        in[k] = (onr_complex){part(j->x, i) * w, j->in_parts == 2 ? part(j->x, i + 1) * w : 0};
    }
    for (int64_t k = j->n_in; k < j->n; k++) in[k] = (onr_complex){0, 0};
    if (!j->mirrored) return;
    in[0].im = 0; // a real signal has none there
    if (j->n % 2 == 0) in[j->n / 2].im = 0;
    for (int64_t k = 1; k < (j->n + 1) / 2; k++) in[j->n - k] = (onr_complex){in[k].re, -in[k].im};
}

static void write_line(const line_job *j, int64_t at, const onr_complex *out) {
    for (int64_t k = 0; k < j->n_out; k++) {
        int64_t i = (at + k * j->out_step) * j->out_parts;
        for (int64_t q = 0; q < j->out_parts; q++) {
            double v = q ? out[k].im : out[k].re;
            if (j->y->dtype == ONR_DOUBLE)
                ((double *)j->y->data)[i + q] = v;
            else
                ((float *)j->y->data)[i + q] = (float)v;
        }
    }
}

static void line_task(void *ctx, size_t worker, size_t line) {
    const line_job *j = ctx;
    onr_complex *in = j->scratch + worker * j->per_worker, *out = in + j->n;
    int64_t o = (int64_t)line / j->n_inner, i = (int64_t)line % j->n_inner;
    read_line(j, o * j->in_outer + i * j->in_inner, in);
    if (j->inverse)
        onr_fft_inverse(j->fft, in, out, out + j->n);
    else
        onr_fft_run(j->fft, in, out, out + j->n);
    write_line(j, o * j->out_outer + i * j->out_inner, out);
}

static onr_status run_lines(const onr_run *r, line_job *j, int64_t n_lines) {
    onr_pool *pool = n_lines * j->n > 4096 ? r->pool : NULL;
    size_t bytes;
    if (n_lines == 0) return ONR_OK;
    onr_arena *a = onr_arena_new(0);
    j->fft = a ? onr_fft_new(j->n, a) : NULL;
    onr_status s = j->fft ? ONR_OK : onr_no_memory(r->err, (size_t)j->n * sizeof *j->scratch);
    if (s == ONR_OK) {
        j->per_worker = 2 * (size_t)j->n + onr_fft_scratch(j->fft);
        bool fits = onr_mul_size(j->per_worker, (size_t)onr_pool_threads(pool) * sizeof *j->scratch, &bytes);
        j->scratch = fits ? onr_malloc(bytes) : NULL;
        if (!j->scratch) s = onr_no_memory(r->err, fits ? bytes : SIZE_MAX);
    }
    if (s == ONR_OK) onr_pool_for_worker(pool, (size_t)n_lines, line_task, j);
    onr_free(j->scratch);
    onr_arena_free(a);
    return s;
}

static onr_status run_dft(const onr_run *r) {
    const signal_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    onr_tensor *y = onr_run_out(r, 0);
    int32_t rank = x->shape.rank;
    int64_t given = r->node->op->since < 20 ? p->axis : onr_run_has(r, 2) ? onr_tensor_int(onr_run_in(r, 2), 0) : -2;
    int32_t axis = onr_axis(given, rank);
    int64_t m = x->shape.dim[axis];
    line_job j = {.x = x, .y = y, .inverse = p->inverse != 0, .mirrored = p->inverse && p->onesided};
    j.n = dft_length(p, m, onr_run_has(r, 1) ? onr_tensor_int(onr_run_in(r, 1), 0) : INT64_MIN);
    j.n_in = onr_min_i64(m, j.mirrored ? j.n / 2 + 1 : j.n);
    j.n_out = y->shape.dim[axis];
    j.in_parts = x->shape.dim[rank - 1];
    j.out_parts = y->shape.dim[rank - 1];
    j.n_inner = onr_shape_span(&x->shape, axis + 1, rank - 1);
    j.in_step = j.out_step = j.n_inner;
    j.in_outer = m * j.n_inner;
    j.out_outer = j.n_out * j.n_inner;
    j.in_inner = j.out_inner = 1;
    return run_lines(r, &j, onr_shape_span(&x->shape, 0, axis) * j.n_inner);
}

// ---- STFT
// --------------------------------------------------------------------------------------------------------------------

static onr_status infer_stft(onr_infer *c) {
    const signal_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0), w = onr_infer_shape(c, 2);
    int64_t step, length, n_parts;
    ONR_TRY(scalar(c, 1, "frame_step", &step));
    ONR_TRY(scalar(c, 3, "frame_length", &length));
    if (onr_infer_has(c, 2) && onr_infer_dtype(c, 2) != onr_infer_dtype(c, 0) && onr_infer_dtype(c, 2) != ONR_UNDEFINED)
        return onr_infer_bad(c, "window and signal have different types");
    if (w.rank >= 0 && w.rank != 1) return onr_infer_bad(c, "window has rank %d, expected 1", w.rank);
    if (s.rank >= 0 && s.rank != 3) return onr_infer_bad(c, "signal has rank %d, expected [batch, length, 1 or 2]", s.rank);
    onr_shape out = {.rank = 4};
    for (int i = 0; i < 3; i++) out.dim[i] = onr_infer_fresh(c);
    out.dim[3] = 2;
    if (s.rank == 3) {
        ONR_TRY(parts(c, &s, &n_parts));
        ONR_TRY(check_parts(c, n_parts, p->onesided, false));
        out.dim[0] = s.dim[0];
        if (!onr_infer_has(c, 3)) length = !onr_infer_has(c, 2) ? s.dim[1] : w.rank == 1 ? w.dim[0] : INT64_MIN;
    }
    if (onr_dim_symbolic(length)) length = INT64_MIN;
    if (length != INT64_MIN && (length < 1 || (w.rank == 1 && w.dim[0] > length)))
        return onr_infer_bad(c, "frames of %lld numbers, a window of %lld", (long long)length,
                             (long long)(w.rank == 1 ? w.dim[0] : 0));
    if (step != INT64_MIN && step < 1) return onr_infer_bad(c, "frame_step is %lld", (long long)step);
    if (length != INT64_MIN) out.dim[2] = p->onesided ? length / 2 + 1 : length;
    if (s.rank == 3 && onr_dim_known(s.dim[1]) && length != INT64_MIN && step != INT64_MIN) {
        if (s.dim[1] < length)
            return onr_infer_bad(c, "a signal of %lld numbers has no frame of %lld", (long long)s.dim[1], (long long)length);
        out.dim[1] = (s.dim[1] - length) / step + 1;
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), out);
    return ONR_OK;
}

static onr_status run_stft(const onr_run *r) {
    const onr_tensor *x = onr_run_in(r, 0);
    onr_tensor *y = onr_run_out(r, 0);
    line_job j = {.x = x, .y = y, .window = onr_run_has(r, 2) ? onr_run_in(r, 2) : NULL};
    int64_t window = j.window ? j.window->shape.dim[0] : INT64_MAX;
    j.n = onr_run_has(r, 3) ? onr_tensor_int(onr_run_in(r, 3), 0) : j.window ? window : x->shape.dim[1];
    j.n_in = onr_min_i64(j.n, window); // a shorter window is padded with zeros
    j.n_out = y->shape.dim[2];
    j.in_parts = x->shape.dim[2];
    j.out_parts = 2;
    j.in_step = j.out_step = 1;
    j.n_inner = y->shape.dim[1]; // frames
    j.in_outer = x->shape.dim[1];
    j.in_inner = onr_tensor_int(onr_run_in(r, 1), 0);
    j.out_outer = j.n_inner * j.n_out;
    j.out_inner = j.n_out;
    return run_lines(r, &j, y->shape.dim[0] * j.n_inner);
}

// ---- rows
// --------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec dft17[] = {ONR_A_INT(signal_params, axis, 1), ONR_A_INT(signal_params, inverse, 0),
                                      ONR_A_INT(signal_params, onesided, 0), ONR_ATTR_ARRAY_END};
static const onr_attr_spec dft20[] = {ONR_A_INT(signal_params, inverse, 0), ONR_A_INT(signal_params, onesided, 0),
                                      ONR_ATTR_ARRAY_END};
static const onr_attr_spec stft[] = {ONR_A_INT(signal_params, onesided, 1), ONR_ATTR_ARRAY_END};

#define PURE .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = ONR_T_FLOATS
static const onr_op rows[] = {
    {ONR_AI("DFT", 17, 19), ONR_ARITY(1, 2, 1, 1), PURE, ONR_PARAMS(dft17, signal_params), .infer = infer_dft, .run = run_dft},
    {ONR_AI("DFT", 20, 0), ONR_ARITY(1, 3, 1, 1), PURE, ONR_PARAMS(dft20, signal_params), .infer = infer_dft, .run = run_dft},
    {ONR_AI("STFT", 17, 0), ONR_ARITY(2, 4, 1, 1), PURE, ONR_PARAMS(stft, signal_params), .infer = infer_stft, .run = run_stft},
};
ONR_OP_FAMILY(signal);
