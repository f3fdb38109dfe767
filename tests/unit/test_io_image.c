// test_io_image.c: pictures as PIL wrote them, scaled and prepared; broken ones; labels and sidecars.
// May assume: the samples in tests/data/io. Never leaves a file behind.
#include "io/image.h"
#include "io/labels.h"
#include "io/prepare.h"
#include "io/sidecar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/cmocka.h"

static void open_sample(const char *name, onr_map_file *f) {
    char path[512];
    onnxrun_error err;
    snprintf(path, sizeof path, "%s/tests/data/io/%s", ONR_SOURCE_DIR, name);
    assert_int_equal(onr_io_open(path, f, &err), ONNXRUN_OK);
}

static onr_image load(const char *name) {
    onr_map_file f;
    onnxrun_error err;
    onr_image img;
    open_sample(name, &f);
    assert_true(onr_image_is(f.data, f.bytes));
    if (onr_image_parse(f.data, f.bytes, &img, &err) != ONNXRUN_OK) fail_msg("%s: %s", name, err.text);
    onr_io_close(&f);
    return img;
}

// Largest difference of two pictures of one size.
static int distance(const onr_image *a, const onr_image *b) {
    int worst = 0;
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->channels, b->channels);
    for (int i = 0; i < a->width * a->height * a->channels; i++) {
        int d = abs(a->pixels[i] - b->pixels[i]);
        if (d > worst) worst = d;
    }
    return worst;
}

static void check_same(const char *a, const char *b, int allowed) {
    onr_image x = load(a), y = load(b);
    if (distance(&x, &y) > allowed) fail_msg("%s and %s differ by %d", a, b, distance(&x, &y));
    onr_image_free(&x);
    onr_image_free(&y);
}

static void every_form_gives_the_same_pixels(void **state) {
    (void)state;
    onr_image img = load("rgb.png");
    assert_int_equal(img.width, 6);
    assert_int_equal(img.height, 5);
    for (int y = 0; y < 5; y++) {
        for (int x = 0; x < 6; x++) {
            const uint8_t *p = img.pixels + (y * 6 + x) * 3;
            assert_int_equal(p[0], (x * 40 + y * 7) & 255);
            assert_int_equal(p[1], (255 - x * 30 - y * 3) & 255);
            assert_int_equal(p[2], (x * y * 11) & 255);
        }
    }
    onr_image_free(&img);
    check_same("rgb.png", "rgb.ppm", 0);
    check_same("rgba.png", "rgb.ppm", 0);
    check_same("grey.png", "grey.pgm", 0);
    check_same("palette.png", "palette.ppm", 0);
    check_same("bits.png", "bits.pgm", 0);
    check_same("rgb.jpg", "jpg.ppm", 1); // PIL may bring another libjpeg
}

static void scaling_is_pils(void **state) {
    (void)state;
    const char *const names[] = {"small.ppm", "large.ppm"};
    onr_image big = load("big.ppm");
    for (int k = 0; k < 2; k++) {
        onnxrun_error err;
        onr_image want = load(names[k]), got;
        assert_int_equal(onr_image_resize(&big, want.width, want.height, &got, &err), ONNXRUN_OK);
        assert_true(distance(&want, &got) <= 1);
        onr_image_free(&want);
        onr_image_free(&got);
    }
    onr_image_free(&big);
}

static void pictures_become_tensors(void **state) {
    (void)state;
    onr_image img = load("rgb.png");
    onr_prepare how = onr_prepare_default();
    onnxrun_value *v;
    onnxrun_error err;
    how.mean[1] = 0.5;
    how.std[1] = 0.25;
    assert_int_equal(onr_prepare_run(&how, &img, ONNXRUN_FLOAT, &v, &err), ONNXRUN_OK);
    const int64_t nchw[] = {1, 3, 5, 6}, nhwc[] = {1, 2, 4, 3};
    assert_memory_equal(onnxrun_value_dims(v), nchw, sizeof nchw);
    const float *x = onnxrun_value_data(v);
    assert_float_equal(x[1], 40 / 255.0, 1e-6);
    assert_float_equal(x[30], (255 / 255.0 - 0.5) / 0.25, 1e-6);
    onnxrun_value_free(v);
    // Cut from the centre, channels last, blue first.
    how = onr_prepare_default();
    how.nhwc = how.bgr = true;
    how.resize = 5;
    how.height = 2;
    how.width = 4;
    how.scale = 1;
    assert_int_equal(onr_prepare_run(&how, &img, ONNXRUN_UINT8, &v, &err), ONNXRUN_OK);
    assert_memory_equal(onnxrun_value_dims(v), nhwc, sizeof nhwc);
    const uint8_t *u = onnxrun_value_data(v);
    assert_int_equal(u[0], 1 * 1 * 11);
    assert_int_equal(u[2], 1 * 40 + 1 * 7);
    onnxrun_value_free(v);
    how.height = 40;
    assert_int_equal(onr_prepare_run(&how, &img, ONNXRUN_UINT8, &v, &err), ONNXRUN_USAGE);
    assert_int_equal(onr_prepare_run(&how, &img, ONNXRUN_INT64, &v, &err), ONNXRUN_UNSUPPORTED);
    onr_image_free(&img);
}

static void grey_and_colour_turn_into_each_other(void **state) {
    (void)state;
    onr_image colour = load("rgb.png"), grey = load("grey.png");
    onr_prepare how = onr_prepare_default();
    onnxrun_value *a, *b;
    onnxrun_error err;
    how.scale = 1;
    how.channels = 1;
    assert_int_equal(onr_prepare_run(&how, &colour, ONNXRUN_UINT8, &a, &err), ONNXRUN_OK);
    assert_int_equal(onr_prepare_run(&how, &grey, ONNXRUN_UINT8, &b, &err), ONNXRUN_OK);
    assert_memory_equal(onnxrun_value_data(a), onnxrun_value_data(b), 30);
    onnxrun_value_free(a);
    how.channels = 3;
    assert_int_equal(onr_prepare_run(&how, &grey, ONNXRUN_UINT8, &a, &err), ONNXRUN_OK);
    for (int c = 0; c < 3; c++) assert_memory_equal((const uint8_t *)onnxrun_value_data(a) + 30 * c, onnxrun_value_data(b), 30);
    onnxrun_value_free(a);
    onnxrun_value_free(b);
    onr_image_free(&colour);
    onr_image_free(&grey);
}

// Prefixes of every file: an error with a text, never a crash; a PNG or PNM that lacks bytes is never a picture.
static void broken_pictures_are_errors(void **state) {
    (void)state;
    const char *const names[] = {"rgb.png", "palette.png", "rgb.jpg", "grey.jpg", "rgb.ppm", "grey.pgm"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        onr_map_file f;
        open_sample(names[k], &f);
        for (size_t n = 0; n < f.bytes; n++) {
            onr_image img;
            onnxrun_error err = {0};
            uint8_t *part = onr_io_alloc(n, 1);
            if (n) memcpy(part, f.data, n);
            onnxrun_status st = onr_image_parse(part, n, &img, &err);
            if (st == ONNXRUN_OK) {
                // A JPEG without its end marker still has all its pixels.
                assert_true(strstr(names[k], ".jpg") && n + 2 >= f.bytes);
                onr_image_free(&img);
            } else {
                assert_int_equal(st, ONNXRUN_INVALID);
                assert_true(err.text[0] != '\0');
            }
            onr_io_free(part);
        }
        onr_io_close(&f);
    }
}

static void pictures_that_ask_for_too_much(void **state) {
    (void)state;
    static const struct {
        const char *text;
        onnxrun_status status;
    } cases[] = {{"P5 0 5 255\n", ONNXRUN_INVALID},
                 {"P6 4294967295 4294967295 255\n", ONNXRUN_INVALID},
                 {"P6 99999999999999999999 1 255\n", ONNXRUN_INVALID},
                 {"P5 2 2 70000\n1234", ONNXRUN_INVALID},
                 {"P5 # a comment\n2\t2 255\n1234", ONNXRUN_OK},
                 {"P5 2 2 3\n\1\2\3\4", ONNXRUN_OK}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        onr_image img;
        onnxrun_error err;
        assert_int_equal(onr_image_parse(cases[k].text, strlen(cases[k].text), &img, &err), cases[k].status);
        if (cases[k].status == ONNXRUN_OK) onr_image_free(&img);
    }
    onr_image img;
    onnxrun_error err;
    assert_int_equal(onr_image_new(1u << 20, 1u << 20, 3, &img, &err), ONNXRUN_LIMIT);
    onr_map_file f;
    open_sample("cmyk.jpg", &f);
    assert_int_equal(onr_image_parse(f.data, f.bytes, &img, &err), ONNXRUN_UNSUPPORTED);
    onr_io_close(&f);
}

// ---- labels and sidecars ----------------------------------------------------------------------------------------------------

static char *write_temp(const char *text) {
    static char path[64];
    strcpy(path, "/tmp/onr_io_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    return path;
}

static void labels_are_lines(void **state) {
    (void)state;
    onr_labels l;
    onnxrun_error err;
    char *path = write_temp("cat\r\n  big dog \n\nlast");
    assert_int_equal(onr_labels_read(path, &l, &err), ONNXRUN_OK);
    unlink(path);
    assert_int_equal(l.n, 4);
    assert_string_equal(l.name[0], "cat");
    assert_string_equal(l.name[1], "big dog");
    assert_string_equal(l.name[2], "");
    assert_string_equal(l.name[3], "last");
    onr_labels_free(&l);
    assert_int_equal(onr_labels_read("/nonexistent/labels", &l, &err), ONNXRUN_INVALID);
}

static onnxrun_status read_sidecar(const char *text, onr_sidecar *out) {
    char model[80], json[96];
    onnxrun_error err;
    char *path = write_temp("");
    snprintf(model, sizeof model, "%s", path);
    snprintf(json, sizeof json, "%s.json", path);
    assert_int_equal(onr_io_write(json, text, strlen(text), &err), ONNXRUN_OK);
    onnxrun_status st = onr_sidecar_read(model, out, &err);
    unlink(json);
    unlink(model);
    return st;
}

static void sidecars_are_read(void **state) {
    (void)state;
    onr_sidecar s;
    assert_int_equal(
        read_sidecar("{\"version\":1,\"labels\":\"names.txt\",\"mean\":[0.1,0.2,0.3],\"std\":0.5,\"scale\":0.00392156862745098,"
                     "\"layout\":\"NHWC\",\"channels\":\"BGR\",\"size\":[32,48],\"resize\":256}",
                     &s),
        ONNXRUN_OK);
    assert_true(s.found && s.has_size && s.has_layout && s.has_channels && s.prepare.nhwc && s.prepare.bgr);
    assert_string_equal(s.labels, "/tmp/names.txt");
    assert_true(s.prepare.mean[2] == 0.3 && s.prepare.std[1] == 0.5);
    assert_int_equal(s.prepare.height, 32);
    assert_int_equal(s.prepare.width, 48);
    assert_int_equal(s.prepare.resize, 256);
    onr_sidecar_free(&s);
    onnxrun_error err;
    assert_int_equal(onr_sidecar_read("/nonexistent/model.onnx", &s, &err), ONNXRUN_OK);
    assert_false(s.found);
    onr_sidecar_free(&s);
}

static void broken_sidecars_are_invalid(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "[]",
                                      "{\"version\":1",
                                      "{}",
                                      "{\"version\":2}",
                                      "{\"version\":1,\"meen\":0}",
                                      "{\"version\":1,\"std\":0}",
                                      "{\"version\":1,\"mean\":[1,2]}",
                                      "{\"version\":1,\"size\":[0,5]}",
                                      "{\"version\":1,\"layout\":\"CHW\"}",
                                      "{\"version\":1,\"resize\":100000}",
                                      "{\"version\":1,\"labels\":7}"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        onr_sidecar s;
        if (read_sidecar(bad[k], &s) != ONNXRUN_INVALID) fail_msg("not refused: %s", bad[k]);
    }
}

static void tolerances_are_read(void **state) {
    (void)state;
    double rtol = 1e-3, atol = 1e-7;
    onnxrun_error err;
    char *path = write_temp("{\"atol\": 0.5, \"model_name\": \"x\"}");
    assert_int_equal(onr_tolerance_read(path, &rtol, &atol, &err), ONNXRUN_OK);
    unlink(path);
    assert_true(rtol == 1e-3 && atol == 0.5);
    assert_int_equal(onr_tolerance_read("/nonexistent/data.json", &rtol, &atol, &err), ONNXRUN_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_gives_the_same_pixels),
        cmocka_unit_test(scaling_is_pils),
        cmocka_unit_test(pictures_become_tensors),
        cmocka_unit_test(grey_and_colour_turn_into_each_other),
        cmocka_unit_test(broken_pictures_are_errors),
        cmocka_unit_test(pictures_that_ask_for_too_much),
        cmocka_unit_test(labels_are_lines),
        cmocka_unit_test(sidecars_are_read),
        cmocka_unit_test(broken_sidecars_are_invalid),
        cmocka_unit_test(tolerances_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
