// check_weights.c: the numbers of a model's constants: what is no number, what is slow, what float16 could not hold.
// May assume: constants lie in memory or in a mapped file, aligned or not. Never changes them.
#include "dump/check.h"

#include "base/half.h"
#include "dump/show.h"

#include <math.h>
#include <string.h>

static const double HALF_LIMIT = 65520; // from here on float16 rounds to infinity; its largest number is 65504

typedef struct tally {
    int64_t n, n_nan, n_inf, n_denormal, n_large; // large: finite, but not in float16
    int64_t first_nan, first_inf;
    double largest; // magnitude of the finite ones
} tally;

static void count(tally *c, double x, bool denormal) {
    double magnitude = fabs(x);
    if (magnitude != magnitude) {
        if (!c->n_nan++) c->first_nan = c->n;
    } else if (isinf(magnitude)) {
        if (!c->n_inf++) c->first_inf = c->n;
    } else {
        c->n_denormal += denormal;
        c->n_large += magnitude >= HALF_LIMIT;
        if (magnitude > c->largest) c->largest = magnitude;
    }
    c->n++;
}

/// Everything in order, the mostly seen case, costs one pass over the bits: exponent neither 0 (but for zero) nor beyond 65520.
static bool all_plain(const uint8_t *p, int64_t n) {
    uint32_t odd = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, p + 4 * i, 4);
        bits &= 0x7fffffffu;
        odd |= (uint32_t)(bits - 1u < 0x007fffffu) | (uint32_t)(bits >= 0x477ff000u);
    }
    return odd == 0;
}

static tally count_floats(const uint8_t *p, int64_t n) {
    tally c = {0};
    if (all_plain(p, n)) return c;
    for (int64_t i = 0; i < n; i++) {
        float x;
        memcpy(&x, p + 4 * i, 4);
        count(&c, (double)x, fpclassify(x) == FP_SUBNORMAL);
    }
    return c;
}

static tally count_doubles(const uint8_t *p, int64_t n) {
    tally c = {0};
    for (int64_t i = 0; i < n; i++) {
        double x;
        memcpy(&x, p + 8 * i, 8);
        count(&c, x, fpclassify(x) == FP_SUBNORMAL);
    }
    return c;
}

/// float16 and bfloat16: their own denormals are ordinary numbers to what computes with them.
static tally count_narrow(const uint8_t *p, int64_t n, onr_dtype dtype) {
    tally c = {0};
    for (int64_t i = 0; i < n; i++) {
        uint16_t bits;
        memcpy(&bits, p + 2 * i, 2);
        count(&c, (double)(dtype == ONR_FLOAT16 ? onr_f16_to_f32(bits) : onr_bf16_to_f32(bits)), false);
    }
    return c;
}

static tally count_tensor(const onr_tensor *t) {
    int64_t n = onr_tensor_numel(t);
    if (!t->data || n == 0) return (tally){0};
    switch (t->dtype) {
    case ONR_FLOAT: return count_floats(t->data, n);
    case ONR_DOUBLE: return count_doubles(t->data, n);
    case ONR_FLOAT16:
    case ONR_BFLOAT16: return count_narrow(t->data, n, t->dtype);
    default: return (tally){0};
    }
}

/// f: node and value of the tensor. A single infinity is a bound or a mask, and means itself.
static void check_tensor(onr_findings *list, onr_finding f, const onr_tensor *t) {
    tally c = count_tensor(t);
    char type[ONR_TYPE_TEXT];
    onr_type full = onr_type_tensor(t->dtype, t->shape);
    onr_type_text(&full, NULL, type);
    if (c.n_nan) {
        f.severity = ONR_WARNING;
        f.kind = "nan-weights";
        f.hint = "training diverged, or the file is damaged";
        onr_check_add(list, f, "'%s' %s: %lld of %lld values are NaN (first: element %lld)", f.value, type, (long long)c.n_nan,
                      (long long)c.n, (long long)c.first_nan);
    }
    if (c.n_inf) {
        f.severity = c.n == 1 ? ONR_NOTE : ONR_WARNING;
        f.kind = "inf-weights";
        f.hint = "a mask may mean it; a weight does not";
        onr_check_add(list, f, "'%s' %s: %lld of %lld values are infinite (first: element %lld)", f.value, type,
                      (long long)c.n_inf, (long long)c.n, (long long)c.first_inf);
    }
    f.severity = ONR_NOTE;
    if (c.n_denormal) {
        f.kind = "denormal-weights";
        f.hint = "many processors are slow with these; zero does as well";
        onr_check_add(list, f, "'%s' %s: %lld of %lld values are denormal", f.value, type, (long long)c.n_denormal,
                      (long long)c.n);
    }
    if (c.n_large && t->dtype != ONR_FLOAT16) {
        f.kind = "float16-overflow";
        f.hint = "leave this tensor as it is when the model is converted to float16";
        onr_check_add(list, f, "'%s' %s: %lld of %lld values would be infinite in float16 (largest: %.6g)", f.value, type,
                      (long long)c.n_large, (long long)c.n, c.largest);
    }
}

static void check_attrs(onr_findings *list, const onr_node *n) {
    for (int32_t k = 0; k < n->n_attr; k++) {
        const onr_attr *a = &n->attr[k];
        onr_finding f = {.node = n->name, .number = n->number, .value = a->name};
        bool tensor = a->kind == ONR_ATTR_TENSOR || a->kind == ONR_ATTR_SPARSE_TENSOR;
        if (tensor && a->tensor->kind == ONR_TENSOR) check_tensor(list, f, &a->tensor->t);
        if (a->kind == ONR_ATTR_GRAPH) onr_check_weights(a->graph, list);
        for (size_t j = 0; a->kind == ONR_ATTR_GRAPHS && j < a->n; j++) onr_check_weights(a->graphs[j], list);
    }
}

void onr_check_weights(const onr_graph *g, onr_findings *list) {
    for (int32_t i = 0; i < g->n_values; i++) {
        const onr_value *v = g->values[i];
        bool used = v->n_uses || v->n_output;
        onr_finding f = {.severity = ONR_NOTE, .value = v->name};
        if (v->constant && !used) {
            f.kind = "unused-initializer";
            f.hint = "it can be removed";
            onr_check_add(list, f, "initializer '%s' is used by nobody", v->name);
        }
        if (v->is_input && !used && !g->owner) {
            f.kind = "unused-input";
            onr_check_add(list, f, "input '%s' is used by nobody", v->name);
        }
        if (v->constant && used && v->constant->kind == ONR_TENSOR) check_tensor(list, f, &v->constant->t);
    }
    for (int32_t i = 0; i < g->n_nodes; i++) check_attrs(list, g->nodes[i]);
}
