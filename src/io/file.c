// file.c: public errors out of base's, files in and out, and the memory of io and the tool.
// May assume: onnxrun_error and onr_err have texts of the same length. Never prints.
#include "io/file.h"

#include "base/arena.h"
#include "base/mathx.h"

#include <stdarg.h>
#include <string.h>

_Static_assert(sizeof((onnxrun_error *)0)->text == ONR_ERR_TEXT, "a text of base fits a public error");

static onnxrun_status to_public(onr_status st, const onr_err *from, onnxrun_error *to) {
    if (st != ONR_OK && to) {
        to->status = (onnxrun_status)st;
        memcpy(to->text, from->text, sizeof to->text);
    }
    return (onnxrun_status)st;
}

onnxrun_status onr_io_fail(onnxrun_error *err, onnxrun_status status, const char *fmt, ...) {
    onr_err e;
    va_list ap;
    va_start(ap, fmt);
    onr_status st = onr_vfail(&e, (onr_status)status, fmt, ap);
    va_end(ap);
    return to_public(st, &e, err);
}

onnxrun_status onr_io_prefix(onnxrun_error *err, const char *fmt, ...) {
    if (!err) return ONNXRUN_INTERNAL;
    onr_err prefix, whole;
    va_list ap;
    va_start(ap, fmt);
    onr_vfail(&prefix, ONR_INTERNAL, fmt, ap);
    va_end(ap);
    return to_public(onr_fail(&whole, (onr_status)err->status, "%s: %s", prefix.text, err->text), &whole, err);
}

onnxrun_status onr_io_no_memory(onnxrun_error *err, size_t bytes) {
    onr_err e;
    return to_public(onr_no_memory(&e, bytes), &e, err);
}

onnxrun_status onr_io_open(const char *path, onr_map_file *out, onnxrun_error *err) {
    onr_err e;
    return to_public(onr_file_map(path, out, &e), &e, err);
}

void onr_io_close(onr_map_file *f) { onr_file_unmap(f); }

onnxrun_status onr_io_write(const char *path, const void *data, size_t bytes, onnxrun_error *err) {
    onr_err e;
    return to_public(onr_file_write(path, data, bytes, &e), &e, err);
}

void *onr_io_alloc(size_t n, size_t size) {
    size_t bytes;
    if (!onr_mul_size(n, size, &bytes)) return NULL;
    void *p = onr_malloc(bytes ? bytes : 1);
    if (p) memset(p, 0, bytes);
    return p;
}

bool onr_io_grow(void **items, size_t n, size_t *cap, size_t size) {
    if (n < *cap) return true;
    size_t want = *cap ? *cap : 8, bytes;
    while (want <= n) {
        if (!onr_mul_size(want, 2, &want)) return false;
    }
    void *grown = onr_mul_size(want, size, &bytes) ? onr_realloc(*items, bytes) : NULL;
    if (!grown) return false;
    *items = grown;
    *cap = want;
    return true;
}

char *onr_io_strdup(const char *s) {
    size_t n = strlen(s) + 1;
    char *copy = onr_malloc(n);
    return copy ? memcpy(copy, s, n) : NULL;
}

void onr_io_free(void *p) { onr_free(p); }
