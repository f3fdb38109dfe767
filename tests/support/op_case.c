// op_case.c: one operator on given tensors, written as text.
// May assume: what op_case.h says of the syntax; a mistake in it ends the test. Never looks at an operator's meaning.
#include "support/op_case.h"

#include "graph/edit.h"
#include "ops/eval.h"
#include "support/tensor_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/cmocka.h"

enum { MOST = 16 };

typedef struct bench {
    const op_case *c;
    onr_arena *arena;
    onr_graph *graph;
    onr_node *node;
    onr_datum in[MOST], want[MOST];
    bool left_out[MOST], unwanted[MOST];
    int n_in, n_out;
    onr_err err;
} bench;

static text_reader reader(const bench *b) { return (text_reader){.what = b->c->op, .arena = b->arena}; }

/// A tensor, a map or a sequence.
static const char *read_value(const text_reader *r, const char *s, onr_datum *out) {
    s = text_blanks(s);
    if (*s != '{' && *s != '<') return text_tensor(r, s, out);
    const char close = *s == '{' ? '}' : '>', between = *s == '{' ? ':' : ';';
    *out = (onr_datum){.kind = *s == '{' ? ONR_MAP : ONR_SEQUENCE};
    out->item = onr_arena_calloc(r->arena, MOST, sizeof *out->item);
    onr_type *elem = onr_arena_alloc(r->arena, sizeof *elem);
    assert_true(out->item && elem);
    for (s++; *(s = text_blanks(s)) != close;) {
        if (out->n == MOST) text_wrong(r, s);
        s = text_blanks(read_value(r, s, &out->item[out->n++]));
        if (*s == between)
            s++;
        else if (*s != close)
            text_wrong(r, s);
    }
    if (out->kind == ONR_MAP && out->n != 2) text_wrong(r, s);
    if (out->n) *elem = onr_datum_type(&out->item[out->n - 1]);
    if (out->kind == ONR_MAP) elem->shape = (onr_shape){.rank = 0}; // of each value
    if (out->n) out->elem = elem;
    return text_blanks(s + 1);
}

static int read_list(bench *b, const char *s, onr_datum *out, bool *omitted) {
    text_reader r = reader(b);
    int n = 0;
    for (s = text_blanks(s); *s; s = text_blanks(s)) {
        if (n == MOST) text_wrong(&r, s);
        if (*s == '_')
            omitted[n] = true, s = text_blanks(s + 1);
        else
            s = read_value(&r, s, &out[n]);
        n++;
        if (*s == '|')
            s++;
        else if (*s)
            text_wrong(&r, s);
    }
    return n;
}

static void read_attrs(bench *b) {
    text_reader r = reader(b);
    for (const char *s = text_blanks(b->c->attrs); *s; s = text_blanks(s)) {
        onr_attr a;
        s = text_attr(&r, s, &a);
        assert_true(onr_node_set_attr(b->node, &a));
    }
}

// ---- running
// -------------------------------------------------------------------------------------------------------------------------

static void build(bench *b) {
    onr_value *in[MOST] = {NULL}, *out[MOST] = {NULL};
    onr_symbols *symbols = onr_arena_alloc(b->arena, sizeof *symbols);
    onr_symbols_init(symbols, b->arena);
    b->graph = onr_graph_new(b->arena, "case", symbols);
    b->n_in = read_list(b, b->c->in, b->in, b->left_out);
    b->n_out = b->c->out[0] == '!' ? 1 : read_list(b, b->c->out, b->want, b->unwanted);
    for (int i = 0; i < b->n_in; i++)
        if (!b->left_out[i]) in[i] = onr_graph_add_temp(b->graph, "in");
    for (int i = 0; i < b->n_out; i++)
        if (!b->unwanted[i]) out[i] = onr_graph_add_temp(b->graph, "out");
    const char *name = strrchr(b->c->op, '.'), *domain = "";
    if (name) domain = onr_arena_strndup(b->arena, b->c->op, (size_t)(name - b->c->op));
    name = name ? name + 1 : b->c->op;
    b->node = onr_graph_add_node(b->graph, NULL, domain, name, b->c->opset, NULL, in, b->n_in, out, b->n_out);
    assert_non_null(b->node);
    read_attrs(b);
}

static bool same_number(const onr_tensor *got, const onr_tensor *want, int64_t i, double tolerance) {
    if (!onr_dtype_is_float(want->dtype)) {
        size_t e = onr_dtype_size(want->dtype);
        return memcmp((const char *)got->data + (size_t)i * e, (const char *)want->data + (size_t)i * e, e) == 0;
    }
    double x = onr_tensor_num(got, i), y = onr_tensor_num(want, i);
    return x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= tolerance * (fabs(y) > 1 ? fabs(y) : 1);
}

static void compare_tensors(const bench *b, int i, const onr_tensor *x, const onr_tensor *y, const char *how) {
    const op_case *c = b->c;
    for (int64_t k = 0; k < onr_tensor_numel(y); k++) {
        if (y->dtype == ONR_STRING) {
            const onr_string *s = (const onr_string *)x->data + k, *w = (const onr_string *)y->data + k;
            if (s->n != w->n || memcmp(s->s, w->s, s->n) != 0)
                fail_msg("%s-%d(%s; %s) %s: output %d[%d] is '%.*s', expected '%.*s'", c->op, c->opset, c->in, c->attrs, how, i,
                         (int)k, (int)s->n, s->s, (int)w->n, w->s);
        } else if (!same_number(x, y, k, c->tolerance > 0 ? c->tolerance : 1e-6)) {
            fail_msg("%s-%d(%s; %s) %s: output %d[%d] is %.9g, expected %.9g", c->op, c->opset, c->in, c->attrs, how, i, (int)k,
                     onr_tensor_num(x, k), onr_tensor_num(y, k));
        }
    }
}

static void compare(const bench *b, int i, const onr_datum *got, const onr_datum *want, const char *how) {
    const op_case *c = b->c;
    char tx[ONR_TYPE_TEXT], ty[ONR_TYPE_TEXT];
    onr_type gt = onr_datum_type(got), wt = onr_datum_type(want);
    if (!want->elem && want->kind == ONR_SEQUENCE) wt.elem = gt.elem; // an empty one says nothing of its items
    if (!onr_type_equal(&gt, &wt) || got->n != want->n)
        fail_msg("%s-%d(%s; %s) %s: output %d is %s with %zu items, expected %s with %zu", c->op, c->opset, c->in, c->attrs,
                 how, i, onr_type_text(&gt, NULL, tx), got->n, onr_type_text(&wt, NULL, ty), want->n);
    if (want->kind == ONR_TENSOR) compare_tensors(b, i, &got->t, &want->t, how);
    for (size_t k = 0; k < want->n; k++) compare(b, i, &got->item[k], &want->item[k], how);
}

static void check_failure(const bench *b, onr_status s) {
    const op_case *c = b->c;
    bool any = c->out[1] == '?';
    const char *words = text_blanks(c->out + (any ? 2 : 1));
    if (s == ONR_OK || (!any && s != ONR_INVALID) || !strstr(b->err.text, words))
        fail_msg("%s-%d(%s; %s): status %s, '%s', expected a failure with '%s'", c->op, c->opset, c->in, c->attrs,
                 onr_status_name(s), b->err.text, words);
}

static onr_status evaluate(bench *b, const onr_target *target, onr_pool *pool, const char *how) {
    uint64_t random = 1;
    onr_env env = {.target = target, .pool = pool, .random = &random};
    const onr_datum *in[MOST];
    onr_datum out[MOST] = {{0}};
    for (int i = 0; i < b->n_in; i++) in[i] = b->left_out[i] ? NULL : &b->in[i];
    b->err = (onr_err){0};
    onr_status s = onr_eval(b->node, in, NULL, out, &env, &b->err);
    if (b->c->out[0] != '!') {
        if (s != ONR_OK) fail_msg("%s-%d(%s; %s) %s: %s", b->c->op, b->c->opset, b->c->in, b->c->attrs, how, b->err.text);
        for (int i = 0; i < b->n_out; i++)
            if (!b->unwanted[i]) compare(b, i, &out[i], &b->want[i], how);
    }
    for (int i = 0; i < b->n_out; i++) onr_datum_release(&out[i]);
    return s;
}

void op_case_run(const op_case *c) {
    bench b = {.c = c, .arena = onr_arena_new(0)};
    assert_non_null(b.arena);
    build(&b);
    onr_status s = onr_node_resolve(b.node, b.arena, &b.err);
    if (s != ONR_OK && c->out[0] != '!') fail_msg("%s-%d(%s): %s", c->op, c->opset, c->attrs, b.err.text);
    onr_target target = {.opt_level = 2, .allow_winograd = true};
    onr_cpu_detect(&target.cpu);
    onr_target plain = {.reference = true};
    onr_pool *pool = onr_pool_new(2);
    onr_pool_await(pool);
    if (s == ONR_OK) {
        evaluate(&b, &plain, NULL, "with reference kernels");
        evaluate(&b, &target, pool, "with two threads");
        s = evaluate(&b, &target, NULL, "with one thread");
    }
    if (c->out[0] == '!') check_failure(&b, s);
    onr_pool_free(pool);
    onr_arena_free(b.arena);
}

void op_cases_run(const op_case *cases, size_t n) {
    for (size_t i = 0; i < n; i++) op_case_run(&cases[i]);
}
