// pass.h: a rewrite of the session's graph, and the pipeline that runs them in order.
#ifndef ONR_PASSES_PASS_H
#define ONR_PASSES_PASS_H

#include "ops/eval.h"
#include "passes/story.h"

/// What every pass gets.
typedef struct onr_pass_run {
    onr_graph *g;
    const onr_target *target;
    onr_arena *arena; ///< the session's: for new attributes and constants
    onr_env *env;     ///< for passes that evaluate
    const onr_log *log;
    int64_t count;    ///< rewrites so far: passes call onr_pass_may before each
    int64_t limit;    ///< stop after this many; INT64_MAX mostly
    const char *pass; ///< its name, for the story
    onr_story *story; ///< NULL: nobody listens
    onr_err *err;
} onr_pass_run;

/// May one more rewrite be made? Counts it. (`--stop-after PASS:N` bisects with this.)
static inline bool onr_pass_may(onr_pass_run *r) { return r->count < r->limit && ++r->count; }

/// For the story: the rewrite that onr_pass_may counted last changes (or removes) n. Call it before names go.
void onr_pass_fired(const onr_pass_run *r, const onr_node *n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/// For the story: n was near a rewrite that was not made. The text tells which, and why not.
void onr_pass_missed(const onr_pass_run *r, const onr_node *n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/// A reason in the story's memory; never NULL. When nobody listens, it costs nothing and its words do not matter.
const char *onr_pass_why(const onr_pass_run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/// Why v is not read by one node alone ("Conv's output 'c' has 2 consumers"); NULL: it is, so onr_pass_only_user names it, or
/// nobody reads it.
const char *onr_pass_not_alone(const onr_pass_run *r, const onr_value *v);
/// Its name, for the story; "(none)" for an input that was left out.
static inline const char *onr_pass_name(const onr_value *v) { return v ? v->name : "(none)"; }
/// The type of a value, for the story.
const char *onr_pass_type_text(const onr_pass_run *r, const onr_value *v);

typedef struct onr_pass {
    const char *name;
    int min_level;   ///< runs from this optimization level on
    const char *why; ///< one line, shown by --help and dumps
    onr_status (*run)(onr_pass_run *r);
} onr_pass;

/// What a pipeline did.
typedef struct onr_pass_count {
    const char *name;
    int64_t count;
} onr_pass_count;

enum { ONR_MAX_PASSES = 32 };

typedef struct onr_pipeline_options {
    const char *const *disable; ///< NULL-terminated names, or NULL
    const char *stop_after;     ///< "fold" or "fold:3", or NULL
    bool verify;                ///< check the graph's structure after every pass (tests, debug builds)
    onr_story *story;           ///< gets what the passes did and nearly did; NULL: nobody listens
} onr_pipeline_options;

/// Runs the pipeline on `g` in place. counts (ONR_MAX_PASSES entries) and n_counts may be NULL. Errors carry the pass's name.
onr_status onr_optimize(onr_graph *g, const onr_target *target, onr_arena *arena, onr_env *env, const onr_log *log,
                        const onr_pipeline_options *options, onr_pass_count *counts, int32_t *n_counts, onr_err *err);
/// Pass i in order, or NULL past the end.
const onr_pass *onr_pass_at(size_t i);

/// Re-infers all types of the graph (after rewrites) with symbolic dimensions; shared by the driver and the infer pass.
onr_status onr_pass_infer(onr_pass_run *r);

/// n is operator `name` of ai.onnx (or of ours when `name` starts with "onnxrun.").
bool onr_pass_is(const onr_node *n, const char *name);
/// The only node that uses v, when there is just one use and v is no output and not captured; else NULL.
onr_node *onr_pass_only_user(const onr_value *v);
/// The constant tensor at input i of a node, or NULL.
const onr_tensor *onr_pass_constant(const onr_node *n, int32_t i);
/// A new float constant of n values in the graph; *data is to be filled. NULL: no memory (err is set).
onr_value *onr_pass_new_floats(onr_pass_run *r, const char *hint, int64_t n, float **data);

// A value's name stands for the same content in the rewritten graph as in the model: a fused node puts out the value of the
// last node whose work it does. Comparisons with a reference go by that. Values that onr_value_is_seen are never fused away.
#define ONR_PASS(pass) onr_status onr_pass_##pass(onr_pass_run *r)
ONR_PASS(resolve);
ONR_PASS(expand);
ONR_PASS(check_declared);
ONR_PASS(matmul_transposed);
ONR_PASS(fold);
ONR_PASS(dead);
ONR_PASS(identity);
ONR_PASS(matmul_add);
ONR_PASS(layer_norm);
ONR_PASS(activation);
ONR_PASS(lower_conv);
ONR_PASS(conv_bn);
ONR_PASS(conv_add_act);
ONR_PASS(layout);
ONR_PASS(conv_pool);

#endif
