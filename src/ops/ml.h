// ml.h: what the operators of ai.onnx.ml share: rows of features, transforms of scores, and class labels.
// May assume: included after op.h by files of ops/ only. Never holds state.
#ifndef ONR_OPS_ML_H
#define ONR_OPS_ML_H

#include "ops/rows.h"

/// The name and opset range that open a row of the domain ai.onnx.ml.
#define ONR_ML(op, from, to) .domain = "ai.onnx.ml", .name = op, .since = from, .until = to
/// float, double, int64, int32: what nearly all operators of the domain take.
#define ONR_T_ML (ONR_BIT(ONR_FLOAT) | ONR_BIT(ONR_DOUBLE) | ONR_BIT(ONR_INT64) | ONR_BIT(ONR_INT32))

static inline bool onr_ml_is(onr_string s, const char *word) {
    return s.n == __builtin_strlen(word) && __builtin_memcmp(s.s, word, s.n) == 0;
}
static inline bool onr_ml_same(onr_string a, onr_string b) { return a.n == b.n && __builtin_memcmp(a.s, b.s, a.n) == 0; }

// ---- rows of features: [N,F], or [F] as one row
// ------------------------------------------------------------------------------

/// N and F of input i, symbols where not known; ONR_INVALID for other ranks.
onr_status onr_ml_infer_rows(const onr_infer *c, int32_t i, int64_t *n, int64_t *f);
/// ONR_INVALID unless F, when known, is `wanted` or more.
onr_status onr_ml_infer_features(const onr_infer *c, int64_t f, int64_t wanted, bool exactly);
/// N and F of a tensor that inference has let pass.
void onr_ml_rows(const onr_tensor *x, int64_t *n, int64_t *f);
/// Elements [from, from + n) of a numeric tensor as doubles.
void onr_ml_row(const onr_tensor *x, int64_t from, int64_t n, double *dst);

/// Works on one row; scratch is the worker's own.
typedef void (*onr_ml_row_fn)(void *ctx, int64_t row, double *scratch);
/// fn for each of n rows, in parallel when cost (roughly nanoseconds a row) is worth it; scratch_n numbers of scratch each.
onr_status onr_ml_for_rows(const onr_run *r, int64_t n, int64_t cost, int64_t scratch_n, onr_ml_row_fn fn, void *ctx);
/// Stores n numbers as row `row` of a float or double tensor; NULL: not wanted.
void onr_ml_store(onr_tensor *y, int64_t row, int64_t n, const double *v);

// ---- post transforms of scores
// -----------------------------------------------------------------------------------------------

typedef enum onr_ml_post { // numbers are those of TreeEnsemble-5
    ONR_ML_NONE,
    ONR_ML_SOFTMAX,
    ONR_ML_LOGISTIC,
    ONR_ML_SOFTMAX_ZERO,
    ONR_ML_PROBIT
} onr_ml_post;

/// From the attribute's word; ONR_INVALID for an unknown one.
onr_status onr_ml_post_parse(onr_string word, onr_ml_post *out, onr_err *err);
/// Transforms one row of n scores in place.
void onr_ml_post_apply(onr_ml_post post, double *v, int64_t n);

// ---- class labels: integers or strings
// ---------------------------------------------------------------------------------------

typedef struct onr_ml_labels {
    onr_ints ints;
    onr_strings strings;
} onr_ml_labels;

/// ONR_INVALID unless just one of the two lists has entries.
onr_status onr_ml_labels_check(const onr_ml_labels *l, onr_err *err);
static inline int64_t onr_ml_labels_n(const onr_ml_labels *l) { return (int64_t)(l->strings.n ? l->strings.n : l->ints.n); }
static inline onr_dtype onr_ml_labels_dtype(const onr_ml_labels *l) { return l->strings.n ? ONR_STRING : ONR_INT64; }
/// dst[i] = label `which`; dst comes from onr_nd_begin, NULL when not wanted.
void onr_ml_labels_put(const onr_ml_labels *l, int64_t which, void *dst, int64_t i);
/// Index of the largest of n numbers, the first of equals; a NaN never wins over a number.
int64_t onr_ml_argmax(const double *v, int64_t n);

#endif
