// vector_check.h: the parts of vector_check: one function per kernel family, each with its plain reference.
// May assume: check_start was called. Each part runs at one CPU level, given as feature bits.
#ifndef ONR_TESTS_KERNELS_VECTOR_CHECK_H
#define ONR_TESTS_KERNELS_VECTOR_CHECK_H

#include <stddef.h>
#include <stdint.h>

#define EPS 0x1p-24 // half a unit in the last place of 1

void check_unary(uint32_t features, const char *level);
void check_binary(uint32_t features, const char *level);
void check_reduce(uint32_t features, const char *level);
void check_softmax(uint32_t features, const char *level);
void check_norm(uint32_t features, const char *level);
void check_pooling(uint32_t features, const char *level);
void check_reorder(uint32_t features, const char *level);
void check_transpose(uint32_t features, const char *level);

void bench_elementwise(uint32_t features, const char *level);
void bench_reductions(uint32_t features, const char *level);
void bench_layout(uint32_t features, const char *level);

/// Prints one line: seconds with one thread and with two, as bytes moved per second.
void bench_line(const char *level, const char *what, void (*fn)(void *ctx), void *ctx, void **pool_slot, double bytes);

/// A size that hurts: 1, next to the lanes of some ISA, or a prime.
int64_t odd_size(int64_t most);

#endif
