// onnxrun_inspect.c: looking inside through the public interface: dump, info, the list of operators.
// May assume: the caller keeps the thread rule of onnxrun.h. Never changes a model or a session.
#include "dump/dump.h"
#include "dump/memory.h"
#include "dump/show.h"
#include "onnxrun_session.h"

#include <string.h>

onr_status onr_describe(const onr_model *m, onr_arena *a, onr_dump_model *out, onr_err *err) {
    const char **domains = onr_arena_calloc(a, m->n_opsets, sizeof *domains);
    int64_t *versions = onr_arena_calloc(a, m->n_opsets, sizeof *versions);
    const char **keys = onr_arena_calloc(a, m->n_metadata, sizeof *keys),
               **values = onr_arena_calloc(a, m->n_metadata, sizeof *values);
    if (!domains || !versions || !keys || !values) return onr_no_memory(err, 0);
    for (size_t i = 0; i < m->n_opsets; i++) {
        domains[i] = m->opsets[i].domain;
        versions[i] = m->opsets[i].version;
    }
    for (size_t i = 0; i < m->n_metadata; i++) {
        keys[i] = m->metadata[i].key;
        values[i] = m->metadata[i].value;
    }
    *out = (onr_dump_model){.path = m->path,
                            .producer_name = m->producer_name,
                            .producer_version = m->producer_version,
                            .domain = m->domain,
                            .doc = m->doc,
                            .ir_version = m->ir_version,
                            .model_version = m->model_version,
                            .file_bytes = m->file_bytes,
                            .n_parameters = m->n_parameters,
                            .parameter_bytes = m->parameter_bytes,
                            .opset_domain = domains,
                            .opset_version = versions,
                            .n_opsets = m->n_opsets,
                            .metadata_key = keys,
                            .metadata_value = values,
                            .n_metadata = m->n_metadata,
                            .n_functions = m->n_functions};
    return ONR_OK;
}

onr_status onr_deliver_text(onr_str *text, onnxrun_write_fn write, void *user, onr_err *err) {
    onr_status s = ONR_OK;
    if (text->failed)
        s = onr_no_memory(err, text->n);
    else if (text->n && !write(user, text->s, text->n))
        s = onr_fail(err, ONR_LIMIT, "stopped by the receiver of the text");
    onr_str_free(text);
    return s;
}

static onr_status parse_stage(const char *name, onr_stage *out, onr_err *err) {
    static const char *const names[] = {"model", "graph", "optimized", "plan", "memory"};
    for (int i = 0; i < 5; i++)
        if (strcmp(names[i], name) == 0) return *out = (onr_stage)i, ONR_OK;
    return onr_fail(err, ONR_USAGE, "there is no stage '%s': model, graph, optimized, plan or memory", name);
}

onr_status onr_typed_clone(const onnxrun_model *m, onr_arena *a, onr_graph **out, onr_err *err) {
    onr_graph *g = onr_graph_clone(m->m->graph, a);
    if (!g) return onr_no_memory(err, 0);
    onr_guard guard = onr_limits_guard(&m->limits);
    guard.allow_ops = NULL; // anything may be looked at
    onr_guard_start(&guard);
    onr_target target = {.reference = true, .guard = &guard};
    onr_pass_run r = {.g = g, .target = &target, .arena = a, .limit = INT64_MAX, .err = err};
    ONR_TRY(onr_pass_resolve(&r));
    ONR_TRY(onr_pass_infer(&r));
    *out = g;
    return ONR_OK;
}

onr_status onr_clone_with_types(const onnxrun_model *m, onr_arena *a, onr_graph **out, onr_err *err) {
    onr_err why;
    onr_status s = onr_typed_clone(m, a, out, &why);
    if (s == ONR_OK) return ONR_OK;
    if (s != ONR_UNSUPPORTED && s != ONR_INVALID) return onr_fail(err, s, "%s", why.text);
    onr_log_at(&m->log, ONR_LOG_WARN, "%s: types are those that the model declares, because inference failed: %s", m->m->path,
               why.text);
    *out = onr_graph_clone(m->m->graph, a);
    return *out ? ONR_OK : onr_no_memory(err, 0);
}

static onr_status fill_source(const onnxrun_model *m, const onnxrun_session *s, onr_arena *a, onr_dump_source *src,
                              onr_err *err) {
    src->graph = m->m->graph;
    if (src->stage == ONR_STAGE_MODEL) return ONR_OK;
    if (src->stage == ONR_STAGE_GRAPH) {
        onr_graph *typed = NULL;
        onr_status status = onr_typed_clone(m, a, &typed, err);
        src->graph = typed;
        return status;
    }
    if (!s) return onr_fail(err, ONR_USAGE, "stage %s needs a session", onr_stage_name(src->stage));
    src->graph = s->graph;
    src->packed_bytes = onr_packs_bytes(s->packs);
    onr_dump_pass *passes = onr_arena_calloc(a, (size_t)s->n_passes, sizeof *passes);
    if (!passes) return onr_no_memory(err, 0);
    for (int32_t i = 0; i < s->n_passes; i++) passes[i] = (onr_dump_pass){s->passes[i].name, s->passes[i].count};
    src->passes = passes;
    src->n_passes = (size_t)s->n_passes;
    if (src->stage == ONR_STAGE_OPTIMIZED) return ONR_OK;
    if (!s->current)
        return onr_fail(err, ONR_USAGE, "stage %s needs a plan: give the input shapes first", onr_stage_name(src->stage));
    src->plan = s->current->plan;
    return ONR_OK;
}

static void write_html(const onr_dump_source *s, onr_str *out) { onr_dump_html(s, &(onr_dump_figures){0}, out); }

static onr_status write_stage(const onr_dump_source *src, const char *format, onr_str *out, onr_err *err) {
    static const struct {
        const char *format;
        bool memory; // of stage memory, or of all others
        void (*write)(const onr_dump_source *s, onr_str *out);
    } writers[] = {{"text", false, onr_dump_text}, {"dot", false, onr_dump_dot},    {"json", false, onr_dump_json},
                   {"html", false, write_html},    {"text", true, onr_memory_text}, {"json", true, onr_memory_json},
                   {"svg", true, onr_memory_svg}};
    const bool memory = src->stage == ONR_STAGE_MEMORY;
    for (size_t i = 0; i < sizeof writers / sizeof *writers; i++)
        if (writers[i].memory == memory && strcmp(writers[i].format, format) == 0) return writers[i].write(src, out), ONR_OK;
    return onr_fail(err, ONR_USAGE, "there is no format '%s': %s", format,
                    memory ? "text, json or svg" : "text, dot, json or html");
}

/// What to do with a stage once it is at hand: one of the formats, or the page.
typedef struct drawing {
    const char *format;
    const onr_dump_figures *figures; // NULL: format
} drawing;

static onr_status dump_stage(const onnxrun_model *m, const onnxrun_session *s, const char *stage, drawing how,
                             onnxrun_write_fn write, void *user, onr_err *err) {
    onr_arena *a = onr_arena_new(0);
    onr_dump_model model;
    onr_dump_source src = {.model = &model};
    onr_str text = {0};
    onr_status status = a ? parse_stage(stage, &src.stage, err) : onr_no_memory(err, 0);
    if (status == ONR_OK && how.figures && src.stage == ONR_STAGE_MEMORY)
        status = onr_fail(err, ONR_USAGE, "stage memory has no page: model, graph, optimized or plan");
    if (status == ONR_OK) status = onr_describe(m->m, a, &model, err);
    if (status == ONR_OK) status = fill_source(m, s, a, &src, err);
    if (status == ONR_OK && how.figures)
        onr_dump_html(&src, how.figures, &text);
    else if (status == ONR_OK)
        status = write_stage(&src, how.format, &text, err);
    if (status == ONR_OK)
        status = onr_deliver_text(&text, write, user, err);
    else
        onr_str_free(&text);
    onr_arena_free(a);
    return status;
}

onnxrun_status onnxrun_dump(const onnxrun_model *m, const onnxrun_session *s, const char *stage, const char *format,
                            onnxrun_write_fn write, void *user, onnxrun_error *error) {
    return (onnxrun_status)dump_stage(m, s, stage, (drawing){.format = format}, write, user, onr_err_inner(error));
}

onnxrun_status onnxrun_draw(const onnxrun_model *m, const onnxrun_session *s, const char *stage, const onnxrun_figures *figures,
                            onnxrun_write_fn write, void *user, onnxrun_error *error) {
    onr_dump_figures inner = {0};
    if (figures) inner = (onr_dump_figures){.profile = figures->profile, .compare = figures->compare};
    return (onnxrun_status)dump_stage(m, s, stage, (drawing){.figures = &inner}, write, user, onr_err_inner(error));
}

onnxrun_status onnxrun_info(const onnxrun_model *m, const onnxrun_session *s, const char *format, onnxrun_write_fn write,
                            void *user, onnxrun_error *error) {
    onr_err *err = onr_err_inner(error);
    onr_arena *a = onr_arena_new(0);
    onr_dump_model model;
    onr_dump_source src = {.model = &model, .graph = m->m->graph};
    onr_str text = {0};
    int64_t arena_bytes = -1, weight_bytes = -1;
    onr_status status = a ? onr_describe(m->m, a, &model, err) : onr_no_memory(err, 0);
    if (s && s->current) {
        arena_bytes = (int64_t)s->current->plan->arena_bytes;
        weight_bytes = (int64_t)(onr_packs_bytes(s->packs) + s->current->plan->constant_bytes);
    }
    if (status == ONR_OK) {
        if (strcmp(format, "text") == 0)
            onr_info_text(&src, arena_bytes, weight_bytes, &text);
        else if (strcmp(format, "json") == 0)
            onr_info_json(&src, arena_bytes, weight_bytes, &text);
        else
            status = onr_fail(err, ONR_USAGE, "there is no format '%s': text or json", format);
    }
    if (status == ONR_OK) status = onr_deliver_text(&text, write, user, err);
    onr_arena_free(a);
    return (onnxrun_status)status;
}

onnxrun_status onnxrun_list_ops(const char *format, onnxrun_write_fn write, void *user, onnxrun_error *error) {
    onr_err *err = onr_err_inner(error);
    onr_str text = {0};
    if (strcmp(format, "text") == 0)
        onr_ops_text(&text);
    else if (strcmp(format, "json") == 0)
        onr_ops_json(&text);
    else
        return (onnxrun_status)onr_fail(err, ONR_USAGE, "there is no format '%s': text or json", format);
    return (onnxrun_status)onr_deliver_text(&text, write, user, err);
}

const char *onnxrun_pass_name(size_t i) {
    const onr_pass *pass = onr_pass_at(i);
    return pass ? pass->name : NULL;
}

const char *onnxrun_cpu_level_name(size_t i) { return onr_cpu_level_at(i); }
