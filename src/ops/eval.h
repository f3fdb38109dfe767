// eval.h: driving operators: decode attributes, infer a node or a graph, prepare a step, run it, or do all of it for one node
// now. May assume: nodes were resolved (node->op set). Used by passes, plan and run; operators themselves use op.h only.
#ifndef ONR_OPS_EVAL_H
#define ONR_OPS_EVAL_H

#include "ops/op.h"
#include "ops/packs.h"

/// Finds the node's row and decodes its attributes into node->params (subgraphs too, recursively when `deep`). ONR_UNSUPPORTED
/// names operator, domain and opset when there is no row; ONR_INVALID for wrong arity, unknown, missing or mistyped attributes.
onr_status onr_node_resolve(onr_node *n, onr_arena *arena, onr_err *err);

/// Types (and what is known of contents) of a graph's values by value id; apart from the graph, so that many may exist for one.
typedef struct onr_typing {
    onr_type *type; ///< n_values
    const onr_known **known;
    const onr_datum **constant; ///< contents known beforehand: the graph's constants
    int32_t n;
    const onr_guard *guard; ///< limits; NULL (as onr_typing_new leaves it): none
    int64_t *body_work;     ///< nodes of bodies that were inferred so far
} onr_typing;

/// Room for g's values; constants are filled in, everything else is unknown.
onr_status onr_typing_new(const onr_graph *g, onr_arena *arena, onr_typing *out, onr_err *err);
/// Infers one node from the typing and writes its outputs' entries. Errors carry "node 'x' (#n): Op: ".
onr_status onr_infer_node(const onr_node *n, onr_typing *t, onr_symbols *symbols, onr_arena *arena, onr_err *err);
/// Infers a whole graph whose inputs' (and captured values') types were set by the caller.
onr_status onr_infer_graph(const onr_graph *g, onr_typing *t, onr_symbols *symbols, onr_arena *arena, onr_err *err);

/// Infers one node from data, for onr_eval: in_type and out_type (n_in, n_out entries) are filled. guard may be NULL.
onr_status onr_infer_data(const onr_node *n, const onr_datum *const *in, const onr_guard *guard, onr_arena *arena,
                          const onr_type **in_type, onr_type *out_type, onr_err *err);

/// One prepared operator: what a plan step keeps.
typedef struct onr_prepared {
    const onr_node *node;
    const void *state;
    size_t scratch_bytes, worker_bytes;
    const char *kernel;
    double flops, bytes;
    bool fewer_flops;
    uint32_t packed_inputs;      ///< bit i: input i was packed and its content is not read while running
    const onr_datum **fixed_in;  ///< aligned copies that runs read instead of constants that are not aligned; NULL: none
    bool widen;                  ///< float16/bfloat16 around a float implementation
    const onr_dtype *narrow_out; ///< when widen: the narrow type of each output, or ONR_UNDEFINED
    const onr_datum *const *wide_constant; ///< when widen: float copies of constant inputs, or NULL
} onr_prepared;

/// Chooses kernels and packs weights of one node for these (fully known) types.
onr_status onr_op_prepare(const onr_node *n, const onr_type *const *in, const onr_datum *const *constant, const onr_type *out,
                          const onr_target *target, onr_arena *arena, onr_packs *packs, onr_pool *pool, onr_prepared *p,
                          onr_err *err);
/// Memory of a run: scratch_bytes of the step's own, and for each thread at least worker_bytes, `worker_step` apart.
typedef struct onr_workspace {
    void *scratch, *workers;
    size_t worker_step;
} onr_workspace;

/// Runs it. `out` slots hold types and memory (static), or are empty (dynamic).
onr_status onr_op_run(const onr_prepared *p, const onr_datum *const *in, onr_datum *const *out, const onr_datum *const *capture,
                      const onr_workspace *work, onr_env *env, onr_err *err);

/// Runs one node now on given data: infer, prepare, allocate, run. `out`: n_out slots, filled with data that own their memory;
/// a view shares its input's (and borrows it when the input does). Constant folding, unit tests, level 0 and nodes with
/// data-dependent shapes use it.
onr_status onr_eval(const onr_node *n, const onr_datum *const *in, const onr_datum *const *capture, onr_datum *out,
                    onr_env *env, onr_err *err);

#endif
