// op.h: the operator row and the three contexts an operator's functions see. All that an operator writer needs: ops/README.md.
// May assume: the resolve pass chose the row and decoded the attributes. Operators never see the executor, passes or files.
#ifndef ONR_OPS_OP_H
#define ONR_OPS_OP_H

#include "base/cpu.h"
#include "base/guard.h"
#include "base/log.h"
#include "base/pool.h"
#include "graph/graph.h"

// ---- attributes: decoded once into the operator's params struct -------------------------------------------------------------

typedef struct onr_ints {
    const int64_t *v; ///< NULL when the attribute is absent and has no default; an empty list is not NULL
    size_t n;
} onr_ints;
typedef struct onr_floats {
    const float *v;
    size_t n;
} onr_floats;
typedef struct onr_strings {
    const onr_string *v;
    size_t n;
} onr_strings;

typedef struct onr_attr_spec {
    const char *name;
    /// INT -> int64_t, FLOAT -> float, STRING -> onr_string, INTS -> onr_ints, FLOATS -> onr_floats, STRINGS -> onr_strings,
    /// TENSOR/SPARSE_TENSOR -> const onr_datum *, GRAPH -> onr_graph *, TYPE -> const onr_type *
    onr_attr_kind kind;
    size_t offset;       ///< of the field in the params struct
    bool required;       ///< absent: ONR_INVALID
    int64_t i;           ///< default of an INT
    float f;             ///< default of a FLOAT
    const char *s;       ///< default of a STRING; NULL: {NULL, 0}
    const int64_t *ints; ///< default of INTS, n_ints long; NULL: {NULL, 0}
    size_t n_ints;
} onr_attr_spec;

// One row each, as clang-format would not have it.
// clang-format off
#define ONR_ATTR_ARRAY_END {.name = NULL}
#define ONR_A_INT(type, field, dflt) {.name = #field, .kind = ONR_ATTR_INT, .offset = offsetof(type, field), .i = (dflt)}
#define ONR_A_FLOAT(type, field, dflt) {.name = #field, .kind = ONR_ATTR_FLOAT, .offset = offsetof(type, field), .f = (dflt)}
#define ONR_A_STRING(type, field, dflt) {.name = #field, .kind = ONR_ATTR_STRING, .offset = offsetof(type, field), .s = (dflt)}
#define ONR_A_INTS(type, field) {.name = #field, .kind = ONR_ATTR_INTS, .offset = offsetof(type, field)}
#define ONR_A_FLOATS(type, field) {.name = #field, .kind = ONR_ATTR_FLOATS, .offset = offsetof(type, field)}
#define ONR_A_STRINGS(type, field) {.name = #field, .kind = ONR_ATTR_STRINGS, .offset = offsetof(type, field)}
#define ONR_A_TENSOR(type, field) {.name = #field, .kind = ONR_ATTR_TENSOR, .offset = offsetof(type, field)}
#define ONR_A_GRAPH(type, field) {.name = #field, .kind = ONR_ATTR_GRAPH, .offset = offsetof(type, field), .required = true}
#define ONR_A_TYPE(type, field) {.name = #field, .kind = ONR_ATTR_TYPE, .offset = offsetof(type, field)}
/// "No default": an INT field gets this when the attribute is absent.
#define ONR_NO_INT INT64_MIN
// clang-format on

// ---- the target
// ---------------------------------------------------------------------------------------------------------------

/// What a session computes for. Read-only while a session lives.
typedef struct onr_target {
    onr_cpu cpu;
    int opt_level;          ///< 0: as written, reference kernels; 1: only bit-exact rewrites; 2: everything
    bool reference;         ///< plain reference kernels (opt_level 0)
    bool allow_winograd;    ///< false at opt_level < 2
    bool prefer_memory;     ///< no expanded weights
    const onr_guard *guard; ///< limits of sizes and time; NULL: none
} onr_target;

// ---- infer: types in, types out
// -----------------------------------------------------------------------------------------------

/// Shape inference of one node. Used while loading (symbolic dimensions), while planning and while running (all known).
typedef struct onr_infer {
    const onr_node *node;
    const void *params;
    int32_t n_in, n_out;
    const onr_type *const *in;        ///< NULL: input left out. Kind or shape may be unknown
    const onr_datum *const *constant; ///< contents where known (constants; at run time everything), else NULL
    const onr_known *const *known;    ///< integer content where known, perhaps symbolic (see onr_infer_ints), else NULL
    onr_type *out;                    ///< to be set, n_out of them; start as unknown
    const onr_known **out_known;      ///< may be set for small integer outputs
    onr_symbols *symbols;
    onr_arena *arena; ///< for what out, out_known point to
    bool running;     ///< contents are all there and run follows: control flow need not infer its subgraphs again
    /// Infers a subgraph for given input types (control flow): out types in `out` (n_outputs of g). NULL while running.
    onr_status (*infer_graph)(const struct onr_infer *c, const onr_graph *g, const onr_type *const *in, int32_t n_in,
                              onr_type *out);
    void *driver; ///< infer_graph's own
    onr_err *err;
} onr_infer;

/// The integers of input i (scalar or 1-D), known or symbolic: from a constant or from shape data. NULL when not known or left
/// out.
const onr_known *onr_infer_ints(const onr_infer *c, int32_t i);
/// A new known list of n integers in the context's arena (NULL: no memory), to be stored in out_known.
onr_known *onr_infer_new_known(const onr_infer *c, int64_t n);
/// A fresh unnamed symbolic dimension.
int64_t onr_infer_fresh(const onr_infer *c);
/// Shape of input i; unknown (rank -1) when left out or not a tensor.
onr_shape onr_infer_shape(const onr_infer *c, int32_t i);
onr_dtype onr_infer_dtype(const onr_infer *c, int32_t i);
/// ONR_INVALID when input i is given with an element type that is not in the set.
onr_status onr_infer_needs(const onr_infer *c, int32_t i, onr_dtypes set);
/// True when input i is given (not left out).
static inline bool onr_infer_has(const onr_infer *c, int32_t i) { return i < c->n_in && c->in[i]; }
/// Sets output i to a plain tensor; nothing when the output is not wanted.
void onr_infer_set(const onr_infer *c, int32_t i, onr_dtype dtype, onr_shape shape);
/// Multidirectional broadcasting (ONNX Broadcasting.md) of b into acc; ONR_INVALID names both shapes.
onr_status onr_infer_broadcast(const onr_infer *c, onr_shape *acc, const onr_shape *b);
/// The axis attribute of an input of known rank; ONR_INVALID when out of range.
onr_status onr_infer_axis(const onr_infer *c, int64_t axis, int32_t rank, int32_t *out);
/// `return onr_infer_bad(c, "W expects %d channels, X has %d", ...)`: ONR_INVALID with the op's name in front.
onr_status onr_infer_bad(const onr_infer *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
onr_status onr_infer_unsupported(const onr_infer *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// Ready-made inference for simple operators.
onr_status onr_infer_same(onr_infer *c);        ///< out 0 = type of in 0 (tensor, any layout kept)
onr_status onr_infer_elementwise(onr_infer *c); ///< out 0 = broadcast of all inputs, dtype of in 0
onr_status onr_infer_compare(onr_infer *c);     ///< the same, bool

// ---- prepare: kernel choice and packing
// -----------------------------------------------------------------------------------------

typedef struct onr_packs onr_packs; ///< a session's packed weights, shared by its plans

/// Once per plan step (or per evaluation): all shapes known.
typedef struct onr_prepare {
    const onr_node *node;
    const void *params;
    int32_t n_in, n_out;
    const onr_type *const *in;
    const onr_datum *const *constant; ///< contents of inputs that are known: constants; in an evaluation, everything
    const onr_type *out;
    const onr_target *target;
    onr_arena *arena;     ///< the step's: for state
    onr_packs *packs;     ///< may be NULL: pack into the arena
    onr_pool *pool;       ///< for packing in parallel, and to know the number of threads
    void *state;          ///< out: handed to run
    size_t scratch_bytes; ///< out: 64-byte aligned memory handed to run
    size_t worker_bytes;  ///< out: the same for each thread of the pool, in one place for all steps: it stays in a core's cache
    const char *kernel;   ///< out: variant name for profiles; static or in arena; may stay NULL
    uint32_t packed_inputs; ///< set by onr_prepare_pack: bit i, input i is not read while running
    double flops, bytes;    ///< out, optional: work of one run, for the roofline (0: the driver estimates bytes from tensors)
    bool fewer_flops;       ///< out, optional: the kernel needs fewer than `flops`, which are those of the definition
    onr_err *err;
} onr_prepare;

/// The packed form of constant input i, made once per session (once per evaluation when the content is no constant of the
/// graph): `tag` names the form (variant name and geometry), fill writes `bytes` (64-byte aligned) or returns false for lack of
/// memory. Returns NULL when there is none (err is set).
const void *onr_prepare_pack(onr_prepare *c, int32_t i, const char *tag, size_t bytes, bool (*fill)(void *ctx, void *packed),
                             void *ctx);
/// n floats as an aligned array: `data` itself, or a copy in *temp, which the caller frees with onr_free. NULL: no memory. For
/// fill functions, whose source may lie anywhere in a model file.
const float *onr_align_floats(const void *data, size_t n, float **temp);
/// Zeroed state in the step's arena, also stored in c->state; NULL sets err.
void *onr_prepare_state(onr_prepare *c, size_t bytes);

// ---- run --------------------------------------------------------------------------------------------------------------------

typedef struct onr_env onr_env;

/// What a run may use besides its tensors: given by run/, passed through by control flow.
struct onr_env {
    const onr_target *target;
    onr_pool *pool;
    onr_packs *packs;
    const onr_log *log;
    uint64_t *random; ///< state for operators with a random seed of their own choosing
    /// Runs a subgraph (If, Loop, Scan, ...): `in` for its inputs, `capture` parallel to owner->capture. Fills n_outputs owned
    /// data.
    onr_status (*run_graph)(onr_env *env, const onr_graph *g, const onr_datum *const *in, int32_t n_in,
                            const onr_datum *const *capture, onr_datum *out, onr_err *err);
    const int *cancel; ///< not 0: stop with ONR_LIMIT; may be NULL. Set by other threads: see onr_env_go_on
    void *run;         ///< run_graph's own
};

/// ONR_LIMIT when somebody asked the run to stop, or its time is over; `before` names the node that is not run any more.
static inline onr_status onr_env_go_on(const onr_env *env, const char *before, onr_err *err) {
    if (env->cancel && __atomic_load_n(env->cancel, __ATOMIC_RELAXED))
        return onr_fail(err, ONR_LIMIT, "cancelled before node '%s'", before);
    return onr_guard_time(env->target->guard, before, err);
}

typedef struct onr_run {
    const onr_node *node;
    const void *params;
    const void *state;
    int32_t n_in, n_out;
    const onr_datum *const *in; ///< NULL: left out
    onr_datum *const *out; ///< NULL: not wanted. Static: type and memory are ready. Strings: t.dtype and t.shape are set, as
                           ///< inferred, but the slot is empty (see onr_run_give). Dynamic: see onr_run_output
    const onr_datum *const *capture; ///< parallel to node->capture
    void *scratch;
    void *worker_scratch; ///< thread t's part starts at t * worker_step
    size_t worker_step;
    onr_pool *pool; ///< NULL: one thread
    onr_env *env;
    onr_err *err;
} onr_run;

static inline bool onr_run_has(const onr_run *r, int32_t i) { return i < r->n_in && r->in[i]; }
static inline bool onr_run_wants(const onr_run *r, int32_t i) { return i < r->n_out && r->out[i]; }
/// The tensor of input i, which must be given.
static inline const onr_tensor *onr_run_in(const onr_run *r, int32_t i) { return &r->in[i]->t; }
static inline onr_tensor *onr_run_out(const onr_run *r, int32_t i) { return &r->out[i]->t; }
/// For outputs whose shape only running tells (flag ONR_OP_DYNAMIC): gives output i memory for this type. A no-op for outputs
/// not wanted; when the output already has memory of just this type it is kept.
onr_status onr_run_output(const onr_run *r, int32_t i, onr_dtype dtype, const onr_shape *shape);
/// Output i becomes this datum (ownership moves); for sequences, optionals, maps and strings. Releases it when the output is
/// not wanted.
void onr_run_give(const onr_run *r, int32_t i, onr_datum *d);
onr_status onr_run_bad(const onr_run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// ---- the row
// -----------------------------------------------------------------------------------------------------------------

enum {
    ONR_OP_PURE = 1u << 0, ///< same inputs, same outputs: may be folded, merged, dropped. (Random and control flow: not)
    ONR_OP_VIEW = 1u << 1, ///< output 0 is input 0's memory under another shape; run copies only when told apart (onr_run_view)
    ONR_OP_DYNAMIC = 1u << 2, ///< output shapes may depend on contents; run allocates with onr_run_output
    ONR_OP_WIDEN = 1u << 3,   ///< implemented for float; float16 and bfloat16 tensors are widened before and rounded once after
    ONR_OP_SAME_TYPES = 1u << 4,  ///< all tensor inputs have in[0]'s element type (checked by the driver)
    ONR_OP_IDENTITY = 1u << 5,    ///< output 0 equals input 0 (a pass may drop it)
    ONR_OP_COMMUTES = 1u << 6,    ///< in[0] and in[1] may be swapped
    ONR_OP_ELEMENTWISE = 1u << 7, ///< one input, out[i] = f(in[i]): any layout will do
    ONR_OP_PER_IMAGE = 1u << 9,   ///< where in[0] is a batch, [n][c][...], image i of the output is made of image i alone, and
                                  ///< of inputs that are constant: the plan may run it image by image (plan/images.h)
    ONR_OP_KINDS = 1u << 8 ///< takes sequences, optionals and maps, and looks at kinds itself; others are only given tensors
};

/// A question of the layout pass: can this node work on blocked channels?
typedef struct onr_layout {
    const onr_node *node;
    const void *params;
    const onr_type *const *in; ///< plain types (symbolic dimensions possible)
    const onr_datum *const *constant;
    const onr_type *out;
    const onr_target *target;
    int32_t block;        ///< the target's channel block
    uint32_t available;   ///< bit i: input i is already there in blocked form
    uint32_t blocked_in;  ///< answer: inputs wanted blocked
    uint32_t blocked_out; ///< answer: outputs that will be blocked
} onr_layout;

typedef struct onr_op {
    const char *domain, *name; ///< "" is ai.onnx; "onnxrun" is ours (Reorder, fused forms)
    int16_t since, until;      ///< opset range of this row, both included; until 0: open
    int16_t in_min, in_max;    ///< in_max -1: any number
    int16_t out_min, out_max;
    uint32_t flags;
    uint32_t packs;             ///< bit i: prepare packs a constant input i through onr_align_floats, so it may be unaligned
    uint32_t inplace;           ///< bit i: output 0 may take over input i's memory when types are equal and it dies here
    onr_dtypes types;           ///< element types of in[0] (of out[0] when there is no tensor input)
    const onr_attr_spec *attrs; ///< ends with a NULL name; NULL: none. Unknown attributes of a node are ONR_INVALID
    size_t params_size;         ///< the params struct is private to the file
    onr_status (*check)(const onr_node *n, void *params, onr_arena *a, onr_err *err); ///< optional: after decoding
    onr_status (*infer)(onr_infer *c);
    onr_status (*prepare)(onr_prepare *c); ///< optional
    onr_status (*run)(const onr_run *r);
    /// Optional: answers blocked_in and blocked_out (nothing set: stays plain). The lanes beyond the last channel are zero in
    /// every blocked tensor: run keeps them so (kernels read them). Where f(0) is not 0: onr_vector_clear_padding.
    void (*layout)(onr_layout *q);
    /// Optional: is output 0 equal to input 0, as this node's attributes and constants tell? (ONR_OP_IDENTITY: of every node.)
    bool (*hands_on)(const onr_node *n);
    /// Optional: the operator stands for a graph of others. Replaces the node by them, or takes one step towards that (the pass
    /// infers types and calls again). What it makes lives in `arena`, which is the session's.
    onr_status (*expand)(onr_node *n, onr_arena *arena, onr_err *err);
} onr_op;

typedef struct onr_family {
    const char *name;
    const onr_op *rows;
    size_t n;
} onr_family;

/// Channels per block of the target's blocked layout: 16 or 8.
int32_t onr_target_block(const onr_target *t);

/// At the end of a family's file: `ONR_OP_FAMILY(activation);` publishes its `static const onr_op rows[]`. CMake collects the
/// names.
#define ONR_OP_FAMILY(fam) const onr_family onr_family_##fam = {#fam, rows, sizeof rows / sizeof rows[0]}

/// The row for an operator as of `opset`, or NULL. *newest (may be NULL) gets any row of that name, to tell "unknown" from
/// "other opset".
const onr_op *onr_op_find(const char *domain, const char *name, int32_t opset, const onr_op **newest);
/// Row i of all families, or NULL past the end (for listings and tests).
const onr_op *onr_op_at(size_t i);
/// Highest opset of a domain that this build knows (ai.onnx: 27); 0 for an unknown domain.
int32_t onr_op_known_opset(const char *domain);

/// For ONR_OP_VIEW operators: copies in[0] to out[0] unless they share memory.
onr_status onr_run_view(const onr_run *r);

#endif
