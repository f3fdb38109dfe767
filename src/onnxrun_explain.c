// onnxrun_explain.c: the public story of a session's optimization.
// May assume: the caller keeps the thread rule of onnxrun.h. Never changes the session.
#include "dump/explain.h"
#include "onnxrun_session.h"

#include <string.h>

static int64_t rewrites_of(const onnxrun_session *s, const char *name) {
    for (int32_t i = 0; i < s->n_passes; i++)
        if (strcmp(s->passes[i].name, name) == 0) return s->passes[i].count;
    return -1;
}

static onr_status fill(const onnxrun_session *s, onr_arena *a, onr_explain_source *src, onr_err *err) {
    onr_explain_pass *passes = onr_arena_calloc(a, ONR_MAX_PASSES, sizeof *passes);
    onr_explain_event *events = onr_arena_calloc(a, s->story.n, sizeof *events);
    if (!passes || !events) return onr_no_memory(err, 0);
    *src = (onr_explain_source){.model = s->m->path, .passes = passes, .events = events, .n_events = s->story.n};
    for (const onr_pass *p; (p = onr_pass_at(src->n_passes)); src->n_passes++)
        passes[src->n_passes] = (onr_explain_pass){p->name, p->why, rewrites_of(s, p->name)};
    for (size_t i = 0; i < s->story.n; i++) {
        const onr_story_event *e = &s->story.of[i];
        events[i] = (onr_explain_event){e->pass, e->number, e->node, e->op, e->text};
    }
    return ONR_OK;
}

onnxrun_status onnxrun_explain(const onnxrun_session *s, const char *format, onnxrun_write_fn write, void *user,
                               onnxrun_error *error) {
    onr_err *err = onr_err_inner(error);
    bool json = strcmp(format, "json") == 0;
    if (!json && strcmp(format, "text") != 0)
        return (onnxrun_status)onr_fail(err, ONR_USAGE, "there is no format '%s': text or json", format);
    if (!s->story.arena) return (onnxrun_status)onr_fail(err, ONR_USAGE, "the session was made without the option 'explain'");
    onr_arena *a = onr_arena_new(0);
    onr_explain_source src;
    onr_str text = {0};
    onr_status status = a ? fill(s, a, &src, err) : onr_no_memory(err, 0);
    if (status == ONR_OK && s->story.failed) status = onr_no_memory(err, 0);
    if (status == ONR_OK) {
        (json ? onr_explain_json : onr_explain_text)(&src, &text);
        status = onr_deliver_text(&text, write, user, err);
    }
    onr_arena_free(a);
    return (onnxrun_status)status;
}
