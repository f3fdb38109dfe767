// run_model.c: runs a model on a ramp of numbers with the scalar kernels and one thread, and prints its outputs, all digits.
// May assume: inputs of float32; free dimensions are 1. Never uses more than the public header, so that it builds anywhere.
#include "onnxrun.h"

#include <stdio.h>
#include <stdlib.h>

static void need(onnxrun_status s, const onnxrun_error *err) {
    if (s == ONNXRUN_OK) return;
    fprintf(stderr, "%s\n", err->text);
    exit((int)s);
}

static onnxrun_value *ramp(const onnxrun_model *m, size_t i) {
    onnxrun_type t;
    onnxrun_error err = {0};
    onnxrun_value *v = NULL;
    onnxrun_model_input_type(m, i, &t);
    size_t n = 1;
    for (int d = 0; d < t.rank; d++) n *= (size_t)(t.dims[d] = t.dims[d] < 0 ? 1 : t.dims[d]);
    float *x = malloc(n * sizeof *x);
    if (!x) exit(1);
    for (size_t k = 0; k < n; k++) x[k] = (float)(k % 17) / 16.0f - 0.5f;
    need(onnxrun_value_tensor(ONNXRUN_FLOAT, t.rank, t.dims, x, n * sizeof *x, &v, &err), &err);
    free(x);
    return v;
}

int main(int argc, char **argv) {
    onnxrun_error err = {0};
    onnxrun_model *m;
    onnxrun_session *s;
    onnxrun_value *in[8] = {NULL}, *out[8] = {NULL};
    onnxrun_session_options how = onnxrun_session_options_default();
    if (argc != 2) return fprintf(stderr, "usage: run_model MODEL\n"), 2;
    need(onnxrun_model_load(argv[1], NULL, &m, &err), &err);
    how.cpu = "scalar";
    how.n_threads = 1;
    need(onnxrun_session_new(m, &how, &s, &err), &err);
    size_t n_in = onnxrun_model_n_inputs(m), n_out = onnxrun_model_n_outputs(m);
    if (n_in > 8 || n_out > 8) return 2;
    for (size_t i = 0; i < n_in; i++) in[i] = ramp(m, i);
    need(onnxrun_run(s, (const onnxrun_value *const *)in, n_in, out, n_out, &err), &err);
    for (size_t i = 0; i < n_out; i++)
        for (int64_t k = 0; k < onnxrun_value_numel(out[i]); k++) printf("%.9g\n", onnxrun_value_number(out[i], k));
    for (size_t i = 0; i < 8; i++) {
        onnxrun_value_free(in[i]);
        onnxrun_value_free(out[i]);
    }
    onnxrun_session_free(s);
    onnxrun_model_free(m);
    return 0;
}
