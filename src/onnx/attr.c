// attr.c: AttributeProto of every kind to onr_attr, contents in the model's arena.
// May assume: the node's graph is being imported. Never keeps pointers into protobuf-c's structs.
#include "onnx/import.h"

#include <string.h>

static onr_status no_memory(const onr_importer *im) { return onr_no_memory(im->err, 0); }

// Files of IR 1 do not state the type: the field that is there tells.
static onr_attr_kind kind_of(const Onnx__AttributeProto *pb) {
    if (pb->has_type && pb->type != ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED) return (onr_attr_kind)pb->type;
    if (pb->has_f) return ONR_ATTR_FLOAT;
    if (pb->has_i) return ONR_ATTR_INT;
    if (pb->has_s) return ONR_ATTR_STRING;
    if (pb->t) return ONR_ATTR_TENSOR;
    if (pb->g) return ONR_ATTR_GRAPH;
    if (pb->n_floats) return ONR_ATTR_FLOATS;
    if (pb->n_ints) return ONR_ATTR_INTS;
    if (pb->n_strings) return ONR_ATTR_STRINGS;
    if (pb->n_tensors) return ONR_ATTR_TENSORS;
    if (pb->n_graphs) return ONR_ATTR_GRAPHS;
    if (pb->sparse_tensor) return ONR_ATTR_SPARSE_TENSOR;
    if (pb->n_sparse_tensors) return ONR_ATTR_SPARSE_TENSORS;
    if (pb->tp) return ONR_ATTR_TYPE;
    if (pb->n_type_protos) return ONR_ATTR_TYPES;
    return ONR_ATTR_NONE;
}

static onr_status copy_array(onr_importer *im, const void *from, size_t n, size_t size, const void **out) {
    void *p = onr_arena_calloc(im->model->arena, n, size);
    if (!p) return no_memory(im);
    if (n) memcpy(p, from, n * size);
    *out = p;
    return ONR_OK;
}

static onr_status copy_string(onr_importer *im, const ProtobufCBinaryData *from, onr_string *out) {
    const void *p = NULL;
    ONR_TRY(copy_array(im, from->data, from->len, 1, &p));
    *out = (onr_string){p, from->len};
    return ONR_OK;
}

static onr_status copy_strings(onr_importer *im, const ProtobufCBinaryData *from, size_t n, const onr_string **out) {
    onr_string *list = onr_arena_calloc(im->model->arena, n, sizeof *list);
    if (!list) return no_memory(im);
    for (size_t i = 0; i < n; i++) ONR_TRY(copy_string(im, &from[i], &list[i]));
    *out = list;
    return ONR_OK;
}

static onr_status read_tensor(onr_importer *im, const Onnx__TensorProto *dense, const Onnx__SparseTensorProto *sparse,
                              const onr_datum **out) {
    onr_datum *d = onr_arena_alloc(im->model->arena, sizeof *d);
    if (!d) return no_memory(im);
    *out = d;
    return dense ? onr_tensor_read(&im->tensors, dense, d, im->err) : onr_sparse_read(&im->tensors, sparse, d, im->err);
}

static onr_status read_tensors(onr_importer *im, const Onnx__AttributeProto *pb, bool sparse, size_t n, onr_attr *out) {
    const onr_datum **list = onr_arena_calloc(im->model->arena, n, sizeof *list);
    if (!list) return no_memory(im);
    for (size_t i = 0; i < n; i++)
        ONR_TRY(read_tensor(im, sparse ? NULL : pb->tensors[i], sparse ? pb->sparse_tensors[i] : NULL, &list[i]));
    out->tensors = list;
    return ONR_OK;
}

static onr_status read_graphs(const onr_scope *s, onr_node *n, const Onnx__AttributeProto *pb, onr_attr *out) {
    onr_graph **list = onr_arena_calloc(s->im->model->arena, pb->n_graphs, sizeof(onr_graph *));
    if (!list) return no_memory(s->im);
    for (size_t i = 0; i < pb->n_graphs; i++) ONR_TRY(onr_import_subgraph(s, n, pb->graphs[i], &list[i]));
    out->graphs = list;
    return ONR_OK;
}

static onr_status read_types(onr_importer *im, const Onnx__AttributeProto *pb, onr_attr *out) {
    const onr_type **list = onr_arena_calloc(im->model->arena, pb->n_type_protos, sizeof *list);
    if (!list) return no_memory(im);
    for (size_t i = 0; i < pb->n_type_protos; i++) ONR_TRY(onr_import_type(im, pb->type_protos[i], &list[i]));
    out->types = list;
    return ONR_OK;
}

static onr_status missing(const onr_importer *im, const char *what) {
    return onr_fail(im->err, ONR_INVALID, "it is said to be %s, but there is none", what);
}

static onr_status read_single(const onr_scope *s, onr_node *n, const Onnx__AttributeProto *pb, onr_attr *out) {
    onr_importer *im = s->im;
    switch (out->kind) {
    case ONR_ATTR_FLOAT: out->f = pb->f; return ONR_OK; // an absent number is 0: some writers leave zeros out
    case ONR_ATTR_INT: out->i = pb->i; return ONR_OK;
    case ONR_ATTR_STRING: return copy_string(im, &pb->s, &out->s);
    case ONR_ATTR_TENSOR: return pb->t ? read_tensor(im, pb->t, NULL, &out->tensor) : missing(im, "a tensor");
    case ONR_ATTR_SPARSE_TENSOR:
        return pb->sparse_tensor ? read_tensor(im, NULL, pb->sparse_tensor, &out->tensor) : missing(im, "a sparse tensor");
    case ONR_ATTR_GRAPH: return pb->g ? onr_import_subgraph(s, n, pb->g, &out->graph) : missing(im, "a graph");
    case ONR_ATTR_TYPE: return pb->tp ? onr_import_type(im, pb->tp, &out->type) : missing(im, "a type");
    case ONR_ATTR_NONE: return onr_fail(im->err, ONR_INVALID, "it has no type and no content");
    default: return onr_fail(im->err, ONR_UNSUPPORTED, "its type number %d is not known", (int)out->kind);
    }
}

static onr_status read_any(const onr_scope *s, onr_node *n, const Onnx__AttributeProto *pb, onr_attr *out) {
    onr_importer *im = s->im;
    const void *array = NULL;
    out->kind = kind_of(pb);
    switch (out->kind) {
    case ONR_ATTR_FLOATS:
        out->n = pb->n_floats;
        ONR_TRY(copy_array(im, pb->floats, out->n, sizeof *pb->floats, &array));
        out->floats = array;
        return ONR_OK;
    case ONR_ATTR_INTS:
        out->n = pb->n_ints;
        ONR_TRY(copy_array(im, pb->ints, out->n, sizeof *pb->ints, &array));
        out->ints = array;
        return ONR_OK;
    case ONR_ATTR_STRINGS: out->n = pb->n_strings; return copy_strings(im, pb->strings, out->n, &out->strings);
    case ONR_ATTR_TENSORS: out->n = pb->n_tensors; return read_tensors(im, pb, false, out->n, out);
    case ONR_ATTR_SPARSE_TENSORS: out->n = pb->n_sparse_tensors; return read_tensors(im, pb, true, out->n, out);
    case ONR_ATTR_GRAPHS: out->n = pb->n_graphs; return read_graphs(s, n, pb, out);
    case ONR_ATTR_TYPES: out->n = pb->n_type_protos; return read_types(im, pb, out);
    default: return read_single(s, n, pb, out);
    }
}

// One attribute; *kept is false for a reference to one that the function's caller left out.
static onr_status import_attr(onr_scope *s, onr_node *n, const Onnx__AttributeProto *pb, onr_attr *out, bool *kept) {
    const Onnx__AttributeProto *meant = pb;
    const onr_scope *at = s;
    if (pb->ref_attr_name && *pb->ref_attr_name) {
        ONR_TRY(onr_function_attr(s, pb->ref_attr_name, &meant, &at));
        *kept = meant != NULL;
        if (!meant) return ONR_OK;
        if (pb->has_type && pb->type && kind_of(meant) != (onr_attr_kind)pb->type)
            return onr_fail(s->im->err, ONR_INVALID, "it refers to '%.100s', which has another type", pb->ref_attr_name);
    }
    out->name = onr_arena_strdup(s->graph->arena, pb->name);
    if (!out->name) return no_memory(s->im);
    *kept = true;
    return read_any(at, n, meant, out);
}

// Is the name of attribute i also that of an earlier one? `seen` is only needed for lists that nobody writes.
static onr_status check_new(onr_scope *s, const Onnx__NodeProto *pb, size_t i, onr_map *seen) {
    enum { FEW = 16 };
    const char *name = pb->attribute[i]->name;
    bool is_new = true;
    if (!name || !*name) return onr_fail(s->im->err, ONR_INVALID, "attribute #%zu has no name", i);
    if (pb->n_attribute <= FEW) {
        for (size_t k = 0; k < i; k++) is_new = is_new && strcmp(pb->attribute[k]->name, name) != 0;
    } else if (!onr_map_put(seen, name, &is_new)) {
        return no_memory(s->im);
    }
    return is_new ? ONR_OK : onr_fail(s->im->err, ONR_INVALID, "attribute '%.100s' occurs twice", name);
}

onr_status onr_import_attrs(onr_scope *s, onr_node *n, const Onnx__NodeProto *pb) {
    onr_map seen;
    onr_map_init(&seen, s->im->scratch);
    n->attr = onr_arena_calloc(s->graph->arena, pb->n_attribute, sizeof *n->attr);
    if (!n->attr) return no_memory(s->im);
    for (size_t i = 0; i < pb->n_attribute; i++) {
        const Onnx__AttributeProto *a = pb->attribute[i];
        bool kept = false;
        onr_status status = check_new(s, pb, i, &seen);
        if (status == ONR_OK) {
            status = import_attr(s, n, a, &n->attr[n->n_attr], &kept);
            if (status != ONR_OK) status = onr_import_place(s->im, "attribute", a->name, -1);
        }
        if (status != ONR_OK) ONR_TRY(onr_import_skip(s->im, status, "broken-attribute", NULL, NULL));
        if (status == ONR_OK && kept) n->n_attr++;
    }
    return ONR_OK;
}
