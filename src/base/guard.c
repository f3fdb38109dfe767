// guard.c: comparisons with limits, each with its error text.
// May assume: one thread sets a guard, before others read it. Never allocates.
#include "base/guard.h"

#include "base/mathx.h"
#include "base/time.h"

#include <string.h>

void onr_guard_start(onr_guard *g) {
    if (!(g->max_seconds > 0)) {
        g->deadline_ns = 0;
        return;
    }
    double ns = g->max_seconds * 1e9; // a limit beyond 200 years is none
    g->deadline_ns = ns < 6e18 ? onr_time_ns() + (uint64_t)ns : 0;
}

bool onr_guard_expired(const onr_guard *g) { return g && g->deadline_ns && onr_time_ns() > g->deadline_ns; }

onr_status onr_guard_time(const onr_guard *g, const char *before, onr_err *err) {
    if (!onr_guard_expired(g)) return ONR_OK;
    return onr_fail(err, ONR_LIMIT, "the time limit of %g seconds was reached before node '%s'", g->max_seconds, before);
}

onr_status onr_guard_shape(const onr_guard *g, int32_t rank, const int64_t *dims, onr_err *err) {
    if (!g) return ONR_OK;
    if (g->max_rank && rank > g->max_rank)
        return onr_fail(err, ONR_LIMIT, "a tensor of rank %d, the limit is %d", (int)rank, (int)g->max_rank);
    if (!g->max_elements) return ONR_OK;
    int64_t n = 1;
    bool fits = true;
    for (int32_t i = 0; i < rank; i++) {
        if (dims[i] == 0) return ONR_OK;
        if (dims[i] > 0 && fits) fits = onr_mul_i64(n, dims[i], &n);
    }
    if (fits && n <= g->max_elements) return ONR_OK;
    return onr_fail(err, ONR_LIMIT, "a tensor of %s%lld elements, the limit is %lld", fits ? "" : "more than ",
                    fits ? (long long)n : (long long)INT64_MAX, (long long)g->max_elements);
}

onr_status onr_guard_op(const onr_guard *g, const char *domain, const char *name, onr_err *err) {
    if (!g || !g->allow_ops) return ONR_OK;
    size_t n = strlen(domain);
    for (const char *const *p = g->allow_ops; *p; p++) {
        if (!n && strcmp(*p, name) == 0) return ONR_OK;
        if (n && strncmp(*p, domain, n) == 0 && (*p)[n] == '.' && strcmp(*p + n + 1, name) == 0) return ONR_OK;
    }
    return onr_fail(err, ONR_LIMIT, "operator %s%s%s is not on the list of allowed operators", domain, n ? "." : "", name);
}
