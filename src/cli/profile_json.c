// profile_json.c: a profile for programs: JSON, and Chrome's trace format.
// May assume: a finished profile. Never leaves out what the text shows.
#include "cli/profile.h"

// A key with its string, or with its number.
static void add_text(onr_str *out, const char *key, const char *text) {
    onr_str_printf(out, "\"%s\": ", key);
    onr_str_json(out, text);
    onr_str_add(out, ", ");
}

static void add_origin(onr_str *out, const onr_profile_step *s) {
    onr_str_add(out, "\"origin\": [");
    for (size_t i = 0; i < s->n_origin; i++) {
        if (i) onr_str_add(out, ", ");
        onr_str_json(out, s->origin[i]);
    }
    onr_str_add(out, "], ");
}

static void add_work(const onr_profile *p, onr_str *out, double ms, double flops, double bytes, double roof_ms, bool fewer) {
    onr_str_printf(out,
                   "\"ms\": %.6g, \"share\": %.4f, \"flops\": %.0f, \"fewer_flops\": %s, \"bytes\": %.0f, \"gflops\": %.6g, "
                   "\"intensity\": %.6g, \"roof\": %.4f",
                   ms, p->run_ms > 0 ? ms / p->run_ms : 0, flops, fewer ? "true" : "false", bytes,
                   ms > 0 ? 1e-6 * flops / ms : 0, bytes > 0 ? flops / bytes : 0, ms > 0 ? roof_ms / ms : 0);
}

static void add_sums(const onr_profile *p, onr_str *out, const char *key, bool by_kernel) {
    size_t n;
    onr_profile_sum *sums = onr_profile_sums(p, by_kernel, &n);
    if (!sums) out->failed = true;
    onr_str_printf(out, ",\n\"%s\": [", key);
    for (size_t i = 0; sums && i < n; i++) {
        onr_str_add(out, i ? ",\n  {" : "\n  {");
        add_text(out, by_kernel ? "kernel" : "operator", sums[i].name);
        onr_str_printf(out, "\"steps\": %zu, ", sums[i].n_steps);
        add_work(p, out, sums[i].ms, sums[i].flops, sums[i].bytes, sums[i].roof_ms, sums[i].fewer_flops);
        onr_str_add(out, "}");
    }
    onr_str_add(out, "]");
    onr_io_free(sums);
}

void onr_profile_json(const onr_profile *p, onr_str *out) {
    size_t n_reorders;
    const double steps = onr_profile_steps_ms(p), reorder = onr_profile_reorder_ms(p, &n_reorders);
    onr_str_add(out, "{\"version\": 1, ");
    add_text(out, "model", p->model);
    add_text(out, "cpu", p->stats.cpu);
    onr_str_printf(
        out,
        "\"threads\": %d, \"runs\": %zu, \"run_ms\": %.6g, \"steps_ms\": %.6g, \"reorder_ms\": %.6g, \"other_ms\": %.6g,\n"
        "\"peak_gflops\": %.6g, \"peak_gbytes\": %.6g,\n\"steps\": [",
        p->stats.n_threads, p->n_runs, p->run_ms, steps, reorder, p->run_ms - steps, p->gflops, p->gbytes);
    for (size_t i = 0; i < p->n; i++) {
        const onr_profile_step *s = &p->step[i];
        bool memory;
        const double roof = onr_profile_roof(p, s->flops, s->bytes, &memory);
        onr_str_printf(out, "%s\n  {\"step\": %zu, ", i ? "," : "", i);
        add_text(out, "node", s->node);
        add_text(out, "operator", s->op);
        add_text(out, "kernel", s->kernel);
        add_origin(out, s);
        add_work(p, out, s->ms, s->flops, s->bytes, roof, s->fewer_flops);
        if (s->denormal >= 0) onr_str_printf(out, ", \"denormal\": %.4g", s->denormal);
        onr_str_printf(out, ", \"bound\": \"%s\"}", roof == 0 ? "none" : memory ? "memory" : "flops");
    }
    onr_str_add(out, "]");
    add_sums(p, out, "by_operator", false);
    add_sums(p, out, "by_kernel", true);
    onr_str_add(out, "}\n");
}

void onr_profile_trace(const onr_profile *p, onr_str *out) {
    onr_str_add(out, "{\"displayTimeUnit\": \"ms\", \"otherData\": {\"version\": 1}, \"traceEvents\": [\n"
                     "{\"name\": \"process_name\", \"ph\": \"M\", \"pid\": 1, \"tid\": 1, \"args\": {\"name\": \"onnxrun\"}},\n"
                     "{\"name\": \"thread_name\", \"ph\": \"M\", \"pid\": 1, \"tid\": 1, \"args\": {\"name\": \"steps\"}},\n{");
    add_text(out, "name", p->model);
    onr_str_printf(out, "\"cat\": \"run\", \"ph\": \"X\", \"pid\": 1, \"tid\": 1, \"ts\": 0, \"dur\": %.3f}", 1e3 * p->run_ms);
    for (size_t i = 0; i < p->n; i++) {
        const onr_profile_step *s = &p->step[i];
        onr_str_add(out, ",\n{");
        add_text(out, "name", s->node);
        add_text(out, "cat", s->op);
        onr_str_printf(out, "\"ph\": \"X\", \"pid\": 1, \"tid\": 1, \"ts\": %.3f, \"dur\": %.3f, \"args\": {\"step\": %zu, ",
                       1e3 * s->trace_at, 1e3 * s->trace_ms, i);
        add_text(out, "operator", s->op);
        add_text(out, "kernel", s->kernel);
        onr_str_printf(out, "\"gflops\": %.6g, \"bytes\": %.0f}}", s->trace_ms > 0 ? 1e-6 * s->flops / s->trace_ms : 0,
                       s->bytes);
    }
    onr_str_add(out, "\n]}\n");
}
