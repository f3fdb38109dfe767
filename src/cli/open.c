// open.c: from options to a loaded model and a session.
// May assume: parsed options. Never prints results.
#include "cli/open.h"

#include "cli/limits.h"
#include "cli/term.h"
#include "io/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int onr_report(const onnxrun_error *err) {
    onr_term_error("%s", err->text);
    return err->status == ONNXRUN_OK ? ONNXRUN_INTERNAL : (int)err->status;
}

static void on_log(void *user, onnxrun_log_level level, const char *text) {
    (void)user;
    if (level == ONNXRUN_LOG_WARN) {
        onr_term_say("warning: %s", text);
    } else {
        onr_term_detail("%s", text);
    }
}

static onnxrun_log_level log_level(const onr_args *args) {
    return args->verbose > 1 ? ONNXRUN_LOG_DEBUG : args->verbose ? ONNXRUN_LOG_INFO : ONNXRUN_LOG_WARN;
}

onnxrun_status onr_open_model(const onr_args *args, const char *path, onnxrun_model **out, onnxrun_error *err) {
    onnxrun_load_options options = onnxrun_load_options_default();
    options.log = on_log;
    options.log_level = log_level(args);
    onr_cli_limits limits;
    onnxrun_status st = onr_limits_read(args, &limits, err);
    options.limits = &limits.limits;
    if (st == ONNXRUN_OK) st = onnxrun_model_load(path, &options, out, err);
    onr_limits_free(&limits);
    return st;
}

// --threads, else ONNXRUN_NUM_THREADS, else all.
static onnxrun_status thread_count(const onr_args *args, int *out, onnxrun_error *err) {
    const char *env = getenv("ONNXRUN_NUM_THREADS");
    int64_t x = 0;
    *out = args->threads < 0 ? 0 : args->threads;
    if (args->threads >= 0 || !env || !*env) return ONNXRUN_OK;
    if (!onr_parse_int(env, &x) || x < 0 || x > INT32_MAX) {
        return onr_io_fail(err, ONNXRUN_USAGE, "ONNXRUN_NUM_THREADS: '%s' is not a number of threads", env);
    }
    *out = (int)x;
    return ONNXRUN_OK;
}

onnxrun_status onr_open_options(const onr_args *args, onnxrun_session_options *out, onnxrun_error *err) {
    *out = onnxrun_session_options_default();
    onnxrun_status st = thread_count(args, &out->n_threads, err);
    if (st != ONNXRUN_OK) return st;
    const char *env = getenv("ONNXRUN_CPU");
    out->cpu = args->cpu ? args->cpu : env && *env ? env : NULL;
    out->opt_level = args->opt_level;
    out->disable_passes = args->disable_pass.n ? args->disable_pass.item : NULL;
    out->stop_after = args->stop_after;
    out->explain = args->explain_opt;
    out->prefer_memory = args->prefer && strcmp(args->prefer, "memory") == 0;
    out->max_memory = args->max_memory;
    out->flush_denormals = args->ftz;
    out->seed = args->seed;
    out->log = on_log;
    out->log_level = log_level(args);
    return ONNXRUN_OK;
}

onnxrun_status onr_open_session(const onr_args *args, const onnxrun_model *m, onnxrun_session **out, onnxrun_error *err) {
    onnxrun_session_options options;
    onnxrun_status st = onr_open_options(args, &options, err);
    return st == ONNXRUN_OK ? onnxrun_session_new(m, &options, out, err) : st;
}

double onr_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

bool onr_print_piece(void *user, const char *text, size_t bytes) {
    (void)user;
    return fwrite(text, 1, bytes, stdout) == bytes;
}
