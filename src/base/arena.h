// arena.h: memory that dies together. Every long-lived structure of onnxrun lives in an arena.
// May assume: one thread at a time uses an arena. Never frees a single object.
#ifndef ONR_BASE_ARENA_H
#define ONR_BASE_ARENA_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct onr_arena onr_arena;

/// A new empty arena; NULL when there is no memory. `limit_bytes` 0 means no limit; else an allocation that would exceed it
/// fails like a lack of memory.
onr_arena *onr_arena_new(size_t limit_bytes);
/// Frees the arena and all in it. NULL is allowed.
void onr_arena_free(onr_arena *a);

/// Zeroed memory, aligned to 16 bytes; NULL when there is none. A size of 0 gives a valid unique pointer.
void *onr_arena_alloc(onr_arena *a, size_t bytes);
/// Zeroed array of n elements with a checked multiplication.
void *onr_arena_calloc(onr_arena *a, size_t n, size_t size);
/// Memory aligned to `align` (power of two up to 4096), contents undefined: for weights and activations.
void *onr_arena_alloc_aligned(onr_arena *a, size_t bytes, size_t align);
/// Touches memory of alloc_aligned that is not used yet, huge page for huge page, on this thread: where several will fill it. A
/// kernel keeps pages that were freed last at hand for the core that freed them, so they are quick to get for one thread of the
/// several and may be slow for the others.
void onr_arena_touch(void *memory, size_t bytes);
char *onr_arena_strdup(onr_arena *a, const char *s);
char *onr_arena_strndup(onr_arena *a, const char *s, size_t n);
char *onr_arena_printf(onr_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/// Grows an array: returns memory for `new_n` elements with the first `old_n` copied (the old memory stays in the arena).
void *onr_arena_grow(onr_arena *a, const void *old, size_t old_n, size_t new_n, size_t size);
size_t onr_arena_bytes(const onr_arena *a);

/// A reference-counted block for what an arena cannot hold: tensors whose size or life is known only while running.
/// Counts are atomic. Data is aligned to 64 bytes, contents undefined.
typedef struct onr_buf {
    void *data;
    size_t bytes;
    int refs;
    void (*on_free)(struct onr_buf *b); ///< called before the memory goes, for values that own others; may be NULL
    size_t n_owned;                     ///< free for on_free's use
} onr_buf;

onr_buf *onr_buf_new(size_t bytes);
onr_buf *onr_buf_ref(onr_buf *b); ///< NULL allowed
void onr_buf_unref(onr_buf *b);   ///< NULL allowed

/// Plain heap memory for the few growing arrays that are neither; freed with onr_free.
void *onr_malloc(size_t bytes);
void *onr_realloc(void *p, size_t bytes);
void onr_free(void *p);

#endif
