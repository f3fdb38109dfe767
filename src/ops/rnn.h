// rnn.h: what a recurrent layer's preparation hands to its loops in float (rnn_f32.c) and in double (rnn_f64.c).
// May assume: shapes were checked by inference, sequence lengths by run. Never seen outside the family.
#ifndef ONR_OPS_RNN_H
#define ONR_OPS_RNN_H

#include "kernels/gemm/gemm.h"
#include "ops/op.h"

typedef enum onr_rnn_kind { ONR_RNN_SIMPLE, ONR_RNN_LSTM, ONR_RNN_GRU } onr_rnn_kind;

typedef enum onr_rnn_fn {
    ONR_RNN_RELU,
    ONR_RNN_TANH,
    ONR_RNN_SIGMOID,
    ONR_RNN_AFFINE,
    ONR_RNN_LEAKY_RELU,
    ONR_RNN_THRESHOLDED_RELU,
    ONR_RNN_SCALED_TANH,
    ONR_RNN_HARD_SIGMOID,
    ONR_RNN_ELU,
    ONR_RNN_SOFTSIGN,
    ONR_RNN_SOFTPLUS,
    ONR_RNN_N_FNS
} onr_rnn_fn;

typedef struct onr_rnn_act {
    onr_rnn_fn fn;
    float alpha, beta;
} onr_rnn_act;

/// What does not depend on the element type.
typedef struct onr_rnn {
    onr_rnn_kind kind;
    int64_t seq, batch, input, hidden;
    int64_t gates; ///< 1: RNN; 4: LSTM (i o f c); 3: GRU (z r h)
    int32_t n_dir;
    bool reverse;          ///< the first direction runs backwards (the second always does)
    bool by_batch;         ///< layout 1: the batch comes before the sequence
    bool input_forget;     ///< LSTM
    bool linear_first;     ///< GRU: linear_before_reset
    bool has_clip;         ///< inputs of activations are kept within +-clip
    float clip;            ///<
    onr_rnn_act act[2][3]; ///< by direction: f, g, h
    // float only:
    uint32_t features;
    const onr_gemm_variant *gemm;
    const float *packed_w[2]; ///< by direction; NULL: read as it lies
    const float *packed_r[2]; ///< all gates; GRU: z and r
    const float *packed_h[2]; ///< GRU: the h gate
    size_t lane_bytes; ///< scratch of a direction: onr_rnn_scratch_elems elements, then that of its products; a multiple of 64
} onr_rnn;

/// One run. Data are float or double; NULL: left out or not wanted.
typedef struct onr_rnn_job {
    const onr_rnn *s;
    const void *x, *w, *r, *b, *h0, *c0, *p;
    const int32_t *lens;
    void *y, *yh, *yc;
    void *scratch; ///< lane_bytes for each direction, aligned to 64
    onr_pool *pool;
} onr_rnn_job;

/// Elements of scratch of a direction, a multiple of 16; false on overflow.
bool onr_rnn_scratch_elems(const onr_rnn *s, size_t *n);

void onr_rnn_run_f32(const onr_rnn_job *j);
void onr_rnn_run_f64(const onr_rnn_job *j);

#endif
