// classes.c: softmax, the largest k, a table.
// May assume: a tensor that a run gave. Never changes it.
#include "cli/classes.h"

#include "cli/term.h"
#include "io/file.h"
#include "io/raw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BAR = 24, MAX_NAME = 40 };
static const char BARS[BAR + 1] = "########################";

static void to_probabilities(double *x, int64_t n) {
    double sum = 0, top = -INFINITY;
    bool done = true;
    for (int64_t i = 0; i < n; i++) {
        sum += x[i];
        top = fmax(top, x[i]);
        done = done && x[i] >= 0 && x[i] <= 1;
    }
    if (done && fabs(sum - 1) < 1e-3) return;
    sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] = exp(x[i] - top);
    for (int64_t i = 0; i < n; i++) x[i] /= sum;
}

// The largest that is not taken yet; the first of equals; NaN last.
static int64_t pick(const double *x, const bool *taken, int64_t n) {
    int64_t best = -1;
    for (int64_t i = 0; i < n; i++) {
        if (!taken[i] && (best < 0 || x[i] > x[best] || (isnan(x[best]) && !isnan(x[i])))) best = i;
    }
    return best;
}

static void print_row(const double *x, bool *taken, int64_t n, int64_t k, const onr_labels *labels, int width) {
    for (int64_t rank = 1; rank <= k; rank++) {
        char name[32];
        int64_t i = pick(x, taken, n);
        taken[i] = true;
        snprintf(name, sizeof name, "class %lld", (long long)i);
        const char *label = labels->n ? labels->name[i] : name;
        int bar = isnan(x[i]) ? 0 : (int)(x[i] * BAR + 0.5);
        printf("  %2lld  %-*.*s  %6.2f %%", (long long)rank, width, MAX_NAME, label, x[i] * 100);
        if (bar > 0) printf("  %s%.*s%s", rank == 1 ? onr_term_green() : "", bar, BARS, onr_term_plain());
        printf("\n");
    }
}

static int label_width(const onr_labels *labels) {
    size_t width = labels->n ? 0 : strlen("class 9999");
    for (size_t i = 0; i < labels->n; i++) {
        if (strlen(labels->name[i]) > width) width = strlen(labels->name[i]);
    }
    return (int)(width < MAX_NAME ? width : MAX_NAME);
}

// Rows and classes of a tensor; false when it is none of classes.
static bool rows_of(const onnxrun_value *v, int64_t *rows, int64_t *n) {
    int rank = onnxrun_value_kind(v) == ONNXRUN_TENSOR ? onnxrun_value_rank(v) : 0;
    if (rank < 1 || onnxrun_value_dtype(v) == ONNXRUN_STRING) return false;
    const int64_t *dims = onnxrun_value_dims(v);
    *rows = rank > 1 ? dims[0] : 1;
    *n = dims[rank > 1];
    for (int d = 2; d < rank; d++) {
        if (dims[d] != 1) return false;
    }
    return *n > 0;
}

onnxrun_status onr_classes_print(const onnxrun_value *v, const onr_labels *labels, int64_t k, const char *const *row_names,
                                 size_t n_names, onnxrun_error *err) {
    int64_t rows, n;
    if (!rows_of(v, &rows, &n))
        return onr_io_fail(err, ONNXRUN_INVALID, "the first output is no list of classes: --top-k cannot be used");
    if (labels->n && (int64_t)labels->n != n) {
        return onr_io_fail(err, ONNXRUN_INVALID, "the labels name %zu classes, the output has %lld", labels->n, (long long)n);
    }
    double *x = onr_io_alloc((size_t)n, sizeof *x);
    bool *taken = onr_io_alloc((size_t)n, sizeof *taken);
    if (x && taken) {
        for (int64_t r = 0; r < rows; r++) {
            memset(taken, 0, (size_t)n * sizeof *taken);
            for (int64_t i = 0; i < n; i++) x[i] = onnxrun_value_number(v, r * n + i);
            to_probabilities(x, n);
            if ((size_t)r < n_names) {
                printf("%s%s%s\n", onr_term_bold(), row_names[r], onr_term_plain());
            } else if (rows > 1) {
                printf("%srow %lld%s\n", onr_term_bold(), (long long)r, onr_term_plain());
            }
            print_row(x, taken, n, k < n ? k : n, labels, label_width(labels));
        }
    }
    onnxrun_status st = x && taken ? ONNXRUN_OK : onr_io_no_memory(err, (size_t)n * sizeof *x);
    onr_io_free(x);
    onr_io_free(taken);
    return st;
}
