// tensor_pb.h: TensorProto and SparseTensorProto to tensors.
// May assume: messages came through onr_pb_parse, whose spans are given. Never keeps a pointer into protobuf-c's structs.
#ifndef ONR_ONNX_TENSOR_PB_H
#define ONR_ONNX_TENSOR_PB_H

#include "onnx/external.h"
#include "onnx/model.h"

/// Float contents of at least this size are borrowed from the file even when they are not aligned.
enum { ONR_BORROW_BYTES = 64 << 10 };

/// Where the contents of one file's tensors come from and go to.
typedef struct onr_tensor_source {
    const onr_span *spans;
    size_t n_spans;
    onr_arena
        *arena; ///< for contents that cannot be borrowed from the file. NULL: every datum owns its memory, nothing is borrowed
    onr_external *external; ///< NULL: external data is refused
    const onr_model *model; ///< whose mapped pages are given back once contents were copied from them; may be NULL
    size_t max_dense_bytes; ///< limit on one expanded sparse tensor, which may be far larger than its file
    int max_rank;           ///< 0: ONR_MAX_RANK
    int64_t max_elements;   ///< of one tensor; 0: no limit
} onr_tensor_source;

/// Reads a tensor: its type, shape and contents must agree exactly. ONR_INVALID for a broken one, ONR_LIMIT for a rank beyond
/// ONR_MAX_RANK, ONR_UNSUPPORTED for segments and element types this build does not know.
onr_status onr_tensor_read(const onr_tensor_source *from, const Onnx__TensorProto *t, onr_datum *out, onr_err *err);
/// Reads a sparse tensor into a dense one. Indices may be positions [n] or coordinates [n, rank]; they must lie inside.
onr_status onr_sparse_read(const onr_tensor_source *from, const Onnx__SparseTensorProto *s, onr_datum *out, onr_err *err);

/// Unpacks n elements of a 2- or 4-bit type, low bits first, to one byte each as tensor/dtype.h says.
void onr_subbyte_unpack(onr_dtype dtype, const uint8_t *packed, size_t n, uint8_t *out);
/// The inverse. The unused bits of the last byte are zero.
void onr_subbyte_pack(onr_dtype dtype, const uint8_t *in, size_t n, uint8_t *packed);

#endif
