// conv_check.c: every convolution variant against a double-precision reference on shapes/hard.txt and shapes/layers.txt:
// between guard pages, with bias, residual (also in place), clamp, padding lanes, 1 to 3 threads and batch positions bit for
// bit. With --bench [--only TEXT]: the time of every variant on shapes/layers.txt, and the cost model's pick beside the
// measured best. May assume: the folder shapes/. Never lets a variant pass that was not run.
#include "check.h"
#include "conv_shapes.h"
#include "peak.h"
#include "ref_conv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPS 0x1p-24
#define LARGE 2e7 // floating-point operations from which the reference and the scalar kernel leave things out

static int64_t blocks(int64_t c, int64_t b) { return (c + b - 1) / b; }

// From NCHW to blocks of b, zero beyond c; b = 1 copies.
static float *to_blocks(const float *x, int64_t n, int64_t c, int64_t map, int64_t b) {
    int64_t total = n * blocks(c, b) * map * b;
    float *y = check_floats((size_t)total);
    for (int64_t i = 0; i < total; i++) {
        int64_t lane = i % b, pos = i / b % map, channel = i / b / map % blocks(c, b) * b + lane,
                image = i / b / map / blocks(c, b);
        y[i] = channel < c ? x[(image * c + channel) * map + pos] : 0;
    }
    return y;
}

typedef struct problem {
    onr_conv_shape s;
    const float *x, *w, *bias, *residual; // plain; bias and residual blocked copies are made per variant
    double *want, *squares;               // of the bare convolution
} problem;

static double flops_of(const onr_conv_shape *s) {
    return 2.0 * (double)(s->n * s->c_out * s->oh * s->ow) * (double)(s->c_in / s->groups * s->kh * s->kw);
}

static void make_problem(problem *p) {
    const onr_conv_shape *s = &p->s;
    size_t out = (size_t)(s->n * s->c_out * s->oh * s->ow);
    p->x = check_floats((size_t)(s->n * s->c_in * s->h * s->w));
    p->w = check_floats((size_t)(s->c_out * (s->c_in / s->groups) * s->kh * s->kw));
    p->bias = check_floats((size_t)s->c_out);
    p->residual = check_floats(out);
    p->want = check_scratch(out * sizeof(double));
    p->squares = check_scratch(out * sizeof(double));
    ref_conv(s, p->x, p->w, flops_of(s) > LARGE ? 29 : 1, p->want, p->squares);
}

// Six standard deviations, and more, of the rounding of a sum of k products in any order: each partial sum is about as large as
// the root of the sum of squares so far. Winograd sums differently: its error follows the largest output (F(4x4): measured
// below 1.2e-5 of it, about 200 EPS).
static double tolerance(const onr_conv_variant *v, const problem *p, size_t i, double bias, double residual, double largest) {
    const onr_conv_shape *s = &p->s;
    double k = (double)(s->c_in / s->groups * s->kh * s->kw), norm = sqrt(p->squares[i]);
    double direct = 6 * EPS * (sqrt(k) * (norm + fabs(bias)) + norm + 2 * fabs(bias) + 2 * fabs(residual));
    return v->exact ? direct : direct + 256 * EPS * largest;
}

static void compare(const onr_conv_variant *v, const problem *p, const onr_conv_args *a, bool with_residual) {
    const onr_conv_shape *s = a->shape;
    int64_t b = s->out_block, map = s->oh * s->ow, n_out = s->n * s->c_out * map;
    double largest = 0;
    for (int64_t i = 0; i < n_out; i++) largest = fmax(largest, fabs(p->want[i])); // ignores NaN
    for (int64_t i = 0; i < s->n * blocks(s->c_out, b) * map * b; i++) {
        int64_t lane = i % b, pos = i / b % map, c = i / b / map % blocks(s->c_out, b) * b + lane,
                n = i / b / map / blocks(s->c_out, b);
        if (c >= s->c_out) {
            if (!check_true(a->y[i] == 0, "a padding lane is not zero")) return;
            continue;
        }
        size_t at = (size_t)((n * s->c_out + c) * map + pos);
        if (isnan(p->want[at])) continue; // a channel of a large layer that the reference left out
        double residual = with_residual ? p->residual[at] : 0;
        double want = p->want[at] + p->bias[c] + residual;
        want = want < a->lo ? a->lo : want > a->hi ? a->hi : want;
        if (!check_near(a->y[i], want, tolerance(v, p, at, p->bias[c], residual, largest), (size_t)i)) return;
    }
}

// Buffers of one variant's run of p.
static onr_conv_args make_args(const onr_conv_variant *v, const problem *p, const onr_conv_shape *s) {
    int64_t map = s->oh * s->ow;
    float *packed = check_scratch(v->packed_bytes(s));
    v->pack(s, p->w, packed, check_pool(1));
    onr_pool_quiet(check_pool(1));
    onr_conv_args a = {.shape = s, .packed = packed, .lo = -INFINITY, .hi = INFINITY};
    a.x = to_blocks(p->x, s->n, s->c_in, s->h * s->w, s->in_block);
    a.bias = to_blocks(p->bias, 1, s->c_out, 1, s->out_block);
    a.residual = p->residual ? to_blocks(p->residual, s->n, s->c_out, map, s->out_block) : NULL;
    a.y = check_guarded((size_t)(s->n * blocks(s->c_out, s->out_block) * map * s->out_block) * sizeof(float));
    a.scratch = check_scratch(v->scratch_bytes(s, 3));
    return a;
}

// The run above must come out the same on another pool, in place of its residual, and for each image alone.
static void check_identity(const onr_conv_variant *v, const onr_conv_args *first, int pool, bool in_place) {
    onr_conv_args a = *first;
    onr_conv_shape one = *a.shape;
    int64_t y_image = blocks(one.c_out, one.out_block) * one.out_block * one.oh * one.ow;
    int64_t x_image = blocks(one.c_in, one.in_block) * one.in_block * one.h * one.w;
    size_t bytes = (size_t)(y_image * one.n) * sizeof(float);
    a.pool = check_pool(pool);
    a.y = check_guarded(bytes);
    if (in_place) {
        memcpy(a.y, a.residual, bytes);
        a.residual = a.y;
    }
    v->run(&a);
    onr_pool_quiet(a.pool);
    check_true(memcmp(a.y, first->y, bytes) == 0, in_place ? "differs in place of the residual" : "differs with more threads");
    int64_t n = one.n;
    one.n = 1;
    for (int64_t i = 0; n > 1 && i < n; i++) {
        a = *first;
        a.shape = &one;
        a.x = first->x + i * x_image;
        a.residual = first->residual ? first->residual + i * y_image : NULL;
        a.y = check_guarded((size_t)y_image * sizeof(float));
        v->run(&a);
        check_true(memcmp(a.y, first->y + i * y_image, (size_t)y_image * sizeof(float)) == 0, "depends on the batch position");
    }
}

// Bare, then with residual and Relu, then with residual in place and a clamp that would lift padding lanes above zero. A layer
// as large as those of the nets takes the second only.
static void check_variant(const onr_conv_variant *v, const problem *p, const char *name, int64_t in_block, int64_t out_block) {
    onr_conv_shape s = p->s;
    s.in_block = (int32_t)in_block;
    s.out_block = (int32_t)out_block;
    if (!v->supports(&s)) return;
    bool large = flops_of(&s) > LARGE;
    const int first = check_mark();
    const onr_conv_args all = make_args(v, p, &s);
    const int mark = check_mark();
    for (int mode = large ? 1 : 0; mode < (large ? 2 : 3); mode++) {
        check_case("%s, %s: n %d %dx%dx%d > %d, blocks %d %d, mode %d", v->name, name, (int)s.n, (int)s.c_in, (int)s.h,
                   (int)s.w, (int)s.c_out, (int)in_block, (int)out_block, mode);
        onr_conv_args a = all;
        if (mode == 0) a.residual = NULL;
        if (mode == 1) a.lo = 0;
        if (mode == 2) a.lo = 0.25f, a.hi = 2;
        v->run(&a);
        compare(v, p, &a, mode > 0);
        if (mode > 0) check_identity(v, &a, mode == 1 ? 1 : check_below(8) == 0 ? 2 : 0, mode == 2);
        check_release_to(mark);
    }
    check_release_to(first);
}

static bool wants(const onr_conv_variant *v) { return (v->needs & ~check_features()) == 0; }

static void check_file(const char *file) {
    conv_case *cases;
    int n = conv_shapes_read(file, &cases);
    for (int i = 0; i < n; i++) {
        problem p = {.s = cases[i].shape};
        double flops = flops_of(&p.s);
        make_problem(&p);
        const onr_conv_variant *v;
        for (size_t k = 0; (v = onr_conv_variant_at(k)); k++) {
            // The scalar kernel's loops do not depend on how large a layer is; three times per case it would take minutes.
            if (!wants(v) || (!check_wanted(v->name) && !check_wanted(cases[i].name)) || (v->needs == 0 && flops > LARGE))
                continue;
            static const int32_t in_blocks[] = {1, 8, 16};
            for (int b = 0; b < 3; b++) {
                for (int32_t out = 8; out <= 16; out += 8) check_variant(v, &p, cases[i].name, in_blocks[b], out);
            }
        }
        check_release();
    }
    free(cases);
}

// ---- bench ----

enum { MAX_COPIES = 64, COPIES_BYTES = 128 << 20 };

typedef struct timing {
    const onr_conv_variant *v;
    onr_conv_args a;
    const float *copies[MAX_COPIES];
    int n_copies, turn;
} timing;

static void bench_run(void *ctx) {
    timing *t = ctx;
    t->a.packed = t->copies[t->turn++ % t->n_copies];
    t->v->run(&t->a);
}

// Weights take turns among copies that no cache holds: in a network they come from memory, activations from the cache.
static double bench_variant(const onr_conv_variant *v, const problem *p, const onr_conv_shape *s, double *two) {
    const int mark = check_mark();
    timing t = {.v = v, .a = make_args(v, p, s)};
    size_t bytes = v->packed_bytes(s);
    size_t wanted = COPIES_BYTES / bytes + 1;
    char *copies = malloc((wanted < MAX_COPIES ? wanted : MAX_COPIES) * bytes + 64);
    if (!copies) exit(2);
    char *aligned = copies + (64 - (uintptr_t)copies % 64) % 64;
    for (t.n_copies = 0; t.n_copies < MAX_COPIES && t.n_copies < (int)wanted; t.n_copies++) {
        t.copies[t.n_copies] = (float *)(aligned + (size_t)t.n_copies * bytes);
        memcpy(aligned + (size_t)t.n_copies * bytes, t.a.packed, bytes);
    }
    t.a.lo = 0;
    double seconds = v->needs ? 0.05 : 0.01;
    double best = check_time(bench_run, &t, seconds, false);
    t.a.pool = check_pool(1);
    *two = check_time(bench_run, &t, seconds, true);
    onr_pool_quiet(t.a.pool);
    free(copies);
    check_release_to(mark);
    return best;
}

static void bench_shape(const conv_case *c, const onr_cpu *cpu, double peak) {
    problem p = {.s = c->shape};
    onr_conv_shape s = c->shape;
    s.out_block = onr_conv_block(cpu->features);
    s.in_block = s.c_in <= 4 ? 1 : s.out_block;
    p.x = check_floats((size_t)(s.n * s.c_in * s.h * s.w));
    p.w = check_floats((size_t)(s.c_out * (s.c_in / s.groups) * s.kh * s.kw));
    p.bias = check_floats((size_t)s.c_out);
    onr_conv_choice how = {.features = cpu->features, .allow_winograd = true};
    const onr_conv_variant *pick = onr_conv_choose(&s, cpu, &how), *v, *best = NULL;
    double best_time = INFINITY, pick_time = INFINITY;
    double flops = flops_of(&s);
    for (size_t k = 0; (v = onr_conv_variant_at(k)); k++) {
        if (!wants(v) || !v->supports(&s) || (v->needs == 0 && flops > LARGE / 2)) continue;
        double two, one = bench_variant(v, &p, &s, &two);
        printf("  %-36s %-28s %9.1f us %7.1f GFLOP/s %5.1f %%  model %8.1f us %s| 2 threads %9.1f us %.2f x\n", c->name,
               v->name, one * 1e6, flops / one * 1e-9, flops / one * 1e-7 / peak, v->cost(&s, cpu),
               v == pick ? "PICK " : "     ", two * 1e6, one / two);
        if (one < best_time) best_time = one, best = v;
        if (v == pick) pick_time = one;
        fflush(stdout);
    }
    if (best && pick_time > 1.05 * best_time)
        printf("  %-36s the model's pick is %.0f %% slower than %s\n", c->name, 100 * (pick_time / best_time - 1), best->name);
    check_release();
}

static void bench(const char *file) {
    conv_case *cases;
    int n = conv_shapes_read(file, &cases);
    onr_cpu cpu;
    onr_cpu_detect(&cpu);
    cpu.features = check_features();
    double peak = 1;
#ifdef ONR_HAVE_X86
    peak = cpu.features & ONR_CPU_AVX512 ? peak_avx512() : cpu.features & ONR_CPU_AVX2 ? peak_avx2() : 1;
#endif
    printf("%s: FMA peak %.1f GFLOP/s, one core\n", onr_cpu_level(cpu.features), peak);
    for (int i = 0; i < n; i++) {
        if (check_wanted(cases[i].name)) bench_shape(&cases[i], &cpu, peak);
    }
    free(cases);
}

int main(int argc, char **argv) {
    check_start(argc, argv);
    if (check_benching()) {
        bench("layers.txt");
    } else {
        check_file("hard.txt");
        check_file("layers.txt");
    }
    return check_finish();
}
