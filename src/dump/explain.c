// explain.c: the story of an optimization as text and JSON.
// May assume: events come pass by pass. Never judges.
#include "dump/explain.h"

#include "dump/wrap.h"

#include <string.h>

enum { NUMBER = 7, INDENT = NUMBER + 2 };

static void event_text(const onr_explain_event *e, onr_str *out) {
    onr_str line = {0};
    if (e->number)
        onr_str_printf(out, "%*lld  ", NUMBER, (long long)e->number);
    else
        onr_str_printf(out, "%*s  ", NUMBER, "-");
    if (e->node) onr_str_printf(&line, "%s (%s): ", e->node, e->op);
    onr_str_add(&line, e->text);
    if (line.s) onr_wrap(INDENT, INDENT, line.s, out);
    out->failed |= line.failed;
    onr_str_free(&line);
}

static bool is_miss(const onr_explain_event *e) { return e->number == 0 && e->node; }

static int64_t count_misses(const onr_explain_source *s) {
    int64_t n = 0;
    for (size_t i = 0; i < s->n_events; i++) n += is_miss(&s->events[i]);
    return n;
}

static int64_t count_rewrites(const onr_explain_source *s) {
    int64_t n = 0;
    for (size_t i = 0; i < s->n_passes; i++) n += s->passes[i].rewrites > 0 ? s->passes[i].rewrites : 0;
    return n;
}

void onr_explain_text(const onr_explain_source *s, onr_str *out) {
    long long done = (long long)count_rewrites(s), missed = (long long)count_misses(s);
    onr_str_printf(out, "optimization of %s: %lld rewrite%s, %lld near miss%s\n", s->model, done, done == 1 ? "" : "s", missed,
                   missed == 1 ? "" : "es");
    for (size_t p = 0; p < s->n_passes; p++) {
        bool head = false;
        for (size_t i = 0; i < s->n_events; i++) {
            if (strcmp(s->events[i].pass, s->passes[p].name) != 0) continue;
            if (!head) onr_str_printf(out, "\n%s: %s\n", s->passes[p].name, s->passes[p].why);
            head = true;
            event_text(&s->events[i], out);
        }
    }
}

static void passes_json(const onr_explain_source *s, onr_str *out) {
    onr_str_add(out, ", \"passes\": [");
    for (size_t i = 0; i < s->n_passes; i++) {
        const onr_explain_pass *p = &s->passes[i];
        onr_str_printf(out, "%s\n{\"name\": \"%s\", \"why\": ", i ? "," : "", p->name);
        onr_str_json(out, p->why);
        onr_str_printf(out, ", \"ran\": %s, \"rewrites\": %lld}", p->rewrites < 0 ? "false" : "true",
                       p->rewrites < 0 ? 0LL : (long long)p->rewrites);
    }
    onr_str_add(out, "]");
}

static void events_json(const onr_explain_source *s, const char *key, bool missed, onr_str *out) {
    bool first = true;
    onr_str_printf(out, ", \"%s\": [", key);
    for (size_t i = 0; i < s->n_events; i++) {
        const onr_explain_event *e = &s->events[i];
        if (!e->node || is_miss(e) != missed) continue;
        onr_str_printf(out, "%s\n{\"pass\": \"%s\"", first ? "" : ",", e->pass);
        if (!missed) onr_str_printf(out, ", \"n\": %lld", (long long)e->number);
        onr_str_add(out, ", \"node\": ");
        onr_str_json(out, e->node);
        onr_str_add(out, ", \"op\": ");
        onr_str_json(out, e->op);
        onr_str_add(out, ", \"text\": ");
        onr_str_json(out, e->text);
        onr_str_add(out, "}");
        first = false;
    }
    onr_str_add(out, "]");
}

void onr_explain_json(const onr_explain_source *s, onr_str *out) {
    onr_str_add(out, "{\"version\": 1, \"model\": ");
    onr_str_json(out, s->model);
    passes_json(s, out);
    events_json(s, "rewrites", false, out);
    events_json(s, "near_misses", true, out);
    onr_str_add(out, "}\n");
}
