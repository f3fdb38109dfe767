// statistics.h: what the numbers of a constant are.
#ifndef ONR_DUMP_STATISTICS_H
#define ONR_DUMP_STATISTICS_H

#include "base/str.h"
#include "tensor/tensor.h"

/// `, "statistics": {...}` with n, min, max, mean, std (null without a finite number), zeros, nan, inf, denormal, and contents:
/// the first elements as text. Reads the whole tensor; nothing for strings and what is no tensor.
void onr_statistics_json(const onr_datum *d, onr_str *out);

#endif
