// op_case.c: one operator on given tensors, written as text.
// May assume: what op_case.h says of the syntax; a mistake in it ends the test. Never looks at an operator's meaning.
#include "support/op_case.h"

#include "graph/edit.h"
#include "ops/cast.h"
#include "ops/eval.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

static void syntax(const bench *b, const char *at) { fail_msg("%s: cannot read '%s'", b->c->op, at); }

static const char *blanks(const char *s) {
    while (*s == ' ' || *s == '\n') s++;
    return s;
}

// ---- tensors from text
// -------------------------------------------------------------------------------------------------------------

static const char *read_string(bench *b, const char *s, onr_string *out) {
    s = blanks(s);
    if (*s != '\'') syntax(b, s);
    const char *end = strchr(s + 1, '\'');
    if (!end) syntax(b, s);
    *out = (onr_string){onr_arena_strndup(b->arena, s + 1, (size_t)(end - s - 1)), (size_t)(end - s - 1)};
    return end + 1;
}

static const char *read_number(bench *b, const char *s, onr_dtype t, void *dst) {
    char *end;
    if (onr_dtype_is_float(t) || t == ONR_COMPLEX64 || t == ONR_COMPLEX128) {
        double v = strtod(s, &end);
        if (t == ONR_COMPLEX64 || t == ONR_COMPLEX128) { // "1,-2": real, imaginary
            double im = *end == ',' ? strtod(end + 1, &end) : 0;
            if (t == ONR_COMPLEX64)
                ((float *)dst)[0] = (float)v, ((float *)dst)[1] = (float)im;
            else
                ((double *)dst)[0] = v, ((double *)dst)[1] = im;
        } else {
            onr_cast_numbers(ONR_DOUBLE, &v, t, dst, 1, false, ONR_E8M0_NEAREST, NULL);
        }
    } else if (t == ONR_UINT64) {
        *(uint64_t *)dst = strtoull(s, &end, 10);
    } else {
        int64_t v = strtoll(s, &end, 10);
        onr_cast_numbers(ONR_INT64, &v, t, dst, 1, true, ONR_E8M0_UP, NULL);
    }
    if (end == s) syntax(b, s);
    return end;
}

static const char *read_type(bench *b, const char *s, onr_dtype *t, onr_shape *shape) {
    char name[32];
    size_t n = strcspn(s, "[");
    if (!s[n] || n >= sizeof name) syntax(b, s);
    memcpy(name, s, n);
    name[n] = 0;
    *t = onr_dtype_parse(name);
    if (!*t) syntax(b, s);
    *shape = (onr_shape){.rank = 0};
    for (s += n + 1; *s != ']';) {
        char *end;
        shape->dim[shape->rank++] = strtoll(s, &end, 10);
        if (end == s) syntax(b, s);
        s = *end == 'x' ? end + 1 : end;
    }
    return s + 1;
}

static const char *read_tensor(bench *b, const char *s, onr_datum *out) {
    onr_dtype t;
    onr_shape shape;
    s = blanks(read_type(b, s, &t, &shape));
    int64_t n = 0;
    assert_true(onr_shape_numel(&shape, &n));
    size_t e = onr_dtype_size(t);
    char *data = onr_arena_alloc(b->arena, (size_t)n * e + 16);
    assert_non_null(data);
    for (int64_t i = 0; i < n; i++) {
        if (i == 1 && (!*s || *s == '|' || *s == ')')) { // one value fills all
            for (int64_t k = 1; k < n; k++) memcpy(data + (size_t)k * e, data, e);
            break;
        }
        s = blanks(t == ONR_STRING ? read_string(b, s, (onr_string *)(void *)data + i)
                                   : read_number(b, s, t, data + (size_t)i * e));
    }
    *out = onr_datum_borrow(t, &shape, data);
    return blanks(s);
}

static int read_list(bench *b, const char *s, onr_datum *out, bool *omitted) {
    int n = 0;
    for (s = blanks(s); *s; s = blanks(s)) {
        if (n == MOST) syntax(b, s);
        if (*s == '_')
            omitted[n] = true, s = blanks(s + 1);
        else
            s = read_tensor(b, s, &out[n]);
        n++;
        if (*s == '|')
            s++;
        else if (*s)
            syntax(b, s);
    }
    return n;
}

// ---- attributes from text
// ------------------------------------------------------------------------------------------------------------

static bool is_float_text(const char *s) {
    size_t n = strcspn(s, " ,]");
    for (size_t i = 0; i < n; i++)
        if (s[i] == '.') return true;
    return false;
}

static const char *read_attr_list(bench *b, const char *s, onr_attr *a) {
    enum { LONGEST = 64 };
    int64_t *ints = onr_arena_calloc(b->arena, LONGEST, sizeof *ints);
    float *floats = onr_arena_calloc(b->arena, LONGEST, sizeof *floats);
    onr_string *strings = onr_arena_calloc(b->arena, LONGEST, sizeof *strings);
    a->kind = *blanks(s) == '\'' ? ONR_ATTR_STRINGS : is_float_text(s) ? ONR_ATTR_FLOATS : ONR_ATTR_INTS;
    while (*(s = blanks(s)) != ']') {
        char *end = NULL;
        if (a->kind == ONR_ATTR_STRINGS)
            s = read_string(b, s, &strings[a->n]);
        else if (a->kind == ONR_ATTR_FLOATS)
            floats[a->n] = strtof(s, &end);
        else
            ints[a->n] = strtoll(s, &end, 10);
        if (end == s) syntax(b, s);
        if (end) s = end;
        if (*s == ',') s++;
        a->n++;
    }
    if (a->kind == ONR_ATTR_STRINGS)
        a->strings = strings;
    else if (a->kind == ONR_ATTR_FLOATS)
        a->floats = floats;
    else
        a->ints = ints;
    return s + 1;
}

static void read_attrs(bench *b) {
    for (const char *s = blanks(b->c->attrs); *s; s = blanks(s)) {
        size_t n = strcspn(s, "=");
        onr_attr a = {.name = onr_arena_strndup(b->arena, s, n)};
        s += n + 1;
        char *end = NULL;
        if (*s == '\'') {
            a.kind = ONR_ATTR_STRING;
            s = read_string(b, s, &a.s);
        } else if (*s == '[') {
            s = read_attr_list(b, s + 1, &a);
        } else if (*s == '(') {
            onr_datum *d = onr_arena_alloc(b->arena, sizeof *d);
            a.kind = ONR_ATTR_TENSOR;
            s = read_tensor(b, s + 1, d) + 1;
            a.tensor = d;
        } else if (is_float_text(s)) {
            a.kind = ONR_ATTR_FLOAT;
            a.f = strtof(s, &end);
        } else {
            a.kind = ONR_ATTR_INT;
            a.i = strtoll(s, &end, 10);
        }
        if (end == s) syntax(b, s);
        if (end) s = end;
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

static void compare(const bench *b, int i, const onr_datum *got, const char *how) {
    const op_case *c = b->c;
    const onr_tensor *x = &got->t, *y = &b->want[i].t;
    char tx[ONR_TYPE_TEXT], ty[ONR_TYPE_TEXT];
    onr_type gt = onr_datum_type(got), wt = onr_datum_type(&b->want[i]);
    if (!onr_type_equal(&gt, &wt))
        fail_msg("%s-%d(%s; %s) %s: output %d is %s, expected %s", c->op, c->opset, c->in, c->attrs, how, i,
                 onr_type_text(&gt, NULL, tx), onr_type_text(&wt, NULL, ty));
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

static void check_failure(const bench *b, onr_status s) {
    const op_case *c = b->c;
    bool any = c->out[1] == '?';
    const char *words = blanks(c->out + (any ? 2 : 1));
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
            if (!b->unwanted[i]) compare(b, i, &out[i], how);
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
