// lab.c: running small graphs below the public interface.
// May assume: graphs of at most MOST inputs. Never compares with anything stored.
#include "support/lab.h"

#include "graph/edit.h"
#include "run/executor.h"
#include "run/interpreter.h"
#include "support/cmocka.h"
#include "support/plan_check.h"
#include "support/rng.h"

#include <math.h>
#include <string.h>

enum { MOST = 32 };

lab *lab_new(int level, const char *cpu, int n_threads) {
    onr_arena *a = onr_arena_new(0);
    lab *l = a ? onr_arena_alloc(a, sizeof *l) : NULL;
    assert_non_null(l);
    l->arena = a;
    l->target = (onr_target){.opt_level = level, .reference = level == 0, .allow_winograd = level > 1};
    onr_cpu_detect(&l->target.cpu);
    if (onr_cpu_cap(&l->target.cpu, cpu, &l->err) != ONR_OK) fail_msg("%s", l->err.text);
    l->pool = onr_pool_new(n_threads);
    onr_pool_await(l->pool);
    l->packs = onr_packs_new(0);
    assert_true(l->pool && l->packs);
    l->random = 1;
    l->env = (onr_env){
        .target = &l->target, .pool = l->pool, .packs = l->packs, .random = &l->random, .run_graph = onr_interpret_subgraph};
    return l;
}

void lab_free(lab *l) {
    onr_packs_free(l->packs);
    onr_pool_free(l->pool);
    onr_arena_free(l->arena);
}

// ---- passes -----------------------------------------------------------------------------------------------------------------

bool lab_lists(const char *words, const char *name) {
    size_t n = strlen(name);
    for (const char *at = words; (at = strstr(at, name)); at += n)
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || !at[n])) return true;
    return false;
}

void lab_optimize(lab *l, const char *what, onr_graph *g, const char *passes, const char *stop_after, onr_pass_count *counts,
                  int32_t *n_counts) {
    const char *disable[ONR_MAX_PASSES + 1] = {NULL};
    size_t n = 0;
    for (size_t i = 0; passes && onr_pass_at(i); i++)
        if (!lab_lists(passes, onr_pass_at(i)->name)) disable[n++] = onr_pass_at(i)->name;
    onr_pipeline_options o = {.disable = disable, .stop_after = stop_after, .verify = true};
    if (onr_optimize(g, &l->target, l->arena, &l->env, NULL, &o, counts, n_counts, &l->err) != ONR_OK)
        fail_msg("%s: %s", what, l->err.text);
}

// ---- data -------------------------------------------------------------------------------------------------------------------

static void fill_element(rng *r, onr_dtype dtype, char *to) {
    if (dtype == ONR_FLOAT) {
        float v = rng_f32(r, -1, 1);
        memcpy(to, &v, sizeof v);
    } else if (dtype == ONR_DOUBLE) {
        double v = rng_f64(r, -1, 1);
        memcpy(to, &v, sizeof v);
    } else {
        memset(to, 0, onr_dtype_size(dtype));
        to[0] = (char)rng_below(r, 2); // little-endian
    }
}

void lab_inputs(lab *l, const onr_graph *g, int64_t size, uint64_t seed, onr_datum *out) {
    rng r;
    rng_seed(&r, seed);
    assert_true(g->n_inputs <= MOST);
    for (int32_t i = 0; i < g->n_inputs; i++) {
        onr_type t = *g->inputs[i]->declared;
        int64_t n = 0;
        assert_int_equal(t.kind, ONR_TENSOR);
        for (int32_t k = 0; k < t.shape.rank; k++)
            if (!onr_dim_known(t.shape.dim[k])) t.shape.dim[k] = size;
        assert_true(onr_shape_numel(&t.shape, &n));
        size_t e = onr_dtype_size(t.dtype);
        char *data = onr_arena_alloc_aligned(l->arena, (size_t)n * e, 64);
        assert_non_null(data);
        for (int64_t k = 0; k < n; k++) fill_element(&r, t.dtype, data + (size_t)k * e);
        out[i] = onr_datum_borrow(t.dtype, &t.shape, data);
    }
}

// ---- running ----------------------------------------------------------------------------------------------------------------

static void point_at(const onr_graph *g, const onr_datum *in, const onr_datum **list) {
    for (int32_t i = 0; i < g->n_inputs; i++) list[i] = in[i].kind == ONR_KIND_UNKNOWN ? NULL : &in[i];
}

onr_status lab_interpret(lab *l, const onr_graph *g, const onr_datum *in, onr_datum *out) {
    const onr_datum *list[MOST];
    point_at(g, in, list);
    memset(out, 0, (size_t)g->n_outputs * sizeof *out);
    return onr_interpret(g, list, g->n_inputs, NULL, out, &l->env, NULL, &l->err);
}

onr_status lab_plan(lab *l, const char *what, const onr_graph *g, const onr_datum *in, onr_datum *out) {
    const onr_datum *list[MOST];
    onr_type types[MOST];
    onr_plan *p = NULL;
    onr_frame *f = NULL;
    point_at(g, in, list);
    memset(out, 0, (size_t)g->n_outputs * sizeof *out);
    for (int32_t i = 0; i < g->n_inputs; i++) types[i] = list[i] ? onr_datum_type(list[i]) : onr_type_unknown();
    ONR_TRY(onr_plan_new(g, types, &l->target, l->packs, l->pool, 0, l->watched, &p, &l->err));
    plan_check_sound(what, p);
    onr_buf *memory = onr_buf_new(p->arena_bytes);
    if (!memory || onr_frame_new(p, &f, &l->err) != ONR_OK) fail_msg("%s: %s", what, l->err.text);
    memset(memory->data, 0xff, p->arena_bytes);
    onr_status s = onr_frame_run(f, memory->data, list, out, &l->env, NULL, &l->err);
    onr_frame_free(f);
    onr_buf_unref(memory);
    onr_plan_free(p);
    return s;
}

void lab_assert_near(const char *what, const onr_graph *g, const onr_datum *got, const onr_datum *want, double tolerance) {
    for (int32_t i = 0; i < g->n_outputs; i++) {
        char a[ONR_TYPE_TEXT], b[ONR_TYPE_TEXT];
        onr_type x = onr_datum_type(&got[i]), y = onr_datum_type(&want[i]);
        if (x.kind != ONR_TENSOR || !onr_type_equal(&x, &y))
            fail_msg("%s: output %d is %s, expected %s", what, i, onr_type_text(&x, NULL, a), onr_type_text(&y, NULL, b));
        double largest = 0;
        int64_t n = onr_tensor_numel(&want[i].t);
        if (!onr_dtype_is_float(y.dtype)) {
            if (n && memcmp(got[i].t.data, want[i].t.data, onr_tensor_bytes(&want[i].t)) != 0)
                fail_msg("%s: output %d differs", what, i);
            continue;
        }
        for (int64_t k = 0; k < n; k++) largest = fmax(largest, fabs(onr_tensor_num(&want[i].t, k)));
        for (int64_t k = 0; k < n; k++) {
            double u = onr_tensor_num(&got[i].t, k), v = onr_tensor_num(&want[i].t, k);
            bool same = u == v || (isnan(u) && isnan(v)) || fabs(u - v) <= tolerance * (1 + (isfinite(largest) ? largest : 0));
            if (!same) fail_msg("%s: output %d[%d] is %.9g, expected %.9g", what, i, (int)k, u, v);
        }
    }
}

void lab_release(const onr_graph *g, onr_datum *out) {
    for (int32_t i = 0; i < g->n_outputs; i++) onr_datum_release(&out[i]);
}
