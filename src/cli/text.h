// text.h: values for people, as NumPy shows arrays.
#ifndef ONR_CLI_TEXT_H
#define ONR_CLI_TEXT_H

#include "io/file.h"
#include "onnxrun.h"

/// Element i of a tensor, exact enough to tell neighbours apart in `digits` digits; strings quoted and cut to fit. Returns out.
enum { ONR_ELEMENT_TEXT = 96 };
const char *onr_element_text(const onnxrun_value *v, int64_t i, int digits, char out[ONR_ELEMENT_TEXT]);

/// "float32[1 x 10]", "sequence of 3", "optional, empty", "map of 4". Returns out.
const char *onr_value_text(const onnxrun_value *v, char out[256]);

/// Prints name and type, and below them the first `limit` elements in brackets, on standard output.
void onr_value_print(const char *name, const onnxrun_value *v, int64_t limit);

/// Adds {"name": ..., "type": ..., "shape": [...], "values": [...]} with the first `limit` values; for what is no tensor, name
/// and type alone.
void onr_value_json(const char *name, const onnxrun_value *v, int64_t limit, onr_str *out);

#endif
