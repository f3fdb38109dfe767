// onnxrun_diff.c: the public comparison of two models.
// May assume: the caller keeps the thread rule of onnxrun.h. Never changes or runs a model.
#include "dump/diff.h"
#include "onnxrun_session.h"

#include <string.h>

static onr_status compare(const onnxrun_model *a, const onnxrun_model *b, onr_arena *arena, onr_diff *out, onr_err *err) {
    onr_dump_model *model = onr_arena_calloc(arena, 2, sizeof *model);
    onr_graph *graph_a, *graph_b;
    if (!model) return onr_no_memory(err, 0);
    ONR_TRY(onr_describe(a->m, arena, &model[0], err));
    ONR_TRY(onr_describe(b->m, arena, &model[1], err));
    ONR_TRY(onr_clone_with_types(a, arena, &graph_a, err));
    ONR_TRY(onr_clone_with_types(b, arena, &graph_b, err));
    return onr_diff_graphs(&model[0], graph_a, &model[1], graph_b, arena, out, err);
}

onnxrun_status onnxrun_diff(const onnxrun_model *a, const onnxrun_model *b, const char *format, onnxrun_write_fn write,
                            void *user, bool *equal, onnxrun_error *error) {
    onnxrun_error own;
    onr_err *err = onr_err_inner(error ? error : &own);
    bool json = strcmp(format, "json") == 0;
    if (!json && strcmp(format, "text") != 0)
        return (onnxrun_status)onr_fail(err, ONR_USAGE, "there is no format '%s': text or json", format);
    onr_arena *arena = onr_arena_new(0);
    onr_diff d;
    onr_str text = {0};
    onr_status s = arena ? compare(a, b, arena, &d, err) : onr_no_memory(err, 0);
    if (s == ONR_OK) {
        if (equal) *equal = d.n == 0;
        (json ? onr_diff_json : onr_diff_text)(&d, &text);
        s = onr_deliver_text(&text, write, user, err);
    }
    onr_arena_free(arena);
    return (onnxrun_status)s;
}
