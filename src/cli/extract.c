// extract.c: `onnxrun extract`: a part of a model as a model of its own.
// May assume: parsed options. Never runs the model.
#include "cli/commands.h"
#include "cli/open.h"
#include "io/file.h"

#include <string.h>

/// The names in options that were given once or several times, each with one name or several with commas between.
typedef struct names {
    char *text; // copies, ended by \0
    const char **item;
    size_t n;
} names;

static void names_free(names *l) {
    onr_io_free(l->text);
    onr_io_free(l->item);
}

/// A name may hold commas itself: one that the model knows is not cut.
static onnxrun_status split(const onr_list *given, const onnxrun_model *m, names *out, onnxrun_error *err) {
    size_t bytes = 0, n = 0;
    *out = (names){0};
    for (size_t i = 0; i < given->n; i++) {
        bytes += strlen(given->item[i]) + 1;
        n++;
        for (const char *p = given->item[i]; *p; p++) n += *p == ',';
    }
    out->text = onr_io_alloc(bytes + 1, 1);
    out->item = onr_io_alloc(n + 1, sizeof *out->item);
    if (!out->text || !out->item) return onr_io_no_memory(err, bytes);
    char *to = out->text;
    for (size_t i = 0; i < given->n; i++) {
        bool whole = onnxrun_model_has_value(m, given->item[i]);
        strcpy(to, given->item[i]);
        for (char *p = to, *end = to + strlen(to); p <= end;) {
            size_t len = whole ? (size_t)(end - p) : strcspn(p, ",");
            p[len] = '\0';
            if (len) out->item[out->n++] = p;
            p += len + 1;
        }
        to += strlen(given->item[i]) + 1;
    }
    return out->n || !given->n ? ONNXRUN_OK : onr_io_fail(err, ONNXRUN_USAGE, "extract: a list of no names");
}

static onnxrun_status extract(const onr_args *args, onnxrun_error *err) {
    onnxrun_model *m = NULL;
    names from = {0}, to = {0};
    if (!args->output) return onr_io_fail(err, ONNXRUN_USAGE, "extract: -o PART.onnx says where the part goes");
    onnxrun_status st = onr_open_model(args, args->pos[0], &m, err);
    if (st == ONNXRUN_OK) st = split(&args->from, m, &from, err);
    if (st == ONNXRUN_OK) st = split(&args->to, m, &to, err);
    if (st == ONNXRUN_OK)
        st = onnxrun_model_extract(m, from.item, from.n, to.item, to.n, args->output, args->external_data, err);
    names_free(&from);
    names_free(&to);
    onnxrun_model_free(m);
    return st;
}

static int command(const onr_args *args) {
    onnxrun_error err;
    return extract(args, &err) == ONNXRUN_OK ? 0 : onr_report(&err);
}

const onr_command onr_command_extract = {
    .name = "extract",
    .usage = "MODEL [--from TENSOR,...] [--to TENSOR,...] -o PART.onnx",
    .summary = "cut a part out of a model",
    .about =
        "Writes the nodes of MODEL that lie between tensors as a model of its own, with the weights that they need and the "
        "types that inference finds. Without --from it begins at the inputs of MODEL, without --to it ends at its outputs. "
        "An input of MODEL that is needed besides becomes an input of the part, and a warning says so.\n\n"
        "onnxrun dump and run --save-steps tell the names of tensors.",
    .options = "from to output external-data " ONR_LIMIT_OPTIONS "verbose quiet help",
    .min_pos = 1,
    .max_pos = 1,
    .run = command,
};
