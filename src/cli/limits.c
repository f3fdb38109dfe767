// limits.c: options about limits, and the bounds of the process itself.
// May assume: parsed options. Never lifts a limit of the process.
#include "cli/limits.h"

#include "cli/term.h"
#include "io/file.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

typedef enum limit_kind { COUNT32, COUNT, BYTES, SECONDS } limit_kind;

typedef struct limit_name {
    const char *name;
    limit_kind kind;
    size_t offset;
} limit_name;

#define AT(field) offsetof(onnxrun_limits, field)
static const limit_name NAMES[] = {
    {"file", BYTES, AT(max_file_bytes)},
    {"depth", COUNT32, AT(max_depth)},
    {"subgraphs", COUNT32, AT(max_subgraph_depth)},
    {"functions", COUNT32, AT(max_function_depth)},
    {"rank", COUNT32, AT(max_rank)},
    {"nodes", COUNT, AT(max_nodes)},
    {"elements", COUNT, AT(max_elements)},
    {"sparse", BYTES, AT(max_sparse_bytes)},
    {"fold", BYTES, AT(max_fold_bytes)},
    {"memory", BYTES, AT(max_memory)},
    {"seconds", SECONDS, AT(max_seconds)},
};
enum { N_NAMES = sizeof NAMES / sizeof *NAMES };

static bool store(const limit_name *n, const char *text, onnxrun_limits *l) {
    void *at = (char *)l + n->offset;
    char *end;
    int64_t x = 0;
    switch (n->kind) {
    case BYTES: return onr_parse_bytes(text, at);
    case SECONDS:
        *(double *)at = strtod(text, &end);
        return end != text && !*end && isfinite(*(double *)at) && *(double *)at >= 0;
    case COUNT32:
        if (!onr_parse_int(text, &x) || x < 0 || x > INT32_MAX) return false;
        *(int *)at = (int)x;
        return true;
    case COUNT: // size_t and int64_t have one width
        if (!onr_parse_int(text, &x) || x < 0) return false;
        memcpy(at, &x, sizeof x);
        return true;
    }
    return false;
}

_Static_assert(sizeof(size_t) == sizeof(int64_t), "counts of both types are stored alike");

static onnxrun_status read_limit(const char *word, onnxrun_limits *l, onnxrun_error *err) {
    const char *equals = strchr(word, '=');
    size_t n = equals ? (size_t)(equals - word) : strlen(word);
    for (int i = 0; i < N_NAMES; i++) {
        if (strlen(NAMES[i].name) != n || memcmp(NAMES[i].name, word, n) != 0) continue;
        if (equals && store(&NAMES[i], equals + 1, l)) return ONNXRUN_OK;
        return onr_io_fail(err, ONNXRUN_USAGE, "--limit: '%s' is not of the form %s=%s", word, NAMES[i].name,
                           NAMES[i].kind == BYTES ? "SIZE" : "N");
    }
    return onr_io_fail(err, ONNXRUN_USAGE,
                       "--limit: '%.*s' is none of file, depth, subgraphs, functions, rank, nodes, elements, sparse, fold, "
                       "memory, seconds",
                       (int)n, word);
}

// Names of operators one a line; '#' starts a remark.
static onnxrun_status read_ops(const char *path, onr_cli_limits *l, onnxrun_error *err) {
    size_t n = 0;
    onnxrun_status st = onr_labels_read(path, &l->file, err);
    if (st != ONNXRUN_OK) return st;
    l->ops = onr_io_alloc(l->file.n + 1, sizeof *l->ops);
    if (!l->ops) return onr_io_no_memory(err, (l->file.n + 1) * sizeof *l->ops);
    for (size_t i = 0; i < l->file.n; i++)
        if (l->file.name[i][0] && l->file.name[i][0] != '#') l->ops[n++] = l->file.name[i];
    l->ops[n] = NULL;
    l->limits.allow_ops = l->ops;
    return ONNXRUN_OK;
}

static void on_alarm(int number) {
    static const char text[] = "onnxrun: the limit of seconds was reached within one operator\n";
    (void)number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(ONNXRUN_LIMIT);
    _exit(ONNXRUN_LIMIT);
}

static void bound_process(const onnxrun_limits *l) {
    enum { ROOM = 512 << 20 }; // for the model itself, stacks and what inference needs
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // they reserve terabytes
    const rlim_t bytes = (rlim_t)l->max_memory + l->max_file_bytes + ROOM;
    const struct rlimit memory = {bytes, bytes};
    if (l->max_memory && l->max_file_bytes) setrlimit(RLIMIT_DATA, &memory);
#endif
    if (!(l->max_seconds > 0 && l->max_seconds < 1e6)) return;
    const double seconds = l->max_seconds + 1;
    struct itimerval timer = {.it_value = {(time_t)seconds, (suseconds_t)((seconds - floor(seconds)) * 1e6)}};
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &timer, NULL);
}

void onr_limits_stop_watch(void) {
    const struct itimerval none = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &none, NULL);
}

onnxrun_status onr_limits_read(const onr_args *args, onr_cli_limits *out, onnxrun_error *err) {
    memset(out, 0, sizeof *out);
    out->limits = args->untrusted ? onnxrun_limits_untrusted() : onnxrun_limits_default();
    onnxrun_status st = ONNXRUN_OK;
    for (size_t i = 0; i < args->limit.n && st == ONNXRUN_OK; i++) st = read_limit(args->limit.item[i], &out->limits, err);
    if (st == ONNXRUN_OK && args->allow_ops) st = read_ops(args->allow_ops, out, err);
    if (st == ONNXRUN_OK && args->untrusted) bound_process(&out->limits);
    return st;
}

size_t onr_limits_memory(const onr_args *args) {
    onnxrun_limits l = args->untrusted ? onnxrun_limits_untrusted() : onnxrun_limits_default();
    for (size_t i = 0; i < args->limit.n; i++) read_limit(args->limit.item[i], &l, NULL);
    size_t own = args->max_memory;
    return !own || (l.max_memory && l.max_memory < own) ? l.max_memory : own;
}

void onr_limits_free(onr_cli_limits *l) {
    onr_labels_free(&l->file);
    onr_io_free(l->ops);
    memset(l, 0, sizeof *l);
}
