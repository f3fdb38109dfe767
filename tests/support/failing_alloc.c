// failing_alloc.c: the linker's --wrap sends malloc and its relatives here.
// May assume: calls from the program's own objects and static libraries only; shared libraries keep the real functions.
// Never allocates by itself.
#include "support/failing_alloc.h"

#include <errno.h>
#include <stdbool.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
int __real_posix_memalign(void **p, size_t align, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
int __wrap_posix_memalign(void **p, size_t align, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
void __wrap_free(void *p);

static size_t asked, fail_at; // fail_at 0: nothing fails
static bool fail_forever;
static long n_live;

static bool must_fail(void) {
    size_t i = __atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED);
    return fail_at && (fail_forever ? i >= fail_at : i == fail_at);
}

static void *counted(void *p) {
    if (p) __atomic_add_fetch(&n_live, 1, __ATOMIC_RELAXED);
    return p;
}

void failing_alloc_start(size_t n, int forever) {
    asked = 0;
    fail_forever = forever;
    fail_at = n;
}

size_t failing_alloc_stop(void) {
    fail_at = 0;
    return asked;
}

long failing_alloc_live(void) { return n_live; }

void *__wrap_malloc(size_t n) { return must_fail() ? NULL : counted(__real_malloc(n)); }

void *__wrap_calloc(size_t n, size_t size) { return must_fail() ? NULL : counted(__real_calloc(n, size)); }

void *__wrap_realloc(void *p, size_t n) {
    if (must_fail()) return NULL;
    void *q = __real_realloc(p, n);
    return p ? q : counted(q);
}

int __wrap_posix_memalign(void **p, size_t align, size_t n) {
    if (must_fail()) return ENOMEM;
    int rc = __real_posix_memalign(p, align, n);
    if (rc == 0) counted(*p);
    return rc;
}

void *__wrap_aligned_alloc(size_t align, size_t n) { return must_fail() ? NULL : counted(__real_aligned_alloc(align, n)); }

void __wrap_free(void *p) {
    if (p) __atomic_sub_fetch(&n_live, 1, __ATOMIC_RELAXED);
    __real_free(p);
}
