// serialize.c: onr_graph to ModelProto: nodes, attributes, subgraphs, constants and types.
// May assume: the graph outlives the call; names and contents are borrowed until they are packed. Never changes the graph.
#include "onnx/serialize.h"

#include "base/map.h"
#include "onnx/write_pb.h"

#include <string.h>

typedef struct writer {
    const onr_model *model;
    onr_arena *arena; // of the messages
    onr_map opsets;   // domain -> version
    const char **domains;
    size_t n_domains, cap_domains;
    onr_external_out *external; // or NULL
    onr_err *err;
} writer;

static onr_status no_memory(const writer *w) { return onr_no_memory(w->err, 0); }

// protobuf-c's strings are not const, but packing does not change them.
static char *text(const char *s) { return (char *)(uintptr_t)s; }

static void *new_message(const writer *w, const void *init, size_t size) {
    void *p = onr_arena_alloc(w->arena, size);
    if (p)
        memcpy(p, init, size);
    else
        no_memory(w);
    return p;
}

// `type *var`, initialized, or return.
#define NEW(w, type, INIT, var)                           \
    static const type var##_init = INIT;                  \
    type *var = new_message(w, &var##_init, sizeof *var); \
    if (!var) return ONR_LIMIT

// ---- names
// --------------------------------------------------------------------------------------------------------------------

static bool is_taken(const onr_value *v, const char *name) {
    if (name != v->name && onr_graph_find(v->graph, name)) return true;
    for (const onr_graph *g = v->graph->parent; g; g = g->parent)
        if (onr_graph_find(g, name)) return true;
    return false;
}

// A captured value has the name of the value that it stands for. One that a subgraph makes must not hide a name around it.
static onr_status name_of(const writer *w, const onr_value *v, char **out) {
    while (v->outer) v = v->outer;
    const char *name = v->name;
    while (is_taken(v, name)) {
        name = onr_arena_printf(w->arena, "%s/%s", v->graph->owner->name, name);
        if (!name) return no_memory(w);
    }
    *out = text(name);
    return ONR_OK;
}

static onr_status write_names(const writer *w, onr_value *const *values, int32_t n, size_t *n_out, char ***out) {
    char **list = onr_arena_calloc(w->arena, (size_t)n, sizeof *list);
    if (!list) return no_memory(w);
    int32_t used = 0;
    for (int32_t i = 0; i < n; i++) {
        list[i] = text("");
        if (!values[i]) continue;
        ONR_TRY(name_of(w, values[i], &list[i]));
        used = i + 1; // what is left out at the end need not be written
    }
    *n_out = (size_t)used;
    *out = list;
    return ONR_OK;
}

// ---- types
// --------------------------------------------------------------------------------------------------------------------

static onr_status write_shape(const writer *w, const onr_graph *g, const onr_shape *s, Onnx__TensorShapeProto **out) {
    *out = NULL;
    if (s->rank < 0) return ONR_OK;
    NEW(w, Onnx__TensorShapeProto, ONNX__TENSOR_SHAPE_PROTO__INIT, shape);
    shape->dim = onr_arena_calloc(w->arena, (size_t)s->rank, sizeof *shape->dim);
    if (!shape->dim) return no_memory(w);
    for (int32_t i = 0; i < s->rank; i++) {
        NEW(w, Onnx__TensorShapeProto__Dimension, ONNX__TENSOR_SHAPE_PROTO__DIMENSION__INIT, d);
        const char *name = onr_symbol_name(g->symbols, s->dim[i]);
        if (onr_dim_known(s->dim[i])) {
            d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            d->dim_value = s->dim[i];
        } else if (name) {
            d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            d->dim_param = text(name);
        }
        shape->dim[i] = d;
    }
    shape->n_dim = (size_t)s->rank;
    *out = shape;
    return ONR_OK;
}

static onr_status write_type(const writer *w, const onr_graph *g, const onr_type *t, Onnx__TypeProto **out);

static onr_status write_elem(const writer *w, const onr_graph *g, const onr_type *t, Onnx__TypeProto **out) {
    *out = NULL;
    return t->elem ? write_type(w, g, t->elem, out) : ONR_OK;
}

static onr_status write_tensor_type(const writer *w, const onr_graph *g, const onr_type *t, Onnx__TypeProto__Tensor **out) {
    NEW(w, Onnx__TypeProto__Tensor, ONNX__TYPE_PROTO__TENSOR__INIT, tensor);
    tensor->has_elem_type = 1;
    tensor->elem_type = (int32_t)t->dtype;
    *out = tensor;
    return write_shape(w, g, &t->shape, &tensor->shape);
}

static onr_status write_map_type(const writer *w, const onr_graph *g, const onr_type *t, Onnx__TypeProto__Map **out) {
    NEW(w, Onnx__TypeProto__Map, ONNX__TYPE_PROTO__MAP__INIT, map);
    map->has_key_type = 1;
    map->key_type = (int32_t)t->dtype;
    *out = map;
    return write_elem(w, g, t, &map->value_type);
}

static onr_status write_type(const writer *w, const onr_graph *g, const onr_type *t, Onnx__TypeProto **out) {
    NEW(w, Onnx__TypeProto, ONNX__TYPE_PROTO__INIT, type);
    *out = type;
    switch (t->kind) {
    case ONR_TENSOR:
        type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
        return write_tensor_type(w, g, t, &type->tensor_type);
    case ONR_MAP: type->value_case = ONNX__TYPE_PROTO__VALUE_MAP_TYPE; return write_map_type(w, g, t, &type->map_type);
    case ONR_SEQUENCE: {
        NEW(w, Onnx__TypeProto__Sequence, ONNX__TYPE_PROTO__SEQUENCE__INIT, sequence);
        type->value_case = ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE;
        type->sequence_type = sequence;
        return write_elem(w, g, t, &sequence->elem_type);
    }
    case ONR_OPTIONAL: {
        NEW(w, Onnx__TypeProto__Optional, ONNX__TYPE_PROTO__OPTIONAL__INIT, optional);
        type->value_case = ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE;
        type->optional_type = optional;
        return write_elem(w, g, t, &optional->elem_type);
    }
    case ONR_KIND_UNKNOWN: break;
    }
    return ONR_OK;
}

static bool has_rank(const onr_type *t) {
    while (t->elem) t = t->elem;
    return t->kind == ONR_TENSOR && t->shape.rank >= 0;
}

// The inferred type where it says as much, else the declared one.
static const onr_type *best_type(const onr_value *v) {
    if (v->type.kind == ONR_KIND_UNKNOWN) return v->declared;
    bool less = v->declared && !has_rank(&v->type) && has_rank(v->declared);
    return less && !onr_type_contradicts(&v->type, v->declared) ? v->declared : &v->type;
}

static onr_status write_info(const writer *w, const onr_value *v, Onnx__ValueInfoProto **out) {
    NEW(w, Onnx__ValueInfoProto, ONNX__VALUE_INFO_PROTO__INIT, info);
    *out = info;
    ONR_TRY(name_of(w, v, &info->name));
    const onr_type *t = best_type(v);
    return t ? write_type(w, v->graph, t, &info->type) : ONR_OK;
}

static onr_status write_infos(const writer *w, onr_value *const *values, int32_t n, Onnx__ValueInfoProto ***out) {
    *out = onr_arena_calloc(w->arena, (size_t)n, sizeof(Onnx__ValueInfoProto *));
    if (!*out) return no_memory(w);
    for (int32_t i = 0; i < n; i++) ONR_TRY(write_info(w, values[i], &(*out)[i]));
    return ONR_OK;
}

// ---- attributes
// ---------------------------------------------------------------------------------------------------------------

static onr_status write_graph(writer *w, const onr_graph *g, Onnx__GraphProto **out);

static bool is_zero(const onr_tensor *t, size_t i) {
    if (t->dtype == ONR_STRING) return ((const onr_string *)t->data)[i].n == 0;
    size_t size = onr_dtype_size(t->dtype);
    const uint8_t *p = (const uint8_t *)t->data + i * size;
    for (size_t k = 0; k < size; k++)
        if (p[k]) return false;
    return true;
}

// A dense tensor as its nonzeros and their positions.
static onr_status write_sparse(const writer *w, const onr_datum *d, Onnx__SparseTensorProto **out) {
    NEW(w, Onnx__SparseTensorProto, ONNX__SPARSE_TENSOR_PROTO__INIT, s);
    *out = s;
    size_t n = (size_t)onr_tensor_numel(&d->t), size = onr_dtype_size(d->t.dtype), n_nonzero = 0;
    for (size_t i = 0; i < n; i++) n_nonzero += !is_zero(&d->t, i);
    uint8_t *values = onr_arena_calloc(w->arena, n_nonzero, size);
    int64_t *indices = onr_arena_calloc(w->arena, n_nonzero, sizeof *indices), *dims = NULL;
    dims = onr_arena_calloc(w->arena, (size_t)d->t.shape.rank, sizeof *dims);
    if (!values || !indices || !dims) return no_memory(w);
    for (size_t i = 0, k = 0; i < n; i++) {
        if (is_zero(&d->t, i)) continue;
        memcpy(values + k * size, (const uint8_t *)d->t.data + i * size, size);
        indices[k++] = (int64_t)i;
    }
    for (int32_t i = 0; i < d->t.shape.rank; i++) dims[i] = d->t.shape.dim[i];
    s->dims = dims;
    s->n_dims = (size_t)d->t.shape.rank;
    int64_t count = (int64_t)n_nonzero;
    onr_shape list = onr_shape_make(1, &count);
    onr_tensor value_tensor = {.dtype = d->t.dtype, .shape = list, .data = values};
    onr_tensor index_tensor = {.dtype = ONR_INT64, .shape = list, .data = indices};
    ONR_TRY(onr_tensor_write(w->arena, &value_tensor, NULL, &s->values, w->err));
    return onr_tensor_write(w->arena, &index_tensor, NULL, &s->indices, w->err);
}

static ProtobufCBinaryData bytes_of(onr_string s) { return (ProtobufCBinaryData){s.n, (uint8_t *)text(s.s)}; }

static onr_status write_single(writer *w, const onr_graph *g, const onr_attr *a, Onnx__AttributeProto *pb) {
    switch (a->kind) {
    case ONR_ATTR_FLOAT: pb->has_f = 1, pb->f = a->f; break;
    case ONR_ATTR_INT: pb->has_i = 1, pb->i = a->i; break;
    case ONR_ATTR_STRING: pb->has_s = 1, pb->s = bytes_of(a->s); break;
    case ONR_ATTR_TENSOR: return onr_tensor_write(w->arena, &a->tensor->t, NULL, &pb->t, w->err);
    case ONR_ATTR_SPARSE_TENSOR: return write_sparse(w, a->tensor, &pb->sparse_tensor);
    case ONR_ATTR_GRAPH: return write_graph(w, a->graph, &pb->g);
    case ONR_ATTR_TYPE: return write_type(w, g, a->type, &pb->tp);
    default: return onr_fail(w->err, ONR_INTERNAL, "attribute '%s' has no kind", a->name);
    }
    return ONR_OK;
}

// Element i of a list of messages.
static onr_status write_element(writer *w, const onr_graph *g, const onr_attr *a, size_t i, void **out) {
    switch (a->kind) {
    case ONR_ATTR_TENSORS: return onr_tensor_write(w->arena, &a->tensors[i]->t, NULL, (Onnx__TensorProto **)out, w->err);
    case ONR_ATTR_SPARSE_TENSORS: return write_sparse(w, a->tensors[i], (Onnx__SparseTensorProto **)out);
    case ONR_ATTR_GRAPHS: return write_graph(w, a->graphs[i], (Onnx__GraphProto **)out);
    default: return write_type(w, g, a->types[i], (Onnx__TypeProto **)out);
    }
}

static onr_status write_list(writer *w, const onr_graph *g, const onr_attr *a, Onnx__AttributeProto *pb) {
    void **list = onr_arena_calloc(w->arena, a->n, sizeof *list);
    if (!list) return no_memory(w);
    for (size_t i = 0; i < a->n; i++) ONR_TRY(write_element(w, g, a, i, &list[i]));
    switch (a->kind) {
    case ONR_ATTR_TENSORS: pb->n_tensors = a->n, pb->tensors = (Onnx__TensorProto **)list; break;
    case ONR_ATTR_SPARSE_TENSORS: pb->n_sparse_tensors = a->n, pb->sparse_tensors = (Onnx__SparseTensorProto **)list; break;
    case ONR_ATTR_GRAPHS: pb->n_graphs = a->n, pb->graphs = (Onnx__GraphProto **)list; break;
    default: pb->n_type_protos = a->n, pb->type_protos = (Onnx__TypeProto **)list; break;
    }
    return ONR_OK;
}

static onr_status write_attr(writer *w, const onr_graph *g, const onr_attr *a, Onnx__AttributeProto **out) {
    NEW(w, Onnx__AttributeProto, ONNX__ATTRIBUTE_PROTO__INIT, pb);
    *out = pb;
    pb->name = text(a->name);
    pb->has_type = 1;
    pb->type = (Onnx__AttributeProto__AttributeType)a->kind; // the same numbers
    switch (a->kind) {
    case ONR_ATTR_FLOATS: pb->n_floats = a->n, pb->floats = (float *)(uintptr_t)a->floats; return ONR_OK;
    case ONR_ATTR_INTS: pb->n_ints = a->n, pb->ints = (int64_t *)(uintptr_t)a->ints; return ONR_OK;
    case ONR_ATTR_STRINGS:
        pb->strings = onr_arena_calloc(w->arena, a->n, sizeof *pb->strings);
        if (!pb->strings) return no_memory(w);
        for (size_t i = 0; i < a->n; i++) pb->strings[i] = bytes_of(a->strings[i]);
        pb->n_strings = a->n;
        return ONR_OK;
    case ONR_ATTR_TENSORS:
    case ONR_ATTR_SPARSE_TENSORS:
    case ONR_ATTR_GRAPHS:
    case ONR_ATTR_TYPES: return write_list(w, g, a, pb);
    default: return write_single(w, g, a, pb);
    }
}

// ---- graphs
// -------------------------------------------------------------------------------------------------------------------

// Notes the version of a node's domain; a model can have only one.
static onr_status use_opset(writer *w, const onr_node *n) {
    bool is_new;
    onr_map_entry *e = onr_map_put(&w->opsets, n->domain, &is_new);
    if (!e) return no_memory(w);
    if (!is_new)
        return e->v.num == n->opset
                   ? ONR_OK
                   : onr_fail(w->err, ONR_UNSUPPORTED,
                              "node '%s' is of opset %d of domain '%s', others are of %lld: a model holds only one", n->name,
                              (int)n->opset, n->domain, (long long)e->v.num);
    if (w->n_domains == w->cap_domains) {
        size_t cap = w->cap_domains ? 2 * w->cap_domains : 8;
        const char **grown = onr_arena_grow(w->arena, w->domains, w->n_domains, cap, sizeof *grown);
        if (!grown) return no_memory(w);
        w->domains = grown;
        w->cap_domains = cap;
    }
    e->v.num = n->opset;
    w->domains[w->n_domains++] = n->domain;
    return ONR_OK;
}

static onr_status write_node(writer *w, const onr_node *n, Onnx__NodeProto **out) {
    NEW(w, Onnx__NodeProto, ONNX__NODE_PROTO__INIT, pb);
    *out = pb;
    pb->name = text(n->name);
    pb->op_type = text(n->op_type);
    pb->domain = *n->domain ? text(n->domain) : NULL;
    pb->overload = n->overload && *n->overload ? text(n->overload) : NULL;
    pb->doc_string = text(n->doc);
    ONR_TRY(use_opset(w, n));
    ONR_TRY(write_names(w, n->in, n->n_in, &pb->n_input, &pb->input));
    ONR_TRY(write_names(w, n->out, n->n_out, &pb->n_output, &pb->output));
    pb->attribute = onr_arena_calloc(w->arena, (size_t)n->n_attr, sizeof *pb->attribute);
    if (!pb->attribute) return no_memory(w);
    for (int32_t i = 0; i < n->n_attr; i++) ONR_TRY(write_attr(w, n->graph, &n->attr[i], &pb->attribute[i]));
    pb->n_attribute = (size_t)n->n_attr;
    return ONR_OK;
}

static bool is_used(const onr_value *v) { return v->n_uses || v->n_output; }

enum { LEAST_EXTERNAL = 1024, EXTERNAL_ALIGN = 64 };

static onr_status write_external(const writer *w, const void *data, size_t bytes) {
    static const uint8_t zeros[EXTERNAL_ALIGN];
    onr_external_out *x = w->external;
    size_t gap = (size_t)-x->offset % EXTERNAL_ALIGN;
    if (!x->sink(x->user, zeros, gap) || !x->sink(x->user, data, bytes))
        return onr_fail(w->err, ONR_INTERNAL, "the receiver of external data stopped");
    x->offset += (int64_t)(gap + bytes);
    return ONR_OK;
}

static onr_status add_place(const writer *w, Onnx__TensorProto *t, const char *key, const char *value) {
    NEW(w, Onnx__StringStringEntryProto, ONNX__STRING_STRING_ENTRY_PROTO__INIT, pair);
    pair->key = text(key);
    pair->value = text(value);
    if (!value) return no_memory(w);
    t->external_data[t->n_external_data++] = pair;
    return ONR_OK;
}

/// Lets the contents of a large tensor lie in the other file.
static onr_status move_out(const writer *w, Onnx__TensorProto *t) {
    enum { N_KEYS = 3 };
    size_t bytes = t->raw_data.len;
    if (!w->external || !t->has_raw_data || bytes < LEAST_EXTERNAL) return ONR_OK;
    t->external_data = onr_arena_calloc(w->arena, N_KEYS, sizeof *t->external_data);
    if (!t->external_data) return no_memory(w);
    ONR_TRY(write_external(w, t->raw_data.data, bytes));
    t->has_raw_data = 0;
    t->raw_data = (ProtobufCBinaryData){0, NULL};
    t->has_data_location = 1;
    t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    long long offset = (long long)(w->external->offset - (int64_t)bytes);
    ONR_TRY(add_place(w, t, "location", w->external->location));
    ONR_TRY(add_place(w, t, "offset", onr_arena_printf(w->arena, "%lld", offset)));
    return add_place(w, t, "length", onr_arena_printf(w->arena, "%zu", bytes));
}

static onr_status write_initializer(const writer *w, const onr_value *v, Onnx__TensorProto **out) {
    char *name;
    if (v->constant->kind != ONR_TENSOR)
        return onr_fail(w->err, ONR_UNSUPPORTED, "constant '%s' is no tensor: a model cannot hold it", v->name);
    if (v->constant->t.block)
        return onr_fail(w->err, ONR_UNSUPPORTED, "constant '%s' is in a blocked layout: a model cannot hold it", v->name);
    ONR_TRY(name_of(w, v, &name));
    ONR_TRY(onr_tensor_write(w->arena, &v->constant->t, name, out, w->err));
    return move_out(w, *out);
}

// Constants, and the types of what nodes make.
static onr_status write_values(const writer *w, const onr_graph *g, Onnx__GraphProto *pb) {
    pb->initializer = onr_arena_calloc(w->arena, (size_t)g->n_values, sizeof *pb->initializer);
    pb->value_info = onr_arena_calloc(w->arena, (size_t)g->n_values, sizeof *pb->value_info);
    if (!pb->initializer || !pb->value_info) return no_memory(w);
    for (int32_t i = 0; i < g->n_values; i++) {
        const onr_value *v = g->values[i];
        if (v->constant && is_used(v)) ONR_TRY(write_initializer(w, v, &pb->initializer[pb->n_initializer++]));
        bool typed = v->producer && !v->n_output && !v->type.block && best_type(v);
        if (typed) ONR_TRY(write_info(w, v, &pb->value_info[pb->n_value_info++]));
    }
    return ONR_OK;
}

static onr_status write_graph(writer *w, const onr_graph *g, Onnx__GraphProto **out) {
    NEW(w, Onnx__GraphProto, ONNX__GRAPH_PROTO__INIT, pb);
    *out = pb;
    pb->name = text(g->name);
    pb->node = onr_arena_calloc(w->arena, (size_t)g->n_nodes, sizeof *pb->node);
    if (!pb->node) return no_memory(w);
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (!g->nodes[i]->dead) ONR_TRY(write_node(w, g->nodes[i], &pb->node[pb->n_node++]));
    ONR_TRY(write_infos(w, g->inputs, g->n_inputs, &pb->input));
    ONR_TRY(write_infos(w, g->outputs, g->n_outputs, &pb->output));
    pb->n_input = (size_t)g->n_inputs;
    pb->n_output = (size_t)g->n_outputs;
    return write_values(w, g, pb);
}

// ---- models
// -------------------------------------------------------------------------------------------------------------------

static onr_status write_metadata(const writer *w, Onnx__ModelProto *pb) {
    const onr_model *m = w->model;
    pb->metadata_props = onr_arena_calloc(w->arena, m->n_metadata, sizeof *pb->metadata_props);
    if (!pb->metadata_props) return no_memory(w);
    for (size_t i = 0; i < m->n_metadata; i++) {
        NEW(w, Onnx__StringStringEntryProto, ONNX__STRING_STRING_ENTRY_PROTO__INIT, pair);
        pair->key = text(m->metadata[i].key);
        pair->value = text(m->metadata[i].value);
        pb->metadata_props[pb->n_metadata_props++] = pair;
    }
    return ONR_OK;
}

// The model's imports first, then those that only nodes know.
static onr_status write_opsets(const writer *w, Onnx__ModelProto *pb) {
    const onr_model *m = w->model;
    pb->opset_import = onr_arena_calloc(w->arena, m->n_opsets + w->n_domains, sizeof *pb->opset_import);
    if (!pb->opset_import) return no_memory(w);
    for (size_t i = 0; i < m->n_opsets + w->n_domains; i++) {
        const char *domain = i < m->n_opsets ? m->opsets[i].domain : w->domains[i - m->n_opsets];
        const onr_map_entry *used = onr_map_get(&w->opsets, domain);
        bool known = false;
        for (size_t k = 0; k < pb->n_opset_import; k++) known |= strcmp(pb->opset_import[k]->domain, domain) == 0;
        if (known) continue;
        NEW(w, Onnx__OperatorSetIdProto, ONNX__OPERATOR_SET_ID_PROTO__INIT, id);
        id->domain = text(domain);
        id->has_version = 1;
        id->version = used ? used->v.num : m->opsets[i].version;
        pb->opset_import[pb->n_opset_import++] = id;
    }
    return ONR_OK;
}

static onr_status make_model(writer *w, const onr_graph *g, Onnx__ModelProto **out) {
    const onr_model *m = w->model;
    NEW(w, Onnx__ModelProto, ONNX__MODEL_PROTO__INIT, pb);
    ONR_TRY(write_graph(w, g, &pb->graph));
    ONR_TRY(write_opsets(w, pb));
    ONR_TRY(write_metadata(w, pb));
    // IR 3 brought opset imports, IR 4 initializers that are not inputs, as they are written here.
    pb->has_ir_version = 1;
    pb->ir_version = m->ir_version < 4 ? 4 : m->ir_version;
    pb->producer_name = text("onnxrun");
    pb->producer_version = text(ONR_VERSION);
    pb->domain = *m->domain ? text(m->domain) : NULL;
    pb->has_model_version = m->model_version != 0;
    pb->model_version = m->model_version;
    pb->doc_string = *m->doc ? text(m->doc) : NULL;
    *out = pb;
    return ONR_OK;
}

onr_status onr_model_serialize(const onr_model *m, const onr_graph *g, void **out, size_t *bytes, onr_err *err) {
    onr_err own;
    Onnx__ModelProto *pb;
    writer w = {.model = m, .arena = onr_arena_new(0), .err = err ? err : &own};
    if (!w.arena) return onr_no_memory(err, 0);
    onr_map_init(&w.opsets, w.arena);
    onr_status status = make_model(&w, g, &pb);
    if (status == ONR_OK) status = onr_pb_pack(&pb->base, out, bytes, w.err);
    onr_arena_free(w.arena);
    return status;
}

onr_status onr_model_write(const onr_model *m, const onr_graph *g, onr_sink_fn sink, void *user, onr_external_out *external,
                           onr_err *err) {
    onr_err own;
    Onnx__ModelProto *pb;
    writer w = {.model = m, .arena = onr_arena_new(0), .external = external, .err = err ? err : &own};
    if (!w.arena) return onr_no_memory(err, 0);
    onr_map_init(&w.opsets, w.arena);
    onr_status status = make_model(&w, g, &pb);
    if (status == ONR_OK) status = onr_pb_pack_to(&pb->base, sink, user, w.err);
    onr_arena_free(w.arena);
    return status;
}
