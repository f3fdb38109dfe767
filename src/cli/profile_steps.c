// profile_steps.c: collects the steps of runs and sums them up.
// May assume: one session, the same inputs in every run, so the same steps. Never lets a slower run raise a step's time.
#include "cli/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// The operator of onnxrun's own that moves a tensor from one layout to another.
static const char REORDER[] = "Reorder";

static bool append(onr_profile *p, const onnxrun_step_info *s) {
    if (!onr_io_grow((void **)&p->step, p->n, &p->cap, sizeof *p->step)) return false;
    p->step[p->n++] = (onr_profile_step){.node = s->node,
                                         .op = s->op,
                                         .kernel = s->kernel,
                                         .origin = s->origin,
                                         .n_origin = s->n_origin,
                                         .flops = s->flops,
                                         .bytes = s->bytes,
                                         .fewer_flops = s->fewer_flops,
                                         .ms = INFINITY,
                                         .denormal = -1};
    return true;
}

static bool on_step(void *user, const onnxrun_step_info *s) {
    onr_profile *p = user;
    const size_t i = p->seen++;
    if (i == p->n && p->n_runs == 0 && !append(p, s)) {
        p->failed = true;
        return false;
    }
    if (i >= p->n || strcmp(p->step[i].node, s->node) != 0) {
        p->uneven = true; // told when the run has ended
        return true;
    }
    p->step[i].now_at = 1e-6 * (double)s->start_ns;
    p->step[i].now_ms = 1e-6 * (double)s->ns;
    return true;
}

void onr_profile_start(onr_profile *p, onnxrun_session *s, const char *model) {
    *p = (onr_profile){.session = s, .model = model, .run_ms = INFINITY, .stats = {.size = sizeof p->stats}};
    onnxrun_session_on_step(s, on_step, p);
}

void onr_profile_begin(onr_profile *p) { p->seen = 0; }

onnxrun_status onr_profile_end(onr_profile *p, double ms, onnxrun_error *err) {
    if (p->failed) return onr_io_no_memory(err, p->cap * sizeof *p->step);
    if (p->uneven || p->seen != p->n)
        return onr_io_fail(err, ONNXRUN_USAGE,
                           "the model takes other steps in every run; --iterations 1 --warmup 0 shows one of them");
    const bool fastest = ms < p->run_ms;
    for (size_t i = 0; i < p->n; i++) {
        onr_profile_step *s = &p->step[i];
        if (s->now_ms < s->ms) s->ms = s->now_ms;
        if (fastest) s->trace_at = s->now_at, s->trace_ms = s->now_ms;
    }
    if (fastest) p->run_ms = ms;
    p->n_runs++;
    return ONNXRUN_OK;
}

onnxrun_status onr_profile_finish(onr_profile *p, const onr_args *args, onnxrun_error *err) {
    onnxrun_session_on_step(p->session, NULL, NULL);
    onnxrun_session_stats(p->session, &p->stats);
    p->gflops = args->peak_gflops;
    p->gbytes = args->peak_gbytes;
    if (p->gflops <= 0 || p->gbytes <= 0) return onr_io_fail(err, ONNXRUN_USAGE, "a peak is a number above 0");
    p->measured = isnan(p->gflops) || isnan(p->gbytes);
    if (!p->measured) return ONNXRUN_OK;
    double gflops, gbytes;
    onnxrun_status st = onnxrun_session_roof(p->session, &gflops, &gbytes, err);
    if (st != ONNXRUN_OK) return st;
    if (isnan(p->gflops)) p->gflops = gflops;
    if (isnan(p->gbytes)) p->gbytes = gbytes;
    return ONNXRUN_OK;
}

void onr_profile_free(onr_profile *p) {
    if (p->session) onnxrun_session_on_step(p->session, NULL, NULL);
    onr_io_free(p->step);
    *p = (onr_profile){0};
}

double onr_profile_roof(const onr_profile *p, double flops, double bytes, bool *memory) {
    const double by_flops = 1e-6 * flops / p->gflops, by_bytes = 1e-6 * bytes / p->gbytes;
    *memory = by_bytes > by_flops;
    return *memory ? by_bytes : by_flops;
}

static int longest_first(const void *a, const void *b) {
    const onr_profile_sum *x = a, *y = b;
    if (x->ms != y->ms) return x->ms < y->ms ? 1 : -1;
    return strcmp(x->name, y->name);
}

onr_profile_sum *onr_profile_sums(const onr_profile *p, bool by_kernel, size_t *n) {
    onr_profile_sum *sums = onr_io_alloc(p->n + 1, sizeof *sums);
    *n = 0;
    for (size_t i = 0; sums && i < p->n; i++) {
        const onr_profile_step *s = &p->step[i];
        const char *name = by_kernel ? s->kernel : s->op;
        size_t k = 0;
        while (k < *n && strcmp(sums[k].name, name) != 0) k++;
        if (k == *n) sums[(*n)++] = (onr_profile_sum){.name = name};
        bool memory;
        sums[k].n_steps++;
        sums[k].ms += s->ms;
        sums[k].flops += s->flops;
        sums[k].bytes += s->bytes;
        sums[k].roof_ms += onr_profile_roof(p, s->flops, s->bytes, &memory);
        sums[k].fewer_flops |= s->fewer_flops;
    }
    if (sums) qsort(sums, *n, sizeof *sums, longest_first);
    return sums;
}

double onr_profile_steps_ms(const onr_profile *p) {
    double ms = 0;
    for (size_t i = 0; i < p->n; i++) ms += p->step[i].ms;
    return ms;
}

double onr_profile_reorder_ms(const onr_profile *p, size_t *n_steps) {
    double ms = 0;
    *n_steps = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (strcmp(p->step[i].op, REORDER) != 0) continue;
        ms += p->step[i].ms;
        ++*n_steps;
    }
    return ms;
}
