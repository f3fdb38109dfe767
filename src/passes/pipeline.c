// pipeline.c: the passes in order, by hand, and their driver.
// May assume: the graph's structure was verified. Never rewrites anything itself.
#include "graph/edit.h"
#include "passes/pass.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const onr_pass passes[] = {
    {"resolve", 0, "every node gets its operator row: what is not supported fails here", onr_pass_resolve},
    {"infer", 0, "every value gets a type", onr_pass_infer},
    {"expand", 0, "operators that stand for graphs of others (Gradient) are replaced by these", onr_pass_expand},
    {"check_declared", 0, "what the model says of its values is compared with what was inferred", onr_pass_check_declared},
    {"matmul_transposed", 1, "a constant that MatMul reads through Transpose is packed as it lies", onr_pass_matmul_transposed},
    {"fold", 1, "nodes with constant inputs are computed once", onr_pass_fold},
    {"identity", 1, "nodes that hand on their input go", onr_pass_identity},
    {"dead", 1, "nodes that nobody needs go", onr_pass_dead},
    {"matmul_add", 1, "a vector that is added to MatMul's output moves into the product's store", onr_pass_matmul_add},
    {"layer_norm", 2, "a normalization of rows that is written out becomes LayerNormalization", onr_pass_layer_norm},
    {"activation", 2, "Gelu and Swish that are written out become one node", onr_pass_activation},
    {"lower_conv", 1, "Conv becomes our Conv, which can take scale, residual, clamp and layout", onr_pass_lower_conv},
    {"conv_bn", 2, "BatchNormalization becomes scale and bias of the convolution before it", onr_pass_conv_bn},
    {"conv_add_act", 1, "residual Add and Relu or Clip move into the convolution's store", onr_pass_conv_add_act},
    {"layout", 1, "channels in blocks, reordered only at the edges", onr_pass_layout},
    {"sweep", 1, "what the rewrites left behind goes", onr_pass_dead},
    {"conv_pool", 1, "MaxPool of a result too large for a cache becomes part of the convolution", onr_pass_conv_pool},
};

enum { N_PASSES = sizeof passes / sizeof passes[0] };

const onr_pass *onr_pass_at(size_t i) { return i < N_PASSES ? &passes[i] : NULL; }

static bool disabled(const onr_pipeline_options *o, const char *name) {
    for (size_t i = 0; o->disable && o->disable[i]; i++)
        if (strcmp(o->disable[i], name) == 0) return true;
    return false;
}

static bool exists(const char *name, size_t n) {
    for (size_t i = 0; i < N_PASSES; i++)
        if (strlen(passes[i].name) == n && strncmp(passes[i].name, name, n) == 0) return true;
    return false;
}

static onr_status check_options(const onr_pipeline_options *o, onr_err *err) {
    for (size_t i = 0; o->disable && o->disable[i]; i++)
        if (!exists(o->disable[i], strlen(o->disable[i])))
            return onr_fail(err, ONR_USAGE, "there is no pass '%s'", o->disable[i]);
    if (!o->stop_after) return ONR_OK;
    size_t n = strcspn(o->stop_after, ":");
    if (!exists(o->stop_after, n)) return onr_fail(err, ONR_USAGE, "there is no pass '%.*s'", (int)n, o->stop_after);
    return ONR_OK;
}

/// Is `name` where the pipeline stops? Then *limit is the number of rewrites it may make.
static bool is_last(const char *stop_after, const char *name, int64_t *limit) {
    *limit = INT64_MAX;
    if (!stop_after) return false;
    size_t n = strcspn(stop_after, ":");
    if (strlen(name) != n || strncmp(stop_after, name, n) != 0) return false;
    if (stop_after[n] == ':') *limit = strtoll(stop_after + n + 1, NULL, 10);
    return true;
}

static onr_status run_pass(onr_pass_run *r, const onr_pass *pass, bool verify) {
    r->count = 0;
    r->pass = pass->name;
    onr_status s = pass->run(r);
    if (s == ONR_OK && r->count) {
        onr_graph_compact(r->g);
        s = onr_pass_infer(r);
    }
    if (s == ONR_OK && verify) s = onr_graph_verify(r->g, r->err);
    if (s == ONR_OK && r->count) onr_log_at(r->log, ONR_LOG_INFO, "%s: %" PRId64 " rewrites", pass->name, r->count);
    return s == ONR_OK ? ONR_OK : onr_err_prefix(r->err, "%s", pass->name);
}

/// A pass that does not run is part of the story when it is one that rewrites.
static void tell_left_out(const onr_pass_run *r, const onr_pass *pass) {
    if (!r->story) return;
    onr_story_add(r->story, pass->name, 0, NULL,
                  pass->min_level <= r->target->opt_level ? "left out by --disable-pass"
                  : pass->min_level == 2                  ? "left out: it can change bits, which needs -O2"
                                                          : "left out: it needs -O1");
}

onr_status onr_optimize(onr_graph *g, const onr_target *target, onr_arena *arena, onr_env *env, const onr_log *log,
                        const onr_pipeline_options *options, onr_pass_count *counts, int32_t *n_counts, onr_err *err) {
    onr_pass_run r = {.g = g, .target = target, .arena = arena, .env = env, .log = log, .story = options->story, .err = err};
    int32_t n = 0;
    ONR_TRY(check_options(options, err));
    for (size_t i = 0; i < N_PASSES; i++) {
        bool last = is_last(options->stop_after, passes[i].name, &r.limit);
        bool needed = passes[i].min_level == 0; // a graph without rows and types is none that the plan could take
        if (needed || (passes[i].min_level <= target->opt_level && !disabled(options, passes[i].name))) {
            ONR_TRY(run_pass(&r, &passes[i], options->verify));
            if (counts) counts[n++] = (onr_pass_count){passes[i].name, r.count};
        } else {
            tell_left_out(&r, &passes[i]);
        }
        if (last) break;
    }
    if (n_counts) *n_counts = n;
    return ONR_OK;
}
