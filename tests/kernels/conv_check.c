// conv_check.c: every convolution variant against a double-precision reference on shapes/hard.txt and shapes/layers.txt:
// between guard pages, with bias, residual (also in place), clamp, padding lanes, 1 to 3 threads and batch positions bit for
// bit. May assume: the folder shapes/. Never lets a variant pass that was not run.
#include "check.h"
#include "conv_problem.h"
#include "conv_shapes.h"
#include "kernel_check.h"
#include "kernels/pool/pooling.h"
#include "ref_conv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EPS 0x1p-24
#define LARGE 2e7 // floating-point operations from which the reference and the scalar kernel leave things out

// The factors of the output channels, in the reference.
static void scale_reference(conv_problem *p) {
    const onr_conv_shape *s = &p->s;
    const int64_t map = s->oh * s->ow;
    for (int64_t i = 0; i < s->n * s->c_out * map; i++) {
        const double factor = (double)p->scale[i / map % s->c_out];
        p->want[i] *= factor;
        p->squares[i] *= factor * factor;
    }
}

static void make_problem(conv_problem *p) {
    const onr_conv_shape *s = &p->s;
    size_t out = (size_t)(s->n * s->c_out * s->oh * s->ow);
    conv_problem_fill(p, true);
    p->want = check_scratch(out * sizeof(double));
    p->squares = check_scratch(out * sizeof(double));
    ref_conv(s, p->x, p->w, conv_flops(s) > LARGE ? 29 : 1, p->want, p->squares);
    if (p->scale) scale_reference(p);
}

// Six standard deviations, and more, of the rounding of a sum of k products in any order: each partial sum is about as large as
// the root of the sum of squares so far. Winograd sums differently: its error follows the largest output (F(4x4): measured
// below 1.2e-5 of it, about 200 EPS).
static double tolerance(const onr_conv_variant *v, const conv_problem *p, size_t i, double bias, double residual,
                        double largest) {
    const onr_conv_shape *s = &p->s;
    double k = (double)(s->c_in / s->groups * s->kh * s->kw), norm = sqrt(p->squares[i]);
    double direct = 6 * EPS * (sqrt(k) * (norm + fabs(bias)) + norm + 2 * fabs(bias) + 2 * fabs(residual));
    return v->exact ? direct : direct + 256 * EPS * largest;
}

static void compare(const onr_conv_variant *v, const conv_problem *p, const onr_conv_args *a, bool with_residual) {
    const onr_conv_shape *s = a->shape;
    int64_t b = s->out_block, map = s->oh * s->ow, n_out = s->n * s->c_out * map;
    double largest = 0;
    for (int64_t i = 0; i < n_out; i++) largest = fmax(largest, fabs(p->want[i])); // ignores NaN
    for (int64_t i = 0; i < s->n * conv_blocks(s->c_out, b) * map * b; i++) {
        int64_t lane = i % b, pos = i / b % map, c = i / b / map % conv_blocks(s->c_out, b) * b + lane,
                n = i / b / map / conv_blocks(s->c_out, b);
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

// The run above must come out the same on another pool, in place of its residual, and for each image alone.
static void check_identity(const onr_conv_variant *v, const onr_conv_args *first, int pool, bool in_place) {
    onr_conv_args a = *first;
    onr_conv_shape one = *a.shape;
    int64_t y_image = conv_blocks(one.c_out, one.out_block) * one.out_block * one.oh * one.ow;
    int64_t x_image = conv_blocks(one.c_in, one.in_block) * one.in_block * one.h * one.w;
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

// A variant that pools gives the bits of its bare result, pooled by a kernel that does nothing else: windows that overlap,
// leave gaps and hang over the edge, on any number of threads.
static void check_pooled(const onr_conv_variant *v, const conv_problem *p, const onr_conv_shape *s) {
    static const onr_conv_pool windows[] = {{3, 3, 2, 2, 1, 1, 0, 0},
                                            {2, 2, 2, 2, 0, 0, 0, 0},
                                            {3, 2, 1, 1, 1, 0, 0, 0},
                                            {2, 3, 3, 2, 0, 2, 0, 0},
                                            {1, 1, 4, 1, 0, 0, 0, 0}};
    onr_conv_args bare = conv_args(v, p, s);
    bare.residual = NULL;
    bare.lo = 0;
    v->run(&bare);
    const int mark = check_mark();
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        onr_conv_shape pooled = *s;
        pooled.pool = windows[i];
        onr_conv_pool *w = &pooled.pool;
        w->oh = (s->oh + 2 * w->pad_top - w->kh) / w->stride_h + 1;
        w->ow = (s->ow + 2 * w->pad_left - w->kw) / w->stride_w + 1;
        if (s->oh + 2 * w->pad_top < w->kh || s->ow + 2 * w->pad_left < w->kw) continue;
        const onr_pooling_shape q = {s->n,       s->c_out,    s->oh,       s->ow,       w->oh,       w->ow,
                                     w->kh,      w->kw,       w->stride_h, w->stride_w, 1,           1,
                                     w->pad_top, w->pad_left, w->pad_top,  w->pad_left, s->out_block};
        const size_t bytes = (size_t)(s->n * conv_blocks(s->c_out, s->out_block) * s->out_block * w->oh * w->ow) *
                             sizeof(float);
        float *want = check_guarded(bytes);
        onr_pooling_max_run(0, &q, bare.y, want, NULL);
        onr_conv_args a = conv_args(v, p, &pooled);
        a.residual = NULL;
        a.lo = 0;
        for (int pool = 0; pool < 3; pool++) {
            a.y = check_guarded(bytes);
            a.pool = check_pool(pool);
            v->run(&a);
            onr_pool_quiet(a.pool);
            check_true(memcmp(a.y, want, bytes) == 0, "differs from the result pooled afterwards");
        }
        check_release_to(mark);
    }
}

// Bare, then with residual and Relu, then with residual in place and a clamp that would lift padding lanes above zero. A layer
// as large as those of the nets takes the second only.
static void check_variant(const onr_conv_variant *v, const conv_problem *p, const char *name, int64_t in_block,
                          int64_t out_block) {
    onr_conv_shape s = p->s;
    s.in_block = (int32_t)in_block;
    s.out_block = (int32_t)out_block;
    if (!v->supports(&s)) return;
    bool large = conv_flops(&s) > LARGE;
    const int first = check_mark();
    const onr_conv_args all = conv_args(v, p, &s);
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
    if (v->pools) check_pooled(v, p, &s);
    check_release_to(first);
}

static void check_file(const char *file) {
    conv_case *cases;
    int n = conv_shapes_read(file, &cases);
    for (int i = 0; i < n; i++) {
        conv_problem p = {.s = cases[i].shape};
        double flops = conv_flops(&p.s);
        make_problem(&p);
        const onr_conv_variant *v;
        for (size_t k = 0; (v = onr_conv_variant_at(k)); k++) {
            // The scalar kernel's loops do not depend on how large a layer is; three times per case it would take minutes.
            if (!conv_wanted(v) || (!check_wanted(v->name) && !check_wanted(cases[i].name)) || (v->needs == 0 && flops > LARGE))
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

void check_conv(void) {
    check_file("hard.txt");
    check_file("layers.txt");
}
