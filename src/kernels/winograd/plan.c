// plan.c: tiles, blocks and the sizes of their buffers for Winograd convolutions.
// May assume: the shape passed onr_wino_supports. Never touches data.
#include "kernels/winograd/plan.h"

#include "base/mathx.h"

enum { PAD_FLOATS = 16 };

bool onr_wino_supports(const onr_conv_shape *s, int32_t stride) {
    return s->kh == 3 && s->kw == 3 && s->stride_h == stride && s->stride_w == stride && s->dil_h == 1 && s->dil_w == 1 &&
           s->groups == 1 && s->in_block == s->out_block && s->oh > 0 && s->ow > 0 && s->n > 0;
}

static void make_classes(const onr_conv_shape *s, int32_t m, onr_wino_plan *p) {
    const int64_t full_rows = s->oh / m, full_cols = s->ow / m;
    const int32_t r = (int32_t)(s->oh % m), c = (int32_t)(s->ow % m);
    p->cls[0] = (onr_wino_class){0, full_rows, full_cols, 0, 0, m, m};
    p->cls[1] = (onr_wino_class){0, r ? 1 : 0, full_cols, full_rows, 0, r, m};
    p->cls[2] = (onr_wino_class){0, full_rows, c ? 1 : 0, 0, full_cols, m, c};
    p->cls[3] = (onr_wino_class){0, r ? 1 : 0, c ? 1 : 0, full_rows, full_cols, r, c};
    p->n_tiles = 0;
    for (int k = 0; k < WINO_CLASSES; k++) {
        p->cls[k].n = s->n * p->cls[k].rows * p->cls[k].cols;
        p->n_tiles += p->cls[k].n;
    }
}

enum {
    MANY_BLOCKS = 8,       // from here on each thread takes whole blocks
    WHOLE_BYTES = 3 << 20, // and for fewer blocks when every thread may as well read all weights of this size: inputs and
                           // outputs then stay on the core that needs them next
    FAR_BYTES = 12 << 20,  // transformed weights that come from memory again for each block: then fewer and larger blocks,
                           // whose input comes from the third-level cache (512 channels of 7x7, batch 8: 9.6 to 6.4 ms)
};

void onr_wino_plan_make(const onr_conv_shape *s, const onr_wino_style *how, onr_wino_plan *p) {
    p->how = *how;
    p->edge = onr_wino_span(how->stride, how->m);
    p->c_blocks = onr_ceil_div(s->c_in, how->lanes);
    p->n_groups = onr_ceil_div(s->c_out, how->wide);
    make_classes(s, how->m, p);
    const int64_t points = (int64_t)p->edge * p->edge;
    const int64_t tile_floats = points * p->c_blocks * how->lanes;
    const int64_t weights = (how->plain ? 9 : points) * s->c_in * p->n_groups * how->wide * (int64_t)sizeof(float);
    const bool far = !how->plain && weights > FAR_BYTES;
    const int64_t most = onr_clamp_i64((far ? 4 : 1) * how->block_floats / tile_floats, how->min_tiles,
                                       (far ? 2 : 1) * how->max_tiles);
    p->n_blocks = onr_ceil_div(p->n_tiles, most);
    if (p->n_blocks > 1 && p->n_blocks < MANY_BLOCKS) p->n_blocks += p->n_blocks & 1; // an even number shares out better
    p->block_tiles = onr_ceil_div(p->n_tiles, p->n_blocks);
    p->n_blocks = onr_ceil_div(p->n_tiles, p->block_tiles);
    p->by_group = p->n_blocks < 2 || (p->n_blocks < MANY_BLOCKS && weights > WHOLE_BYTES);
    p->v_floats = (size_t)(points * (p->c_blocks * p->block_tiles * how->lanes + PAD_FLOATS));
    p->m_floats = (size_t)(points * (p->block_tiles * how->wide + PAD_FLOATS));
}

static bool uses(const onr_wino_plan *p, const onr_wino_class *c, int i, int j) {
    return i < onr_wino_span(p->how.stride, c->r) && j < onr_wino_span(p->how.stride, c->s);
}

static void block_tiles(const onr_wino_plan *p, int64_t i, onr_wino_block *b) {
    int64_t begin = i * p->block_tiles, end = onr_min_i64(begin + p->block_tiles, p->n_tiles);
    for (int k = 0; k < WINO_CLASSES; k++) {
        const int64_t from = onr_clamp_i64(begin, 0, p->cls[k].n), to = onr_clamp_i64(end, 0, p->cls[k].n);
        b->first[k] = from;
        b->n[k] = to - from;
        begin -= p->cls[k].n;
        end -= p->cls[k].n;
    }
}

void onr_wino_block_make(const onr_wino_plan *p, int64_t i, onr_wino_block *b) {
    block_tiles(p, i, b);
    const int64_t lanes = p->how.lanes;
    size_t v_at = 0, m_at = 0;
    for (int row = 0; row < p->edge; row++) {
        int64_t in_row = 0;
        for (int q = row * p->edge; q < (row + 1) * p->edge; q++) {
            b->tiles[q] = 0;
            for (int k = 0; k < WINO_CLASSES; k++) b->tiles[q] += uses(p, &p->cls[k], row, q - row * p->edge) ? b->n[k] : 0;
            in_row += b->tiles[q];
        }
        for (int q = row * p->edge; q < (row + 1) * p->edge; q++) {
            b->v_at[q] = v_at;
            b->v_step[q] = (p->how.by_row ? in_row : b->tiles[q]) * lanes;
            b->m_at[q] = m_at;
            v_at += p->how.by_row ? (size_t)(b->tiles[q] * lanes) : (size_t)(p->c_blocks * b->tiles[q] * lanes) + PAD_FLOATS;
            m_at += (size_t)(b->tiles[q] * p->how.wide) + (p->how.by_row ? 0 : PAD_FLOATS);
        }
        if (p->how.by_row) v_at += (size_t)((p->c_blocks - 1) * in_row * lanes) + PAD_FLOATS;
    }
}

int64_t onr_wino_place(const onr_wino_plan *p, const onr_wino_block *b, int cls, int i, int j) {
    int64_t at = 0;
    for (int k = 0; k < cls; k++) at += uses(p, &p->cls[k], i, j) ? b->n[k] : 0;
    return at;
}

// What the cost model knows of a machine: cycles per microsecond, what a megabyte of prepacked weights from memory costs in
// microseconds (beside the arithmetic, and at least), and cycles for an input channel's taps of two vectors of outputs.
typedef struct machine {
    double cycles_per_us, beside, bound, taps;
} machine;

// Measured, weights read from memory, as in a network whose weights are larger than the caches. AVX-512: Zen 5 cores with 221
// and 272 GFLOP/s and 34 to 52 GB/s, in times of the slower one. AVX2: a Zen 3 core with 104 GFLOP/s and 18 to 21 GB/s.
static machine machine_of(int32_t lanes) { return lanes == 16 ? (machine){3450, 5, 32, 150} : (machine){3300, 20, 66, 240}; }

static double larger(double a, double b) { return a > b ? a : b; }

// Products run at 95 % of the peak; a tile's transform of one block of channels takes some 100 cycles for 36 points, in or out.
// Each further pass over prepacked weights for the next block of tiles costs 4 us/MB. The fused kernel is bound by two loads
// per cycle (42 of taps per block of tiles, one per product) and reaches 1 / 1.3 of that. The chunked kernel pays for the taps
// of each input channel, group and block, and 9 % for reloading its accumulators. Plain taps cost 20 us/MB in the chunked
// kernel (45 where they are larger than 4 MB); the fused one waits for memory as the prepacked one does, where they are.
double onr_wino_cost(const onr_conv_shape *s, const onr_wino_style *how, onr_wino_kind kind) {
    const machine on = machine_of(how->lanes);
    const double cycles_per_us = on.cycles_per_us;
    onr_wino_plan p;
    onr_wino_plan_make(s, how, &p);
    double products = 0;
    for (int k = 0; k < WINO_CLASSES; k++)
        products += (double)p.cls[k].n * onr_wino_span(how->stride, p.cls[k].r) * onr_wino_span(how->stride, p.cls[k].s);
    const double c = (double)s->c_in, outputs = (double)(p.n_groups * how->wide), points = (double)p.edge * p.edge;
    const double blocks = (double)p.n_blocks, k_blocks = outputs / how->lanes;
    const double transforms = (double)p.n_tiles * ((double)p.c_blocks + k_blocks) * 100 * points / 36 / cycles_per_us;
    const double plain = 9 * c * outputs * 4e-6;
    if (kind == WINO_FUSED)
        return larger(transforms + 1.3 * (products + 42 * blocks) / 2 * c * k_blocks / cycles_per_us,
                      plain > 4 ? on.bound * plain : 0);
    const double compute = products * c * outputs / (2 * how->lanes * cycles_per_us * 0.95);
    if (kind == WINO_STREAM)
        return transforms + 1.09 * compute + blocks * c * (double)p.n_groups * on.taps / cycles_per_us +
               (plain > 4 ? 45 : 20) * plain;
    const double megabytes = points * c * outputs * 4e-6;
    return larger(transforms + compute + (4 * (blocks - 1) + on.beside) * megabytes, on.bound * megabytes);
}

// Loads bound it, too: nine of taps and one for each product of rows inside, at 1 / 1.15 of two per cycle.
double onr_wino_row_cost(const onr_conv_shape *s, int32_t lanes) {
    const machine on = machine_of(lanes);
    const double c = (double)s->c_in, k_blocks = (double)onr_ceil_div(s->c_out, lanes), plain = 36e-6 * c * k_blocks * lanes;
    const double products = (double)((3 * s->oh - 2) * (s->ow + 2));
    return larger(1.15 * (products + 9) / 2 * c * k_blocks / on.cycles_per_us, plain > 4 ? on.bound * plain : 0);
}
