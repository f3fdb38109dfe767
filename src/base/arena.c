// arena.c: chunks of memory that are freed together, counted blocks, and the only calls of malloc beside pool.c.
// May assume: one thread at a time per arena; onr_buf counts are atomic. Never gives a chunk back before the arena dies.
#include "base/arena.h"

#include "base/mathx.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    FIRST_CHUNK = 4096,  // small arenas (one graph edit, one test) stay small
    MAX_CHUNK = 1 << 20, // chunks double up to here; larger requests get a chunk of their own
    HUGE_PAGE = 2 << 20,
    WEIGHT_BYTES = 256 << 10, // from this size on, in arenas that hold as much already,
    WEIGHT_CHUNK = 32 << 20,  // requests share chunks of this size, of which only what is used takes memory
    MIN_ALIGN = 16,
    BUF_ALIGN = 64
};

typedef struct chunk {
    struct chunk *next;
    size_t used, cap; // of the bytes after this header
} chunk;

struct onr_arena {
    chunk *head; // the chunk that is being filled
    size_t next_chunk;
    size_t limit_bytes; // 0: none
    size_t total;       // handed out, padding included
};

static_assert(sizeof(chunk) <= 2 * MIN_ALIGN, "the header fits before the first object");

static uint8_t *chunk_data(chunk *c) { return (uint8_t *)c + onr_align_up(sizeof(chunk), MIN_ALIGN); }

onr_arena *onr_arena_new(size_t limit_bytes) {
    onr_arena *a = calloc(1, sizeof *a);
    if (!a) return NULL;
    a->next_chunk = FIRST_CHUNK;
    a->limit_bytes = limit_bytes;
    return a;
}

void onr_arena_free(onr_arena *a) {
    if (!a) return;
    for (chunk *c = a->head; c;) {
        chunk *next = c->next;
        free(c);
        c = next;
    }
    free(a);
}

// Touching fresh memory costs more than anything else while weights are packed, and 2 MB pages halve it (and the TLB misses of
// every run).
static void *huge_alloc(size_t bytes) {
    void *p;
    if (posix_memalign(&p, HUGE_PAGE, bytes) != 0) return NULL;
    madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}

void onr_arena_touch(void *memory, size_t bytes) {
    const uintptr_t begin = onr_align_up((uintptr_t)memory, HUGE_PAGE), end = (uintptr_t)memory + bytes;
    for (uintptr_t page = begin; page < end; page += HUGE_PAGE) *(volatile char *)page = 0;
}

// A chunk with room for `bytes`. A large one is put behind the head, so that the head's free end stays in use.
static chunk *add_chunk(onr_arena *a, size_t bytes) {
    // Weights fill large chunks one after the other; what is not touched of the last one takes no memory.
    bool weights = bytes >= WEIGHT_BYTES && a->total >= WEIGHT_BYTES;
    bool large = !weights && bytes > a->next_chunk / 2;
    size_t cap = weights ? (bytes > WEIGHT_CHUNK / 2 ? bytes : WEIGHT_CHUNK) : large ? bytes : a->next_chunk, total;
    if (!onr_add_size(cap, onr_align_up(sizeof(chunk), MIN_ALIGN), &total)) return NULL;
    chunk *c = total >= 2 * HUGE_PAGE ? huge_alloc(total) : malloc(total);
    if (!c) return NULL;
    if (cap == bytes) large = true; // nothing else fits behind it
    c->used = 0;
    c->cap = cap;
    if (large && a->head) {
        c->next = a->head->next;
        a->head->next = c;
    } else {
        c->next = a->head;
        a->head = c;
    }
    if (!large && a->next_chunk < MAX_CHUNK) a->next_chunk *= 2;
    return c;
}

// The offset in `c` where an object aligned to `align` would start.
static size_t aligned_start(chunk *c, size_t align) {
    uintptr_t at = (uintptr_t)chunk_data(c) + c->used;
    return c->used + (size_t)(-at & (align - 1));
}

static bool has_room(chunk *c, size_t size, size_t align) {
    const size_t start = aligned_start(c, align);
    return start <= c->cap && size <= c->cap - start;
}

/// The head, or for a weight any chunk of weights: a large one leaves the end of a chunk to smaller ones after it.
static chunk *find_room(const onr_arena *a, size_t size, size_t align) {
    if (a->head && has_room(a->head, size, align)) return a->head;
    for (chunk *c = size >= WEIGHT_BYTES ? a->head : NULL; c; c = c->next)
        if (c->cap >= WEIGHT_CHUNK / 2 && has_room(c, size, align)) return c;
    return NULL;
}

void *onr_arena_alloc_aligned(onr_arena *a, size_t bytes, size_t align) {
    assert(align && (align & (align - 1)) == 0 && align <= 4096);
    if (align < MIN_ALIGN) align = MIN_ALIGN;
    if (bytes > SIZE_MAX - 2 * 4096) return NULL;
    size_t size = onr_align_up(bytes ? bytes : 1, MIN_ALIGN);
    size_t total;
    if (!onr_add_size(a->total, size, &total) || (a->limit_bytes && total > a->limit_bytes)) return NULL;
    chunk *c = find_room(a, size, align);
    if (!c && !(c = add_chunk(a, size + align - MIN_ALIGN))) return NULL;
    const size_t start = aligned_start(c, align);
    c->used = start + size;
    a->total = total;
    return chunk_data(c) + start;
}

void *onr_arena_alloc(onr_arena *a, size_t bytes) {
    void *p = onr_arena_alloc_aligned(a, bytes, MIN_ALIGN);
    return p ? memset(p, 0, bytes ? bytes : 1) : NULL;
}

void *onr_arena_calloc(onr_arena *a, size_t n, size_t size) {
    size_t bytes;
    return onr_mul_size(n, size, &bytes) ? onr_arena_alloc(a, bytes) : NULL;
}

char *onr_arena_strndup(onr_arena *a, const char *s, size_t n) {
    n = strnlen(s, n);
    size_t bytes;
    if (!onr_add_size(n, 1, &bytes)) return NULL;
    char *p = onr_arena_alloc_aligned(a, bytes, MIN_ALIGN);
    if (!p) return NULL;
    memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *onr_arena_strdup(onr_arena *a, const char *s) { return onr_arena_strndup(a, s, strlen(s)); }

char *onr_arena_printf(onr_arena *a, const char *fmt, ...) {
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : onr_arena_alloc_aligned(a, (size_t)n + 1, MIN_ALIGN);
    if (p) vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}

void *onr_arena_grow(onr_arena *a, const void *old, size_t old_n, size_t new_n, size_t size) {
    assert(new_n >= old_n);
    void *p = onr_arena_calloc(a, new_n, size);
    if (p && old_n && size) memcpy(p, old, old_n * size);
    return p;
}

size_t onr_arena_bytes(const onr_arena *a) { return a->total; }

onr_buf *onr_buf_new(size_t bytes) {
    // One block: the header in the first aligned unit, the data after it.
    size_t total, header = onr_align_up(sizeof(onr_buf), BUF_ALIGN);
    if (!onr_add_size(bytes, header + BUF_ALIGN, &total)) return NULL;
    void *p;
    if (bytes >= 2 * HUGE_PAGE)
        p = huge_alloc(total);
    else if (posix_memalign(&p, BUF_ALIGN, onr_align_up(total - BUF_ALIGN, BUF_ALIGN)) != 0)
        return NULL;
    if (!p) return NULL;
    onr_buf *b = p;
    memset(b, 0, sizeof *b);
    b->data = (uint8_t *)p + header;
    b->bytes = bytes;
    b->refs = 1;
    return b;
}

onr_buf *onr_buf_ref(onr_buf *b) {
    if (b) __atomic_fetch_add(&b->refs, 1, __ATOMIC_RELAXED);
    return b;
}

void onr_buf_unref(onr_buf *b) {
    if (!b) return;
    int before = __atomic_fetch_sub(&b->refs, 1, __ATOMIC_ACQ_REL);
    assert(before > 0);
    if (before != 1) return;
    if (b->on_free) b->on_free(b);
    free(b);
}

void *onr_malloc(size_t bytes) { return malloc(bytes ? bytes : 1); }
void *onr_realloc(void *p, size_t bytes) { return realloc(p, bytes ? bytes : 1); }
void onr_free(void *p) { free(p); }
