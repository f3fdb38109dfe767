// arena_plan.c: best-fit placement of intervals, tried in a few orders; the smallest arena wins.
// May assume: first <= last. Never looks at what the memory is for. The problem is known as dynamic storage allocation and
// NP-hard; orders by size, by area and by time come within a few per cent of the bound on networks (tests hold it to 5 % on the
// ResNets).
#include "plan/arena_plan.h"

#include "base/arena.h"
#include "base/mathx.h"

#include <stdlib.h>
#include <string.h>

typedef struct item {
    int32_t first, last;
    size_t bytes; // aligned
    size_t key;   // order: larger first
    size_t index;
    size_t offset;
} item;

static int by_key(const void *pa, const void *pb) {
    const item *a = pa, *b = pb;
    if (a->key != b->key) return a->key > b->key ? -1 : 1;
    if (a->bytes != b->bytes) return a->bytes > b->bytes ? -1 : 1;
    if (a->first != b->first) return a->first < b->first ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

static int by_offset(const void *pa, const void *pb) {
    const item *a = *(const item *const *)pa, *b = *(const item *const *)pb;
    if (a->offset != b->offset) return a->offset < b->offset ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

/// The tightest gap between the placed items (sorted by offset) that live at the same time as `it`.
static size_t best_fit(item *const *placed, size_t n, const item *it) {
    size_t end = 0, best = SIZE_MAX, best_waste = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        const item *p = placed[i];
        if (p->last < it->first || it->last < p->first) continue;
        if (p->offset >= end) {
            size_t gap = p->offset - end;
            if (gap >= it->bytes && gap - it->bytes < best_waste) {
                best = end;
                best_waste = gap - it->bytes;
            }
        }
        if (p->offset + p->bytes > end) end = p->offset + p->bytes;
    }
    return best == SIZE_MAX ? end : best;
}

static size_t place_all(item *items, item **placed, size_t n) {
    size_t total = 0;
    qsort(items, n, sizeof *items, by_key);
    for (size_t i = 0; i < n; i++) {
        items[i].offset = best_fit(placed, i, &items[i]);
        if (items[i].offset + items[i].bytes > total) total = items[i].offset + items[i].bytes;
        size_t at = i;
        placed[i] = &items[i];
        while (at > 0 && by_offset(&placed[at], &placed[at - 1]) < 0) {
            item *swap = placed[at];
            placed[at] = placed[at - 1];
            placed[--at] = swap;
        }
    }
    return total;
}

typedef enum { BY_SIZE, BY_AREA, BY_START, BY_END, BY_LIFE, N_ORDERS } order;

static size_t key_of(const item *it, order o) {
    size_t life = (size_t)(it->last - it->first) + 1;
    switch (o) {
    case BY_SIZE: return it->bytes;
    case BY_AREA: return it->bytes > SIZE_MAX / life ? SIZE_MAX : it->bytes * life;
    case BY_START: return SIZE_MAX - (size_t)it->first;
    case BY_END: return (size_t)it->last;
    default: return life;
    }
}

static bool sizes_fit(const onr_interval *in, size_t n, size_t align) {
    size_t sum = 0;
    for (size_t i = 0; i < n; i++)
        if (in[i].bytes > SIZE_MAX / 2 - align || !onr_add_size(sum, onr_align_up(in[i].bytes, align), &sum)) return false;
    return true;
}

size_t onr_arena_plan(const onr_interval *in, size_t n, size_t align, size_t *offsets) {
    if (n == 0) return 0;
    size_t bytes;
    if (!sizes_fit(in, n, align) || !onr_mul_size(n, sizeof(item) + sizeof(item *), &bytes)) return SIZE_MAX;
    item *items = onr_malloc(bytes);
    if (!items) return SIZE_MAX;
    item **placed = (item **)(items + n);
    size_t best = SIZE_MAX, bound = onr_arena_peak(in, n, align, NULL);
    for (int o = 0; o < N_ORDERS && best > bound; o++) {
        for (size_t i = 0; i < n; i++) {
            items[i] = (item){in[i].first, in[i].last, onr_align_up(in[i].bytes, align), 0, i, 0};
            items[i].key = key_of(&items[i], (order)o);
        }
        size_t total = place_all(items, placed, n);
        if (total >= best) continue;
        best = total;
        for (size_t i = 0; i < n; i++) offsets[items[i].index] = items[i].offset;
    }
    onr_free(items);
    return best;
}

size_t onr_arena_peak(const onr_interval *in, size_t n, size_t align, int32_t *step) {
    size_t peak = 0;
    if (step) *step = 0;
    for (size_t i = 0; i < n; i++) { // the peak begins where some interval begins
        size_t sum = 0;
        for (size_t k = 0; k < n; k++)
            if (in[k].first <= in[i].first && in[i].first <= in[k].last) sum += onr_align_up(in[k].bytes, align);
        if (sum > peak) {
            peak = sum;
            if (step) *step = in[i].first;
        }
    }
    return peak;
}
