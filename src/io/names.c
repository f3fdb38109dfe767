// names.c: base's arena and map, for io and the tool.
// May assume: one thread. Never forgets a name.
#include "io/names.h"

#include "base/map.h"

struct onr_names {
    onr_arena *arena;
    onr_map map;
};

onr_names *onr_names_new(void) {
    onr_arena *a = onr_arena_new(0);
    onr_names *n = a ? onr_arena_alloc(a, sizeof *n) : NULL;
    if (!n) return onr_arena_free(a), NULL;
    n->arena = a;
    onr_map_init(&n->map, a);
    return n;
}

void onr_names_free(onr_names *n) {
    if (n) onr_arena_free(n->arena);
}

const char *onr_names_copy(onr_names *n, const char *text) { return onr_arena_strdup(n->arena, text); }

int64_t *onr_names_add(onr_names *n, const char *name) {
    onr_map_entry *e = onr_map_get(&n->map, name);
    const char *copy = e ? NULL : onr_arena_strdup(n->arena, name);
    if (!e && copy) e = onr_map_put(&n->map, copy, NULL);
    return e ? &e->v.num : NULL;
}

int64_t *onr_names_find(const onr_names *n, const char *name) {
    onr_map_entry *e = onr_map_get(&n->map, name);
    return e ? &e->v.num : NULL;
}
