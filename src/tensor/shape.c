// shape.c: shapes with symbolic dimensions.
// May assume: ranks are at most ONR_MAX_RANK (importer and operators check). Never fails.
#include "tensor/shape.h"

#include "base/mathx.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void onr_symbols_init(onr_symbols *s, onr_arena *arena) {
    *s = (onr_symbols){.arena = arena};
    onr_map_init(&s->ids, arena);
}

onr_symbols *onr_symbols_clone(const onr_symbols *s, onr_arena *arena) {
    onr_symbols *copy = onr_arena_alloc(arena, sizeof *copy);
    if (!copy) return NULL;
    size_t named = (size_t)onr_min_i64(s->n, s->cap);
    onr_symbols_init(copy, arena);
    copy->n = s->n;
    copy->cap = (int64_t)named;
    copy->name = onr_arena_grow(arena, s->name, named, named, sizeof *copy->name);
    if (!copy->name) return NULL;
    for (size_t i = 0; i < named; i++) {
        const onr_map_entry *own = copy->name[i] ? onr_map_get(&s->ids, copy->name[i]) : NULL;
        if (!own || own->v.num != (int64_t)i) continue; // unnamed, or only shown as that
        onr_map_entry *e = onr_map_put(&copy->ids, copy->name[i], NULL);
        if (!e) return NULL;
        e->v.num = (int64_t)i;
    }
    return copy;
}

int64_t onr_symbol(onr_symbols *s, const char *name) {
    bool named = name && *name;
    const onr_map_entry *known = named ? onr_map_get(&s->ids, name) : NULL;
    if (known) return ONR_DIM_SYMBOL_BASE + known->v.num;
    if (s->n == s->cap) {
        int64_t cap = s->cap ? 2 * s->cap : 16;
        const char **grown = onr_arena_grow(s->arena, s->name, (size_t)s->n, (size_t)cap, sizeof *grown);
        if (grown) {
            s->name = grown;
            s->cap = cap;
        }
    }
    // Without room for its name a symbol is still unique, as an unnamed one.
    const char *own = named && s->n < s->cap ? onr_arena_strdup(s->arena, name) : NULL;
    onr_map_entry *e = own ? onr_map_put(&s->ids, own, NULL) : NULL;
    if (e) e->v.num = s->n;
    if (s->n < s->cap) s->name[s->n] = e ? own : NULL;
    return ONR_DIM_SYMBOL_BASE + s->n++;
}

void onr_symbol_show_as(onr_symbols *s, int64_t dim, const char *name) {
    int64_t i = onr_dim_symbolic(dim) ? dim - ONR_DIM_SYMBOL_BASE : -1;
    if (i >= 0 && i < s->n && i < s->cap && !s->name[i]) s->name[i] = onr_arena_strdup(s->arena, name);
}

const char *onr_symbol_name(const onr_symbols *s, int64_t dim) {
    if (!s || !onr_dim_symbolic(dim)) return NULL;
    int64_t i = dim - ONR_DIM_SYMBOL_BASE;
    return i >= 0 && i < s->n && i < s->cap ? s->name[i] : NULL;
}

onr_shape onr_shape_make(int32_t rank, const int64_t *dims) {
    assert(rank >= 0 && rank <= ONR_MAX_RANK);
    onr_shape s = {.rank = rank};
    for (int32_t i = 0; i < rank; i++) s.dim[i] = dims[i];
    return s;
}

onr_shape onr_shape_unknown(void) { return (onr_shape){.rank = -1}; }

bool onr_shape_known(const onr_shape *s) {
    if (s->rank < 0) return false;
    for (int32_t i = 0; i < s->rank; i++)
        if (!onr_dim_known(s->dim[i])) return false;
    return true;
}

bool onr_shape_equal(const onr_shape *a, const onr_shape *b) {
    if (a->rank != b->rank) return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i]) return false;
    return true;
}

bool onr_shape_numel(const onr_shape *s, int64_t *n) {
    if (!onr_shape_known(s)) return false;
    int64_t product = 1;
    if (!onr_shape_countable(s)) return false; // a zero must not hide an overflow: strides are products of the others
    for (int32_t i = 0; i < s->rank; i++) product *= s->dim[i];
    *n = product;
    return true;
}

bool onr_shape_countable(const onr_shape *s) {
    const int64_t most_dim = (int64_t)1 << 48, most = (int64_t)1 << 58;
    int64_t product = 1;
    for (int32_t i = 0; i < s->rank; i++) {
        int64_t d = s->dim[i];
        if (d >= most_dim) return false;
        if (d > 0 && (!onr_mul_i64(product, d, &product) || product >= most)) return false;
    }
    return true;
}

int64_t onr_shape_span(const onr_shape *s, int32_t from, int32_t to) {
    int64_t product = 1;
    for (int32_t i = from; i < to; i++) {
        assert(s->dim[i] >= 0);
        bool ok = onr_mul_i64(product, s->dim[i], &product);
        assert(ok);
        (void)ok;
    }
    return product;
}

void onr_shape_strides(const onr_shape *s, int64_t *strides) {
    int64_t stride = 1;
    for (int32_t i = s->rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= onr_max_i64(s->dim[i], 1);
    }
}

int32_t onr_axis(int64_t axis, int32_t rank) {
    if (axis < -(int64_t)rank || axis >= rank) return -1;
    return (int32_t)(axis < 0 ? axis + rank : axis);
}

const char *onr_shape_text(const onr_shape *s, const onr_symbols *symbols, char out[ONR_SHAPE_TEXT]) {
    if (s->rank < 0) return strcpy(out, "?");
    if (s->rank == 0) return strcpy(out, "scalar");
    size_t at = 0;
    for (int32_t i = 0; i < s->rank; i++) {
        char one[64];
        const char *name = onr_symbol_name(symbols, s->dim[i]);
        if (name)
            snprintf(one, sizeof one, "%.48s", name);
        else if (onr_dim_known(s->dim[i]))
            snprintf(one, sizeof one, "%" PRId64, s->dim[i]);
        else
            strcpy(one, "?");
        int wrote = snprintf(out + at, ONR_SHAPE_TEXT - at, "%s%s", i ? " x " : "", one);
        at += (size_t)wrote;
        if (at >= ONR_SHAPE_TEXT - 4) return strcpy(out + ONR_SHAPE_TEXT - 4, "..."), out;
    }
    return out;
}
