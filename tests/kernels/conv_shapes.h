// conv_shapes.h: convolution shapes from the text files in tests/kernels/shapes.
// May assume: the files of this repository. Ends the program on a line that makes no sense.
#ifndef ONR_TESTS_KERNELS_CONV_SHAPES_H
#define ONR_TESTS_KERNELS_CONV_SHAPES_H

#include "kernels/conv/conv.h"

typedef struct conv_case {
    onr_conv_shape shape; ///< blocks are zero
    char name[64];
} conv_case;

/// Reads shapes/<file>: each line "n c_in h w c_out kh kw stride_h stride_w dil_h dil_w top left bottom right groups name".
/// '#' starts a comment. Returns the number; `*cases` is freed by the caller.
int conv_shapes_read(const char *file, conv_case **cases);

#endif
