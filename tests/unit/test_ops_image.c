// test_ops_image.c: pictures in every format against what PIL decodes them to; broken ones; orders of channels.
// May assume: the samples of tools/make_picture_samples.py. Never needs a library that the build left out.
#include "ops/image.h"
#include "support/op_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cmocka.h"

typedef struct sample {
    const char *name;
    onr_image_fn decode;
    int tolerance; // of a channel: decoders of lossy formats may round differently from release to release
} sample;

static const sample samples[] = {
#ifdef ONR_HAVE_JPEG
    {"halved.jpg", onr_image_jpeg, 1},    {"progressive.jpg", onr_image_jpeg, 1}, {"grey.jpg", onr_image_jpeg, 1},
    {"inks.jpg", onr_image_jpeg, 1},
#endif
#ifdef ONR_HAVE_PNG
    {"rgb.png", onr_image_png, 0},        {"palette.png", onr_image_png, 0},      {"bits.png", onr_image_png, 0},
#endif
#ifdef ONR_HAVE_TIFF
    {"rgb.tif", onr_image_tiff, 0},       {"bits.tif", onr_image_tiff, 0},
#endif
#ifdef ONR_HAVE_WEBP
    {"lossless.webp", onr_image_webp, 0}, {"lossy.webp", onr_image_webp, 1},
#endif
#ifdef ONR_HAVE_OPENJPEG
    {"boxed.jp2", onr_image_jp2, 0},      {"bare.j2k", onr_image_jp2, 1},
#endif
    {"rgb.bmp", onr_image_bmp, 0},        {"palette.bmp", onr_image_bmp, 0},      {"bits.bmp", onr_image_bmp, 0},
};
enum { N_SAMPLES = sizeof samples / sizeof samples[0] };

/// The whole file in memory of its own, so that reading behind its end is found.
static uint8_t *load(const char *name, const char *suffix, size_t *n) {
    char path[512];
    snprintf(path, sizeof path, "%s/tests/data/pictures/%s%s", ONR_SOURCE_DIR, name, suffix);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    uint8_t *data = malloc(1 << 16);
    assert_non_null(data);
    *n = fread(data, 1, 1 << 16, f);
    fclose(f);
    data = realloc(data, *n);
    assert_non_null(data);
    return data;
}

static void right(void **state) {
    (void)state;
    for (size_t i = 0; i < N_SAMPLES; i++) {
        size_t n;
        onr_err err = {0};
        onr_pixels got, want;
        uint8_t *data = load(samples[i].name, "", &n);
        if (samples[i].decode(data, n, &got, &err) != ONR_OK) fail_msg("%s: %s", samples[i].name, err.text);
        free(data);
        data = load(samples[i].name, ".ppm", &n);
        assert_int_equal(onr_image_pnm(data, n, &want, &err), ONR_OK);
        free(data);
        assert_int_equal(got.width, want.width);
        assert_int_equal(got.height, want.height);
        for (int64_t k = 0; k < 3 * got.width * got.height; k++)
            if (abs(got.v[k] - want.v[k]) > samples[i].tolerance)
                fail_msg("%s: byte %d is %d, expected %d", samples[i].name, (int)k, got.v[k], want.v[k]);
        onr_free(got.v);
        onr_free(want.v);
    }
}

/// Decodes bytes that may be nonsense: any status will do, but nothing may be left behind or read behind the end.
static void try_bytes(onr_image_fn decode, const uint8_t *data, size_t n) {
    onr_err err = {0};
    onr_pixels got = {.v = NULL};
    uint8_t *copy = malloc(n + !n);
    assert_non_null(copy);
    memcpy(copy, data, n);
    if (decode(copy, n, &got, &err) == ONR_OK) {
        assert_non_null(got.v);
        onr_free(got.v);
    } else {
        assert_true(err.text[0] != 0);
    }
    free(copy);
}

static void cut(void **state) {
    (void)state;
    for (size_t i = 0; i < N_SAMPLES; i++) {
        size_t n;
        uint8_t *data = load(samples[i].name, "", &n);
        for (size_t k = 26; k < n; k += 1 + n / 100) try_bytes(samples[i].decode, data, k);
        free(data);
    }
}

static void damaged(void **state) {
    (void)state;
    for (size_t i = 0; i < N_SAMPLES; i++) {
        size_t n;
        uint64_t random = i + 1;
        uint8_t *data = load(samples[i].name, "", &n);
        for (int round = 0; round < 100; round++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            size_t at = (random >> 33) % n;
            uint8_t old = data[at];
            data[at] = (uint8_t)(random >> 56);
            try_bytes(samples[i].decode, data, n);
            data[at] = old;
        }
        free(data);
    }
}

static void operators(void **state) {
    (void)state;
    static const op_case cases[] = {
        // P5 2 1 3: 0 and 3 of 3
        OP_CASE("ImageDecoder", 20, "", "uint8[11] 80 53 32 50 32 49 32 51 10 0 3", "uint8[1x2x3] 0 0 0 255 255 255"),
        // P6 1 1 255: 200 100 50
        OP_CASE("ImageDecoder", 20, "pixel_format='BGR'", "uint8[14] 80 54 32 49 32 49 32 50 53 53 10 200 100 50",
                "uint8[1x1x3] 50 100 200"),
        OP_CASE("ImageDecoder", 20, "pixel_format='Grayscale'", "uint8[14] 80 54 32 49 32 49 32 50 53 53 10 200 100 50",
                "uint8[1x1x1] 124"),
        // P1 2 1: black, white
        OP_CASE("ImageDecoder", 20, "", "uint8[9] 80 49 32 50 32 49 10 49 48", "uint8[1x2x3] 0 0 0 255 255 255"),
        // P4 2 1: black, white
        OP_CASE("ImageDecoder", 20, "pixel_format='Grayscale'", "uint8[8] 80 52 32 50 32 49 10 128", "uint8[1x2x1] 0 255"),
        // broken, unknown and empty streams give an empty picture
        OP_CASE("ImageDecoder", 20, "", "uint8[10] 80 53 32 50 32 49 32 51 10 0", "uint8[0x0x3]"),
        OP_CASE("ImageDecoder", 20, "pixel_format='Grayscale'", "uint8[3] 1 2 3", "uint8[0x0x1]"),
        OP_CASE("ImageDecoder", 20, "", "uint8[0]", "uint8[0x0x3]"),
        OP_CASE("ImageDecoder", 20, "", "uint8[3] 80 53 32", "uint8[0x0x3]"),
        OP_CASE("ImageDecoder", 20, "pixel_format='HSV'", "uint8[0]", "! pixel_format"),
        OP_CASE("ImageDecoder", 20, "", "uint8[1x1] 0", "! rank 2"),
    };
    OP_CASES_RUN(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(right), cmocka_unit_test(cut), cmocka_unit_test(damaged),
                                       cmocka_unit_test(operators)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
