// gemm_pack.c: packing B, in parts where its columns lie one after the other.
// May assume: the content is float, perhaps not aligned. Never keeps a copy besides the packed form.
#include "ops/gemm_pack.h"

#include "base/mathx.h"
#include "ops/packs.h"

#include <stdio.h>

enum { PART_BYTES = 1 << 20 };

typedef struct pack_job {
    onr_packs *packs;
    onr_pool *pool;
    const onr_gemm_variant *v;
    const char *data;
    int64_t k, n;
    bool transposed;
} pack_job;

/// Columns [first, first + n) of B, whose content starts at `data`.
static bool pack_part(const pack_job *j, const char *data, int64_t first, int64_t n, float *packed) {
    float *temp;
    const float *b = onr_align_floats(data, (size_t)(j->k * n), &temp);
    if (!b) return false;
    char *to = (char *)packed + onr_gemm_packed_b_bytes(j->v, j->k, first);
    const int64_t row = j->transposed ? 1 : n, col = j->transposed ? j->k : 1;
    onr_gemm_pack_b(j->v, j->k, n, b, row, col, (float *)(void *)to, j->pool);
    onr_free(temp);
    return true;
}

static bool pack(void *ctx, void *packed) {
    const pack_job *j = ctx;
    if (!j->transposed) return pack_part(j, j->data, 0, j->n, packed);
    const int64_t column = j->k * (int64_t)sizeof(float), unit = onr_gemm_panel(j->v) * onr_pool_threads(j->pool);
    const int64_t each = onr_max_i64(unit, PART_BYTES / onr_max_i64(1, column) / unit * unit);
    for (int64_t first = 0; first < j->n; first += each) {
        const int64_t n = onr_min_i64(each, j->n - first);
        const char *data = j->data + first * column;
        if (!pack_part(j, data, first, n, packed)) return false;
        if (j->packs) onr_packs_done_with(j->packs, data, (size_t)(n * column));
    }
    return true;
}

const float *onr_prepare_gemm_b(onr_prepare *c, int32_t i, const onr_gemm_variant *v, int64_t k, int64_t n, bool transposed) {
    pack_job job = {c->packs, c->pool, v, c->constant[i]->t.data, k, n, transposed};
    char tag[96];
    snprintf(tag, sizeof tag, "gemm %s t%d", onr_gemm_name(v), transposed);
    return onr_prepare_pack(c, i, tag, onr_gemm_packed_b_bytes(v, k, n), pack, &job);
}
