// loops_body.h: the loops over blocks of tiles and groups of outputs, and over threads.
// May assume: tiles_body.h came first, `style`, `multiply` and EXTRA_FLOATS (a worker's further scratch) are defined.
// Never cuts work by the number of threads; the sums of a tile do not depend on its block.
//
// A worker's scratch: [EXTRA_FLOATS][accumulators of a group][transformed input of a block]. With few blocks the threads share
// out the groups of outputs, and each of them transforms the whole input for itself: shared, the transform alone took two
// threads 42 microseconds for 256 channels of 14x14, and by the cost model (plan.c) one thread needs 7 when nobody else looks.

static float *own_part(const job *j, size_t worker) {
    return (float *)(void *)((char *)j->a->scratch + worker * j->a->scratch_step);
}

static void one_group(const job *j, const onr_wino_block *b, int64_t group, float *own) {
    float *m = own + EXTRA_FLOATS, *v = m + j->plan.m_floats;
    multiply(j, b, v, group, m, own);
    transform_out(j, b, group, m);
}

static void transform_all(const job *j, const onr_wino_block *b, float *own) {
    float *v = own + EXTRA_FLOATS + j->plan.m_floats;
    for (int64_t cb = 0; cb < j->plan.c_blocks; cb++) transform_in(j, b, cb, v);
}

static void whole_block(void *ctx, size_t worker, size_t i) {
    const job *j = ctx;
    onr_wino_block b;
    onr_wino_block_make(&j->plan, (int64_t)i, &b);
    transform_all(j, &b, own_part(j, worker));
    for (int64_t g = 0; g < j->plan.n_groups; g++) one_group(j, &b, g, own_part(j, worker));
}

static void group_of_block(void *ctx, size_t worker, size_t i) {
    job *j = ctx;
    if (!j->has_input[worker]) transform_all(j, &j->block, own_part(j, worker));
    j->has_input[worker] = true;
    one_group(j, &j->block, (int64_t)i, own_part(j, worker));
}

static void run(const onr_conv_args *a) {
    job j = {.a = a, .s = a->shape};
    onr_wino_plan_make(a->shape, &style, &j.plan);
    if (!j.plan.by_group) {
        onr_pool_for_worker(a->pool, (size_t)j.plan.n_blocks, whole_block, &j);
        return;
    }
    for (int64_t i = 0; i < j.plan.n_blocks; i++) {
        onr_wino_block_make(&j.plan, i, &j.block);
        memset(j.has_input, 0, sizeof j.has_input);
        onr_pool_for_worker(a->pool, (size_t)j.plan.n_groups, group_of_block, &j);
    }
}

static size_t worker_bytes(const onr_conv_shape *s) {
    onr_wino_plan p;
    onr_wino_plan_make(s, &style, &p);
    return sizeof(float) * (EXTRA_FLOATS + p.v_floats + p.m_floats);
}
