// regex.c: RegexFullMatch (20), by PCRE2 where it was built in (option ONR_PCRE2).
// May assume: the pattern is meant as RE2 reads it: classes are ASCII's, "$" is the very end, there are no references back.
// Never matches without bounds: PCRE2's limits on steps and memory stop a hostile pattern.
#include "ops/rows.h"

#ifdef ONR_HAVE_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#endif

typedef struct regex_params {
    onr_string pattern;
    void *code; // made by check, in the graph's arena
} regex_params;

static onr_status infer_regex(onr_infer *c) {
    onr_infer_set(c, 0, ONR_BOOL, onr_infer_shape(c, 0));
    return ONR_OK;
}

#ifdef ONR_HAVE_PCRE2
static void *allocate(size_t bytes, void *arena) { return onr_arena_alloc(arena, bytes); }
static void leave(void *p, void *arena) { (void)p, (void)arena; }
static void *allocate_heap(size_t bytes, void *unused) { return (void)unused, onr_malloc(bytes); }
static void free_heap(void *p, void *unused) { (void)unused, onr_free(p); }

/// The compiled pattern lives in the arena: nothing frees it by itself.
static onr_status check_regex(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    regex_params *p = params;
    (void)node;
    pcre2_general_context *memory = pcre2_general_context_create(allocate, leave, a);
    pcre2_compile_context *how = memory ? pcre2_compile_context_create(memory) : NULL;
    if (!how) return onr_no_memory(err, 0);
    int why = 0;
    size_t at = 0;
    uint32_t references = 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)(p->pattern.s ? p->pattern.s : ""), p->pattern.n,
                                     PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &why, &at, how);
    if (!code) {
        char text[160] = "";
        pcre2_get_error_message(why, (PCRE2_UCHAR *)text, sizeof text);
        return onr_fail(err, ONR_INVALID, "RegexFullMatch: pattern, at byte %zu: %s", at, text);
    }
    pcre2_pattern_info(code, PCRE2_INFO_BACKREFMAX, &references);
    if (references) return onr_fail(err, ONR_INVALID, "RegexFullMatch: pattern: RE2 has no references back");
    p->code = code;
    return ONR_OK;
}

static onr_status match(const onr_run *r, onr_string s, pcre2_match_data *data, bool *matched) {
    const regex_params *p = r->params;
    int n = pcre2_match(p->code, (PCRE2_SPTR)(s.s ? s.s : ""), s.n, 0, PCRE2_ANCHORED | PCRE2_ENDANCHORED, data, NULL);
    *matched = n >= 0;
    if (n >= 0 || n == PCRE2_ERROR_NOMATCH) return ONR_OK;
    char text[160] = "";
    pcre2_get_error_message(n, (PCRE2_UCHAR *)text, sizeof text);
    if (n <= PCRE2_ERROR_UTF8_ERR1 && n >= PCRE2_ERROR_UTF8_ERR21) return onr_run_bad(r, "an input is no UTF-8: %s", text);
    return onr_fail(r->err, ONR_LIMIT, "RegexFullMatch: %s", text);
}

static onr_status run_regex(const onr_run *r) {
    const regex_params *p = r->params;
    const onr_tensor *x = onr_run_in(r, 0);
    uint8_t *y = onr_run_out(r, 0)->data;
    pcre2_general_context *memory = pcre2_general_context_create(allocate_heap, free_heap, NULL);
    pcre2_match_data *data = memory ? pcre2_match_data_create_from_pattern(p->code, memory) : NULL;
    onr_status s = data ? ONR_OK : onr_no_memory(r->err, 0);
    for (int64_t i = 0; i < onr_tensor_numel(x) && s == ONR_OK; i++) {
        bool matched = false;
        s = match(r, ((const onr_string *)x->data)[i], data, &matched);
        y[i] = matched;
    }
    pcre2_match_data_free(data);
    pcre2_general_context_free(memory);
    return s;
}
#else
static onr_status check_regex(const onr_node *node, void *params, onr_arena *a, onr_err *err) {
    (void)node, (void)params, (void)a;
    return onr_fail(err, ONR_UNSUPPORTED, "RegexFullMatch needs PCRE2; this build was made with -DONR_PCRE2=OFF");
}
static onr_status run_regex(const onr_run *r) { return onr_fail(r->err, ONR_INTERNAL, "RegexFullMatch was left out"); }
#endif

static const onr_attr_spec regex[] = {
    {.name = "pattern", .kind = ONR_ATTR_STRING, .offset = offsetof(regex_params, pattern), .required = true},
    ONR_ATTR_ARRAY_END};

static const onr_op rows[] = {
    {ONR_AI("RegexFullMatch", 20, 0), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE, .types = ONR_T_STRING,
     ONR_PARAMS(regex, regex_params), .check = check_regex, .infer = infer_regex, .run = run_regex},
};
ONR_OP_FAMILY(regex);
