// ref_reductions.c: reductions, softmax and normalizations against plain loops in double precision.
// May assume: check_start was called. Bounds follow from the rounding of sums of the tested length.
// Never depends on the order in which a kernel sums.
#include "check.h"
#include "vector_check.h"

#include "kernels/norm/norm.h"
#include "kernels/reduce/reduce.h"
#include "kernels/softmax/softmax.h"

#include <math.h>
#include <string.h>

// --- reduce ------------------------------------------------------------------------------------------------------------------

enum { MOST = 6 };

typedef struct state {
    double sum, abs, square, prod, max, min;
    bool nan;
} state;

static void take(state *s, double x) {
    s->sum += x;
    s->abs += fabs(x);
    s->square += x * x;
    s->prod *= x;
    s->max = fmax(s->max, x);
    s->min = fmin(s->min, x);
    s->nan |= isnan(x);
}

static double answer(onr_reduce_op op, const state *s, double n) {
    switch (op) {
    case ONR_REDUCE_SUM: return s->sum;
    case ONR_REDUCE_MEAN: return s->sum / n;
    case ONR_REDUCE_MAX: return s->nan ? NAN : s->max;
    case ONR_REDUCE_MIN: return s->nan ? NAN : s->min;
    case ONR_REDUCE_PROD: return s->prod;
    case ONR_REDUCE_L1: return s->abs;
    case ONR_REDUCE_L2: return sqrt(s->square);
    case ONR_REDUCE_SUM_SQUARE: return s->square;
    default: return log(s->sum);
    }
}

// How far a sum of n floats in any sensible order may be off, with rounding errors of random signs and a margin of 3.
static double bound(onr_reduce_op op, const state *s, double n) {
    const double steps = EPS * (8 + 3 * sqrt(n));
    switch (op) {
    case ONR_REDUCE_SUM: return steps * s->abs;
    case ONR_REDUCE_MEAN: return steps * s->abs / n;
    case ONR_REDUCE_PROD: return EPS * (4 + 4 * n) * fabs(s->prod) + 1e-37;
    case ONR_REDUCE_L1: return steps * s->abs;
    case ONR_REDUCE_L2: return steps * sqrt(s->square);
    case ONR_REDUCE_SUM_SQUARE: return steps * s->square;
    case ONR_REDUCE_LOG_SUM: return 2 * steps * (s->abs / fabs(s->sum)) + 4 * EPS * fabs(log(fabs(s->sum)));
    default: return 0;
    }
}

static void compare_reduce(onr_reduce_op op, int rank, const int64_t *shape, const bool *reduced, const float *x,
                           const float *y) {
    int64_t count = 1, n_reduced = 1;
    for (int d = 0; d < rank; d++) *(reduced[d] ? &n_reduced : &count) *= shape[d];
    for (int64_t o = 0; o < count; o++) {
        state s = {0, 0, 0, 1, -INFINITY, INFINITY, false};
        for (int64_t r = 0; r < n_reduced; r++) {
            int64_t at = 0, step = 1, o_rest = o, r_rest = r;
            for (int d = rank - 1; d >= 0; step *= shape[d--]) {
                int64_t *rest = reduced[d] ? &r_rest : &o_rest;
                at += *rest % shape[d] * step;
                *rest /= shape[d];
            }
            take(&s, x[at]);
        }
        double tolerance = bound(op, &s, (double)n_reduced);
        if (!isfinite(tolerance)) tolerance = 0;
        if (!check_near(y[o], answer(op, &s, (double)n_reduced), tolerance, (size_t)o)) return;
    }
}

static void check_axes(uint32_t features, const char *level) {
    for (int round = 0; round < 1200; round++) {
        const onr_reduce_op op = (onr_reduce_op)(round % ONR_REDUCE_COUNT);
        const int rank = (int)check_below(MOST);
        int64_t shape[MOST], n = 1, count = 1;
        bool reduced[MOST];
        for (int d = 0; d < rank; d++) {
            n *= shape[d] = check_below(40) == 0 ? 0 : odd_size(d + 2 >= rank ? 131 : 5);
            reduced[d] = check_below(2);
            if (!reduced[d]) count *= shape[d];
        }
        check_case("%s reduce op %d rank %d n %lld to %lld round %d", level, (int)op, rank, (long long)n, (long long)count,
                   round);
        float *x = check_floats((size_t)n), *y = check_guarded((size_t)count * sizeof *y);
        if (op == ONR_REDUCE_LOG_SUM || op == ONR_REDUCE_PROD)
            for (int64_t i = 0; i < n; i++) x[i] = check_uniform(0.5f, 1.5f);
        if (n > 0 && check_below(4) == 0 && op != ONR_REDUCE_PROD) x[check_below(n)] = NAN;
        onr_reduce_axes(features, op, rank, shape, reduced, x, y, NULL);
        compare_reduce(op, rank, shape, reduced, x, y);
        check_release();
    }
}

void check_reduce(uint32_t features, const char *level) {
    check_axes(features, level);
    static const int64_t large[][3] = {{1, 1000003, 1}, {3, 200001, 1}, {700, 511, 1},
                                       {1, 3001, 197},  {5, 7, 20011},  {64, 49, 768}};
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        const int64_t outer = large[i][0], n = large[i][1], inner = large[i][2];
        for (int op = 0; op < ONR_REDUCE_COUNT; op++) {
            if (op == ONR_REDUCE_PROD || op == ONR_REDUCE_LOG_SUM) continue; // such long products overflow
            check_case("%s reduce op %d of %lld x %lld x %lld", level, op, (long long)outer, (long long)n, (long long)inner);
            float *x = check_floats((size_t)(outer * n * inner)), *y = check_guarded((size_t)(outer * inner) * sizeof *y);
            float *z = check_guarded((size_t)(outer * inner) * sizeof *y);
            onr_reduce_run(features, (onr_reduce_op)op, x, outer, n, inner, y, NULL);
            onr_reduce_run(features, (onr_reduce_op)op, x, outer, n, inner, z, check_pool(2));
            check_true(memcmp(y, z, (size_t)(outer * inner) * sizeof *y) == 0, "differs between pools");
            const bool reduced[] = {false, true, false};
            compare_reduce((onr_reduce_op)op, 3, large[i], reduced, x, y);
            check_release();
        }
    }
}

// --- softmax -----------------------------------------------------------------------------------------------------------------

static void compare_softmax(bool log_form, const float *x, const float *y, int64_t outer, int64_t n, int64_t inner) {
    for (int64_t o = 0; o < outer * inner; o++) {
        const int64_t at = o / inner * n * inner + o % inner;
        double max = -INFINITY, sum = 0;
        for (int64_t i = 0; i < n; i++) max = fmax(max, x[at + i * inner]);
        for (int64_t i = 0; i < n; i++) sum += exp(x[at + i * inner] - max);
        for (int64_t i = 0; i < n; i++) {
            const double d = x[at + i * inner] - max, e = exp(d) / sum;
            const double want = log_form ? d - log(sum) : e;
            const double off = EPS * (16 + sqrt((double)n)) * (log_form ? 1 + fabs(d) : e * (1 + fabs(d))) + 1e-37;
            if (!check_near(y[at + i * inner], want, isfinite(off) ? off : 0, (size_t)(at + i * inner))) return;
        }
    }
}

void check_softmax(uint32_t features, const char *level) {
    for (int round = 0; round < 400; round++) {
        const int64_t outer = odd_size(9), n = odd_size(131), inner = check_below(2) ? 1 : odd_size(67);
        const bool log_form = round % 2;
        const int64_t size = outer * n * inner;
        check_case("%s softmax %s %lld x %lld x %lld", level, log_form ? "log" : "", (long long)outer, (long long)n,
                   (long long)inner);
        float *x = check_guarded((size_t)size * sizeof *x), *y = check_guarded((size_t)size * sizeof *y);
        for (int64_t i = 0; i < size; i++) x[i] = check_uniform(-20, 20);
        if (check_below(3) == 0) x[check_below(size)] = check_below(2) ? NAN : -INFINITY;
        if (check_below(3) == 0) x[check_below(size)] = 3e38f;
        onr_softmax_run(features, log_form, x, y, outer, n, inner, NULL);
        compare_softmax(log_form, x, y, outer, n, inner);
        onr_softmax_run(features, log_form, x, x, outer, n, inner, check_pool(1));
        check_true(memcmp(x, y, (size_t)size * sizeof *x) == 0, "differs in place");
        check_release();
    }
    check_case("%s softmax, threads", level);
    const int64_t rows = 12 * 197, n = 197;
    float *x = check_floats((size_t)(rows * n)), *y = check_guarded((size_t)(rows * n) * sizeof *y);
    onr_softmax_run(features, false, x, y, rows, n, 1, check_pool(2));
    compare_softmax(false, x, y, rows, n, 1);
    check_release();
}

// --- norm --------------------------------------------------------------------------------------------------------------------

typedef struct moments {
    double mean, inv_std, abs_mean;
} moments;

static moments moments_of(const float *x, int64_t n, double epsilon, bool rms) {
    moments m = {0, 0, 0};
    for (int64_t i = 0; i < n; i++) {
        m.mean += x[i] / (double)n;
        m.abs_mean += fabs((double)x[i]) / (double)n;
    }
    if (rms) m.mean = 0;
    for (int64_t i = 0; i < n; i++) m.inv_std += (x[i] - m.mean) * (x[i] - m.mean) / (double)n;
    m.inv_std = 1 / sqrt(m.inv_std + epsilon);
    return m;
}

static bool near_normal(const moments *m, double x, double scale, double bias, double got, int64_t n, size_t at) {
    const double want = (x - m->mean) * m->inv_std * scale + bias;
    const double size = fabs(scale) * m->inv_std * (fabs(x) + m->abs_mean) + fabs(bias);
    return check_near(got, want, EPS * (16 + sqrt((double)n)) * size, at);
}

static void check_rows(uint32_t features, const char *level) {
    for (int round = 0; round < 300; round++) {
        onr_norm_rows s = {
            .rows = odd_size(33), .n = round % 10 ? odd_size(131) : 9001, .epsilon = 1e-5f, .rms = check_below(2)};
        const float offset = check_below(3) ? 0.0f : 1000.0f;
        check_case("%s norm rows %lld x %lld rms %d offset %g", level, (long long)s.rows, (long long)s.n, s.rms,
                   (double)offset);
        float *x = check_floats((size_t)(s.rows * s.n)), *y = check_guarded((size_t)(s.rows * s.n) * sizeof *y);
        for (int64_t i = 0; i < s.rows * s.n; i++) x[i] += offset;
        if (check_below(2)) s.scale = check_floats((size_t)s.n);
        if (check_below(2)) s.bias = check_floats((size_t)s.n);
        if (check_below(2)) s.mean = check_guarded((size_t)s.rows * sizeof(float));
        if (check_below(2)) s.inv_std = check_guarded((size_t)s.rows * sizeof(float));
        onr_norm_rows_run(features, &s, x, y, check_pool((int)check_below(3)));
        bool ok = true;
        for (int64_t r = 0; ok && r < s.rows; r++) {
            const moments m = moments_of(x + r * s.n, s.n, s.epsilon, s.rms);
            for (int64_t i = 0; ok && i < s.n; i++)
                ok = near_normal(&m, x[r * s.n + i], s.scale ? s.scale[i] : 1, s.bias ? s.bias[i] : 0, y[r * s.n + i], s.n,
                                 (size_t)(r * s.n + i));
            if (s.mean && !s.rms) ok = ok && check_near(s.mean[r], m.mean, 64 * EPS * m.abs_mean, (size_t)r);
            if (s.inv_std)
                ok = ok && check_near(s.inv_std[r], m.inv_std,
                                      EPS * (16 + sqrt((double)s.n)) * m.inv_std * (1 + m.inv_std * m.abs_mean), (size_t)r);
        }
        onr_norm_rows_run(features, &s, x, x, NULL);
        check_true(memcmp(x, y, (size_t)(s.rows * s.n) * sizeof *x) == 0, "differs in place or between pools");
        check_release();
    }
}

static void check_groups(uint32_t features, const char *level) {
    for (int round = 0; round < 200; round++) {
        const int64_t n = 1 + check_below(3), groups = odd_size(9), per = odd_size(9), c = groups * per, hw = odd_size(131);
        check_case("%s norm groups n %lld c %lld groups %lld hw %lld", level, (long long)n, (long long)c, (long long)groups,
                   (long long)hw);
        float *x = check_floats((size_t)(n * c * hw)), *y = check_guarded((size_t)(n * c * hw) * sizeof *y);
        const float *scale = check_below(2) ? check_floats((size_t)c) : NULL,
                    *bias = check_below(2) ? check_floats((size_t)c) : NULL;
        onr_norm_groups_run(features, n, c, hw, groups, scale, bias, 1e-5f, x, y, check_pool((int)check_below(3)));
        bool ok = true;
        for (int64_t i = 0; ok && i < n * c * hw; i++) {
            const int64_t size = per * hw, ch = i / hw % c;
            const moments m = moments_of(x + i / size * size, size, 1e-5f, false);
            ok = near_normal(&m, x[i], scale ? scale[ch] : 1, bias ? bias[ch] : 0, y[i], size, (size_t)i);
        }
        check_release();
    }
}

static void check_channels(uint32_t features, const char *level) {
    static const int64_t blocks[] = {1, 8, 16};
    for (int round = 0; round < 200; round++) {
        const int64_t n = 1 + check_below(3), c = odd_size(47), hw = odd_size(131), block = blocks[check_below(3)];
        const int64_t n_blocks = (c + block - 1) / block, size = n * n_blocks * block * hw;
        check_case("%s norm channels n %lld c %lld hw %lld block %lld", level, (long long)n, (long long)c, (long long)hw,
                   (long long)block);
        float *x = check_floats((size_t)size), *y = check_guarded((size_t)size * sizeof *y);
        const float *scale = check_floats((size_t)c), *shift = check_floats((size_t)c);
        onr_norm_channels_run(features, n, c, hw, block, scale, shift, x, y, check_pool((int)check_below(3)));
        bool ok = true;
        for (int64_t i = 0; ok && i < size; i++) {
            const int64_t ch = i / (hw * block) % n_blocks * block + i % block;
            const double want = ch < c ? (double)x[i] * scale[ch] + shift[ch] : 0;
            ok = check_near(y[i], want, ch < c ? 2 * EPS * (fabs((double)x[i] * scale[ch]) + fabs((double)shift[ch])) : 0,
                            (size_t)i);
        }
        check_release();
    }
}

void check_norm(uint32_t features, const char *level) {
    check_rows(features, level);
    check_groups(features, level);
    check_channels(features, level);
}

// --- bench -------------------------------------------------------------------------------------------------------------------

typedef struct bench {
    uint32_t features;
    const float *x, *scale;
    float *y;
    int64_t outer, n, inner;
    void *pool;
} bench;

static void run_sum(void *ctx) {
    const bench *b = ctx;
    onr_reduce_run(b->features, ONR_REDUCE_SUM, b->x, b->outer, b->n, b->inner, b->y, b->pool);
}
static void run_softmax(void *ctx) {
    const bench *b = ctx;
    onr_softmax_run(b->features, false, b->x, b->y, b->outer, b->n, b->inner, b->pool);
}
static void run_layer_norm(void *ctx) {
    const bench *b = ctx;
    const onr_norm_rows s = {.rows = b->outer, .n = b->n, .scale = b->scale, .bias = b->scale, .epsilon = 1e-5f};
    onr_norm_rows_run(b->features, &s, b->x, b->y, b->pool);
}

void bench_reductions(uint32_t features, const char *level) {
    bench b = {.features = features};
    b.x = check_floats(64 * 64 * 3136);
    b.scale = check_floats(4096);
    b.y = check_scratch(64 * 64 * 3136 * sizeof(float));
    static const struct {
        const char *what;
        void (*run)(void *ctx);
        int64_t outer, n, inner;
        double passes;
    } cases[] = {{"reduce sum, rows 4096x3136", run_sum, 4096, 3136, 1, 1},
                 {"reduce sum, one row of 12845056", run_sum, 1, 12845056, 1, 1},
                 {"reduce sum, columns 64x3136 of 64", run_sum, 1, 64, 200704, 1},
                 {"reduce sum, columns 197x768", run_sum, 1, 197, 768, 1},
                 {"softmax rows 2364x197", run_softmax, 2364, 197, 1, 2},
                 {"softmax columns 12x197x197", run_softmax, 12, 197, 197, 2},
                 {"norm layer 197x768", run_layer_norm, 197, 768, 1, 2},
                 {"norm layer 3136x96", run_layer_norm, 3136, 96, 1, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        b.outer = cases[i].outer;
        b.n = cases[i].n;
        b.inner = cases[i].inner;
        bench_line(level, cases[i].what, cases[i].run, &b, &b.pool, 4 * cases[i].passes * (double)(b.outer * b.n * b.inner));
    }
    check_release();
}
