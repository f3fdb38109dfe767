// steps.c: streams of tensors into archives and folders, and back by name.
// May assume: nothing about names: they come from models. Never lets a name lead out of its folder.
#include "io/steps.h"

#include "io/names.h"
#include "io/npy.h"
#include "io/npz.h"
#include "io/pb.h"
#include "io/zip_out.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_KEY = 4096, MAX_FILE = 255 };

static bool is_archive(const char *path) {
    size_t n = strlen(path);
    return n > 4 && strcasecmp(path + n - 4, ".npz") == 0;
}

// "name", "name#2", ...; false when it is too long.
static bool key_of(const char *name, size_t nth, char out[MAX_KEY]) {
    int n = nth > 1 ? snprintf(out, MAX_KEY, "%s#%zu", name, nth) : snprintf(out, MAX_KEY, "%s", name);
    return n < MAX_KEY;
}

// "FOLDER/key.ending" with the key's bytes made harmless; false when the file system would not take it.
static bool file_of(const char *folder, const char *key, const char *ending, char *out, size_t cap) {
    size_t at = (size_t)snprintf(out, cap, "%s/", folder), start = at;
    for (const char *p = key; *p && at + 4 < cap; p++) {
        bool plain = (isalnum((unsigned char)*p) && (unsigned char)*p < 128) || strchr("_-#", *p) || (*p == '.' && p > key);
        at += (size_t)snprintf(out + at, cap - at, plain ? "%c" : "%%%02X", (unsigned char)*p);
    }
    at += (size_t)snprintf(out + at, at < cap ? cap - at : 0, "%s", ending);
    return at < cap && at - start <= MAX_FILE;
}

// ---- out --------------------------------------------------------------------------------------------------------------------

struct onr_steps_out {
    onr_names *made; // and how often
    onr_zip_out *zip;
    char *folder;
};

onnxrun_status onr_steps_create(const char *path, onr_steps_out **out, onnxrun_error *err) {
    onr_steps_out *s = onr_io_alloc(1, sizeof *s);
    onnxrun_status st = ONNXRUN_OK;
    *out = NULL;
    if (!s) return onr_io_no_memory(err, sizeof *s);
    s->made = onr_names_new();
    if (!s->made)
        st = onr_io_no_memory(err, 0);
    else if (is_archive(path))
        st = onr_zip_create(path, &s->zip, err);
    else if (mkdir(path, 0777) != 0 && errno != EEXIST)
        st = onr_io_fail(err, ONNXRUN_USAGE, "cannot make the folder '%s': %s", path, strerror(errno));
    else if (!(s->folder = onr_io_strdup(path)))
        st = onr_io_no_memory(err, strlen(path));
    if (st != ONNXRUN_OK) {
        onr_steps_abandon(s);
        return st;
    }
    *out = s;
    return ONNXRUN_OK;
}

static onnxrun_status add_file(const onr_steps_out *s, const char *key, const char *ending, const onr_str *data,
                               onnxrun_error *err) {
    char path[2 * MAX_KEY];
    if (!file_of(s->folder, key, ending, path, sizeof path))
        return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "the name '%.60s...' is too long for a file: use an .npz archive", key);
    return onr_io_write(path, data->s, data->n, err);
}

static onnxrun_status add_entry(const onr_steps_out *s, const char *key, const onr_str *data, onnxrun_error *err) {
    char name[MAX_KEY + 8];
    snprintf(name, sizeof name, "%s.npy", key);
    return onr_zip_add(s->zip, name, data->s, data->n, err);
}

onnxrun_status onr_steps_add(onr_steps_out *s, const char *name, const onnxrun_value *v, onnxrun_error *err) {
    char key[MAX_KEY];
    onr_str data = {0};
    int64_t *nth = onr_names_add(s->made, name);
    if (!nth) return onr_io_no_memory(err, strlen(name));
    if (!key_of(name, (size_t)++ * nth, key))
        return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "the name '%.60s...' is too long", name);
    onnxrun_status st = onr_npy_write(v, &data, err);
    bool as_pb = st == ONNXRUN_UNSUPPORTED && !s->zip;
    if (as_pb) st = onr_pb_write(v, name, &data, err);
    if (st == ONNXRUN_OK) st = s->zip ? add_entry(s, key, &data, err) : add_file(s, key, as_pb ? ".pb" : ".npy", &data, err);
    onr_str_free(&data);
    return st;
}

onnxrun_status onr_steps_finish(onr_steps_out *s, onnxrun_error *err) {
    onr_zip_out *zip = s->zip;
    s->zip = NULL;
    onr_steps_abandon(s);
    return zip ? onr_zip_finish(zip, err) : ONNXRUN_OK;
}

void onr_steps_abandon(onr_steps_out *s) {
    if (!s) return;
    onr_zip_abandon(s->zip);
    onr_names_free(s->made);
    onr_io_free(s->folder);
    onr_io_free(s);
}

// ---- in ---------------------------------------------------------------------------------------------------------------------

struct onr_steps_in {
    onr_npz *npz;
    char *folder;
};

onnxrun_status onr_steps_open(const char *path, onr_steps_in **out, onnxrun_error *err) {
    struct stat info;
    onr_steps_in *s = onr_io_alloc(1, sizeof *s);
    onnxrun_status st = s ? ONNXRUN_OK : onr_io_no_memory(err, sizeof *s);
    *out = NULL;
    if (!s) return st;
    bool folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    if (!folder)
        st = onr_npz_open(path, &s->npz, err);
    else if (!(s->folder = onr_io_strdup(path)))
        st = onr_io_no_memory(err, strlen(path));
    if (st != ONNXRUN_OK) {
        onr_steps_close(s);
        return st;
    }
    *out = s;
    return ONNXRUN_OK;
}

static onnxrun_status get_file(const onr_steps_in *s, const char *key, const onnxrun_value *like, onnxrun_value **out,
                               onnxrun_error *err) {
    char path[2 * MAX_KEY];
    onr_map_file f;
    if (file_of(s->folder, key, ".npy", path, sizeof path) && access(path, F_OK) == 0) {
        onnxrun_status st = onr_io_open(path, &f, err);
        if (st != ONNXRUN_OK) return st;
        st = onr_npy_parse(f.data, f.bytes, onnxrun_value_dtype(like), out, err);
        onr_io_close(&f);
        return st == ONNXRUN_OK ? st : onr_io_prefix(err, "%s", path);
    }
    if (file_of(s->folder, key, ".pb", path, sizeof path) && access(path, F_OK) == 0)
        return onr_pb_read(path, onnxrun_value_kind(like), out, err);
    return ONNXRUN_OK;
}

onnxrun_status onr_steps_get(onr_steps_in *s, const char *name, size_t nth, const onnxrun_value *like, onnxrun_value **out,
                             onnxrun_error *err) {
    char key[MAX_KEY];
    *out = NULL;
    if (!key_of(name, nth, key)) return ONNXRUN_OK;
    if (s->npz) return onr_npz_get(s->npz, key, onnxrun_value_dtype(like), out, err);
    return get_file(s, key, like, out, err);
}

void onr_steps_close(onr_steps_in *s) {
    if (!s) return;
    onr_npz_close(s->npz);
    onr_io_free(s->folder);
    onr_io_free(s);
}
