// attention.h: one attention as its loops see it: strided heads, a bias, masks.
// May assume: shapes were checked by inference, lengths by run. Never seen outside the attention families.
#ifndef ONR_OPS_ATTENTION_H
#define ONR_OPS_ATTENTION_H

#include "kernels/gemm/gemm.h"
#include "ops/op.h"

typedef struct onr_attention_dims {
    int64_t batch, q_heads, kv_heads, q_len, kv_len; ///< kv_len: all keys, past ones included
    int64_t head, v_head;                            ///< numbers in a query or key, and in a value
} onr_attention_dims;

/// Rows of heads in a tensor; strides in elements.
typedef struct onr_heads {
    void *data;
    int64_t batch, head, row;
} onr_heads;

/// Which scores the caller wants to see.
enum { ONR_QK_RAW, ONR_QK_CAPPED, ONR_QK_BIASED, ONR_QK_SOFTMAX };

/// Elements are float or double. Pointers may be NULL where said.
typedef struct onr_attention {
    onr_attention_dims d;
    double scale, softcap; ///< softcap 0: none
    onr_heads q, k, v, y;
    const void *bias;                 ///< added to the scores, or NULL
    int64_t bias_stride[4], bias_len; ///< keys at or beyond bias_len are masked out
    bool causal;                      ///< key j is seen by query i when j <= i + offset
    int64_t offset;
    const int64_t *n_keys; ///< keys that count, by batch, or NULL; with causal the offset is n_keys - q_len then
    bool offset_from_keys;
    void *qk; ///< [batch][q_heads][q_len][kv_len], or NULL
    int qk_mode;
    void *scratch;
    onr_pool *pool;
    // float only:
    uint32_t features;
    const onr_gemm_variant *gemm;
} onr_attention;

/// Bytes of scratch of the two ways to run it.
bool onr_attention_scratch_f32(const onr_gemm_variant *gemm, const onr_attention_dims *d, int n_threads, size_t *bytes);
bool onr_attention_scratch_reference(const onr_attention_dims *d, size_t *bytes);

/// Products and vector functions in float; heads and blocks of queries are shared out to the threads.
void onr_attention_run_f32(const onr_attention *a);
/// By its definition, in double, on float or double tensors.
void onr_attention_run_reference(const onr_attention *a, onr_dtype t);

/// The last key that query i of batch b sees, plus one (may be negative or beyond kv_len); kv_len when nothing masks.
static inline int64_t onr_attention_visible(const onr_attention *a, int64_t b, int64_t i) {
    int64_t n = a->d.kv_len;
    if (a->n_keys && a->n_keys[b] < n) n = a->n_keys[b];
    if (a->causal) {
        int64_t end = i + 1 + (a->offset_from_keys ? a->n_keys[b] - a->d.q_len : a->offset);
        if (end < n) n = end;
    }
    return n;
}

#endif
