// sweep_batch.c: the rows of a batch go around; each must take its results along, bit for bit.
// May assume: a loaded model and its inputs. Never judges an output whose first dimension the model does not leave free.
#include "cli/sweep_batch.h"

#include "cli/open.h"
#include "io/checksum.h"

#include <string.h>

enum { SMALL = 4, LARGE = 17, LARGE_MS = 5 }; // 17 rows are more than a tile of any kernel, and odd

typedef struct around {
    const onr_args *args;
    const onnxrun_model *model;
    const onr_inputs *inputs;
    onnxrun_session *session;
    int64_t batch;
    onnxrun_value **in, **out;
    size_t n_in, n_out;
    onr_checksum *rows; // of the first arrangement: n_out times batch
    onr_batch_sweep *found;
} around;

// ---- batches of rows --------------------------------------------------------------------------------------------------------

static size_t row_bytes(const onnxrun_value *v) {
    int bits = onnxrun_dtype_bits(onnxrun_value_dtype(v)); // smaller ones have a byte each in memory
    return (size_t)(onnxrun_value_numel(v) / onnxrun_value_dims(v)[0]) * (size_t)(bits < 8 ? 1 : bits / 8);
}

// Is dimension 0 of this input free, and can a batch be made of the given value?
static const char *unfit(const onnxrun_model *m, size_t i, const onnxrun_value *v) {
    onnxrun_type t;
    onnxrun_model_input_type(m, i, &t);
    if (!v) return "an input is left out";
    if (onnxrun_value_kind(v) != ONNXRUN_TENSOR || onnxrun_value_dtype(v) == ONNXRUN_STRING ||
        onnxrun_dtype_bits(onnxrun_value_dtype(v)) < 8)
        return "an input is no tensor of numbers";
    if (onnxrun_value_rank(v) == 0 || t.rank < 1 || t.dims[0] >= 0) return "the first dimension of an input is not free";
    return onnxrun_value_numel(v) == 0 ? "an input is empty" : NULL;
}

// Row j of the batch: one of those given; further ones are those again, their elements shifted around.
static void fill_row(const onnxrun_value *v, int64_t j, char *out) {
    int64_t n = onnxrun_value_dims(v)[0];
    size_t bytes = row_bytes(v), element = (size_t)onnxrun_dtype_bits(onnxrun_value_dtype(v)) / 8;
    const char *from = (const char *)onnxrun_value_data(v) + (size_t)(j % n) * bytes;
    size_t shift = (size_t)(j / n) * element % bytes;
    memcpy(out, from + shift, bytes - shift);
    memcpy(out + bytes - shift, from, shift);
}

// Input i with row j at position (j + turn) % batch; `only` >= 0: that row everywhere.
static onnxrun_status arrange(const around *a, size_t i, int64_t turn, int64_t only, onnxrun_error *err) {
    const onnxrun_value *v = a->inputs->value[i];
    size_t bytes = row_bytes(v), all = (size_t)a->batch * bytes;
    int64_t dims[16];
    char *data = onr_io_alloc((size_t)a->batch, bytes);
    if (!data) return onr_io_no_memory(err, all);
    memcpy(dims, onnxrun_value_dims(v), (size_t)onnxrun_value_rank(v) * sizeof *dims);
    dims[0] = a->batch;
    for (int64_t j = 0; j < a->batch; j++) fill_row(v, only >= 0 ? only : j, data + (size_t)((j + turn) % a->batch) * bytes);
    onnxrun_value_free(a->in[i]);
    onnxrun_status st = onnxrun_value_tensor(onnxrun_value_dtype(v), onnxrun_value_rank(v), dims, data, all, &a->in[i], err);
    onr_io_free(data);
    return st;
}

static void drop_outputs(const around *a) {
    for (size_t i = 0; i < a->n_out; i++) {
        onnxrun_value_free(a->out[i]);
        a->out[i] = NULL;
    }
}

static onnxrun_status run(const around *a, int64_t turn, int64_t only, onnxrun_error *err) {
    onnxrun_status st = ONNXRUN_OK;
    drop_outputs(a);
    for (size_t i = 0; i < a->n_in && st == ONNXRUN_OK; i++) st = arrange(a, i, turn, only, err);
    return st == ONNXRUN_OK ? onnxrun_run(a->session, (const onnxrun_value *const *)a->in, a->n_in, a->out, a->n_out, err) : st;
}

// ---- comparing --------------------------------------------------------------------------------------------------------------

static bool is_judged(const around *a, size_t i) {
    onnxrun_type t;
    const onnxrun_value *v = a->out[i];
    onnxrun_model_output_type(a->model, i, &t);
    return onnxrun_value_kind(v) == ONNXRUN_TENSOR && onnxrun_dtype_bits(onnxrun_value_dtype(v)) >= 8 &&
           onnxrun_value_rank(v) > 0 && onnxrun_value_dims(v)[0] == a->batch && (t.rank < 1 || t.dims[0] < 0);
}

static onnxrun_status row_sum(const around *a, size_t i, int64_t position, onr_checksum *out, onnxrun_error *err) {
    size_t bytes = row_bytes(a->out[i]);
    return onr_checksum_bytes((const char *)onnxrun_value_data(a->out[i]) + (size_t)position * bytes, bytes, out, err);
}

static onnxrun_status learn(around *a, onnxrun_error *err) {
    onnxrun_status st = run(a, 0, -1, err);
    for (size_t i = 0; i < a->n_out && st == ONNXRUN_OK; i++) {
        if (!is_judged(a, i)) continue;
        a->found->n_outputs++;
        for (int64_t j = 0; j < a->batch && st == ONNXRUN_OK; j++)
            st = row_sum(a, i, j, &a->rows[i * (size_t)a->batch + j], err);
    }
    if (st == ONNXRUN_OK && a->found->n_outputs == 0) a->found->why = "no output has the batch as its free first dimension";
    return st;
}

// Does a row change when only its neighbours do? The first and the last: a sequence may look back only.
static onnxrun_status look_for_mixing(around *a, onnxrun_error *err) {
    onnxrun_status st = ONNXRUN_OK;
    for (int64_t only = 0; only < a->batch && st == ONNXRUN_OK; only += a->batch - 1) {
        st = run(a, 0, only, err);
        for (size_t i = 0; i < a->n_out && st == ONNXRUN_OK; i++) {
            onr_checksum sum;
            if (!is_judged(a, i)) continue;
            st = row_sum(a, i, only, &sum, err);
            if (!onr_checksum_equal(sum, a->rows[i * (size_t)a->batch + (size_t)only]))
                a->found->why = "rows of the batch depend on each other";
        }
    }
    return st;
}

static onnxrun_status compare_turn(around *a, int64_t turn, onnxrun_error *err) {
    onnxrun_status st = run(a, turn, -1, err);
    for (size_t i = 0; i < a->n_out && st == ONNXRUN_OK; i++) {
        for (int64_t j = 0; j < a->batch && st == ONNXRUN_OK && is_judged(a, i) && !a->found->differs; j++) {
            onr_checksum sum;
            int64_t position = (j + turn) % a->batch;
            st = row_sum(a, i, position, &sum, err);
            if (onr_checksum_equal(sum, a->rows[i * (size_t)a->batch + j])) continue;
            a->found->differs = true;
            a->found->tensor = onnxrun_model_output_name(a->model, i);
            a->found->position = position;
        }
    }
    return st;
}

static onnxrun_status open_session(around *a, int threads, onnxrun_error *err) {
    onnxrun_session_options o;
    onnxrun_status st = onr_open_options(a->args, &o, err);
    o.n_threads = a->found->threads = threads;
    onnxrun_session_free(a->session);
    a->session = NULL;
    return st == ONNXRUN_OK ? onnxrun_session_new(a->model, &o, &a->session, err) : st;
}

static onnxrun_status go_around(around *a, int most, onnxrun_error *err) {
    onnxrun_status st = open_session(a, 1, err);
    if (st == ONNXRUN_OK) st = learn(a, err);
    if (st == ONNXRUN_OK && !a->found->why) st = look_for_mixing(a, err);
    for (int64_t t = 1; t < a->batch && st == ONNXRUN_OK && !a->found->why && !a->found->differs; t++)
        st = compare_turn(a, t, err);
    if (st != ONNXRUN_OK || a->found->why || a->found->differs) return st;
    // More threads than cores are slow, and what they do with given inputs was looked at before.
    const int64_t turns[] = {0, 1, a->batch / 2, a->batch - 1};
    st = open_session(a, most, err);
    for (int k = 0; k < 4 && st == ONNXRUN_OK && !a->found->differs; k++) st = compare_turn(a, turns[k], err);
    return st;
}

// The time of one run of the given inputs decides how large a batch is worth while.
static onnxrun_status choose_batch(around *a, onnxrun_error *err) {
    a->batch = SMALL;
    onnxrun_status st = open_session(a, 1, err);
    if (st == ONNXRUN_OK) st = run(a, 0, -1, err);
    double start = onr_now_ms();
    if (st == ONNXRUN_OK) st = run(a, 0, -1, err);
    if (st == ONNXRUN_OK && onr_now_ms() - start < LARGE_MS) a->batch = LARGE;
    return st;
}

onnxrun_status onr_sweep_batch(const onr_args *args, const onnxrun_model *m, const onr_inputs *inputs, int most,
                               onr_batch_sweep *out, onnxrun_error *err) {
    *out = (onr_batch_sweep){.why = inputs->n ? NULL : "the model has no inputs"};
    around a = {
        .args = args, .model = m, .inputs = inputs, .n_in = inputs->n, .n_out = onnxrun_model_n_outputs(m), .found = out};
    for (size_t i = 0; i < inputs->n && !out->why; i++) out->why = unfit(m, i, inputs->value[i]);
    if (out->why) return ONNXRUN_OK;
    a.in = onr_io_alloc(a.n_in, sizeof(onnxrun_value *));
    a.out = onr_io_alloc(a.n_out, sizeof(onnxrun_value *));
    a.rows = onr_io_alloc(a.n_out * LARGE, sizeof *a.rows);
    onnxrun_status st = a.in && a.out && a.rows ? choose_batch(&a, err) : onr_io_no_memory(err, 0);
    if (st == ONNXRUN_OK) st = go_around(&a, most, err);
    if (st == ONNXRUN_INVALID || st == ONNXRUN_UNSUPPORTED) { // "free" in name only: something inside is made for one size
        out->why = "the model does not run with another batch";
        st = ONNXRUN_OK;
    }
    out->batch = a.batch;
    if (a.out) drop_outputs(&a);
    for (size_t i = 0; a.in && i < a.n_in; i++) onnxrun_value_free(a.in[i]);
    onr_io_free(a.in);
    onr_io_free(a.out);
    onr_io_free(a.rows);
    onnxrun_session_free(a.session);
    return st;
}
