// known.c: arithmetic on integer contents that are known while inferring: shape data.
// May assume: lists are short; at run time everything is a number.
// Never claims a number or an equality that could be wrong.
#include "ops/known.h"

#include "base/mathx.h"

const onr_known *onr_known_in(const onr_infer *c, int32_t i) {
    onr_dtype t = onr_infer_dtype(c, i);
    return t == ONR_INT64 || t == ONR_INT32 ? onr_infer_ints(c, i) : NULL;
}

void onr_known_set(onr_infer *c, int32_t i, const onr_known *k) {
    if (i < c->n_out && k) c->out_known[i] = k;
}

void onr_known_pass(onr_infer *c, int32_t i, int32_t j) { onr_known_set(c, i, onr_known_in(c, j)); }

bool onr_known_numbers(const onr_known *k) {
    for (int64_t i = 0; i < k->n; i++)
        if (onr_dim_symbolic(k->v[i])) return false;
    return true;
}

/// False: the result is not known, not even as a fresh size.
static bool combine(const onr_infer *c, char op, int64_t a, int64_t b, int64_t *out) {
    bool sa = onr_dim_symbolic(a), sb = onr_dim_symbolic(b);
    if (!sa && !sb) {
        if (op == '+') return onr_add_i64(a, b, out);
        if (op == '*') return onr_mul_i64(a, b, out);
        if (op == '-') return !__builtin_sub_overflow(a, b, out);
        if (b == 0 || b == -1) return false;
        *out = a / b;
        return true;
    }
    int64_t unit = op == '+' || op == '-' ? 0 : 1; // x + 0, x - 0, x * 1 and x / 1 are x
    if (!sb && b == unit) return *out = a, true;
    if (!sa && a == unit && (op == '+' || op == '*')) return *out = b, true;
    if (op == '*' && ((!sa && a == 0) || (!sb && b == 0))) return *out = 0, true;
    if (op == '-' && a == b) return *out = 0, true;
    if (op == '/' && a == b) return false;                            // 1, unless the size is 0
    if (op == '-' || (!sa && a < 0) || (!sb && b <= 0)) return false; // may be negative: no size
    *out = onr_infer_fresh(c);
    return true;
}

void onr_known_binary(onr_infer *c, char op) {
    const onr_known *a = onr_known_in(c, 0), *b = onr_known_in(c, 1);
    if (!a || !b || (a->n != b->n && a->n != 1 && b->n != 1)) return;
    int64_t n = a->n == 1 ? b->n : a->n;
    onr_known *k = onr_infer_new_known(c, n);
    if (!k) return;
    bool narrow = onr_infer_dtype(c, 0) == ONR_INT32;
    for (int64_t i = 0; i < n; i++) {
        if (!combine(c, op, a->v[a->n == 1 ? 0 : i], b->v[b->n == 1 ? 0 : i], &k->v[i])) return;
        if (narrow && !onr_dim_symbolic(k->v[i]) && (k->v[i] > INT32_MAX || k->v[i] < INT32_MIN)) return;
    }
    onr_known_set(c, 0, k);
}
