// onnxrun_save.c: graphs to model files, and a session's optimized graph among them.
// May assume: the caller keeps the thread rule of onnxrun.h. Never changes the session; never leaves half a file.
#include "base/file.h"
#include "onnx/serialize.h"
#include "onnxrun_session.h"
#include "passes/standard.h"

#include <limits.h>
#include <string.h>

/// Above this the constants go to a file of their own; the rest of a model is small, and 2 GiB is protobuf's limit.
#define MOST_INSIDE ((size_t)2000 << 20)

static size_t constant_bytes(const onr_graph *g) {
    size_t bytes = 0;
    for (int32_t i = 0; i < g->n_values; i++) {
        const onr_value *v = g->values[i];
        if (v->constant && v->constant->kind == ONR_TENSOR && (v->n_uses || v->n_output))
            bytes += onr_tensor_bytes(&v->constant->t);
    }
    return bytes;
}

static bool add_to_file(void *user, const void *data, size_t bytes) { return onr_file_out_add(user, data, bytes); }

/// Ends a file; one that failed tells why, whatever the status is.
static onr_status end_file(onr_file_out *f, onr_status status, onr_err *err) {
    bool failed = f && onr_file_out_failed(f);
    onr_status s = onr_file_out_close(f, status == ONR_OK || failed, err);
    return s == ONR_OK ? status : s;
}

static onr_status save_inside(const onr_model *m, const onr_graph *g, const char *path, onr_err *err) {
    onr_file_out *f;
    ONR_TRY(onr_file_out_open(path, &f, err));
    return end_file(f, onr_model_write(m, g, add_to_file, f, NULL, err), err);
}

static onr_status save_beside(const onr_model *m, const onr_graph *g, const char *path, onr_err *err) {
    char name[PATH_MAX];
    onr_file_out *f, *data;
    if (strcmp(path, "-") == 0) return onr_fail(err, ONR_USAGE, "standard output has no place for a second file of weights");
    if (strlen(path) + sizeof ".data" > sizeof name) return onr_fail(err, ONR_USAGE, "the path '%s' is too long", path);
    strcat(strcpy(name, path), ".data");
    const char *slash = strrchr(name, '/');
    ONR_TRY(onr_file_out_open(path, &f, err));
    onr_status s = onr_file_out_open(name, &data, err);
    if (s == ONR_OK) {
        onr_external_out external = {.location = slash ? slash + 1 : name, .sink = add_to_file, .user = data};
        s = end_file(data, onr_model_write(m, g, add_to_file, f, &external, err), err);
    }
    return end_file(f, s, err);
}

onr_status onr_save_graph(const onr_model *m, const onr_graph *g, const char *path, bool external, onr_err *err) {
    return external || constant_bytes(g) > MOST_INSIDE ? save_beside(m, g, path, err) : save_inside(m, g, path, err);
}

/// The version of ai.onnx; a model whose functions alone use it does not say.
static int32_t opset_of(const onr_model *m) {
    for (size_t i = 0; i < m->n_opsets; i++)
        if (!*m->opsets[i].domain) return (int32_t)m->opsets[i].version;
    for (int32_t i = 0; i < m->graph->n_nodes; i++)
        if (!*m->graph->nodes[i]->domain) return m->graph->nodes[i]->opset;
    return 1;
}

onnxrun_status onnxrun_session_save(const onnxrun_session *s, const char *path, bool external_data, onnxrun_error *error) {
    onnxrun_error own;
    onr_err *err = onr_err_inner(error ? error : &own);
    onr_arena *a = onr_arena_new(0);
    onr_graph *g = a ? onr_graph_clone(s->graph, a) : NULL;
    onr_status status = g ? onr_graph_standardize(g, s->m->graph, opset_of(s->m), err) : onr_no_memory(err, 0);
    if (status == ONR_OK) status = onr_save_graph(s->m, g, path, external_data, err);
    if (status != ONR_OK && status != ONR_USAGE) onr_err_prefix(err, "%s", s->m->path);
    onr_arena_free(a);
    return (onnxrun_status)status;
}
