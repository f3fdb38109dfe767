// test_kernels_winograd.c: the error of every Winograd kernel against a sum in double, and the plans: each tile in one block,
// no buffer overrun; and what expanded weights must save. May assume: the CPU is asked which kernels it can run. Never compares
// with another fp32 kernel.
#include "base/arena.h"
#include "base/mathx.h"
#include "kernels/conv/conv.h"
#include "kernels/winograd/plan.h"

#include "support/cmocka.h"
#include "support/rng.h"

#include <math.h>
#include <string.h>

// A square kernel of odd size, padded by half of it.
static onr_conv_shape shape_of(int64_t n, int64_t c, int64_t map, int64_t k, int32_t block, int32_t kernel, int32_t stride) {
    const int32_t pad = kernel / 2;
    return (onr_conv_shape){.n = n,
                            .c_in = c,
                            .h = map,
                            .w = map,
                            .c_out = k,
                            .oh = (map - 1) / stride + 1,
                            .ow = (map - 1) / stride + 1,
                            .kh = kernel,
                            .kw = kernel,
                            .stride_h = stride,
                            .stride_w = stride,
                            .dil_h = 1,
                            .dil_w = 1,
                            .pad_top = pad,
                            .pad_left = pad,
                            .pad_bottom = pad,
                            .pad_right = pad,
                            .groups = 1,
                            .in_block = block,
                            .out_block = block};
}

// Output (k, y, x) of the only image, in double.
static double plain_sum(const onr_conv_shape *s, const float *x, const float *w, int64_t k, int64_t oy, int64_t ox) {
    double sum = 0;
    for (int64_t c = 0; c < s->c_in; c++) {
        for (int64_t t = 0; t < s->kh * s->kw; t++) {
            const int64_t iy = oy * s->stride_h + t / s->kw - s->pad_top, ix = ox * s->stride_w + t % s->kw - s->pad_left;
            if (iy < 0 || iy >= s->h || ix < 0 || ix >= s->w) continue;
            const int64_t at = ((c / s->in_block * s->h + iy) * s->w + ix) * s->in_block + c % s->in_block;
            sum += (double)w[(k * s->c_in + c) * s->kh * s->kw + t] * (double)x[at];
        }
    }
    return sum;
}

// Largest error over largest output, with weights and inputs that are normal and, if `positive`, inputs as after Relu.
static double error_of(const onr_conv_variant *v, int64_t c, int64_t map, bool positive) {
    const bool stem = strstr(v->name, "_stem_");
    onr_conv_shape s = shape_of(1, c, map, 32, v->block, stem ? 7 : 3, stem || strstr(v->name, "_f2s2_") ? 2 : 1);
    if (stem) s.in_block = 1;
    if (!v->supports(&s)) return 0;
    const int64_t outputs = s.oh * s.ow;
    const size_t n_x = (size_t)(onr_round_up(c, s.in_block) * map * map), n_y = (size_t)(32 * outputs),
                 n_w = (size_t)(32 * c * s.kh * s.kw);
    onr_arena *a = onr_arena_new(0);
    assert_non_null(a);
    float *x = onr_arena_alloc_aligned(a, n_x * 4, 64), *y = onr_arena_alloc_aligned(a, n_y * 4, 64);
    float *w = onr_arena_alloc_aligned(a, n_w * 4, 64), *bias = onr_arena_calloc(a, 32, 4);
    float *packed = onr_arena_alloc_aligned(a, v->packed_bytes(&s), 64);
    void *scratch = onr_arena_alloc_aligned(a, v->worker_bytes(&s), 64);
    rng r;
    rng_seed(&r, (uint64_t)(c + map));
    for (size_t i = 0; i < n_x; i++) x[i] = rng_normal(&r);
    for (size_t i = 0; positive && i < n_x; i++) x[i] = x[i] > 0 ? x[i] : 0;
    for (size_t i = 0; i < n_w; i++) w[i] = rng_normal(&r);
    v->pack(&s, &(onr_conv_weights){w, NULL}, packed, NULL);
    v->run(&(onr_conv_args){
        .shape = &s, .x = x, .packed = packed, .bias = bias, .y = y, .lo = -INFINITY, .hi = INFINITY, .scratch = scratch});
    double error = 0, largest = 0;
    for (int64_t k = 0; k < 32; k++) {
        for (int64_t i = 0; i < outputs; i++) {
            const double want = plain_sum(&s, x, w, k, i / s.ow, i % s.ow);
            const double got = (double)y[(k / s.out_block * outputs + i) * s.out_block + k % s.out_block];
            largest = fmax(largest, fabs(want));
            error = fabs(got - want) > error ? fabs(got - want) : error;
            assert_true(got == got);
        }
    }
    onr_arena_free(a);
    return error / largest;
}

static void error_stays_below_the_target(void **state) {
    (void)state;
    onr_cpu cpu;
    onr_cpu_detect(&cpu);
    const onr_conv_variant *v;
    int n = 0;
    for (size_t i = 0; (v = onr_conv_variant_at(i)); i++) {
        if (!strstr(v->name, "winograd") || (v->needs & cpu.features) != v->needs) continue;
        const double most = strstr(v->name, "_f4_") ? 1.2e-5 : strstr(v->name, "_f1x4_") ? 5e-6 : 2e-6;
        static const struct {
            int64_t c, map;
        } cases[] = {{64, 16}, {256, 7}, {512, 7}, {512, 4}, {128, 13}, {96, 6}, {32, 5}, {3, 64}, {1, 33}, {16, 9}};
        for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
            const double noise = error_of(v, cases[k].c, cases[k].map, false),
                         relu = error_of(v, cases[k].c, cases[k].map, true);
            if (noise > most || relu > most)
                fail_msg("%s, %d channels, map %d: errors %.2e and %.2e, allowed %.1e", v->name, (int)cases[k].c,
                         (int)cases[k].map, noise, relu, most);
        }
        n++;
    }
    if (cpu.features & ONR_CPU_AVX2) assert_true(n >= 3);
}

static void plans_cover_each_tile_once(void **state) {
    (void)state;
    static const onr_wino_style styles[] = {{4, 1, 16, 32, 14, 42, 120 << 10, false, false},
                                            {4, 1, 16, 16, 4, 4, 120 << 10, true, true},
                                            {2, 1, 8, 16, 6, 18, 160 << 10, false, false},
                                            {2, 2, 8, 16, 6, 18, 160 << 10, false, false},
                                            {4, 1, 8, 16, 18, 18, 160 << 10, true, false}};
    for (size_t k = 0; k < sizeof styles / sizeof styles[0]; k++) {
        for (int64_t map = 1; map <= 33; map++) {
            for (int64_t n = 1; n <= 9; n += 4) {
                const onr_conv_shape s = shape_of(n, 40, map, 24, styles[k].lanes, 3, styles[k].stride);
                onr_wino_plan p;
                onr_wino_plan_make(&s, &styles[k], &p);
                int64_t seen[WINO_CLASSES] = {0}, outputs = 0;
                for (int64_t i = 0; i < p.n_blocks; i++) {
                    onr_wino_block b;
                    onr_wino_block_make(&p, i, &b);
                    for (int c = 0; c < WINO_CLASSES; c++) {
                        if (b.n[c] > 0) assert_int_equal(b.first[c], seen[c]);
                        seen[c] += b.n[c];
                        outputs += b.n[c] * p.cls[c].r * p.cls[c].s;
                    }
                    for (int q = 0; q < p.edge * p.edge; q++) {
                        const size_t v_end = b.v_at[q] +
                                             (size_t)((p.c_blocks - 1) * b.v_step[q] + b.tiles[q] * styles[k].lanes);
                        assert_true(v_end <= p.v_floats);
                        assert_true(b.m_at[q] + (size_t)(b.tiles[q] * styles[k].wide) <= p.m_floats);
                        if (q > 0) assert_true(b.m_at[q] >= b.m_at[q - 1] + (size_t)(b.tiles[q - 1] * styles[k].wide));
                    }
                }
                assert_int_equal(outputs, n * s.oh * s.ow);
            }
        }
    }
}

#ifdef ONR_HAVE_X86
// 256 channels of 14x14: seven megabytes more save too little in a run of one image, and enough in a batch; where weights are
// small, expanding them is free.
static void large_expansions_must_pay(void **state) {
    (void)state;
    onr_cpu cpu;
    onr_cpu_detect(&cpu);
    const onr_conv_choice how = {.features = ONR_CPU_AVX2, .allow_winograd = true};
    const onr_conv_shape one = shape_of(1, 256, 14, 256, 8, 3, 1), batch = shape_of(8, 256, 14, 256, 8, 3, 1),
                         small = shape_of(1, 128, 28, 128, 8, 3, 1);
    assert_false(onr_conv_choose(&one, &cpu, &how)->expands);
    assert_true(onr_conv_choose(&batch, &cpu, &how)->expands);
    assert_true(onr_conv_choose(&small, &cpu, &how)->expands);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_stays_below_the_target),
        cmocka_unit_test(plans_cover_each_tile_once),
#ifdef ONR_HAVE_X86
        cmocka_unit_test(large_expansions_must_pay),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
