// time.h: a monotonic clock.
#ifndef ONR_BASE_TIME_H
#define ONR_BASE_TIME_H

#include <stdint.h>

/// Nanoseconds of the monotonic clock.
uint64_t onr_time_ns(void);

#endif
