// bench.c: `onnxrun bench`: how long loading and running take, and how much memory.
// May assume: parsed options. Never times a run that includes planning, but the first.
#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/open.h"
#include "cli/refuse.h"
#include "cli/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { WARMUP = 3, ITERATIONS = 30, MIN_ITERATIONS = 3 };
static const double TIME_LIMIT_MS = 10e3; // of warm-up and of timed runs, each, when their number was not given

typedef struct figures {
    double load_ms, first_ms, min_ms, median_ms, p90_ms, peak_rss_mb;
    size_t n;
    onnxrun_stats stats;
} figures;

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Runs once; outputs are made and freed as in a plain call.
static onnxrun_status run_once(onnxrun_session *s, const onr_inputs *in, onnxrun_value **out, size_t n_out, double *ms,
                               onnxrun_error *err) {
    double start = onr_now_ms();
    onnxrun_status st = onnxrun_run(s, (const onnxrun_value *const *)in->value, in->n, out, n_out, err);
    *ms = onr_now_ms() - start;
    for (size_t i = 0; i < n_out; i++) {
        onnxrun_value_free(out[i]);
        out[i] = NULL;
    }
    return st;
}

// Runs up to n times, fewer (but `least`) when the time is up and n was not asked for; times (may be NULL) gets each.
static onnxrun_status run_many(onnxrun_session *s, const onr_inputs *in, onnxrun_value **out, size_t n_out, size_t n,
                               size_t least, double *times, size_t *done, onnxrun_error *err) {
    double start = onr_now_ms(), ms;
    onnxrun_status st = ONNXRUN_OK;
    for (*done = 0; *done < n && st == ONNXRUN_OK; ++*done) {
        if (*done >= least && onr_now_ms() - start > TIME_LIMIT_MS) break;
        onr_term_progress(*done, n, times ? "timed runs" : "warm-up");
        st = run_once(s, in, out, n_out, &ms, err);
        if (times) times[*done] = ms;
    }
    onr_term_progress(0, 0, "");
    return st;
}

/// The most memory this program had at once. getrusage would also count what the program that started it had.
static double peak_rss_mb(void) {
    FILE *f = fopen("/proc/self/status", "r");
    char line[128];
    long kb = -1;
    while (f && kb < 0 && fgets(line, sizeof line, f)) sscanf(line, "VmHWM: %ld", &kb);
    if (f) fclose(f);
    struct rusage usage;
    if (kb < 0 && getrusage(RUSAGE_SELF, &usage) == 0) kb = usage.ru_maxrss;
    return (double)kb / 1024;
}

static onnxrun_status measure(const onr_args *args, onnxrun_session *s, const onr_inputs *in, onnxrun_value **out, size_t n_out,
                              figures *f, onnxrun_error *err) {
    size_t n_warm = args->warmup >= 0 ? (size_t)args->warmup : WARMUP,
           n = args->iterations > 0 ? (size_t)args->iterations : ITERATIONS, done;
    double *times = onr_io_alloc(n, sizeof *times);
    if (!times) return onr_io_no_memory(err, n * sizeof *times);
    onnxrun_status st = run_once(s, in, out, n_out, &f->first_ms, err);
    if (st == ONNXRUN_OK) st = run_many(s, in, out, n_out, n_warm, args->warmup >= 0 ? n_warm : 0, NULL, &done, err);
    if (st == ONNXRUN_OK) st = run_many(s, in, out, n_out, n, args->iterations > 0 ? n : MIN_ITERATIONS, times, &f->n, err);
    if (st == ONNXRUN_OK) {
        qsort(times, f->n, sizeof *times, by_size);
        f->min_ms = times[0];
        f->median_ms = f->n % 2 ? times[f->n / 2] : (times[f->n / 2 - 1] + times[f->n / 2]) / 2;
        f->p90_ms = times[(f->n * 9 + 9) / 10 - 1]; // nearest rank
        f->peak_rss_mb = peak_rss_mb();
        f->stats.size = sizeof f->stats;
        onnxrun_session_stats(s, &f->stats);
    }
    onr_io_free(times);
    return st;
}

static onnxrun_status bench(const onr_args *args, figures *f, onnxrun_error *err) {
    onnxrun_model *m = NULL;
    onnxrun_session *s = NULL;
    onnxrun_value **out = NULL;
    onr_inputs in = {0};
    onr_sidecar sidecar = {0};
    double start = onr_now_ms();
    onnxrun_status st = onr_open_model(args, args->pos[0], &m, err);
    if (st == ONNXRUN_OK) st = onr_open_session(args, m, &s, err);
    f->load_ms = onr_now_ms() - start;
    if (st == ONNXRUN_OK) st = onr_sidecar_read(args->pos[0], &sidecar, err);
    if (st == ONNXRUN_OK) st = onr_inputs_read(args, m, &sidecar, args->pos + 1, args->n_pos - 1, true, &in, err);
    size_t n_out = m ? onnxrun_model_n_outputs(m) : 0;
    if (st == ONNXRUN_OK) { // ready means: weights are packed and memory is planned for these inputs
        start = onr_now_ms();
        st = onnxrun_session_plan(s, (const onnxrun_value *const *)in.value, in.n, err);
        f->load_ms += onr_now_ms() - start;
    }
    if (st == ONNXRUN_OK) {
        out = onr_io_alloc(n_out, sizeof *out);
        st = out ? measure(args, s, &in, out, n_out, f, err) : onr_io_no_memory(err, n_out * sizeof *out);
    }
    if (st != ONNXRUN_OK) onr_report(err);
    if (st != ONNXRUN_OK) onr_refuse_explain(args, m, &in, err);
    onr_io_free(out);
    onr_inputs_free(&in);
    onr_sidecar_free(&sidecar);
    onnxrun_session_free(s);
    onnxrun_model_free(m);
    return st;
}

static void print_json(const figures *f) {
    onr_str cpu = {0};
    onr_str_json(&cpu, f->stats.cpu);
    printf("{\"version\": 1, \"load_ms\": %.6g, \"first_ms\": %.6g, \"min_ms\": %.6g, \"median_ms\": %.6g, \"p90_ms\": %.6g, "
           "\"arena_bytes\": %zu, \"weight_bytes\": %zu, \"peak_rss_mb\": %.1f, \"threads\": %d, \"cpu\": %s}\n",
           f->load_ms, f->first_ms, f->min_ms, f->median_ms, f->p90_ms, f->stats.arena_bytes, f->stats.weight_bytes,
           f->peak_rss_mb, f->stats.n_threads, cpu.s ? cpu.s : "null");
    onr_str_free(&cpu);
}

static void print_text(const figures *f) {
    char arena[32], weights[32];
    printf("load    %10.3f ms\nfirst   %10.3f ms\n", f->load_ms, f->first_ms);
    printf("%smin     %10.3f ms%s\nmedian  %10.3f ms\np90     %10.3f ms   of %zu runs\n", onr_term_bold(), f->min_ms,
           onr_term_plain(), f->median_ms, f->p90_ms, f->n);
    printf("arena   %13s   weights %s   peak RSS %.1f MB\n", onr_str_bytes(arena, f->stats.arena_bytes),
           onr_str_bytes(weights, f->stats.weight_bytes), f->peak_rss_mb);
    printf("threads %10d      cpu %s\n", f->stats.n_threads, f->stats.cpu);
}

static int command(const onr_args *args) {
    onnxrun_error err;
    figures f = {0};
    if (bench(args, &f, &err) != ONNXRUN_OK) return (int)err.status; // told already
    if (args->json) {
        print_json(&f);
    } else {
        print_text(&f);
    }
    return 0;
}

const onr_command onr_command_bench = {
    .name = "bench",
    .usage = "MODEL [INPUT...] [OPTIONS]",
    .summary = "measure load time, run time and memory",
    .about = "Loads MODEL, runs it once (the first run plans), warms up, and times further runs. Inputs that are not given are "
             "random. "
             "Memory is that of the whole process.",
    .options = "json iterations warmup batch free-dim input-shape random seed test-data-set threads cpu optimize disable-pass "
               "stop-after prefer ftz "
               "max-memory " ONR_LIMIT_OPTIONS "verbose quiet help",
    .min_pos = 1,
    .max_pos = SIZE_MAX,
    .run = command,
};
