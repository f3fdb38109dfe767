// onnxrun_session.h: the insides of the public types, shared by the roof's bodies: onnxrun.c (models, sessions, runs),
// onnxrun_value.c (values), onnxrun_inspect.c (dump, info), onnxrun_check.c (check), onnxrun_explain.c (passes), onnxrun_save.c
// and onnxrun_extract.c (models to files), onnxrun_diff.c, onnxrun_hooks.c and onnxrun_part.c (a run seen from outside) and
// onnxrun_roof.c (the machine's limits). May assume: included by those alone.
#ifndef ONR_ONNXRUN_SESSION_H
#define ONR_ONNXRUN_SESSION_H

#include "base/fpmode.h"
#include "dump/dump.h"
#include "graph/edit.h"
#include "onnx/model.h"
#include "onnxrun.h"
#include "passes/pass.h"
#include "run/executor.h"

struct onnxrun_value {
    onr_datum d;
    bool is_buffer; ///< made by onnxrun_value_buffer: an output slot over the caller's memory
};

struct onnxrun_model {
    onr_model *m;
    onr_log log;
    onnxrun_limits limits;
};

/// A plan with its operand tables, kept for one signature of input types.
typedef struct kept_plan {
    onr_plan *plan;
    onr_frame *frame;
    uint64_t last_used;
} kept_plan;

struct onnxrun_session {
    const onr_model *m;
    onr_arena *arena; // clone, fused constants
    onr_graph *graph; // optimized
    onr_target target;
    onr_guard guard; // target.guard; its deadline is set anew for each call
    onr_pool *pool;
    onr_packs *packs;
    onr_env env;
    onr_log log;
    uint64_t random;
    int cancel; // atomic: other threads set it
    size_t max_memory, max_plans;
    bool plan_only; // weights are counted, not packed
    bool flush;     // denormal numbers count as zero
    onr_fp_mode caller_mode;
    kept_plan *plans;
    size_t n_plans;
    kept_plan *current;
    uint64_t clock;
    onr_buf *memory; // activations: one block, as large as the largest plan so far
    onr_pass_count passes[ONR_MAX_PASSES];
    int32_t n_passes;
    onr_story story; // of the passes; without an arena when nobody wants it
    onnxrun_step_fn on_step;
    void *on_step_user;
    onnxrun_hooks hooks;
    onr_watch watch; // what the current run tells them through
    onr_map made;    // names of the values that the graph's nodes make; without an arena until somebody asks
};

struct onnxrun_step {
    const onnxrun_session *session;
    const onr_event *event;
    onr_arena *arena; // for what the hook asks for; made when it first does
    onnxrun_step_info info;
};

/// The thread's floating point mode, from a call's begin to its end.
void onr_session_enter(onnxrun_session *s);
void onr_session_leave(const onnxrun_session *s);

/// The public error as the inner one, emptied. NULL stays NULL.
onr_err *onr_err_inner(onnxrun_error *err);
/// The loader's model as dump/ sees it; the lists live in `a`.
onr_status onr_describe(const onr_model *m, onr_arena *a, onr_dump_model *out, onr_err *err);
/// The model's graph with its types, in a clone.
onr_status onr_typed_clone(const onnxrun_model *m, onr_arena *a, onr_graph **out, onr_err *err);
/// The same; with declared types, and a warning, where inference fails: what cannot run can still be looked at.
onr_status onr_clone_with_types(const onnxrun_model *m, onr_arena *a, onr_graph **out, onr_err *err);
/// Writes a graph that was made from the model's to the file `path`, whole or absent; with `external` (or when it is too large
/// for one file) its constants to `path`.data.
onr_status onr_save_graph(const onr_model *m, const onr_graph *g, const char *path, bool external, onr_err *err);
/// Hands the text to the caller and frees it.
onr_status onr_deliver_text(onr_str *text, onnxrun_write_fn write, void *user, onr_err *err);
/// A public handle that takes the datum over (which is emptied). NULL: no memory, and the datum stays the caller's.
onnxrun_value *onr_value_wrap(onr_datum *d, bool is_buffer);

/// Marks the values of the session's fresh graph that the options want to be seen.
onr_status onr_session_keep(onnxrun_session *s, const onnxrun_session_options *o, onr_err *err);
/// What tells the session's hooks of a run that starts now; NULL when nobody listens.
onr_watch *onr_session_watch(onnxrun_session *s);
/// "loop/body/name" for what lies in a body of control flow, `name` itself otherwise. NULL: no memory.
const char *onr_qualified_name(const onr_graph *g, const char *name, onr_arena *a);

/// `given`, filled up with defaults where the caller's struct ends; NULL: the defaults.
onnxrun_limits onr_limits_of(const onnxrun_limits *given);
/// The same as the loader and a session's target want them.
onr_load_options onr_limits_load(const onnxrun_limits *l);
onr_guard onr_limits_guard(const onnxrun_limits *l);
/// Copies what l points to into the arena.
onr_status onr_limits_keep(onnxrun_limits *l, onr_arena *a, onr_err *err);

#endif
