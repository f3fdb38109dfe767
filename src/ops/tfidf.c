// tfidf.c: TfIdfVectorizer: counts of the n-grams of a pool in rows of tokens.
// May assume: tokens are integers or strings. Never makes the n-grams of a row: they are looked up as numbers where they stand.
#include "base/mathx.h"
#include "ops/ml_dict.h"

#include <stdlib.h>
#include <string.h>

typedef enum tfidf_mode { TF, IDF, TFIDF } tfidf_mode;

/// One n-gram of the pool: tokens by number.
typedef struct gram {
    const int64_t *token;
    int64_t n, at; ///< tokens, place in ngram_indexes
} gram;

typedef struct tfidf_params {
    int64_t max_gram_length, min_gram_length, max_skip_count;
    onr_string mode;
    onr_ints ngram_counts, ngram_indexes, pool_int64s;
    onr_strings pool_strings;
    onr_floats weights;
    // made by check:
    tfidf_mode how;
    onr_ml_dict tokens; ///< token -> its number
    gram *grams;        ///< sorted by length, then by tokens
    int64_t n_grams, n_out;
} tfidf_params;

// ---- the pool
// ----------------------------------------------------------------------------------------------------------------

static int compare_tokens(const int64_t *a, int64_t stride, const gram *b) {
    for (int64_t i = 0; i < b->n; i++)
        if (a[i * stride] != b->token[i]) return a[i * stride] < b->token[i] ? -1 : 1;
    return 0;
}

static int compare_grams(const void *p, const void *q) {
    const gram *a = p, *b = q;
    if (a->n != b->n) return a->n < b->n ? -1 : 1;
    int c = compare_tokens(a->token, 1, b);
    return c ? c : (a->at > b->at) - (a->at < b->at);
}

/// Token numbers of the pool: the place of each token's last occurrence.
static onr_status number_tokens(tfidf_params *p, int64_t *number, onr_arena *a, onr_err *err) {
    if (p->pool_strings.n) {
        ONR_TRY(onr_ml_dict_strings(&p->tokens, p->pool_strings.v, p->pool_strings.n, a, err));
        for (size_t i = 0; i < p->pool_strings.n; i++) number[i] = onr_ml_dict_string(&p->tokens, p->pool_strings.v[i]);
    } else {
        ONR_TRY(onr_ml_dict_ints(&p->tokens, p->pool_int64s.v, p->pool_int64s.n, a, err));
        for (size_t i = 0; i < p->pool_int64s.n; i++) number[i] = onr_ml_dict_int(&p->tokens, p->pool_int64s.v[i]);
    }
    return ONR_OK;
}

static onr_status split_pool(tfidf_params *p, const int64_t *number, int64_t n_tokens, onr_err *err) {
    int64_t lengths = (int64_t)p->ngram_counts.n;
    for (int64_t k = 0; k < lengths; k++) {
        int64_t n = k + 1, from = p->ngram_counts.v[k], to = k + 1 < lengths ? p->ngram_counts.v[k + 1] : n_tokens;
        if (from < 0 || to < from || to > n_tokens || (to - from) % n)
            return onr_fail(err, ONR_INVALID, "ngram_counts[%lld]: [%lld, %lld) of %lld tokens are no %lld-grams", (long long)k,
                            (long long)from, (long long)to, (long long)n_tokens, (long long)n);
        for (int64_t i = from; i < to; i += n) {
            if (p->n_grams == (int64_t)p->ngram_indexes.n)
                return onr_fail(err, ONR_INVALID, "ngram_indexes has fewer entries than there are n-grams");
            p->grams[p->n_grams] = (gram){number + i, n, p->n_grams};
            p->n_grams++;
        }
    }
    if (p->n_grams != (int64_t)p->ngram_indexes.n)
        return onr_fail(err, ONR_INVALID, "ngram_indexes has %zu entries for %lld n-grams", p->ngram_indexes.n,
                        (long long)p->n_grams);
    qsort(p->grams, (size_t)p->n_grams, sizeof *p->grams, compare_grams);
    return ONR_OK;
}

static onr_status check_words(tfidf_params *p, onr_err *err) {
    static const char *const words[] = {"TF", "IDF", "TFIDF"};
    unsigned how = 0;
    while (how < 3 && !onr_ml_is(p->mode, words[how])) how++;
    if (how == 3) return onr_fail(err, ONR_INVALID, "mode is TF, IDF or TFIDF");
    p->how = (tfidf_mode)how;
    if (p->pool_int64s.n && p->pool_strings.n) return onr_fail(err, ONR_INVALID, "there are two pools");
    if (p->min_gram_length < 1 || p->max_gram_length < p->min_gram_length || p->max_gram_length > (int64_t)p->ngram_counts.n ||
        p->max_skip_count < 0)
        return onr_fail(err, ONR_INVALID, "n-grams of %lld to %lld tokens, skipping %lld, of a pool of up to %zu-grams",
                        (long long)p->min_gram_length, (long long)p->max_gram_length, (long long)p->max_skip_count,
                        p->ngram_counts.n);
    if (p->weights.v && p->weights.n != p->ngram_indexes.n)
        return onr_fail(err, ONR_INVALID, "%zu weights for %zu n-grams", p->weights.n, p->ngram_indexes.n);
    for (size_t i = 0; i < p->ngram_indexes.n; i++) {
        if (p->ngram_indexes.v[i] < 0 || p->ngram_indexes.v[i] >= INT32_MAX)
            return onr_fail(err, ONR_INVALID, "ngram_indexes[%zu] is %lld", i, (long long)p->ngram_indexes.v[i]);
        p->n_out = onr_max_i64(p->n_out, p->ngram_indexes.v[i] + 1);
    }
    return ONR_OK;
}

static onr_status check_tfidf(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    tfidf_params *p = params;
    (void)node;
    ONR_TRY(check_words(p, err));
    size_t n = p->pool_int64s.n + p->pool_strings.n;
    int64_t *number = onr_arena_calloc(a, n, sizeof *number);
    p->grams = onr_arena_calloc(a, p->ngram_indexes.n, sizeof *p->grams);
    if (!number || !p->grams) return onr_no_memory(err, n * sizeof *number);
    ONR_TRY(number_tokens(p, number, a, err));
    return split_pool(p, number, (int64_t)n, err);
}

// ---- inference and running
// -------------------------------------------------------------------------------------------------

static onr_status infer_tfidf(onr_infer *c) {
    const tfidf_params *p = c->params;
    onr_shape s = onr_infer_shape(c, 0);
    onr_dtype t = onr_infer_dtype(c, 0);
    if (t != ONR_UNDEFINED && (t == ONR_STRING) != (p->pool_strings.n > 0) && p->n_grams)
        return onr_infer_bad(c, "X is %s, the pool is not", onr_dtype_name(t));
    if (s.rank >= 0 && s.rank != 1 && s.rank != 2) return onr_infer_bad(c, "X has rank %d, expected [C] or [N,C]", s.rank);
    if (s.rank >= 0) s.dim[s.rank - 1] = p->n_out;
    onr_infer_set(c, 0, ONR_FLOAT, s);
    return ONR_OK;
}

/// The place of n tokens, `stride` apart, among the n-grams; -1: not there.
static int64_t find_gram(const tfidf_params *p, const int64_t *token, int64_t n, int64_t stride) {
    int64_t low = 0, high = p->n_grams;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        const gram *g = &p->grams[middle];
        int c = n != g->n ? (n < g->n ? -1 : 1) : compare_tokens(token, stride, g);
        if (c == 0) return g->at;
        if (c < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

static void count_row(const tfidf_params *p, const int64_t *token, int64_t n_tokens, int64_t *count) {
    memset(count, 0, (size_t)p->n_grams * sizeof *count);
    // Longer grams and skips than there are tokens count nothing.
    for (int64_t n = p->min_gram_length; n <= p->max_gram_length && n <= n_tokens; n++) {
        int64_t most = n == 1 ? 0 : p->max_skip_count < n_tokens ? p->max_skip_count : n_tokens; // a single token skips nothing
        for (int64_t stride = 1; stride <= most + 1 && (n - 1) * stride < n_tokens; stride++) {
            for (int64_t i = 0; i + (n - 1) * stride < n_tokens; i++) {
                int64_t at = find_gram(p, token + i, n, stride);
                if (at >= 0) count[at]++;
            }
        }
    }
}

static void write_row(const tfidf_params *p, const int64_t *count, float *y) {
    memset(y, 0, (size_t)p->n_out * sizeof *y);
    for (int64_t i = 0; i < p->n_grams; i++) {
        float n = p->how == IDF ? count[i] > 0 : (float)count[i];
        y[p->ngram_indexes.v[i]] += p->how == TF || !p->weights.v ? n : n * p->weights.v[i];
    }
}

static onr_status run_tfidf(const onr_run *r) {
    const tfidf_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    int64_t rows, n;
    onr_ml_rows(x, &rows, &n);
    float *y = onr_run_out(r, 0)->data;
    size_t bytes;
    if (!onr_mul_size((size_t)n + (size_t)p->n_grams, sizeof(int64_t), &bytes)) return onr_no_memory(r->err, SIZE_MAX);
    int64_t *token = onr_malloc(bytes + 1);
    if (!token) return onr_no_memory(r->err, bytes);
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t i = 0; i < n; i++)
            token[i] = x->dtype == ONR_STRING ? onr_ml_dict_string(&p->tokens, ((const onr_string *)x->data)[row * n + i])
                                              : onr_ml_dict_int(&p->tokens, onr_tensor_int(x, row * n + i));
        count_row(p, token, n, token + n);
        write_row(p, token + n, y + row * p->n_out);
    }
    onr_free(token);
    return ONR_OK;
}

// clang-format off
#define NEED(k, field) {.name = #field, .kind = k, .offset = offsetof(tfidf_params, field), .required = true}
// clang-format on
static const onr_attr_spec tfidf[] = {NEED(ONR_ATTR_INT, max_gram_length),   NEED(ONR_ATTR_INT, min_gram_length),
                                      NEED(ONR_ATTR_INT, max_skip_count),    NEED(ONR_ATTR_STRING, mode),
                                      NEED(ONR_ATTR_INTS, ngram_counts),     NEED(ONR_ATTR_INTS, ngram_indexes),
                                      ONR_A_INTS(tfidf_params, pool_int64s), ONR_A_STRINGS(tfidf_params, pool_strings),
                                      ONR_A_FLOATS(tfidf_params, weights),   ONR_ATTR_ARRAY_END};

static const onr_op rows[] = {
    {ONR_AI("TfIdfVectorizer", 9, 0), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE,
     .types = ONR_T_STRING | ONR_BIT(ONR_INT32) | ONR_BIT(ONR_INT64), ONR_PARAMS(tfidf, tfidf_params), .check = check_tfidf,
     .infer = infer_tfidf, .run = run_tfidf},
};
ONR_OP_FAMILY(tfidf);
