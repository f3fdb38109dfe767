// inputs.c: reads files, pictures, test data and random numbers into the model's inputs.
// May assume: a loaded model. Never guesses between two meanings of a word.
#include "cli/inputs.h"

#include "cli/dims.h"
#include "cli/term.h"
#include "io/npy.h"
#include "io/npz.h"
#include "io/pb.h"
#include "io/random.h"
#include "io/raw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

typedef enum form { RAW, NPY, NPZ, PB, PICTURE } form;

typedef struct reader {
    const onr_args *args;
    const onnxrun_model *m;
    const onr_sidecar *sidecar;
    onr_dims dims;
    onr_inputs *out;
    struct {
        const char *path; // this input is spoken for
        onr_map_file raw; // raw bytes wait until the other inputs have told their sizes
    } * waiting;          // one for each input
    size_t picture_input; // the input that pictures wait for; out->n: none
    onnxrun_value **picture;
    size_t n_pictures; // their paths are out->words
} reader;

// By the name's ending; without a known one by the first bytes, and raw when those say nothing.
static form form_of(const char *path, const onr_map_file *f) {
    static const struct {
        const char *ending;
        form form;
    } table[] = {{".npy", NPY},      {".npz", NPZ},     {".pb", PB},       {".png", PICTURE}, {".jpg", PICTURE},
                 {".jpeg", PICTURE}, {".ppm", PICTURE}, {".pgm", PICTURE}, {".bin", RAW},     {".raw", RAW}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof table / sizeof *table; i++) {
        if (strcasecmp(dot, table[i].ending) == 0) return table[i].form;
    }
    if (f->bytes > 6 && memcmp(f->data, "\x93NUMPY", 6) == 0) return NPY;
    if (f->bytes > 4 && memcmp(f->data, "PK\3\4", 4) == 0) return NPZ;
    return onr_image_is(f->data, f->bytes) ? PICTURE : RAW;
}

// The next input that nothing was given for yet; n when there is none.
static size_t next_open(const reader *r) {
    size_t i = 0;
    while (i < r->out->n && (r->out->value[i] || r->waiting[i].path)) i++;
    return i;
}

// Puts a value in its place, which owns it from then on.
static onnxrun_status place(reader *r, size_t i, onnxrun_value *v, const char *from, onnxrun_error *err) {
    onnxrun_status st = onr_dims_check(&r->dims, r->m, i, v, from, err);
    if (st == ONNXRUN_OK && (r->out->value[i] || r->waiting[i].path)) {
        st = onr_io_fail(err, ONNXRUN_USAGE, "input '%s' is given twice, the second time by %s",
                         onnxrun_model_input_name(r->m, i), from);
    }
    if (st != ONNXRUN_OK) {
        onnxrun_value_free(v);
        return st;
    }
    r->out->value[i] = v;
    return ONNXRUN_OK;
}

// ---- pictures
// ---------------------------------------------------------------------------------------------------------------------

static void overlay(double out[3], const double given[3]) {
    for (int c = 0; c < 3; c++) {
        if (!isnan(given[c])) out[c] = given[c];
    }
}

// How a picture becomes input i: the model's shape first, then options, then the sidecar.
static onnxrun_status preparation(const reader *r, size_t i, onr_prepare *p, onnxrun_error *err) {
    const onnxrun_type *t = &r->dims.type[i];
    int64_t d[16];
    *p = r->sidecar->prepare;
    if (!r->sidecar->found && t->dtype == ONNXRUN_UINT8) p->scale = 1;
    if (!isnan(r->args->scale)) p->scale = r->args->scale;
    overlay(p->mean, r->args->mean);
    overlay(p->std, r->args->std);
    if (p->std[0] == 0 || p->std[1] == 0 || p->std[2] == 0) return onr_io_fail(err, ONNXRUN_USAGE, "--std: zero");
    if (t->rank != 4 || onr_dims_get(&r->dims, i, d) < 0) {
        return onr_io_fail(err, ONNXRUN_INVALID, "input '%s' is %s: a picture cannot become that",
                           onnxrun_model_input_name(r->m, i), t->text);
    }
    bool first = d[1] == 1 || d[1] == 3, last = d[3] == 1 || d[3] == 3;
    if (!r->sidecar->has_layout) p->nhwc = !first && last;
    int64_t channels = d[p->nhwc ? 3 : 1], height = d[p->nhwc ? 1 : 2], width = d[p->nhwc ? 2 : 3];
    if (channels >= 0 && channels != 1 && channels != 3) {
        return onr_io_fail(err, ONNXRUN_INVALID, "input '%s' is %s: neither 1 nor 3 channels",
                           onnxrun_model_input_name(r->m, i), t->text);
    }
    if (channels >= 0) p->channels = (int)channels;
    if (height >= 0 && height <= INT32_MAX) p->height = (int)height;
    if (width >= 0 && width <= INT32_MAX) p->width = (int)width;
    return ONNXRUN_OK;
}

static onnxrun_status decode_picture(const reader *r, size_t i, const onr_map_file *f, onnxrun_value **out,
                                     onnxrun_error *err) {
    onr_prepare how;
    onr_image img;
    onnxrun_status st = preparation(r, i, &how, err);
    if (st == ONNXRUN_OK) st = onr_image_parse(f->data, f->bytes, &img, err);
    if (st != ONNXRUN_OK) return st;
    st = onr_prepare_run(&how, &img, r->dims.type[i].dtype, out, err);
    onr_image_free(&img);
    return st;
}

// One value of n pictures of the same shape, joined along the batch.
static onnxrun_status join(onnxrun_value *const *one, size_t n, const char *const *path, onnxrun_value **out,
                           onnxrun_error *err) {
    size_t bytes = onnxrun_value_bytes(one[0]);
    int64_t dims[4];
    memcpy(dims, onnxrun_value_dims(one[0]), sizeof dims);
    uint8_t *all = onr_io_alloc(n, bytes);
    if (!all) return onr_io_no_memory(err, n * bytes);
    onnxrun_status st = ONNXRUN_OK;
    for (size_t k = 0; k < n && st == ONNXRUN_OK; k++) {
        if (memcmp(dims, onnxrun_value_dims(one[k]), sizeof dims) != 0) {
            st = onr_io_fail(err, ONNXRUN_INVALID, "%s and %s differ in size and cannot be one batch", path[0], path[k]);
        } else {
            onnxrun_value_read(one[k], all + k * bytes);
        }
    }
    dims[0] = (int64_t)n;
    if (st == ONNXRUN_OK) st = onnxrun_value_tensor(onnxrun_value_dtype(one[0]), 4, dims, all, n * bytes, out, err);
    onr_io_free(all);
    return st;
}

// Pictures for the same input wait for each other and become one batch.
static onnxrun_status take_picture(reader *r, size_t i, const onr_map_file *f, const char *path, onnxrun_error *err) {
    onnxrun_value *v;
    onnxrun_status st = decode_picture(r, i, f, &v, err);
    if (st != ONNXRUN_OK) return onr_io_prefix(err, "%s", path);
    if (r->n_pictures && i != r->picture_input) return place(r, i, v, path, err);
    if (!r->n_pictures && (r->out->value[i] || r->waiting[i].path)) return place(r, i, v, path, err); // fails: given twice
    r->picture_input = i;
    r->waiting[i].path = path;
    r->out->words[r->n_pictures] = path;
    r->picture[r->n_pictures++] = v;
    return ONNXRUN_OK;
}

static onnxrun_status finish_pictures(reader *r, onnxrun_error *err) {
    if (!r->n_pictures) return ONNXRUN_OK;
    onnxrun_value *all = NULL;
    onnxrun_status st = join(r->picture, r->n_pictures, r->out->words, &all, err);
    if (st != ONNXRUN_OK) return st;
    r->waiting[r->picture_input].path = NULL;
    if (r->picture_input == 0) {
        r->out->picture = r->out->words;
        r->out->n_pictures = r->n_pictures;
    }
    return place(r, r->picture_input, all, r->out->words[0], err);
}

// ---- archives and test data
// -----------------------------------------------------------------------------------------------------------

// NumPy's names of arrays that had none.
static bool is_numbered(const onr_named *items, size_t n) {
    char name[32];
    for (size_t k = 0; k < n; k++) {
        snprintf(name, sizeof name, "arr_%zu", k);
        if (strcmp(items[k].name, name) != 0) return false;
    }
    return true;
}

// Where an array of an archive goes. `only`: the input that the archive was given for, or n.
static size_t target_of(const reader *r, const onr_named *item, size_t n_items, size_t only, bool numbered) {
    size_t i = onr_input_find(r->m, item->name, strlen(item->name));
    if (only == r->out->n) return i < r->out->n || !numbered ? i : next_open(r);
    return i == only || n_items == 1 ? only : r->out->n;
}

static onnxrun_status place_archive(reader *r, onr_named *items, size_t n, size_t only, const char *path, onnxrun_error *err) {
    char names[ONR_NAMES_TEXT];
    bool numbered = is_numbered(items, n);
    size_t placed = 0;
    for (size_t k = 0; k < n; k++) {
        size_t i = target_of(r, &items[k], n, only, numbered);
        if (i == r->out->n) {
            onr_term_detail("%s: '%s' is no input of the model", path, items[k].name);
            continue;
        }
        onnxrun_value *v = items[k].value;
        items[k].value = NULL;
        onnxrun_status st = place(r, i, v, path, err);
        if (st != ONNXRUN_OK) return st;
        placed++;
    }
    if (placed) return ONNXRUN_OK;
    return onr_io_fail(err, ONNXRUN_USAGE, "%s: no array has the name of an input; the model has: %s", path,
                       onr_input_names(r->m, names));
}

static onnxrun_status read_archive(reader *r, const onr_map_file *f, size_t only, const char *path, onnxrun_error *err) {
    onr_named *items;
    size_t n;
    onnxrun_status st = onr_npz_parse(f->data, f->bytes, &items, &n, err);
    if (st != ONNXRUN_OK) return onr_io_prefix(err, "%s", path);
    st = place_archive(r, items, n, only, path, err);
    onr_named_free(items, n);
    return st;
}

static onnxrun_status read_test_data(reader *r, const char *dir, onnxrun_error *err) {
    size_t found = 0;
    for (size_t i = 0; i < r->out->n; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/input_%zu.pb", dir, i);
        if (access(path, F_OK) != 0) continue;
        onnxrun_value *v;
        onnxrun_status st = onr_pb_read(path, r->dims.type[i].kind, &v, err);
        if (st == ONNXRUN_OK) st = place(r, i, v, path, err);
        if (st != ONNXRUN_OK) return st;
        found++;
    }
    if (found || r->out->n == 0) return ONNXRUN_OK;
    return onr_io_fail(err, ONNXRUN_INVALID, "--test-data-set: no file '%s/input_0.pb'", dir);
}

// ---- words
// ------------------------------------------------------------------------------------------------------------------------

// "name=FILE": the longest part before a '=' that is an input's name. *only gets the input, or n; returns the file's part.
static onnxrun_status split_word(const reader *r, const char *word, size_t *only, const char **path, onnxrun_error *err) {
    char names[ONR_NAMES_TEXT];
    *only = r->out->n;
    *path = word;
    const char *equals = strchr(word, '=');
    for (const char *p = equals; p; p = strchr(p + 1, '=')) {
        size_t i = onr_input_find(r->m, word, (size_t)(p - word));
        if (i == r->out->n) continue;
        *only = i;
        *path = p + 1;
    }
    if (!equals || *only < r->out->n || access(word, F_OK) == 0) return ONNXRUN_OK;
    return onr_io_fail(err, ONNXRUN_USAGE, "the model has no input '%.*s'; it has: %s", (int)(equals - word), word,
                       onr_input_names(r->m, names));
}

// ---- raw bytes
// --------------------------------------------------------------------------------------------------------------------

// The dimensions of input i for a raw file of so many bytes: a single free one follows from the size.
static onnxrun_status raw_dims(const reader *r, size_t i, size_t bytes, int64_t dims[16], onnxrun_error *err) {
    const onnxrun_type *t = &r->dims.type[i];
    int n_free = onr_dims_get(&r->dims, i, dims), free_at = -1;
    if (n_free == 0) return ONNXRUN_OK;
    if (n_free < 0 || n_free > 1)
        return onr_io_fail(err, ONNXRUN_USAGE, "raw bytes for %s need --input-shape or --free-dim", t->text);
    for (int k = 0; k < t->rank; k++) {
        if (dims[k] >= 0) continue;
        free_at = k;
        dims[k] = 1;
    }
    size_t row;
    if (!onr_raw_bytes(t->dtype, t->rank, dims, &row)) return ONNXRUN_OK; // onr_raw_parse says why
    if (row == 0 || bytes == 0 || bytes % row != 0) {
        return onr_io_fail(err, ONNXRUN_INVALID, "a multiple of %zu bytes expected for %s, %zu bytes given", row, t->text,
                           bytes);
    }
    dims[free_at] = (int64_t)(bytes / row);
    return ONNXRUN_OK;
}

static onnxrun_status finish_raw(reader *r, size_t i, onnxrun_error *err) {
    const char *path = r->waiting[i].path;
    const onr_map_file *f = &r->waiting[i].raw;
    const onnxrun_type *t = &r->dims.type[i];
    onnxrun_value *v;
    int64_t dims[16];
    onnxrun_status st = raw_dims(r, i, f->bytes, dims, err);
    if (st == ONNXRUN_OK) st = onr_raw_parse(f->data, f->bytes, t->dtype, t->rank, dims, &v, err);
    if (st != ONNXRUN_OK) return onr_io_prefix(err, "input '%s': %s", onnxrun_model_input_name(r->m, i), path);
    r->waiting[i].path = NULL;
    return place(r, i, v, path, err);
}

// ---- words, once more
// -------------------------------------------------------------------------------------------------------------

// Reads a file that tells its own shape.
static onnxrun_status read_typed(reader *r, size_t i, form how, const onr_map_file *f, const char *path, onnxrun_error *err) {
    onnxrun_value *v = NULL;
    onnxrun_status st = how == NPY ? onr_npy_parse(f->data, f->bytes, r->dims.type[i].dtype, &v, err)
                                   : onnxrun_value_parse(f->data, f->bytes, r->dims.type[i].kind, &v, err);
    if (st != ONNXRUN_OK) return onr_io_prefix(err, "input '%s': %s", onnxrun_model_input_name(r->m, i), path);
    return place(r, i, v, path, err);
}

// Takes an open file for input `only`, or for the next one. Raw bytes are kept open until finish_raw; *kept tells.
static onnxrun_status take_file(reader *r, const onr_map_file *f, size_t only, const char *path, bool *kept,
                                onnxrun_error *err) {
    form how = form_of(path, f);
    bool container = only < r->out->n && r->dims.type[only].kind != ONNXRUN_TENSOR;
    if (how == RAW && container) how = PB;
    if (how == NPZ) return read_archive(r, f, only, path, err);
    size_t i = only < r->out->n ? only : how == PICTURE && r->out->n == 1 ? 0 : next_open(r);
    if (i == r->out->n)
        return onr_io_fail(err, ONNXRUN_USAGE, "'%s' is one input too many: the model has %zu", path, r->out->n);
    if (how == PICTURE) return take_picture(r, i, f, path, err);
    if (how != RAW) return read_typed(r, i, how, f, path, err);
    if (r->out->value[i] || r->waiting[i].path) {
        return onr_io_fail(err, ONNXRUN_USAGE, "input '%s' is given twice, the second time by %s",
                           onnxrun_model_input_name(r->m, i), path);
    }
    r->waiting[i].path = path;
    r->waiting[i].raw = *f;
    *kept = true;
    return ONNXRUN_OK;
}

static onnxrun_status read_word(reader *r, const char *word, onnxrun_error *err) {
    const char *path;
    size_t only;
    onr_map_file f;
    bool kept = false;
    onnxrun_status st = split_word(r, word, &only, &path, err);
    if (st == ONNXRUN_OK) st = onr_io_open(path, &f, err);
    if (st != ONNXRUN_OK) return st;
    st = take_file(r, &f, only, path, &kept, err);
    if (!kept) onr_io_close(&f);
    return st;
}

// ---- the rest
// ---------------------------------------------------------------------------------------------------------------------

static onnxrun_status fill_random(reader *r, onnxrun_error *err) {
    for (size_t i = 0; i < r->out->n; i++) {
        const onnxrun_type *t = &r->dims.type[i];
        int64_t dims[16];
        if (r->out->value[i] || t->kind == ONNXRUN_OPTIONAL) continue;
        if (onr_dims_get(&r->dims, i, dims) < 0) {
            return onr_io_fail(err, ONNXRUN_USAGE, "input '%s' is %s: random numbers need --input-shape",
                               onnxrun_model_input_name(r->m, i), t->text);
        }
        for (int k = 0; k < t->rank; k++) {
            if (dims[k] >= 0) continue;
            dims[k] = 1;
            onr_term_detail("input '%s': free dimension %d ('%s') taken as 1", onnxrun_model_input_name(r->m, i), k,
                            t->symbols[k] ? t->symbols[k] : "?");
        }
        onnxrun_value *v;
        onnxrun_status st = onr_random_value(t->dtype, t->rank, dims, r->args->seed + i, &v, err);
        if (st != ONNXRUN_OK) return onr_io_prefix(err, "input '%s'", onnxrun_model_input_name(r->m, i));
        st = place(r, i, v, "--random", err);
        if (st != ONNXRUN_OK) return st;
    }
    return ONNXRUN_OK;
}

static onnxrun_status read_all(reader *r, const char *const *words, size_t n_words, bool random_rest, onnxrun_error *err) {
    onnxrun_status st = ONNXRUN_OK;
    if (r->args->test_data_set) st = read_test_data(r, r->args->test_data_set, err);
    for (size_t k = 0; k < n_words && st == ONNXRUN_OK; k++) st = read_word(r, words[k], err);
    if (st == ONNXRUN_OK) st = finish_pictures(r, err);
    for (size_t i = 0; i < r->out->n && st == ONNXRUN_OK; i++) {
        if (r->waiting[i].path) st = finish_raw(r, i, err);
    }
    if (st == ONNXRUN_OK && random_rest) st = fill_random(r, err);
    bool any = r->out->n == 0;
    for (size_t i = 0; i < r->out->n; i++) any = any || r->out->value[i];
    if (st != ONNXRUN_OK || any) return st;
    return onr_io_fail(err, ONNXRUN_USAGE,
                       "no inputs given: the model wants '%s' (%s)%s; give files, --test-data-set DIR or --random",
                       onnxrun_model_input_name(r->m, 0), r->dims.type[0].text, r->out->n > 1 ? " and more" : "");
}

onnxrun_status onr_inputs_read(const onr_args *args, const onnxrun_model *m, const onr_sidecar *sidecar,
                               const char *const *words, size_t n_words, bool random_rest, onr_inputs *out,
                               onnxrun_error *err) {
    memset(out, 0, sizeof *out);
    reader r = {.args = args, .m = m, .sidecar = sidecar, .out = out};
    onnxrun_status st = onr_dims_new(args, m, &r.dims, err);
    if (st != ONNXRUN_OK) return st;
    out->n = r.picture_input = r.dims.n;
    out->value = onr_io_alloc(out->n, sizeof *out->value);
    out->words = onr_io_alloc(n_words, sizeof *out->words);
    r.waiting = onr_io_alloc(out->n, sizeof *r.waiting);
    r.picture = onr_io_alloc(n_words, sizeof *r.picture);
    st = out->value && out->words && r.waiting && r.picture ? read_all(&r, words, n_words, random_rest, err)
                                                            : onr_io_no_memory(err, out->n * sizeof *r.waiting);
    for (size_t k = 0; r.picture && k < r.n_pictures; k++) onnxrun_value_free(r.picture[k]);
    for (size_t i = 0; r.waiting && i < out->n; i++) onr_io_close(&r.waiting[i].raw);
    onr_io_free(r.picture);
    onr_io_free(r.waiting);
    onr_dims_free(&r.dims);
    if (st != ONNXRUN_OK) onr_inputs_free(out);
    return st;
}

void onr_inputs_free(onr_inputs *in) {
    for (size_t i = 0; in->value && i < in->n; i++) onnxrun_value_free(in->value[i]);
    onr_io_free(in->value);
    onr_io_free(in->words);
    memset(in, 0, sizeof *in);
}
