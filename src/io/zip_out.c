// zip_out.c: writes zip archives with stored entries (source: PKWARE's APPNOTE 6.3.10). Every size is written in the zip64
// form, so that small archives prove what large ones need.
// May assume: a little-endian machine is not needed: all numbers are written byte by byte. Never reads.
#include "io/zip_out.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { VERSION = 45, UTF8 = 1 << 11, STORED = 0, DOS_DATE = 0x21 }; // 1980-01-01: archives do not depend on the clock
enum { MAX_NAME = 0xFFFF };

struct onr_zip_out {
    FILE *file;
    char *path, *aside;
    onr_str list; // the central directory
    uint64_t at, n;
    uint32_t crc[256];
};

// ---- numbers ----------------------------------------------------------------------------------------------------------------

static void put(onr_str *s, uint64_t x, int bytes) {
    char b[8];
    for (int i = 0; i < bytes; i++) b[i] = (char)(x >> (8 * i));
    onr_str_addn(s, b, (size_t)bytes);
}

static void make_crc(uint32_t table[256]) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
        table[i] = c;
    }
}

static uint32_t crc_of(const uint32_t table[256], const uint8_t *p, size_t n) {
    uint32_t c = ~0u;
    for (size_t i = 0; i < n; i++) c = table[(c ^ p[i]) & 0xFF] ^ c >> 8;
    return ~c;
}

// ---- writing ----------------------------------------------------------------------------------------------------------------

static onnxrun_status emit(onr_zip_out *z, const void *data, size_t bytes, onnxrun_error *err) {
    if (fwrite(data, 1, bytes, z->file) != bytes)
        return onr_io_fail(err, ONNXRUN_LIMIT, "cannot write '%s': %s", z->path, strerror(errno));
    z->at += bytes;
    return ONNXRUN_OK;
}

static onnxrun_status emit_text(onr_zip_out *z, onr_str *s, onnxrun_error *err) {
    onnxrun_status st = s->failed ? onr_io_no_memory(err, s->n) : emit(z, s->s, s->n, err);
    onr_str_free(s);
    return st;
}

onnxrun_status onr_zip_create(const char *path, onr_zip_out **out, onnxrun_error *err) {
    onr_zip_out *z = onr_io_alloc(1, sizeof *z);
    onr_str aside = {0};
    *out = NULL;
    if (!z) return onr_io_no_memory(err, sizeof *z);
    make_crc(z->crc);
    onr_str_printf(&aside, "%s.part%ld", path, (long)getpid());
    z->aside = aside.s;
    z->path = onr_io_strdup(path);
    if (aside.failed || !z->path) {
        onr_zip_abandon(z);
        return onr_io_no_memory(err, strlen(path));
    }
    z->file = fopen(z->aside, "wbx");
    if (!z->file) {
        onr_io_fail(err, ONNXRUN_USAGE, "cannot write '%s': %s", path, strerror(errno));
        onr_zip_abandon(z);
        return ONNXRUN_USAGE;
    }
    *out = z;
    return ONNXRUN_OK;
}

// What the local header and the list have in common: version to name length; `extra` is the length of what follows the name.
static void put_common(onr_str *s, uint32_t crc, size_t name_bytes, int extra) {
    put(s, VERSION, 2);
    put(s, UTF8, 2);
    put(s, STORED, 2);
    put(s, 0, 2);
    put(s, DOS_DATE, 2);
    put(s, crc, 4);
    put(s, UINT32_MAX, 4); // sizes are in the zip64 part
    put(s, UINT32_MAX, 4);
    put(s, name_bytes, 2);
    put(s, (uint64_t)extra, 2);
}

onnxrun_status onr_zip_add(onr_zip_out *z, const char *name, const void *data, size_t bytes, onnxrun_error *err) {
    size_t n = strlen(name);
    onr_str head = {0};
    uint32_t crc = crc_of(z->crc, data, bytes);
    if (n > MAX_NAME) return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "zip: the name '%.40s...' is too long", name);

    put(&z->list, 0x02014b50, 4); // its line in the list
    put(&z->list, VERSION, 2);
    put_common(&z->list, crc, n, 4 + 24);
    put(&z->list, 0, 2 + 2 + 2); // comment, disk, text or binary
    put(&z->list, 0, 4);
    put(&z->list, UINT32_MAX, 4);
    onr_str_addn(&z->list, name, n);
    put(&z->list, 1, 2); // zip64: both sizes and the place
    put(&z->list, 24, 2);
    put(&z->list, bytes, 8);
    put(&z->list, bytes, 8);
    put(&z->list, z->at, 8);
    z->n++;

    put(&head, 0x04034b50, 4); // the entry itself
    put_common(&head, crc, n, 4 + 16);
    onr_str_addn(&head, name, n);
    put(&head, 1, 2);
    put(&head, 16, 2);
    put(&head, bytes, 8);
    put(&head, bytes, 8);
    onnxrun_status st = emit_text(z, &head, err);
    return st == ONNXRUN_OK ? emit(z, data, bytes, err) : st;
}

// The end: zip64's record, where it is, and the old record that says "look there".
static void put_end(onr_str *s, uint64_t list_at, uint64_t list_bytes, uint64_t n) {
    put(s, 0x06064b50, 4);
    put(s, 44, 8);
    put(s, VERSION, 2);
    put(s, VERSION, 2);
    put(s, 0, 8); // disks
    put(s, n, 8);
    put(s, n, 8);
    put(s, list_bytes, 8);
    put(s, list_at, 8);
    put(s, 0x07064b50, 4);
    put(s, 0, 4);
    put(s, list_at + list_bytes, 8);
    put(s, 1, 4);
    put(s, 0x06054b50, 4);
    put(s, 0, 4);
    put(s, UINT32_MAX, 4); // both counts
    put(s, UINT32_MAX, 4);
    put(s, UINT32_MAX, 4);
    put(s, 0, 2);
}

onnxrun_status onr_zip_finish(onr_zip_out *z, onnxrun_error *err) {
    uint64_t list_at = z->at, list_bytes = z->list.n;
    onr_str end = {0};
    put_end(&end, list_at, list_bytes, z->n);
    onnxrun_status st = z->list.n ? emit_text(z, &z->list, err) : ONNXRUN_OK;
    if (st == ONNXRUN_OK) st = emit_text(z, &end, err);
    onr_str_free(&end);
    bool closed = fclose(z->file) == 0;
    z->file = NULL;
    if (st == ONNXRUN_OK && (!closed || rename(z->aside, z->path) != 0))
        st = onr_io_fail(err, ONNXRUN_LIMIT, "cannot write '%s': %s", z->path, strerror(errno));
    if (st == ONNXRUN_OK) z->aside[0] = '\0'; // nothing is left aside
    onr_zip_abandon(z);
    return st;
}

void onr_zip_abandon(onr_zip_out *z) {
    if (!z) return;
    if (z->file) fclose(z->file);
    if (z->aside && z->aside[0]) unlink(z->aside);
    onr_str_free(&z->list);
    onr_io_free(z->path);
    onr_io_free(z->aside);
    onr_io_free(z);
}
