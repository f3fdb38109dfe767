// guard.c: three mappings in one: a page without access, the buffer's pages, a page without access.
// May assume: one page before the buffer's first page holds nothing. Never gives memory back before guard_buf_free.
#include "support/guard.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FILL = 0xA5, SLACK = 0x5C };

// All live buffers: what a pointer's mapping is cannot be stored beside it, as guards and data leave no room.
typedef struct guard_buf {
    struct guard_buf *next;
    uint8_t *base, *start;
    size_t mapped, bytes, page;
} guard_buf;

static guard_buf *live;

static void die(const char *what) {
    perror(what);
    abort();
}

static void *make(size_t bytes, size_t align, int front) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inner = (bytes + page - 1) / page * page;
    if (inner == 0) inner = page;
    guard_buf *g = calloc(1, sizeof *g);
    if (!g) die("guard_buf");
    g->page = page;
    g->mapped = inner + 2 * page;
    g->bytes = bytes;
    g->base = mmap(NULL, g->mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g->base == MAP_FAILED) die("guard_buf: mmap");
    if (mprotect(g->base + page, inner, PROT_READ | PROT_WRITE) != 0) die("guard_buf: mprotect");
    size_t before = front ? 0 : (inner - bytes) & ~(align - 1);
    g->start = g->base + page + before;
    memset(g->base + page, SLACK, inner);
    memset(g->start, FILL, bytes);
    g->next = live;
    live = g;
    return g->start;
}

void *guard_buf_new(size_t bytes, size_t align) { return make(bytes, align ? align : 1, 0); }

void *guard_buf_new_front(size_t bytes) { return make(bytes, 1, 1); }

int guard_buf_free(void *p) {
    if (!p) return 0;
    guard_buf **link = &live;
    while (*link && (*link)->start != p) link = &(*link)->next;
    guard_buf *g = *link;
    if (!g) {
        fprintf(stderr, "guard_buf_free: not a guard buffer\n");
        abort();
    }
    int written = 0;
    const uint8_t *first = g->base + g->page, *last = g->base + g->mapped - g->page;
    for (const uint8_t *q = first; q < g->start; q++) written |= *q != SLACK;
    for (const uint8_t *q = g->start + g->bytes; q < last; q++) written |= *q != SLACK;
    *link = g->next;
    munmap(g->base, g->mapped);
    free(g);
    return written ? -1 : 0;
}
