// profile_denormals.c: looks for denormal numbers in what the steps make.
// May assume: a profile of this session, whose steps come in the same order again. Never looks at more than a sample.
#include "cli/profile.h"

#include "cli/numbers.h"

#include <math.h>
#include <string.h>

enum { SAMPLE = 4096 };

typedef struct look {
    onr_profile *p;
    size_t at;               // the graph's step that comes next
    int64_t n_seen, n_small; // of it, with what its bodies made
} look;

static void look_at(look *l, const onnxrun_value *v) {
    onr_float_form form = onr_float_form_of(onnxrun_value_dtype(v));
    int64_t n = onr_numbers_count(v), step = n > SAMPLE ? n / SAMPLE : 1;
    double smallest = ldexp(1, form.exponent);
    if (!form.bits) return;
    for (int64_t i = 0; i < n; i += step) {
        double x;
        onr_numbers_read(v, i, 1, &x);
        l->n_seen++;
        l->n_small += x != 0 && fabs(x) < smallest;
    }
}

static bool after(void *user, onnxrun_step *step) {
    look *l = user;
    const onnxrun_step_info *info = onnxrun_step_about(step);
    for (size_t i = 0; i < info->n_outputs; i++) {
        const onnxrun_value *v = onnxrun_step_output(step, i);
        if (v) look_at(l, v);
    }
    if (info->depth > 0) return true;
    if (l->at < l->p->n && strcmp(l->p->step[l->at].node, info->node) == 0)
        l->p->step[l->at++].denormal = l->n_seen ? (double)l->n_small / (double)l->n_seen : 0;
    l->n_seen = l->n_small = 0;
    return true;
}

onnxrun_status onr_profile_denormals(onr_profile *p, const onr_inputs *in, onnxrun_error *err) {
    look l = {.p = p};
    const onnxrun_hooks hooks = {.after = after, .user = &l};
    onnxrun_session_set_hooks(p->session, &hooks);
    onnxrun_status st = onnxrun_run(p->session, (const onnxrun_value *const *)in->value, in->n, NULL, 0, err);
    onnxrun_session_set_hooks(p->session, NULL);
    return st;
}
