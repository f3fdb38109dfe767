// limits.h: --untrusted, --limit and --allow-ops: from words to onnxrun_limits, and to limits of this process.
#ifndef ONR_CLI_LIMITS_H
#define ONR_CLI_LIMITS_H

#include "cli/args.h"
#include "io/labels.h"
#include "onnxrun.h"

/// What the limits need while a model is loaded: free with onr_limits_free.
typedef struct onr_cli_limits {
    onnxrun_limits limits;
    onr_labels file; ///< of --allow-ops
    const char **ops;
} onr_cli_limits;

/// Reads the options. With --untrusted this process also gets a bound of its memory, and ends itself with exit code 5 when it
/// works for longer than the limit of seconds and one more (a single operator cannot be stopped otherwise).
onnxrun_status onr_limits_read(const onr_args *args, onr_cli_limits *out, onnxrun_error *err);
/// The bytes of memory that --max-memory, --limit and --untrusted leave together; 0: no limit.
size_t onr_limits_memory(const onr_args *args);
void onr_limits_free(onr_cli_limits *l);
/// The work is done: files may be written in peace.
void onr_limits_stop_watch(void);

#endif
