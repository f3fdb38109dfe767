// show.c: attributes, constants, types and operators in a few words.
// May assume: nothing. Never writes more than a line.
#include "dump/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 8, SHOWN_CHARS = 40 };

const char *onr_stage_name(onr_stage s) {
    static const char *const names[] = {"model", "graph", "optimized", "plan", "memory"};
    return names[s];
}

void onr_show_type(const onr_type *t, const onr_symbols *symbols, onr_str *out) {
    char text[ONR_TYPE_TEXT];
    onr_str_add(out, onr_type_text(t, symbols, text));
}

void onr_show_op(const onr_node *n, onr_str *out) {
    if (*n->domain && strcmp(n->domain, "ai.onnx") != 0) onr_str_printf(out, "%s.", n->domain);
    onr_str_add(out, n->op_type);
}

static void show_string(onr_string s, onr_str *out) {
    onr_str_add(out, "'");
    for (size_t i = 0; i < s.n && i < SHOWN_CHARS; i++) {
        unsigned char c = (unsigned char)s.s[i];
        if (c < 32 || c == 127)
            onr_str_printf(out, "\\x%02x", c);
        else
            onr_str_addn(out, &s.s[i], 1);
    }
    onr_str_add(out, s.n > SHOWN_CHARS ? "...'" : "'");
}

static void show_element(const onr_tensor *t, int64_t i, onr_str *out) {
    if (t->dtype == ONR_STRING)
        show_string(((const onr_string *)t->data)[i], out);
    else if (onr_dtype_is_integer(t->dtype) || t->dtype == ONR_BOOL)
        onr_str_printf(out, "%" PRId64, onr_tensor_int(t, i));
    else
        onr_str_printf(out, "%.6g", onr_tensor_num(t, i));
}

void onr_show_tensor(const onr_tensor *t, onr_str *out) {
    int64_t n = onr_tensor_numel(t);
    onr_str_add(out, "{");
    for (int64_t i = 0; i < n && i < SHOWN; i++) {
        if (i) onr_str_add(out, ", ");
        show_element(t, i, out);
    }
    onr_str_add(out, n > SHOWN ? ", ...}" : "}");
}

static void show_list(const onr_attr *a, onr_str *out) {
    onr_str_add(out, "[");
    for (size_t i = 0; i < a->n && i < 2 * SHOWN; i++) {
        if (i) onr_str_add(out, ", ");
        if (a->kind == ONR_ATTR_INTS)
            onr_str_printf(out, "%" PRId64, a->ints[i]);
        else if (a->kind == ONR_ATTR_FLOATS)
            onr_str_printf(out, "%.6g", (double)a->floats[i]);
        else
            show_string(a->strings[i], out);
    }
    onr_str_add(out, a->n > 2 * SHOWN ? ", ...]" : "]");
}

void onr_show_attr(const onr_attr *a, const onr_symbols *symbols, onr_str *out) {
    switch (a->kind) {
    case ONR_ATTR_FLOAT: onr_str_printf(out, "%.6g", (double)a->f); break;
    case ONR_ATTR_INT: onr_str_printf(out, "%" PRId64, a->i); break;
    case ONR_ATTR_STRING: show_string(a->s, out); break;
    case ONR_ATTR_FLOATS:
    case ONR_ATTR_INTS:
    case ONR_ATTR_STRINGS: show_list(a, out); break;
    case ONR_ATTR_TENSOR:
    case ONR_ATTR_SPARSE_TENSOR: {
        onr_type t = onr_datum_type(a->tensor);
        onr_show_type(&t, symbols, out);
        if (a->tensor->kind == ONR_TENSOR) {
            onr_str_add(out, " ");
            onr_show_tensor(&a->tensor->t, out);
        }
        break;
    }
    case ONR_ATTR_GRAPH: onr_str_printf(out, "{graph %s}", a->graph->name); break;
    case ONR_ATTR_TYPE: onr_show_type(a->type, symbols, out); break;
    default: onr_str_printf(out, "{%zu items}", a->n); break;
    }
}

// ---- counting operators
// ------------------------------------------------------------------------------------------------------------

typedef struct counter {
    onr_arena *arena;
    onr_op_count *list;
    size_t n;
} counter;

static void count_node(counter *c, const onr_node *n) {
    const char *name = n->op_type;
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->list[i].name, name) == 0 && strcmp(c->list[i].domain, n->domain) == 0) {
            c->list[i].n++;
            return;
        }
    if ((c->n & (c->n - 1)) == 0) { // full: the list doubles
        onr_op_count *grown = onr_arena_grow(c->arena, c->list, c->n, c->n ? 2 * c->n : 1, sizeof *grown);
        if (!grown) return;
        c->list = grown;
    }
    c->list[c->n++] = (onr_op_count){n->domain, n->op_type, 1};
}

static void count_graph(counter *c, const onr_graph *g) {
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const onr_node *n = g->nodes[i];
        if (n->dead) continue;
        count_node(c, n);
        for (int32_t k = 0; k < n->n_attr; k++) {
            if (n->attr[k].kind == ONR_ATTR_GRAPH) count_graph(c, n->attr[k].graph);
            for (size_t j = 0; n->attr[k].kind == ONR_ATTR_GRAPHS && j < n->attr[k].n; j++)
                count_graph(c, n->attr[k].graphs[j]);
        }
    }
}

static int most_first(const void *pa, const void *pb) {
    const onr_op_count *a = pa, *b = pb;
    if (a->n != b->n) return a->n > b->n ? -1 : 1;
    return strcmp(a->name, b->name);
}

size_t onr_count_ops(const onr_graph *g, onr_arena *arena, onr_op_count **out) {
    counter c = {.arena = arena};
    count_graph(&c, g);
    if (c.n) qsort(c.list, c.n, sizeof *c.list, most_first);
    *out = c.list;
    return c.n;
}

onr_status onr_show_prepare(const onr_node *n, const onr_typing *t, onr_arena *a, onr_prepared *p, onr_err *err) {
    const onr_target target = {.reference = true};
    const onr_type **in = onr_arena_calloc(a, (size_t)n->n_in, sizeof *in);
    const onr_datum **constant = onr_arena_calloc(a, (size_t)n->n_in, sizeof *constant);
    onr_type *out = onr_arena_calloc(a, (size_t)n->n_out, sizeof *out);
    bool known = !(n->op->flags & ONR_OP_DYNAMIC);
    *p = (onr_prepared){0};
    if (!in || !constant || !out) return onr_no_memory(err, sizeof *out);
    for (int32_t k = 0; known && k < n->n_in; k++) {
        if (!n->in[k]) continue;
        in[k] = &t->type[n->in[k]->id];
        constant[k] = t->constant[n->in[k]->id];
        known = in[k]->kind == ONR_TENSOR && onr_shape_known(&in[k]->shape);
    }
    for (int32_t k = 0; known && k < n->n_out; k++) {
        if (!n->out[k]) continue;
        out[k] = t->type[n->out[k]->id];
        known = out[k].kind == ONR_TENSOR && onr_shape_known(&out[k].shape);
    }
    return known ? onr_op_prepare(n, in, constant, out, &target, a, NULL, NULL, p, err) : ONR_OK;
}
