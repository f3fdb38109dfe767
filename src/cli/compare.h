// compare.h: whether a result is the expected one, and where it first is not.
#ifndef ONR_CLI_COMPARE_H
#define ONR_CLI_COMPARE_H

#include "onnxrun.h"

typedef struct onr_tolerance {
    double rtol, atol;
    bool shape_only; ///< judge kinds, element types and shapes alone; and where only 0 and 1 are expected, that nothing else
                     ///< came
    double *ulp; ///< NULL, or raised to the largest error of a finite float in units of its last place, of those where rtol,
                 ///< not atol, decides
} onr_tolerance;

/// Equal kind, element type and shape; floats: |got - want| <= atol + rtol * |want|, NaN equals NaN, infinities equal
/// themselves; integers, bools and strings exactly; sequences item by item; maps by key. When different, `why` says where
/// first: "[0, 3]: expected 1.5, got 2".
bool onr_compare(const onnxrun_value *want, const onnxrun_value *got, const onr_tolerance *tol, char *why, size_t cap);

#endif
