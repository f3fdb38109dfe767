// plans.c: the memory plans of the models given on the command line: sound, and close to the least that is possible.
// May assume: models of one input and one output. Never runs a model.
#include "models/net.h"
#include "onnxrun_session.h"
#include "support/plan_check.h"

#include "support/cmocka.h"

#include <stdio.h>

static char **paths;
static int n_paths;

static void check_plan(const net *n, int64_t batch) {
    onnxrun_error err;
    onnxrun_value *x = net_input(n, batch, 5);
    if (onnxrun_session_plan(n->session, (const onnxrun_value *[]){x}, 1, &err) != ONNXRUN_OK)
        fail_msg("%s: %s", n->name, err.text);
    const onr_plan *p = n->session->current->plan;
    plan_check_sound(n->name, p);
    assert_int_equal(p->live_peak_bytes, onr_arena_peak(p->intervals, p->n_intervals, ONR_PLAN_ALIGN, NULL));
    if ((double)p->arena_bytes > 1.05 * (double)p->live_peak_bytes)
        fail_msg("%s, batch %lld: the arena takes %zu bytes, %.3f of what lives at step %d", n->name, (long long)batch,
                 p->arena_bytes, (double)p->arena_bytes / (double)p->live_peak_bytes, p->peak_step);
    print_message("%s, batch %lld: arena %zu bytes, %.4f of the bound, %d steps\n", n->name, (long long)batch, p->arena_bytes,
                  (double)p->arena_bytes / (double)p->live_peak_bytes, p->n_steps);
    onnxrun_value_free(x);
}

static void plans_are_sound_and_tight(void **state) {
    (void)state;
    static const int64_t batches[] = {1, 3, 8};
    for (int i = 0; i < n_paths; i++)
        for (int level = 1; level <= 2; level++)
            for (int threads = 1; threads <= 2; threads++) {
                net n = net_open(paths[i], level, threads);
                for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++) check_plan(&n, batches[b]);
                net_close(&n);
            }
}

int main(int argc, char **argv) {
    if (argc < 2) return fprintf(stderr, "usage: plans MODEL...\n"), 2;
    paths = argv + 1;
    n_paths = argc - 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(plans_are_sound_and_tight)};
    return cmocka_run_group_tests_name("plans", tests, NULL, NULL);
}
