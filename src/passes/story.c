// story.c: the list of what the passes did, and the words that several of them need.
// May assume: nodes were resolved. Never rewrites.
#include "passes/story.h"

#include "passes/pass.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_TEXT = 1024 };

void onr_story_init(onr_story *s, onr_arena *arena) { *s = (onr_story){.arena = arena}; }

void onr_story_add(onr_story *s, const char *pass, int64_t number, const onr_node *n, const char *text) {
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 32;
        onr_story_event *grown = onr_arena_grow(s->arena, s->of, s->n, cap, sizeof *grown);
        if (!grown) {
            s->failed = true;
            return;
        }
        s->of = grown;
        s->cap = cap;
    }
    onr_story_event e = {.pass = pass, .number = number};
    e.node = n ? onr_arena_strdup(s->arena, n->name) : NULL;
    e.op = n ? onr_arena_strdup(s->arena, n->op_type) : NULL;
    e.text = onr_arena_strdup(s->arena, text);
    if (!e.text || (n && (!e.node || !e.op)))
        s->failed = true;
    else
        s->of[s->n++] = e;
}

static void tell(const onr_pass_run *r, int64_t number, const onr_node *n, const char *fmt, va_list ap) {
    char text[MAX_TEXT];
    vsnprintf(text, sizeof text, fmt, ap);
    onr_story_add(r->story, r->pass, number, n, text);
}

void onr_pass_fired(const onr_pass_run *r, const onr_node *n, const char *fmt, ...) {
    va_list ap;
    if (!r->story) return;
    va_start(ap, fmt);
    tell(r, r->count, n, fmt, ap);
    va_end(ap);
}

void onr_pass_missed(const onr_pass_run *r, const onr_node *n, const char *fmt, ...) {
    va_list ap;
    if (!r->story) return;
    va_start(ap, fmt);
    tell(r, 0, n, fmt, ap);
    va_end(ap);
}

// Reasons are needed by those who listen only; for all others any text will do.
const char *onr_pass_why(const onr_pass_run *r, const char *fmt, ...) {
    char text[MAX_TEXT];
    va_list ap;
    if (!r->story) return fmt;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const char *copy = onr_arena_strdup(r->story->arena, text);
    if (!copy) r->story->failed = true;
    return copy ? copy : fmt;
}

const char *onr_pass_not_alone(const onr_pass_run *r, const onr_value *v) {
    const char *maker = v->producer ? v->producer->op_type : "the input";
    if (v->n_output) return onr_pass_why(r, "%s's output '%s' is an output of the graph", maker, v->name);
    if (v->kept) return onr_pass_why(r, "%s's output '%s' is kept to be looked at", maker, v->name);
    if (v->n_uses > 1) return onr_pass_why(r, "%s's output '%s' has %d consumers", maker, v->name, (int)v->n_uses);
    if (v->n_uses == 1 && v->uses[0].slot < 0)
        return onr_pass_why(r, "%s's output '%s' is read by the body of '%s'", maker, v->name, v->uses[0].node->name);
    return NULL;
}

const char *onr_pass_type_text(const onr_pass_run *r, const onr_value *v) {
    char text[ONR_TYPE_TEXT];
    return onr_pass_why(r, "%s", onr_type_text(&v->type, r->g->symbols, text));
}
