// type_pb.c: TypeProto to onr_type.
// May assume: nesting was limited by the wire scan. Never fails on a type it does not know: that is an unknown type.
#include "onnx/import.h"

static onr_dtype known_dtype(int32_t number) { return number > 0 && number < ONR_N_DTYPES ? (onr_dtype)number : ONR_UNDEFINED; }

static onr_status import_shape(onr_importer *im, const Onnx__TensorShapeProto *pb, onr_shape *out) {
    *out = onr_shape_unknown();
    if (!pb) return ONR_OK;
    if (pb->n_dim > (size_t)im->options->max_rank)
        return onr_fail(im->err, ONR_LIMIT, "rank %zu is above the limit of %d", pb->n_dim, im->options->max_rank);
    out->rank = (int32_t)pb->n_dim;
    for (size_t i = 0; i < pb->n_dim; i++) {
        const Onnx__TensorShapeProto__Dimension *d = pb->dim[i];
        bool number = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && d->dim_value >= 0;
        bool name = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
        // Some exporters write -1 for a dimension they do not know.
        out->dim[i] = number ? d->dim_value : onr_symbol(im->model->symbols, name ? d->dim_param : NULL);
    }
    if (!onr_shape_countable(out)) return onr_fail(im->err, ONR_LIMIT, "the shape has too many elements to count");
    return ONR_OK;
}

static onr_status import_tensor(onr_importer *im, int32_t elem_type, const Onnx__TensorShapeProto *shape, onr_type *out) {
    onr_shape s;
    ONR_TRY(import_shape(im, shape, &s));
    *out = onr_type_tensor(known_dtype(elem_type), s);
    return ONR_OK;
}

static onr_status import_container(onr_importer *im, onr_kind kind, const Onnx__TypeProto *elem, onr_type *out) {
    out->kind = kind;
    return elem ? onr_import_type(im, elem, &out->elem) : ONR_OK;
}

onr_status onr_import_type(onr_importer *im, const Onnx__TypeProto *pb, const onr_type **out) {
    onr_type *t = onr_arena_alloc(im->model->arena, sizeof *t);
    if (!t) return onr_no_memory(im->err, sizeof *t);
    *t = onr_type_unknown();
    *out = t;
    switch (pb->value_case) {
    case ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE: return import_tensor(im, pb->tensor_type->elem_type, pb->tensor_type->shape, t);
    case ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE: // sparse tensors are expanded when they are read
        return import_tensor(im, pb->sparse_tensor_type->elem_type, pb->sparse_tensor_type->shape, t);
    case ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE: return import_container(im, ONR_SEQUENCE, pb->sequence_type->elem_type, t);
    case ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE: return import_container(im, ONR_OPTIONAL, pb->optional_type->elem_type, t);
    case ONNX__TYPE_PROTO__VALUE_MAP_TYPE:
        t->dtype = known_dtype(pb->map_type->key_type);
        return import_container(im, ONR_MAP, pb->map_type->value_type, t);
    default: return ONR_OK;
    }
}
