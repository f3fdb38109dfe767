// classes.h: logits as the most probable classes.
#ifndef ONR_CLI_CLASSES_H
#define ONR_CLI_CLASSES_H

#include "io/labels.h"
#include "onnxrun.h"

/// Prints the k most probable classes of each row of a tensor [rows, classes, 1, ...] or [classes]. Values that are no
/// probabilities yet (all in 0..1 with sum 1) go through softmax. row_names (NULL, or n_names of them) head the rows. Not such
/// a tensor, or more classes than labels: ONNXRUN_INVALID.
onnxrun_status onr_classes_print(const onnxrun_value *v, const onr_labels *labels, int64_t k, const char *const *row_names,
                                 size_t n_names, onnxrun_error *err);

#endif
