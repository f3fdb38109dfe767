// rnn_f32.c: recurrent layers in float, on the packed matrix product and the vector functions.
// May assume: rnn.h. Never allocates.
#include "ops/rnn.h"

#include "kernels/unary/unary.h"

#include <math.h>
#include <string.h>

#define real float
struct lane;
enum { PART_W, PART_R, PART_H };
static void product(const struct lane *l, int part, const float *a, int64_t n, const float *bias, int64_t bias_row, float *c,
                    int64_t c_row);
static void activate(const onr_rnn *s, const onr_rnn_act *act, float *x, int64_t n);

#include "ops/rnn_body.inc"

/// c = a M' + bias for the n first (PART_H: the last) rows of a weight M; a is dense.
static void product(const lane *l, int part, const float *a, int64_t n, const float *bias, int64_t bias_row, float *c,
                    int64_t c_row) {
    const onr_rnn *s = l->s;
    const int64_t k = part == PART_W ? s->input : s->hidden;
    const float *packed[] = {s->packed_w[l->dir], s->packed_r[l->dir], s->packed_h[l->dir]};
    onr_gemm_args g = {.m = part == PART_W ? s->seq * s->batch : s->batch,
                       .n = n,
                       .k = k,
                       .a = a,
                       .a_row = k,
                       .a_col = 1,
                       .b = part == PART_W   ? l->w
                            : part == PART_R ? l->r
                                             : l->r + 2 * n * k,
                       .b_row = 1,
                       .b_col = k,
                       .packed_b = packed[part],
                       .c = c,
                       .c_row = c_row,
                       .alpha = 1,
                       .bias = bias,
                       .bias_row = bias_row,
                       .bias_col = 1,
                       .lo = -INFINITY,
                       .hi = INFINITY,
                       .scratch = l->gemm_scratch,
                       .pool = l->pool};
    onr_gemm_run(s->gemm, &g);
}

static void activate(const onr_rnn *s, const onr_rnn_act *act, float *x, int64_t n) {
    static const onr_unary_op ops[ONR_RNN_N_FNS] = {
        [ONR_RNN_RELU] = ONR_UNARY_RELU,
        [ONR_RNN_TANH] = ONR_UNARY_TANH,
        [ONR_RNN_SIGMOID] = ONR_UNARY_SIGMOID,
        [ONR_RNN_AFFINE] = ONR_UNARY_AFFINE,
        [ONR_RNN_LEAKY_RELU] = ONR_UNARY_LEAKY_RELU,
        [ONR_RNN_THRESHOLDED_RELU] = ONR_UNARY_THRESHOLDED_RELU,
        [ONR_RNN_SCALED_TANH] = ONR_UNARY_TANH,
        [ONR_RNN_HARD_SIGMOID] = ONR_UNARY_HARD_SIGMOID,
        [ONR_RNN_ELU] = ONR_UNARY_ELU,
        [ONR_RNN_SOFTSIGN] = ONR_UNARY_SOFTSIGN,
        [ONR_RNN_SOFTPLUS] = ONR_UNARY_SOFTPLUS,
    };
    bool scaled = act->fn == ONR_RNN_SCALED_TANH; // alpha * tanh(beta * x)
    if (scaled) onr_unary_run(s->features, ONR_UNARY_AFFINE, act->beta, 0, x, x, n, NULL);
    onr_unary_run(s->features, ops[act->fn], act->alpha, act->beta, x, x, n, NULL);
    if (scaled) onr_unary_run(s->features, ONR_UNARY_AFFINE, act->alpha, 0, x, x, n, NULL);
}

void onr_rnn_run_f32(const onr_rnn_job *j) { run_all(j); }
