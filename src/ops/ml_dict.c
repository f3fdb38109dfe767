// ml_dict.c: dictionaries over a model's lists: sorted once, searched in halves.
// May assume: one thread builds. Never hashes, so no input can be chosen to make it slow.
#include "ops/ml_dict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_keys(const onr_ml_entry *a, const onr_ml_entry *b) {
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    size_t n = a->text.n < b->text.n ? a->text.n : b->text.n;
    int c = n ? memcmp(a->text.s, b->text.s, n) : 0;
    return c ? c : (a->text.n > b->text.n) - (a->text.n < b->text.n);
}

static int compare_entries(const void *p, const void *q) {
    const onr_ml_entry *a = p, *b = q;
    int c = compare_keys(a, b);
    return c ? c : (a->at > b->at) - (a->at < b->at);
}

static onr_status build(onr_ml_dict *d, onr_ml_entry *e, size_t n) {
    size_t kept = 0;
    qsort(e, n, sizeof *e, compare_entries);
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || compare_keys(&e[i], &e[i + 1]) != 0) e[kept++] = e[i];
    *d = (onr_ml_dict){e, kept};
    return ONR_OK;
}

onr_status onr_ml_dict_ints(onr_ml_dict *d, const int64_t *keys, size_t n, onr_arena *a, onr_err *err) {
    onr_ml_entry *e = onr_arena_calloc(a, n, sizeof *e);
    if (!e) return onr_no_memory(err, n * sizeof *e);
    for (size_t i = 0; i < n; i++) e[i] = (onr_ml_entry){.key = keys[i], .at = (int64_t)i};
    return build(d, e, n);
}

onr_status onr_ml_dict_strings(onr_ml_dict *d, const onr_string *keys, size_t n, onr_arena *a, onr_err *err) {
    onr_ml_entry *e = onr_arena_calloc(a, n, sizeof *e);
    if (!e) return onr_no_memory(err, n * sizeof *e);
    for (size_t i = 0; i < n; i++) e[i] = (onr_ml_entry){.text = keys[i], .at = (int64_t)i};
    return build(d, e, n);
}

static int64_t find(const onr_ml_dict *d, const onr_ml_entry *key) {
    size_t low = 0, high = d->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = compare_keys(key, &d->entry[middle]);
        if (c == 0) return d->entry[middle].at;
        if (c < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

int64_t onr_ml_dict_int(const onr_ml_dict *d, int64_t key) { return find(d, &(onr_ml_entry){.key = key}); }
int64_t onr_ml_dict_string(const onr_ml_dict *d, onr_string key) { return find(d, &(onr_ml_entry){.text = key}); }

int64_t onr_ml_key(const onr_tensor *t, int64_t i, bool bitwise) {
    if (!onr_dtype_is_float(t->dtype)) return onr_tensor_int(t, i);
    if (bitwise && t->dtype == ONR_FLOAT) {
        uint32_t bits;
        memcpy(&bits, (const float *)t->data + i, sizeof bits);
        return bits;
    }
    double v = onr_tensor_num(t, i);
    int64_t bits;
    if (!bitwise && isnan(v)) v = (double)NAN;
    if (!bitwise && v == 0) v = 0;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}
