// npz.c: archives of arrays, through libzip.
// May assume: nothing about the bytes. Never takes more memory than the archive's own bytes can unpack to.
#include "io/npz.h"

#include "io/npy.h"

#include <stdio.h>
#include <string.h>
#include <zip.h>

// Deflate turns one byte into at most 1032 (zlib's technical notes), plus a little for tiny files.
enum { MAX_RATIO = 1032, SLACK = 1024 };
// DOS time has two-second steps since 1980; this is its first day: archives do not depend on the clock.
enum { DOS_DATE = 0x21 };

void onr_named_free(onr_named *items, size_t n) {
    for (size_t i = 0; items && i < n; i++) {
        onr_io_free(items[i].name);
        onnxrun_value_free(items[i].value);
    }
    onr_io_free(items);
}

// Unpacks entry i into fresh memory; *budget is what all entries together may still unpack to.
static onnxrun_status unpack(zip_t *zip, zip_uint64_t i, const zip_stat_t *st, size_t *budget, void **out, onnxrun_error *err) {
    if (st->size > *budget) return onr_io_fail(err, ONNXRUN_INVALID, "npz: the size of '%s' cannot be true", st->name);
    *budget -= st->size;
    void *data = onr_io_alloc(st->size, 1);
    if (!data) return onr_io_no_memory(err, st->size);
    zip_file_t *f = zip_fopen_index(zip, i, 0);
    char more;
    // Reading on to the end makes libzip compare the checksum.
    bool whole = f && zip_fread(f, data, st->size) == (zip_int64_t)st->size && zip_fread(f, &more, 1) == 0;
    if (!whole) {
        onr_io_fail(err, ONNXRUN_INVALID, "npz: '%s' cannot be unpacked: %s", st->name,
                    f ? zip_error_strerror(zip_file_get_error(f)) : zip_strerror(zip));
        onr_io_free(data);
        data = NULL;
    }
    if (f) zip_fclose(f);
    *out = data;
    return whole ? ONNXRUN_OK : ONNXRUN_INVALID;
}

static onnxrun_status read_entry(zip_t *zip, zip_uint64_t i, size_t *budget, onr_named *out, onnxrun_error *err) {
    zip_stat_t st;
    const zip_uint64_t need = ZIP_STAT_NAME | ZIP_STAT_SIZE;
    if (zip_stat_index(zip, i, 0, &st) != 0 || (st.valid & need) != need) {
        return onr_io_fail(err, ONNXRUN_INVALID, "npz: entry %llu is broken", (unsigned long long)i);
    }
    void *data = NULL;
    onnxrun_status status = unpack(zip, i, &st, budget, &data, err);
    if (status != ONNXRUN_OK) return status;
    out->name = onr_io_strdup(st.name);
    status = out->name ? onr_npy_parse(data, st.size, ONNXRUN_UNDEFINED, &out->value, err)
                       : onr_io_no_memory(err, strlen(st.name));
    if (status != ONNXRUN_OK && out->name) status = onr_io_prefix(err, "%s", out->name);
    onr_io_free(data);
    size_t n = out->name ? strlen(out->name) : 0;
    if (n > 4 && strcmp(out->name + n - 4, ".npy") == 0) out->name[n - 4] = '\0';
    return status;
}

onnxrun_status onr_npz_parse(const void *data, size_t bytes, onr_named **out, size_t *n, onnxrun_error *err) {
    zip_error_t ze;
    // libzip takes no bytes for an archive that is still to be written.
    if (bytes == 0) return onr_io_fail(err, ONNXRUN_INVALID, "not a whole npz file: it is empty");
    zip_error_init(&ze);
    zip_source_t *source = zip_source_buffer_create(data, bytes, 0, &ze);
    zip_t *zip = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &ze) : NULL;
    if (!zip) {
        onnxrun_status st = onr_io_fail(err, ONNXRUN_INVALID, "not a whole npz file: %s", zip_error_strerror(&ze));
        if (source) zip_source_free(source);
        zip_error_fini(&ze);
        return st;
    }
    zip_error_fini(&ze);
    size_t count = (size_t)zip_get_num_entries(zip, 0);
    size_t budget = bytes > (SIZE_MAX - SLACK) / MAX_RATIO ? SIZE_MAX : bytes * MAX_RATIO + SLACK;
    onr_named *items = onr_io_alloc(count, sizeof *items);
    onnxrun_status st = items ? ONNXRUN_OK : onr_io_no_memory(err, count * sizeof *items);
    for (size_t i = 0; st == ONNXRUN_OK && i < count; i++) st = read_entry(zip, i, &budget, &items[i], err);
    zip_discard(zip);
    if (st != ONNXRUN_OK) {
        onr_named_free(items, count);
        return st;
    }
    *out = items;
    *n = count;
    return ONNXRUN_OK;
}

// ---- one array at a time ----------------------------------------------------------------------------------------------------

struct onr_npz {
    zip_t *zip;
    char *path;
    size_t budget; // what one entry may unpack to
};

onnxrun_status onr_npz_open(const char *path, onr_npz **out, onnxrun_error *err) {
    onr_map_file f; // tells missing files and folders in the words of all other files, and the size
    onnxrun_status st = onr_io_open(path, &f, err);
    *out = NULL;
    if (st != ONNXRUN_OK) return st;
    size_t bytes = f.bytes;
    onr_io_close(&f);
    onr_npz *z = onr_io_alloc(1, sizeof *z);
    if (!z) return onr_io_no_memory(err, sizeof *z);
    z->path = onr_io_strdup(path);
    z->budget = bytes > (SIZE_MAX - SLACK) / MAX_RATIO ? SIZE_MAX : bytes * MAX_RATIO + SLACK;
    int code = 0;
    z->zip = z->path ? zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code) : NULL;
    if (!z->zip) {
        zip_error_t ze;
        zip_error_init_with_code(&ze, code);
        st = onr_io_fail(err, ONNXRUN_INVALID, "%s: not a whole npz file: %s", path, zip_error_strerror(&ze));
        zip_error_fini(&ze);
        onr_npz_close(z);
        return st;
    }
    *out = z;
    return ONNXRUN_OK;
}

onnxrun_status onr_npz_get(onr_npz *z, const char *name, onnxrun_dtype like, onnxrun_value **out, onnxrun_error *err) {
    onr_str file = {0};
    zip_stat_t info;
    *out = NULL;
    onr_str_printf(&file, "%s.npy", name);
    if (file.failed) return onr_io_no_memory(err, strlen(name));
    zip_int64_t i = zip_name_locate(z->zip, file.s, 0);
    onr_str_free(&file);
    if (i < 0) return ONNXRUN_OK;
    if (zip_stat_index(z->zip, (zip_uint64_t)i, 0, &info) != 0 || !(info.valid & ZIP_STAT_SIZE))
        return onr_io_fail(err, ONNXRUN_INVALID, "%s: entry '%s' is broken", z->path, name);
    void *data = NULL;
    size_t budget = z->budget;
    onnxrun_status st = unpack(z->zip, (zip_uint64_t)i, &info, &budget, &data, err);
    if (st == ONNXRUN_OK) st = onr_npy_parse(data, info.size, like, out, err);
    onr_io_free(data);
    return st == ONNXRUN_OK ? st : onr_io_prefix(err, "%s: %s", z->path, name);
}

void onr_npz_close(onr_npz *z) {
    if (!z) return;
    if (z->zip) zip_discard(z->zip);
    onr_io_free(z->path);
    onr_io_free(z);
}

// ---- writing ----------------------------------------------------------------------------------------------------------------

static onnxrun_status add_entry(zip_t *zip, const onr_named *item, bool compress, onr_str *file, onnxrun_error *err) {
    char name[512];
    if (snprintf(name, sizeof name, "%s.npy", item->name) >= (int)sizeof name) {
        return onr_io_fail(err, ONNXRUN_UNSUPPORTED, "npz: the name '%.40s...' is too long", item->name);
    }
    onnxrun_status st = onr_npy_write(item->value, file, err);
    if (st != ONNXRUN_OK) return onr_io_prefix(err, "%s", item->name);
    zip_source_t *source = zip_source_buffer(zip, file->s, file->n, 0);
    zip_int64_t at = source ? zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8) : -1;
    if (at < 0) {
        if (source) zip_source_free(source);
        return onr_io_fail(err, ONNXRUN_INVALID, "npz: cannot add '%s': %s", name, zip_strerror(zip));
    }
    zip_set_file_compression(zip, (zip_uint64_t)at, compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    zip_file_set_dostime(zip, (zip_uint64_t)at, 0, DOS_DATE, 0);
    return ONNXRUN_OK;
}

// Takes the finished archive out of its source.
static onnxrun_status read_back(zip_source_t *source, onr_str *out, onnxrun_error *err) {
    char block[1 << 14];
    zip_int64_t got = -1;
    if (zip_source_open(source) == 0) {
        while ((got = zip_source_read(source, block, sizeof block)) > 0) onr_str_addn(out, block, (size_t)got);
        zip_source_close(source);
    }
    if (got < 0) return onr_io_fail(err, ONNXRUN_INTERNAL, "npz: %s", zip_error_strerror(zip_source_error(source)));
    return out->failed ? onr_io_no_memory(err, out->n) : ONNXRUN_OK;
}

onnxrun_status onr_npz_write(const onr_named *items, size_t n, bool compress, onr_str *out, onnxrun_error *err) {
    zip_error_t ze;
    zip_error_init(&ze);
    onr_str *files = onr_io_alloc(n, sizeof *files); // libzip reads them when the archive is closed
    zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &ze);
    zip_t *zip = source ? zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &ze) : NULL;
    zip_error_fini(&ze);
    onnxrun_status st = files && zip ? ONNXRUN_OK : onr_io_no_memory(err, n * sizeof *files);
    if (zip) {
        zip_source_keep(source);
        for (size_t i = 0; st == ONNXRUN_OK && i < n; i++) st = add_entry(zip, &items[i], compress, &files[i], err);
        if (st == ONNXRUN_OK && zip_close(zip) != 0)
            st = onr_io_fail(err, ONNXRUN_INTERNAL, "npz: %s", zip_strerror(zip));
        else if (st == ONNXRUN_OK)
            zip = NULL;
        if (zip) zip_discard(zip);
        if (st == ONNXRUN_OK) st = read_back(source, out, err);
    }
    if (source) zip_source_free(source);
    for (size_t i = 0; files && i < n; i++) onr_str_free(&files[i]);
    onr_io_free(files);
    return st;
}
