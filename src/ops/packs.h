// packs.h: a session's packed weights.
#ifndef ONR_OPS_PACKS_H
#define ONR_OPS_PACKS_H

#include "ops/op.h"

/// limit_bytes 0: no limit. NULL when memory lacks.
onr_packs *onr_packs_new(size_t limit_bytes);
void onr_packs_free(onr_packs *p);
/// From now on nothing is packed: sizes are counted, and what onr_packs_get gives is not to be read.
void onr_packs_measure(onr_packs *p);
/// Would `bytes` more go over the limit? *limit_bytes says which one.
bool onr_packs_full(const onr_packs *p, size_t bytes, size_t *limit_bytes);
/// Bytes of all packed weights.
size_t onr_packs_bytes(const onr_packs *p);
/// Called after each packing with the source's memory, which is not needed any more (its file pages may be dropped). NULL:
/// nothing.
void onr_packs_on_packed(onr_packs *p, void (*fn)(void *user, const void *data, size_t bytes), void *user);
/// For `fill` functions that pack a part after the other: this part of the source is not needed any more.
void onr_packs_done_with(const onr_packs *p, const void *data, size_t bytes);
/// The packing of `source` called `tag`: `bytes` of memory aligned to 64 that `fill` wrote, now or earlier. NULL: no memory,
/// for us or for `fill` (which returns false then), or the limit is reached. `at_once`: it is read before anything runs, so
/// that measuring makes it, too.
const void *onr_packs_get(onr_packs *p, const onr_tensor *source, const char *tag, size_t bytes, bool at_once,
                          bool (*fill)(void *ctx, void *packed), void *ctx);

#endif
