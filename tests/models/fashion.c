// fashion.c: the shipped models on 500 test pictures: logits and accuracy as in PyTorch, whatever the level, threads and batch.
// May assume: models/fashion-test.npz, whose README says how it was made. Never loosens a tolerance for a level.
#include "io/npz.h"
#include "models/net.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, PIXELS = SIDE * SIDE, CLASSES = 10, PICTURES = 500, RIGHT = 472 };

static const char *const models[] = {"residualnet16-fashion.onnx", "residualnet16-fashion-bn.onnx"};
enum { N_MODELS = 2 };

static float *pictures;       // 500 x 3 x 32 x 32, as the net wants them
static const int64_t *labels; // 500
static const float *logits;   // PyTorch's, 500 x 10
static double largest;        // of their magnitudes
static onr_named *arrays;
static size_t n_arrays;

static const onnxrun_value *array(const char *name, onnxrun_dtype dtype, int64_t numel) {
    for (size_t i = 0; i < n_arrays; i++)
        if (strcmp(arrays[i].name, name) == 0) {
            assert_int_equal(onnxrun_value_dtype(arrays[i].value), dtype);
            assert_int_equal(onnxrun_value_numel(arrays[i].value), numel);
            return arrays[i].value;
        }
    fail_msg("fashion-test.npz has no array '%s'", name);
    return NULL;
}

static int read_test_set(void **state) {
    (void)state;
    onr_map_file f;
    onnxrun_error err;
    if (onr_io_open(ONR_SOURCE_DIR "/models/fashion-test.npz", &f, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    if (onr_npz_parse(f.data, f.bytes, &arrays, &n_arrays, &err) != ONNXRUN_OK) fail_msg("%s", err.text);
    onr_io_close(&f);
    const uint8_t *grey = onnxrun_value_data(array("pictures", ONNXRUN_UINT8, PICTURES * PIXELS));
    labels = onnxrun_value_data(array("labels", ONNXRUN_INT64, PICTURES));
    logits = onnxrun_value_data(array("logits", ONNXRUN_FLOAT, PICTURES * CLASSES));
    for (int i = 0; i < PICTURES * CLASSES; i++) { // not by fmax: gcc 12 for Arm falls over such a loop
        const double size = fabs(logits[i]);
        if (size > largest) largest = size;
    }
    pictures = malloc((size_t)PICTURES * 3 * PIXELS * sizeof *pictures);
    assert_non_null(pictures);
    for (int i = 0; i < PICTURES; i++)
        for (int c = 0; c < 3; c++)
            for (int p = 0; p < PIXELS; p++)
                pictures[(i * 3 + c) * PIXELS + p] = ((float)grey[i * PIXELS + p] / 255 - 0.286f) / 0.353f;
    return 0;
}

static int drop_test_set(void **state) {
    (void)state;
    onr_named_free(arrays, n_arrays);
    free(pictures);
    return 0;
}

static net open_model(int i, int level, int n_threads) {
    char path[512];
    snprintf(path, sizeof path, "%s/models/%s", ONR_SOURCE_DIR, models[i]);
    return net_open(path, level, n_threads);
}

/// The logits of `n` pictures from `first` on, in one batch; the caller frees the value.
static onnxrun_value *classify(const net *n, const float *batch, int64_t size) {
    const int64_t dims[] = {size, 3, SIDE, SIDE};
    onnxrun_value *x = onnxrun_value_borrow(ONNXRUN_FLOAT, 4, dims, batch);
    assert_non_null(x);
    onnxrun_value *y = net_run(n, x);
    onnxrun_value_free(x);
    assert_int_equal(onnxrun_value_numel(y), size * CLASSES);
    return y;
}

static int best_of(const float *row) {
    int best = 0;
    for (int k = 1; k < CLASSES; k++)
        if (row[k] > row[best]) best = k;
    return best;
}

/// Compares the first `count` pictures in batches of `batch`; returns how many the net gets right.
static int compare(const net *n, int count, int batch) {
    int right = 0;
    for (int first = 0; first < count; first += batch) {
        int size = count - first < batch ? count - first : batch;
        onnxrun_value *y = classify(n, pictures + (size_t)first * 3 * PIXELS, size);
        const float *got = onnxrun_value_data(y);
        for (int i = 0; i < size; i++) {
            for (int k = 0; k < CLASSES; k++) {
                double d = fabs((double)got[i * CLASSES + k] - logits[(first + i) * CLASSES + k]);
                if (!(d <= 1e-4 * largest))
                    fail_msg("%s: picture %d, class %d differs by %g", n->name, first + i, k, d / largest);
            }
            right += best_of(got + i * CLASSES) == labels[first + i];
        }
        onnxrun_value_free(y);
    }
    return right;
}

static int torch_right(int count) {
    int right = 0;
    for (int i = 0; i < count; i++) right += best_of(logits + i * CLASSES) == labels[i];
    return right;
}

static void torch_itself(void **state) {
    (void)state;
    assert_int_equal(torch_right(PICTURES), RIGHT);
}

static void as_in_torch(int level, int count, int batch) {
    for (int m = 0; m < N_MODELS; m++) {
        net n = open_model(m, level, 2);
        assert_int_equal(compare(&n, count, batch), torch_right(count));
        net_close(&n);
    }
}

static void level_2(void **state) {
    (void)state;
    as_in_torch(2, PICTURES, 1);
    as_in_torch(2, PICTURES, 16);
}

static void level_1(void **state) {
    (void)state;
    as_in_torch(1, PICTURES, 16);
}

/// The reference interpreter is slow: the first pictures only.
static void level_0(void **state) {
    (void)state;
    as_in_torch(0, 12, 6);
}

static void threads_do_not_matter(void **state) {
    (void)state;
    for (int m = 0; m < N_MODELS; m++)
        for (int level = 1; level <= 2; level++)
            for (int batch = 1; batch <= 5; batch += 2) {
                net one = open_model(m, level, 1), two = open_model(m, level, 2), three = open_model(m, level, 3);
                onnxrun_value *a = classify(&one, pictures, batch), *b = classify(&two, pictures, batch),
                              *c = classify(&three, pictures, batch), *again = classify(&two, pictures, batch);
                net_assert_same(two.name, b, a);
                net_assert_same(three.name, c, a);
                net_assert_same("the same session again", again, b);
                onnxrun_value_free(a);
                onnxrun_value_free(b);
                onnxrun_value_free(c);
                onnxrun_value_free(again);
                net_close(&one);
                net_close(&two);
                net_close(&three);
            }
}

/// A picture's logits are the same bits wherever in the batch it stands and whoever its neighbours are.
static void place_in_batch_does_not_matter(void **state) {
    (void)state;
    enum { BATCH = 7 };
    const size_t floats = 3 * PIXELS;
    float *turned = malloc(BATCH * floats * sizeof *turned);
    assert_non_null(turned);
    for (int m = 0; m < N_MODELS; m++) {
        net n = open_model(m, 2, 2);
        onnxrun_value *straight = classify(&n, pictures, BATCH);
        for (size_t by = 1; by < BATCH; by++) {
            memcpy(turned, pictures + by * floats, (BATCH - by) * floats * sizeof *turned);
            memcpy(turned + (BATCH - by) * floats, pictures, by * floats * sizeof *turned);
            onnxrun_value *y = classify(&n, turned, BATCH);
            const float *a = onnxrun_value_data(straight), *b = onnxrun_value_data(y);
            for (size_t i = 0; i < BATCH; i++)
                if (memcmp(b + i * CLASSES, a + (i + by) % BATCH * CLASSES, CLASSES * sizeof *a) != 0)
                    fail_msg("%s: picture %zu at place %zu has other bits", n.name, (i + by) % BATCH, i);
            onnxrun_value_free(y);
        }
        onnxrun_value_free(straight);
        net_close(&n);
    }
    free(turned);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(torch_itself),
        cmocka_unit_test(level_2),
        cmocka_unit_test(level_1),
        cmocka_unit_test(level_0),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(place_in_batch_does_not_matter),
    };
    return cmocka_run_group_tests_name("fashion", tests, read_test_set, drop_test_set);
}
