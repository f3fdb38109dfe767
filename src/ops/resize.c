// resize.c: Resize and Upsample, all opset versions: nearest, linear and cubic over any axes.
// May assume: the driver widens float16 and bfloat16 to float around us.
// Never holds more than two intermediate tensors: the axes are resized one after the other, shrinking ones first.
#include "base/mathx.h"
#include "ops/cast.h"
#include "ops/nd.h"
#include "ops/resize_axis.h"
#include "ops/rows.h"

#include <math.h>
#include <string.h>

typedef struct params {
    onr_string mode, coordinate_transformation_mode, nearest_mode, keep_aspect_ratio_policy;
    int64_t exclude_outside, antialias;
    float cubic_coeff_a, extrapolation_value;
    onr_ints axes;
    float height_scale, width_scale; // Upsample 1
    onr_floats scales;               // Upsample 7
    onr_resize_how how;              // from the strings, by check
} params;

static bool text_is(onr_string s, const char *text) { return s.n == strlen(text) && memcmp(s.s, text, s.n) == 0; }

/// The place of s among the names, or -1.
static int choice(onr_string s, const char *const names[], int n) {
    for (int i = 0; i < n; i++)
        if (names[i] && text_is(s, names[i])) return i;
    return -1;
}

static onr_status check(const onr_node *n, void *v, onr_arena *a, onr_err *err) {
    static const char *const modes[] = {"nearest", "linear", "cubic", "bilinear"}; // bilinear: Upsample 1
    static const char *const transforms[] = {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",  "align_corners",
                                             "asymmetric", "tf_crop_and_resize",   "tf_half_pixel_for_nn"};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    params *p = v;
    (void)a;
    int mode = choice(p->mode, modes, 4), transform = ONR_RESIZE_ASYMMETRIC, rounding = ONR_RESIZE_FLOOR;
    if (!strcmp(n->op->name, "Resize") && n->op->since > 10) {
        transform = choice(p->coordinate_transformation_mode, transforms, 7);
        rounding = choice(p->nearest_mode, roundings, 4);
    }
    if (mode < 0) return onr_fail(err, ONR_INVALID, "mode '%.*s' is not known", (int)p->mode.n, p->mode.s);
    if (transform < 0)
        return onr_fail(err, ONR_INVALID, "coordinate_transformation_mode '%.*s' is not known",
                        (int)p->coordinate_transformation_mode.n, p->coordinate_transformation_mode.s);
    if (rounding < 0)
        return onr_fail(err, ONR_INVALID, "nearest_mode '%.*s' is not known", (int)p->nearest_mode.n, p->nearest_mode.s);
    if (p->keep_aspect_ratio_policy.n && !text_is(p->keep_aspect_ratio_policy, "stretch") &&
        !text_is(p->keep_aspect_ratio_policy, "not_larger") && !text_is(p->keep_aspect_ratio_policy, "not_smaller"))
        return onr_fail(err, ONR_INVALID, "keep_aspect_ratio_policy '%.*s' is not known", (int)p->keep_aspect_ratio_policy.n,
                        p->keep_aspect_ratio_policy.s);
    p->how = (onr_resize_how){.mode = mode == 3 ? ONR_RESIZE_LINEAR : (onr_resize_mode)mode,
                              .transform = (onr_resize_transform)transform,
                              .nearest = (onr_resize_nearest)rounding,
                              .cubic_a = (double)p->cubic_coeff_a,
                              .exclude_outside = p->exclude_outside != 0,
                              .antialias = p->antialias != 0};
    return ONR_OK;
}

// ---- sizes ------------------------------------------------------------------------------------------------------------------

/// What the node is told of its output, from attributes or inputs: lists that are NULL when absent or not known.
typedef struct wanted {
    const float *scales;
    const int64_t *sizes;
    const onr_tensor *roi;
    int64_t n; // length of the list that is there
} wanted;

/// The axis that entry i of scales, sizes or roi belongs to, or -1.
static int32_t axis_of(const params *p, int64_t i, int32_t rank) {
    return p->axes.v ? onr_axis(p->axes.v[i], rank) : (int32_t)i;
}

/// Scales and sizes of the axes; those that nothing is said of keep theirs. in dimensions may be symbols, then out is 0.
static const char *resolve_scales(const params *p, const wanted *w, const onr_shape *x, onr_resize_axis *a) {
    for (int64_t i = 0; i < w->n; i++) {
        int32_t d = axis_of(p, i, x->rank);
        float scale = w->scales[i], span = 1;
        if (!(scale > 0) || scale > 3e38f) return "scales must be positive";
        a[d].scale = (double)scale;
        if (p->how.transform == ONR_RESIZE_CROP) span = (float)(a[d].finish - a[d].begin);
        if (!onr_dim_known(x->dim[d])) continue;
        float size = (float)x->dim[d] * span * scale; // in float, as everybody does
        if (!(size >= 0 && size < 9e15f)) return "the output is too large";
        a[d].out = (int64_t)size;
    }
    return NULL;
}

static const char *resolve_sizes(const params *p, const wanted *w, const onr_shape *x, onr_resize_axis *a) {
    bool larger = text_is(p->keep_aspect_ratio_policy, "not_smaller"),
         smaller = text_is(p->keep_aspect_ratio_policy, "not_larger");
    double common = 0;
    for (int64_t i = 0; i < w->n; i++) {
        int32_t d = axis_of(p, i, x->rank);
        if (w->sizes[i] < 0 && !onr_dim_symbolic(w->sizes[i])) return "sizes must not be negative";
        a[d].out = w->sizes[i];
        if (!onr_dim_known(x->dim[d]) || !onr_dim_known(w->sizes[i])) {
            if (larger || smaller) a[d].out = -1;
            common = NAN;
            continue;
        }
        if (x->dim[d] == 0 && w->sizes[i] > 0) return "an empty dimension cannot grow";
        a[d].scale = x->dim[d] ? (double)w->sizes[i] / (double)x->dim[d] : 1;
        if (i == 0 || (larger && a[d].scale > common) || (smaller && a[d].scale < common)) common = a[d].scale;
    }
    for (int64_t i = 0; i < w->n && (larger || smaller); i++) {
        int32_t d = axis_of(p, i, x->rank);
        double size = common * (double)x->dim[d] + 0.5;
        a[d].scale = common;
        a[d].out = size < 9e15 ? (int64_t)size : -1; // not so either when a size is not known
    }
    return NULL;
}

/// Every axis of X. out is -1 where it is not known. Returns NULL or what is wrong.
static const char *resolve(const params *p, const wanted *w, const onr_shape *x, onr_resize_axis *a) {
    bool seen[ONR_MAX_RANK] = {false};
    for (int32_t d = 0; d < x->rank; d++)
        a[d] = (onr_resize_axis){.in = x->dim[d], .out = x->dim[d], .scale = 1, .begin = 0, .finish = 1};
    if (w->n != (p->axes.v ? (int64_t)p->axes.n : x->rank)) return "scales or sizes have the wrong length";
    for (int64_t i = 0; i < w->n; i++) {
        int32_t d = axis_of(p, i, x->rank);
        if (d < 0 || seen[d]) return "axes are out of range or repeated";
        seen[d] = true;
        if (p->how.transform != ONR_RESIZE_CROP || !w->roi) continue;
        a[d].begin = onr_tensor_num(w->roi, i);
        a[d].finish = onr_tensor_num(w->roi, w->n + i);
        if (!(fabs(a[d].begin) < 1e9 && fabs(a[d].finish) < 1e9)) return "roi is not finite or far too large";
    }
    for (int32_t d = 0; d < x->rank; d++)
        if (seen[d]) a[d].out = -1;
    return w->scales ? resolve_scales(p, w, x, a) : resolve_sizes(p, w, x, a);
}

// ---- infer ------------------------------------------------------------------------------------------------------------------

enum { IN_X, IN_ROI, IN_SCALES, IN_SIZES };

/// Where the inputs stand: Resize 10 and Upsample 9 have scales right after X.
static int32_t scales_input(const onr_op *op) { return op->in_max == 2 ? 1 : IN_SCALES; }

/// 0: scales, 1: sizes, -1: not known yet. Empty lists count as left out.
static onr_status which_input(const onr_infer *c, int *which) {
    int32_t at = scales_input(c->node->op);
    onr_shape scales = onr_infer_shape(c, at), sizes = onr_infer_shape(c, IN_SIZES);
    bool has_scales = onr_infer_has(c, at) && !(scales.rank == 1 && scales.dim[0] == 0);
    bool has_sizes = at == IN_SCALES && onr_infer_has(c, IN_SIZES) && !(sizes.rank == 1 && sizes.dim[0] == 0);
    *which = -1;
    if (scales.rank > 1 || sizes.rank > 1) return onr_infer_bad(c, "scales and sizes must have rank 1");
    onr_dtype ts = onr_infer_dtype(c, at), ti = at == IN_SCALES ? onr_infer_dtype(c, IN_SIZES) : ONR_UNDEFINED;
    if ((ts != ONR_UNDEFINED && ts != ONR_FLOAT) || (ti != ONR_UNDEFINED && ti != ONR_INT64))
        return onr_infer_bad(c, "scales must be float32 and sizes int64");
    if (has_scales && has_sizes) {
        bool sure = scales.rank == 1 && sizes.rank == 1 && onr_dim_known(scales.dim[0]) && onr_dim_known(sizes.dim[0]);
        return sure ? onr_infer_bad(c, "both scales and sizes are given") : ONR_OK;
    }
    if (!has_scales && !has_sizes) return onr_infer_bad(c, "neither scales nor sizes are given");
    *which = has_sizes;
    return ONR_OK;
}

static bool has_list_input(const onr_op *op) { return op->in_max > 1; }

/// The lists of an inference, as far as they are known.
static onr_status wanted_of_infer(const onr_infer *c, const params *p, wanted *w) {
    *w = (wanted){.n = 0};
    if (!has_list_input(c->node->op)) {
        w->scales = p->scales.v;
        w->n = (int64_t)p->scales.n;
        return ONR_OK;
    }
    int which;
    ONR_TRY(which_input(c, &which));
    int32_t at = which == 1 ? IN_SIZES : scales_input(c->node->op);
    if (which < 0) return ONR_OK;
    if (which == 1) {
        const onr_known *k = onr_infer_ints(c, at);
        if (!k) return ONR_OK;
        w->sizes = k->v;
        w->n = k->n;
        return ONR_OK;
    }
    if (!c->constant[at]) return ONR_OK;
    w->scales = c->constant[at]->t.data;
    w->n = onr_tensor_numel(&c->constant[at]->t);
    return ONR_OK;
}

/// The region of interest; false when it is needed but not known.
static bool roi_of_infer(const onr_infer *c, const params *p, wanted *w, onr_status *s) {
    *s = ONR_OK;
    if (p->how.transform != ONR_RESIZE_CROP) return true;
    const onr_datum *roi = onr_infer_has(c, IN_ROI) ? c->constant[IN_ROI] : NULL;
    if (!onr_infer_has(c, IN_ROI)) *s = onr_infer_bad(c, "tf_crop_and_resize needs roi");
    if (onr_infer_dtype(c, IN_ROI) != ONR_UNDEFINED && !onr_dtype_in(onr_infer_dtype(c, IN_ROI), ONR_T_FLOATS))
        *s = onr_infer_bad(c, "roi is %s, not a float", onr_dtype_name(onr_infer_dtype(c, IN_ROI)));
    if (roi && onr_tensor_numel(&roi->t) != 2 * w->n) *s = onr_infer_bad(c, "roi must hold two numbers for each axis");
    if (*s == ONR_OK && roi) w->roi = &roi->t;
    return roi || w->sizes;
}

static onr_status infer(onr_infer *c) {
    const params *p = c->params;
    onr_shape x = onr_infer_shape(c, IN_X), y;
    onr_dtype t = onr_infer_dtype(c, IN_X);
    onr_resize_axis axis[ONR_MAX_RANK];
    wanted w;
    onr_status s = ONR_OK;
    if (p->how.mode != ONR_RESIZE_NEAREST && (t == ONR_STRING || onr_dtype_in(t, ONR_T_COMPLEX)))
        return onr_infer_unsupported(c, "%s tensors can only be resized to the nearest element", onr_dtype_name(t));
    ONR_TRY(wanted_of_infer(c, p, &w));
    y = x;
    bool known = (w.scales || w.sizes) && roi_of_infer(c, p, &w, &s);
    if (known || c->running) ONR_TRY(s);
    if (x.rank < 0 || !known) {
        for (int32_t d = 0; d < y.rank; d++) y.dim[d] = onr_infer_fresh(c);
        onr_infer_set(c, 0, t, y);
        return ONR_OK;
    }
    const char *why = resolve(p, &w, &x, axis);
    if (why) return onr_infer_bad(c, "%s", why);
    for (int32_t d = 0; d < x.rank; d++) {
        bool same = w.scales && axis[d].scale == 1 && p->how.transform != ONR_RESIZE_CROP;
        y.dim[d] = same ? x.dim[d] : axis[d].out == -1 ? onr_infer_fresh(c) : axis[d].out;
    }
    onr_infer_set(c, 0, t, y);
    return ONR_OK;
}

/// Upsample 1 has two scales in its attributes: make them four.
static onr_status check_upsample1(const onr_node *n, void *v, onr_arena *a, onr_err *err) {
    params *p = v;
    float *scales = onr_arena_alloc(a, 4 * sizeof *scales);
    if (!scales) return onr_no_memory(err, 4 * sizeof *scales);
    scales[0] = scales[1] = 1;
    scales[2] = p->height_scale;
    scales[3] = p->width_scale;
    p->scales = (onr_floats){.v = scales, .n = 4};
    return check(n, v, a, err);
}

// ---- prepare ----------------------------------------------------------------------------------------------------------------

/// The axes that change, in the order of their passes: those that shrink most first; of equals, growing ones from the end
/// (lines before rows), shrinking ones from the beginning.
static int32_t pass_order(const int64_t *in, const int64_t *out, const bool *active, int32_t rank, int32_t *order) {
    int32_t n = 0;
    for (int32_t d = 0; d < rank; d++) {
        if (!active[d]) continue;
        int32_t k = n++;
        double ratio = (double)out[d] / (double)in[d];
        for (; k > 0; k--) {
            double before = (double)out[order[k - 1]] / (double)in[order[k - 1]];
            if (before < ratio || (before == ratio && ratio < 1)) break;
            order[k] = order[k - 1];
        }
        order[k] = d;
    }
    return n;
}

/// Elements of each of the two intermediates.
static int64_t intermediate_size(const int64_t *in, const int64_t *out, int32_t rank, const int32_t *order, int32_t n) {
    int64_t most = 0, size[ONR_MAX_RANK];
    memcpy(size, in, (size_t)rank * sizeof *size);
    for (int32_t k = 0; k + 1 < n; k++) {
        int64_t total = 1;
        size[order[k]] = out[order[k]];
        for (int32_t d = 0; d < rank; d++) total *= size[d];
        most = onr_max_i64(most, total);
    }
    return most;
}

typedef struct state {
    int64_t half; // elements of one intermediate in scratch
} state;

static onr_status prepare(onr_prepare *c) {
    const params *p = c->params;
    const onr_shape *x = &c->in[IN_X]->shape, *y = &c->out[0].shape;
    bool active[ONR_MAX_RANK];
    int32_t order[ONR_MAX_RANK];
    state *s = onr_prepare_state(c, sizeof *s);
    if (!s) return ONR_LIMIT;
    if (p->how.mode == ONR_RESIZE_NEAREST || c->in[IN_X]->dtype != ONR_FLOAT || c->target->reference) return ONR_OK;
    for (int32_t d = 0; d < x->rank; d++) {
        if (!x->dim[d] || !onr_dim_known(y->dim[d])) return ONR_OK;
        active[d] = x->dim[d] != y->dim[d];
    }
    int32_t n = pass_order(x->dim, y->dim, active, x->rank, order);
    s->half = intermediate_size(x->dim, y->dim, x->rank, order, n);
    c->scratch_bytes = 2 * (size_t)s->half * sizeof(float);
    return ONR_OK;
}

// ---- run --------------------------------------------------------------------------------------------------------------------

/// All passes on float (wide false) or double data. `room`: memory for two intermediates of `half` elements, or NULL.
static onr_status run_passes(const onr_run *r, const onr_resize_taps *taps, int32_t rank, bool wide, const void *x, void *y,
                             void *room, int64_t half) {
    int64_t in[ONR_MAX_RANK], out[ONR_MAX_RANK];
    bool active[ONR_MAX_RANK];
    int32_t order[ONR_MAX_RANK];
    const params *p = r->params;
    const size_t elem = wide ? sizeof(double) : sizeof(float);
    for (int32_t d = 0; d < rank; d++) {
        in[d] = taps[d].in;
        out[d] = taps[d].out;
        active[d] = !taps[d].identity;
    }
    int32_t n = pass_order(in, out, active, rank, order);
    int64_t need = intermediate_size(in, out, rank, order, n), total = 1;
    void *own = need > half ? onr_malloc(2 * (size_t)need * elem) : NULL;
    if (!own && need > half) return onr_no_memory(r->err, 2 * (size_t)need * elem);
    if (own) room = own;
    for (int32_t d = 0; d < rank; d++) total *= in[d];
    if (n == 0 && x != y) memcpy(y, x, (size_t)total * elem);
    for (int32_t k = 0; k < n; k++) {
        int32_t axis = order[k];
        int64_t outer = 1, inner = 1;
        void *to = k + 1 == n ? y : (char *)room + (size_t)(k % 2) * (size_t)need * elem;
        for (int32_t d = 0; d < axis; d++) outer *= in[d];
        for (int32_t d = axis + 1; d < rank; d++) inner *= in[d];
        if (wide)
            onr_resize_pass_f64(&taps[axis], outer, inner, (double)p->extrapolation_value, x, to, r->pool);
        else
            onr_resize_pass_f32(&taps[axis], outer, inner, p->extrapolation_value, x, to, r->pool);
        in[axis] = out[axis];
        x = to;
    }
    onr_free(own);
    return ONR_OK;
}

/// Types other than float, and the reference: in double.
static onr_status run_wide(const onr_run *r, const onr_resize_taps *taps, int32_t rank) {
    const onr_tensor *x = onr_run_in(r, IN_X);
    onr_tensor *y = onr_run_out(r, 0);
    int64_t n = onr_tensor_numel(x), m = onr_tensor_numel(y);
    size_t bytes;
    if (!onr_mul_size((size_t)n + (size_t)m, sizeof(double), &bytes)) return onr_run_bad(r, "the output is too large");
    double *from = onr_malloc(bytes), *to = from + n;
    if (!from) return onr_no_memory(r->err, bytes);
    onr_cast_numbers(x->dtype, x->data, ONR_DOUBLE, from, n, true, ONR_E8M0_UP, r->pool);
    onr_status s = run_passes(r, taps, rank, true, from, to, NULL, 0);
    if (s == ONR_OK) onr_cast_doubles(y->dtype, to, y->data, m, r->pool);
    onr_free(from);
    return s;
}

static onr_status run_nearest(const onr_run *r, const onr_resize_taps *taps, int32_t rank) {
    const params *p = r->params;
    const onr_tensor *x = onr_run_in(r, IN_X);
    const onr_shape shape = onr_run_out(r, 0)->shape;
    size_t elem = onr_dtype_size(x->dtype);
    char outside[sizeof(onr_string)] = {0};
    void *dst;
    if (x->dtype != ONR_STRING && p->how.transform == ONR_RESIZE_CROP)
        onr_cast_doubles(x->dtype, &(double){(double)p->extrapolation_value}, outside, 1, NULL);
    ONR_TRY(onr_nd_begin(r, 0, x->dtype, &shape, &dst));
    for (; rank > 1 && taps[rank - 1].identity && p->how.transform != ONR_RESIZE_CROP; rank--)
        elem *= (size_t)taps[rank - 1].in; // whole elements of the dimension before
    if (dst) onr_resize_gather(taps, rank, elem, outside, x->data, dst, r->pool);
    return onr_nd_end(r, 0, x->dtype, &shape, dst, ONR_OK);
}

/// An output without elements; strings need it made all the same.
static onr_status run_nothing(const onr_run *r) {
    const onr_dtype dtype = onr_run_in(r, IN_X)->dtype;
    const onr_shape shape = onr_run_out(r, 0)->shape;
    void *dst;
    ONR_TRY(onr_nd_begin(r, 0, dtype, &shape, &dst));
    return onr_nd_end(r, 0, dtype, &shape, dst, ONR_OK);
}

static onr_status wanted_of_run(const onr_run *r, const params *p, wanted *w) {
    const onr_op *op = r->node->op;
    *w = (wanted){.scales = p->scales.v, .n = (int64_t)p->scales.n};
    if (!has_list_input(op)) return ONR_OK;
    int32_t at = scales_input(op);
    if (at == IN_SCALES && onr_run_has(r, IN_SIZES) && onr_tensor_numel(onr_run_in(r, IN_SIZES)) > 0) {
        w->sizes = onr_run_in(r, IN_SIZES)->data;
        w->n = onr_tensor_numel(onr_run_in(r, IN_SIZES));
    } else if (onr_run_has(r, at)) {
        w->scales = onr_run_in(r, at)->data;
        w->n = onr_tensor_numel(onr_run_in(r, at));
    }
    if (p->how.transform != ONR_RESIZE_CROP) return ONR_OK;
    if (!onr_run_has(r, IN_ROI) || onr_tensor_numel(onr_run_in(r, IN_ROI)) != 2 * w->n)
        return onr_run_bad(r, "roi must hold two numbers for each axis");
    w->roi = onr_run_in(r, IN_ROI);
    return ONR_OK;
}

static onr_status run(const onr_run *r) {
    const params *p = r->params;
    const onr_tensor *x = onr_run_in(r, IN_X);
    const int32_t rank = x->shape.rank;
    onr_resize_axis axis[ONR_MAX_RANK];
    onr_resize_taps taps[ONR_MAX_RANK] = {{0}};
    wanted w;
    onr_status s = ONR_OK;
    ONR_TRY(wanted_of_run(r, p, &w));
    const char *why = resolve(p, &w, &x->shape, axis);
    if (why) return onr_run_bad(r, "%s", why);
    for (int32_t d = 0; d < rank; d++)
        if (axis[d].out == 0 || axis[d].in == 0) return run_nothing(r);
    for (int32_t d = 0; d < rank && s == ONR_OK; d++) s = onr_resize_taps_new(&p->how, &axis[d], &taps[d], r->err);
    if (s == ONR_OK && p->how.mode == ONR_RESIZE_NEAREST)
        s = run_nearest(r, taps, rank);
    else if (s == ONR_OK && x->dtype == ONR_FLOAT && !r->env->target->reference)
        s = run_passes(r, taps, rank, false, x->data, onr_run_out(r, 0)->data, r->scratch, ((const state *)r->state)->half);
    else if (s == ONR_OK)
        s = run_wide(r, taps, rank);
    for (int32_t d = 0; d < rank; d++) onr_resize_taps_free(&taps[d]);
    return s;
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

#define MODE ONR_A_STRING(params, mode, "nearest")
static const onr_attr_spec mode_only[] = {MODE, ONR_ATTR_ARRAY_END};
static const onr_attr_spec upsample1[] = {
    MODE,
    {.name = "height_scale", .kind = ONR_ATTR_FLOAT, .offset = offsetof(params, height_scale), .required = true},
    {.name = "width_scale", .kind = ONR_ATTR_FLOAT, .offset = offsetof(params, width_scale), .required = true},
    ONR_ATTR_ARRAY_END};
static const onr_attr_spec upsample7[] = {
    MODE,
    {.name = "scales", .kind = ONR_ATTR_FLOATS, .offset = offsetof(params, scales), .required = true},
    ONR_ATTR_ARRAY_END};
#define RESIZE11                                                                                         \
    MODE, ONR_A_STRING(params, coordinate_transformation_mode, "half_pixel"),                            \
        ONR_A_STRING(params, nearest_mode, "round_prefer_floor"), ONR_A_INT(params, exclude_outside, 0), \
        ONR_A_FLOAT(params, cubic_coeff_a, -0.75f), ONR_A_FLOAT(params, extrapolation_value, 0.0f)
static const onr_attr_spec resize11[] = {RESIZE11, ONR_ATTR_ARRAY_END};
static const onr_attr_spec resize18[] = {RESIZE11, ONR_A_INT(params, antialias, 0), ONR_A_INTS(params, axes),
                                         ONR_A_STRING(params, keep_aspect_ratio_policy, "stretch"), ONR_ATTR_ARRAY_END};

#define UPSAMPLE1 (ONR_T_FLOATS3 | ONR_T_BOOL | ONR_BIT(ONR_INT32) | ONR_BIT(ONR_INT64))
#define ROW(op, from, to, least, most, set, table, check_fn)                                                              \
    {                                                                                                                     \
        ONR_AI(op, from, to), ONR_ARITY(least, most, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = set,            \
                                                            ONR_PARAMS(table, params), .check = check_fn, .infer = infer, \
                                                            .prepare = prepare, .run = run                                \
    }
static const onr_op rows[] = {
    ROW("Upsample", 1, 6, 1, 1, UPSAMPLE1, upsample1, check_upsample1),
    ROW("Upsample", 7, 8, 1, 1, ONR_T_ALL1, upsample7, check),
    ROW("Upsample", 9, 9, 2, 2, ONR_T_ALL1, mode_only, check),
    ROW("Upsample", 10, 0, 2, 2, ONR_T_ALL1, mode_only, check), // deprecated, with the same meaning
    ROW("Resize", 10, 10, 2, 2, ONR_T_ALL1, mode_only, check),
    ROW("Resize", 11, 12, 3, 4, ONR_T_ALL1, resize11, check),
    ROW("Resize", 13, 17, 1, 4, ONR_T_ALL13, resize11, check),
    ROW("Resize", 18, 18, 1, 4, ONR_T_ALL13, resize18, check),
    ROW("Resize", 19, 0, 1, 4, ONR_T_ALL13, resize18, check),
};
ONR_OP_FAMILY(resize);
