// conv_direct.c: direct convolution: packs the weights, and walks tasks and tiles.
// May assume: a supported shape. Never computes a pixel itself; conv_geometry.h says what the tiles and tasks are.
#include "kernels/conv/conv_direct.h"

#include "kernels/conv/conv_geometry.h"
#include "kernels/conv/conv_util.h"

#include <string.h>

bool onr_conv_direct_supports(const onr_conv_tiles *tiles, const onr_conv_shape *s) {
    enum { MOST_FLOATS = 1 << 26 }; // of the window of a tile at the border, if it needs one
    const double columns = (double)tiles->max_q * s->stride_w + (double)(s->kw - 1) * s->dil_w;
    return s->out_block == tiles->block && s->in_block == tiles->block &&
           (double)onr_round_up(s->c_in, tiles->block) * s->kh * columns <= MOST_FLOATS;
}

// ---- packing ----

typedef struct pack_job {
    const onr_conv_shape *s;
    const onr_conv_geometry *g;
    const onr_conv_tiles *tiles;
    const onr_conv_weights *w;
    float *packed;
} pack_job;

// Numbers of a row that are packed for one vector before the next one's: whole cache lines of what is written, and they stay in
// the first-level cache meanwhile.
enum { NUMBERS_AT_ONCE = 64 };

// An oc tile of a group that is one of ONNX's groups: [channel block][tap][channel in block][lane].
static void pack_whole(const pack_job *j, int64_t oc, int64_t n_oc, int64_t lanes, float *out) {
    const onr_conv_geometry *g = j->g;
    const int64_t taps = (int64_t)j->s->kh * j->s->kw, block = j->s->in_block, row = g->c_in * taps;
    const int64_t last = g->c_in % block ? (g->n_a - 1) * block * taps : row; // numbers of whole blocks
    if (last < row) memset(out + last * lanes, 0, (size_t)(block * taps * lanes) * sizeof(float));
    for (int64_t begin = 0; begin < row; begin += NUMBERS_AT_ONCE) {
        const int64_t end = onr_min_i64(begin + NUMBERS_AT_ONCE, row);
        for (int64_t v = 0; v < lanes; v += g->block) {
            const onr_conv_rows rows = {.w = j->w->w + (oc + v) * row,
                                        .row = row,
                                        .n_rows = onr_clamp_i64(n_oc - v, 0, g->block),
                                        .factor = j->w->scale ? j->w->scale + oc + v : NULL,
                                        .taps = taps,
                                        .out = out + v,
                                        .step = lanes};
            j->tiles->turn(&rows, begin, end);
        }
    }
}

// Weights of one channel block of one oc tile of merged groups, most of them zero: [tap][channel][lane].
static void pack_merged(const pack_job *j, int64_t group, int64_t oc0, int64_t lanes, int64_t a, float *out) {
    const onr_conv_shape *s = j->s;
    const int64_t cig = j->g->cig, cog = j->g->cog, taps = (int64_t)s->kh * s->kw, channels = s->in_block;
    for (int64_t lane = 0; lane < lanes; lane++) {
        const int64_t oc = oc0 + lane, ic0 = a * channels - oc / cog * cig; // the block's first channel within the ONNX group
        const bool real = oc < j->g->c_out;
        const float scale = real ? onr_conv_scale(j->w, group * j->g->c_out + oc) : 0;
        const onr_askew_float *src = real ? j->w->w + (group * j->g->c_out + oc) * cig * taps : NULL;
        for (int64_t t = 0; t < channels; t++) {
            const int64_t ic = ic0 + t;
            const bool inside = real && ic >= 0 && ic < cig;
            for (int64_t tap = 0; tap < taps; tap++)
                out[(tap * channels + t) * lanes + lane] = inside ? src[ic * taps + tap] * scale : 0.0f;
        }
    }
}

// Floats of packed weights of a group.
static int64_t group_floats(const onr_conv_geometry *g) {
    return g->banded ? onr_conv_geometry_weights(g, g->n_oc) : onr_round_up(g->c_out, g->block) * g->k;
}

static void pack_tile(void *ctx, size_t begin, size_t end) {
    const pack_job *j = ctx;
    const onr_conv_geometry *g = j->g;
    const int64_t block_steps = g->n_b * g->n_c * g->block;
    for (size_t i = begin; i < end; i++) {
        const int64_t group = (int64_t)i / g->n_oc, oc = (int64_t)i % g->n_oc, oc0 = oc * g->lanes;
        const int64_t lanes = onr_conv_geometry_vectors(g, oc) * g->block;
        float *out = j->packed + group * group_floats(g) + onr_conv_geometry_weights(g, oc);
        int64_t n, first = onr_conv_geometry_band(g, oc, &n);
        if (g->merged == 1)
            pack_whole(j, group * g->c_out + oc0, g->c_out - oc0, lanes, out);
        else
            for (int64_t a = 0; a < n; a++) pack_merged(j, group, oc0, lanes, first + a, out + a * block_steps * lanes);
    }
}

size_t onr_conv_direct_packed_bytes(const onr_conv_tiles *tiles, const onr_conv_shape *s) {
    onr_conv_geometry g;
    onr_conv_geometry_make(tiles, s, &g);
    return (size_t)(g.groups * group_floats(&g)) * sizeof(float);
}

void onr_conv_direct_pack(const onr_conv_tiles *tiles, const onr_conv_shape *s, const onr_conv_weights *w, float *packed,
                          onr_pool *pool) {
    onr_conv_geometry g;
    onr_conv_geometry_make(tiles, s, &g);
    pack_job job = {s, &g, tiles, w, packed};
    onr_pool_for(pool, (size_t)(g.groups * g.n_oc), 1, pack_tile, &job);
}

// ---- running ----

typedef struct job {
    const onr_conv_args *a;
    const onr_conv_tiles *tiles;
    onr_conv_geometry g;
    int64_t copied[ONR_POOL_MAX_WORKERS]; ///< which part of the row each worker has copied; 0 for none
} job;

// Where spatial tile `i` lies.
typedef struct place {
    int64_t oy, ox, q;
    int rows;
} place;

static place place_of(const onr_conv_geometry *g, int64_t i) {
    int64_t row = i / g->n_cols, col = i % g->n_cols;
    place p = {.oy = row * g->rows, .rows = (int)onr_min_i64(g->rows, g->seen.oh - row * g->rows)};
    if (g->kind == ONR_TILE_ANY) {
        p.ox = onr_min_i64(col, g->seen.ow / g->max_q) * g->max_q;
        p.q = g->max_q;
        for (int64_t c = g->seen.ow / g->max_q; c <= col; c++) { // the rest in powers of two
            if (c > g->seen.ow / g->max_q) p.ox += p.q;
            int64_t left = g->seen.ow - p.ox;
            p.q = left >= 4 ? 4 : left >= 2 ? 2 : 1;
        }
    } else {
        int64_t base = g->seen.ow / g->n_cols, extra = g->seen.ow % g->n_cols;
        p.ox = col * base + onr_min_i64(col, extra);
        p.q = base + (col < extra);
    }
    return p;
}

static void set_rows(onr_conv_tile *t, const onr_conv_geometry *g, const onr_conv_shape *s, const place *p) {
    for (int r = 0; r < p->rows; r++) {
        int64_t iy = (p->oy + r) * s->stride_h - s->pad_top;
        int64_t lo = iy < 0 ? onr_ceil_div(-iy, s->dil_h) : 0, hi = g->seen.h > iy ? onr_ceil_div(g->seen.h - iy, s->dil_h) : 0;
        t->b_lo[r] = onr_min_i64(lo, s->kh);
        t->b_hi[r] = onr_clamp_i64(hi, t->b_lo[r], s->kh);
    }
}

// Copies the window of a border tile, with zeros outside the input, so that all its columns can be read. Rows outside stay
// unset.
static void gather_window(const onr_conv_shape *s, const onr_conv_geometry *g, const float *x, const place *p,
                          const onr_conv_tile *t, float *window) {
    int64_t ix = p->ox * s->stride_w - s->pad_left, iy = p->oy * s->stride_h - s->pad_top, block = s->in_block;
    int64_t width = (p->q - 1) * s->stride_w + (int64_t)(s->kw - 1) * s->dil_w + 1;
    int64_t before = onr_clamp_i64(-ix, 0, width), from = onr_max_i64(ix, 0);
    int64_t inside = onr_clamp_i64(onr_min_i64(ix + width, g->seen.w) - from, 0, width - before),
            after = width - before - inside;
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
    const onr_conv_geometry *g = &j->g;
    const onr_conv_shape *s = &j->g.seen;
    int64_t ix = p->ox * s->stride_w - s->pad_left, iy = p->oy * s->stride_h - s->pad_top;
    set_rows(t, g, s, p);
    t->skip_first = p->ox == 0 ? g->skip_first : 0;
    t->skip_last = p->ox + p->q == g->seen.ow ? g->skip_last : g->n_c;
    bool inside = ix >= 0 && ix + (p->q - 1) * s->stride_w + (int64_t)(s->kw - 1) * s->dil_w < g->seen.w;
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
    const onr_conv_geometry *g = &j->g;
    int64_t block = g->block, c0 = oc * g->lanes; // first channel within the group
    int64_t out_block = (group * g->c_out + c0) / block;
    int64_t at = (((image * g->out_blocks + out_block) * g->seen.oh + p->oy) * g->seen.ow + p->ox) * block;
    t->y = j->a->y + at;
    t->residual = j->a->residual ? j->a->residual + at : NULL;
}

// Everything of an oc tile that does not depend on the place.
static int set_channels(onr_conv_tile *t, const job *j, int64_t group, int64_t oc) {
    const onr_conv_geometry *g = &j->g;
    int64_t c0 = oc * g->lanes, left = g->c_out - c0;
    t->w = j->a->packed + group * group_floats(g) + onr_conv_geometry_weights(g, oc);
    t->bias = j->a->bias + group * g->c_out + c0;
    for (int v = 0; v < 2; v++) t->lanes[v] = onr_clamp_i64(left - v * g->block, 0, g->block);
    return onr_conv_geometry_vectors(g, oc);
}

// A 1x1 convolution reads each pixel once per oc tile, from one place per channel block, too short a run for the hardware to
// notice: the tile before prefetches them.
static void prefetch_pixels(onr_conv_tile *t, const job *j, const float *x, int64_t k) {
    const onr_conv_geometry *g = &j->g;
    const onr_conv_shape *s = &j->g.seen;
    place p = place_of(g, k);
    t->prefetch = x + p.oy * s->stride_h * g->x_row + p.ox * s->stride_w * s->in_block;
    t->prefetch_step = g->x_pixel;
    t->prefetch_a = g->xa;
}

// What the tiles of a task have in common.
typedef struct task {
    int64_t image, group, oc_begin, oc_end, begin, end;
    const float *x;
    float *sums;
} task;

// All tiles of a task for one oc tile and the channel blocks from a on. While a piece of the weights is in use, the following
// one is prefetched in equal parts by the tiles: memory is read at an even pace.
static void run_piece(const job *j, onr_conv_tile *t, const task *k, int64_t oc, int64_t a, bool pixels) {
    const onr_conv_geometry *g = &j->g;
    const int nv = set_channels(t, j, k->group, oc);
    const int64_t tile_sums = g->rows * g->max_q * g->lanes, steps = g->n_b * g->n_c * g->block;
    int64_t n, first = onr_conv_geometry_band(g, oc, &n);
    const float *x = k->x + (first + a) * g->xa;
    t->n_a = onr_min_i64(g->a_chunk, n - a);
    t->last_t = first + a + t->n_a == g->n_a ? g->last_t : g->block;
    t->w += a * steps * nv * g->block;
    const int64_t piece = t->n_a * steps * nv * g->block, parts = onr_min_i64(k->end - k->begin, 2 * nv);
    // A banded convolution's weights are not cut: the next oc tile's lie behind, beyond the last nothing is wanted.
    const int64_t tile = g->banded ? piece : g->k * g->lanes;
    const float *next = t->w + (oc + 1 < k->oc_end ? tile : piece - (oc - k->oc_begin) * tile);
    float *sum = k->sums + (oc - k->oc_begin) * g->tile_chunk * tile_sums;
    for (int64_t i = k->begin; i < k->end; i++, sum += tile_sums) {
        const place p = place_of(g, i);
        set_input(t, j, x, &p, NULL);
        set_output(t, j, k->image, k->group, oc, &p);
        t->acc_in = a > 0 ? sum : NULL;
        t->acc_out = a + t->n_a < n ? sum : NULL;
        if (pixels && i + 1 < g->n_tiles) {
            prefetch_pixels(t, j, x, i + 1);
        } else {
            t->prefetch_step = nv * g->block / parts;
            t->prefetch_a = steps * t->prefetch_step;
            t->prefetch = next + (i - k->begin) % parts * piece / parts;
        }
        j->tiles->get(g->kind, p.rows, p.q, nv)(t);
    }
}

// As above with gathering: a window, once filled, serves all oc tiles of the task.
static void run_gathering(const job *j, onr_conv_tile *t, int64_t image, int64_t group, int64_t oc_begin, int64_t oc_end,
                          int64_t k, const float *x, float *window) {
    const onr_conv_geometry *g = &j->g;
    place p = place_of(g, k);
    set_input(t, j, x, &p, window);
    const float *pixels = t->x;
    const int64_t steps = g->n_b * g->n_c * g->block;
    t->prefetch_step = g->lanes;
    t->prefetch_a = steps * g->lanes;
    for (int64_t oc = oc_begin; oc < oc_end; oc++) {
        int nv = set_channels(t, j, group, oc);
        t->x = pixels + onr_conv_geometry_band(g, oc, &t->n_a) * t->xa;
        set_output(t, j, image, group, oc, &p);
        t->prefetch = t->w + t->n_a * steps * nv * g->block;
        j->tiles->get(g->kind, p.rows, p.q, nv)(t);
    }
}

// Copies n pixels of one channel block, from column ox of the row of outputs that starts at `row`.
static inline __attribute__((always_inline)) void copy_block(const onr_conv_shape *s, const int block, const float *row,
                                                             int64_t ox, int64_t n, float *out) {
    const int64_t step = s->stride_w * block;
    for (; n > 0; row += s->stride_h * s->w * block, ox = 0) {
        const int64_t here = onr_min_i64(n, s->ow - ox);
        for (int64_t i = 0; i < here; i++, out += block) memcpy(out, row + (ox + i) * step, (size_t)block * sizeof(float));
        n -= here;
    }
}

// Copies the pixels [begin, end) of the row of outputs, one after the other: [channel block][pixel][channel].
static void copy_pixels(const job *j, const float *x, int64_t begin, int64_t end, float *out) {
    const onr_conv_shape *s = j->a->shape;
    const int64_t oy = begin / s->ow, ox = begin % s->ow, n = end - begin;
    x += oy * s->stride_h * s->w * s->in_block;
    for (int64_t a = 0; a < j->g.n_a; a++, x += s->h * s->w * s->in_block, out += j->g.xa) {
        if (s->in_block == 16)
            copy_block(s, 16, x, ox, n, out);
        else
            copy_block(s, 8, x, ox, n, out);
    }
}

// The input of a task: of its image and group, or its worker's copy of the pixels that it needs. A worker's tasks of one part
// of the row come one after the other: the first of them copies.
static const float *task_input(job *j, size_t worker, int64_t image, int64_t group, int64_t begin, int64_t end, float *copy) {
    const onr_conv_geometry *g = &j->g;
    const onr_conv_shape *s = j->a->shape;
    const int64_t group_blocks = g->c_in / s->in_block;
    const float *x = j->a->x + (image * g->in_blocks + group * group_blocks) * s->h * s->w * s->in_block;
    if (!g->compact) return x;
    const place first = place_of(g, begin), last = place_of(g, end - 1);
    const int64_t key = (image * g->groups + group) * g->n_tiles + begin + 1;
    if (j->copied[worker] != key) copy_pixels(j, x, first.ox, last.ox + last.q, copy);
    j->copied[worker] = key;
    return copy - first.ox * s->in_block;
}

static void run_task(void *ctx, size_t worker, size_t index) {
    job *j = ctx;
    const onr_conv_geometry *g = &j->g;
    const int64_t n_places = g->seen.n * g->n_tile_chunks, n_channels = g->groups * g->n_oc_chunks, i = (int64_t)index;
    const int64_t at = g->by_place ? i / n_channels : i % n_places, channels = g->by_place ? i % n_channels : i / n_places;
    const int64_t image = at / g->n_tile_chunks, chunk = at % g->n_tile_chunks;
    const int64_t group = channels / g->n_oc_chunks, oc_chunk = channels % g->n_oc_chunks;
    const int64_t begin = onr_conv_geometry_part(g->n_tiles, g->n_tile_chunks, chunk),
                  end = onr_conv_geometry_part(g->n_tiles, g->n_tile_chunks, chunk + 1),
                  oc_begin = onr_conv_geometry_part(g->n_oc, g->n_oc_chunks, oc_chunk),
                  oc_end = onr_conv_geometry_part(g->n_oc, g->n_oc_chunks, oc_chunk + 1);
    float *scratch = (float *)(void *)((char *)j->a->scratch + worker * j->a->scratch_step);
    const float *x = task_input(j, worker, image, group, begin, end, scratch + g->sum_floats);
    onr_conv_tile t = {.n_b = g->n_b,
                       .n_c = g->n_c,
                       .xc = g->x_col,
                       .x_pixel = g->x_pixel,
                       .x_row = g->seen.stride_h * g->x_row,
                       .y_row = g->seen.ow * g->block,
                       .y_oc = g->seen.oh * g->seen.ow * g->block,
                       .lo = j->a->lo,
                       .hi = j->a->hi};
    // The first oc tile of a task brings its pixels near for the others, where there are others.
    bool pixels = g->kind == ONR_TILE_POINT && !g->compact && oc_end - oc_begin > 1;
    if (g->gather) {
        for (int64_t k = begin; k < end; k++) run_gathering(j, &t, image, group, oc_begin, oc_end, k, x, scratch);
    } else {
        const task k = {image, group, oc_begin, oc_end, begin, end, x, scratch};
        for (int64_t a = 0; a < g->n_a; a += g->a_chunk)
            for (int64_t oc = oc_begin; oc < oc_end; oc++) run_piece(j, &t, &k, oc, a, pixels && oc == oc_begin);
    }
}

size_t onr_conv_direct_worker_bytes(const onr_conv_tiles *tiles, const onr_conv_shape *s) {
    onr_conv_geometry g;
    onr_conv_geometry_make(tiles, s, &g);
    return (size_t)(g.window_floats + g.sum_floats + g.pixel_floats) * sizeof(float);
}

void onr_conv_direct_run(const onr_conv_tiles *tiles, const onr_conv_args *a) {
    job j = {.a = a, .tiles = tiles};
    onr_conv_geometry_make(tiles, a->shape, &j.g);
    size_t n_tasks = (size_t)(j.g.groups * j.g.n_oc_chunks * j.g.seen.n * j.g.n_tile_chunks);
    onr_pool_for_worker(a->pool, n_tasks, run_task, &j);
}
