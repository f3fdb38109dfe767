// einsum.h: an einsum equation, parsed.
// May assume: included by the family alone. Never knows sizes.
#ifndef ONR_OPS_EINSUM_H
#define ONR_OPS_EINSUM_H

#include "ops/op.h"

/// Labels: 52 letters, then the dimensions that an ellipsis stands for.
enum { ONR_EINSUM_LETTERS = 52, ONR_EINSUM_LABELS = ONR_EINSUM_LETTERS + ONR_MAX_RANK, ONR_EINSUM_MOST = 64 };
enum { ONR_EINSUM_ELLIPSIS = 255 };

typedef struct onr_einsum_term {
    int n;
    uint8_t at[ONR_MAX_RANK + 1]; ///< labels; before expansion ONR_EINSUM_ELLIPSIS may be one of them
} onr_einsum_term;

typedef struct onr_einsum {
    int32_t n_in;
    onr_einsum_term *in;
    onr_einsum_term out;
} onr_einsum;

/// Labels of each dimension of each operand.
typedef struct onr_einsum_labels {
    onr_einsum_term in[ONR_EINSUM_MOST];
    onr_einsum_term out;
} onr_einsum_labels;

/// Parses "ij,jk->ik". ONR_INVALID says what is wrong. The terms are in the arena.
onr_status onr_einsum_parse(onr_string equation, int32_t n_in, onr_arena *arena, onr_einsum *out, onr_err *err);
/// Puts labels in the place of ellipses for operands of these ranks; on a mistake *why is a constant text and false is
/// returned.
bool onr_einsum_expand(const onr_einsum *e, const int32_t *rank, onr_einsum_labels *out, const char **why);

#endif
