// external.h: the files beside a model that hold tensors' bytes, each mapped once.
// May assume: the arena outlives the table. Never opens anything outside the model's folder.
#ifndef ONR_ONNX_EXTERNAL_H
#define ONR_ONNX_EXTERNAL_H

#include "base/file.h"
#include "base/map.h"
#include "onnx/pb.h"

typedef struct onr_external {
    onr_arena *arena;
    const char *folder; ///< NULL: external data is refused
    onr_map by_name;    ///< location -> onr_map_file *
    onr_map_file **files;
    size_t n_files, cap_files;
} onr_external;

void onr_external_init(onr_external *x, onr_arena *arena, const char *folder);
/// Unmaps all files.
void onr_external_free(onr_external *x);

/// The bytes of a tensor whose data_location is EXTERNAL. `want` is what its type and shape need: a stated length must be
/// equal, and the file must reach that far. Keys: location, offset, length; checksum is not verified. The bytes live as long as
/// the table.
onr_status onr_external_find(onr_external *x, const Onnx__TensorProto *t, size_t want, const uint8_t **out, onr_err *err);

#endif
