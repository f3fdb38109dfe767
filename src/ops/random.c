// random.c: RandomNormal, RandomUniform, their *Like forms, Bernoulli and Multinomial, all opset versions.
// May assume: the driver widens float16 and bfloat16 to float around us.
// Never the same twice without a seed; with one, the numbers are those of NumPy's RandomState of that seed, in order.
#include "base/mathx.h"
#include "ops/cast.h"
#include "ops/nd.h"
#include "ops/rows.h"
#include "ops/twister.h"

#include <math.h>

typedef struct random_params {
    float mean, scale, low, high, seed;
    int64_t dtype, sample_size;
    onr_ints shape;
} random_params;

#define NO_SEED NAN

// ---- inference
// ---------------------------------------------------------------------------------------------------------------

static onr_dtypes floats_of(const onr_node *n) { return n->op->since < 22 ? ONR_T_FLOATS3 : ONR_T_FLOATS; }

static onr_status check_dtype(const onr_infer *c, int64_t dtype, onr_dtypes allowed) {
    if (dtype > 0 && dtype < ONR_N_DTYPES && onr_dtype_in((onr_dtype)dtype, allowed)) return ONR_OK;
    return onr_infer_bad(c, "dtype %lld is not allowed", (long long)dtype);
}

static onr_status infer_shape(onr_infer *c) {
    const random_params *p = c->params;
    ONR_TRY(check_dtype(c, p->dtype, floats_of(c->node)));
    if (p->shape.n > ONR_MAX_RANK) return onr_infer_bad(c, "shape has %zu dimensions", p->shape.n);
    for (size_t i = 0; i < p->shape.n; i++)
        if (p->shape.v[i] < 0) return onr_infer_bad(c, "shape[%zu] is %lld", i, (long long)p->shape.v[i]);
    onr_infer_set(c, 0, (onr_dtype)p->dtype, onr_shape_make((int32_t)p->shape.n, p->shape.v));
    return ONR_OK;
}

static onr_status infer_like(onr_infer *c, onr_dtypes allowed) {
    const random_params *p = c->params;
    int64_t t = p->dtype == ONR_NO_INT ? (int64_t)onr_infer_dtype(c, 0) : p->dtype;
    if (t == ONR_UNDEFINED) return ONR_OK;
    ONR_TRY(check_dtype(c, t, allowed));
    onr_infer_set(c, 0, (onr_dtype)t, onr_infer_shape(c, 0));
    return ONR_OK;
}

static onr_status infer_float_like(onr_infer *c) { return infer_like(c, floats_of(c->node)); }
static onr_status infer_bernoulli(onr_infer *c) { return infer_like(c, floats_of(c->node) | ONR_T_INTS | ONR_T_BOOL); }

static onr_status infer_multinomial(onr_infer *c) {
    const random_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0);
    ONR_TRY(check_dtype(c, p->dtype, ONR_BIT(ONR_INT32) | ONR_BIT(ONR_INT64)));
    if (s.rank >= 0 && s.rank != 2) return onr_infer_bad(c, "input has rank %d, expected [batch, classes]", s.rank);
    if (p->sample_size < 0) return onr_infer_bad(c, "sample_size is %lld", (long long)p->sample_size);
    int64_t batch = s.rank < 0 ? onr_infer_fresh(c) : s.dim[0];
    if (s.rank == 2 && s.dim[1] == 0) return onr_infer_bad(c, "there are no classes");
    onr_infer_set(c, 0, (onr_dtype)p->dtype, onr_shape_make(2, (int64_t[]){batch, p->sample_size}));
    return ONR_OK;
}

// ---- running
// -----------------------------------------------------------------------------------------------------------------

static onr_status new_twister(const onr_run *r, onr_twister **t) {
    const random_params *p = r->params;
    *t = onr_malloc(sizeof **t);
    if (!*t) return onr_no_memory(r->err, sizeof **t);
    uint32_t seed = isnan(p->seed) ? onr_random_seed(r) : (uint32_t)(int64_t)fminf(fmaxf(p->seed, -9e18f), 9e18f);
    onr_twister_seed(*t, seed);
    return ONR_OK;
}

static void store(onr_tensor *y, int64_t i, double v) {
    if (y->dtype == ONR_DOUBLE)
        ((double *)y->data)[i] = v;
    else
        ((float *)y->data)[i] = (float)v;
}

static onr_status run_normal(const onr_run *r) {
    const random_params *p = r->params;
    onr_tensor *y = onr_run_out(r, 0);
    onr_twister *t;
    ONR_TRY(new_twister(r, &t));
    for (int64_t i = 0; i < onr_tensor_numel(y); i++) store(y, i, (double)p->mean + (double)p->scale * onr_twister_normal(t));
    onr_free(t);
    return ONR_OK;
}

static onr_status run_uniform(const onr_run *r) {
    const random_params *p = r->params;
    onr_tensor *y = onr_run_out(r, 0);
    onr_twister *t;
    ONR_TRY(new_twister(r, &t));
    // The upper bound is excluded, but rounding to float may reach it: then the next number below is taken.
    const double last = y->dtype == ONR_DOUBLE ? nextafter((double)p->high, (double)p->low)
                                               : (double)nextafterf(p->high, p->low);
    for (int64_t i = 0; i < onr_tensor_numel(y); i++) {
        double v = (double)p->low + ((double)p->high - (double)p->low) * onr_twister_double(t);
        store(y, i, p->high > p->low ? fmin(v, last) : v);
    }
    onr_free(t);
    return ONR_OK;
}

/// One draw with NumPy's way of asking: the smaller of the two probabilities is compared with the rest, and 0 draws nothing.
static bool draw(onr_twister *t, double probability) {
    if (probability == 0) return false;
    double u = onr_twister_double(t);
    return probability <= 0.5 ? u > 1 - probability : u <= probability;
}

static onr_status run_bernoulli(const onr_run *r) {
    const onr_tensor *x = onr_run_in(r, 0);
    onr_tensor *y = onr_run_out(r, 0);
    onr_twister *t;
    ONR_TRY(new_twister(r, &t));
    onr_status s = ONR_OK;
    for (int64_t i = 0; i < onr_tensor_numel(x) && s == ONR_OK; i++) {
        double v = onr_tensor_num(x, i);
        if (!(v >= 0 && v <= 1)) {
            s = onr_run_bad(r, "element %lld is %g, no probability", (long long)i, v);
            break;
        }
        uint8_t one = draw(t, v);
        onr_cast_numbers(ONR_UINT8, &one, y->dtype, (char *)y->data + (size_t)i * onr_dtype_size(y->dtype), 1, false,
                         ONR_E8M0_NEAREST, NULL);
    }
    onr_free(t);
    return s;
}

/// Sums of the classes' probabilities, relative to the largest; false when they are none.
static bool accumulate(const onr_tensor *x, int64_t row, int64_t n, double *sum) {
    double most = -INFINITY, total = 0;
    for (int64_t i = 0; i < n; i++) most = fmax(most, onr_tensor_num(x, row * n + i));
    for (int64_t i = 0; i < n; i++) sum[i] = total += exp(onr_tensor_num(x, row * n + i) - most);
    return total > 0 && total < INFINITY;
}

/// The first class whose sum is above u.
static int64_t pick(const double *sum, int64_t n, double u) {
    int64_t low = 0, high = n - 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (sum[middle] > u)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static onr_status sample_rows(const onr_run *r, onr_twister *t, double *sum) {
    const random_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    onr_tensor *y = onr_run_out(r, 0);
    int64_t n = x->shape.dim[1];
    for (int64_t row = 0; row < x->shape.dim[0]; row++) {
        if (!accumulate(x, row, n, sum)) return onr_run_bad(r, "row %lld has no probabilities", (long long)row);
        for (int64_t k = row * p->sample_size; k < (row + 1) * p->sample_size; k++) {
            int64_t class = pick(sum, n, onr_twister_double(t) * sum[n - 1]);
            if (y->dtype == ONR_INT64)
                ((int64_t *)y->data)[k] = class;
            else
                ((int32_t *)y->data)[k] = (int32_t) class;
        }
    }
    return ONR_OK;
}

static onr_status run_multinomial(const onr_run *r) {
    int64_t n = onr_run_in(r, 0)->shape.dim[1];
    size_t bytes;
    if (!onr_mul_size((size_t)n, sizeof(double), &bytes)) return onr_no_memory(r->err, SIZE_MAX);
    onr_twister *t = NULL;
    ONR_TRY(new_twister(r, &t));
    double *sum = onr_malloc(bytes + 1);
    onr_status s = sum ? sample_rows(r, t, sum) : onr_no_memory(r->err, bytes);
    onr_free(sum);
    onr_free(t);
    return s;
}

// ---- rows
// --------------------------------------------------------------------------------------------------------------------

#define SEED ONR_A_FLOAT(random_params, seed, NO_SEED)
#define NORMAL ONR_A_FLOAT(random_params, mean, 0.0f), ONR_A_FLOAT(random_params, scale, 1.0f), SEED
#define UNIFORM ONR_A_FLOAT(random_params, low, 0.0f), ONR_A_FLOAT(random_params, high, 1.0f), SEED
#define OF_SHAPE                                                                                           \
    ONR_A_INT(random_params, dtype, ONR_FLOAT), {                                                          \
        .name = "shape", .kind = ONR_ATTR_INTS, .offset = offsetof(random_params, shape), .required = true \
    }
#define LIKE ONR_A_INT(random_params, dtype, ONR_NO_INT)
static const onr_attr_spec normal[] = {NORMAL, OF_SHAPE, ONR_ATTR_ARRAY_END};
static const onr_attr_spec uniform[] = {UNIFORM, OF_SHAPE, ONR_ATTR_ARRAY_END};
static const onr_attr_spec normal_like[] = {NORMAL, LIKE, ONR_ATTR_ARRAY_END};
static const onr_attr_spec uniform_like[] = {UNIFORM, LIKE, ONR_ATTR_ARRAY_END};
static const onr_attr_spec bernoulli[] = {SEED, LIKE, ONR_ATTR_ARRAY_END};
static const onr_attr_spec multinomial[] = {ONR_A_INT(random_params, dtype, ONR_INT32),
                                            ONR_A_INT(random_params, sample_size, 1), SEED, ONR_ATTR_ARRAY_END};

#define ROW(op, from, to, inputs, set, table, inference, fn)                                                                   \
    {                                                                                                                          \
        ONR_AI(op, from, to), ONR_ARITY(inputs, inputs, 1, 1), .flags = ONR_OP_WIDEN, .types = set,                            \
                                                               ONR_PARAMS(table, random_params), .infer = inference, .run = fn \
    }
// Never pure: every run draws anew.
static const onr_op rows[] = {
    ROW("RandomNormal", 1, 21, 0, ONR_T_FLOATS3, normal, infer_shape, run_normal),
    ROW("RandomNormal", 22, 0, 0, ONR_T_FLOATS, normal, infer_shape, run_normal),
    ROW("RandomUniform", 1, 21, 0, ONR_T_FLOATS3, uniform, infer_shape, run_uniform),
    ROW("RandomUniform", 22, 0, 0, ONR_T_FLOATS, uniform, infer_shape, run_uniform),
    ROW("RandomNormalLike", 1, 21, 1, ONR_T_ALL1, normal_like, infer_float_like, run_normal),
    ROW("RandomNormalLike", 22, 0, 1, ONR_T_ALL13, normal_like, infer_float_like, run_normal),
    ROW("RandomUniformLike", 1, 21, 1, ONR_T_ALL1, uniform_like, infer_float_like, run_uniform),
    ROW("RandomUniformLike", 22, 0, 1, ONR_T_ALL13, uniform_like, infer_float_like, run_uniform),
    ROW("Bernoulli", 15, 21, 1, ONR_T_FLOATS3, bernoulli, infer_bernoulli, run_bernoulli),
    ROW("Bernoulli", 22, 0, 1, ONR_T_FLOATS, bernoulli, infer_bernoulli, run_bernoulli),
    ROW("Multinomial", 7, 21, 1, ONR_T_FLOATS3, multinomial, infer_multinomial, run_multinomial),
    ROW("Multinomial", 22, 0, 1, ONR_T_FLOATS, multinomial, infer_multinomial, run_multinomial),
};
ONR_OP_FAMILY(random);
