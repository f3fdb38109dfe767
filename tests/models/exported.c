// exported.c: a model exported from PyTorch (a folder made by tools/export_resnet.py) at -O0, the reference interpreter,
// against PyTorch's outputs. May assume: test_data_set_0 and data.json beside the model; `onnxrun test` covers the other
// levels. Never loosens the tolerance that the exporter wrote.
#include "io/pb.h"
#include "io/sidecar.h"
#include "models/net.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdio.h>

static const char *folder;

static onnxrun_value *read_value(const char *file) {
    char path[1024];
    onnxrun_error err;
    onnxrun_value *v = NULL;
    snprintf(path, sizeof path, "%s/test_data_set_0/%s", folder, file);
    if (onr_pb_read(path, ONNXRUN_TENSOR, &v, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    return v;
}

static void interpreter_agrees(void **state) {
    (void)state;
    char path[1024];
    onnxrun_error err;
    double rtol = -1, atol = -1;
    snprintf(path, sizeof path, "%s/data.json", folder);
    if (onr_tolerance_read(path, &rtol, &atol, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    assert_true(rtol == 0 && atol > 0);
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    net n = net_open(path, 0, 2);
    onnxrun_value *x = read_value("input_0.pb"), *want = read_value("output_0.pb"), *y = net_run(&n, x);
    double largest = 0;
    for (int64_t i = 0; i < onnxrun_value_numel(want); i++) largest = fmax(largest, fabs(onnxrun_value_number(want, i)));
    net_assert_near(folder, y, want, atol / largest);
    onnxrun_value_free(x);
    onnxrun_value_free(y);
    onnxrun_value_free(want);
    net_close(&n);
}

int main(int argc, char **argv) {
    if (argc != 2) return fprintf(stderr, "usage: exported FOLDER\n"), 2;
    folder = argv[1];
    const struct CMUnitTest tests[] = {cmocka_unit_test(interpreter_agrees)};
    return cmocka_run_group_tests_name("exported", tests, NULL, NULL);
}
