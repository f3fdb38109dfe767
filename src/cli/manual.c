// manual.c: the manual page, made of the same tables as every -h.
// May assume: nothing. Never says of a command or an option what its table does not say.
#include "cli/manual.h"

#include "cli/commands.h"
#include "onnxrun.h"

#include <stdio.h>
#include <string.h>

// Text of roff: no character of it is a command.
static void text(const char *s) {
    if (*s == '.' || *s == '\'') fputs("\\&", stdout);
    for (; *s; s++) {
        if (*s == '\\')
            fputs("\\e", stdout);
        else if (*s == '-')
            fputs("\\-", stdout);
        else
            putchar(*s);
    }
}

static void line(const char *s, size_t n) {
    char copy[2048];
    snprintf(copy, sizeof copy, "%.*s", (int)n, s);
    text(copy);
    putchar('\n');
}

// Paragraphs are parted by empty lines; lines that begin with a space are examples and stay as they are.
static void paragraphs(const char *s) {
    bool example = false;
    while (*s) {
        const size_t n = strcspn(s, "\n");
        if ((*s == ' ') != example) fputs(example ? ".EE\n" : ".EX\n", stdout);
        example = *s == ' ';
        if (n)
            line(s, n);
        else
            fputs(".PP\n", stdout);
        s += n + (s[n] == '\n');
    }
    if (example) fputs(".EE\n", stdout);
}

// "\fB-t\fR, \fB--threads\fR \fIN\fR"
static void option_name(const onr_option_info *o) {
    if (o->number) {
        printf("\\fB\\-%c0\\fR, \\fB\\-%c1\\fR, \\fB\\-%c2\\fR", o->letter, o->letter, o->letter);
        return;
    }
    if (o->letter) printf("\\fB\\-%c\\fR, ", o->letter);
    fputs("\\fB\\-\\-", stdout);
    text(o->name);
    fputs("\\fR", stdout);
    if (!o->value) return;
    fputs(" \\fI", stdout);
    text(o->value);
    fputs("\\fR", stdout);
}

static void command(const onr_command *cmd) {
    printf(".SS ");
    text(cmd->name);
    printf("\n\\fBonnxrun %s\\fR ", cmd->name);
    text(cmd->usage);
    printf("\n.PP\n");
    paragraphs(cmd->about);
    onr_option_info o;
    printf(".PP\nOptions:");
    for (size_t i = 0; onr_args_option(cmd, i, &o); i++) {
        fputs(i ? ",\n" : "\n", stdout);
        fputs("\\fB\\-\\-", stdout);
        text(o.name);
        fputs("\\fR", stdout);
    }
    printf(".\n");
}

static void options(void) {
    onr_option_info o;
    printf(".SH OPTIONS\nEach command above lists those that it takes.\n");
    for (size_t i = 0; onr_args_option(NULL, i, &o); i++) {
        printf(".TP\n");
        option_name(&o);
        putchar('\n');
        text(o.help);
        putchar('\n');
    }
}

// What no table has: pairs of a word and a sentence.
static void section(const char *title, const char *const *pairs) {
    printf(".SH %s\n", title);
    for (; *pairs; pairs += 2) {
        printf(".TP\n.B ");
        text(pairs[0]);
        putchar('\n');
        text(pairs[1]);
        putchar('\n');
    }
}

void onr_manual_print(void) {
    static const char *const codes[] = {
        "0", "ok",
        "1", "results differ, a test failed",
        "2", "wrong usage: an option, a name that does not exist, an output that cannot be written",
        "3", "a broken model or input",
        "4", "valid ONNX that this build cannot run",
        "5", "a limit was reached, or memory or disk space is lacking",
        "6", "a defect of onnxrun",
        NULL};
    static const char *const variables[] = {"ONNXRUN_NUM_THREADS",
                                            "threads, where --threads is not given",
                                            "ONNXRUN_CPU",
                                            "the CPU level, where --cpu is not given",
                                            "NO_COLOR",
                                            "no colour, whatever its value is",
                                            NULL};
    static const char *const files[] = {"MODEL.json", "beside a model: names of its classes, and how it wants its pictures",
                                        NULL};
    printf(".TH ONNXRUN 1 \"\" \"onnxrun %s\" \"User Commands\"\n", onnxrun_version());
    printf(".SH NAME\nonnxrun \\- runs ONNX models on the CPU, and shows what is in them\n");
    printf(".SH SYNOPSIS\n.B onnxrun\n.I MODEL\n.RI [ INPUT ...]\n.br\n.B onnxrun\n.I COMMAND\n.RI [ OPTIONS ]\\ ...\n");
    printf(".SH DESCRIPTION\nResults go to standard output, words to standard error. A first word that is no command is a "
           "model to "
           "run.\nEvery command explains itself with \\fB\\-h\\fR.\n.SH COMMANDS\n");
    for (size_t i = 0; onr_commands[i]; i++) command(onr_commands[i]);
    options();
    section("EXIT STATUS", codes);
    section("ENVIRONMENT", variables);
    section("FILES", files);
}
