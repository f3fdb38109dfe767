// outputs.c: writes results.
// May assume: values that a run gave. Never leaves half a file.
#include "cli/outputs.h"

#include "io/npy.h"
#include "io/npz.h"
#include "io/pb.h"
#include "io/raw.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const FORMATS[] = {"pb", "npy", "npz", "bin"};
typedef enum format { PB, NPY, NPZ, BIN, N_FORMATS } format;

static format format_of(const char *name) {
    int f = 0;
    while (f < N_FORMATS && strcasecmp(FORMATS[f], name) != 0) f++;
    return (format)f;
}

static bool is_folder(const char *path) {
    struct stat st;
    size_t n = strlen(path);
    return (n && path[n - 1] == '/') || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

// What the options mean for n outputs.
static onnxrun_status decide(const onr_args *args, size_t n, format *how, bool *folder, onnxrun_error *err) {
    const char *path = args->output, *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
    bool standard = strcmp(path, "-") == 0;
    format by_name = dot && dot > slash ? format_of(dot + 1) : N_FORMATS;
    *folder = is_folder(path);
    if (args->format) {
        *how = format_of(args->format);
        if (*how == N_FORMATS)
            return onr_io_fail(err, ONNXRUN_USAGE, "--format: '%s' is none of pb, npy, npz, bin", args->format);
    } else {
        *how = !*folder && by_name < N_FORMATS ? by_name : standard ? NPZ : PB;
        if (!*folder && !standard && by_name == N_FORMATS && n == 1) {
            return onr_io_fail(err, ONNXRUN_USAGE, "-o %s: the name tells no format; give --format pb, npy, npz or bin", path);
        }
    }
    if (*how == NPZ || *folder || n <= 1) return ONNXRUN_OK;
    if (standard)
        return onr_io_fail(err, ONNXRUN_USAGE, "-o -: %s holds one output, the model has %zu; use --format npz", FORMATS[*how],
                           n);
    if (by_name < N_FORMATS) {
        return onr_io_fail(err, ONNXRUN_USAGE, "-o %s: %s holds one output, the model has %zu; give a folder or an .npz", path,
                           FORMATS[*how], n);
    }
    *folder = true;
    return ONNXRUN_OK;
}

onnxrun_status onr_outputs_check(const onr_args *args, size_t n, onnxrun_error *err) {
    format how;
    bool folder;
    if (args->output) return decide(args, n, &how, &folder, err);
    return args->format ? onr_io_fail(err, ONNXRUN_USAGE, "--format needs -o PATH") : ONNXRUN_OK;
}

static onnxrun_status make_archive(const onnxrun_model *m, onnxrun_value *const *values, size_t n, onr_str *out,
                                   onnxrun_error *err) {
    onr_named *items = onr_io_alloc(n, sizeof *items);
    if (!items) return onr_io_no_memory(err, n * sizeof *items);
    for (size_t i = 0; i < n; i++) {
        // Names are only lent: the archive's writer reads them and the array is freed without its items.
        items[i].name = (char *)(uintptr_t)onnxrun_model_output_name(m, i);
        items[i].value = values[i];
    }
    onnxrun_status st = onr_npz_write(items, n, false, out, err);
    onr_io_free(items);
    return st;
}

static onnxrun_status make_file(format how, const char *name, const onnxrun_value *v, onr_str *out, onnxrun_error *err) {
    onnxrun_status st = how == PB    ? onr_pb_write(v, name, out, err)
                        : how == NPY ? onr_npy_write(v, out, err)
                                     : onr_raw_write(v, out, err);
    return st == ONNXRUN_OK ? st : onr_io_prefix(err, "output '%s'", name);
}

// "DIR/output_3.pb" or "DIR/outputs.npz".
static bool file_name(const char *folder, format how, size_t i, char *out, size_t cap) {
    const char *slash = folder[0] && folder[strlen(folder) - 1] == '/' ? "" : "/";
    int n = how == NPZ ? snprintf(out, cap, "%s%soutputs.npz", folder, slash)
                       : snprintf(out, cap, "%s%soutput_%zu.%s", folder, slash, i, FORMATS[how]);
    return n > 0 && (size_t)n < cap;
}

static onnxrun_status write_files(const char *path, bool folder, format how, const onr_str *files, size_t n,
                                  onnxrun_error *err) {
    if (!folder) return onr_io_write(path, files[0].s, files[0].n, err);
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return onr_io_fail(err, ONNXRUN_USAGE, "cannot make the folder '%s': %s", path, strerror(errno));
    }
    for (size_t i = 0; i < n; i++) {
        char name[4096];
        if (!file_name(path, how, i, name, sizeof name)) return onr_io_fail(err, ONNXRUN_USAGE, "-o: the path is too long");
        onnxrun_status st = onr_io_write(name, files[i].s, files[i].n, err);
        if (st != ONNXRUN_OK) return st;
    }
    return ONNXRUN_OK;
}

onnxrun_status onr_outputs_write(const onr_args *args, const onnxrun_model *m, onnxrun_value *const *values, size_t n,
                                 onnxrun_error *err) {
    format how;
    bool folder;
    onnxrun_status st = decide(args, n, &how, &folder, err);
    if (st != ONNXRUN_OK) return st;
    size_t n_files = how == NPZ ? 1 : n;
    onr_str *files = onr_io_alloc(n_files, sizeof *files);
    if (!files) return onr_io_no_memory(err, n_files * sizeof *files);
    if (how == NPZ) st = make_archive(m, values, n, &files[0], err);
    for (size_t i = 0; i < n_files && how != NPZ && st == ONNXRUN_OK; i++) {
        st = make_file(how, onnxrun_model_output_name(m, i), values[i], &files[i], err);
    }
    if (st == ONNXRUN_OK && n > 0) st = write_files(args->output, folder, how, files, n_files, err);
    for (size_t i = 0; i < n_files; i++) onr_str_free(&files[i]);
    onr_io_free(files);
    return st;
}
