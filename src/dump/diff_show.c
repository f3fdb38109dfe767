// diff_show.c: differences as text and JSON.
// May assume: nothing changes while it looks. Never judges.
#include "dump/diff.h"
#include "dump/wrap.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {"opset",    "input",     "output", "only-in-a", "only-in-b",
                                    "operator", "attribute", "source", "weight",    "type"};

// ---- text -------------------------------------------------------------------------------------------------------------------

/// One line, wrapped, with its further lines two columns to the right.
static void line(size_t indent, onr_str *out, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void line(size_t indent, onr_str *out, const char *fmt, ...) {
    char text[4096];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    onr_str_printf(out, "%*s", (int)indent, "");
    onr_wrap(indent, indent + 2, text, out);
}

static const char *or_nothing(const char *s) { return s ? s : "(nothing)"; }

static void weight_line(const onr_difference *e, onr_str *out) {
    char angle[48] = "";
    if (!isnan(e->cosine)) snprintf(angle, sizeof angle, ", cosine %.9g", e->cosine);
    const char *what = e->kind == ONR_DIFF_ATTRIBUTE ? "attribute" : "weight";
    if (e->elements)
        line(4, out, "%s '%s': %s: %" PRId64 " of %" PRId64 " elements differ, by up to %.6g%s", what, e->what, e->a,
             e->different, e->elements, e->max_abs, angle);
    else
        line(4, out, "%s '%s': %s -> %s", what, e->what, or_nothing(e->a), or_nothing(e->b));
}

static void detail_line(const onr_difference *e, onr_str *out) {
    switch (e->kind) {
    case ONR_DIFF_OPERATOR: line(4, out, "operator: %s -> %s", e->a, e->b); break;
    case ONR_DIFF_SOURCE: line(4, out, "input %d: %s -> %s", (int)e->slot, e->a, e->b); break;
    case ONR_DIFF_TYPE: line(4, out, "output '%s': %s -> %s", e->what, e->a, e->b); break;
    default: weight_line(e, out); break;
    }
}

/// What is not about a node.
static void model_line(const onr_difference *e, onr_str *out) {
    const char *word = kinds[e->kind], *space = e->kind == ONR_DIFF_OPSET ? " " : "", *what = *space ? e->what : "";
    char sign = !e->b ? '-' : !e->a ? '+' : '~';
    if (sign == '~')
        line(0, out, "~ %s%s%s %s -> %s", word, space, what, e->a, e->b);
    else
        line(0, out, "%c %s%s%s %s", sign, word, space, what, e->a ? e->a : e->b);
}

static bool same_pair(const onr_difference *d, const onr_difference *e) {
    return d->node_a && d->node_b && strcmp(d->node_a, e->node_a ? e->node_a : "") == 0 &&
           strcmp(d->node_b, e->node_b ? e->node_b : "") == 0;
}

static void node_line(const onr_difference *e, onr_str *out) {
    if (e->kind == ONR_DIFF_ONLY_A)
        line(0, out, "- %s '%s'", e->op, e->node_a);
    else if (e->kind == ONR_DIFF_ONLY_B)
        line(0, out, "+ %s '%s'", e->op, e->node_b);
    else if (strcmp(e->node_a, e->node_b) == 0)
        line(0, out, "~ %s '%s'", e->op, e->node_a);
    else
        line(0, out, "~ %s '%s', in b '%s'", e->op, e->node_a, e->node_b);
}

static void counts(const onr_diff *d, onr_str *out) {
    char renamed[64] = "";
    if (d->n_renamed) snprintf(renamed, sizeof renamed, " (%" PRId64 " under another name)", d->n_renamed);
    line(0, out, "nodes: %" PRId64 " in a, %" PRId64 " in b, %" PRId64 " in both%s", d->n_a, d->n_b, d->n_matched, renamed);
    if (d->n_consequences)
        line(0, out, "%" PRId64 " further tensors have other types, because those of their node's inputs are other ones",
             d->n_consequences);
    if (d->n == 0)
        onr_str_add(out, "equal\n");
    else
        line(0, out, "%zu difference%s", d->n, d->n == 1 ? "" : "s");
}

void onr_diff_text(const onr_diff *d, onr_str *out) {
    line(0, out, "a: %s", d->a->path);
    line(0, out, "b: %s", d->b->path);
    for (size_t i = 0; i < d->n; i++) {
        const onr_difference *e = &d->of[i];
        if (!e->node_a && !e->node_b) {
            model_line(e, out);
            continue;
        }
        if (i == 0 || !same_pair(&d->of[i - 1], e)) node_line(e, out);
        if (e->kind != ONR_DIFF_ONLY_A && e->kind != ONR_DIFF_ONLY_B) detail_line(e, out);
    }
    counts(d, out);
}

// ---- JSON -------------------------------------------------------------------------------------------------------------------

static void member(const char *key, const char *value, onr_str *out) {
    onr_str_printf(out, ", \"%s\": ", key);
    onr_str_json(out, value);
}

static void object(const onr_difference *e, onr_str *out) {
    onr_str_printf(out, "{\"kind\": \"%s\"", kinds[e->kind]);
    if (e->op) member("op", e->op, out);
    if (e->node_a) member("node_a", e->node_a, out);
    if (e->node_b) member("node_b", e->node_b, out);
    if (e->what) member("name", e->what, out);
    if (e->kind == ONR_DIFF_SOURCE || e->kind == ONR_DIFF_WEIGHT) onr_str_printf(out, ", \"slot\": %d", (int)e->slot);
    if (e->kind != ONR_DIFF_ONLY_A && e->kind != ONR_DIFF_ONLY_B) {
        member("a", e->a, out);
        member("b", e->b, out);
    }
    if (e->elements) {
        onr_str_printf(out, ", \"elements\": %" PRId64 ", \"different\": %" PRId64 ", \"max_abs\": ", e->elements,
                       e->different);
        onr_str_json_num(out, e->max_abs);
        onr_str_add(out, ", \"cosine\": ");
        if (isnan(e->cosine))
            onr_str_add(out, "null");
        else
            onr_str_json_num(out, e->cosine);
    }
    onr_str_add(out, "}");
}

void onr_diff_json(const onr_diff *d, onr_str *out) {
    onr_str_add(out, "{\"version\": 1");
    member("a", d->a->path, out);
    member("b", d->b->path, out);
    onr_str_printf(out,
                   ", \"equal\": %s,\n \"nodes\": {\"a\": %" PRId64 ", \"b\": %" PRId64 ", \"both\": %" PRId64
                   ", \"renamed\": %" PRId64 "}, \"consequences\": %" PRId64 ",\n \"differences\": [",
                   d->n == 0 ? "true" : "false", d->n_a, d->n_b, d->n_matched, d->n_renamed, d->n_consequences);
    for (size_t i = 0; i < d->n; i++) {
        onr_str_add(out, i ? ",\n  " : "\n  ");
        object(&d->of[i], out);
    }
    onr_str_add(out, "]}\n");
}
