// tensor.h: what flows along an edge: its static type, and its content while running (a datum).
// Data flows as tensors, sequences, optionals and maps; strings are tensors of onr_string.
#ifndef ONR_TENSOR_TENSOR_H
#define ONR_TENSOR_TENSOR_H

#include "tensor/dtype.h"
#include "tensor/shape.h"

typedef enum onr_kind { ONR_KIND_UNKNOWN = 0, ONR_TENSOR, ONR_SEQUENCE, ONR_OPTIONAL, ONR_MAP } onr_kind;

/// The static type of a value. Copyable; `elem` lives in an arena of whoever made it.
typedef struct onr_type {
    onr_kind kind;
    onr_dtype dtype; ///< tensor: its elements; map: its keys
    int32_t block;   ///< layout of a tensor: 0 plain row-major; 8 or 16: channels (dimension 1) in blocks, [N][C/b][spatial][b]
    onr_shape shape; ///< tensor: the logical shape, whatever the layout
    const struct onr_type *elem; ///< sequence, optional: the element's type; map: the value's type
} onr_type;

/// One string: bytes, not terminated.
typedef struct onr_string {
    const char *s;
    size_t n;
} onr_string;

typedef struct onr_tensor {
    onr_dtype dtype;
    int32_t block; ///< as in onr_type
    onr_shape shape;
    void *data; ///< elements; may be NULL when there are none
} onr_tensor;

/// The content of a value. A tensor's memory belongs to `buf`, or to somebody else when buf is NULL (an arena, a constant, the
/// caller).
typedef struct onr_datum {
    onr_kind kind;          ///< ONR_KIND_UNKNOWN: empty slot
    onr_tensor t;           ///< kind tensor
    onr_buf *buf;           ///< owner of t.data, or of `item`
    size_t n;               ///< sequence: items; optional: 0 or 1; map: 2 (keys tensor, values: a tensor or a sequence)
    struct onr_datum *item; ///< in buf
    const onr_type *elem;   ///< sequence, optional, map: type of the elements when n is 0; may be NULL
} onr_datum;

onr_type onr_type_tensor(onr_dtype dtype, onr_shape shape);
onr_type onr_type_unknown(void);
/// Deep equality; symbolic dimensions compare as in onr_shape_equal.
bool onr_type_equal(const onr_type *a, const onr_type *b);
/// Can no value be of both types? Unknown parts and symbolic dimensions go with anything.
bool onr_type_contradicts(const onr_type *a, const onr_type *b);
/// "float32[batch x 3 x 224 x 224]", "seq(int64[?])", "optional(...)", "map(string, float32[?])". Returns out.
enum { ONR_TYPE_TEXT = 400 };
const char *onr_type_text(const onr_type *t, const onr_symbols *symbols, char out[ONR_TYPE_TEXT]);
/// Bytes a tensor of this type takes in memory, blocked layouts padded; false when not known or too large.
bool onr_type_bytes(const onr_type *t, size_t *bytes);

int64_t onr_tensor_numel(const onr_tensor *t);
/// Bytes of its memory, including a blocked layout's padding.
size_t onr_tensor_bytes(const onr_tensor *t);
/// Element i of an integer or bool tensor as int64 (uint64 wraps). Asserts on other types.
int64_t onr_tensor_int(const onr_tensor *t, int64_t i);
/// Element i of a numeric tensor as double (complex: real part). NAN of strings.
double onr_tensor_num(const onr_tensor *t, int64_t i);

/// A new tensor datum with its own memory (contents undefined; strings: empty). The caller releases it.
onr_status onr_datum_new(onr_dtype dtype, const onr_shape *shape, onr_datum *out, onr_err *err);
/// A tensor datum over memory that somebody else keeps alive.
onr_datum onr_datum_borrow(onr_dtype dtype, const onr_shape *shape, const void *data);
/// A string tensor with a deep copy of the strings (one block).
onr_status onr_datum_new_strings(const onr_shape *shape, const onr_string *strings, onr_datum *out, onr_err *err);
/// A sequence, optional or map with room for n empty items (zeroed).
onr_status onr_datum_new_items(onr_kind kind, size_t n, onr_datum *out, onr_err *err);
/// The type of the elements of a datum from onr_datum_new_items, copied into its own memory (two levels deep): it lives as long
/// as the items. NULL: not known.
void onr_datum_set_elem(onr_datum *d, const onr_type *elem);
/// Another holder of the same content: buffers are shared by reference count. A borrowed tensor stays borrowed.
onr_datum onr_datum_ref(const onr_datum *d);
/// What a container needs to keep an item: another holder when the source owns its memory, a copy when it borrows.
onr_status onr_datum_hold(const onr_datum *d, onr_datum *out, onr_err *err);
/// A copy that owns its memory, however the source is owned.
onr_status onr_datum_copy(const onr_datum *d, onr_datum *out, onr_err *err);
/// Drops this holder and empties the slot. NULL and empty slots are allowed.
void onr_datum_release(onr_datum *d);
/// The datum's type. Containers: `elem` is d->elem, which may be NULL.
onr_type onr_datum_type(const onr_datum *d);

#endif
