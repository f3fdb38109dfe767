// onnxrun.c: the roof: bytes -> model -> graph -> optimized graph -> plan -> run -> outputs, behind the public interface.
// May assume: the caller keeps the thread rule of onnxrun.h. Never does the work of a stage itself.
#include "onnxrun.h"

#include "graph/edit.h"
#include "onnxrun_session.h"
#include "run/interpreter.h"

#include <string.h>

const char *onnxrun_version(void) { return ONNXRUN_VERSION; }

// ---- models
// ------------------------------------------------------------------------------------------------------------------------

static onr_log make_log(onnxrun_log_fn fn, void *user, onnxrun_log_level level) {
    return (onr_log){.fn = (void (*)(void *, onr_log_level, const char *))fn, .user = user, .max_level = (onr_log_level)level};
}

onnxrun_load_options onnxrun_load_options_default(void) { return (onnxrun_load_options){.size = sizeof(onnxrun_load_options)}; }

static onnxrun_status keep_model(onr_model *m, const onr_log *log, const onnxrun_limits *limits, onnxrun_model **out,
                                 onr_err *err) {
    onnxrun_model *model = onr_malloc(sizeof *model);
    onr_status s = model ? ONR_OK : onr_no_memory(err, sizeof *model);
    if (model) *model = (onnxrun_model){.m = m, .log = *log, .limits = *limits};
    if (model) s = onr_limits_keep(&model->limits, m->arena, err);
    if (s != ONR_OK) {
        onr_free(model);
        onr_model_free(m);
        return (onnxrun_status)s;
    }
    *out = model;
    return ONNXRUN_OK;
}

/// What both ways of loading make of the options. An older caller's struct is shorter.
static void read_load_options(const onnxrun_load_options *given, onnxrun_load_options *o, onnxrun_limits *limits,
                              onr_load_options *load) {
    *o = onnxrun_load_options_default();
    if (given) memcpy(o, given, given->size < sizeof *o ? given->size : sizeof *o);
    *limits = onr_limits_of(o->limits);
    *load = onr_limits_load(limits);
    load->log = make_log(o->log, o->log_user, o->log_level);
}

onnxrun_status onnxrun_model_load(const char *path, const onnxrun_load_options *options, onnxrun_model **out,
                                  onnxrun_error *error) {
    onnxrun_error own;
    onr_err *err = onr_err_inner(error ? error : &own);
    onnxrun_load_options o;
    onnxrun_limits limits;
    onr_load_options load;
    onr_model *m = NULL;
    *out = NULL;
    read_load_options(options, &o, &limits, &load);
    onr_status s = onr_model_load(path, &load, &m, err);
    return s == ONR_OK ? keep_model(m, &load.log, &limits, out, err) : (onnxrun_status)s;
}

onnxrun_status onnxrun_model_load_memory(const void *data, size_t bytes, const onnxrun_load_options *options,
                                         onnxrun_model **out, onnxrun_error *error) {
    onnxrun_error own;
    onr_err *err = onr_err_inner(error ? error : &own);
    onnxrun_load_options o;
    onnxrun_limits limits;
    onr_load_options load;
    onr_model *m = NULL;
    *out = NULL;
    read_load_options(options, &o, &limits, &load);
    onr_status s = onr_model_load_memory(data, bytes, NULL, o.folder, &load, &m, err);
    return s == ONR_OK ? keep_model(m, &load.log, &limits, out, err) : (onnxrun_status)s;
}

void onnxrun_model_free(onnxrun_model *m) {
    if (!m) return;
    onr_model_free(m->m);
    onr_free(m);
}

size_t onnxrun_model_n_inputs(const onnxrun_model *m) { return (size_t)m->m->graph->n_inputs; }
size_t onnxrun_model_n_outputs(const onnxrun_model *m) { return (size_t)m->m->graph->n_outputs; }
const char *onnxrun_model_input_name(const onnxrun_model *m, size_t i) { return m->m->graph->inputs[i]->name; }
const char *onnxrun_model_output_name(const onnxrun_model *m, size_t i) { return m->m->graph->outputs[i]->name; }

static void show_type(const onnxrun_model *m, const onr_value *v, onnxrun_type *out) {
    const onr_type unknown = onr_type_unknown(), *t = v->declared ? v->declared : &unknown;
    *out = (onnxrun_type){.kind = (onnxrun_kind)t->kind, .dtype = (onnxrun_dtype)t->dtype, .rank = t->shape.rank};
    if (t->kind != ONR_TENSOR) out->rank = -1;
    for (int32_t i = 0; i < out->rank; i++) {
        out->dims[i] = onr_dim_known(t->shape.dim[i]) ? t->shape.dim[i] : -1;
        out->symbols[i] = onr_symbol_name(m->m->symbols, t->shape.dim[i]);
    }
    onr_type_text(t, m->m->symbols, out->text);
}

void onnxrun_model_input_type(const onnxrun_model *m, size_t i, onnxrun_type *out) {
    show_type(m, m->m->graph->inputs[i], out);
}
void onnxrun_model_output_type(const onnxrun_model *m, size_t i, onnxrun_type *out) {
    show_type(m, m->m->graph->outputs[i], out);
}

// ---- sessions
// ----------------------------------------------------------------------------------------------------------------------

onnxrun_session_options onnxrun_session_options_default(void) {
    return (onnxrun_session_options){.size = sizeof(onnxrun_session_options), .opt_level = 2};
}

static onr_status make_target(onnxrun_session *s, const onnxrun_session_options *o, onr_err *err) {
    if (o->opt_level < 0 || o->opt_level > 2)
        return onr_fail(err, ONR_USAGE, "optimization level %d is not 0, 1 or 2", o->opt_level);
    onr_cpu_detect(&s->target.cpu);
    ONR_TRY(onr_cpu_cap(&s->target.cpu, o->cpu ? o->cpu : "native", err));
    s->target.opt_level = o->opt_level;
    s->target.reference = o->opt_level == 0;
    s->target.allow_winograd = o->opt_level >= 2;
    s->target.prefer_memory = o->prefer_memory;
    s->target.guard = &s->guard;
    return ONR_OK;
}

/// A layer's weights were packed: its pages of the model file are not needed any more.
static void drop_source(void *user, const void *data, size_t bytes) { onr_model_drop_pages(user, data, bytes); }

void onr_session_enter(onnxrun_session *s) {
    if (s->flush) s->caller_mode = onr_fp_flush();
}

void onr_session_leave(const onnxrun_session *s) {
    if (s->flush) onr_fp_restore(s->caller_mode);
}

/// The smaller of two limits; 0 is none.
static size_t smaller(size_t a, size_t b) { return !a || (b && b < a) ? b : a; }

static onr_status make_parts(onnxrun_session *s, const onnxrun_session_options *o, onr_err *err) {
    ONR_TRY(make_target(s, o, err));
    int n_threads = o->n_threads > 0 ? o->n_threads : s->target.cpu.n_cores;
    s->random = o->seed ? o->seed : 0x6f6e6e7872756eu;
    s->plan_only = o->plan_only;
    s->max_memory = s->plan_only ? 0 : smaller(o->max_memory, s->max_memory);
    s->max_plans = o->max_plans ? o->max_plans : 8;
    s->log = make_log(o->log, o->log_user, o->log_level);
    s->packs = onr_packs_new(s->max_memory);
    s->pool = onr_pool_new(n_threads);
    s->plans = onr_malloc(s->max_plans * sizeof *s->plans);
    if (!s->packs || !s->pool || !s->plans)
        return onr_fail(err, ONR_LIMIT, "no memory or threads for a session of %d threads", n_threads);
    if (s->plan_only) onr_packs_measure(s->packs);
    if (o->flush_denormals && !onr_fp_can_flush())
        return onr_fail(err, ONR_UNSUPPORTED, "this CPU has no mode that takes denormal numbers as zero");
    s->flush = o->flush_denormals;
    onr_pool_flush_denormals(s->pool, s->flush);
    onr_packs_on_packed(s->packs, drop_source, (void *)(uintptr_t)s->m);
    s->env = (onr_env){.target = &s->target,
                       .pool = s->pool,
                       .packs = s->packs,
                       .log = &s->log,
                       .random = &s->random,
                       .run_graph = onr_interpret_subgraph,
                       .cancel = &s->cancel};
    return ONR_OK;
}

static onr_status optimize(onnxrun_session *s, const onnxrun_session_options *o, onr_err *err) {
    s->graph = onr_graph_clone(s->m->graph, s->arena);
    if (!s->graph) return onr_no_memory(err, 0);
    ONR_TRY(onr_session_keep(s, o, err));
    if (o->explain) onr_story_init(&s->story, s->arena);
    onr_pipeline_options p = {
        .disable = o->disable_passes, .stop_after = o->stop_after, .story = o->explain ? &s->story : NULL};
#ifndef NDEBUG
    p.verify = true;
#endif
    onr_session_enter(s);
    onr_status status = onr_optimize(s->graph, &s->target, s->arena, &s->env, &s->log, &p, s->passes, &s->n_passes, err);
    onr_session_leave(s);
    return status;
}

onnxrun_status onnxrun_session_new(const onnxrun_model *m, const onnxrun_session_options *options, onnxrun_session **out,
                                   onnxrun_error *error) {
    onnxrun_error own;
    onr_err *err = onr_err_inner(error ? error : &own);
    onnxrun_session_options o = onnxrun_session_options_default();
    if (options) memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    onr_arena *arena = onr_arena_new(0);
    onnxrun_session *s = arena ? onr_arena_alloc(arena, sizeof *s) : NULL;
    onr_status status = ONR_OK;
    *out = NULL;
    if (!s) {
        onr_arena_free(arena);
        return (onnxrun_status)onr_no_memory(err, sizeof *s);
    }
    s->arena = arena;
    s->m = m->m;
    s->guard = onr_limits_guard(&m->limits);
    s->max_memory = m->limits.max_memory;
    onr_guard_start(&s->guard);
    if ((status = make_parts(s, &o, err)) != ONR_OK) goto fail;
    if ((status = optimize(s, &o, err)) != ONR_OK) goto fail;
    *out = s;
    return ONNXRUN_OK;
fail:
    if (status != ONR_USAGE) onr_err_prefix(err, "%s", m->m->path);
    onnxrun_session_free(s);
    return (onnxrun_status)status;
}

static void drop_plan(kept_plan *k) {
    onr_frame_free(k->frame);
    onr_plan_free(k->plan);
}

void onnxrun_session_free(onnxrun_session *s) {
    if (!s) return;
    for (size_t i = 0; i < s->n_plans; i++) drop_plan(&s->plans[i]);
    onr_free(s->plans);
    onr_buf_unref(s->memory);
    onr_packs_free(s->packs);
    onr_pool_free(s->pool);
    onr_arena_free(s->arena);
}

// ---- inputs
// ------------------------------------------------------------------------------------------------------------------------

/// What one call needs, in an arena of its own.
typedef struct call {
    onr_arena *arena;
    onr_type *types;
    const onr_datum **data;
    onr_datum *outputs;
} call;

static onr_status make_call(const onnxrun_session *s, onr_arena *a, call *c, onr_err *err) {
    size_t n_in = (size_t)s->graph->n_inputs, n_out = (size_t)s->graph->n_outputs;
    c->arena = a;
    c->types = onr_arena_calloc(a, n_in, sizeof *c->types);
    c->data = onr_arena_calloc(a, n_in, sizeof *c->data);
    c->outputs = onr_arena_calloc(a, n_out, sizeof *c->outputs);
    return c->types && c->data && c->outputs ? ONR_OK : onr_no_memory(err, n_in * sizeof *c->types);
}

/// The values that symbolic dimensions have taken so far in one call: the same name must mean the same size in all inputs.
typedef struct binding {
    int64_t symbol, size;
    const char *input;
} binding;

typedef struct bindings {
    onr_arena *arena;
    binding *of;
    size_t n, cap;
} bindings;

static onr_status bind_dim(bindings *b, int64_t symbol, int64_t size, const onr_value *v, const onr_symbols *symbols,
                           onr_err *err) {
    const char *name = onr_symbol_name(symbols, symbol);
    if (!name) return ONR_OK;
    for (size_t i = 0; i < b->n; i++) {
        if (b->of[i].symbol != symbol) continue;
        if (b->of[i].size == size) return ONR_OK;
        return onr_fail(err, ONR_INVALID, "input '%s': dimension '%s' is %lld, but input '%s' made it %lld", v->name, name,
                        (long long)size, b->of[i].input, (long long)b->of[i].size);
    }
    if (b->n == b->cap) {
        size_t cap = b->cap ? 2 * b->cap : 8;
        binding *grown = onr_arena_grow(b->arena, b->of, b->n, cap, sizeof *grown);
        if (!grown) return onr_no_memory(err, cap * sizeof *grown);
        b->of = grown;
        b->cap = cap;
    }
    b->of[b->n++] = (binding){symbol, size, v->name};
    return ONR_OK;
}

static onr_status wrong_input(const onr_value *v, const onr_type *got, const onr_symbols *symbols, onr_err *err) {
    char a[ONR_TYPE_TEXT], b[ONR_TYPE_TEXT];
    return onr_fail(err, ONR_INVALID, "input '%s': expected %s, got %s", v->name, onr_type_text(v->declared, symbols, a),
                    onr_type_text(got, NULL, b));
}

static onr_status check_input(const onr_value *v, const onr_type *got, bindings *b, const onr_symbols *symbols, onr_err *err) {
    const onr_type *want = v->declared;
    if (!want || want->kind == ONR_KIND_UNKNOWN) return ONR_OK;
    if (want->kind == ONR_OPTIONAL && got->kind != ONR_OPTIONAL) return ONR_OK; // an optional may be given by its element
    if (got->kind != want->kind) return wrong_input(v, got, symbols, err);
    if (got->kind != ONR_TENSOR) return ONR_OK;
    if (want->dtype && got->dtype != want->dtype) return wrong_input(v, got, symbols, err);
    if (want->shape.rank < 0) return ONR_OK;
    if (got->shape.rank != want->shape.rank) return wrong_input(v, got, symbols, err);
    for (int32_t i = 0; i < want->shape.rank; i++) {
        int64_t w = want->shape.dim[i], g = got->shape.dim[i];
        if (onr_dim_known(w) && w != g) return wrong_input(v, got, symbols, err);
        if (!onr_dim_known(w)) ONR_TRY(bind_dim(b, w, g, v, symbols, err));
    }
    return ONR_OK;
}

/// Types of the given inputs, checked against the model; left-out ones are of unknown kind.
static onr_status read_inputs(const onnxrun_session *s, const onnxrun_value *const *inputs, size_t n, call *c, onr_err *err) {
    const onr_graph *g = s->graph;
    bindings b = {.arena = c->arena};
    if (n > (size_t)g->n_inputs) return onr_fail(err, ONR_USAGE, "%zu inputs are given, the model has %d", n, g->n_inputs);
    for (int32_t i = 0; i < g->n_inputs; i++) {
        const onr_value *v = g->inputs[i];
        c->types[i] = onr_type_unknown();
        c->data[i] = (size_t)i < n && inputs[i] ? &inputs[i]->d : NULL;
        if (!c->data[i]) {
            bool optional = v->declared && v->declared->kind == ONR_OPTIONAL;
            if ((v->n_uses || v->n_output) && !optional) return onr_fail(err, ONR_USAGE, "input '%s' is missing", v->name);
            continue;
        }
        c->types[i] = onr_datum_type(c->data[i]);
        ONR_TRY(check_input(v, &c->types[i], &b, g->symbols, err));
    }
    return ONR_OK;
}

// ---- plans
// -------------------------------------------------------------------------------------------------------------------------

static bool same_signature(const onr_plan *p, const onr_type *types, bool watched) {
    if (p->n_image_steps && p->watched != watched) return false;
    for (int32_t i = 0; i < p->graph->n_inputs; i++)
        if (!onr_type_equal(&p->inputs[i], &types[i])) return false;
    return true;
}

/// A free place among the kept plans: the least recently used one goes when all are taken.
static kept_plan *free_place(onnxrun_session *s) {
    if (s->n_plans < s->max_plans) return &s->plans[s->n_plans++];
    kept_plan *oldest = &s->plans[0];
    for (size_t i = 1; i < s->n_plans; i++)
        if (s->plans[i].last_used < oldest->last_used) oldest = &s->plans[i];
    drop_plan(oldest);
    return oldest;
}

/// The model's file pages are not needed once weights were packed; what a plan reads as it is comes back by itself.
static void drop_pages(const onnxrun_session *s) {
    for (int32_t i = 0; i < s->m->graph->n_values; i++) {
        const onr_datum *d = s->m->graph->values[i]->constant;
        if (d && d->kind == ONR_TENSOR) onr_model_drop_pages(s->m, d->t.data, onr_tensor_bytes(&d->t));
    }
}

typedef struct plan_job {
    onnxrun_session *s;
    const onr_type *types;
    bool watched;
    onr_plan *plan;
    onr_err *err;
    onr_status status;
} plan_job;

static void make_plan(void *ctx) {
    plan_job *j = ctx;
    onnxrun_session *s = j->s;
    j->status = onr_plan_new(s->graph, j->types, &s->target, s->packs, s->pool, s->max_memory, j->watched, &j->plan, j->err);
}

/// Packing megabytes of weights is worth calling the threads together.
static bool packs_much(const onnxrun_session *s) {
    enum { MUCH_BYTES = 4 << 20 };
    size_t bytes = 0;
    for (int32_t i = 0; i < s->m->graph->n_values && bytes < MUCH_BYTES; i++) {
        const onr_datum *d = s->m->graph->values[i]->constant;
        if (d && d->kind == ONR_TENSOR) bytes += onr_tensor_bytes(&d->t);
    }
    return bytes >= MUCH_BYTES && onr_packs_bytes(s->packs) == 0;
}

static onr_status plan_for(onnxrun_session *s, const onr_type *types, bool watched, onr_err *err) {
    for (size_t i = 0; i < s->n_plans; i++)
        if (same_signature(s->plans[i].plan, types, watched)) {
            s->current = &s->plans[i];
            s->current->last_used = ++s->clock;
            return ONR_OK;
        }
    kept_plan made = {.last_used = ++s->clock};
    plan_job job = {s, types, watched, NULL, err, ONR_OK};
    if (packs_much(s))
        onr_pool_gather(s->pool, make_plan, &job);
    else
        make_plan(&job);
    ONR_TRY(job.status);
    made.plan = job.plan;
    onr_status status = onr_frame_new(made.plan, &made.frame, err);
    if (status != ONR_OK) {
        drop_plan(&made);
        return status;
    }
    s->current = free_place(s);
    *s->current = made;
    drop_pages(s);
    return ONR_OK;
}

static onr_status fit_memory(onnxrun_session *s, onr_err *err) {
    size_t bytes = s->current->plan->arena_bytes;
    if (s->plan_only || (s->memory && s->memory->bytes >= bytes)) return ONR_OK;
    onr_buf_unref(s->memory);
    s->memory = onr_buf_new(bytes);
    return s->memory ? ONR_OK : onr_no_memory(err, bytes);
}

static onnxrun_status end_call(const onnxrun_session *s, onr_arena *a, onr_status status, onr_err *err) {
    onr_arena_free(a);
    if (status != ONR_OK) onr_err_prefix(err, "%s", s->m->path);
    return (onnxrun_status)status;
}

onnxrun_status onnxrun_session_plan(onnxrun_session *s, const onnxrun_value *const *inputs, size_t n_inputs,
                                    onnxrun_error *error) {
    onnxrun_error own;
    onr_err *err = onr_err_inner(error ? error : &own);
    onr_arena *a = onr_arena_new(0);
    call c;
    onr_guard_start(&s->guard);
    onr_status status = a ? make_call(s, a, &c, err) : onr_no_memory(err, 0);
    if (status == ONR_OK) status = read_inputs(s, inputs, n_inputs, &c, err);
    onr_session_enter(s);
    if (status == ONR_OK && !s->target.reference) status = plan_for(s, c.types, onr_session_watch(s) != NULL, err);
    onr_session_leave(s);
    if (status == ONR_OK && !s->target.reference) status = fit_memory(s, err);
    return end_call(s, a, status, err);
}

// ---- run
// ---------------------------------------------------------------------------------------------------------------------------

typedef struct frame_run {
    onnxrun_session *s;
    const call *c;
    onr_watch *watch;
    onr_err *err;
    onr_status status;
} frame_run;

static void run_frame(void *ctx) {
    frame_run *r = ctx;
    r->status = onr_frame_run(r->s->current->frame, r->s->memory->data, r->c->data, r->c->outputs, &r->s->env, r->watch,
                              r->err);
}

static onr_status run_now(onnxrun_session *s, const call *c, onr_err *err) {
    onr_watch *w = onr_session_watch(s);
    s->env.run = w; // for the bodies of control flow
    if (s->target.reference) return onr_interpret(s->graph, c->data, s->graph->n_inputs, NULL, c->outputs, &s->env, w, err);
    ONR_TRY(plan_for(s, c->types, w != NULL, err));
    ONR_TRY(fit_memory(s, err));
    frame_run r = {s, c, w, err, ONR_OK};
    if (s->current->plan->gathers) {
        onr_pool_await(s->pool);
        onr_pool_gather(s->pool, run_frame, &r);
    } else {
        run_frame(&r);
    }
    return r.status;
}

static onr_status give_outputs(onr_datum *data, onnxrun_value **outputs, size_t n, onr_err *err) {
    for (size_t i = 0; i < n; i++) {
        if (outputs[i]) continue; // the caller's buffer was written
        outputs[i] = onr_value_wrap(&data[i], false);
        if (outputs[i]) continue;
        while (i-- > 0)
            if (!outputs[i]->is_buffer) {
                onnxrun_value_free(outputs[i]);
                outputs[i] = NULL;
            }
        return onr_no_memory(err, sizeof(onnxrun_value));
    }
    return ONR_OK;
}

onnxrun_status onnxrun_run(onnxrun_session *s, const onnxrun_value *const *inputs, size_t n_inputs, onnxrun_value **outputs,
                           size_t n_outputs, onnxrun_error *error) {
    onnxrun_error own;
    onr_err *err = onr_err_inner(error ? error : &own);
    onr_arena *a = onr_arena_new(0);
    call c;
    onr_guard_start(&s->guard);
    onr_status status = a ? make_call(s, a, &c, err) : onr_no_memory(err, 0);
    if (status == ONR_OK && s->plan_only) status = onr_fail(err, ONR_USAGE, "this session only plans, it cannot run");
    if (status == ONR_OK && n_outputs > (size_t)s->graph->n_outputs)
        status = onr_fail(err, ONR_USAGE, "%zu outputs are asked for, the model has %d", n_outputs, s->graph->n_outputs);
    if (status == ONR_OK) status = read_inputs(s, inputs, n_inputs, &c, err);
    for (size_t i = 0; i < n_outputs && status == ONR_OK; i++) {
        if (outputs[i] && !outputs[i]->is_buffer)
            status = onr_fail(err, ONR_USAGE, "output slot %zu holds a value that is no buffer", i);
        if (outputs[i] && status == ONR_OK) c.outputs[i] = outputs[i]->d;
    }
    __atomic_store_n(&s->cancel, 0, __ATOMIC_RELAXED);
    if (status == ONR_OK) {
        onr_session_enter(s);
        status = run_now(s, &c, err);
        onr_session_leave(s);
        if (status == ONR_OK) status = give_outputs(c.outputs, outputs, n_outputs, err);
        for (int32_t i = 0; i < s->graph->n_outputs; i++) onr_datum_release(&c.outputs[i]);
        onr_pool_quiet(s->pool);
    }
    return end_call(s, a, status, err);
}

void onnxrun_cancel(onnxrun_session *s) { __atomic_store_n(&s->cancel, 1, __ATOMIC_RELAXED); }

void onnxrun_session_stats(const onnxrun_session *s, onnxrun_stats *out) {
    onnxrun_stats full = {.size = out->size,
                          .packed_bytes = onr_packs_bytes(s->packs),
                          .n_threads = onr_pool_threads(s->pool),
                          .cpu = onr_cpu_level(s->target.cpu.features)};
    full.weight_bytes = full.packed_bytes;
    if (s->current) {
        const onr_plan *p = s->current->plan;
        full.arena_bytes = p->arena_bytes;
        full.live_peak_bytes = p->live_peak_bytes;
        full.weight_bytes += p->constant_bytes;
        full.n_steps = (size_t)p->n_steps;
    }
    memcpy(out, &full, out->size < sizeof full ? out->size : sizeof full);
}
