// map.h: a hash map from strings to pointers or numbers, growing in an arena.
#ifndef ONR_BASE_MAP_H
#define ONR_BASE_MAP_H

#include "base/arena.h"

typedef struct onr_map_entry {
    const char *key;
    size_t hash;
    union {
        void *ptr;
        int64_t num;
    } v;
} onr_map_entry;

typedef struct onr_map {
    onr_arena *arena;
    onr_map_entry *entries; ///< open addressing, capacity a power of two
    size_t n, capacity;
} onr_map;

void onr_map_init(onr_map *m, onr_arena *arena);
/// The entry of `key`, or NULL.
onr_map_entry *onr_map_get(const onr_map *m, const char *key);
/// The entry of `key`, made (value zero, key borrowed) when absent; *is_new tells (may be NULL). NULL: no memory.
onr_map_entry *onr_map_put(onr_map *m, const char *key, bool *is_new);

#endif
