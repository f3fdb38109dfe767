// det.c: Det: determinants of square matrices.
// May assume: the driver widens float16 and bfloat16 to float around us.
// Never overwrites its input: each matrix is factored in scratch of its own, in double precision.
#include "ops/nd.h"
#include "ops/rows.h"

#include <math.h>
#include <string.h>

static onr_status infer_det(onr_infer *c) {
    onr_shape s = onr_infer_shape(c, 0);
    if (s.rank >= 0) {
        if (s.rank < 2) return onr_infer_bad(c, "input has rank %d, at least 2 is needed", s.rank);
        int64_t rows = s.dim[s.rank - 2], cols = s.dim[s.rank - 1];
        if (rows != cols && onr_dim_known(rows) && onr_dim_known(cols))
            return onr_infer_bad(c, "matrices of %lld x %lld are not square", (long long)rows, (long long)cols);
        s.rank -= 2;
    }
    onr_infer_set(c, 0, onr_infer_dtype(c, 0), s);
    return ONR_OK;
}

/// Gaussian elimination with row exchanges (partial pivoting) in place.
static double det(double *a, int64_t n) {
    double d = 1;
    for (int64_t k = 0; k < n; k++) {
        int64_t best = k;
        for (int64_t i = k + 1; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[best * n + k])) best = i;
        double pivot = a[best * n + k];
        if (pivot == 0) return 0;
        for (int64_t j = k; j < n && best != k; j++) {
            double t = a[k * n + j];
            a[k * n + j] = a[best * n + j];
            a[best * n + j] = t;
        }
        d *= best == k ? pivot : -pivot;
        for (int64_t i = k + 1; i < n; i++) {
            double f = a[i * n + k] / pivot;
            for (int64_t j = k + 1; j < n; j++) a[i * n + j] -= f * a[k * n + j];
        }
    }
    return d;
}

static onr_status prepare_det(onr_prepare *c) {
    const onr_shape *s = &c->in[0]->shape;
    c->scratch_bytes = (size_t)onr_shape_span(s, s->rank - 2, s->rank) * sizeof(double);
    return ONR_OK;
}

static onr_status run_det(const onr_run *r) {
    const onr_tensor *x = onr_run_in(r, 0);
    onr_tensor *y = onr_run_out(r, 0);
    int64_t n = x->shape.dim[x->shape.rank - 1], count = onr_tensor_numel(y);
    double *a = r->scratch;
    for (int64_t i = 0; i < count; i++) {
        for (int64_t k = 0; k < n * n; k++) a[k] = onr_tensor_num(x, i * n * n + k);
        double d = det(a, n);
        if (y->dtype == ONR_FLOAT)
            ((float *)y->data)[i] = (float)d;
        else
            ((double *)y->data)[i] = d;
    }
    return ONR_OK;
}

#define DET(from, to, set)                                                                                                     \
    {                                                                                                                          \
        ONR_AI("Det", from, to), ONR_ARITY(1, 1, 1, 1), .flags = ONR_OP_PURE | ONR_OP_WIDEN, .types = set, .infer = infer_det, \
                                                        .prepare = prepare_det, .run = run_det                                 \
    }
static const onr_op rows[] = {DET(11, 21, ONR_T_FLOATS3), DET(22, 0, ONR_T_FLOATS)};
ONR_OP_FAMILY(det);
