// args.c: parses options and prints help from one table.
// May assume: argv strings live as long as the process. Never exits.
#include "cli/args.h"

#include "cli/term.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum arg_kind { FLAG, COUNT, INT, INT64, SEED, NUMBER, NUMBERS, TEXT, WORD, LIST, LEVEL, BYTES } arg_kind;

typedef struct option {
    char letter; // 0: none
    const char *name;
    arg_kind kind;
    size_t offset;
    const char *value; // its name in -h; WORD: the allowed words, separated by |
    const char *help;
} option;

#define AT(field) offsetof(onr_args, field)
static const option OPTIONS[] = {
    {'t', "threads", INT, AT(threads), "N",
     "threads; 0: all that affinity and the cgroup quota allow (default, or ONNXRUN_NUM_THREADS)"},
    {0, "cpu", TEXT, AT(cpu), "LEVEL", "use at most scalar, avx2, avx512, ... (default: all this CPU has, or ONNXRUN_CPU)"},
    {'O', "optimize", LEVEL, AT(opt_level), "0|1|2", "0: as written, 1: bit-exact rewrites only, 2: everything (default)"},
    {0, "disable-pass", LIST, AT(disable_pass), "NAME", "leave out an optimization pass; may be repeated"},
    {0, "stop-after", TEXT, AT(stop_after), "PASS[:N]", "stop optimizing after a pass, or after its N-th rewrite"},
    {0, "explain-opt", FLAG, AT(explain_opt), NULL, "tell every rewrite that was made, and why others nearly were but not"},
    {0, "prefer", WORD, AT(prefer), "speed|memory", "memory: no expanded weights, slower but smaller"},
    {0, "ftz", FLAG, AT(ftz), NULL, "denormal numbers count as zero in all arithmetic: slow on many CPUs otherwise"},
    {0, "max-memory", BYTES, AT(max_memory), "SIZE", "refuse to take more for weights and activations, for instance 200M"},
    {0, "untrusted", FLAG, AT(untrusted), NULL, "for models of strangers: no other files, and low limits (SECURITY.md)"},
    {0, "limit", LIST, AT(limit), "NAME=N",
     "file, depth, subgraphs, functions, rank, nodes, elements, sparse, fold, memory or seconds; may be repeated"},
    {0, "allow-ops", TEXT, AT(allow_ops), "FILE", "run no operators but those in FILE, one a line"},
    {'f', "free-dim", LIST, AT(free_dim), "NAME=N", "size of a symbolic dimension, for instance batch=4; may be repeated"},
    {0, "input-shape", LIST, AT(input_shape), "NAME:1x3x32x32", "shape of an input; may be repeated"},
    {0, "test-data-set", TEXT, AT(test_data_set), "DIR", "take the inputs from DIR/input_N.pb"},
    {0, "random", FLAG, AT(random), NULL, "fill the inputs that are not given with random numbers"},
    {0, "seed", SEED, AT(seed), "N", "seed of --random and of random operators (default 0)"},
    {0, "mean", NUMBERS, AT(mean), "R,G,B", "pictures: subtracted from scaled pixels (default 0, or the model's sidecar file)"},
    {0, "std", NUMBERS, AT(std), "R,G,B", "pictures: then divided by (default 1, or the sidecar)"},
    {0, "scale", NUMBER, AT(scale), "X", "pictures: pixels 0..255 are multiplied by X first (default 1/255, or the sidecar)"},
    {'o', "output", TEXT, AT(output), "PATH",
     "write results to a file, or into a folder (output_N.pb, ...); - is standard output"},
    {0, "external-data", FLAG, AT(external_data), NULL, "weights of 1 KiB or more go to OUT.onnx.data beside it"},
    {0, "from", LIST, AT(from), "TENSOR", "where the part begins: names with commas between; may be repeated"},
    {0, "to", LIST, AT(to), "TENSOR", "where it ends, likewise"},
    {0, "format", TEXT, AT(format), "FORMAT", "form of the results; see above"},
    {0, "print", INT64, AT(print), "N", "print the first N values of each output (0: none)"},
    {0, "top-k", INT64, AT(top_k), "K", "print the K most probable classes of each row of the first output"},
    {0, "labels", TEXT, AT(labels), "FILE", "names of the classes, one a line (default: the sidecar's)"},
    {0, "stage", WORD, AT(stage), "model|graph|optimized|plan", "what to show (default graph)"},
    {0, "with-profile", TEXT, AT(with_profile), "FILE", "html: colour by time, from what profile --json printed"},
    {0, "with-compare", TEXT, AT(with_compare), "FILE", "html: colour by error, from what compare --json printed"},
    {0, "svg", TEXT, AT(svg), "FILE", "draw the arena over time into FILE (- is standard output)"},
    {0, "save-steps", TEXT, AT(save_steps), "PATH", "save every tensor that a node makes: x.npz, or a folder"},
    {0, "dump-tensors", TEXT, AT(dump_tensors), "REGEX",
     "only tensors of these names (extended regular expression), un-fused where needed; alone it prints them"},
    {0, "stats", FLAG, AT(stats), NULL, "print minimum, maximum, mean, deviation and odd values of every tensor"},
    {0, "check-nan", FLAG, AT(check_nan), NULL, "stop at the first node that makes NaN or Inf of inputs without; exit code 1"},
    {0, "against", TEXT, AT(against), "WHAT",
     "the reference: O0 (default), O1, cpu=LEVEL, O0,cpu=scalar, a saved x.npz, or a folder of .npy or .pb"},
    {0, "max-ulp", NUMBER, AT(max_ulp), "N", "floats may differ by N units in the last place"},
    {0, "repro", TEXT, AT(repro), "DIR",
     "write the first divergent node into DIR: a model, its inputs, what it should give, and a script that shows it"},
    {0, "fail-fast", FLAG, AT(fail_fast), NULL, "stop at the first that differs"},
    {0, "checksum", FLAG, AT(checksum), NULL, "print a hash of each output (XXH3, 128 bits) instead of its first values"},
    {0, "threads-sweep", FLAG, AT(threads_sweep), NULL,
     "check that every number of threads and batch position gives the same bits; exit code 1 when not"},
    {0, "json", FLAG, AT(json), NULL, "print JSON"},
    {0, "iterations", INT, AT(iterations), "N", "timed runs (default: some tens, fewer when they take seconds)"},
    {0, "warmup", INT, AT(warmup), "N", "runs before the timed ones (default 2 or 3)"},
    {0, "batch", INT, AT(batch), "N", "size of the first dimension of each input, where it is free"},
    {0, "profile", FLAG, AT(profile), NULL, "also tell on standard error what each step took (see onnxrun profile)"},
    {0, "trace", TEXT, AT(trace), "FILE", "write the steps of the fastest run in Chrome's trace format; - is standard output"},
    {0, "peak-gflops", NUMBER, AT(peak_gflops), "X", "the machine's GFLOP/s on all threads (default: measured now)"},
    {0, "peak-gbytes", NUMBER, AT(peak_gbytes), "X", "the memory's GB/s on all threads (default: measured now)"},
    {0, "rtol", NUMBER, AT(rtol), "X", "relative tolerance (default 1e-3, or the test's data.json)"},
    {0, "atol", NUMBER, AT(atol), "X", "absolute tolerance (default 1e-7, or the test's data.json)"},
    {'k', "only", LIST, AT(only), "GLOB", "only tests whose name matches, for instance '*conv*'; may be repeated"},
    {0, "shape-only", LIST, AT(shape_only), "GLOB",
     "judge these tests by types and shapes alone (random operators); may be repeated"},
    {0, "timeout", NUMBER, AT(timeout), "SECONDS", "a test that takes longer has failed (default 120)"},
    {0, "list-passed", TEXT, AT(list_passed), "FILE", "write the names of the tests that passed, sorted, one a line"},
    {'v', "verbose", COUNT, AT(verbose), NULL, "say more on standard error; twice: everything"},
    {'q', "quiet", FLAG, AT(quiet), NULL, "say nothing on standard error but errors"},
    {'h', "help", FLAG, AT(help), NULL, "print this help"},
};
enum { N_OPTIONS = sizeof OPTIONS / sizeof *OPTIONS };

static void args_default(onr_args *a) {
    memset(a, 0, sizeof *a);
    a->threads = a->iterations = a->warmup = a->batch = -1;
    a->print = a->top_k = -1;
    a->opt_level = 2;
    a->timeout = 120;
    a->scale = a->rtol = a->atol = a->max_ulp = a->peak_gflops = a->peak_gbytes = NAN;
    for (int i = 0; i < 3; i++) a->mean[i] = a->std[i] = NAN;
}

// ---- words
// ------------------------------------------------------------------------------------------------------------------------

static bool list_has(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *p = words; *p;) {
        size_t len = strcspn(p, " |");
        if (len == n && memcmp(p, word, n) == 0) return true;
        p += len + (p[len] != '\0');
    }
    return false;
}

// Levenshtein's distance between two short words.
static size_t distance(const char *a, const char *b, size_t nb) {
    enum { MAX = 40 };
    size_t row[MAX + 1], na = strlen(a);
    if (na > MAX || nb > MAX) return MAX;
    for (size_t j = 0; j <= nb; j++) row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[nb];
}

const char *onr_nearest(const char *word, const char *words, size_t *n) {
    const char *found = NULL;
    size_t best = strlen(word) / 3 + 2; // a third of the letters may be wrong
    for (const char *p = words; *p;) {
        size_t len = strcspn(p, " "), d = distance(word, p, len);
        if (d < best) {
            best = d;
            found = p;
            *n = len;
        }
        p += len + (p[len] != '\0');
    }
    return found;
}

bool onr_parse_int(const char *text, int64_t *out) {
    char *end;
    errno = 0;
    long long x = strtoll(text, &end, 10);
    *out = x;
    return end != text && *end == '\0' && errno == 0;
}

static bool parse_number(const char *text, double *out) {
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*out);
}

bool onr_parse_bytes(const char *text, size_t *out) {
    char *end;
    double x = strtod(text, &end);
    static const char units[] = "KMGT";
    const char *unit = *end ? strchr(units, *end) : NULL;
    if (end == text || !(x >= 0)) return false;
    for (const char *u = units; unit && u <= unit; u++) x *= 1024;
    if (unit) end++;
    if (strcmp(end, "B") == 0 || strcmp(end, "iB") == 0) end += strlen(end);
    if (*end || x >= 9e18) return false;
    *out = (size_t)x;
    return true;
}

// One number for three, or three.
static bool parse_numbers(const char *text, double out[3]) {
    if (parse_number(text, &out[0])) {
        out[1] = out[2] = out[0];
        return true;
    }
    for (int i = 0; i < 3; i++) {
        char *end;
        out[i] = strtod(text, &end);
        if (end == text || !isfinite(out[i]) || *end != (i < 2 ? ',' : '\0')) return false;
        text = end + 1;
    }
    return true;
}

// ---- parsing
// ----------------------------------------------------------------------------------------------------------------------

static const option *find_long(const onr_command *cmd, const char *name, size_t n) {
    for (int i = 0; i < N_OPTIONS; i++) {
        const option *o = &OPTIONS[i];
        if (strlen(o->name) == n && memcmp(o->name, name, n) == 0) return list_has(cmd->options, o->name) ? o : NULL;
    }
    return NULL;
}

static const option *find_letter(const onr_command *cmd, char letter) {
    for (int i = 0; i < N_OPTIONS; i++) {
        if (OPTIONS[i].letter == letter) return list_has(cmd->options, OPTIONS[i].name) ? &OPTIONS[i] : NULL;
    }
    return NULL;
}

static bool takes_value(const option *o) { return o->kind != FLAG && o->kind != COUNT; }

// The start of a line about wrong usage.
static void complain(const onr_command *cmd, const char *what, const char *word) {
    onr_term_error("%s: %s '%s' (see onnxrun %s -h)", cmd->name, what, word, cmd->name);
}

static bool unknown(const onr_command *cmd, const char *word) {
    size_t n = 0;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word[1] == '-' ? word + 2 : "");
    const char *near = *name ? onr_nearest(name, cmd->options, &n) : NULL;
    if (near) {
        onr_term_error("%s: unknown option '%s'; did you mean --%.*s? (see onnxrun %s -h)", cmd->name, word, (int)n, near,
                       cmd->name);
    } else {
        complain(cmd, "unknown option", word);
    }
    return false;
}

static bool store_int(const char *value, int *out) {
    int64_t x;
    if (!onr_parse_int(value, &x) || x < 0 || x > INT32_MAX) return false;
    *out = (int)x;
    return true;
}

// Puts a value where the option says; false when it is not of its kind.
static bool store(const option *o, const char *value, onr_args *args) {
    void *at = (char *)args + o->offset;
    switch (o->kind) {
    case FLAG: *(bool *)at = true; return true;
    case COUNT: ++*(int *)at; return true;
    case INT: return store_int(value, at);
    case INT64: return onr_parse_int(value, at) && *(int64_t *)at >= 0;
    case SEED: {
        int64_t x;
        bool ok = onr_parse_int(value, &x) && x >= 0;
        *(uint64_t *)at = (uint64_t)x;
        return ok;
    }
    case NUMBER: return parse_number(value, at);
    case NUMBERS: return parse_numbers(value, at);
    case BYTES: return onr_parse_bytes(value, at);
    case LEVEL: return store_int(value, at) && *(int *)at <= 2;
    case WORD: *(const char **)at = value; return list_has(o->value, value);
    case TEXT: *(const char **)at = value; return true;
    case LIST: {
        onr_list *list = at;
        if (list->n == ONR_MAX_LIST) return false;
        list->item[list->n++] = value;
        return true;
    }
    }
    return false;
}

static bool take(const onr_command *cmd, const option *o, const char *value, onr_args *args) {
    if (store(o, value, args)) return true;
    onr_term_error("%s: --%s: '%s' is not of the form %s (see onnxrun %s -h)", cmd->name, o->name, value ? value : "",
                   o->value ? o->value : "", cmd->name);
    return false;
}

// "--name", "--name=value" or "--name value"; *i moves over a value.
static bool parse_long(const onr_command *cmd, int argc, char **argv, int *i, onr_args *args) {
    const char *word = argv[*i], *equals = strchr(word, '=');
    const option *o = find_long(cmd, word + 2, equals ? (size_t)(equals - word - 2) : strlen(word + 2));
    if (!o) return unknown(cmd, word);
    if (!takes_value(o)) {
        if (!equals) return take(cmd, o, NULL, args);
        complain(cmd, "no value is taken by", word);
        return false;
    }
    if (equals) return take(cmd, o, equals + 1, args);
    if (*i + 1 < argc) return take(cmd, o, argv[++*i], args);
    complain(cmd, "a value is missing behind", word);
    return false;
}

// "-qv", "-t 4" or "-t4"; *i moves over a value.
static bool parse_short(const onr_command *cmd, int argc, char **argv, int *i, onr_args *args) {
    const char *word = argv[*i];
    for (const char *p = word + 1; *p; p++) {
        const option *o = find_letter(cmd, *p);
        if (!o) return unknown(cmd, word);
        if (!takes_value(o)) {
            if (!take(cmd, o, NULL, args)) return false;
            continue;
        }
        if (p[1]) return take(cmd, o, p + 1, args);
        if (*i + 1 < argc) return take(cmd, o, argv[++*i], args);
        complain(cmd, "a value is missing behind", word);
        return false;
    }
    return true;
}

bool onr_args_parse(const onr_command *cmd, int argc, char **argv, onr_args *args) {
    args_default(args);
    args->pos = (const char **)argv;
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        char *word = argv[i];
        if (!only_words && strcmp(word, "--") == 0) {
            only_words = true;
        } else if (only_words || word[0] != '-' || word[1] == '\0') {
            argv[args->n_pos++] = word; // never ahead of i
        } else if (!(word[1] == '-' ? parse_long(cmd, argc, argv, &i, args) : parse_short(cmd, argc, argv, &i, args))) {
            return false;
        }
    }
    if (args->help) return true;
    if (args->n_pos < cmd->min_pos) {
        onr_term_error("%s: too few words; usage: onnxrun %s %s", cmd->name, cmd->name, cmd->usage);
        return false;
    }
    if (args->n_pos > cmd->max_pos) {
        complain(cmd, "too many words, from", args->pos[cmd->max_pos]);
        return false;
    }
    return true;
}

// ---- help
// -------------------------------------------------------------------------------------------------------------------------

static void help_option(const option *o) {
    char left[64];
    const char *letter = o->letter ? (char[]){'-', o->letter, ',', ' ', '\0'} : "";
    if (o->kind == LEVEL) {
        snprintf(left, sizeof left, "-O0, -O1, -O2");
    } else {
        snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->value ? " " : "", o->value ? o->value : "");
    }
    onr_term_item(2, 26, left, o->help);
}

void onr_args_help(const onr_command *cmd) {
    printf("Usage: onnxrun %s %s\n\n", cmd->name, cmd->usage);
    onr_term_wrap(0, cmd->about);
    printf("\nOptions:\n");
    for (const char *p = cmd->options; *p;) {
        size_t n = strcspn(p, " ");
        const option *o = find_long(cmd, p, n);
        if (o) help_option(o);
        p += n + (p[n] != '\0');
    }
}

bool onr_args_option(const onr_command *cmd, size_t i, onr_option_info *out) {
    const option *o = NULL;
    if (!cmd) {
        o = i < N_OPTIONS ? &OPTIONS[i] : NULL;
    } else {
        const char *p = cmd->options;
        for (size_t k = 0; *p && !o; p += strcspn(p, " "), p += strspn(p, " "))
            if (k++ == i) o = find_long(cmd, p, strcspn(p, " "));
    }
    if (!o) return false;
    *out = (onr_option_info){.letter = o->letter,
                             .name = o->name,
                             .help = o->help,
                             .value = o->value,
                             .words = o->kind == WORD || o->kind == LEVEL,
                             .number = o->kind == LEVEL,
                             .repeated = o->kind == LIST || o->kind == COUNT};
    return true;
}
