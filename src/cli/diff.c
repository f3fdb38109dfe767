// diff.c: `onnxrun diff`: what two models do not have in common.
// May assume: parsed options. Never runs a model.
#include "cli/commands.h"
#include "cli/open.h"
#include "cli/term.h"
#include "io/file.h"

#include <stdio.h>
#include <string.h>

static bool collect(void *user, const char *text, size_t bytes) {
    onr_str_addn(user, text, bytes);
    return true;
}

static const char *colour_of(char sign) {
    return sign == '-' ? onr_term_red() : sign == '+' ? onr_term_green() : sign == '~' ? onr_term_bold() : "";
}

// The first column says what a line is.
static void print_lines(const char *text) {
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        const char *colour = colour_of(*p);
        printf("%s%.*s%s\n", colour, (int)n, p, *colour ? onr_term_plain() : "");
        p += n + (p[n] == '\n');
    }
}

static onnxrun_status diff(const onr_args *args, bool *equal, onnxrun_error *err) {
    onnxrun_model *a = NULL, *b = NULL;
    onr_str text = {0};
    onnxrun_status st = onr_open_model(args, args->pos[0], &a, err);
    if (st == ONNXRUN_OK) st = onr_open_model(args, args->pos[1], &b, err);
    if (st == ONNXRUN_OK) st = onnxrun_diff(a, b, args->json ? "json" : "text", collect, &text, equal, err);
    if (st == ONNXRUN_OK && text.failed) st = onr_io_no_memory(err, text.n);
    if (st == ONNXRUN_OK && text.s) {
        if (args->json)
            fwrite(text.s, 1, text.n, stdout);
        else
            print_lines(text.s);
    }
    onr_str_free(&text);
    onnxrun_model_free(a);
    onnxrun_model_free(b);
    return st;
}

static int command(const onr_args *args) {
    onnxrun_error err;
    bool equal = false;
    if (diff(args, &equal, &err) != ONNXRUN_OK) return onr_report(&err);
    return equal ? 0 : ONR_EXIT_DIFFERENT;
}

const onr_command onr_command_diff = {
    .name = "diff",
    .usage = "A.onnx B.onnx [--json]",
    .summary = "what two models do not have in common: graph, attributes, types, weights",
    .about = "Finds the nodes of A in B, by what lies above and below them in the graph and by their names, and tells what "
             "differs: operator sets, inputs and outputs, nodes that only one has (- and +), and of nodes that both have (~) "
             "attributes, where inputs come from, types, and weights: how many elements differ, by how much, and the cosine of "
             "the angle between them.\n\n"
             "Other names of nodes and of tensors within the graph are counted, and are no difference; nor are producer and "
             "version of the file. The exit code is 0 when nothing differs and 1 when something does.",
    .options = "json " ONR_LIMIT_OPTIONS "verbose quiet help",
    .min_pos = 2,
    .max_pos = 2,
    .run = command,
};
