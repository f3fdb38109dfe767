// main.c: finds the subcommand and ends with its exit code.
// May assume: nothing. Never does a command's work.
#include "cli/commands.h"
#include "cli/manual.h"
#include "cli/term.h"
#include "onnxrun.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// In the order of the help; a word that is none of them is a model to run.
const onr_command *const onr_commands[] = {
    &onr_command_run,  &onr_command_compare, &onr_command_info,    &onr_command_check,      &onr_command_plan,
    &onr_command_dump, &onr_command_bench,   &onr_command_profile, &onr_command_optimize,   &onr_command_extract,
    &onr_command_diff, &onr_command_test,    &onr_command_ops,     &onr_command_completion, NULL};
enum { N_COMMANDS = sizeof onr_commands / sizeof *onr_commands - 1 };

static const onr_command *find(const char *name) {
    for (int i = 0; i < N_COMMANDS; i++) {
        if (strcmp(onr_commands[i]->name, name) == 0) return onr_commands[i];
    }
    return NULL;
}

static void print_help(void) {
    printf("onnxrun %s: runs ONNX models on the CPU\n\n", onnxrun_version());
    printf("Usage: onnxrun MODEL [INPUT...]       the same as onnxrun run\n"
           "       onnxrun COMMAND [OPTIONS] ...  (onnxrun COMMAND -h explains)\n\nCommands:\n");
    for (int i = 0; i < N_COMMANDS; i++) onr_term_item(2, 12, onr_commands[i]->name, onr_commands[i]->summary);
    printf("\nExit codes:\n  0 ok   1 results differ   2 wrong usage   3 broken model or input\n"
           "  4 unsupported   5 limit or no memory   6 defect of onnxrun\n");
}

static int run_command(const onr_command *cmd, int argc, char **argv) {
    onr_args args;
    if (!onr_args_parse(cmd, argc, argv, &args)) return ONR_EXIT_USAGE;
    onr_term_level(args.quiet, args.verbose);
    if (!args.help) return cmd->run(&args);
    onr_args_help(cmd);
    return 0;
}

// A first word that is no file but nearly a command.
static bool is_misspelt(const char *word) {
    char names[128] = "";
    size_t n = 0;
    for (int i = 0; i < N_COMMANDS; i++) {
        strcat(names, onr_commands[i]->name); // far below the array's size
        strcat(names, " ");
    }
    const char *near = strchr(word, '.') || strchr(word, '/') || access(word, F_OK) == 0 ? NULL : onr_nearest(word, names, &n);
    if (near) onr_term_error("unknown command '%s'; did you mean %.*s? (see onnxrun -h)", word, (int)n, near);
    return near != NULL;
}

static int dispatch(int argc, char **argv) {
    const char *word = argc > 1 ? argv[1] : "";
    if (argc < 2) {
        onr_term_error("no model and no command given (see onnxrun -h)");
        return ONR_EXIT_USAGE;
    }
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0 || (strcmp(word, "help") == 0 && argc == 2)) {
        print_help();
        return 0;
    }
    if (strcmp(word, "--version") == 0) {
        printf("onnxrun %s\n", onnxrun_version());
        return 0;
    }
    if (strcmp(word, "help") == 0 && strcmp(argv[2], "--man") == 0) {
        onr_manual_print();
        return 0;
    }
    if (strcmp(word, "help") == 0 && find(argv[2])) {
        onr_args_help(find(argv[2]));
        return 0;
    }
    const onr_command *cmd = find(word);
    if (cmd) return run_command(cmd, argc - 2, argv + 2);
    if (word[0] != '-' && is_misspelt(word)) return ONR_EXIT_USAGE;
    return run_command(&onr_command_run, argc - 1, argv + 1);
}

int main(int argc, char **argv) {
    onr_term_start();
    signal(SIGXFSZ, SIG_IGN); // writing fails then, and what was written of the file goes
    int code = dispatch(argc, argv);
    bool full = false;
    if (!onr_term_finish(&full) && code == 0) code = full ? ONNXRUN_LIMIT : ONR_EXIT_USAGE;
    return code;
}
