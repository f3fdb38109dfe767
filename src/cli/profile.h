// profile.h: what the steps of some runs of a session took, as text, JSON and Chrome trace.
#ifndef ONR_CLI_PROFILE_H
#define ONR_CLI_PROFILE_H

#include "cli/args.h"
#include "cli/inputs.h"
#include "io/file.h"
#include "onnxrun.h"

#include <stdio.h>

/// One step. Strings belong to the session's plan.
typedef struct onr_profile_step {
    const char *node, *op, *kernel;
    const char *const *origin; ///< names of the model's nodes whose work it does
    size_t n_origin;
    double flops, bytes;
    bool fewer_flops;          ///< the kernel needs fewer than flops
    double ms;                 ///< the minimum of all runs
    double now_at, now_ms;     ///< of the run that goes on
    double trace_at, trace_ms; ///< of the fastest run
    double denormal;           ///< share of its outputs' values that are, by a sample; below 0: nobody looked
} onr_profile_step;

typedef struct onr_profile {
    onnxrun_session *session;
    const char *model; ///< for titles
    onr_profile_step *step;
    size_t n, cap, seen; ///< seen: of the run that goes on
    size_t n_runs;
    double run_ms;         ///< of the fastest run
    double gflops, gbytes; ///< what the machine can do
    bool measured;         ///< at least one of the two
    bool uneven, failed;   ///< runs had different steps; no memory for one
    onnxrun_stats stats;
} onr_profile;

/// Steps, or what one operator or kernel did in all its steps.
typedef struct onr_profile_sum {
    const char *name;
    size_t n_steps;
    double ms, flops, bytes, roof_ms;
    bool fewer_flops;
} onr_profile_sum;

/// Lets the session report its steps into p from now on; p must stay where it is until onr_profile_free.
void onr_profile_start(onr_profile *p, onnxrun_session *s, const char *model);
/// Before each run, and after one that took `ms`; _end fails when memory lacks or the runs had different steps.
void onr_profile_begin(onr_profile *p);
onnxrun_status onr_profile_end(onr_profile *p, double ms, onnxrun_error *err);
/// One run more, in which samples of what each step makes are looked at: how many are denormal?
onnxrun_status onr_profile_denormals(onr_profile *p, const onr_inputs *in, onnxrun_error *err);
/// The session's figures, and the machine's limits: those of --peak-gflops and --peak-gbytes, measured where not given.
onnxrun_status onr_profile_finish(onr_profile *p, const onr_args *args, onnxrun_error *err);
void onr_profile_free(onr_profile *p);

/// The least milliseconds that the machine's limits allow for so much work; *memory: its bytes bind, not its FLOPs.
double onr_profile_roof(const onr_profile *p, double flops, double bytes, bool *memory);
/// Sums by operator, or by kernel, longest first; freed with onr_io_free. NULL: no memory.
onr_profile_sum *onr_profile_sums(const onr_profile *p, bool by_kernel, size_t *n);
/// Milliseconds of all steps, and of those that only change a layout.
double onr_profile_steps_ms(const onr_profile *p);
double onr_profile_reorder_ms(const onr_profile *p, size_t *n_steps);

/// Tables of at most 80 columns; bold headings when `bold` is an escape code and not "".
void onr_profile_text(const onr_profile *p, FILE *f, const char *bold, const char *plain);
void onr_profile_json(const onr_profile *p, onr_str *out);
/// The fastest run in Chrome's trace format.
void onr_profile_trace(const onr_profile *p, onr_str *out);

#endif
