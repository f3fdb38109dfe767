// attention_f32.c: attention in float: blocks of queries of one head at a time, whose scores stay in the cache.
// May assume: attention.h. Never allocates; never cuts by the number of threads.
#include "ops/attention.h"

#include "base/mathx.h"
#include "kernels/softmax/softmax.h"
#include "kernels/unary/unary.h"

#include <math.h>
#include <string.h>

enum { BLOCK_SCORES = 1 << 17, LEAST_ROWS = 32 }; // 512 KB of scores at a time

static int64_t block_rows(const onr_attention_dims *d) {
    int64_t rows = BLOCK_SCORES / onr_max_i64(1, d->kv_len);
    return onr_max_i64(1, onr_min_i64(d->q_len, onr_max_i64(LEAST_ROWS, rows)));
}

/// Scratch of one worker: scores of a block, then what the products need.
static bool worker_bytes(const onr_gemm_variant *gemm, const onr_attention_dims *d, size_t *scores, size_t *bytes) {
    int64_t rows = block_rows(d);
    size_t n;
    if (!onr_mul_size((size_t)rows, (size_t)d->kv_len, &n) || !onr_mul_size(n, sizeof(float), &n)) return false;
    *scores = onr_align_up(n, 64);
    size_t a = onr_gemm_scratch_bytes(gemm, rows, d->kv_len, d->head, false);
    size_t b = onr_gemm_scratch_bytes(gemm, rows, d->v_head, d->kv_len, false);
    return onr_add_size(*scores, onr_align_up(a > b ? a : b, 64), bytes);
}

bool onr_attention_scratch_f32(const onr_gemm_variant *gemm, const onr_attention_dims *d, int n_threads, size_t *bytes) {
    size_t scores, each;
    return worker_bytes(gemm, d, &scores, &each) && onr_mul_size(each, (size_t)n_threads, bytes);
}

/// One block of queries of one head.
typedef struct block {
    const onr_attention *a;
    int64_t b, h, row, rows, cols; // cols: keys that any of the rows sees
    float *scores;                 // [rows][cols]
    void *gemm_scratch;
    onr_pool *pool;
} block;

static float *rows_of(const onr_heads *x, int64_t b, int64_t h, int64_t row) {
    return (float *)x->data + b * x->batch + h * x->head + row * x->row;
}

static void show(const block *k, int mode) {
    const onr_attention *a = k->a;
    if (!a->qk || a->qk_mode != mode) return; // then cols is kv_len
    int64_t at = ((k->b * a->d.q_heads + k->h) * a->d.q_len + k->row) * a->d.kv_len;
    memcpy((float *)a->qk + at, k->scores, (size_t)(k->rows * k->cols) * sizeof(float));
}

static void cap(const block *k) {
    const onr_attention *a = k->a;
    if (a->softcap <= 0) return;
    const float c = (float)a->softcap;
    int64_t n = k->rows * k->cols;
    onr_unary_run(a->features, ONR_UNARY_AFFINE, 1 / c, 0, k->scores, k->scores, n, NULL);
    onr_unary_run(a->features, ONR_UNARY_TANH, 0, 0, k->scores, k->scores, n, NULL);
    onr_unary_run(a->features, ONR_UNARY_AFFINE, c, 0, k->scores, k->scores, n, NULL);
}

static void mask(const block *k) {
    const onr_attention *a = k->a;
    for (int64_t i = 0; i < k->rows; i++) {
        float *s = k->scores + i * k->cols;
        int64_t seen = onr_clamp_i64(onr_attention_visible(a, k->b, k->row + i), 0, k->cols);
        if (a->bias) {
            const float *bias = (const float *)a->bias + k->b * a->bias_stride[0] + k->h * a->bias_stride[1] +
                                (k->row + i) * a->bias_stride[2];
            seen = onr_min_i64(seen, a->bias_len);
            if (a->bias_stride[3])
                for (int64_t j = 0; j < seen; j++) s[j] += bias[j];
            else
                for (int64_t j = 0; j < seen; j++) s[j] += bias[0];
        }
        for (int64_t j = seen; j < k->cols; j++) s[j] = -INFINITY;
    }
}

static void run_block(const block *k) {
    const onr_attention *a = k->a;
    const int64_t kv_head = k->h / (a->d.q_heads / a->d.kv_heads);
    onr_gemm_args g = {.m = k->rows,
                       .n = k->cols,
                       .k = a->d.head,
                       .a = rows_of(&a->q, k->b, k->h, k->row),
                       .a_row = a->q.row,
                       .a_col = 1,
                       .b = rows_of(&a->k, k->b, kv_head, 0),
                       .b_row = 1,
                       .b_col = a->k.row,
                       .c = k->scores,
                       .c_row = k->cols,
                       .alpha = (float)a->scale,
                       .lo = -INFINITY,
                       .hi = INFINITY,
                       .scratch = k->gemm_scratch,
                       .pool = k->pool};
    onr_gemm_run(a->gemm, &g);
    show(k, ONR_QK_RAW);
    cap(k);
    show(k, ONR_QK_CAPPED);
    mask(k);
    show(k, ONR_QK_BIASED);
    onr_softmax_run(a->features, false, k->scores, k->scores, k->rows, k->cols, 1, k->pool);
    show(k, ONR_QK_SOFTMAX);
    g.n = a->d.v_head;
    g.k = k->cols;
    g.a = k->scores;
    g.a_row = k->cols;
    g.b = rows_of(&a->v, k->b, kv_head, 0);
    g.b_row = a->v.row;
    g.b_col = 1;
    g.c = rows_of(&a->y, k->b, k->h, k->row);
    g.c_row = a->y.row;
    g.alpha = 1;
    onr_gemm_run(a->gemm, &g);
}

typedef struct blocks {
    const onr_attention *a;
    int64_t rows, per_head;
    size_t scores_bytes, worker_bytes;
    onr_pool *inner; // for the products, when blocks are not shared out themselves
} blocks;

static void run_one(void *ctx, size_t worker, size_t i) {
    const blocks *all = ctx;
    const onr_attention *a = all->a;
    char *scratch = (char *)a->scratch + worker * all->worker_bytes;
    int64_t head = (int64_t)i / all->per_head;
    block k = {.a = a,
               .b = head / a->d.q_heads,
               .h = head % a->d.q_heads,
               .row = (int64_t)i % all->per_head * all->rows,
               .cols = a->d.kv_len,
               .scores = (float *)(void *)scratch,
               .gemm_scratch = scratch + all->scores_bytes,
               .pool = all->inner};
    k.rows = onr_min_i64(all->rows, a->d.q_len - k.row);
    if (!a->qk && a->d.kv_len > 0) k.cols = onr_clamp_i64(onr_attention_visible(a, k.b, k.row + k.rows - 1), 1, a->d.kv_len);
    run_block(&k);
}

void onr_attention_run_f32(const onr_attention *a) {
    blocks all = {.a = a, .rows = block_rows(&a->d)};
    if (!a->d.q_len || !a->d.batch || !a->d.q_heads) return;
    worker_bytes(a->gemm, &a->d, &all.scores_bytes, &all.worker_bytes);
    all.per_head = onr_ceil_div(a->d.q_len, all.rows);
    size_t n = (size_t)(a->d.batch * a->d.q_heads * all.per_head);
    if (n > 1) {
        onr_pool_for_worker(a->pool, n, run_one, &all);
        return;
    }
    all.inner = a->pool;
    run_one(&all, 0, 0);
}
