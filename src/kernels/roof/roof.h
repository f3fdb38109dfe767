// roof.h: how fast this machine can be at all: fused multiply-adds in registers, and a stream read from memory.
// May assume: the features are ones that the machine has. Never allocates and never caches a result: each call measures.
#ifndef ONR_KERNELS_ROOF_H
#define ONR_KERNELS_ROOF_H

#include "base/pool.h"

#include <stddef.h>
#include <stdint.h>

/// GFLOP/s (a multiplication and an addition are two) of independent chains of FMAs at the best level in `features`, on all
/// threads of the pool together (NULL: on this one): the best of some short runs, about 10 ms in all.
double onr_roof_gflops(uint32_t features, onr_pool *pool);
/// GB/s of reading `bytes` of `memory` once from end to end, shared out to the threads of the pool; the best 16 MB within two
/// passes. Says something about memory when `bytes` is several times the last cache. `memory` is aligned to 64 and has
/// been written to.
double onr_roof_gbytes(uint32_t features, const void *memory, size_t bytes, onr_pool *pool);

#endif
