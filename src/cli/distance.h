// distance.h: how far a tensor is from its reference, and whether that is too far.
#ifndef ONR_CLI_DISTANCE_H
#define ONR_CLI_DISTANCE_H

#include "cli/args.h"
#include "onnxrun.h"

/// NaN: not given. A float passes within atol + rtol * |reference| or within max_ulp units in the last place; without max_ulp
/// rtol is 1e-3 and atol 1e-5 times the reference's largest number, with it both are 0. Integers pass within atol and rtol, 0.
typedef struct onr_criterion {
    double rtol, atol, max_ulp;
} onr_criterion;

/// The largest errors are those of numbers that are finite on both sides.
typedef struct onr_distance {
    double max_abs, max_rel, max_ulp, cosine;
    int64_t n, n_differ;
    int64_t odd; ///< numbers that are NaN or Inf on one side, and not the same on the other
    int64_t nan, inf, reference_nan, reference_inf;
} onr_distance;

/// Kinds, element types and shapes are equal.
bool onr_same_type(const onnxrun_value *a, const onnxrun_value *b);
/// Both are tensors of numbers (onr_numbers_count is not 0) of the same type.
onr_distance onr_distance_of(const onr_criterion *c, const onnxrun_value *want, const onnxrun_value *got);

#endif
