// onnxrun_check.c: the public check: a lenient load, then everything that can be said of the graph.
// May assume: the caller keeps the thread rule of onnxrun.h. Never runs the model.
#include "dump/check.h"
#include "onnxrun_session.h"

#include <string.h>

static void give_verdict(const onr_findings *list, onnxrun_verdict *out) {
    onnxrun_verdict full = {.size = out->size,
                            .n_errors = onr_findings_count(list, ONR_ERROR),
                            .n_warnings = onr_findings_count(list, ONR_WARNING),
                            .n_notes = onr_findings_count(list, ONR_NOTE)};
    for (size_t i = 0; i < list->n; i++) {
        if (list->of[i].severity != ONR_ERROR) continue;
        if (full.status != ONNXRUN_INVALID) full.status = (onnxrun_status)list->of[i].code;
    }
    memcpy(out, &full, out->size < sizeof full ? out->size : sizeof full);
}

static onr_status check(const char *path, onr_load_options *load, bool json, onr_arena *a, onr_str *text,
                        onnxrun_verdict *verdict, onr_err *err) {
    onr_findings list;
    onr_model *m = NULL;
    onr_dump_model model;
    onr_findings_init(&list, a);
    load->findings = &list;
    ONR_TRY(onr_model_load(path, load, &m, err));
    onr_status s = onr_describe(m, a, &model, err);
    if (s == ONR_OK) s = onr_check_graph(&model, m->graph, &list, err);
    if (s == ONR_OK) {
        onr_findings_sort(&list);
        if (json)
            onr_check_json(&model, &list, text);
        else
            onr_check_text(&list, text);
        if (list.failed) text->failed = true;
        if (verdict) give_verdict(&list, verdict);
    }
    onr_model_free(m);
    return s;
}

onnxrun_status onnxrun_check(const char *path, const char *format, onnxrun_write_fn write, void *user, onnxrun_verdict *verdict,
                             onnxrun_error *error) {
    onr_err *err = onr_err_inner(error);
    onr_load_options load = onr_load_options_default();
    bool json = strcmp(format, "json") == 0;
    onr_str text = {0};
    if (!json && strcmp(format, "text") != 0)
        return (onnxrun_status)onr_fail(err, ONR_USAGE, "there is no format '%s': text or json", format);
    onr_arena *a = onr_arena_new(0);
    onr_status s = a ? check(path, &load, json, a, &text, verdict, err) : onr_no_memory(err, 0);
    if (s == ONR_OK)
        s = onr_deliver_text(&text, write, user, err);
    else
        onr_str_free(&text);
    onr_arena_free(a);
    return (onnxrun_status)s;
}
