// sink.h: where written bytes go, piece by piece.
#ifndef ONR_ONNX_SINK_H
#define ONR_ONNX_SINK_H

#include <stdbool.h>
#include <stddef.h>

/// Receives bytes in order; false: it cannot take more, and its owner knows why.
typedef bool (*onr_sink_fn)(void *user, const void *data, size_t bytes);

#endif
