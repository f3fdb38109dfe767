// load.c: from a path or bytes to a model: map, scan, parse, import.
// May assume: nothing about the bytes. Never keeps protobuf's structs after loading.
#include "base/mathx.h"
#include "onnx/import.h"

#include <string.h>

struct onr_model_files {
    onr_map_file file; // the model's own; empty for models from memory
    onr_external external;
};

onr_load_options onr_load_options_default(void) {
    return (onr_load_options){
        .max_depth = 100,
        .max_subgraph_depth = 32,
        .max_rank = ONR_MAX_RANK,
        .max_fields = (size_t)32 << 20,
        .max_nodes = (size_t)4 << 20,
        .max_function_depth = 64,
        .max_dense_bytes = (size_t)1 << 30,
    };
}

// What a load works on.
typedef struct loading {
    const onr_load_options *options;
    const void *data;
    size_t bytes;
    onr_model *model;
    onr_err *err; // never NULL
} loading;

static onr_status copy_text(onr_arena *a, const char *from, const char **out, onr_err *err) {
    *out = onr_arena_strdup(a, onr_pb_text(from));
    return *out ? ONR_OK : onr_no_memory(err, 0);
}

static onr_status copy_metadata(onr_model *m, const Onnx__ModelProto *pb, onr_err *err) {
    onr_pair *list = onr_arena_calloc(m->arena, pb->n_metadata_props, sizeof *list);
    if (!list) return onr_no_memory(err, 0);
    for (size_t i = 0; i < pb->n_metadata_props; i++) {
        ONR_TRY(copy_text(m->arena, pb->metadata_props[i]->key, &list[i].key, err));
        ONR_TRY(copy_text(m->arena, pb->metadata_props[i]->value, &list[i].value, err));
    }
    m->metadata = list;
    m->n_metadata = pb->n_metadata_props;
    return ONR_OK;
}

static onr_status copy_head(onr_model *m, const Onnx__ModelProto *pb, onr_err *err) {
    m->ir_version = pb->ir_version;
    m->model_version = pb->model_version;
    ONR_TRY(copy_text(m->arena, pb->producer_name, &m->producer_name, err));
    ONR_TRY(copy_text(m->arena, pb->producer_version, &m->producer_version, err));
    ONR_TRY(copy_text(m->arena, pb->domain, &m->domain, err));
    ONR_TRY(copy_text(m->arena, pb->doc_string, &m->doc, err));
    return copy_metadata(m, pb, err);
}

// Newer versions load: only an operator that really is unknown is an error, and that is found later.
static void warn_of_versions(const loading *l) {
    const onr_model *m = l->model;
    const onr_log *log = &l->options->log;
    if (m->ir_version > ONR_KNOWN_IR)
        onr_log_at(log, ONR_LOG_WARN, "%s: IR version %lld is newer than %d, the newest known one", m->path,
                   (long long)m->ir_version, ONR_KNOWN_IR);
    for (size_t i = 0; i < m->n_opsets; i++)
        if (!*m->opsets[i].domain && m->opsets[i].version > ONR_KNOWN_OPSET)
            onr_log_at(log, ONR_LOG_WARN, "%s: opset %lld of ai.onnx is newer than %d, the newest known one", m->path,
                       (long long)m->opsets[i].version, ONR_KNOWN_OPSET);
    if (m->n_default_inputs)
        onr_log_at(log, ONR_LOG_DEBUG, "%s: %zu inputs have initializers and are constants", m->path, m->n_default_inputs);
}

static onr_status import(const loading *l, const Onnx__ModelProto *pb, const onr_pb *parsed, onr_arena *scratch) {
    onr_model *m = l->model;
    onr_importer im = {.options = l->options, .model = m, .scratch = scratch, .err = l->err};
    im.tensors = (onr_tensor_source){.spans = parsed->wire.spans,
                                     .n_spans = parsed->wire.n_spans,
                                     .arena = m->arena,
                                     .external = &m->files->external,
                                     .model = m,
                                     .max_dense_bytes = l->options->max_dense_bytes,
                                     .max_rank = l->options->max_rank,
                                     .max_elements = l->options->max_elements};
    onr_map_init(&im.captured, scratch);
    if (!pb->graph) return onr_fail(l->err, ONR_INVALID, "not an ONNX model: it has no graph");
    ONR_TRY(copy_head(m, pb, l->err));
    ONR_TRY(onr_import_opsets(&im, pb->opset_import, pb->n_opset_import, &m->opsets));
    m->n_opsets = pb->n_opset_import;
    ONR_TRY(onr_functions_init(&im, pb));
    ONR_TRY(onr_import_main(&im, pb->graph, m->opsets, m->n_opsets, &m->graph));
    warn_of_versions(l);
    return ONR_OK;
}

static onr_status parse_and_import(const loading *l) {
    onr_wire_limits limits = onr_wire_limits_default();
    limits.max_depth = l->options->max_depth;
    limits.max_fields = l->options->max_fields;
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
        return onr_fail(l->err, ONR_UNSUPPORTED, "tensors are little-endian, this machine is not");
    if (l->options->max_file_bytes && l->bytes > l->options->max_file_bytes)
        return onr_fail(l->err, ONR_LIMIT, "the file has %zu bytes, the limit is %zu", l->bytes, l->options->max_file_bytes);
    if (!l->bytes) return onr_fail(l->err, ONR_INVALID, "not an ONNX model: it is empty");
    onr_pb parsed;
    ONR_TRY(onr_pb_parse(&onnx__model_proto__descriptor, l->data, l->bytes, &limits, &parsed, l->err));
    // protobuf-c's structs go with `parsed`; what the import itself needs for a while goes with `scratch`. Its limit ends the
    // growth of long names in functions that are called often; what a real model needs lies far below.
    size_t most;
    if (!onr_mul_size(l->bytes, 64, &most) || !onr_add_size(most, (size_t)4 << 30, &most)) most = 0;
    onr_arena *scratch = onr_arena_new(most);
    onr_status status = scratch ? import(l, (const Onnx__ModelProto *)parsed.message, &parsed, scratch)
                                : onr_no_memory(l->err, 0);
    onr_arena_free(scratch);
    onr_pb_free(&parsed);
    return status;
}

static onr_status new_model(const char *path, onr_model **out, onr_err *err) {
    *out = NULL;
    onr_arena *a = onr_arena_new(0);
    onr_model *m = a ? onr_arena_alloc(a, sizeof *m) : NULL;
    if (m) {
        m->arena = a;
        m->path = onr_arena_strdup(a, path);
        m->files = onr_arena_alloc(a, sizeof *m->files);
        m->symbols = onr_arena_alloc(a, sizeof *m->symbols);
    }
    if (!m || !m->path || !m->files || !m->symbols) {
        onr_arena_free(a);
        return onr_no_memory(err, 0);
    }
    onr_symbols_init(m->symbols, a);
    onr_external_init(&m->files->external, a, NULL);
    *out = m;
    return ONR_OK;
}

static onr_status load(onr_model *m, const void *data, size_t bytes, const char *folder, const onr_load_options *options,
                       onr_err *err) {
    onr_load_options defaults = onr_load_options_default();
    loading l = {.options = options ? options : &defaults, .data = data, .bytes = bytes, .model = m, .err = err};
    m->file_bytes = (int64_t)bytes;
    if (folder && !l.options->no_external) m->files->external.folder = onr_arena_strdup(m->arena, folder);
    onr_status status = parse_and_import(&l);
    return status == ONR_OK ? ONR_OK : onr_err_prefix(err, "%s", m->path);
}

// "a/b/net.onnx" lies in "a/b", "net.onnx" in ".", "/net.onnx" in "/". NULL when there is no memory.
static const char *folder_of(const char *path, onr_arena *a) {
    const char *slash = strrchr(path, '/');
    if (!slash) return ".";
    return slash == path ? "/" : onr_arena_strndup(a, path, (size_t)(slash - path));
}

static onr_status finish(onr_model *m, onr_status status, onr_model **out) {
    if (status != ONR_OK) onr_model_free(m);
    *out = status == ONR_OK ? m : NULL;
    return status;
}

onr_status onr_model_load(const char *path, const onr_load_options *options, onr_model **out, onr_err *err) {
    onr_err own;
    if (!err) err = &own;
    err->code = ONR_OK;
    onr_model *m;
    *out = NULL;
    ONR_TRY(new_model(path, &m, err));
    const char *folder = strcmp(path, "-") == 0 ? NULL : folder_of(path, m->arena);
    onr_map_file *f = &m->files->file;
    onr_load_options defaults = onr_load_options_default();
    const onr_load_options *o = options ? options : &defaults;
    onr_status status = o->no_map ? onr_file_read(path, o->max_file_bytes, f, err) : onr_file_map(path, f, err);
    if (status == ONR_OK) status = load(m, f->data, f->bytes, folder, options, err);
    return finish(m, status, out);
}

onr_status onr_model_load_memory(const void *data, size_t bytes, const char *name, const char *folder,
                                 const onr_load_options *options, onr_model **out, onr_err *err) {
    onr_err own;
    if (!err) err = &own;
    err->code = ONR_OK;
    onr_model *m;
    *out = NULL;
    ONR_TRY(new_model(name ? name : "model", &m, err));
    return finish(m, load(m, data, bytes, folder, options, err), out);
}

void onr_model_free(onr_model *m) {
    if (!m) return;
    onr_external_free(&m->files->external);
    onr_file_unmap(&m->files->file);
    onr_arena_free(m->arena);
}

static bool lies_in(const onr_map_file *f, const void *data, size_t bytes) {
    uintptr_t at = (uintptr_t)data, begin = (uintptr_t)f->data;
    return f->mapped && at >= begin && at - begin <= f->bytes && bytes <= f->bytes - (at - begin);
}

void onr_model_drop_pages(const onr_model *m, const void *data, size_t bytes) {
    const onr_external *x = &m->files->external;
    if (lies_in(&m->files->file, data, bytes)) onr_file_drop_pages(&m->files->file, data, bytes);
    for (size_t i = 0; i < x->n_files; i++)
        if (lies_in(x->files[i], data, bytes)) onr_file_drop_pages(x->files[i], data, bytes);
}
