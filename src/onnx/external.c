// external.c: finds a tensor's bytes in a file beneath the model's folder.
// May assume: base/file.h keeps paths beneath the folder. Never reads past a file's end, never maps a file twice.
// Source: ONNX "External Data".
#include "onnx/external.h"

#include "base/mathx.h"

#include <string.h>

void onr_external_init(onr_external *x, onr_arena *arena, const char *folder) {
    memset(x, 0, sizeof *x);
    x->arena = arena;
    x->folder = folder;
    onr_map_init(&x->by_name, arena);
}

void onr_external_free(onr_external *x) {
    for (size_t i = 0; i < x->n_files; i++) onr_file_unmap(x->files[i]);
    x->n_files = 0;
}

// A decimal number without sign, spaces or leftovers.
static bool parse_number(const char *s, int64_t *out) {
    int64_t v = 0;
    if (!*s) return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '9') return false;
        if (!onr_mul_i64(v, 10, &v) || !onr_add_i64(v, *s - '0', &v)) return false;
    }
    *out = v;
    return true;
}

typedef struct place {
    const char *location;
    int64_t offset, length; // length -1: not stated
} place;

static onr_status read_place(const Onnx__TensorProto *t, place *out, onr_err *err) {
    *out = (place){.length = -1};
    for (size_t i = 0; i < t->n_external_data; i++) {
        const Onnx__StringStringEntryProto *e = t->external_data[i];
        const char *key = onr_pb_text(e->key), *value = onr_pb_text(e->value);
        if (strcmp(key, "location") == 0) out->location = value;
        int64_t *number = strcmp(key, "offset") == 0 ? &out->offset : strcmp(key, "length") == 0 ? &out->length : NULL;
        if (number && !parse_number(value, number))
            return onr_fail(err, ONR_INVALID, "external data: %s '%.40s' is not a number", key, value);
    }
    if (!out->location || !*out->location) return onr_fail(err, ONR_INVALID, "external data without a location");
    return ONR_OK;
}

static onr_status find_file(onr_external *x, const char *location, const onr_map_file **out, onr_err *err) {
    onr_map_entry *e = onr_map_get(&x->by_name, location);
    if (e) {
        *out = e->v.ptr;
        return ONR_OK;
    }
    if (x->n_files == x->cap_files) {
        size_t cap = x->cap_files ? x->cap_files * 2 : 8;
        onr_map_file **files = onr_arena_grow(x->arena, x->files, x->n_files, cap, sizeof *files);
        if (!files) return onr_no_memory(err, cap * sizeof *files);
        x->files = files;
        x->cap_files = cap;
    }
    // Everything that can fail for lack of memory comes before the mapping, so that no mapping is lost.
    onr_map_file *f = onr_arena_alloc(x->arena, sizeof *f);
    char *name = onr_arena_strdup(x->arena, location);
    if (!f || !name) return onr_no_memory(err, sizeof *f);
    ONR_TRY(onr_file_map_beneath(x->folder, location, 0, -1, f, err));
    x->files[x->n_files++] = f;
    e = onr_map_put(&x->by_name, name, NULL);
    if (!e) return onr_no_memory(err, sizeof *e);
    e->v.ptr = f;
    *out = f;
    return ONR_OK;
}

onr_status onr_external_find(onr_external *x, const Onnx__TensorProto *t, size_t want, const uint8_t **out, onr_err *err) {
    place at;
    const onr_map_file *f = NULL;
    ONR_TRY(read_place(t, &at, err));
    if (!x || !x->folder) return onr_fail(err, ONR_INVALID, "external data '%.200s' is not allowed here", at.location);
    if (at.length >= 0 && (uint64_t)at.length != want)
        return onr_fail(err, ONR_INVALID, "external data '%.200s': %lld bytes are stated, type and shape need %zu", at.location,
                        (long long)at.length, want);
    ONR_TRY(find_file(x, at.location, &f, err));
    if ((uint64_t)at.offset > f->bytes || want > f->bytes - (uint64_t)at.offset)
        return onr_fail(err, ONR_INVALID, "external data '%.200s': %zu bytes at %lld reach past the file's end (%zu bytes)",
                        at.location, want, (long long)at.offset, f->bytes);
    *out = want ? f->data + at.offset : (const uint8_t *)"";
    return ONR_OK;
}
