// gemm_check.c: every variant of the matrix product against a double-precision product, on sizes that hurt, between guard
// pages, for every layout, bias and pool; large ones by Freivalds' test. With --bench: GFLOP/s on the shapes of networks.
// May assume: nothing about the CPU: variants beyond it are left out. Never accepts more than the rounding bound of a sum of k
// products.
#include "check.h"
#include "kernel_check.h"

#include "kernels/gemm/gemm_variant.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPS 0x1p-24

typedef enum layout { ROWS, COLUMNS, STRIDED, PACKED } layout;

typedef struct product {
    int64_t m, n, k;
    layout a_layout, b_layout;
    int bias; // 0 none, 1 per column, 2 per row, 3 full, 4 full with column stride 2, 5 one number
    float alpha, lo, hi;
} product;

static void strides(layout l, int64_t rows, int64_t cols, int64_t *row, int64_t *col) {
    *row = l == ROWS ? cols : l == COLUMNS ? 1 : 3 * cols + 1;
    *col = l == ROWS ? 1 : l == COLUMNS ? rows : 3;
}

static size_t span(int64_t rows, int64_t cols, int64_t row, int64_t col) {
    return rows == 0 || cols == 0 ? 0 : (size_t)((rows - 1) * row + (cols - 1) * col + 1);
}

// Makes the operands of p between guard pages. C has gaps of 3 floats after each row.
static onr_gemm_args make(const onr_gemm_variant *v, const product *p) {
    onr_gemm_args g = {.m = p->m, .n = p->n, .k = p->k, .alpha = p->alpha, .lo = p->lo, .hi = p->hi, .c_row = p->n + 3};
    strides(p->a_layout, p->m, p->k, &g.a_row, &g.a_col);
    g.a = check_floats(span(p->m, p->k, g.a_row, g.a_col));
    strides(p->b_layout == PACKED ? COLUMNS : p->b_layout, p->k, p->n, &g.b_row, &g.b_col);
    g.b = check_floats(span(p->k, p->n, g.b_row, g.b_col));
    if (p->b_layout == PACKED) {
        float *packed = check_scratch(onr_gemm_packed_b_bytes(v, p->k, p->n));
        onr_gemm_pack_b(v, p->k, p->n, g.b, g.b_row, g.b_col, packed, check_pool(1));
        g.packed_b = packed;
    }
    g.bias_row = p->bias == 2 ? 1 : p->bias == 3 ? p->n : p->bias == 4 ? 2 * p->n : 0;
    g.bias_col = p->bias == 1 || p->bias == 3 ? 1 : p->bias == 4 ? 2 : 0;
    if (p->bias) g.bias = check_floats(span(p->m, p->n, g.bias_row, g.bias_col));
    g.c = check_guarded(span(p->m, p->n, g.c_row, 1) * sizeof(float));
    return g;
}

static void compare(const onr_gemm_args *g) {
    for (int64_t i = 0; i < g->m; i++) {
        for (int64_t j = 0; j < g->n; j++) {
            double sum = 0, size = 0;
            for (int64_t p = 0; p < g->k; p++) {
                const double x = (double)g->a[i * g->a_row + p * g->a_col] * g->b[p * g->b_row + j * g->b_col];
                sum += x;
                size += fabs(x);
            }
            const double bias = g->bias ? g->bias[i * g->bias_row + j * g->bias_col] : 0;
            double want = g->alpha * sum + bias;
            want = want < g->lo ? g->lo : want > g->hi ? g->hi : want;
            const double tolerance = EPS * ((double)g->k + 4) * (fabs((double)g->alpha) * size + fabs(bias));
            if (!check_near(g->c[i * g->c_row + j], want, tolerance, (size_t)(i * g->n + j))) return;
        }
        for (int64_t x = 0; i + 1 < g->m && x < g->c_row - g->n; x++)
            if (!check_true(check_untouched(g->c[i * g->c_row + g->n + x]), "wrote between the rows of C")) return;
    }
}

static void check_product(const onr_gemm_variant *v, const product *p) {
    check_case("%s m %lld n %lld k %lld a %d b %d bias %d alpha %g", v->name, (long long)p->m, (long long)p->n, (long long)p->k,
               (int)p->a_layout, (int)p->b_layout, p->bias, (double)p->alpha);
    onr_gemm_args g = make(v, p);
    g.scratch = check_scratch(onr_gemm_scratch_bytes(v, p->m, p->n, p->k, p->b_layout == PACKED));
    onr_gemm_run(v, &g);
    compare(&g);
    float *first = g.c;
    const size_t bytes = span(p->m, p->n, g.c_row, 1) * sizeof(float);
    for (int i = 1; i < 3; i++) {
        g.c = check_guarded(bytes);
        g.pool = check_pool(i);
        onr_gemm_run(v, &g);
        check_true(memcmp(first, g.c, bytes) == 0, "differs between pools");
    }
    check_release();
}

static void check_sizes(const onr_gemm_variant *v) {
    static const int64_t sizes[] = {1, 2, 3, 5, 7, 13, 15, 16, 17, 29, 31, 33, 64, 67};
    enum { N = sizeof sizes / sizeof *sizes };
    for (int a = 0; a < N; a++) {
        for (int b = 0; b < N; b++) {
            product p = {.m = sizes[a], .n = sizes[b], .k = sizes[check_below(N)], .lo = -INFINITY, .hi = INFINITY};
            p.alpha = check_below(2) ? 1.0f : -0.75f;
            p.bias = (int)check_below(6);
            if (check_below(2)) p.lo = 0;
            if (check_below(4) == 0) p.hi = 0.5f;
            for (p.b_layout = ROWS; p.b_layout <= PACKED; p.b_layout++) {
                p.a_layout = (layout)check_below(3);
                p.k = sizes[check_below(N)];
                check_product(v, &p);
            }
        }
    }
    // Every height of a stripe, every width of a panel, several depths, blocks of rows and columns.
    for (int64_t m = 1; m <= 2 * v->mr + 1; m++) {
        for (layout l = ROWS; l <= PACKED; l++)
            check_product(v, &(product){m, v->nr + m, 40 + m, l == PACKED ? ROWS : l, l, 1, 1.0f, -INFINITY, INFINITY});
    }
    for (int i = 0; i < 4; i++) {
        check_product(v, &(product){37, 61, 1031, ROWS, (layout)i, i, 0.5f, -INFINITY, INFINITY});
        check_product(v, &(product){1, 777, 1031, ROWS, (layout)i, 1, 1.0f, 0, INFINITY});
        check_product(v, &(product){2, 519, 131, COLUMNS, (layout)i, 3, 1.0f, 0, INFINITY});
        check_product(v, &(product){1009, 33, 17, ROWS, (layout)i, 2, 1.0f, -INFINITY, INFINITY});
        check_product(v, &(product){9, 4111, 19, ROWS, (layout)i, 1, 1.0f, -INFINITY, INFINITY});
        check_product(v, &(product){5, 7, 0, ROWS, (layout)(i % 3), 1 + i, 1.0f, 0, INFINITY});
    }
}

static void check_nan(const onr_gemm_variant *v) {
    for (int64_t m = 1; m < 4; m += 2) {
        product p = {m, 21, 9, ROWS, ROWS, 1, 1.0f, 0, 6};
        check_case("%s NaN passes the clamp, m %lld", v->name, (long long)m);
        onr_gemm_args g = make(v, &p);
        g.scratch = check_scratch(onr_gemm_scratch_bytes(v, p.m, p.n, p.k, false));
        ((float *)g.b)[5] = NAN;
        onr_gemm_run(v, &g);
        check_true(isnan(g.c[5]), "a NaN in B did not reach C");
        check_true(!isnan(g.c[4]) && !isnan(g.c[6]), "a NaN in B reached other columns");
        check_release();
    }
}

static void check_batches(const onr_gemm_variant *v) {
    enum { BATCH = 7 };
    for (int layout_b = ROWS; layout_b <= PACKED; layout_b++) {
        const product p = {19, 35, 23, ROWS, (layout)layout_b, 1, 0.5f, -INFINITY, INFINITY};
        onr_gemm_args g = make(v, &p);
        g.pool = check_pool(2);
        g.scratch = check_scratch(onr_gemm_batch_scratch_bytes(v, p.m, p.n, p.k, layout_b == PACKED, 3));
        float *as = check_floats((size_t)(BATCH * p.m * p.k)),
              *cs = check_guarded((size_t)(BATCH * p.m * g.c_row) * sizeof(float));
        int64_t a_at[BATCH], c_at[BATCH];
        for (int i = 0; i < BATCH; i++) {
            a_at[i] = (BATCH - 1 - i) * p.m * p.k;
            c_at[i] = i * p.m * g.c_row;
        }
        g.a = as;
        g.c = cs;
        onr_gemm_run_batch(v, &g, &(onr_gemm_batch){BATCH, a_at, NULL, c_at});
        for (int i = 0; i < BATCH; i++) {
            check_case("%s batch, product %d, b %d", v->name, i, layout_b);
            g.a = as + a_at[i];
            g.c = cs + c_at[i];
            compare(&g);
        }
        check_release();
    }
}

// Freivalds: C x = A (B x) for random x of -1 and 1, within the rounding bound of both sides.
static void check_large(const onr_gemm_variant *v, int64_t m, int64_t n, int64_t k) {
    check_case("%s large m %lld n %lld k %lld", v->name, (long long)m, (long long)n, (long long)k);
    const product p = {m, n, k, ROWS, ROWS, 0, 1.0f, -INFINITY, INFINITY};
    onr_gemm_args g = make(v, &p);
    g.pool = check_pool(1);
    g.scratch = check_scratch(onr_gemm_scratch_bytes(v, m, n, k, false));
    onr_gemm_run(v, &g);
    double *x = check_scratch((size_t)n * sizeof *x), *bx = check_scratch((size_t)k * sizeof *bx);
    for (int64_t j = 0; j < n; j++) x[j] = check_below(2) ? 1 : -1;
    for (int64_t q = 0; q < k; q++) {
        bx[q] = 0;
        for (int64_t j = 0; j < n; j++) bx[q] += g.b[q * g.b_row + j] * x[j];
    }
    for (int64_t i = 0; i < m; i++) {
        double cx = 0, abx = 0;
        for (int64_t j = 0; j < n; j++) cx += g.c[i * g.c_row + j] * x[j];
        for (int64_t q = 0; q < k; q++) abx += g.a[i * g.a_row + q] * bx[q];
        // |a|, |b| < 1: each of the n sums is off by less than sqrt(k) * EPS * k in the mean square, with signs at random
        check_near(cx, abx, 8 * EPS * sqrt((double)n) * (double)k, (size_t)i);
    }
    check_release();
}

// --- bench -------------------------------------------------------------------------------------------------------------------

typedef struct bench {
    const onr_gemm_variant *v;
    onr_gemm_args g;
    onr_gemm_tile t;
} bench;

static void bench_tile(void *ctx) {
    const bench *b = ctx;
    for (int i = 0; i < 100; i++) b->v->tile(&b->t);
}
static void bench_run(void *ctx) {
    const bench *b = ctx;
    onr_gemm_run(b->v, &b->g);
}

static void bench_variant(const onr_gemm_variant *v) {
    static const struct {
        const char *what;
        int64_t m, n, k;
        layout b_layout;
    } shapes[] = {{"square", 128, 128, 128, ROWS},
                  {"square", 256, 256, 256, ROWS},
                  {"square", 512, 512, 512, ROWS},
                  {"square", 1024, 1024, 1024, ROWS},
                  {"square, packed", 1024, 1024, 1024, PACKED},
                  {"square, B columns", 1024, 1024, 1024, COLUMNS},
                  {"ViT projection", 197, 768, 768, PACKED},
                  {"ViT expand", 197, 3072, 768, PACKED},
                  {"ViT contract", 197, 768, 3072, PACKED},
                  {"attention scores", 197, 197, 64, COLUMNS},
                  {"attention values", 197, 64, 197, ROWS},
                  {"Swin window", 49, 49, 32, COLUMNS},
                  {"few rows", 8, 1024, 1024, PACKED},
                  {"odd", 127, 61, 253, ROWS},
                  {"one row, packed", 1, 1000, 2048, PACKED},
                  {"one row, B rows", 1, 1000, 2048, ROWS},
                  {"one row, B columns", 1, 1000, 2048, COLUMNS},
                  {"one row, large", 1, 4096, 9216, PACKED},
                  {"one row, large, B rows", 1, 4096, 9216, ROWS},
                  {"one row, large, B columns", 1, 4096, 9216, COLUMNS},
                  {"two rows, large, B columns", 2, 4096, 9216, COLUMNS},
                  {"four rows, large", 4, 4096, 9216, PACKED}};
    bench b = {.v = v};
    float *a = check_floats((size_t)v->mr * 256), *p = check_scratch((size_t)v->nr * 256 * sizeof *p),
          *c = check_floats((size_t)v->mr * v->nr);
    memset(p, 0, (size_t)v->nr * 256 * sizeof *p);
    b.t = (onr_gemm_tile){
        .k = 256, .a = a, .b = p, .b_step = v->nr, .c = c, .c_row = v->nr, .m = v->mr, .n = v->nr, .alpha = 1};
    const double peak = check_peak_gflops(v->needs),
                 tile = 2e-9 * 256 * v->mr * v->nr * 100 / check_time(bench_tile, &b, 0.2, false);
    printf("%s: tile in L1 %.1f GFLOP/s %5.1f %%\n", v->name, tile, 100 * tile / peak);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        product s = {shapes[i].m, shapes[i].n, shapes[i].k, ROWS, shapes[i].b_layout, 1, 1.0f, -INFINITY, INFINITY};
        const double flop = 2e-9 * (double)s.m * (double)s.n * (double)s.k;
        if (v->needs == 0 && flop > 0.2) continue;
        b.g = make(v, &s);
        b.g.scratch = check_scratch(onr_gemm_scratch_bytes(v, s.m, s.n, s.k, s.b_layout == PACKED));
        const double one = check_time(bench_run, &b, 0.3, false);
        b.g.pool = check_pool(1);
        const double two = check_time(bench_run, &b, 0.3, true);
        printf("  %-28s %5lld x %5lld x %5lld  %9.1f us %7.1f GFLOP/s %5.1f %%  %6.1f GB/s of B | 2 threads %9.1f "
               "us  %.2f x\n",
               shapes[i].what, (long long)s.m, (long long)s.n, (long long)s.k, 1e6 * one, flop / one, 100 * flop / one / peak,
               4e-9 * (double)s.n * (double)s.k / one, 1e6 * two, one / two);
        check_release();
    }
}

void check_gemm(void) {
    const onr_gemm_variant *v;
    for (size_t i = 0; (v = onr_gemm_variant_at(i)); i++) {
        if ((v->needs & ~check_features()) || !check_wanted(v->name)) continue;
        check_sizes(v);
        check_nan(v);
        check_batches(v);
        if (v->needs) check_large(v, 1024, 1024, 1024);
        check_large(v, 211, 307, 401);
        printf("%s: largest error %.2f of its bound\n", v->name, check_worst());
    }
}

void bench_gemm(void) {
    const onr_gemm_variant *v;
    for (size_t i = 0; (v = onr_gemm_variant_at(i)); i++) {
        if ((v->needs & ~check_features()) == 0 && check_wanted(v->name)) bench_variant(v);
    }
}
