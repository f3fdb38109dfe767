// gemm.c: the loops of the matrix product: blocks for the caches, packing, and the cut into tasks for threads.
// May assume: sizes checked by the caller, scratch of the size that this file names. All tiles run in the variant.
// Never cuts by the number of threads: sums are in the same order for every pool.
#include "kernels/gemm/gemm_variant.h"

#include "base/mathx.h"

#include <assert.h>
#include <math.h>

enum {
    BLOCK_ROWS = 448,        // of A packed at a time, so that a block stays in L2: 448 x 512 floats are 896 KB
    BLOCK_COLUMNS = 2048,    // of B packed at a time, so that a block stays in L3: 4 MB
    STRIPE_BYTES = 32 << 10, // of A per tile: fewer rows may go deeper
    GROUP_BYTES = 256 << 10, // of A per task: with a panel of B, well within L2
    TASK_WORK = 1 << 19,     // multiplications per task, about 5 microseconds: below that a thread costs more than it gives
    MEMORY_ROWS = 8,         // with fewer rows a task takes as long as with this many: it waits for B from memory
    MAX_TASKS = 32
};

#define ONR_GEMM_VARIANT(name) extern const onr_gemm_variant name;
#include "kernels/gemm/variants.inc"
#undef ONR_GEMM_VARIANT

const onr_gemm_variant *onr_gemm_variant_at(size_t i) {
#define ONR_GEMM_VARIANT(name) &name,
    static const onr_gemm_variant *const variants[] = {
#include "kernels/gemm/variants.inc"
        NULL};
#undef ONR_GEMM_VARIANT
    return i < sizeof variants / sizeof *variants ? variants[i] : NULL;
}

const onr_gemm_variant *onr_gemm_choose(uint32_t features) {
    size_t i = 0;
    while ((onr_gemm_variant_at(i)->needs & ~features) != 0) i++; // the last one needs nothing
    return onr_gemm_variant_at(i);
}

const char *onr_gemm_name(const onr_gemm_variant *v) { return v->name; }

// Part i of `total` cut into n parts whose sizes differ by at most one.
static int64_t part_begin(int64_t total, int64_t n, int64_t i) { return total / n * i + onr_min_i64(i, total % n); }

// --- sizes -------------------------------------------------------------------------------------------------------------------

typedef struct blocks {
    int64_t n_row_blocks, n_col_blocks, n_depths; // parts of m, of the panels of n, and of k
    int64_t n_panels;                             // of nr columns, over all of n
    int64_t max_rows, max_panels, max_depth;      // of one block
} blocks;

static blocks blocks_of(const onr_gemm_variant *v, int64_t m, int64_t n, int64_t k) {
    blocks s;
    s.n_row_blocks = onr_ceil_div(m, BLOCK_ROWS);
    s.n_panels = onr_ceil_div(n, v->nr);
    s.n_col_blocks = onr_ceil_div(s.n_panels, BLOCK_COLUMNS / v->nr);
    s.n_depths = onr_ceil_div(k, onr_max_i64(v->kc, STRIPE_BYTES / (int64_t)sizeof(float) / onr_min_i64(m, v->mr)));
    s.max_rows = onr_ceil_div(m, s.n_row_blocks);
    s.max_panels = onr_ceil_div(s.n_panels, s.n_col_blocks);
    s.max_depth = onr_ceil_div(k, s.n_depths);
    return s;
}

size_t onr_gemm_packed_b_bytes(const onr_gemm_variant *v, int64_t k, int64_t n) {
    return (size_t)(onr_round_up(n, v->nr) * k) * sizeof(float);
}

int64_t onr_gemm_panel(const onr_gemm_variant *v) { return v->nr; }

size_t onr_gemm_scratch_bytes(const onr_gemm_variant *v, int64_t m, int64_t n, int64_t k, bool b_is_packed) {
    if (m == 0 || n == 0 || k == 0) return 0;
    const blocks s = blocks_of(v, m, n, k);
    const size_t a = onr_align_up((size_t)(s.max_rows * s.max_depth) * sizeof(float), 64);
    return a + (b_is_packed ? 0 : (size_t)(s.max_panels * v->nr * s.max_depth) * sizeof(float));
}

size_t onr_gemm_batch_scratch_bytes(const onr_gemm_variant *v, int64_t m, int64_t n, int64_t k, bool b_is_packed,
                                    int n_threads) {
    return onr_align_up(onr_gemm_scratch_bytes(v, m, n, k, b_is_packed), 64) * (size_t)n_threads;
}

// --- packing of a constant B -------------------------------------------------------------------------------------------------

typedef struct pack_b_job {
    const onr_gemm_variant *v;
    int64_t k, n;
    const float *b;
    int64_t b_row, b_col;
    float *packed;
} pack_b_job;

static void pack_b_panels(void *ctx, size_t begin, size_t end) {
    const pack_b_job *j = ctx;
    for (size_t i = begin; i < end; i++) {
        const int64_t col = (int64_t)i * j->v->nr;
        const int32_t n = (int32_t)onr_min_i64(j->v->nr, j->n - col);
        j->v->pack_b(j->packed + col * j->k, j->b + col * j->b_col, j->b_row, j->b_col, j->k, n);
    }
}

void onr_gemm_pack_b(const onr_gemm_variant *v, int64_t k, int64_t n, const float *b, int64_t b_row, int64_t b_col,
                     float *packed, onr_pool *pool) {
    pack_b_job j = {v, k, n, b, b_row, b_col, packed};
    onr_pool_for(pool, (size_t)onr_ceil_div(n, v->nr), 1, pack_b_panels, &j);
}

// --- one block: rows x columns x depth ---------------------------------------------------------------------------------------

typedef struct block_job {
    const onr_gemm_variant *v;
    const onr_gemm_args *g;
    int64_t row0, rows, n_stripes; // rows of the block, cut into stripes of at most mr
    int64_t panel0, n_panels;      // columns of the block, in panels of nr
    int64_t depth0, depth;
    bool first, last;        // the first and the last depth
    bool pack_a, pack_b;     // whether this block's first task list packs them
    float *a;                // packed A: stripe by stripe
    const float *b;          // B of panel0 at depth0
    int64_t b_panel, b_step; // distance of panels, and of rows within one
    int64_t n_row_groups, n_col_groups;
} block_job;

static void pack_block(void *ctx, size_t begin, size_t end) {
    const block_job *j = ctx;
    const onr_gemm_args *g = j->g;
    const size_t n_a = j->pack_a ? (size_t)j->n_stripes : 0;
    for (size_t x = begin; x < end; x++) {
        if (x < n_a) {
            const int64_t i = part_begin(j->rows, j->n_stripes, (int64_t)x),
                          next = part_begin(j->rows, j->n_stripes, (int64_t)x + 1);
            j->v->pack_a(j->a + i * j->depth, g->a + (j->row0 + i) * g->a_row + j->depth0 * g->a_col, g->a_row, g->a_col,
                         (int32_t)(next - i), j->depth);
        } else {
            const int64_t panel = (int64_t)(x - n_a), col = (j->panel0 + panel) * j->v->nr;
            j->v->pack_b((float *)j->b + panel * j->b_panel, g->b + j->depth0 * g->b_row + col * g->b_col, g->b_row, g->b_col,
                         j->depth, (int32_t)onr_min_i64(j->v->nr, g->n - col));
        }
    }
}

static void run_tasks(void *ctx, size_t begin, size_t end) {
    const block_job *j = ctx;
    const onr_gemm_args *g = j->g;
    onr_gemm_tile t = {.k = j->depth,
                       .b_step = j->b_step,
                       .c_row = g->c_row,
                       .add = !j->first,
                       .last = j->last,
                       .alone = g->m <= j->v->mr,
                       .alpha = g->alpha,
                       .bias_row = g->bias_row,
                       .bias_col = g->bias_col,
                       .lo = g->lo,
                       .hi = g->hi};
    for (size_t x = begin; x < end; x++) {
        const int64_t rg = (int64_t)x / j->n_col_groups, cg = (int64_t)x % j->n_col_groups;
        const int64_t s0 = part_begin(j->n_stripes, j->n_row_groups, rg),
                      s1 = part_begin(j->n_stripes, j->n_row_groups, rg + 1);
        const int64_t p0 = part_begin(j->n_panels, j->n_col_groups, cg), p1 = part_begin(j->n_panels, j->n_col_groups, cg + 1);
        for (int64_t p = p0; p < p1; p++) {
            const int64_t col = (j->panel0 + p) * j->v->nr;
            t.b = j->b + p * j->b_panel;
            t.n = (int32_t)onr_min_i64(j->v->nr, g->n - col);
            for (int64_t s = s0; s < s1; s++) {
                const int64_t i = part_begin(j->rows, j->n_stripes, s), row = j->row0 + i;
                t.m = (int32_t)(part_begin(j->rows, j->n_stripes, s + 1) - i);
                t.a = j->a + i * j->depth;
                t.c = g->c + row * g->c_row + col;
                t.bias = g->bias ? g->bias + row * g->bias_row + col * g->bias_col : NULL;
                j->v->tile(&t);
            }
        }
    }
}

// The grid of tasks: first rows, so that a group of A stays in L2, then columns until there are enough.
static void cut_tasks(block_job *j) {
    const int64_t group = onr_max_i64(1, GROUP_BYTES / (j->v->mr * j->depth * (int64_t)sizeof(float)));
    const int64_t work = onr_max_i64(j->rows, MEMORY_ROWS) * j->n_panels * j->v->nr * j->depth;
    const int64_t wanted = onr_clamp_i64(work / TASK_WORK, 1, MAX_TASKS);
    j->n_row_groups = onr_ceil_div(j->n_stripes, group);
    j->n_col_groups = onr_min_i64(j->n_panels, onr_ceil_div(wanted, j->n_row_groups));
    if (j->n_row_groups * j->n_col_groups < wanted)
        j->n_row_groups = onr_min_i64(j->n_stripes, onr_ceil_div(wanted, j->n_col_groups));
}

static void run_block(block_job *j) {
    cut_tasks(j);
    const size_t n_tasks = (size_t)(j->n_row_groups * j->n_col_groups);
    onr_pool *pool = n_tasks > 1 ? j->g->pool : NULL;
    const size_t n_packs = (size_t)((j->pack_a ? j->n_stripes : 0) + (j->pack_b ? j->n_panels : 0));
    onr_pool_for(pool, n_packs, 4, pack_block, j);
    onr_pool_for(pool, n_tasks, 1, run_tasks, j);
}

static void run_blocks(const onr_gemm_variant *v, const onr_gemm_args *g) {
    const blocks s = blocks_of(v, g->m, g->n, g->k);
    // Packing B pays when its rows are used by more than two stripes, and is needed when columns are not along memory.
    const bool pack_b = !g->packed_b && (g->b_col != 1 || g->m > 2 * v->mr);
    float *a = g->scratch,
          *b = (float *)((char *)g->scratch + onr_align_up((size_t)(s.max_rows * s.max_depth) * sizeof(float), 64));
    block_job j = {.v = v, .g = g, .a = a, .pack_a = true};
    for (int64_t cb = 0; cb < s.n_col_blocks; cb++) {
        j.panel0 = part_begin(s.n_panels, s.n_col_blocks, cb);
        j.n_panels = part_begin(s.n_panels, s.n_col_blocks, cb + 1) - j.panel0;
        for (int64_t d = 0; d < s.n_depths; d++) {
            j.depth0 = part_begin(g->k, s.n_depths, d);
            j.depth = part_begin(g->k, s.n_depths, d + 1) - j.depth0;
            j.first = d == 0;
            j.last = d + 1 == s.n_depths;
            if (g->packed_b) {
                j.b = g->packed_b + j.panel0 * v->nr * g->k + j.depth0 * v->nr;
                j.b_panel = v->nr * g->k;
                j.b_step = v->nr;
            } else if (pack_b) {
                j.b = b;
                j.b_panel = v->nr * j.depth;
                j.b_step = v->nr;
            } else {
                j.b = g->b + j.depth0 * g->b_row + j.panel0 * v->nr;
                j.b_panel = v->nr;
                j.b_step = g->b_row;
            }
            for (int64_t rb = 0; rb < s.n_row_blocks; rb++) {
                j.row0 = part_begin(g->m, s.n_row_blocks, rb);
                j.rows = part_begin(g->m, s.n_row_blocks, rb + 1) - j.row0;
                j.n_stripes = onr_ceil_div(j.rows, v->mr);
                j.pack_b = pack_b && rb == 0;
                run_block(&j);
            }
        }
    }
}

// --- few rows: B is read once, straight from where it lies -------------------------------------------------------------------

typedef struct thin_job {
    const onr_gemm_variant *v;
    const onr_gemm_args *g;
    const float *a;
    bool by_columns;
    int64_t columns; // per task
} thin_job;

static void run_thin_columns(void *ctx, size_t begin, size_t end) {
    const thin_job *j = ctx;
    const onr_gemm_args *g = j->g;
    for (size_t x = begin; x < end; x++) {
        const int64_t col = (int64_t)x * j->columns;
        const onr_gemm_tile t = {.k = g->k,
                                 .a = j->a,
                                 .b = g->b + col * g->b_col,
                                 .b_step = j->by_columns ? g->b_col : g->b_row,
                                 .c = g->c + col,
                                 .c_row = g->c_row,
                                 .m = (int32_t)g->m,
                                 .n = (int32_t)onr_min_i64(j->columns, g->n - col),
                                 .last = true,
                                 .alpha = g->alpha,
                                 .bias = g->bias ? g->bias + col * g->bias_col : NULL,
                                 .bias_row = g->bias_row,
                                 .bias_col = g->bias_col,
                                 .lo = g->lo,
                                 .hi = g->hi};
        (j->by_columns ? j->v->dots : j->v->wide)(&t);
    }
}

static void run_thin(const onr_gemm_variant *v, const onr_gemm_args *g) {
    // Whole pages of each row of B per task where n allows: 1024 floats.
    thin_job j = {v, g, g->scratch, g->b_row == 1 && g->b_col != 1, onr_clamp_i64(onr_round_up(g->n / 4, 64), 128, 1024)};
    if (!j.by_columns) {
        v->pack_a(g->scratch, g->a, g->a_row, g->a_col, (int32_t)g->m, g->k);
    } else {
        float *a = g->scratch;
        for (int64_t i = 0; i < g->m; i++) {
            for (int64_t p = 0; p < g->k; p++) a[i * g->k + p] = g->a[i * g->a_row + p * g->a_col];
        }
    }
    onr_pool_for(g->n * g->k < TASK_WORK / 8 ? NULL : g->pool, (size_t)onr_ceil_div(g->n, j.columns), 1, run_thin_columns, &j);
}

// --- entry -------------------------------------------------------------------------------------------------------------------

static void fill_bias(const onr_gemm_args *g) {
    for (int64_t i = 0; i < g->m; i++) {
        for (int64_t j = 0; j < g->n; j++) {
            float v = g->bias ? g->bias[i * g->bias_row + j * g->bias_col] : 0.0f;
            g->c[i * g->c_row + j] = v < g->lo ? g->lo : v > g->hi ? g->hi : v;
        }
    }
}

void onr_gemm_run(const onr_gemm_variant *v, const onr_gemm_args *g) {
    assert(g->m >= 0 && g->n >= 0 && g->k >= 0);
    assert(g->k == 0 || g->m == 0 || g->n == 0 || (g->scratch && ((uintptr_t)g->scratch & 63) == 0));
    if (g->m == 0 || g->n == 0) return;
    if (g->k == 0)
        fill_bias(g);
    else if (g->m <= v->wide_m && !g->packed_b && (g->b_row == 1 || g->b_col == 1))
        run_thin(v, g);
    else
        run_blocks(v, g);
}

typedef struct batch_job {
    const onr_gemm_variant *v;
    const onr_gemm_args *g;
    const onr_gemm_batch *batch;
    size_t scratch_bytes;
} batch_job;

static onr_gemm_args product_of(const onr_gemm_args *g, const onr_gemm_batch *batch, size_t i) {
    onr_gemm_args one = *g;
    one.a += batch->a ? batch->a[i] : 0;
    if (g->packed_b)
        one.packed_b += batch->b ? batch->b[i] : 0;
    else
        one.b += batch->b ? batch->b[i] : 0;
    one.c += batch->c[i];
    return one;
}

static void run_product(void *ctx, size_t worker, size_t i) {
    const batch_job *j = ctx;
    onr_gemm_args one = product_of(j->g, j->batch, i);
    one.scratch = (char *)j->g->scratch + worker * j->scratch_bytes;
    one.pool = NULL;
    onr_gemm_run(j->v, &one);
}

void onr_gemm_run_batch(const onr_gemm_variant *v, const onr_gemm_args *g, const onr_gemm_batch *batch) {
    const double work = (double)g->m * (double)g->n * (double)g->k;
    if (batch->n >= 2 * (size_t)onr_pool_threads(g->pool) && work <= 64.0 * TASK_WORK) { // whole products are good tasks
        batch_job j = {v, g, batch, onr_align_up(onr_gemm_scratch_bytes(v, g->m, g->n, g->k, g->packed_b != NULL), 64)};
        onr_pool_for_worker(g->pool, batch->n, run_product, &j);
    } else {
        for (size_t i = 0; i < batch->n; i++) {
            onr_gemm_args one = product_of(g, batch, i);
            onr_gemm_run(v, &one);
        }
    }
}
