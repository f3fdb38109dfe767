// conv_direct.c: direct convolution: cuts the output into register tiles, the tiles into tasks, and walks them.
// May assume: a supported shape. Never computes a pixel itself; never cuts by the number of threads, so results do not depend
// on it.
//
// Tiles are columns of one output row (widths as equal as possible), two rows at once on maps so narrow that one row would
// leave registers idle; 1x1 convolutions of stride 1 take the whole map as one row. Borders: kernel rows outside the input are
// left out; kernel columns are left out pixel by pixel inside the microkernel where at most one pixel per side is concerned
// (3x3, pad 1); otherwise a tile that touches the border first gathers its window, zero-padded, into scratch.
#include "kernels/conv/conv_direct.h"

#include "kernels/conv/conv_util.h"

#include <assert.h>
#include <string.h>

typedef struct geometry {
    int64_t groups, c_in, c_out;   // after merging: groups, channels per group
    int64_t merged;                // ONNX groups in one of ours
    int64_t block, lanes;          // lanes: channels of an oc tile
    int64_t n, h, w, oh, ow;       // of the map, flattened where possible
    int64_t n_a, n_b, n_c, n_t;    // loops of a tile (conv_tile.h)
    int64_t x_pixel, x_col, x_row; // floats between input columns, kernel columns, input rows
    int64_t xa;                    // floats between channel blocks (or channels)
    int64_t in_blocks, out_blocks; // of the whole tensor
    int64_t k;                     // steps of one tile
    onr_tile_kind kind;
    bool gather; // some tiles need a padded window
    int rows;    // output rows of a tile
    int64_t max_q, n_cols, n_row_tiles, n_tiles;
    int64_t n_oc, oc_chunk, n_oc_chunks, tile_chunk, n_tile_chunks;
    int64_t a_chunk, sum_floats; // channel blocks added at a time; their sums in scratch when that is not all
    bool by_place;               // neighbouring tasks are of one part of the map, else of one range of oc tiles
    int64_t skip_first, skip_last;
    int64_t window_w, window_floats;
} geometry;

// ---- geometry ----

static void merge_groups(geometry *g, const onr_conv_shape *s) {
    int64_t cig = s->c_in / s->groups, cog = s->c_out / s->groups, m = 1;
    if (s->groups > 1) {
        for (; m < s->groups; m++) {
            if (s->groups % m == 0 && m * cog % g->block == 0 && (s->in_block == 1 || m * cig % g->block == 0)) break;
        }
    }
    g->merged = m;
    g->groups = s->groups / m;
    g->c_in = m * cig;
    g->c_out = m * cog;
}

// Sees whether leaving out one pixel at a row's ends is enough for all kernel columns; else gathering is needed.
static void plan_columns(geometry *g, const onr_conv_shape *s) {
    g->skip_first = 0;
    g->skip_last = s->kw;
    g->gather = false;
    bool skips = g->kind == ONR_TILE_BLOCK_1 || g->kind == ONR_TILE_BLOCK_2;
    for (int32_t kx = 0; kx < s->kw; kx++) {
        int64_t lo, hi;
        onr_conv_tap_range(g->w, g->ow, s->stride_w, s->pad_left, kx, s->dil_w, &lo, &hi);
        if (lo == 0 && hi == g->ow) continue;
        bool first = lo == 1 && hi == g->ow, last = lo == 0 && hi == g->ow - 1;
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
static double step_cycles(const geometry *g, int64_t rows, int64_t n_cols, int64_t nv) {
    double sum = 0;
    for (int64_t c = 0; c < n_cols; c++) {
        int64_t q = g->ow / n_cols + (c < g->ow % n_cols);
        sum += onr_max_i64(rows * q * nv, 8) * 0.5 + 0.5;
    }
    return sum;
}

static void plan_tiles(geometry *g, const onr_conv_tiles *tiles, const onr_conv_shape *s) {
    g->max_q = tiles->max_q;
    g->rows = 1;
    if (g->kind == ONR_TILE_ANY) {
        g->max_q = tiles->max_q < 8 ? 4 : 8;
        int64_t rest = g->ow % g->max_q;
        g->n_cols = g->ow / g->max_q + (rest >> 2 & 1) + (rest >> 1 & 1) + (rest & 1);
    } else {
        g->n_cols = onr_ceil_div(g->ow, g->max_q);
        int64_t n_cols2 = onr_ceil_div(g->ow, tiles->max_q2);
        // Two rows need at least one kernel row that both have or none between them: h >= stride_h sees to that.
        bool can = (g->kind == ONR_TILE_BLOCK_1 || g->kind == ONR_TILE_BLOCK_2) && !g->gather && g->oh > 1 &&
                   g->h >= s->stride_h;
        if (can && step_cycles(g, 2, n_cols2, 2) < 0.98 * 2 * step_cycles(g, 1, g->n_cols, 2)) {
            g->rows = 2;
            g->max_q = tiles->max_q2;
            g->n_cols = n_cols2;
        }
    }
    g->n_row_tiles = onr_ceil_div(g->oh, g->rows);
    g->n_tiles = g->n_row_tiles * g->n_cols;
}

// Tasks: a range of oc tiles by a range of spatial tiles. Weights of a task should stay in half of L2 beside its part of the
// input; sixteen tasks or more let two to eight threads share evenly. Sizes here are shape-only on purpose.
static void plan_tasks(geometry *g, const onr_conv_shape *s) {
    enum {
        WEIGHT_BYTES = 256 << 10,
        INPUT_BYTES = 384 << 10,
        FAR_BYTES = 384 << 10,
        PIECE_BYTES = 160 << 10,
        WANTED_TASKS = 16,
        MIN_STEPS = 1 << 10
    };
    g->n_oc = onr_ceil_div(g->c_out, g->lanes);
    int64_t weights = g->k * g->lanes * (int64_t)sizeof(float);
    g->oc_chunk = onr_clamp_i64(WEIGHT_BYTES / weights, 1, g->n_oc);
    g->n_oc_chunks = onr_ceil_div(g->n_oc, g->oc_chunk);
    g->oc_chunk = onr_ceil_div(g->n_oc, g->n_oc_chunks);
    int64_t columns = onr_ceil_div(g->ow, g->n_cols) * onr_min_i64(s->stride_w, s->kw);
    int64_t input = columns * g->rows * onr_min_i64(s->stride_h, s->kh) * g->c_in * g->n_tiles * (int64_t)sizeof(float);
    int64_t others = g->groups * g->n_oc_chunks * g->n;
    int64_t chunks = onr_max_i64(onr_ceil_div(input, INPUT_BYTES), onr_ceil_div(WANTED_TASKS, others));
    // ... but no task smaller than about 2 * 1024 steps of 14 x 2 multiply-adds (8 microseconds), and four passes over weights
    // that come from afar.
    int64_t steps = g->n_tiles * g->oc_chunk * g->k;
    chunks = onr_min_i64(chunks, steps / (2 * MIN_STEPS));
    if (weights * g->n_oc > FAR_BYTES) chunks = onr_min_i64(chunks, g->n_tiles / 4);
    chunks = onr_clamp_i64(chunks, 1, g->n_tiles);
    g->tile_chunk = onr_ceil_div(g->n_tiles, chunks);
    g->n_tile_chunks = onr_ceil_div(g->n_tiles, g->tile_chunk);
    // Two threads each begin with a half of the tasks. Where there are more pixels than weights, that is a half of the map, so
    // that a core finds in its cache what it wrote one layer before.
    g->by_place = g->h * g->w * g->c_in > g->k * g->lanes * g->n_oc;
    // Weights of an oc tile that are too many to stay near while all tiles of the task pass over them are cut by channel
    // blocks; the sums wait in scratch meanwhile. This also leaves room in L2 for the next piece, prefetched during this one.
    int64_t pieces = g->tile_chunk > 1 && !g->gather ? onr_min_i64(onr_ceil_div(weights, PIECE_BYTES), g->n_a) : 1;
    g->a_chunk = onr_ceil_div(g->n_a, pieces);
    g->sum_floats = g->a_chunk < g->n_a ? g->tile_chunk * g->rows * g->max_q * g->lanes : 0;
}

static onr_tile_kind tile_kind(const onr_conv_shape *s) {
    if (s->in_block > 1) {
        return s->stride_w == 1 ? ONR_TILE_BLOCK_1 : s->stride_w == 2 ? ONR_TILE_BLOCK_2 : ONR_TILE_ANY;
    }
    return s->stride_w == 1 ? ONR_TILE_PLANE_1 : s->stride_w == 2 ? ONR_TILE_PLANE_2 : ONR_TILE_ANY;
}

static void plan(geometry *g, const onr_conv_tiles *tiles, const onr_conv_shape *s) {
    g->block = tiles->block;
    g->lanes = 2 * g->block;
    merge_groups(g, s);
    bool flat = s->in_block > 1 && s->kh == 1 && s->kw == 1 && s->stride_h == 1 && s->stride_w == 1 && s->h == s->oh &&
                s->w == s->ow;
    g->n = s->n;
    g->h = flat ? 1 : s->h;
    g->w = flat ? s->h * s->w : s->w;
    g->oh = flat ? 1 : s->oh;
    g->ow = flat ? s->oh * s->ow : s->ow;
    g->n_b = s->kh;
    bool taps_inside = s->in_block == 1 && s->dil_w == 1;
    g->n_c = taps_inside ? 1 : s->kw;
    g->n_t = s->in_block > 1 ? s->in_block : taps_inside ? s->kw : 1;
    g->n_a = onr_ceil_div(g->c_in, s->in_block);
    g->k = g->n_a * g->n_b * g->n_c * g->n_t;
    g->x_pixel = (int64_t)s->stride_w * s->in_block;
    g->x_col = (int64_t)s->dil_w * s->in_block;
    g->x_row = g->w * s->in_block;
    g->xa = g->h * g->x_row;
    g->in_blocks = onr_ceil_div(s->c_in, s->in_block);
    g->out_blocks = onr_ceil_div(s->c_out, g->block);
    g->kind = tile_kind(s);
    plan_columns(g, s);
    plan_tiles(g, tiles, s);
    g->window_w = (g->max_q - 1) * s->stride_w + (int64_t)(s->kw - 1) * s->dil_w + 1;
    g->window_floats = g->gather ? onr_round_up(g->n_a * s->kh * g->window_w * s->in_block, 16) : 0;
    plan_tasks(g, s);
}

bool onr_conv_direct_supports(const onr_conv_tiles *tiles, const onr_conv_shape *s) {
    return s->out_block == tiles->block && (s->in_block == tiles->block || s->in_block == 1);
}

// The share of the taps that lie inside the input and are not left out.
static double inside_share(const geometry *g, const onr_conv_shape *s) {
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
static double map_cycles(const geometry *g, int64_t nv) {
    double cycles = (double)(g->oh / g->rows) * step_cycles(g, g->rows, g->n_cols, nv);
    return g->oh % g->rows ? cycles + step_cycles(g, 1, g->n_cols, nv) : cycles;
}

// Measured on layers.txt, weights from memory: within 10 % on all layers of the ResNets.
double onr_conv_direct_cost(const onr_conv_tiles *tiles, const onr_conv_shape *s, double gflops) {
    geometry g;
    plan(&g, tiles, s);
    double cycles_per_us = gflops * 1e3 / (4 * (double)g.block);
    bool tail = onr_ceil_div(g.c_out, g.block) % 2 == 1; // the last oc tile has one vector
    double cycles = (double)(g.n_oc - tail) * map_cycles(&g, 2) + tail * map_cycles(&g, 1);
    double compute = (double)(g.n * g.groups * g.k) * cycles * inside_share(&g, s) / cycles_per_us;
    // Setting up and storing a tile: about 60 cycles, and two for each vector.
    double around = (double)(g.n * g.groups * g.n_oc * g.n_tiles) * (60 + 4 * (double)(g.max_q * g.rows)) / 3600;
    double weights = (double)(g.groups * onr_round_up(g.c_out, g.block) * g.k) * sizeof(float);
    // 40 GB/s from memory, of which the prefetch hides 60 % behind the tiles.
    double memory = 0.4 * weights / 40e3;
    return 1 + compute + around + memory;
}

// ---- packing ----

typedef struct pack_job {
    const onr_conv_shape *s;
    const geometry *g;
    const float *w;
    float *packed;
} pack_job;

// Weights of one channel block (or channel) of one oc tile: [tap][channel][lane].
static void pack_part(const pack_job *j, int64_t group, int64_t oc0, int64_t lanes, int64_t a, float *out) {
    const onr_conv_shape *s = j->s;
    int64_t cig = s->c_in / s->groups, cog = s->c_out / s->groups, taps = (int64_t)s->kh * s->kw, channels = s->in_block;
    for (int64_t lane = 0; lane < lanes; lane++) {
        int64_t oc = oc0 + lane, sub = oc / cog;
        for (int64_t t = 0; t < channels; t++) {
            int64_t ic = a * channels + t - sub * cig;
            bool real = oc < j->g->c_out && ic >= 0 && ic < cig;
            const float *src = real ? j->w + ((group * j->g->c_out + oc) * cig + ic) * taps : NULL;
            for (int64_t tap = 0; tap < taps; tap++) out[(tap * channels + t) * lanes + lane] = real ? src[tap] : 0.0f;
        }
    }
}

static void pack_tile(void *ctx, size_t begin, size_t end) {
    const pack_job *j = ctx;
    const geometry *g = j->g;
    for (size_t i = begin; i < end; i++) {
        int64_t group = (int64_t)i / g->n_oc, oc0 = (int64_t)i % g->n_oc * g->lanes;
        int64_t lanes = g->c_out - oc0 > g->block ? g->lanes : g->block;
        float *out = j->packed + (group * onr_round_up(g->c_out, g->block) + oc0) * g->k;
        for (int64_t a = 0; a < g->n_a; a++) pack_part(j, group, oc0, lanes, a, out + a * (g->k / g->n_a) * lanes);
    }
}

size_t onr_conv_direct_packed_bytes(const onr_conv_tiles *tiles, const onr_conv_shape *s) {
    geometry g;
    plan(&g, tiles, s);
    return (size_t)(g.groups * onr_round_up(g.c_out, g.block) * g.k) * sizeof(float);
}

void onr_conv_direct_pack(const onr_conv_tiles *tiles, const onr_conv_shape *s, const float *w, float *packed, onr_pool *pool) {
    geometry g;
    plan(&g, tiles, s);
    pack_job job = {s, &g, w, packed};
    onr_pool_for(pool, (size_t)(g.groups * g.n_oc), 1, pack_tile, &job);
}

// ---- running ----

typedef struct job {
    const onr_conv_args *a;
    const onr_conv_tiles *tiles;
    geometry g;
} job;

// Where spatial tile `i` lies.
typedef struct place {
    int64_t oy, ox, q;
    int rows;
} place;

static place place_of(const geometry *g, int64_t i) {
    int64_t row = i / g->n_cols, col = i % g->n_cols;
    place p = {.oy = row * g->rows, .rows = (int)onr_min_i64(g->rows, g->oh - row * g->rows)};
    if (g->kind == ONR_TILE_ANY) {
        p.ox = onr_min_i64(col, g->ow / g->max_q) * g->max_q;
        p.q = g->max_q;
        for (int64_t c = g->ow / g->max_q; c <= col; c++) { // the rest in powers of two
            if (c > g->ow / g->max_q) p.ox += p.q;
            int64_t left = g->ow - p.ox;
            p.q = left >= 4 ? 4 : left >= 2 ? 2 : 1;
        }
    } else {
        int64_t base = g->ow / g->n_cols, extra = g->ow % g->n_cols;
        p.ox = col * base + onr_min_i64(col, extra);
        p.q = base + (col < extra);
    }
    return p;
}

static void set_rows(onr_conv_tile *t, const geometry *g, const onr_conv_shape *s, const place *p) {
    for (int r = 0; r < p->rows; r++) {
        int64_t iy = (p->oy + r) * s->stride_h - s->pad_top;
        int64_t lo = iy < 0 ? onr_ceil_div(-iy, s->dil_h) : 0, hi = g->h > iy ? onr_ceil_div(g->h - iy, s->dil_h) : 0;
        t->b_lo[r] = onr_min_i64(lo, s->kh);
        t->b_hi[r] = onr_clamp_i64(hi, t->b_lo[r], s->kh);
    }
}

// Copies the window of a border tile, with zeros outside the input, so that all its columns can be read. Rows outside stay
// unset.
static void gather_window(const onr_conv_shape *s, const geometry *g, const float *x, const place *p, const onr_conv_tile *t,
                          float *window) {
    int64_t ix = p->ox * s->stride_w - s->pad_left, iy = p->oy * s->stride_h - s->pad_top, block = s->in_block;
    int64_t width = (p->q - 1) * s->stride_w + (int64_t)(s->kw - 1) * s->dil_w + 1;
    int64_t before = onr_clamp_i64(-ix, 0, width), from = onr_max_i64(ix, 0);
    int64_t inside = onr_clamp_i64(onr_min_i64(ix + width, g->w) - from, 0, width - before), after = width - before - inside;
    for (int64_t a = 0; a < g->n_a; a++) {
        for (int64_t b = t->b_lo[0]; b < t->b_hi[0]; b++) {
            float *out = window + (a * s->kh + b) * g->window_w * block;
            const float *in = x + a * g->xa + (iy + b * s->dil_h) * g->x_row + from * block;
            memset(out, 0, (size_t)(before * block) * sizeof(float));
            if (inside > 0) memcpy(out + before * block, in, (size_t)(inside * block) * sizeof(float));
            memset(out + (before + inside) * block, 0, (size_t)(after * block) * sizeof(float));
        }
    }
}

// Points the tile at its pixels of x (or at the gathered window); `x` is the first channel block of the group.
static void set_input(onr_conv_tile *t, const job *j, const float *x, const place *p, float *window) {
    const geometry *g = &j->g;
    const onr_conv_shape *s = j->a->shape;
    int64_t ix = p->ox * s->stride_w - s->pad_left, iy = p->oy * s->stride_h - s->pad_top;
    set_rows(t, g, s, p);
    t->skip_first = p->ox == 0 ? g->skip_first : 0;
    t->skip_last = p->ox + p->q == g->ow ? g->skip_last : g->n_c;
    bool inside = ix >= 0 && ix + (p->q - 1) * s->stride_w + (int64_t)(s->kw - 1) * s->dil_w < g->w;
    if (g->gather && !inside) {
        gather_window(s, g, x, p, t, window);
        t->x = window;
        t->xa = s->kh * g->window_w * s->in_block;
        t->xb = g->window_w * s->in_block;
    } else {
        t->x = x + iy * g->x_row + ix * s->in_block;
        t->xa = g->xa;
        t->xb = s->dil_h * g->x_row;
    }
}

static void set_output(onr_conv_tile *t, const job *j, int64_t image, int64_t group, int64_t oc, const place *p) {
    const geometry *g = &j->g;
    int64_t block = g->block, c0 = oc * g->lanes; // first channel within the group
    int64_t out_block = (group * g->c_out + c0) / block;
    int64_t at = (((image * g->out_blocks + out_block) * g->oh + p->oy) * g->ow + p->ox) * block;
    t->y = j->a->y + at;
    t->residual = j->a->residual ? j->a->residual + at : NULL;
}

// Everything of an oc tile that does not depend on the place.
static int set_channels(onr_conv_tile *t, const job *j, int64_t group, int64_t oc) {
    const geometry *g = &j->g;
    int64_t c0 = oc * g->lanes, left = g->c_out - c0;
    t->w = j->a->packed + (group * onr_round_up(g->c_out, g->block) + c0) * g->k;
    t->bias = j->a->bias + group * g->c_out + c0;
    for (int v = 0; v < 2; v++) t->lanes[v] = onr_clamp_i64(left - v * g->block, 0, g->block);
    return left > g->block ? 2 : 1;
}

// A 1x1 convolution reads each pixel once per oc tile, from one place per channel block, too short a run for the hardware to
// notice: the tile before prefetches them.
static void prefetch_pixels(onr_conv_tile *t, const job *j, const float *x, int64_t k) {
    const geometry *g = &j->g;
    const onr_conv_shape *s = j->a->shape;
    place p = place_of(g, k);
    t->prefetch = x + p.oy * s->stride_h * g->x_row + p.ox * s->stride_w * s->in_block;
    t->prefetch_step = g->x_pixel;
    t->prefetch_a = g->xa;
}

// All tiles of a task for one oc tile. While a piece of the weights is in use, the following piece (they lie one after the
// other, those of the next oc tile too) is prefetched in equal parts by the tiles: memory is read at an even pace.
static void run_channels(const job *j, onr_conv_tile *t, int64_t image, int64_t group, int64_t oc, int64_t begin, int64_t end,
                         bool pixels, const float *x, float *sums) {
    const geometry *g = &j->g;
    int nv = set_channels(t, j, group, oc);
    const float *w = t->w;
    int64_t tile_sums = g->rows * g->max_q * g->lanes, steps = g->n_b * g->n_c * g->n_t;
    for (int64_t a = 0; a < g->n_a; a += g->a_chunk) {
        t->n_a = onr_min_i64(g->a_chunk, g->n_a - a);
        t->w = w + a * steps * nv * g->block;
        int64_t piece = t->n_a * steps * nv * g->block;
        for (int64_t k = begin; k < end; k++) {
            place p = place_of(g, k);
            set_input(t, j, x + a * g->xa, &p, NULL);
            set_output(t, j, image, group, oc, &p);
            float *sum = sums + (k - begin) * tile_sums;
            t->acc_in = a > 0 ? sum : NULL;
            t->acc_out = a + t->n_a < g->n_a ? sum : NULL;
            if (pixels && k + 1 < g->n_tiles) {
                prefetch_pixels(t, j, x + a * g->xa, k + 1);
            } else {
                int64_t parts = onr_min_i64(end - begin, 2 * nv);
                t->prefetch_step = nv * g->block / parts;
                t->prefetch_a = steps * t->prefetch_step;
                t->prefetch = t->w + piece + (k - begin) % parts * piece / parts;
            }
            j->tiles->get(g->kind, p.rows, p.q, nv)(t);
        }
    }
}

// As above with gathering: a window, once filled, serves all oc tiles of the task.
static void run_gathering(const job *j, onr_conv_tile *t, int64_t image, int64_t group, int64_t oc_begin, int64_t oc_end,
                          int64_t k, const float *x, float *window) {
    const geometry *g = &j->g;
    place p = place_of(g, k);
    set_input(t, j, x, &p, window);
    t->n_a = g->n_a;
    t->prefetch_step = g->lanes;
    t->prefetch_a = g->k / g->n_a * g->lanes;
    for (int64_t oc = oc_begin; oc < oc_end; oc++) {
        int nv = set_channels(t, j, group, oc);
        set_output(t, j, image, group, oc, &p);
        t->prefetch = t->w + g->k * nv * g->block;
        j->tiles->get(g->kind, p.rows, p.q, nv)(t);
    }
}

static void run_task(void *ctx, size_t worker, size_t index) {
    const job *j = ctx;
    const geometry *g = &j->g;
    const int64_t n_places = g->n * g->n_tile_chunks, n_channels = g->groups * g->n_oc_chunks, i = (int64_t)index;
    const int64_t at = g->by_place ? i / n_channels : i % n_places, channels = g->by_place ? i % n_channels : i / n_places;
    const int64_t image = at / g->n_tile_chunks, chunk = at % g->n_tile_chunks;
    const int64_t group = channels / g->n_oc_chunks, oc_chunk = channels % g->n_oc_chunks;
    int64_t begin = chunk * g->tile_chunk, end = onr_min_i64(begin + g->tile_chunk, g->n_tiles);
    int64_t oc_begin = oc_chunk * g->oc_chunk, oc_end = onr_min_i64(oc_begin + g->oc_chunk, g->n_oc);
    const float *x = j->a->x + image * g->in_blocks * g->xa + group * (g->c_in / j->a->shape->in_block) * g->xa;
    float *scratch = (float *)(void *)((char *)j->a->scratch + worker * j->a->scratch_step);
    onr_conv_tile t = {.n_b = g->n_b,
                       .n_c = g->n_c,
                       .n_t = g->n_t,
                       .xc = g->x_col,
                       .x_pixel = g->x_pixel,
                       .x_row = j->a->shape->stride_h * g->x_row,
                       .y_row = g->ow * g->block,
                       .y_oc = g->oh * g->ow * g->block,
                       .lo = j->a->lo,
                       .hi = j->a->hi};
    // The first oc tile of a task brings its pixels near for the others, where there are others.
    bool pixels = g->n_b * g->n_c == 1 && g->rows == 1 && oc_end - oc_begin > 1;
    if (g->gather) {
        for (int64_t k = begin; k < end; k++) run_gathering(j, &t, image, group, oc_begin, oc_end, k, x, scratch);
    } else {
        for (int64_t oc = oc_begin; oc < oc_end; oc++)
            run_channels(j, &t, image, group, oc, begin, end, pixels && oc == oc_begin, x, scratch);
    }
}

size_t onr_conv_direct_worker_bytes(const onr_conv_tiles *tiles, const onr_conv_shape *s) {
    geometry g;
    plan(&g, tiles, s);
    return (size_t)(g.window_floats + g.sum_floats) * sizeof(float);
}

void onr_conv_direct_run(const onr_conv_tiles *tiles, const onr_conv_args *a) {
    job j = {.a = a, .tiles = tiles};
    plan(&j.g, tiles, a->shape);
    size_t n_tasks = (size_t)(j.g.groups * j.g.n_oc_chunks * j.g.n * j.g.n_tile_chunks);
    onr_pool_for_worker(a->pool, n_tasks, run_task, &j);
}
