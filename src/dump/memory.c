// memory.c: what a plan needs before anything runs: the peak, who is alive there, who shares memory; as text and JSON.
// May assume: a finished plan. Never leaves out a share.
#include "dump/memory.h"

#include "dump/show.h"

#include <stdlib.h>
#include <string.h>

static const onr_step *peak_step(const onr_plan *p) {
    return p->n_steps ? &p->steps[p->peak_step < p->n_steps ? p->peak_step : p->n_steps - 1] : NULL;
}

onr_piece *onr_memory_pieces(const onr_plan *p) {
    onr_piece *list = onr_malloc((p->n_intervals + 1) * sizeof *list);
    if (!list) return NULL;
    for (size_t i = 0; i < p->n_intervals; i++)
        list[i] = (onr_piece){.first = p->intervals[i].first,
                              .last = p->intervals[i].last,
                              .bytes = p->intervals[i].bytes,
                              .offset = p->offsets[i],
                              .name = ""};
    for (int32_t i = 0; i < p->graph->n_values; i++) {
        const onr_slot *s = &p->slots[i];
        if (s->place != ONR_PLACE_ARENA || s->interval < 0) continue;
        onr_piece *piece = &list[s->interval];
        if (s->root == i) piece->name = p->graph->values[i]->name;
        piece->n_values++;
        if (p->graph->values[i]->n_output) piece->is_output = true;
    }
    if (p->lanes >= 0) list[p->lanes].name = "(image by image)";
    if (p->workers >= 0) {
        list[p->workers].name = "the threads";
        list[p->workers].is_scratch = true;
    }
    for (int32_t i = 0; i < p->n_steps; i++) {
        if (p->steps[i].scratch < 0 || (p->steps[i].images && p->n_lanes)) continue;
        list[p->steps[i].scratch].name = p->steps[i].op.node->name;
        list[p->steps[i].scratch].is_scratch = true;
    }
    return list;
}

static int largest_first(const void *pa, const void *pb) {
    const onr_piece *a = pa, *b = pb;
    if (a->bytes != b->bytes) return a->bytes > b->bytes ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

/// The pieces that live at the peak, largest first, moved to the front; returns how many.
static size_t alive(const onr_plan *p, onr_piece *list) {
    size_t n = 0;
    for (size_t i = 0; i < p->n_intervals; i++)
        if (list[i].first <= p->peak_step && p->peak_step <= list[i].last) list[n++] = list[i];
    qsort(list, n, sizeof *list, largest_first);
    return n;
}

/// The value whose memory output 0 of a step shares, when it does; *in_place tells how.
static const onr_value *shares_with(const onr_plan *p, const onr_step *step, bool *in_place) {
    const onr_node *n = step->op.node;
    *in_place = step->inplace >= 0;
    if (*in_place) return n->in[step->inplace];
    if (step->dynamic || n->n_out == 0 || !n->out[0] || p->slots[n->out[0]->id].root == n->out[0]->id) return NULL;
    return n->in[0];
}

static void count_steps(const onr_plan *p, int32_t *n_in_place, int32_t *n_views, int32_t *n_dynamic) {
    *n_in_place = *n_views = *n_dynamic = 0;
    for (int32_t i = 0; i < p->n_steps; i++) {
        bool in_place;
        const onr_value *with = shares_with(p, &p->steps[i], &in_place);
        *n_in_place += in_place;
        *n_views += with && !in_place;
        *n_dynamic += p->steps[i].dynamic;
    }
}

static void step_name(const onr_plan *p, int32_t i, onr_str *out) {
    if (i >= p->n_steps) {
        onr_str_add(out, "the end");
        return;
    }
    onr_str_printf(out, "step %d, ", i);
    onr_show_op(p->steps[i].op.node, out);
    onr_str_printf(out, " '%s'", p->steps[i].op.node->name);
}

static void alive_lines(const onr_plan *p, const onr_piece *list, size_t n, onr_str *out) {
    char bytes[32];
    onr_str_add(out, "\nalive at ");
    step_name(p, p->peak_step, out);
    onr_str_add(out, "\n         size  share      steps  value\n");
    for (size_t i = 0; i < n; i++)
        onr_str_printf(out, "  %11s  %4.0f%%  %3d to %3d  %s%s%s\n", onr_str_bytes(bytes, list[i].bytes),
                       p->live_peak_bytes ? 100.0 * (double)list[i].bytes / (double)p->live_peak_bytes : 0.0, list[i].first,
                       list[i].last, list[i].is_scratch ? "scratch of " : "", list[i].name,
                       list[i].is_output ? " (an output)" : "");
}

static void share_lines(const onr_plan *p, onr_str *out) {
    bool any = false;
    for (int32_t i = 0; i < p->n_steps; i++) {
        bool in_place;
        const onr_value *with = shares_with(p, &p->steps[i], &in_place);
        if (!with) continue;
        if (!any) onr_str_add(out, "\nshared memory\n");
        any = true;
        onr_str_add(out, "  ");
        step_name(p, i, out);
        onr_str_printf(out, ": %s %s %s\n", p->steps[i].op.node->out[0]->name, in_place ? "takes over" : "is a view of",
                       with->name);
    }
}

void onr_memory_text(const onr_dump_source *s, onr_str *out) {
    const onr_plan *p = s->plan;
    int32_t n_in_place, n_views, n_dynamic;
    char a[32], b[32], c[32];
    count_steps(p, &n_in_place, &n_views, &n_dynamic);
    onr_str_printf(out, "memory       %s: arena %s, weights %s\n",
                   onr_str_bytes(a, p->arena_bytes + s->packed_bytes + p->constant_bytes), onr_str_bytes(b, p->arena_bytes),
                   onr_str_bytes(c, s->packed_bytes + p->constant_bytes));
    onr_str_printf(out, "peak         %s alive at ", onr_str_bytes(a, p->live_peak_bytes));
    step_name(p, p->peak_step, out);
    onr_str_printf(out, "\nweights      %s packed for the kernels, %s read as they are\n", onr_str_bytes(a, s->packed_bytes),
                   onr_str_bytes(b, p->constant_bytes));
    onr_str_printf(out, "steps        %d: %d in place, %d views", p->n_steps, n_in_place, n_views);
    if (n_dynamic) onr_str_printf(out, "; %d with shapes known only while running, whose memory comes on top", n_dynamic);
    onr_str_add(out, "\n");
    for (int32_t i = 0; i < p->graph->n_inputs; i++) {
        onr_str_printf(out, "%-12s %s: ", i ? "" : "inputs", p->graph->inputs[i]->name);
        onr_show_type(&p->inputs[i], NULL, out);
        onr_str_add(out, " (the caller's memory)\n");
    }
    onr_piece *list = onr_memory_pieces(p);
    out->failed |= !list;
    if (list && p->n_intervals) alive_lines(p, list, alive(p, list), out);
    onr_free(list);
    share_lines(p, out);
}

static void piece_json(const onr_piece *piece, onr_str *out) {
    onr_str_add(out, "{\"name\": ");
    onr_str_json(out, piece->name);
    onr_str_printf(out, ", \"kind\": \"%s\", \"bytes\": %zu, \"offset\": %zu, \"first\": %d, \"last\": %d}",
                   piece->is_scratch  ? "scratch"
                   : piece->is_output ? "output"
                                      : "activation",
                   piece->bytes, piece->offset, piece->first, piece->last);
}

static void shares_json(const onr_plan *p, onr_str *out) {
    bool any = false;
    for (int32_t i = 0; i < p->n_steps; i++) {
        bool in_place;
        const onr_value *with = shares_with(p, &p->steps[i], &in_place);
        if (!with) continue;
        onr_str_printf(out, "%s{\"step\": %d, \"kind\": \"%s\", \"value\": ", any ? ", " : "", i,
                       in_place ? "in-place" : "view");
        any = true;
        onr_str_json(out, p->steps[i].op.node->out[0]->name);
        onr_str_add(out, ", \"of\": ");
        onr_str_json(out, with->name);
        onr_str_add(out, "}");
    }
}

void onr_memory_json(const onr_dump_source *s, onr_str *out) {
    const onr_plan *p = s->plan;
    const onr_step *at = peak_step(p);
    onr_piece *list = onr_memory_pieces(p);
    out->failed |= !list;
    onr_str_add(out, "{\"version\": 1, \"model\": ");
    onr_str_json(out, s->model->path);
    onr_str_printf(
        out,
        ", \"arena_bytes\": %zu, \"peak_bytes\": %zu, \"peak_step\": %d, \"packed_bytes\": %zu, \"constant_bytes\": %zu, "
        "\"steps\": %d, \"peak_node\": ",
        p->arena_bytes, p->live_peak_bytes, p->peak_step, s->packed_bytes, p->constant_bytes, p->n_steps);
    onr_str_json(out, at ? at->op.node->name : NULL);
    onr_str_add(out, ", \"pieces\": [");
    for (size_t i = 0; list && i < p->n_intervals; i++) {
        onr_str_add(out, i ? ",\n" : "\n");
        piece_json(&list[i], out);
    }
    onr_str_add(out, "], \"alive\": [");
    size_t n = list ? alive(p, list) : 0;
    for (size_t i = 0; i < n; i++) {
        if (i) onr_str_add(out, ", ");
        onr_str_json(out, list[i].name);
    }
    onr_str_add(out, "], \"shared\": [");
    shares_json(p, out);
    onr_str_add(out, "]}\n");
    onr_free(list);
}
