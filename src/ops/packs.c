// packs.c: packed weights of a session: made once per (constant, form), shared by all plans of the session.
// May assume: one thread prepares at a time. Never drops a single packing; all go with the session.
#include "ops/packs.h"

#include "base/map.h"

#include <stdint.h>
#include <stdio.h>

struct onr_packs {
    onr_arena *arena;
    onr_map by_key;
    size_t bytes, limit_bytes;
    bool measures;
    void (*on_packed)(void *user, const void *data, size_t bytes);
    void *on_packed_user;
};

onr_packs *onr_packs_new(size_t limit_bytes) {
    onr_arena *arena = onr_arena_new(0); // the limit is for what is packed, without the arena's own needs
    onr_packs *p = arena ? onr_arena_alloc(arena, sizeof *p) : NULL;
    if (!p) return onr_arena_free(arena), NULL;
    p->arena = arena;
    p->limit_bytes = limit_bytes;
    onr_map_init(&p->by_key, arena);
    return p;
}

void onr_packs_free(onr_packs *p) {
    if (p) onr_arena_free(p->arena);
}

void onr_packs_measure(onr_packs *p) { p->measures = true; }

bool onr_packs_full(const onr_packs *p, size_t bytes, size_t *limit_bytes) {
    *limit_bytes = p->limit_bytes;
    return p->limit_bytes && (bytes > p->limit_bytes || p->bytes > p->limit_bytes - bytes);
}

size_t onr_packs_bytes(const onr_packs *p) { return p ? p->bytes : 0; }

void onr_packs_on_packed(onr_packs *p, void (*fn)(void *user, const void *data, size_t bytes), void *user) {
    p->on_packed = fn;
    p->on_packed_user = user;
}

void onr_packs_done_with(const onr_packs *p, const void *data, size_t bytes) {
    if (p->on_packed) p->on_packed(p->on_packed_user, data, bytes);
}

const void *onr_packs_get(onr_packs *p, const onr_tensor *source, const char *tag, size_t bytes, bool at_once,
                          bool (*fill)(void *ctx, void *packed), void *ctx) {
    bool is_new;
    size_t limit;
    char *key = onr_arena_printf(p->arena, "%p %s", source->data, tag);
    onr_map_entry *e = key ? onr_map_put(&p->by_key, key, &is_new) : NULL;
    if (!e) return NULL;
    if (e->v.ptr) return e->v.ptr;
    if (onr_packs_full(p, bytes, &limit)) return NULL;
    const bool counted = p->measures && !at_once;
    void *packed = onr_arena_alloc_aligned(p->arena, counted ? 64 : bytes, 64);
    if (!packed) return NULL;
    if (!counted && !fill(ctx, packed)) return NULL; // the next time asks again
    if (!counted) onr_packs_done_with(p, source->data, onr_tensor_bytes(source));
    e->v.ptr = packed;
    p->bytes += bytes;
    return packed;
}
