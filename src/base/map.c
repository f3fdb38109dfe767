// map.c: open addressing with linear probing; at most three quarters full.
// May assume: keys outlive the map and do not change. Never removes an entry, never shrinks.
#include "base/map.h"

#include <string.h>

enum { FIRST_CAPACITY = 16 };

// FNV-1a, 64 bit (Fowler, Noll, Vo), with a final mix because the table uses the low bits.
static size_t hash_key(const char *key) {
    uint64_t h = 0xcbf29ce484222325u;
    for (const unsigned char *p = (const unsigned char *)key; *p; p++) h = (h ^ *p) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32);
}

// The slot of `key`, or the empty slot where it belongs.
static onr_map_entry *find_slot(onr_map_entry *entries, size_t capacity, const char *key, size_t hash) {
    for (size_t i = hash & (capacity - 1);; i = (i + 1) & (capacity - 1)) {
        onr_map_entry *e = &entries[i];
        if (!e->key || (e->hash == hash && strcmp(e->key, key) == 0)) return e;
    }
}

void onr_map_init(onr_map *m, onr_arena *arena) {
    memset(m, 0, sizeof *m);
    m->arena = arena;
}

onr_map_entry *onr_map_get(const onr_map *m, const char *key) {
    if (!m->n) return NULL;
    onr_map_entry *e = find_slot(m->entries, m->capacity, key, hash_key(key));
    return e->key ? e : NULL;
}

static bool grow(onr_map *m) {
    if (m->capacity > SIZE_MAX / 2) return false;
    size_t capacity = m->capacity ? m->capacity * 2 : FIRST_CAPACITY;
    onr_map_entry *entries = onr_arena_calloc(m->arena, capacity, sizeof *entries);
    if (!entries) return false;
    for (size_t i = 0; i < m->capacity; i++) {
        const onr_map_entry *old = &m->entries[i];
        if (old->key) *find_slot(entries, capacity, old->key, old->hash) = *old;
    }
    m->entries = entries;
    m->capacity = capacity;
    return true;
}

onr_map_entry *onr_map_put(onr_map *m, const char *key, bool *is_new) {
    size_t hash = hash_key(key);
    onr_map_entry *e = m->capacity ? find_slot(m->entries, m->capacity, key, hash) : NULL;
    if (is_new) *is_new = !e || !e->key;
    if (e && e->key) return e;
    if (m->n + 1 > m->capacity / 4 * 3) {
        if (!grow(m)) return NULL;
        e = find_slot(m->entries, m->capacity, key, hash);
    }
    e->key = key;
    e->hash = hash;
    m->n++;
    return e;
}
