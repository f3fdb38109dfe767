// lab.h: running small graphs below the public interface: passes, the interpreter, and plans, with random inputs.
// May assume: cmocka; what fails unexpectedly fails the running test. Sequences and strings are the test's own business.
#ifndef ONR_TESTS_SUPPORT_LAB_H
#define ONR_TESTS_SUPPORT_LAB_H

#include "passes/pass.h"
#include "plan/plan.h"

typedef struct lab {
    onr_arena *arena; ///< for graphs and what passes make; dies with the lab
    onr_target target;
    onr_pool *pool;
    onr_packs *packs;
    onr_env env;
    uint64_t random;
    onr_err err;
    bool watched; ///< how lab_plan plans: without lanes
} lab;

/// Level 0 means reference kernels. cpu: as in onr_cpu_cap, "native" for the best.
lab *lab_new(int level, const char *cpu, int n_threads);
void lab_free(lab *l);

/// Runs the passes named in `passes` (words separated by blanks; NULL: all of the level) besides those that always run, checks
/// the graph after each, and stops after `stop_after` (may be NULL). counts (ONR_MAX_PASSES) and n_counts may be NULL.
void lab_optimize(lab *l, const char *what, onr_graph *g, const char *passes, const char *stop_after, onr_pass_count *counts,
                  int32_t *n_counts);

/// Is `name` one of the words?
bool lab_lists(const char *words, const char *name);

/// Data for the inputs of a graph, by seed: floats in [-1, 1), integers and bools 0 or 1; every free dimension is `size`.
void lab_inputs(lab *l, const onr_graph *g, int64_t size, uint64_t seed, onr_datum *out);

/// Runs a resolved graph. out: one datum per output, to be released by the caller. Returns what the run returned.
onr_status lab_interpret(lab *l, const onr_graph *g, const onr_datum *in, onr_datum *out);
/// The same through a plan, whose memory is checked first (plan_check.h) and overwritten with 0xFF (NaN) before the run.
onr_status lab_plan(lab *l, const char *what, const onr_graph *g, const onr_datum *in, onr_datum *out);

/// Types and shapes must be equal, floats within tolerance times (1 + the largest magnitude), all else the same bytes.
void lab_assert_near(const char *what, const onr_graph *g, const onr_datum *got, const onr_datum *want, double tolerance);
void lab_release(const onr_graph *g, onr_datum *out);

#endif
