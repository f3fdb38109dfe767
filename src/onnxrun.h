/* onnxrun.h: the public interface of onnxrun, a small CPU runtime for ONNX models in C.
 *
 * What it does: loads a model (a file or memory), prepares a session for this CPU, runs it on tensors.
 *
 * How:
 *     onnxrun_error err;
 *     onnxrun_model *model = NULL;
 *     onnxrun_session *session = NULL;
 *     if (onnxrun_model_load("net.onnx", NULL, &model, &err) != ONNXRUN_OK ||
 *         onnxrun_session_new(model, NULL, &session, &err) != ONNXRUN_OK) { puts(err.text); ... }
 *     const int64_t dims[] = {1, 3, 32, 32};
 *     onnxrun_value *x = onnxrun_value_borrow(ONNXRUN_FLOAT, 4, dims, pixels);
 *     onnxrun_value *y = NULL;
 *     onnxrun_run(session, (const onnxrun_value *[]){x}, 1, &y, 1, &err);
 *     const float *logits = onnxrun_value_data(y);
 *     onnxrun_value_free(x); onnxrun_value_free(y);
 *     onnxrun_session_free(session); onnxrun_model_free(model);
 *
 * Contract: every function that can fail returns a status and fills `err` (which may be NULL) with one line that names file,
 * node and reason. Objects come from one function and go back through its _free, which accepts NULL. A model is read-only after
 * loading and may be shared by sessions in many threads; a session is used by one thread at a time; a value is immutable once
 * made. The library never prints, exits or keeps mutable globals. C11 and C++17.
 */
#ifndef ONNXRUN_H
#define ONNXRUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define ONNXRUN_API
#else
#define ONNXRUN_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define ONNXRUN_VERSION "0.1.0"

/** Status codes: also the exit codes of the command line tool, where 1 means "results differ". */
typedef enum onnxrun_status {
    ONNXRUN_OK = 0,
    ONNXRUN_USAGE = 2,       /**< the call asks for something that does not exist */
    ONNXRUN_INVALID = 3,     /**< broken model or input */
    ONNXRUN_UNSUPPORTED = 4, /**< valid ONNX that this build cannot run */
    ONNXRUN_LIMIT = 5,       /**< no memory, or a limit was reached, or the run was cancelled */
    ONNXRUN_INTERNAL = 6     /**< a defect of onnxrun */
} onnxrun_status;

/** One line of text, owned by the caller. */
typedef struct onnxrun_error {
    onnxrun_status status;
    char text[1024];
} onnxrun_error;

/** Element types, with ONNX's numbers. 2- and 4-bit types are packed in buffers that cross this interface, as ONNX packs
 * raw_data. */
typedef enum onnxrun_dtype {
    ONNXRUN_UNDEFINED = 0,
    ONNXRUN_FLOAT = 1,
    ONNXRUN_UINT8 = 2,
    ONNXRUN_INT8 = 3,
    ONNXRUN_UINT16 = 4,
    ONNXRUN_INT16 = 5,
    ONNXRUN_INT32 = 6,
    ONNXRUN_INT64 = 7,
    ONNXRUN_STRING = 8,
    ONNXRUN_BOOL = 9,
    ONNXRUN_FLOAT16 = 10,
    ONNXRUN_DOUBLE = 11,
    ONNXRUN_UINT32 = 12,
    ONNXRUN_UINT64 = 13,
    ONNXRUN_COMPLEX64 = 14,
    ONNXRUN_COMPLEX128 = 15,
    ONNXRUN_BFLOAT16 = 16,
    ONNXRUN_FLOAT8E4M3FN = 17,
    ONNXRUN_FLOAT8E4M3FNUZ = 18,
    ONNXRUN_FLOAT8E5M2 = 19,
    ONNXRUN_FLOAT8E5M2FNUZ = 20,
    ONNXRUN_UINT4 = 21,
    ONNXRUN_INT4 = 22,
    ONNXRUN_FLOAT4E2M1 = 23,
    ONNXRUN_FLOAT8E8M0 = 24,
    ONNXRUN_UINT2 = 25,
    ONNXRUN_INT2 = 26
} onnxrun_dtype;

ONNXRUN_API const char *onnxrun_dtype_name(onnxrun_dtype t);     /**< "float32", ...; "undefined" */
ONNXRUN_API onnxrun_dtype onnxrun_dtype_parse(const char *name); /**< ONNXRUN_UNDEFINED when unknown */
ONNXRUN_API int onnxrun_dtype_bits(onnxrun_dtype t);             /**< 2 ... 128; 0 for strings */
ONNXRUN_API const char *onnxrun_version(void);

typedef struct onnxrun_model onnxrun_model;
typedef struct onnxrun_session onnxrun_session;
typedef struct onnxrun_value onnxrun_value;

/* ---- values ----------------------------------------------------------------------------------------------------------------
 */

typedef enum onnxrun_kind {
    ONNXRUN_KIND_UNKNOWN = 0,
    ONNXRUN_TENSOR = 1,
    ONNXRUN_SEQUENCE = 2,
    ONNXRUN_OPTIONAL = 3,
    ONNXRUN_MAP = 4
} onnxrun_kind;

/** A tensor over the caller's memory, which must outlive the value. Row-major, little-endian. NULL: no memory, bad dims, or a
 * type that cannot be borrowed (strings and packed 2- and 4-bit types: use onnxrun_value_tensor). */
ONNXRUN_API onnxrun_value *onnxrun_value_borrow(onnxrun_dtype dtype, int rank, const int64_t *dims, const void *data);
/** A tensor with a copy of `bytes` bytes of data, which must be exactly its size (packed for 2- and 4-bit types). Not for
 * strings. */
ONNXRUN_API onnxrun_status onnxrun_value_tensor(onnxrun_dtype dtype, int rank, const int64_t *dims, const void *data,
                                                size_t bytes, onnxrun_value **out, onnxrun_error *err);
/** A string tensor: numel strings given by pointers and lengths; copied. */
ONNXRUN_API onnxrun_status onnxrun_value_strings(int rank, const int64_t *dims, const char *const *strings,
                                                 const size_t *lengths, onnxrun_value **out, onnxrun_error *err);
/** A sequence of n values, an optional of 0 or 1 values, or a map of 2 values (keys: a 1-D tensor; values: a tensor or
 * sequence). The items are shared, the caller keeps and frees its own handles. */
ONNXRUN_API onnxrun_status onnxrun_value_items(onnxrun_kind kind, const onnxrun_value *const *items, size_t n,
                                               onnxrun_value **out, onnxrun_error *err);
/** A copy that owns its memory: for values that are seen for a moment only, as in hooks. */
ONNXRUN_API onnxrun_status onnxrun_value_copy(const onnxrun_value *v, onnxrun_value **out, onnxrun_error *err);
ONNXRUN_API void onnxrun_value_free(onnxrun_value *v);
ONNXRUN_API onnxrun_kind onnxrun_value_kind(const onnxrun_value *v);
ONNXRUN_API onnxrun_dtype onnxrun_value_dtype(const onnxrun_value *v);
ONNXRUN_API int onnxrun_value_rank(const onnxrun_value *v);
ONNXRUN_API const int64_t *onnxrun_value_dims(const onnxrun_value *v);
ONNXRUN_API int64_t onnxrun_value_numel(const onnxrun_value *v);
/** The elements, row-major, one byte or more per element: 2- and 4-bit types unpacked to one byte each (see
 * onnxrun_value_read). NULL for strings and non-tensors. Valid as long as the value. */
ONNXRUN_API const void *onnxrun_value_data(const onnxrun_value *v);
/** Bytes of the tensor as files hold it: 2- and 4-bit types packed; 0 for strings. */
ONNXRUN_API size_t onnxrun_value_bytes(const onnxrun_value *v);
/** Copies onnxrun_value_bytes bytes, packed as files hold them. */
ONNXRUN_API void onnxrun_value_read(const onnxrun_value *v, void *out);
/** String i of a string tensor, not terminated; its length in *n. */
ONNXRUN_API const char *onnxrun_value_string(const onnxrun_value *v, int64_t i, size_t *n);
/** Items of a sequence, optional or map. The item is a new handle: free it. */
ONNXRUN_API size_t onnxrun_value_count(const onnxrun_value *v);
ONNXRUN_API onnxrun_value *onnxrun_value_item(const onnxrun_value *v, size_t i);
/** Element i of a numeric tensor as a number (complex: the real part). */
ONNXRUN_API double onnxrun_value_number(const onnxrun_value *v, int64_t i);

/* ---- serialized values: ONNX TensorProto, SequenceProto, OptionalProto, MapProto (the .pb files of test data)
 * -------------------- */

/** Parses a protobuf message of a value. `like` tells the kind (from onnxrun_model_input_kind); ONNXRUN_KIND_UNKNOWN means a
 * tensor. *name (may be NULL) gets the message's name, to be freed with onnxrun_string_free. */
ONNXRUN_API onnxrun_status onnxrun_value_parse(const void *pb, size_t bytes, onnxrun_kind like, onnxrun_value **out,
                                               onnxrun_error *err);
/** The inverse; *bytes long, freed with onnxrun_string_free. */
ONNXRUN_API onnxrun_status onnxrun_value_serialize(const onnxrun_value *v, const char *name, void **pb, size_t *bytes,
                                                   onnxrun_error *err);
ONNXRUN_API void onnxrun_string_free(void *s);

/* ---- models ----------------------------------------------------------------------------------------------------------------
 */

typedef enum onnxrun_log_level { ONNXRUN_LOG_WARN = 0, ONNXRUN_LOG_INFO = 1, ONNXRUN_LOG_DEBUG = 2 } onnxrun_log_level;
typedef void (*onnxrun_log_fn)(void *user, onnxrun_log_level level, const char *text);

/** What a model may ask for; more is ONNXRUN_LIMIT. Given when a model is loaded, and kept for all its sessions. 0: no limit
 * (depths and ranks have a highest value in any case: the default). SECURITY.md says what each protects from. */
typedef struct onnxrun_limits {
    size_t size;            /**< sizeof(onnxrun_limits), set by the functions below */
    size_t max_file_bytes;  /**< of the model file; external files are not counted */
    int max_depth;          /**< of protobuf messages within each other */
    int max_subgraph_depth; /**< of graphs of If, Loop and Scan within each other */
    int max_function_depth; /**< of calls within functions */
    int max_rank;
    size_t max_nodes;             /**< subgraphs and expanded functions included */
    int64_t max_elements;         /**< of one tensor: in the file, or while running */
    size_t max_sparse_bytes;      /**< of one sparse tensor made dense */
    size_t max_fold_bytes;        /**< constants that optimization may compute, for one session */
    size_t max_memory;            /**< activations and packed weights of a session; see onnxrun_session_options.max_memory */
    double max_seconds;           /**< wall clock: making a session, and each planning and run; seen between two nodes */
    bool allow_external;          /**< tensors in files beside the model */
    bool copy_file;               /**< read the model file, rather than map it: it may be changed or shortened meanwhile */
    const char *const *allow_ops; /**< NULL-terminated: operators that may run ("Conv", "ai.onnx.ml.Scaler"); NULL: all */
} onnxrun_limits;
ONNXRUN_API onnxrun_limits onnxrun_limits_default(void);   /**< for models that you trust */
ONNXRUN_API onnxrun_limits onnxrun_limits_untrusted(void); /**< for those of strangers: everything bounded, no other files */

/** Start from onnxrun_load_options_default(). */
typedef struct onnxrun_load_options {
    size_t size;        /**< sizeof(onnxrun_load_options), set by the default function */
    onnxrun_log_fn log; /**< warnings and more; may be NULL */
    void *log_user;
    onnxrun_log_level log_level;
    const char *folder;           /**< for models from memory: where external data lies; NULL: external data is refused */
    const onnxrun_limits *limits; /**< NULL: onnxrun_limits_default() */
} onnxrun_load_options;
ONNXRUN_API onnxrun_load_options onnxrun_load_options_default(void);

/** Loads a model: parse, import, check structure, infer types. Operators that are not supported do not fail here but when a
 * session is made (so that info and dump work on any model). `options` may be NULL. */
ONNXRUN_API onnxrun_status onnxrun_model_load(const char *path, const onnxrun_load_options *options, onnxrun_model **out,
                                              onnxrun_error *err);
/** The same from memory, which must outlive the model (weights are borrowed from it). */
ONNXRUN_API onnxrun_status onnxrun_model_load_memory(const void *data, size_t bytes, const onnxrun_load_options *options,
                                                     onnxrun_model **out, onnxrun_error *err);
ONNXRUN_API void onnxrun_model_free(onnxrun_model *m);

ONNXRUN_API size_t onnxrun_model_n_inputs(const onnxrun_model *m);
ONNXRUN_API size_t onnxrun_model_n_outputs(const onnxrun_model *m);
ONNXRUN_API const char *onnxrun_model_input_name(const onnxrun_model *m, size_t i);
ONNXRUN_API const char *onnxrun_model_output_name(const onnxrun_model *m, size_t i);

/** Is there a tensor (or another value) of this name in the model's graph? Bodies of control flow are not looked into. */
ONNXRUN_API bool onnxrun_model_has_value(const onnxrun_model *m, const char *name);

/** A declared type. dims: known sizes, or -1; symbol: names for symbolic dims, else NULL. Strings live as long as the model. */
typedef struct onnxrun_type {
    onnxrun_kind kind;
    onnxrun_dtype dtype;
    int rank; /**< -1: unknown */
    int64_t dims[16];
    const char *symbols[16];
    char text[400]; /**< the whole type for people: "float32[batch x 3 x 224 x 224]" */
} onnxrun_type;
ONNXRUN_API void onnxrun_model_input_type(const onnxrun_model *m, size_t i, onnxrun_type *out);
ONNXRUN_API void onnxrun_model_output_type(const onnxrun_model *m, size_t i, onnxrun_type *out);

/* ---- sessions ---------------------------------------------------------------------------------------------------------------
 */

/** Start from onnxrun_session_options_default(). */
typedef struct onnxrun_session_options {
    size_t size;
    int n_threads;   /**< 0: all that affinity and the cgroup quota allow */
    int opt_level;   /**< 0: as written, reference kernels; 1: bit-exact rewrites only; 2 (default): everything */
    const char *cpu; /**< cap: "scalar", "avx2", "avx512", ...; NULL or "native": all this CPU has */
    const char *const *disable_passes; /**< NULL-terminated list of pass names; NULL: none */
    const char *stop_after; /**< stop after this pass ("fold"), or after its third rewrite ("fold:3"); NULL: run all */
    bool prefer_memory;     /**< no expanded weights: slower, smaller */
    size_t max_memory;      /**< bytes of arena and weights a session may take; 0: no limit */
    uint64_t seed;          /**< for random operators without a seed attribute; 0: fixed default */
    size_t max_plans;       /**< plans kept, one per signature of input shapes; 0: 8 */
    onnxrun_log_fn log;
    void *log_user;
    onnxrun_log_level log_level;
    /** Asked once for the name of every value that a node of the model makes (in bodies of control flow "loop/body/name"):
     * true: it stays to be seen by hooks, so nothing is fused over it and it is not computed beforehand. NULL: none. */
    bool (*keep)(void *user, const char *value);
    void *keep_user;
    /** Only plans, to be looked at: packs no weights, takes no memory for activations, is not bound by max_memory, and cannot
     * run. */
    bool plan_only;
    /** Denormal numbers of float and double count as zero in all arithmetic, on all threads, while the session is made, plans
     * and runs; tensors that are only moved keep them. The mode of the caller's thread is as before when a function returns,
     * and in hooks. ONNXRUN_UNSUPPORTED where the CPU has no such mode. */
    bool flush_denormals;
    bool explain; /**< takes down what the optimization does and nearly does, for onnxrun_explain */
} onnxrun_session_options;
ONNXRUN_API onnxrun_session_options onnxrun_session_options_default(void);

/** Optimizes the model's graph for this CPU and packs its weights where shapes allow; the model must outlive the session. */
ONNXRUN_API onnxrun_status onnxrun_session_new(const onnxrun_model *m, const onnxrun_session_options *options,
                                               onnxrun_session **out, onnxrun_error *err);
ONNXRUN_API void onnxrun_session_free(onnxrun_session *s);

/** Plans for given input types ahead of the first run; `dims` as in run's inputs, taken from values. Data of the values is not
 * read unless shapes depend on it. */
ONNXRUN_API onnxrun_status onnxrun_session_plan(onnxrun_session *s, const onnxrun_value *const *inputs, size_t n_inputs,
                                                onnxrun_error *err);

/** Runs the model. inputs: in the model's order (NULL entries: optional inputs left out). outputs: n_outputs slots in the
 * model's order; a NULL slot gets a new value that the caller frees; a slot that holds a value made by onnxrun_value_buffer is
 * written into when its size fits (else ONNXRUN_USAGE). On failure no new value is made. */
ONNXRUN_API onnxrun_status onnxrun_run(onnxrun_session *s, const onnxrun_value *const *inputs, size_t n_inputs,
                                       onnxrun_value **outputs, size_t n_outputs, onnxrun_error *err);
/** An output slot over the caller's memory: its type and shape must be what the run yields. */
ONNXRUN_API onnxrun_value *onnxrun_value_buffer(onnxrun_dtype dtype, int rank, const int64_t *dims, void *data);
/** Asks a run in another thread to stop soon: it returns ONNXRUN_LIMIT. The next run starts afresh. Any thread. */
ONNXRUN_API void onnxrun_cancel(onnxrun_session *s);

/** Figures of a session after its last plan or run. */
typedef struct onnxrun_stats {
    size_t size;            /**< set by the caller to sizeof(onnxrun_stats) */
    size_t arena_bytes;     /**< activations and scratch of the plan */
    size_t live_peak_bytes; /**< largest sum of bytes alive at one step: the arena's lower bound */
    size_t weight_bytes;    /**< constants that are used as they are, and packed weights */
    size_t packed_bytes;    /**< packed weights alone */
    size_t n_steps;
    int n_threads;
    const char *cpu; /**< level in use: "avx512", ... */
} onnxrun_stats;
ONNXRUN_API void onnxrun_session_stats(const onnxrun_session *s, onnxrun_stats *out);

/* ---- models out -------------------------------------------------------------------------------------------------------------
 */

/** Writes the session's optimized graph as an ONNX model of standard operators, which any runtime can run: what was fused into
 * convolutions is Conv, Add, Relu or Clip again (a folded BatchNormalization is in the weights), layouts are plain, functions
 * are expanded, inputs, outputs and all values that are left have the model's names. The file is whole or absent. `path` "-" is
 * standard output. With external_data, or when the model would have 2 GiB or more, large constants go to the file
 * "PATH.data". ONNXRUN_UNSUPPORTED: functions of the model use an operator set in two versions, which one graph cannot.
 * ONNXRUN_USAGE: the file cannot be written. */
ONNXRUN_API onnxrun_status onnxrun_session_save(const onnxrun_session *s, const char *path, bool external_data,
                                                onnxrun_error *err);
/** Writes the part of the model's graph between the values `from` and the values `to` (names of the model; n 0: its inputs, its
 * outputs) as a model of its own, with the types that inference finds and the constants that it needs; files as in
 * onnxrun_session_save. Inputs of the model that it needs besides `from` become inputs too, which a warning tells.
 * ONNXRUN_USAGE: there is no such value (with the nearest name as a hint), or no `to` depends on one of `from`. */
ONNXRUN_API onnxrun_status onnxrun_model_extract(const onnxrun_model *m, const char *const *from, size_t n_from,
                                                 const char *const *to, size_t n_to, const char *path, bool external_data,
                                                 onnxrun_error *err);

/* ---- looking inside
 * ---------------------------------------------------------------------------------------------------------- */

/** Receives pieces of text. Returns false to stop. */
typedef bool (*onnxrun_write_fn)(void *user, const char *text, size_t bytes);

/** stage: "model", "graph" (m alone), "optimized", "plan" (needs a session; plan also a plan). format: "text", "dot", "json",
 * or "html": onnxrun_draw's page without figures. Stage "memory" (needs a plan): what the plan takes and why, as "text", "json"
 * or "svg", a picture of the arena over time.
 */
ONNXRUN_API onnxrun_status onnxrun_dump(const onnxrun_model *m, const onnxrun_session *s, const char *stage, const char *format,
                                        onnxrun_write_fn write, void *user, onnxrun_error *err);
/** What onnxrun_draw may colour nodes by, besides what the stage itself tells: JSON texts, each terminated; NULL: none. They
 * are not looked into here: the page says so when one is not what it should be. */
typedef struct onnxrun_figures {
    size_t size;         /**< set by the caller to sizeof(onnxrun_figures) */
    const char *profile; /**< of `onnxrun profile --json` */
    const char *compare; /**< of `onnxrun compare --json` */
} onnxrun_figures;
/** A page (HTML, whole in itself, loads nothing) that draws a stage in a browser. Stages as in onnxrun_dump, without "memory";
 * `figures` may be NULL. Reads all weights, for their statistics. */
ONNXRUN_API onnxrun_status onnxrun_draw(const onnxrun_model *m, const onnxrun_session *s, const char *stage,
                                        const onnxrun_figures *figures, onnxrun_write_fn write, void *user, onnxrun_error *err);
/** What `onnxrun info` prints: "text" or "json". Sessions may be NULL: then arena and weight bytes are left out. */
ONNXRUN_API onnxrun_status onnxrun_info(const onnxrun_model *m, const onnxrun_session *s, const char *format,
                                        onnxrun_write_fn write, void *user, onnxrun_error *err);
/** Every rewrite that made the session's graph of the model's, pass by pass with its node and with the number that
 * onnxrun_session_options.stop_after takes ("conv_bn:3"), and near misses with the reason: "text" (80 columns) or "json".
 * ONNXRUN_USAGE: the session was made without the option `explain`. */
ONNXRUN_API onnxrun_status onnxrun_explain(const onnxrun_session *s, const char *format, onnxrun_write_fn write, void *user,
                                           onnxrun_error *err);
/** How many findings onnxrun_check told, and what the errors among them are: ONNXRUN_OK (none), ONNXRUN_UNSUPPORTED, or
 * ONNXRUN_INVALID when at least one is a defect of the model. */
typedef struct onnxrun_verdict {
    size_t size; /**< set by the caller to sizeof(onnxrun_verdict) */
    size_t n_errors, n_warnings, n_notes;
    onnxrun_status status;
} onnxrun_verdict;
/** Everything that is wrong or odd in a model file, all at once, as `onnxrun check` prints it: "text" or "json". What would end
 * a load (names, types, shapes, operators) is told and stepped over; a file that is no model fails as in onnxrun_model_load.
 * `verdict` may be NULL. */
ONNXRUN_API onnxrun_status onnxrun_check(const char *path, const char *format, onnxrun_write_fn write, void *user,
                                         onnxrun_verdict *verdict, onnxrun_error *err);
/** Names that options take, in order: optimization passes (disable_passes, stop_after) and CPU levels (cpu); NULL beyond the
 * last. */
ONNXRUN_API const char *onnxrun_pass_name(size_t i);
ONNXRUN_API const char *onnxrun_cpu_level_name(size_t i);
/** What two models do not have in common, as `onnxrun diff` tells it: "text" or "json". Nodes are matched by the graph around
 * them and by name. *equal (may be NULL) tells whether that is nothing: other names within the graph are no difference. */
ONNXRUN_API onnxrun_status onnxrun_diff(const onnxrun_model *a, const onnxrun_model *b, const char *format,
                                        onnxrun_write_fn write, void *user, bool *equal, onnxrun_error *err);
/** The supported operators: "text" or "json". */
ONNXRUN_API onnxrun_status onnxrun_list_ops(const char *format, onnxrun_write_fn write, void *user, onnxrun_error *err);

/** One step of a run: a node of the session's graph. Strings live as long as the session's plan; in hooks, during the call. */
typedef struct onnxrun_step_info {
    const char *node, *op, *kernel; /**< kernel: variant name, or "" */
    uint64_t start_ns, ns;          /**< start relative to the run's start; ns is 0 before the node */
    double flops, bytes;            /**< work of the step; 0 when unknown, and for views */
    bool fewer_flops;               /**< the kernel needs fewer than `flops`, which are the direct sum's (Winograd) */
    const char *const *origin;      /**< names of the model's nodes whose work it does; none for a change of layout */
    size_t n_origin;
    size_t n_inputs, n_outputs;
    int depth; /**< 0 for the graph's own nodes, more in the bodies of If, Loop, Scan */
} onnxrun_step_info;
/** Called after each step of every run (not for steps of bodies) until set again; NULL stops. Returning false cancels the run.
 */
typedef bool (*onnxrun_step_fn)(void *user, const onnxrun_step_info *step);
ONNXRUN_API void onnxrun_session_on_step(onnxrun_session *s, onnxrun_step_fn fn, void *user);

/** What this machine can do at most with the session's CPU level and threads, measured now in a fraction of a second: GFLOP/s
 * of multiply-adds in registers, GB/s of reading memory that no cache holds (for which it takes up to 256 MB for that time). */
ONNXRUN_API onnxrun_status onnxrun_session_roof(onnxrun_session *s, double *gflops, double *gbytes, onnxrun_error *err);

/* ---- hooks: every node of a run, with its tensors --------------------------------------------------------------------------
 */

/** A node that is about to run, or has run: valid during the hook's call, on its thread alone. */
typedef struct onnxrun_step onnxrun_step;
/** Returning false cancels the run, which ends with ONNXRUN_LIMIT. */
typedef bool (*onnxrun_hook_fn)(void *user, onnxrun_step *step);
/** Either may be NULL. They are called for the nodes of the session's (optimized) graph and, inside the node that runs them,
 * for those of the bodies of control flow, in every iteration. */
typedef struct onnxrun_hooks {
    onnxrun_hook_fn before, after;
    void *user;
} onnxrun_hooks;
/** Hooks for all coming runs; NULL: none. A run without hooks pays nothing. */
ONNXRUN_API void onnxrun_session_set_hooks(onnxrun_session *s, const onnxrun_hooks *hooks);
/** Is the value `name` of the model ("loop/body/name" in a body) made by a node of this session's graph, so that hooks see it
 * (unless it is found while planning already, as shapes are)? false: optimized away; onnxrun_session_options.keep brings it
 * back. */
ONNXRUN_API bool onnxrun_session_makes(onnxrun_session *s, const char *value);

ONNXRUN_API const onnxrun_step_info *onnxrun_step_about(onnxrun_step *step);
/** The model's name of input or output i ("loop/body/name" in a body); NULL: left out, not wanted, or i is too large. Values
 * that rewrites brought in have names of their own. */
ONNXRUN_API const char *onnxrun_step_input_name(onnxrun_step *step, size_t i);
ONNXRUN_API const char *onnxrun_step_output_name(onnxrun_step *step, size_t i);
/** Content of input i; plain row-major (converted now, when the tensor lies in blocks of channels). Not to be freed; valid
 * during the call. NULL: left out, no memory, or, after the node, overwritten by the output that took its memory over. */
ONNXRUN_API const onnxrun_value *onnxrun_step_input(onnxrun_step *step, size_t i);
/** Content of output i, likewise; NULL before the node. */
ONNXRUN_API const onnxrun_value *onnxrun_step_output(onnxrun_step *step, size_t i);
/** Gives output i another content of the same type and shape (copied), which the rest of the run goes on with. After the node
 * only. ONNXRUN_USAGE: another type, or no such output; ONNXRUN_UNSUPPORTED: the output is the caller's own input under
 * another shape. */
ONNXRUN_API onnxrun_status onnxrun_step_replace(onnxrun_step *step, size_t i, const onnxrun_value *v, onnxrun_error *err);
/** The nodes of the model whose work this step does for its output i, as an ONNX model of their own (`*bytes` long, freed with
 * onnxrun_string_free). Its inputs are those of the step that are no constants, in the types they have now, and inputs of the
 * model where more is needed; its one output is output i; weights are inside. `part_of`, when not NULL, has room for the step's
 * n_inputs: which input of the new model each of them is, SIZE_MAX: none. ONNXRUN_UNSUPPORTED: in a body, more is needed than
 * the step reads. ONNXRUN_LIMIT: it would have 2 GiB or more. */
ONNXRUN_API onnxrun_status onnxrun_step_part(onnxrun_step *step, size_t i, void **onnx, size_t *bytes, size_t *part_of,
                                             onnxrun_error *err);

#ifdef __cplusplus
}
#endif

#endif
