// profile_text.c: a profile as tables for people.
// May assume: a finished profile. Never wider than 80 columns, whatever the names.
#include "cli/profile.h"

#include <math.h>
#include <string.h>

// Length of a kernel's name without the instruction set that the title names already.
static int kernel_width(const onr_profile *p, const char *kernel) {
    const char *isa = strrchr(kernel, '_');
    const bool same = isa && isa[1] && strncmp(isa + 1, p->stats.cpu, strlen(isa + 1)) == 0;
    return same ? (int)(isa - kernel) : (int)strlen(kernel);
}

// Length of a node's name without the operator's name that PyTorch puts behind it ("/layer1/conv1/Conv").
static int node_width(const onr_profile_step *s) {
    const size_t n = strlen(s->node), op = strlen(s->op);
    const bool ends = n > op + 1 && s->node[n - op - 1] == '/' && strcmp(s->node + n - op, s->op) == 0;
    return (int)(ends ? n - op - 1 : n);
}

// The name in exactly `width` columns; of a longer one its end, where nodes differ.
static void print_name(FILE *f, const char *name, int length, int width) {
    if (length <= width)
        fprintf(f, "%-*.*s", width, length, name);
    else
        fprintf(f, "..%.*s", width - 2, name + length - (width - 2));
}

// A number in `width` columns, with as many of `digits` decimals as fit.
static void print_number(FILE *f, double x, int width, int digits) {
    while (digits > 0 && fabs(x) >= pow(10, width - digits - 1)) digits--;
    fprintf(f, " %*.*f", width, digits, x);
}

// ms, share, GFLOP/s, MB, FLOP per byte and per cent of the roof: what steps and sums have in common.
static void print_figures(const onr_profile *p, FILE *f, double ms, double flops, double bytes, double roof_ms,
                          const char *bound, bool fewer) {
    print_number(f, ms, 8, 3);
    print_number(f, p->run_ms > 0 ? 100 * ms / p->run_ms : 0, 5, 1);
    if (flops > 0 && ms > 0)
        print_number(f, 1e-6 * flops / ms, 6, 1), fputc(fewer ? '*' : ' ', f);
    else
        fprintf(f, " %6s ", "-");
    print_number(f, 1e-6 * bytes, 6, 2);
    if (flops > 0 && bytes > 0)
        print_number(f, flops / bytes, 5, 1);
    else
        fprintf(f, " %5s", "-");
    if (roof_ms > 0 && ms > 0)
        print_number(f, 100 * roof_ms / ms, 3, 0), fprintf(f, "%s\n", bound);
    else
        fprintf(f, " %3s\n", "-");
}

static void print_steps(const onr_profile *p, FILE *f, const char *bold, const char *plain) {
    fprintf(f, "%sstep %-14s %-18s %8s %5s GFLOP/s %6s %5s roof%s\n", bold, "node", "kernel", "ms", "%", "MB", "F/B", plain);
    for (size_t i = 0; i < p->n; i++) {
        const onr_profile_step *s = &p->step[i];
        bool memory;
        const double roof = onr_profile_roof(p, s->flops, s->bytes, &memory);
        fprintf(f, "%4zu ", i);
        print_name(f, s->node, node_width(s), 14);
        fputc(' ', f);
        print_name(f, s->kernel, kernel_width(p, s->kernel), 18);
        print_figures(p, f, s->ms, s->flops, s->bytes, roof, memory ? "M" : "F", s->fewer_flops);
    }
}

static void print_rest(const onr_profile *p, FILE *f, const char *name, size_t n_steps, double ms) {
    fprintf(f, "%-32s ", name);
    if (n_steps > 0)
        fprintf(f, "%5zu", n_steps);
    else
        fprintf(f, "%5s", "");
    print_number(f, ms, 8, 3);
    print_number(f, p->run_ms > 0 ? 100 * ms / p->run_ms : 0, 5, 1);
    fputc('\n', f);
}

static void print_sums(const onr_profile *p, FILE *f, bool by_kernel, const char *bold, const char *plain) {
    size_t n;
    onr_profile_sum *sums = onr_profile_sums(p, by_kernel, &n);
    if (!sums) return;
    fprintf(f, "\n%s%-32s steps %8s %5s GFLOP/s %6s %5s roof%s\n", bold, by_kernel ? "kernel" : "operator", "ms", "%", "MB",
            "F/B", plain);
    for (size_t i = 0; i < n; i++) {
        const onr_profile_sum *s = &sums[i];
        const char *name = *s->name ? s->name : "(one for all)";
        print_name(f, name, (int)strlen(name), 32);
        fprintf(f, " %5zu", s->n_steps);
        print_figures(p, f, s->ms, s->flops, s->bytes, s->roof_ms, "", s->fewer_flops);
    }
    onr_io_free(sums);
}

// The steps that make denormal numbers, when any does.
static void print_denormals(const onr_profile *p, FILE *f) {
    enum { MOST = 5 };
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (p->step[i].denormal <= 0) continue;
        if (n++ == 0) fprintf(f, "\ndenormal numbers, slow on many CPUs (--ftz makes them zero):\n");
        if (n > MOST) continue;
        fprintf(f, "%4zu ", i);
        print_name(f, p->step[i].node, node_width(&p->step[i]), 40);
        fprintf(f, " %5.1f %% of its values\n", 100 * p->step[i].denormal);
    }
    if (n > MOST) fprintf(f, "     and %zu more steps\n", n - MOST);
}

void onr_profile_text(const onr_profile *p, FILE *f, const char *bold, const char *plain) {
    bool fewer = false;
    size_t n_reorders;
    const double steps = onr_profile_steps_ms(p), reorder = onr_profile_reorder_ms(p, &n_reorders);
    for (size_t i = 0; i < p->n; i++) fewer |= p->step[i].fewer_flops;
    fprintf(f, "%s\n%.3f ms, %s%zu run%s; %d thread%s, %s\nroof: %.1f GFLOP/s, %.1f GB/s%s\n\n", p->model, p->run_ms,
            p->n_runs > 1 ? "the fastest of " : "", p->n_runs, p->n_runs > 1 ? "s" : "", p->stats.n_threads,
            p->stats.n_threads > 1 ? "s" : "", p->stats.cpu, p->gflops, p->gbytes, p->measured ? ", measured now" : "");
    print_steps(p, f, bold, plain);
    print_sums(p, f, false, bold, plain);
    print_sums(p, f, true, bold, plain);
    fprintf(f, "\n%s%-32s steps %8s %5s%s\n", bold, "where the time goes", "ms", "%", plain);
    print_rest(p, f, "operators", p->n - n_reorders, steps - reorder);
    print_rest(p, f, "reorder: changes of layout", n_reorders, reorder);
    print_rest(p, f, "other: between the steps", 0, p->run_ms - steps);
    print_rest(p, f, "run", p->n, p->run_ms);
    print_denormals(p, f);
    fprintf(f, "\nroof: per cent of what the machine allows, F by its FLOP/s, M by its memory.\nMore than 100M: caches.%s\n",
            fewer ? " * FLOPs of the direct sum; the kernel needs fewer." : "");
}
