// onnxrun_roof.c: how fast this machine can be at all, for profiles.
// May assume: a session that is not running. Never keeps a result: the machine may be busier or cooler the next time.
#include "kernels/roof/roof.h"
#include "onnxrun_session.h"

#include <string.h>

enum { LEAST_BYTES = 64 << 20, MOST_BYTES = 256 << 20 };

onnxrun_status onnxrun_session_roof(onnxrun_session *s, double *gflops, double *gbytes, onnxrun_error *error) {
    onr_err *err = onr_err_inner(error);
    size_t bytes = 4 * s->target.cpu.l3_bytes;
    bytes = bytes < LEAST_BYTES ? LEAST_BYTES : bytes > MOST_BYTES ? MOST_BYTES : bytes;
    onr_buf *memory = onr_buf_new(bytes);
    if (!memory) return (onnxrun_status)onr_no_memory(err, bytes);
    memset(memory->data, 1, bytes); // small numbers, and pages that are there
    *gflops = onr_roof_gflops(s->target.cpu.features, s->pool);
    *gbytes = onr_roof_gbytes(s->target.cpu.features, memory->data, bytes, s->pool);
    onr_pool_quiet(s->pool);
    onr_buf_unref(memory);
    return ONNXRUN_OK;
}
