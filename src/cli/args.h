// args.h: the options of the command line tool: one table for all commands, so that an option means the same everywhere and
// every -h is made from what is really accepted.
#ifndef ONR_CLI_ARGS_H
#define ONR_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ONR_MAX_LIST = 64 };

/// Values of an option that may be given several times; ends with NULL.
typedef struct onr_list {
    const char *item[ONR_MAX_LIST + 1];
    size_t n;
} onr_list;

/// Everything that can be said on a command line. Absent: NULL, false, 0, or what onr_args_default says.
typedef struct onr_args {
    const char **pos; ///< what is not an option, in order
    size_t n_pos;
    // session
    int threads; ///< -1: not given
    const char *cpu;
    int opt_level;
    onr_list disable_pass;
    const char *stop_after, *prefer;
    bool explain_opt;
    size_t max_memory;
    bool untrusted, ftz;
    onr_list limit;
    const char *allow_ops;
    // inputs
    onr_list free_dim, input_shape;
    const char *test_data_set;
    bool random;
    uint64_t seed;
    double mean[3], std[3], scale; ///< NaN: not given
    // results
    const char *svg; // plan
    const char *output, *format, *labels, *stage;
    const char *with_profile, *with_compare; // dump
    bool external_data;
    onr_list from, to;    // extract
    int64_t print, top_k; ///< -1: not given
    bool json, checksum, threads_sweep;
    // looking into a run
    const char *save_steps, *dump_tensors;
    bool stats, check_nan, fail_fast;
    const char *against, *repro;
    double max_ulp; ///< NaN: not given
    // bench, profile
    int iterations, warmup, batch;   ///< -1: not given
    double peak_gflops, peak_gbytes; ///< NaN: not given
    const char *trace;
    bool profile;
    // test
    double rtol, atol; ///< NaN: not given
    double timeout;    ///< seconds
    onr_list only, shape_only;
    const char *list_passed;
    // words
    int verbose;
    bool quiet, help;
} onr_args;

/// Options of every command that opens a model.
#define ONR_LIMIT_OPTIONS "untrusted limit allow-ops "

typedef struct onr_command {
    const char *name;
    const char *usage;                ///< behind "onnxrun NAME"
    const char *summary;              ///< one line for the list of commands
    const char *about;                ///< paragraphs of -h, before the options
    const char *options;              ///< names of accepted options, separated by spaces, in the order of -h
    const char *formats;              ///< words of --format, separated by |; NULL: it has none
    size_t min_pos, max_pos;          ///< how many positional words
    int (*run)(const onr_args *args); ///< returns the exit code
} onr_command;

/// Parses argv[0..argc) for a command. On failure prints one line (with a hint of the nearest option) on standard error and
/// returns false: the exit code is then 2. With -h given, the number of words is not checked. args->pos points into argv, which
/// is reordered.
bool onr_args_parse(const onr_command *cmd, int argc, char **argv, onr_args *args);
/// Prints the help of a command on standard output.
void onr_args_help(const onr_command *cmd);

/// What the table says of an option, for manuals and completion.
typedef struct onr_option_info {
    char letter; ///< 0: none
    const char *name, *help;
    const char *value;  ///< name of its value, or the allowed words separated by |; NULL: it takes none
    bool words, number; ///< value is a list of words; the value stands right behind the letter (-O2)
    bool repeated;      ///< may be given several times
} onr_option_info;

/// Option i of a command in the order of its -h, or of all options when cmd is NULL; false beyond the last.
bool onr_args_option(const onr_command *cmd, size_t i, onr_option_info *out);

/// The candidate nearest to `word` in edit distance, if it is near enough to be meant; else NULL. `words` are separated by
/// spaces; the answer points into words and is *n long.
const char *onr_nearest(const char *word, const char *words, size_t *n);

/// "200M", "1.5G", "4096" in bytes (K, M, G, T are powers of 1024); false when it is none.
bool onr_parse_bytes(const char *text, size_t *out);
/// A whole decimal number.
bool onr_parse_int(const char *text, int64_t *out);

#endif
