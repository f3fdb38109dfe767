// col2im.h: adding columns back into an image: Col2Im, and ConvTranspose after its matrix product.
#ifndef ONR_OPS_COL2IM_H
#define ONR_OPS_COL2IM_H

#include "ops/window.h"

/// Adds the columns of blocks [first, first + n) to one map: image[where tap t of block p lies] += col[t * col_stride + p -
/// first], for the taps of w->kernel; what lies in the padding is dropped. w->in: blocks in each dimension, w->out: the image.
void onr_col2im_add_f32(const onr_window *w, const float *col, int64_t col_stride, int64_t first, int64_t n, float *image);

#endif
