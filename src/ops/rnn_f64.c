// rnn_f64.c: recurrent layers in double, plainly: for double tensors, and as the reference of the float ones.
// May assume: rnn.h. Never allocates.
#include "ops/rnn.h"

#include <math.h>
#include <string.h>

#define real double
struct lane;
enum { PART_W, PART_R, PART_H };
static void product(const struct lane *l, int part, const double *a, int64_t n, const double *bias, int64_t bias_row, double *c,
                    int64_t c_row);
static void activate(const onr_rnn *s, const onr_rnn_act *act, double *x, int64_t n);

#include "ops/rnn_body.inc"

/// c = a M' + bias for the n first (PART_H: the last) rows of a weight M; a is dense.
static void product(const lane *l, int part, const double *a, int64_t n, const double *bias, int64_t bias_row, double *c,
                    int64_t c_row) {
    const onr_rnn *s = l->s;
    const int64_t k = part == PART_W ? s->input : s->hidden, m = part == PART_W ? s->seq * s->batch : s->batch;
    const double *w = part == PART_W ? l->w : part == PART_R ? l->r : l->r + 2 * n * k;
    for (int64_t i = 0; i < m; i++)
        for (int64_t q = 0; q < n; q++) {
            double sum = bias ? bias[i * bias_row + q] : 0;
            for (int64_t t = 0; t < k; t++) sum += a[i * k + t] * w[q * k + t];
            c[i * c_row + q] = sum;
        }
}

static double apply(const onr_rnn_act *act, double x) {
    const double alpha = (double)act->alpha, beta = (double)act->beta;
    switch (act->fn) {
    case ONR_RNN_RELU: return x < 0 ? 0 : x;
    case ONR_RNN_TANH: return tanh(x);
    case ONR_RNN_SIGMOID: return 1 / (1 + exp(-x));
    case ONR_RNN_AFFINE: return alpha * x + beta;
    case ONR_RNN_LEAKY_RELU: return x < 0 ? alpha * x : x;
    case ONR_RNN_THRESHOLDED_RELU: return x >= alpha ? x : 0;
    case ONR_RNN_SCALED_TANH: return alpha * tanh(beta * x);
    case ONR_RNN_HARD_SIGMOID: return fmin(fmax(alpha * x + beta, 0), 1);
    case ONR_RNN_ELU: return x < 0 ? alpha * expm1(x) : x;
    case ONR_RNN_SOFTSIGN: return x / (1 + fabs(x));
    default: return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
    }
}

static void activate(const onr_rnn *s, const onr_rnn_act *act, double *x, int64_t n) {
    (void)s;
    for (int64_t i = 0; i < n; i++) x[i] = apply(act, x[i]);
}

void onr_rnn_run_f64(const onr_rnn_job *j) { run_all(j); }
