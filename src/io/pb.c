// pb.c: protobuf files of values; the messages themselves are the library's work.
// May assume: nothing about the bytes. Never knows protobuf.
#include "io/pb.h"

onnxrun_status onr_pb_read(const char *path, onnxrun_kind like, onnxrun_value **out, onnxrun_error *err) {
    onr_map_file f;
    onnxrun_status st = onr_io_open(path, &f, err);
    if (st != ONNXRUN_OK) return st;
    st = onnxrun_value_parse(f.data, f.bytes, like, out, err);
    if (st != ONNXRUN_OK) st = onr_io_prefix(err, "%s", path);
    onr_io_close(&f);
    return st;
}

onnxrun_status onr_pb_write(const onnxrun_value *v, const char *name, onr_str *out, onnxrun_error *err) {
    void *pb;
    size_t bytes;
    onnxrun_status st = onnxrun_value_serialize(v, name, &pb, &bytes, err);
    if (st != ONNXRUN_OK) return st;
    onr_str_addn(out, pb, bytes);
    onnxrun_string_free(pb);
    return out->failed ? onr_io_no_memory(err, bytes) : ONNXRUN_OK;
}
