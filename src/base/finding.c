// finding.c: a list of findings in an arena.
// May assume: nothing. Never drops a finding without saying so in `failed`.
#include "base/finding.h"

void onr_findings_init(onr_findings *list, onr_arena *arena) { *list = (onr_findings){.arena = arena}; }

static const char *keep(onr_findings *list, const char *s) {
    const char *copy = s ? onr_arena_strdup(list->arena, s) : NULL;
    if (s && !copy) list->failed = true;
    return copy;
}

void onr_findings_add(onr_findings *list, const onr_finding *f) {
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 16;
        onr_finding *grown = onr_arena_grow(list->arena, list->of, list->n, cap, sizeof *grown);
        if (!grown) {
            list->failed = true;
            return;
        }
        list->of = grown;
        list->cap = cap;
    }
    onr_finding *to = &list->of[list->n++];
    *to = *f;
    to->kind = keep(list, f->kind);
    to->node = keep(list, f->node);
    to->value = keep(list, f->value);
    to->text = keep(list, f->text);
    to->details = keep(list, f->details);
    to->hint = keep(list, f->hint);
}

size_t onr_findings_count(const onr_findings *list, onr_severity severity) {
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) n += list->of[i].severity == severity;
    return n;
}

void onr_findings_sort(onr_findings *list) {
    onr_finding *sorted = onr_arena_calloc(list->arena, list->n, sizeof *sorted);
    if (!sorted) {
        list->failed = true;
        return;
    }
    size_t n = 0;
    for (int s = ONR_ERROR; s >= ONR_NOTE; s--)
        for (size_t i = 0; i < list->n; i++)
            if ((int)list->of[i].severity == s) sorted[n++] = list->of[i];
    list->of = sorted;
    list->cap = list->n;
}

const char *onr_severity_name(onr_severity s) {
    static const char *const names[] = {"note", "warning", "error"};
    return names[s];
}
