// test_ops_nd.c: the strided copy and the broadcast walk against loops that compute every index the long way.
// May assume: guard pages (support/guard.h). Never trusts the merging of dimensions: random boxes of all ranks.
#include "ops/nd.h"

#include "support/guard.h"
#include "support/rng.h"

#include <string.h>

#include "support/cmocka.h"

enum { ROUNDS = 600 };

/// A random box: a permutation of a contiguous source, with some dimensions reversed, repeated or stepped over.
static int64_t random_box(rng *r, size_t elem, onr_nd_box *b, int64_t *src_bytes, int64_t *first) {
    int64_t n = 1, run = (int64_t)elem;
    int order[8];
    *b = (onr_nd_box){.rank = (int32_t)rng_below(r, 6)};
    for (int d = 0; d < b->rank; d++) order[d] = d;
    for (int d = b->rank - 1; d > 0; d--) {
        int k = (int)rng_below(r, (uint64_t)d + 1), t = order[d];
        order[d] = order[k];
        order[k] = t;
    }
    *first = 0;
    for (int i = b->rank - 1; i >= 0; i--) { // source strides, innermost first, in a shuffled order of dimensions
        int d = order[i];
        int64_t step = 1 + (int64_t)rng_below(r, 8) / 7;
        b->dim[d] = 1 + (int64_t)rng_below(r, rng_below(r, 4) ? 5 : 40);
        switch (rng_below(r, 6)) {
        case 0: b->src[d] = 0; break;
        case 1:
            b->src[d] = -run * step;
            *first += run * step * (b->dim[d] - 1);
            run *= b->dim[d] * step;
            break;
        default: b->src[d] = run * step; run *= b->dim[d] * step;
        }
    }
    *src_bytes = run;
    run = (int64_t)elem;
    for (int d = b->rank - 1; d >= 0; d--) {
        b->dst[d] = run;
        run *= b->dim[d];
        n *= b->dim[d];
    }
    return n;
}

static void copies_any_box(void **state) {
    (void)state;
    static const size_t elems[] = {1, 2, 3, 4, 8, 16, 24};
    rng r;
    rng_seed(&r, 7);
    onr_pool *pool = onr_pool_new(2);
    onr_pool_await(pool);
    for (int round = 0; round < ROUNDS; round++) {
        onr_nd_box b;
        int64_t src_bytes, first, n;
        size_t e = elems[rng_below(&r, 7)];
        do n = random_box(&r, e, &b, &src_bytes, &first);
        while (src_bytes > 1 << 18 || n * (int64_t)e > 1 << 18);
        char *src = guard_buf_new((size_t)src_bytes, 1), *dst = guard_buf_new((size_t)n * e, 1);
        rng_fill_bytes(&r, src, (size_t)src_bytes);
        onr_nd_copy(round & 1 ? pool : NULL, e, &b, src + first, dst);
        for (int64_t i = 0; i < n; i++) {
            int64_t rest = i, at = first;
            for (int d = b.rank - 1; d >= 0; d--) {
                at += rest % b.dim[d] * b.src[d];
                rest /= b.dim[d];
            }
            assert_memory_equal(dst + (size_t)i * e, src + at, e);
        }
        assert_int_equal(guard_buf_free(src), 0);
        assert_int_equal(guard_buf_free(dst), 0);
    }
    onr_pool_free(pool);
}

static void count_up(const void *ctx, int64_t n, char *const p[], const int64_t step[]) {
    (void)ctx;
    for (int64_t i = 0; i < n; i++) {
        int32_t a, b, y;
        memcpy(&a, p[1] + i * step[1], 4);
        memcpy(&b, p[2] + i * step[2], 4);
        y = a * 1000 + b;
        memcpy(p[0] + i * step[0], &y, 4);
    }
}

static void walks_any_broadcast(void **state) {
    (void)state;
    rng r;
    rng_seed(&r, 8);
    onr_pool *pool = onr_pool_new(2);
    onr_pool_await(pool);
    for (int round = 0; round < ROUNDS; round++) {
        onr_shape out = {.rank = (int32_t)rng_below(&r, 5)}, in[2];
        for (int d = 0; d < out.rank; d++) out.dim[d] = 1 + (int64_t)rng_below(&r, rng_below(&r, 8) ? 6 : 30);
        for (int k = 0; k < 2; k++) {
            int32_t cut = (int32_t)rng_below(&r, (uint64_t)out.rank + 1);
            in[k] = (onr_shape){.rank = out.rank - cut};
            for (int d = 0; d < in[k].rank; d++) in[k].dim[d] = rng_below(&r, 3) ? out.dim[d + cut] : 1;
        }
        int64_t n = onr_shape_span(&out, 0, out.rank), na = onr_shape_span(&in[0], 0, in[0].rank);
        int64_t nb = onr_shape_span(&in[1], 0, in[1].rank);
        int32_t *a = guard_buf_new((size_t)na * 4, 4), *b = guard_buf_new((size_t)nb * 4, 4),
                *y = guard_buf_new((size_t)n * 4, 4);
        for (int64_t i = 0; i < na; i++) a[i] = (int32_t)(i % 100);
        for (int64_t i = 0; i < nb; i++) b[i] = (int32_t)(i % 997);
        onr_nd_walk w;
        onr_nd_walk_init(&w, &out, 3, (const onr_shape *[]){NULL, &in[0], &in[1]}, (const size_t[]){4, 4, 4});
        onr_nd_walk_run(&w, round & 1 ? pool : NULL, (void *[]){y, a, b}, 1000, count_up, NULL);
        for (int64_t i = 0; i < n; i++) {
            int64_t rest = i, at[2] = {0, 0}, run[2] = {1, 1};
            for (int d = out.rank - 1; d >= 0; d--) {
                int64_t x = rest % out.dim[d];
                rest /= out.dim[d];
                for (int k = 0; k < 2; k++) {
                    int s = d - (out.rank - in[k].rank);
                    if (s < 0) continue;
                    if (in[k].dim[s] != 1) at[k] += x * run[k];
                    run[k] *= in[k].dim[s];
                }
            }
            assert_int_equal(y[i], (int32_t)(at[0] % 100) * 1000 + (int32_t)(at[1] % 997));
        }
        guard_buf_free(a), guard_buf_free(b), guard_buf_free(y);
    }
    onr_pool_free(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_any_box),
        cmocka_unit_test(walks_any_broadcast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
