// attention_reference.c: attention by its definition, a query at a time, in double.
// May assume: attention.h. Never used for float where the products are, but by -O0.
#include "ops/attention.h"

#include "base/mathx.h"

#include <math.h>

bool onr_attention_scratch_reference(const onr_attention_dims *d, size_t *bytes) {
    return onr_mul_size((size_t)d->kv_len, sizeof(double), bytes);
}

static double get(const void *data, onr_dtype t, int64_t i) {
    return t == ONR_DOUBLE ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

static void put(void *data, onr_dtype t, int64_t i, double v) {
    if (t == ONR_DOUBLE)
        ((double *)data)[i] = v;
    else
        ((float *)data)[i] = (float)v;
}

static void show(const onr_attention *a, onr_dtype t, int mode, int64_t at, const double *s) {
    for (int64_t j = 0; a->qk && a->qk_mode == mode && j < a->d.kv_len; j++) put(a->qk, t, at + j, s[j]);
}

static void softmax(double *s, int64_t n) {
    double most = -INFINITY, sum = 0;
    for (int64_t j = 0; j < n; j++) most = s[j] > most || s[j] != s[j] ? s[j] : most;
    for (int64_t j = 0; j < n; j++) sum += s[j] = exp(s[j] - most);
    for (int64_t j = 0; j < n; j++) s[j] /= sum;
}

/// Scores of query i of head h.
static void score(const onr_attention *a, onr_dtype t, int64_t b, int64_t h, int64_t i, double *s) {
    const int64_t kv_head = h / (a->d.q_heads / a->d.kv_heads), n = a->d.kv_len;
    const int64_t q = b * a->q.batch + h * a->q.head + i * a->q.row, at = ((b * a->d.q_heads + h) * a->d.q_len + i) * n;
    for (int64_t j = 0; j < n; j++) {
        const int64_t k = b * a->k.batch + kv_head * a->k.head + j * a->k.row;
        s[j] = 0;
        for (int64_t e = 0; e < a->d.head; e++) s[j] += get(a->q.data, t, q + e) * get(a->k.data, t, k + e);
        s[j] *= a->scale;
    }
    show(a, t, ONR_QK_RAW, at, s);
    for (int64_t j = 0; a->softcap > 0 && j < n; j++) s[j] = tanh(s[j] / a->softcap) * a->softcap;
    show(a, t, ONR_QK_CAPPED, at, s);
    int64_t seen = onr_clamp_i64(onr_attention_visible(a, b, i), 0, n);
    if (a->bias) seen = onr_min_i64(seen, a->bias_len);
    const int64_t bias = b * a->bias_stride[0] + h * a->bias_stride[1] + i * a->bias_stride[2];
    for (int64_t j = 0; a->bias && j < seen; j++) s[j] += get(a->bias, t, bias + j * a->bias_stride[3]);
    for (int64_t j = seen; j < n; j++) s[j] = -INFINITY;
    show(a, t, ONR_QK_BIASED, at, s);
    softmax(s, n);
    show(a, t, ONR_QK_SOFTMAX, at, s);
}

void onr_attention_run_reference(const onr_attention *a, onr_dtype t) {
    double *s = a->scratch;
    for (int64_t b = 0; b < a->d.batch; b++)
        for (int64_t h = 0; h < a->d.q_heads; h++)
            for (int64_t i = 0; i < a->d.q_len; i++) {
                score(a, t, b, h, i, s);
                const int64_t v = b * a->v.batch + h / (a->d.q_heads / a->d.kv_heads) * a->v.head;
                for (int64_t e = 0; e < a->d.v_head; e++) {
                    double sum = 0;
                    for (int64_t j = 0; j < a->d.kv_len; j++) sum += s[j] * get(a->v.data, t, v + j * a->v.row + e);
                    put(a->y.data, t, b * a->y.batch + h * a->y.head + i * a->y.row + e, sum);
                }
            }
}
