// loops_body.h: the loops over blocks of tiles and groups of outputs, and over threads.
// May assume: tiles_body.h came first, `style`, `multiply` and EXTRA_FLOATS (a worker's further scratch) are defined.
// Never cuts work by the number of threads; the sums of a tile do not depend on its block.
static void shared_in(void *ctx, size_t worker, size_t i) {
    const job *j = ctx;
    (void)worker;
    transform_in(j, &j->block, (int64_t)i, j->v);
}
static void shared_out(void *ctx, size_t worker, size_t i) {
    const job *j = ctx;
    float *m = j->own + worker * j->own_floats;
    multiply(j, &j->block, j->v, (int64_t)i, m + EXTRA_FLOATS, m);
    transform_out(j, &j->block, (int64_t)i, m + EXTRA_FLOATS);
}

static void whole_block(void *ctx, size_t worker, size_t i) {
    const job *j = ctx;
    float *extra = j->own + worker * j->own_floats, *v = extra + EXTRA_FLOATS, *m = v + j->plan.v_floats;
    onr_wino_block b;
    onr_wino_block_make(&j->plan, (int64_t)i, &b);
    for (int64_t cb = 0; cb < j->plan.c_blocks; cb++) transform_in(j, &b, cb, v);
    for (int64_t g = 0; g < j->plan.n_groups; g++) {
        multiply(j, &b, v, g, m, extra);
        transform_out(j, &b, g, m);
    }
}

static void run(const onr_conv_args *a) {
    job j = {.a = a, .s = a->shape};
    onr_wino_plan_make(a->shape, &style, &j.plan);
    j.v = a->scratch;
    if (!j.plan.share) {
        j.own = j.v;
        j.own_floats = EXTRA_FLOATS + j.plan.v_floats + j.plan.m_floats;
        onr_pool_for_worker(a->pool, (size_t)j.plan.n_blocks, whole_block, &j);
        return;
    }
    j.own = j.v + j.plan.v_floats;
    j.own_floats = EXTRA_FLOATS + j.plan.m_floats;
    for (int64_t i = 0; i < j.plan.n_blocks; i++) {
        onr_wino_block_make(&j.plan, i, &j.block);
        onr_pool_for_worker(a->pool, (size_t)j.plan.c_blocks, shared_in, &j);
        onr_pool_for_worker(a->pool, (size_t)j.plan.n_groups, shared_out, &j);
    }
}

static size_t scratch_bytes(const onr_conv_shape *s, int n_threads) {
    onr_wino_plan p;
    onr_wino_plan_make(s, &style, &p);
    const size_t n = (size_t)n_threads;
    return sizeof(float) *
           (p.share ? p.v_floats + n * (EXTRA_FLOATS + p.m_floats) : n * (EXTRA_FLOATS + p.v_floats + p.m_floats));
}
