// conv_geometry.c: tiles, tasks and the predicted time of a direct convolution.
// May assume: what conv_geometry.h says. Never touches data.
#include "kernels/conv/conv_geometry.h"

#include "kernels/conv/conv_direct.h"
#include "kernels/conv/conv_util.h"

int64_t onr_conv_geometry_band(const onr_conv_geometry *g, int64_t oc, int64_t *n) {
    *n = g->n_a;
    if (!g->banded) return 0;
    const int64_t first = oc * g->lanes / g->cog, last = (onr_min_i64((oc + 1) * g->lanes, g->c_out) - 1) / g->cog;
    const int64_t begin = first * g->cig / g->block;
    *n = onr_ceil_div((last + 1) * g->cig, g->block) - begin;
    return begin;
}

int64_t onr_conv_geometry_weights(const onr_conv_geometry *g, int64_t oc) {
    if (!g->banded) return oc * g->k * g->lanes;
    int64_t blocks = 0, n;
    for (int64_t i = 0; i < oc; i++) {
        onr_conv_geometry_band(g, i, &n);
        blocks += n;
    }
    return blocks * g->n_b * g->n_c * g->block * g->lanes;
}

static int64_t banded_blocks(const onr_conv_geometry *g) {
    int64_t blocks = 0, n;
    for (int64_t oc = 0; oc < onr_ceil_div(g->c_out, g->lanes); oc++) {
        onr_conv_geometry_band(g, oc, &n);
        blocks += n;
    }
    return blocks;
}

static void merge_groups(onr_conv_geometry *g, const onr_conv_shape *s) {
    int64_t m = 1;
    g->cig = s->c_in / s->groups;
    g->cog = s->c_out / s->groups;
    if (s->groups > 1) {
        for (; m < s->groups; m++) {
            if (s->groups % m == 0 && m * g->cog % g->block == 0 && m * g->cig % g->block == 0) break;
        }
    }
    const int64_t merged = s->groups / m * onr_round_up(m * g->cog, g->block) * onr_ceil_div(m * g->cig, g->block);
    g->banded = m > 1;
    g->c_out = s->c_out;
    // One vector of outputs touches fewer groups than two, and a wide group has weights enough for two.
    if (g->banded && g->cog < 2 * g->block) g->lanes = g->block;
    if (g->banded && banded_blocks(g) * g->lanes > 0.9 * (double)merged) {
        g->banded = false;
        g->lanes = 2 * g->block;
    }
    g->merged = g->banded ? s->groups : m;
    g->groups = s->groups / g->merged;
    g->c_in = g->merged * g->cig;
    g->c_out = g->merged * g->cog;
}

// Sees whether leaving out one pixel at a row's ends is enough for all kernel columns; else gathering is needed.
static void plan_columns(onr_conv_geometry *g, const onr_conv_shape *s) {
    g->skip_first = 0;
    g->skip_last = s->kw;
    g->gather = false;
    bool skips = g->kind == ONR_TILE_BLOCK_1 || g->kind == ONR_TILE_BLOCK_2;
    for (int32_t kx = 0; kx < s->kw; kx++) {
        int64_t lo, hi;
        onr_conv_tap_range(g->seen.w, g->seen.ow, s->stride_w, s->pad_left, kx, s->dil_w, &lo, &hi);
        if (lo == 0 && hi == g->seen.ow) continue;
        bool first = lo == 1 && hi == g->seen.ow, last = lo == 0 && hi == g->seen.ow - 1;
        if (!skips || !(first || last)) {
            g->gather = true;
            return;
        }
        if (first)
            g->skip_first = kx + 1;
        else
            g->skip_last = onr_min_i64(g->skip_last, kx);
    }
}

// Cycles that one step (an input channel of a tap) takes over all tiles of `rows` output rows cut into n_cols columns: two FMAs
// per cycle, but no fewer than the four cycles after which an accumulator can be added to again, and half a cycle to load
// weights.
static double step_cycles(const onr_conv_geometry *g, int64_t rows, int64_t n_cols, int64_t nv) {
    double sum = 0;
    for (int64_t c = 0; c < n_cols; c++) {
        int64_t q = g->seen.ow / n_cols + (c < g->seen.ow % n_cols);
        sum += onr_max_i64(rows * q * nv, 8) * 0.5 + 0.5;
    }
    return sum;
}

static void plan_tiles(onr_conv_geometry *g, const onr_conv_tiles *tiles, const onr_conv_shape *s) {
    g->max_q = tiles->max_q;
    g->rows = 1;
    if (g->kind == ONR_TILE_ANY) {
        g->max_q = tiles->max_q < 8 ? 4 : 8;
        int64_t rest = g->seen.ow % g->max_q;
        g->n_cols = g->seen.ow / g->max_q + (rest >> 2 & 1) + (rest >> 1 & 1) + (rest & 1);
    } else {
        g->n_cols = onr_ceil_div(g->seen.ow, g->max_q);
        int64_t n_cols2 = onr_ceil_div(g->seen.ow, tiles->max_q2);
        // Two rows need at least one kernel row that both have or none between them: h >= stride_h sees to that.
        bool can = (g->kind == ONR_TILE_BLOCK_1 || g->kind == ONR_TILE_BLOCK_2) && !g->gather && g->seen.oh > 1 &&
                   g->seen.h >= s->stride_h;
        if (can && step_cycles(g, 2, n_cols2, 2) < 0.98 * 2 * step_cycles(g, 1, g->n_cols, 2)) {
            g->rows = 2;
            g->max_q = tiles->max_q2;
            g->n_cols = n_cols2;
        }
    }
    g->n_tiles = onr_ceil_div(g->seen.oh, g->rows) * g->n_cols;
}

// Tasks: a range of oc tiles by a range of spatial tiles. Weights of a task should stay in half of L2 beside its part of the
// input, or a piece of all of them where they are cut; sixteen tasks or more let two to eight threads share evenly, and fewer
// ones do if they are even in number. Sizes here are shape-only on purpose.
enum { WEIGHT_BYTES = 256 << 10, INPUT_BYTES = 384 << 10, FAR_BYTES = 384 << 10, WANTED_TASKS = 16, MIN_STEPS = 1 << 10 };

static void plan_chunks(onr_conv_geometry *g, int64_t weights, int64_t weight_bytes, const onr_conv_shape *s) {
    g->n_oc_chunks = onr_ceil_div(g->n_oc, onr_clamp_i64(weight_bytes / weights, 1, g->n_oc));
    const int64_t columns = onr_ceil_div(g->seen.ow, g->n_cols) * onr_min_i64(s->stride_w, s->kw);
    const int64_t input = columns * g->rows * onr_min_i64(s->stride_h, s->kh) * g->c_in * g->n_tiles * (int64_t)sizeof(float);
    const int64_t others = g->groups * g->seen.n;
    int64_t chunks = onr_max_i64(onr_ceil_div(input, INPUT_BYTES), onr_ceil_div(WANTED_TASKS, others * g->n_oc_chunks));
    // ... but no task smaller than about 2 * 1024 steps of 14 x 2 multiply-adds (8 microseconds), and four passes over weights
    // that come from afar.
    chunks = onr_min_i64(chunks, g->n_tiles * onr_ceil_div(g->n_oc, g->n_oc_chunks) * g->k / (2 * MIN_STEPS));
    const bool far = weights * g->n_oc > FAR_BYTES;
    if (far) chunks = onr_min_i64(chunks, g->n_tiles / 4);
    g->n_tile_chunks = onr_clamp_i64(chunks, 1, g->n_tiles);
    const int64_t tasks = others * g->n_oc_chunks * g->n_tile_chunks;
    if (tasks == 1 || tasks % 2 == 0 || tasks > WANTED_TASKS) return;
    if (g->n_tile_chunks < g->n_tiles && !far)
        g->n_tile_chunks++;
    else if (g->n_oc_chunks < g->n_oc)
        g->n_oc_chunks++;
}

static void plan_tasks(onr_conv_geometry *g, const onr_conv_tiles *tiles, const onr_conv_shape *s) {
    g->n_oc = onr_ceil_div(g->c_out, g->lanes);
    const int64_t weights = g->k * g->lanes * (int64_t)sizeof(float);
    plan_chunks(g, weights, (weights > tiles->piece_bytes ? 2 : 1) * WEIGHT_BYTES, s);
    g->tile_chunk = onr_ceil_div(g->n_tiles, g->n_tile_chunks);
    // Two threads each begin with a half of the tasks. Where there are more pixels than weights, that is a half of the map, so
    // that a core finds in its cache what it wrote one layer before.
    g->by_place = g->seen.h * g->seen.w * g->c_in > g->k * g->lanes * g->n_oc;
    // Weights of an oc tile that are too many to stay near while all tiles of the task pass over them are cut by channel
    // blocks, and all oc tiles of the task use the pixels of some blocks before those of the next ones; the sums wait in
    // scratch meanwhile. This also leaves room in L2 for the next piece, prefetched during this one.
    int64_t pieces = g->tile_chunk > 1 && !g->gather && !g->banded
                         ? onr_min_i64(onr_ceil_div(weights, tiles->piece_bytes), g->n_a)
                         : 1;
    g->a_chunk = onr_ceil_div(g->n_a, pieces);
    g->sum_floats = 0;
    if (g->a_chunk < g->n_a)
        g->sum_floats = onr_ceil_div(g->n_oc, g->n_oc_chunks) * g->tile_chunk * g->rows * g->max_q * g->lanes;
}

static onr_tile_kind tile_kind(const onr_conv_shape *s, bool point) {
    if (point) return ONR_TILE_POINT;
    return s->stride_w == 1 ? ONR_TILE_BLOCK_1 : s->stride_w == 2 ? ONR_TILE_BLOCK_2 : ONR_TILE_ANY;
}

// A 1x1 kernel all of whose taps lie inside the input: its outputs are one long row.
static bool is_point(const onr_conv_shape *s) {
    return s->kh == 1 && s->kw == 1 && s->pad_top == 0 && s->pad_left == 0 && (s->oh - 1) * s->stride_h < s->h &&
           (s->ow - 1) * s->stride_w < s->w;
}

static onr_conv_shape one_row(const onr_conv_shape *s) {
    onr_conv_shape row = *s;
    row.h = row.oh = 1;
    row.w = row.ow = s->oh * s->ow;
    row.stride_h = row.stride_w = 1;
    return row;
}

void onr_conv_geometry_make(const onr_conv_tiles *tiles, const onr_conv_shape *shape, onr_conv_geometry *g) {
    const bool point = is_point(shape);
    g->seen = point ? one_row(shape) : *shape;
    const onr_conv_shape *s = &g->seen;
    g->compact = point && (shape->h != shape->oh || shape->w != shape->ow);
    g->block = tiles->block;
    g->lanes = 2 * g->block;
    merge_groups(g, s);
    g->n_b = s->kh;
    g->n_c = s->kw;
    g->n_a = onr_ceil_div(g->c_in, s->in_block);
    g->last_t = g->c_in - (g->n_a - 1) * s->in_block;
    g->k = (g->banded ? onr_ceil_div(banded_blocks(g), onr_ceil_div(g->c_out, g->lanes)) : g->n_a) * g->n_b * g->n_c * g->block;
    g->x_pixel = (int64_t)s->stride_w * s->in_block;
    g->x_col = (int64_t)s->dil_w * s->in_block;
    g->x_row = s->w * s->in_block;
    g->xa = s->h * g->x_row;
    g->in_blocks = onr_ceil_div(s->c_in, s->in_block);
    g->out_blocks = onr_ceil_div(s->c_out, g->block);
    g->kind = tile_kind(s, point);
    plan_columns(g, s);
    plan_tiles(g, tiles, s);
    g->window_w = (g->max_q - 1) * s->stride_w + (int64_t)(s->kw - 1) * s->dil_w + 1;
    g->window_floats = g->gather ? onr_round_up(g->n_a * s->kh * g->window_w * s->in_block, 16) : 0;
    plan_tasks(g, tiles, s);
    g->pixel_floats = 0;
    // A task's own copy is as long as the longest part of the row that its tiles can cover.
    if (!g->compact) return;
    g->xa = onr_min_i64(s->ow, g->tile_chunk * g->max_q) * s->in_block;
    g->pixel_floats = g->n_a * g->xa;
    g->by_place = true; // so that a thread copies a part once for all its tasks of that part
}

// The share of the taps that lie inside the input and are not left out.
static double inside_share(const onr_conv_geometry *g, const onr_conv_shape *s) {
    double rows = 0, cols = 0; // taps inside the input, over all output rows and columns
    for (int32_t k = 0; k < s->kh; k++) {
        int64_t lo, hi;
        onr_conv_tap_range(s->h, s->oh, s->stride_h, s->pad_top, k, s->dil_h, &lo, &hi);
        rows += (double)(hi - lo);
    }
    for (int32_t k = 0; k < s->kw; k++) {
        int64_t lo, hi;
        onr_conv_tap_range(s->w, s->ow, s->stride_w, s->pad_left, k, s->dil_w, &lo, &hi);
        cols += g->gather ? (double)s->ow : (double)(hi - lo);
    }
    return rows * cols / ((double)s->oh * (double)s->ow * s->kh * s->kw);
}

// Cycles of one step over all tiles of an image.
static double map_cycles(const onr_conv_geometry *g, int64_t nv) {
    double cycles = (double)(g->seen.oh / g->rows) * step_cycles(g, g->rows, g->n_cols, nv);
    return g->seen.oh % g->rows ? cycles + step_cycles(g, 1, g->n_cols, nv) : cycles;
}

// Measured on layers.txt, weights from memory: within 10 % on all layers of the ResNets.
double onr_conv_direct_cost(const onr_conv_tiles *tiles, const onr_conv_shape *s, double gflops, double us_per_mb) {
    onr_conv_geometry g;
    onr_conv_geometry_make(tiles, s, &g);
    double cycles_per_us = gflops * 1e3 / (4 * (double)g.block);
    const int64_t last = onr_conv_geometry_vectors(&g, g.n_oc - 1);
    double cycles = (double)(g.n_oc - 1) * map_cycles(&g, g.lanes / g.block) + map_cycles(&g, last);
    double compute = (double)(g.seen.n * g.groups * g.k) * cycles * inside_share(&g, s) / cycles_per_us;
    // Setting up and storing a tile: about 60 cycles, and two for each vector.
    double around = (double)(g.seen.n * g.groups * g.n_oc * g.n_tiles) * (60 + 4 * (double)(g.max_q * g.rows)) / 3600;
    return 1 + compute + around + us_per_mb * (double)onr_conv_direct_packed_bytes(tiles, s) * 1e-6;
}
