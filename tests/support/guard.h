// guard.h: buffers between pages that cannot be touched: one byte read or written beyond the end stops the test at once.
// May assume: Linux. Never for anything but tests: each buffer costs at least three pages.
#ifndef ONR_TESTS_SUPPORT_GUARD_H
#define ONR_TESTS_SUPPORT_GUARD_H

#include <stddef.h>

/// A buffer of `bytes` whose start is aligned to `align` (a power of two up to the page size) and whose end is as close to the
/// guard page behind it as that allows: it touches the page when `bytes` is a multiple of `align`. What lies between is filled
/// with a pattern that guard_buf_free checks. The contents are 0xA5 bytes. Ends the process when there is no memory.
void *guard_buf_new(size_t bytes, size_t align);

/// The same with the start right behind a guard page, for reads before the beginning.
void *guard_buf_new_front(size_t bytes);

/// Returns 0; -1 when the bytes around the buffer that are not guarded by a page were written. NULL is allowed.
int guard_buf_free(void *p);

#endif
