// conv_bench.c: times convolution variants on shapes/layers.txt: all of them against the FMA peak, or the cost model's
// candidates against each other. May assume: the folder shapes/. FLOPs are those of the direct sum, so Winograd may pass 100 %
// of the peak. Never checks a result, that is conv_check.c.
#include "base/arena.h"
#include "check.h"
#include "conv_problem.h"
#include "conv_shapes.h"
#include "kernel_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COPIES = 64, COPIES_BYTES = 128 << 20 };
#define LARGE 1e7 // floating-point operations from which the scalar kernel is not timed

typedef struct timing {
    const onr_conv_variant *v;
    onr_conv_args a;
    const float *copies[MAX_COPIES];
    int n_copies, turn;
} timing;

static void run(void *ctx) {
    timing *t = ctx;
    t->a.packed = t->copies[t->turn++ % t->n_copies];
    t->v->run(&t->a);
}

// Seconds on one thread and on two. Weights take turns among copies that no cache holds: in a network they come from memory,
// activations from the cache. As a session's, they lie in huge pages.
static void time_variant(const onr_conv_variant *v, const conv_problem *p, const onr_conv_shape *s, double *one, double *two) {
    const int mark = check_mark();
    timing t = {.v = v, .a = conv_args(v, p, s)};
    const size_t bytes = v->packed_bytes(s), wanted = COPIES_BYTES / bytes + 1;
    onr_buf *copies = onr_buf_new((wanted < MAX_COPIES ? wanted : MAX_COPIES) * bytes);
    if (!copies) exit(2);
    for (t.n_copies = 0; t.n_copies < MAX_COPIES && t.n_copies < (int)wanted; t.n_copies++) {
        t.copies[t.n_copies] = (float *)(void *)((char *)copies->data + (size_t)t.n_copies * bytes);
        memcpy((char *)copies->data + (size_t)t.n_copies * bytes, t.a.packed, bytes);
    }
    t.a.lo = 0;
    const double seconds = v->needs ? 0.05 : 0.01;
    *one = check_time(run, &t, seconds, false);
    t.a.pool = check_pool(1);
    *two = check_time(run, &t, seconds, true);
    onr_pool_quiet(t.a.pool);
    onr_buf_unref(copies);
    check_release_to(mark);
}

// The shape as a session of the given block size has it: blocks, but for the pictures that come in.
static onr_conv_shape in_blocks(const onr_conv_shape *plain, int32_t block) {
    onr_conv_shape s = *plain;
    s.out_block = block;
    s.in_block = s.c_in <= 4 ? 1 : block;
    return s;
}

static int read_layers(conv_case **cases) {
    const int n = conv_shapes_read("layers.txt", cases);
    for (int i = 0; i < n; i++) (*cases)[i].shape.n *= check_batch();
    return n;
}

// --- every variant -----------------------------------------------------------------------------------------------------------

static void bench_variant(const onr_conv_variant *v, const conv_case *c) {
    const onr_conv_shape s = in_blocks(&c->shape, v->block);
    if (!v->supports(&s)) return;
    conv_problem p = {.s = c->shape};
    conv_problem_fill(&p, false);
    double one, two;
    time_variant(v, &p, &s, &one, &two);
    const double gflops = 1e-9 * conv_flops(&s) / one;
    printf("  %-30s %-32s %9.1f us %7.1f GFLOP/s %5.1f %% | 2 threads %9.1f us %5.2f x\n", v->name, c->name, one * 1e6, gflops,
           100 * gflops / check_peak_gflops(v->needs), two * 1e6, one / two);
    check_release();
}

void bench_conv(void) {
    conv_case *cases;
    const int n = read_layers(&cases);
    const onr_conv_variant *v;
    for (size_t k = 0; (v = onr_conv_variant_at(k)); k++) {
        if (!conv_wanted(v)) continue;
        for (int i = 0; i < n; i++) {
            if (!check_wanted(v->name) && !check_wanted(cases[i].name)) continue;
            if (v->needs || conv_flops(&cases[i].shape) < LARGE) bench_variant(v, &cases[i]);
        }
    }
    free(cases);
}

// --- the cost model ----------------------------------------------------------------------------------------------------------

typedef struct judged {
    double pick[2], best[2]; // seconds on one and two threads
} judged;

static judged judge_shape(const conv_case *c, const onr_cpu *cpu) {
    const onr_conv_shape s = in_blocks(&c->shape, onr_conv_block(cpu->features));
    const onr_conv_choice how = {.features = cpu->features, .allow_winograd = true};
    const onr_conv_variant *pick = onr_conv_choose(&s, cpu, &how), *v;
    conv_problem p = {.s = c->shape};
    conv_problem_fill(&p, false);
    judged j = {{NAN, NAN}, {INFINITY, INFINITY}};
    printf("%s\n", c->name);
    for (size_t k = 0; (v = onr_conv_variant_at(k)); k++) {
        if (!conv_wanted(v) || !v->supports(&s) || (v != pick && v->needs == 0)) continue;
        double t[2];
        time_variant(v, &p, &s, &t[0], &t[1]);
        for (int i = 0; i < 2; i++) {
            j.best[i] = fmin(j.best[i], t[i]);
            if (v == pick) j.pick[i] = t[i];
        }
        printf("  %-30s model %9.1f us  1 thread %9.1f us %7.1f GFLOP/s  2 threads %9.1f us%s\n", v->name, v->cost(&s, cpu),
               t[0] * 1e6, 1e-9 * conv_flops(&s) / t[0], t[1] * 1e6, v == pick ? "  PICK" : "");
    }
    printf("  regret %.2f with 1 thread, %.2f with 2\n", j.pick[0] / j.best[0], j.pick[1] / j.best[1]);
    check_release();
    return j;
}

void bench_conv_algorithms(void) {
    conv_case *cases;
    const int n = read_layers(&cases);
    onr_cpu cpu;
    onr_cpu_detect(&cpu);
    cpu.features = check_features();
    double pick[2] = {0}, best[2] = {0}, worst[2] = {0};
    const char *where[2] = {"", ""};
    int n_shapes = 0, n_close[2] = {0};
    for (int i = 0; i < n; i++) {
        if (!check_wanted(cases[i].name)) continue;
        const judged j = judge_shape(&cases[i], &cpu);
        n_shapes++;
        for (int t = 0; t < 2; t++) {
            const double regret = j.pick[t] / j.best[t];
            pick[t] += j.pick[t];
            best[t] += j.best[t];
            n_close[t] += regret <= 1.05;
            if (regret > worst[t]) worst[t] = regret, where[t] = cases[i].name;
        }
    }
    for (int t = 0; t < 2 && n_shapes > 0; t++)
        printf("%d thread%s, batch %d: picks within 5 %% of the best for %d of %d shapes; all picks %.1f us, all bests %.1f us "
               "(%.3f); worst %.2f at %s\n",
               t + 1, t ? "s" : "", (int)check_batch(), n_close[t], n_shapes, pick[t] * 1e6, best[t] * 1e6, pick[t] / best[t],
               worst[t], where[t]);
    free(cases);
}
