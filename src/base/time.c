// time.c: the monotonic clock in nanoseconds.
// May assume: CLOCK_MONOTONIC exists (Linux). Never goes backwards.
#include "base/time.h"

#include <time.h>

uint64_t onr_time_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
