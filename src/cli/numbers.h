// numbers.h: any tensor as doubles, block by block, and what can be said of them in a line.
#ifndef ONR_CLI_NUMBERS_H
#define ONR_CLI_NUMBERS_H

#include "io/file.h"
#include "onnxrun.h"

/// How many numbers a tensor holds: its elements, complex ones twice. 0 for strings and what is no tensor.
int64_t onr_numbers_count(const onnxrun_value *v);
/// Numbers first .. first + n. Integers beyond 2^53 are rounded.
void onr_numbers_read(const onnxrun_value *v, int64_t first, int64_t n, double *out);

/// A floating-point format; bits 0 for types that are none.
typedef struct onr_float_form {
    int bits;     ///< of the fraction, without the implied one
    int exponent; ///< of the smallest normal number
} onr_float_form;
onr_float_form onr_float_form_of(onnxrun_dtype t);

/// min, max, mean and std are of the finite numbers (NaN when there are none).
typedef struct onr_stats {
    int64_t n, zeros, nan, inf, denormal;
    double min, max, mean, std;
} onr_stats;

onr_stats onr_stats_of(const onnxrun_value *v);
/// `"n": 4, "min": ...` without braces.
void onr_stats_json(const onr_stats *s, onr_str *out);
/// "min -1 max 2 mean 0.5 std 1", and counts that are not 0, as one line for people. Returns out.
enum { ONR_STATS_TEXT = 240 };
const char *onr_stats_text(const onr_stats *s, char out[ONR_STATS_TEXT]);

#endif
