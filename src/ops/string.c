// string.c: StringConcat, StringSplit (20) and StringNormalizer (10).
// May assume: strings are bytes; only white space and case ask for their characters (text.h).
// Never copies a piece of an input before the output is made.
#include "base/mathx.h"
#include "ops/nd.h"
#include "ops/rows.h"
#include "ops/text.h"

#include <string.h>

typedef struct string_params {
    onr_string delimiter, case_change_action, locale;
    int64_t maxsplit, is_case_sensitive;
    onr_strings stopwords;
    // made by check:
    bool changes;
    onr_text_case how;
    const onr_string *stop; ///< folded unless case-sensitive
} string_params;

static bool same(onr_string a, onr_string b) { return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0); }
static bool is(onr_string s, const char *word) { return same(s, (onr_string){word, strlen(word)}); }

// ---- StringConcat
// ------------------------------------------------------------------------------------------------------------

typedef struct concat_job {
    onr_arena *arena;
    bool failed;
} concat_job;

static void concat_row(const void *ctx, int64_t n, char *const p[], const int64_t step[]) {
    concat_job *j = *(concat_job *const *)ctx;
    for (int64_t i = 0; i < n; i++) {
        onr_string *out = (onr_string *)(void *)(p[0] + i * step[0]);
        const onr_string *a = (const onr_string *)(const void *)(p[1] + i * step[1]);
        const onr_string *b = (const onr_string *)(const void *)(p[2] + i * step[2]);
        size_t bytes;
        char *to = onr_add_size(a->n, b->n, &bytes) ? onr_arena_alloc(j->arena, bytes) : NULL;
        if (!to) {
            j->failed = true;
            return;
        }
        if (a->n) memcpy(to, a->s, a->n);
        if (b->n) memcpy(to + a->n, b->s, b->n);
        *out = (onr_string){to, bytes};
    }
}

static onr_status run_concat(const onr_run *r) {
    const onr_tensor *a = onr_run_in(r, 0), *b = onr_run_in(r, 1);
    const onr_shape shape = onr_run_out(r, 0)->shape;
    const onr_shape *const shapes[] = {&shape, &a->shape, &b->shape};
    const size_t elem[] = {sizeof(onr_string), sizeof(onr_string), sizeof(onr_string)};
    onr_nd_walk w;
    onr_nd_walk_init(&w, &shape, 3, shapes, elem);
    concat_job j = {.arena = onr_arena_new(0)}, *ctx = &j;
    if (!j.arena) return onr_no_memory(r->err, 0);
    void *dst = NULL;
    onr_status s = onr_nd_begin(r, 0, ONR_STRING, &shape, &dst);
    if (dst) onr_nd_walk_run(&w, NULL, (void *const[]){dst, a->data, b->data}, 1, concat_row, &ctx);
    if (j.failed) s = onr_no_memory(r->err, 0);
    s = onr_nd_end(r, 0, ONR_STRING, &shape, dst, s);
    onr_arena_free(j.arena);
    return s;
}

// ---- StringSplit
// -------------------------------------------------------------------------------------------------------------

static onr_status infer_split(onr_infer *c) {
    onr_shape s = onr_infer_shape(c, 0);
    onr_infer_set(c, 1, ONR_INT64, s);
    if (s.rank == ONR_MAX_RANK) return onr_infer_bad(c, "X has too many dimensions");
    if (s.rank >= 0) s.dim[s.rank++] = onr_infer_fresh(c);
    onr_infer_set(c, 0, ONR_STRING, s);
    return ONR_OK;
}

static const char *skip_spaces(const char *s, const char *end) {
    for (int n; s < end && onr_text_is_space(onr_text_next(s, end, &n)); s += n)
        ;
    return s;
}

static const char *skip_word(const char *s, const char *end) {
    for (int n; s < end && !onr_text_is_space(onr_text_next(s, end, &n)); s += n)
        ;
    return s;
}

/// The pieces of s, at most `most` splits; stored when `out` is there. Without a delimiter: words, and the rest after the last
/// split keeps its trailing white space, as Python's str.split does.
static int64_t split_words(onr_string s, int64_t most, onr_string *out) {
    if (!s.n) return 0;
    const char *end = s.s + s.n, *at = skip_spaces(s.s, end);
    int64_t n = 0;
    for (; at < end; n++) {
        const char *stop = n == most ? end : skip_word(at, end);
        if (out) out[n] = (onr_string){at, (size_t)(stop - at)};
        at = skip_spaces(stop, end);
    }
    return n;
}

static int64_t split_at(onr_string s, onr_string delimiter, int64_t most, onr_string *out) {
    const char *at = s.s, *end = s.s + s.n;
    for (int64_t n = 0;; n++) {
        const char *stop = n == most || !s.n ? NULL : memmem(at, (size_t)(end - at), delimiter.s, delimiter.n);
        if (out) out[n] = (onr_string){at, (size_t)((stop ? stop : end) - at)};
        if (!stop) return n + 1;
        at = stop + delimiter.n;
    }
}

static int64_t split(const string_params *p, onr_string s, onr_string *out) {
    int64_t most = p->maxsplit < 0 ? INT64_MAX : p->maxsplit;
    return p->delimiter.n ? split_at(s, p->delimiter, most, out) : split_words(s, most, out);
}

static onr_status run_split(const onr_run *r) {
    const string_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    const onr_string *s = x->data;
    int64_t n = onr_tensor_numel(x), most = 0;
    void *dst, *counts;
    onr_shape shape = x->shape;
    ONR_TRY(onr_run_output(r, 1, ONR_INT64, &shape));
    counts = onr_run_wants(r, 1) ? onr_run_out(r, 1)->data : NULL;
    for (int64_t i = 0; i < n; i++) {
        int64_t pieces = split(p, s[i], NULL);
        if (counts) ((int64_t *)counts)[i] = pieces;
        most = onr_max_i64(most, pieces);
    }
    shape.dim[shape.rank++] = most;
    ONR_TRY(onr_nd_begin(r, 0, ONR_STRING, &shape, &dst));
    for (int64_t i = 0; i < n && dst; i++) split(p, s[i], (onr_string *)dst + i * most);
    return onr_nd_end(r, 0, ONR_STRING, &shape, dst, ONR_OK);
}

// ---- StringNormalizer
// --------------------------------------------------------------------------------------------------------

static onr_status check_normalizer(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    string_params *p = params;
    (void)node;
    p->changes = !is(p->case_change_action, "NONE");
    p->how = is(p->case_change_action, "UPPER") ? ONR_TEXT_UPPER : ONR_TEXT_LOWER;
    if (p->changes && p->how == ONR_TEXT_LOWER && !is(p->case_change_action, "LOWER"))
        return onr_fail(err, ONR_INVALID, "case_change_action is LOWER, UPPER or NONE");
    onr_string *stop = onr_arena_calloc(a, p->stopwords.n, sizeof *stop);
    if (!stop) return onr_no_memory(err, p->stopwords.n * sizeof *stop);
    for (size_t i = 0; i < p->stopwords.n; i++) {
        stop[i] = p->stopwords.v[i];
        if (!p->is_case_sensitive) ONR_TRY(onr_text_change(stop[i], ONR_TEXT_FOLD, p->locale, a, &stop[i], err));
    }
    p->stop = stop;
    return ONR_OK;
}

static onr_status infer_normalizer(onr_infer *c) {
    onr_shape s = onr_infer_shape(c, 0);
    if (s.rank >= 0 && s.rank != 1 && s.rank != 2) return onr_infer_bad(c, "X has rank %d, expected [C] or [1,C]", s.rank);
    if (s.rank == 2 && onr_dim_known(s.dim[0]) && s.dim[0] != 1)
        return onr_infer_bad(c, "X has %lld rows, expected one", (long long)s.dim[0]);
    if (s.rank > 0) s.dim[s.rank - 1] = onr_infer_fresh(c);
    onr_infer_set(c, 0, ONR_STRING, s);
    return ONR_OK;
}

static onr_status is_stopword(const string_params *p, onr_string s, onr_arena *a, bool *stopped, onr_err *err) {
    *stopped = false;
    if (p->stopwords.n == 0) return ONR_OK;
    if (!p->is_case_sensitive) ONR_TRY(onr_text_change(s, ONR_TEXT_FOLD, p->locale, a, &s, err));
    for (size_t i = 0; i < p->stopwords.n && !*stopped; i++) *stopped = same(s, p->stop[i]);
    return ONR_OK;
}

/// The words that stay, in their new case; *n_kept of them.
static onr_status normalize(const onr_run *r, onr_arena *a, onr_string *kept, int64_t *n_kept) {
    const string_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    *n_kept = 0;
    for (int64_t i = 0; i < onr_tensor_numel(x); i++) {
        onr_string s = ((const onr_string *)x->data)[i];
        bool stopped;
        ONR_TRY(is_stopword(p, s, a, &stopped, r->err));
        if (stopped) continue;
        if (p->changes) ONR_TRY(onr_text_change(s, p->how, p->locale, a, &s, r->err));
        kept[(*n_kept)++] = s;
    }
    if (*n_kept == 0) kept[(*n_kept)++] = (onr_string){"", 0}; // nothing left: one empty string
    return ONR_OK;
}

static onr_status run_normalizer(const onr_run *r) {
    const onr_tensor *x = onr_run_in(r, 0);
    int64_t n_kept = 0;
    onr_shape shape = x->shape;
    if (shape.rank == 2 && shape.dim[0] != 1) return onr_run_bad(r, "X has %lld rows, expected one", (long long)shape.dim[0]);
    onr_arena *a = onr_arena_new(0);
    onr_string *kept = a ? onr_arena_calloc(a, (size_t)onr_tensor_numel(x) + 1, sizeof *kept) : NULL;
    onr_status s = kept ? normalize(r, a, kept, &n_kept) : onr_no_memory(r->err, 0);
    if (s == ONR_OK) {
        onr_datum d = {.kind = ONR_KIND_UNKNOWN};
        shape.dim[shape.rank - 1] = n_kept;
        s = onr_datum_new_strings(&shape, kept, &d, r->err);
        if (s == ONR_OK) onr_run_give(r, 0, &d);
    }
    onr_arena_free(a);
    return s;
}

// ---- rows
// --------------------------------------------------------------------------------------------------------------------

static const onr_attr_spec split_attrs[] = {ONR_A_STRING(string_params, delimiter, NULL),
                                            ONR_A_INT(string_params, maxsplit, -1), ONR_ATTR_ARRAY_END};
static const onr_attr_spec normalizer[] = {
    ONR_A_STRING(string_params, case_change_action, "NONE"), ONR_A_INT(string_params, is_case_sensitive, 0),
    ONR_A_STRING(string_params, locale, NULL), ONR_A_STRINGS(string_params, stopwords), ONR_ATTR_ARRAY_END};

static const onr_op rows[] = {
    {ONR_AI("StringConcat", 20, 0), ONR_ARITY(2, 2, 1, 1), .flags = ONR_OP_PURE | ONR_OP_SAME_TYPES, .types = ONR_T_STRING,
     .infer = onr_infer_elementwise, .run = run_concat},
    {ONR_AI("StringSplit", 20, 0), ONR_ARITY(1, 1, 1, 2), .flags = ONR_OP_PURE | ONR_OP_DYNAMIC, .types = ONR_T_STRING,
     ONR_PARAMS(split_attrs, string_params), .infer = infer_split, .run = run_split},
    {ONR_AI("StringNormalizer", 10, 0), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_DYNAMIC, .types = ONR_T_STRING,
     ONR_PARAMS(normalizer, string_params), .check = check_normalizer, .infer = infer_normalizer, .run = run_normalizer},
};
ONR_OP_FAMILY(string);
