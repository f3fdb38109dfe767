// dims.c: finds out how large inputs are.
// May assume: a loaded model. Never reads a file.
#include "cli/dims.h"

#include "io/raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RANK = 16 };

size_t onr_input_find(const onnxrun_model *m, const char *name, size_t n) {
    size_t n_inputs = onnxrun_model_n_inputs(m);
    for (size_t i = 0; i < n_inputs; i++) {
        const char *have = onnxrun_model_input_name(m, i);
        if (strlen(have) == n && memcmp(have, name, n) == 0) return i;
    }
    return n_inputs;
}

const char *onr_input_names(const onnxrun_model *m, char out[ONR_NAMES_TEXT]) {
    size_t at = 0, n = onnxrun_model_n_inputs(m);
    snprintf(out, ONR_NAMES_TEXT, "none");
    for (size_t i = 0; i < n && at < ONR_NAMES_TEXT; i++) {
        at += (size_t)snprintf(out + at, ONR_NAMES_TEXT - at, "%s'%s'", i ? ", " : "", onnxrun_model_input_name(m, i));
    }
    return out;
}

static int64_t lookup(const onr_dims *d, const char *symbol, const char **from) {
    for (size_t i = 0; i < d->n_bound; i++) {
        if (strcmp(d->bound[i].symbol, symbol) == 0) {
            if (from) *from = d->bound[i].from;
            return d->bound[i].size;
        }
    }
    return -1;
}

static void bind(onr_dims *d, const char *symbol, int64_t size, const char *from) {
    if (d->n_bound == ONR_MAX_BINDINGS || lookup(d, symbol, NULL) >= 0) return;
    d->bound[d->n_bound].symbol = symbol;
    d->bound[d->n_bound].size = size;
    d->bound[d->n_bound++].from = from;
}

// ---- options
// ----------------------------------------------------------------------------------------------------------------------

// The model's own text of a symbol, or NULL; all symbols as a list in `names`.
static const char *find_symbol(const onr_dims *d, const char *name, size_t n, char *names, size_t cap) {
    size_t at = 0;
    const char *found = NULL;
    snprintf(names, cap, "none");
    for (size_t i = 0; i < d->n; i++) {
        for (int k = 0; k < d->type[i].rank; k++) {
            const char *symbol = d->type[i].symbols[k];
            if (!symbol) continue;
            if (strlen(symbol) == n && memcmp(symbol, name, n) == 0) found = symbol;
            if (at < cap) at += (size_t)snprintf(names + at, cap - at, "%s'%s'", at ? ", " : "", symbol);
        }
    }
    return found;
}

static onnxrun_status apply_free_dim(onr_dims *d, const char *word, onnxrun_error *err) {
    char names[ONR_NAMES_TEXT];
    const char *equals = strrchr(word, '=');
    int64_t size;
    if (!equals || !onr_parse_int(equals + 1, &size) || size < 0) {
        return onr_io_fail(err, ONNXRUN_USAGE, "--free-dim: '%s' is not of the form NAME=N", word);
    }
    const char *symbol = find_symbol(d, word, (size_t)(equals - word), names, sizeof names);
    if (!symbol) {
        return onr_io_fail(err, ONNXRUN_USAGE, "--free-dim: the inputs have no free dimension '%.*s'; they have: %s",
                           (int)(equals - word), word, names);
    }
    bind(d, symbol, size, "--free-dim");
    return ONNXRUN_OK;
}

// "1x3x32x32", empty for a scalar.
static bool parse_dims(const char *text, int64_t dims[MAX_RANK], int *rank) {
    *rank = 0;
    while (*text) {
        char *end;
        long long x = strtoll(text, &end, 10);
        if (end == text || x < 0 || *rank == MAX_RANK || (*end && *end != 'x' && *end != ',')) return false;
        if (*end && !end[1]) return false;
        dims[(*rank)++] = x;
        text = *end ? end + 1 : end;
    }
    return true;
}

static onnxrun_status apply_shape(onr_dims *d, const onnxrun_model *m, const char *word, onnxrun_error *err) {
    char names[ONR_NAMES_TEXT];
    const char *colon = strrchr(word, ':');
    int64_t dims[MAX_RANK];
    int rank;
    if (!parse_dims(colon ? colon + 1 : word, dims, &rank) || (!colon && d->n != 1)) {
        return onr_io_fail(err, ONNXRUN_USAGE, "--input-shape: '%s' is not of the form NAME:1x3x32x32", word);
    }
    size_t i = colon ? onr_input_find(m, word, (size_t)(colon - word)) : 0;
    if (i == d->n) {
        return onr_io_fail(err, ONNXRUN_USAGE, "--input-shape: the model has no input '%.*s'; it has: %s", (int)(colon - word),
                           word, onr_input_names(m, names));
    }
    onnxrun_type *t = &d->type[i];
    bool fits = t->rank < 0 || t->rank == rank;
    for (int k = 0; k < rank && fits; k++) fits = t->rank < 0 || t->dims[k] < 0 || t->dims[k] == dims[k];
    if (!fits) return onr_io_fail(err, ONNXRUN_USAGE, "--input-shape: '%s' does not fit the model's %s", word, t->text);
    for (int k = 0; k < rank; k++) {
        if (t->rank >= 0 && t->dims[k] < 0 && t->symbols[k]) bind(d, t->symbols[k], dims[k], "--input-shape");
        t->dims[k] = dims[k];
    }
    t->rank = rank;
    return ONNXRUN_OK;
}

// --batch sets every first dimension that is free; a model without one cannot be asked for another batch.
static onnxrun_status apply_batch(onr_dims *d, int batch, onnxrun_error *err) {
    bool fits = false;
    for (size_t i = 0; i < d->n; i++) {
        onnxrun_type *t = &d->type[i];
        if (t->kind != ONNXRUN_TENSOR || t->rank < 1) continue;
        fits = fits || t->dims[0] < 0 || t->dims[0] == batch;
        if (t->dims[0] >= 0) continue;
        if (t->symbols[0]) bind(d, t->symbols[0], batch, "--batch");
        t->dims[0] = batch;
    }
    return fits ? ONNXRUN_OK : onr_io_fail(err, ONNXRUN_USAGE, "--batch: no input of the model has a free first dimension");
}

onnxrun_status onr_dims_new(const onr_args *args, const onnxrun_model *m, onr_dims *out, onnxrun_error *err) {
    memset(out, 0, sizeof *out);
    out->n = onnxrun_model_n_inputs(m);
    out->type = onr_io_alloc(out->n, sizeof *out->type);
    if (!out->type) return onr_io_no_memory(err, out->n * sizeof *out->type);
    for (size_t i = 0; i < out->n; i++) onnxrun_model_input_type(m, i, &out->type[i]);
    onnxrun_status st = ONNXRUN_OK;
    for (size_t i = 0; i < args->free_dim.n && st == ONNXRUN_OK; i++) st = apply_free_dim(out, args->free_dim.item[i], err);
    for (size_t i = 0; i < args->input_shape.n && st == ONNXRUN_OK; i++)
        st = apply_shape(out, m, args->input_shape.item[i], err);
    if (st == ONNXRUN_OK && args->batch >= 0) st = apply_batch(out, args->batch, err);
    if (st != ONNXRUN_OK) onr_dims_free(out);
    return st;
}

void onr_dims_free(onr_dims *d) {
    onr_io_free(d->type);
    d->type = NULL;
}

// ---- use
// --------------------------------------------------------------------------------------------------------------------------

int onr_dims_get(const onr_dims *d, size_t i, int64_t dims[16]) {
    const onnxrun_type *t = &d->type[i];
    int n_free = 0;
    if (t->kind != ONNXRUN_TENSOR || t->rank < 0) return -1;
    for (int k = 0; k < t->rank; k++) {
        dims[k] = t->dims[k];
        if (dims[k] < 0 && t->symbols[k]) dims[k] = lookup(d, t->symbols[k], NULL);
        n_free += dims[k] < 0;
    }
    return n_free;
}

static const char *kind_name(onnxrun_kind k) {
    switch (k) {
    case ONNXRUN_TENSOR: return "a tensor";
    case ONNXRUN_SEQUENCE: return "a sequence";
    case ONNXRUN_OPTIONAL: return "an optional";
    case ONNXRUN_MAP: return "a map";
    default: return "a value of unknown kind";
    }
}

onnxrun_status onr_dims_check(onr_dims *d, const onnxrun_model *m, size_t i, const onnxrun_value *v, const char *from,
                              onnxrun_error *err) {
    const onnxrun_type *t = &d->type[i];
    const char *name = onnxrun_model_input_name(m, i), *who;
    onnxrun_kind kind = onnxrun_value_kind(v);
    if (t->kind != ONNXRUN_KIND_UNKNOWN && kind != t->kind) {
        return onr_io_fail(err, ONNXRUN_INVALID, "input '%s': %s holds %s, the model wants %s", name, from, kind_name(kind),
                           t->text);
    }
    if (kind != ONNXRUN_TENSOR || t->kind != ONNXRUN_TENSOR) return ONNXRUN_OK;
    char have[ONR_IO_TYPE_TEXT];
    int rank = onnxrun_value_rank(v);
    const int64_t *dims = onnxrun_value_dims(v);
    bool fits = (t->dtype == ONNXRUN_UNDEFINED || t->dtype == onnxrun_value_dtype(v)) && (t->rank < 0 || t->rank == rank);
    for (int k = 0; fits && k < t->rank; k++) {
        fits = t->dims[k] < 0 || t->dims[k] == dims[k];
        if (t->dims[k] >= 0 || !t->symbols[k]) continue;
        int64_t size = lookup(d, t->symbols[k], &who);
        if (size >= 0 && size != dims[k]) {
            return onr_io_fail(err, ONNXRUN_INVALID, "input '%s': %s holds %s: '%s' is %lld there and %lld by %s", name, from,
                               onr_io_type_text(onnxrun_value_dtype(v), rank, dims, have), t->symbols[k], (long long)dims[k],
                               (long long)size, who);
        }
        bind(d, t->symbols[k], dims[k], from);
    }
    if (fits) return ONNXRUN_OK;
    return onr_io_fail(err, ONNXRUN_INVALID, "input '%s': %s holds %s, the model wants %s", name, from,
                       onr_io_type_text(onnxrun_value_dtype(v), rank, dims, have), t->text);
}
