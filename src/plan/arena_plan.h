// arena_plan.h: intervals in, offsets out: where each piece of memory lies in one arena.
#ifndef ONR_PLAN_ARENA_PLAN_H
#define ONR_PLAN_ARENA_PLAN_H

#include <stddef.h>
#include <stdint.h>

/// Memory that is needed from step `first` to step `last`, both included.
typedef struct onr_interval {
    int32_t first, last;
    size_t bytes;
} onr_interval;

/// Gives each interval an offset (a multiple of `align`, a power of two) so that no two that live at the same step overlap, and
/// returns the arena's size; SIZE_MAX when there is no memory for the work or sizes overflow. Pure: the same input gives the
/// same offsets.
size_t onr_arena_plan(const onr_interval *in, size_t n, size_t align, size_t *offsets);

/// The largest sum of bytes (each rounded up to `align`) alive at one step: no arena can be smaller. *step (may be NULL) says
/// where.
size_t onr_arena_peak(const onr_interval *in, size_t n, size_t align, int32_t *step);

#endif
