// roi.c: RoiAlign and MaxRoiPool: regions of a map, pooled to one size.
// May assume: the driver widens float16 and bfloat16 to float around us.
// Never samples outside of a map, wherever a region lies; batch indices are checked before anything is read.
#include "base/mathx.h"
#include "ops/nd.h"
#include "ops/rows.h"

#include <math.h>
#include <string.h>

enum { IN_X, IN_ROIS, IN_BATCH };

typedef struct params {
    onr_string mode, coordinate_transformation_mode;
    int64_t output_height, output_width, sampling_ratio;
    float spatial_scale;
    onr_ints pooled_shape;
} params;

static bool text_is(onr_string s, const char *text) { return s.n == strlen(text) && memcmp(s.s, text, s.n) == 0; }

/// Element i of a float or double tensor.
static double num(const onr_tensor *t, int64_t i) {
    return t->dtype == ONR_DOUBLE ? ((const double *)t->data)[i] : (double)((const float *)t->data)[i];
}

static void set_num(onr_tensor *t, int64_t i, double v) {
    if (t->dtype == ONR_DOUBLE)
        ((double *)t->data)[i] = v;
    else
        ((float *)t->data)[i] = (float)v;
}

/// Output [rois][C][height][width]; a region has `width_of_roi` numbers.
static onr_status infer_rois(onr_infer *c, int64_t width_of_roi, int64_t height, int64_t width) {
    onr_shape x = onr_infer_shape(c, IN_X), rois = onr_infer_shape(c, IN_ROIS), y = {.rank = 4};
    if (x.rank >= 0 && x.rank != 4) return onr_infer_bad(c, "X has rank %d, not 4", x.rank);
    if (rois.rank >= 0 && rois.rank != 2) return onr_infer_bad(c, "rois have rank %d, not 2", rois.rank);
    if (rois.rank == 2 && onr_dim_known(rois.dim[1]) && rois.dim[1] != width_of_roi)
        return onr_infer_bad(c, "a region has %lld numbers, not %lld", (long long)rois.dim[1], (long long)width_of_roi);
    y.dim[0] = rois.rank == 2 ? rois.dim[0] : onr_infer_fresh(c);
    y.dim[1] = x.rank == 4 ? x.dim[1] : onr_infer_fresh(c);
    y.dim[2] = height;
    y.dim[3] = width;
    onr_infer_set(c, 0, onr_infer_dtype(c, IN_X), y);
    return ONR_OK;
}

// ---- RoiAlign ---------------------------------------------------------------------------------------------------------------

static onr_status check_align(const onr_node *n, void *v, onr_arena *a, onr_err *err) {
    const params *p = v;
    (void)a;
    if (!text_is(p->mode, "avg") && !text_is(p->mode, "max"))
        return onr_fail(err, ONR_INVALID, "mode is '%.*s', not avg or max", (int)p->mode.n, p->mode.s);
    onr_string t = p->coordinate_transformation_mode;
    if (n->op->since >= 16 && !text_is(t, "half_pixel") && !text_is(t, "output_half_pixel"))
        return onr_fail(err, ONR_INVALID, "coordinate_transformation_mode is '%.*s', not half_pixel or output_half_pixel",
                        (int)t.n, t.s);
    // More samples than this for one number are nobody's network: a square of them, for each element of the output.
    if (p->output_height < 1 || p->output_width < 1 || p->sampling_ratio < 0 || p->sampling_ratio > 1024)
        return onr_fail(err, ONR_INVALID, "output_height, output_width or sampling_ratio is out of range");
    return ONR_OK;
}

static onr_status infer_align(onr_infer *c) {
    const params *p = c->params;
    onr_shape batch = onr_infer_shape(c, IN_BATCH), rois = onr_infer_shape(c, IN_ROIS);
    onr_dtype t = onr_infer_dtype(c, IN_BATCH);
    if (t != ONR_UNDEFINED && t != ONR_INT64)
        return onr_infer_bad(c, "batch_indices have type %s, not int64", onr_dtype_name(t));
    if (batch.rank >= 0 && batch.rank != 1) return onr_infer_bad(c, "batch_indices have rank %d, not 1", batch.rank);
    if (batch.rank == 1 && rois.rank == 2 && onr_dim_known(batch.dim[0]) && onr_dim_known(rois.dim[0]) &&
        batch.dim[0] != rois.dim[0])
        return onr_infer_bad(c, "%lld batch_indices for %lld regions", (long long)batch.dim[0], (long long)rois.dim[0]);
    return infer_rois(c, 4, p->output_height, p->output_width);
}

enum { MAX_GRID = 1 << 15 }; // sample points along one side of a bin: no map is that large

typedef struct region {
    double x0, y0, bin_w, bin_h;
    int64_t grid_w, grid_h; // sample points in a bin
} region;

static onr_status make_region(const onr_run *r, int64_t i, region *g) {
    const params *p = r->params;
    const onr_tensor *rois = onr_run_in(r, IN_ROIS);
    bool aligned = r->node->op->since >= 16 && text_is(p->coordinate_transformation_mode, "half_pixel");
    double scale = (double)p->spatial_scale, shift = aligned ? 0.5 : 0, side[4];
    for (int k = 0; k < 4; k++) side[k] = num(rois, 4 * i + k) * scale - shift;
    double w = side[2] - side[0], h = side[3] - side[1];
    if (!aligned) { // regions are at least one pixel
        w = fmax(w, 1);
        h = fmax(h, 1);
    }
    *g = (region){.x0 = side[0], .y0 = side[1]};
    g->bin_w = w / (double)p->output_width;
    g->bin_h = h / (double)p->output_height;
    if (!(fabs(side[0]) + fabs(side[1]) < INFINITY && fabs(g->bin_w) <= MAX_GRID && fabs(g->bin_h) <= MAX_GRID))
        return onr_run_bad(r, "region %lld is not finite or far too large", (long long)i);
    g->grid_w = p->sampling_ratio ? p->sampling_ratio : (int64_t)ceil(fmax(g->bin_w, 0)); // a region turned round has none
    g->grid_h = p->sampling_ratio ? p->sampling_ratio : (int64_t)ceil(fmax(g->bin_h, 0));
    return ONR_OK;
}

/// One coordinate: its lower and upper neighbours in a map of n, and the upper one's weight; false beyond the border.
static bool place(double v, int64_t n, int64_t *low, int64_t *high, double *weight) {
    if (!(v >= -1 && v <= (double)n)) return false;
    if (v < 0) v = 0;
    *low = (int64_t)v;
    if (*low >= n - 1) {
        *low = *high = n - 1;
        *weight = 0;
        return true;
    }
    *high = *low + 1;
    *weight = v - (double)*low;
    return true;
}

typedef struct align_job {
    const params *p;
    const onr_tensor *x;
    const region *regions;
    const int64_t *batch;
    onr_tensor *y;
    bool take_max;
} align_job;

/// What one bin of a region gets from the map that starts at element `map` of x.
static double pool_bin(const align_job *j, const region *g, int64_t map, int64_t py, int64_t px) {
    int64_t h = j->x->shape.dim[2], w = j->x->shape.dim[3], count = g->grid_h * g->grid_w;
    double sum = 0, most = 0;
    bool any = false;
    for (int64_t iy = 0; iy < g->grid_h; iy++)
        for (int64_t ix = 0; ix < g->grid_w; ix++) {
            double y = g->y0 + (double)py * g->bin_h + ((double)iy + 0.5) * g->bin_h / (double)g->grid_h;
            double x = g->x0 + (double)px * g->bin_w + ((double)ix + 0.5) * g->bin_w / (double)g->grid_w;
            int64_t yl, yh, xl, xh;
            double ly, lx, v[4] = {0};
            if (place(y, h, &yl, &yh, &ly) && place(x, w, &xl, &xh, &lx)) {
                v[0] = (1 - ly) * (1 - lx) * num(j->x, map + yl * w + xl);
                v[1] = (1 - ly) * lx * num(j->x, map + yl * w + xh);
                v[2] = ly * (1 - lx) * num(j->x, map + yh * w + xl);
                v[3] = ly * lx * num(j->x, map + yh * w + xh);
            }
            sum += v[0] + v[1] + v[2] + v[3];
            // The standard's maximum is that of the four weighted neighbours, not of their sum.
            double here = fmax(fmax(v[0], v[1]), fmax(v[2], v[3]));
            most = any ? fmax(most, here) : here;
            any = true;
        }
    return j->take_max ? most : sum / (double)onr_max_i64(count, 1);
}

static void align_task(void *ctx, size_t begin, size_t end) {
    const align_job *j = ctx;
    int64_t c = j->x->shape.dim[1], hw = j->x->shape.dim[2] * j->x->shape.dim[3];
    int64_t ph = j->p->output_height, pw = j->p->output_width;
    for (int64_t k = (int64_t)begin; k < (int64_t)end; k++) {
        int64_t roi = k / c, map = (j->batch[roi] * c + k % c) * hw;
        for (int64_t y = 0; y < ph; y++)
            for (int64_t x = 0; x < pw; x++)
                set_num(j->y, (k * ph + y) * pw + x, hw ? pool_bin(j, &j->regions[roi], map, y, x) : 0);
    }
}

static onr_status run_align(const onr_run *r) {
    const params *p = r->params;
    const onr_tensor *x = onr_run_in(r, IN_X);
    const int64_t *batch = onr_run_in(r, IN_BATCH)->data;
    int64_t n = onr_run_in(r, IN_ROIS)->shape.dim[0];
    onr_status s = ONR_OK;
    region *regions = onr_malloc((size_t)n * sizeof *regions + 1);
    if (!regions) return onr_no_memory(r->err, (size_t)n * sizeof *regions);
    for (int64_t i = 0; i < n && s == ONR_OK; i++) {
        s = make_region(r, i, &regions[i]);
        if (s == ONR_OK && (batch[i] < 0 || batch[i] >= x->shape.dim[0]))
            s = onr_run_bad(r, "batch_indices[%lld] is %lld of %lld", (long long)i, (long long)batch[i],
                            (long long)x->shape.dim[0]);
    }
    align_job j = {
        .p = p, .x = x, .regions = regions, .batch = batch, .y = onr_run_out(r, 0), .take_max = text_is(p->mode, "max")};
    if (s == ONR_OK) onr_pool_for(r->pool, (size_t)(n * x->shape.dim[1]), 1, align_task, &j);
    onr_free(regions);
    return s;
}

// ---- MaxRoiPool -------------------------------------------------------------------------------------------------------------

static onr_status check_max(const onr_node *n, void *v, onr_arena *a, onr_err *err) {
    const params *p = v;
    (void)n, (void)a;
    if (p->pooled_shape.n == 2 && p->pooled_shape.v[0] >= 1 && p->pooled_shape.v[1] >= 1) return ONR_OK;
    return onr_fail(err, ONR_INVALID, "pooled_shape must hold two positive numbers");
}

static onr_status infer_max(onr_infer *c) {
    const params *p = c->params;
    return infer_rois(c, 5, p->pooled_shape.v[0], p->pooled_shape.v[1]);
}

/// Pixels [from, to) of a map side of `size` that bin k of n covers in a region from `first` to `last`, both included.
static void bin_range(double first, double last, int64_t k, int64_t n, int64_t size, int64_t *from, int64_t *to) {
    double bin = fmax(last - first + 1, 1) / (double)n;
    double a = floor((double)k * bin) + first, b = ceil((double)(k + 1) * bin) + first;
    *from = (int64_t)fmin(fmax(a, 0), (double)size);
    *to = (int64_t)fmin(fmax(b, 0), (double)size);
}

static double max_of_bin(const onr_tensor *x, int64_t map, const double side[4], const params *p, int64_t py, int64_t px) {
    int64_t h = x->shape.dim[2], w = x->shape.dim[3], y0, y1, x0, x1;
    bin_range(side[1], side[3], py, p->pooled_shape.v[0], h, &y0, &y1);
    bin_range(side[0], side[2], px, p->pooled_shape.v[1], w, &x0, &x1);
    if (y0 >= y1 || x0 >= x1) return 0;
    double most = -INFINITY;
    for (int64_t y = y0; y < y1; y++)
        for (int64_t i = x0; i < x1; i++) {
            double v = num(x, map + y * w + i);
            if (v > most || isnan(v)) most = v;
        }
    return most;
}

static onr_status run_max(const onr_run *r) {
    const params *p = r->params;
    const onr_tensor *x = onr_run_in(r, IN_X), *rois = onr_run_in(r, IN_ROIS);
    int64_t c = x->shape.dim[1], hw = x->shape.dim[2] * x->shape.dim[3], ph = p->pooled_shape.v[0], pw = p->pooled_shape.v[1];
    for (int64_t i = 0; i < rois->shape.dim[0]; i++) {
        double image = num(rois, 5 * i), side[4];
        if (!(image >= 0 && image < (double)x->shape.dim[0]))
            return onr_run_bad(r, "region %lld is of image %g of %lld", (long long)i, image, (long long)x->shape.dim[0]);
        for (int k = 0; k < 4; k++) {
            side[k] = round(num(rois, 5 * i + 1 + k) * (double)p->spatial_scale);
            if (!(fabs(side[k]) < 1e15)) return onr_run_bad(r, "region %lld is not finite or far too large", (long long)i);
        }
        for (int64_t k = 0; k < c * ph * pw; k++)
            set_num(onr_run_out(r, 0), i * c * ph * pw + k,
                    max_of_bin(x, ((int64_t)image * c + k / (ph * pw)) * hw, side, p, k / pw % ph, k % pw));
    }
    return ONR_OK;
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

#define SCALE \
    { .name = "spatial_scale", .kind = ONR_ATTR_FLOAT, .offset = offsetof(params, spatial_scale), .f = 1.0f }
#define ALIGN                                                                                                   \
    ONR_A_STRING(params, mode, "avg"), ONR_A_INT(params, output_height, 1), ONR_A_INT(params, output_width, 1), \
        ONR_A_INT(params, sampling_ratio, 0), SCALE
static const onr_attr_spec align10[] = {ALIGN, ONR_ATTR_ARRAY_END};
static const onr_attr_spec align16[] = {ALIGN, ONR_A_STRING(params, coordinate_transformation_mode, "half_pixel"),
                                        ONR_ATTR_ARRAY_END};
static const onr_attr_spec max1[] = {
    {.name = "pooled_shape", .kind = ONR_ATTR_INTS, .offset = offsetof(params, pooled_shape), .required = true},
    SCALE,
    ONR_ATTR_ARRAY_END};

#define ROW(op, from, to, inputs, set, table)                                                                 \
    ONR_AI(op, from, to), ONR_ARITY(inputs, inputs, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = set, \
                                                           ONR_PARAMS(table, params)
static const onr_op rows[] = {
    {ROW("RoiAlign", 10, 15, 3, ONR_T_FLOATS3, align10), .check = check_align, .infer = infer_align, .run = run_align},
    {ROW("RoiAlign", 16, 21, 3, ONR_T_FLOATS3, align16), .check = check_align, .infer = infer_align, .run = run_align},
    {ROW("RoiAlign", 22, 0, 3, ONR_T_FLOATS, align16), .check = check_align, .infer = infer_align, .run = run_align},
    {ROW("MaxRoiPool", 1, 21, 2, ONR_T_FLOATS3, max1), .check = check_max, .infer = infer_max, .run = run_max},
    {ROW("MaxRoiPool", 22, 0, 2, ONR_T_FLOATS, max1), .check = check_max, .infer = infer_max, .run = run_max},
};
ONR_OP_FAMILY(roi);
