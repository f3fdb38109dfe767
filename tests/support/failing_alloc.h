// failing_alloc.h: makes the n-th allocation fail, for tests that run a function again and again until none fails.
// May assume: the program was made with onr_test_failing_alloc (CMake), or its name ends in _nomem. Never affects free.
#ifndef ONR_TESTS_SUPPORT_FAILING_ALLOC_H
#define ONR_TESTS_SUPPORT_FAILING_ALLOC_H

#include <stddef.h>

/// Counts from here on: the n-th allocation of this process (1 is the next one) returns NULL, and all others succeed.
/// With `forever`, all from the n-th on fail.
void failing_alloc_start(size_t n, int forever);
/// Back to normal; returns how many allocations were asked for since the start. When that is below n, none failed:
/// the loop over n is done.
size_t failing_alloc_stop(void);
/// Allocations that are not yet freed, through any of the wrapped functions, since the program began.
long failing_alloc_live(void);

#endif
