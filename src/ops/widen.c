// widen.c: float16 and bfloat16 to float and back.
// May assume: the types are narrow. Never knows which operator is inside.
#include "ops/widen.h"

#include "base/half.h"

enum { GRAIN = 16384 }; // elements per task

typedef struct job {
    onr_dtype narrow;
    const uint16_t *from;
    uint16_t *to;
    const float *wide_from;
    float *wide_to;
} job;

static void widen_part(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    if (j->narrow == ONR_FLOAT16)
        for (size_t i = begin; i < end; i++) j->wide_to[i] = onr_f16_to_f32(j->from[i]);
    else
        for (size_t i = begin; i < end; i++) j->wide_to[i] = onr_bf16_to_f32(j->from[i]);
}

static void narrow_part(void *ctx, size_t begin, size_t end) {
    const job *j = ctx;
    if (j->narrow == ONR_FLOAT16)
        for (size_t i = begin; i < end; i++) j->to[i] = onr_f32_to_f16(j->wide_from[i]);
    else
        for (size_t i = begin; i < end; i++) j->to[i] = onr_f32_to_bf16(j->wide_from[i]);
}

void onr_widen(onr_dtype from, const void *src, float *dst, int64_t n, onr_pool *pool) {
    onr_pool_for(pool, (size_t)n, GRAIN, widen_part, &(job){.narrow = from, .from = src, .wide_to = dst});
}

void onr_narrow(onr_dtype to, const float *src, void *dst, int64_t n, onr_pool *pool) {
    onr_pool_for(pool, (size_t)n, GRAIN, narrow_part, &(job){.narrow = to, .wide_from = src, .to = dst});
}

onr_status onr_widen_datum(const onr_datum *d, onr_pool *pool, onr_datum *out, onr_err *err) {
    ONR_TRY(onr_datum_new(ONR_FLOAT, &d->t.shape, out, err));
    onr_widen(d->t.dtype, d->t.data, out->t.data, onr_tensor_numel(&d->t), pool);
    return ONR_OK;
}
