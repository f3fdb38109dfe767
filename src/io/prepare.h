// prepare.h: from a picture to the tensor that an image network wants.
#ifndef ONR_IO_PREPARE_H
#define ONR_IO_PREPARE_H

#include "io/image.h"

/// What happens to a picture, in this order: scaled so that its shorter side is `resize` (0: not), cut to height x width from
/// the centre (or, when resize is 0, scaled to them), made grey or RGB, and every pixel p of channel c becomes (p * scale -
/// mean[c]) / std[c].
typedef struct onr_prepare {
    int height, width; ///< of the tensor; 0: as the picture
    int resize;
    int channels; ///< 1 or 3
    bool nhwc;    ///< channels last; else NCHW
    bool bgr;     ///< blue first
    double scale, mean[3], std[3];
} onr_prepare;

/// As the picture: 3 channels, RGB, NCHW, scale 1/255, mean 0, std 1.
onr_prepare onr_prepare_default(void);

/// A new tensor of one picture: [1, channels, height, width] or [1, height, width, channels]. dtype: float32, float64, float16
/// or uint8 (rounded, cut to 0..255); another is ONNXRUN_UNSUPPORTED.
onnxrun_status onr_prepare_run(const onr_prepare *how, const onr_image *img, onnxrun_dtype dtype, onnxrun_value **out,
                               onnxrun_error *err);

/// Scales a picture with a triangle filter that widens when the picture shrinks, rounding to 8 bits after each direction: what
/// PIL's BILINEAR does, so that results agree with networks trained on such pictures to one grey level.
onnxrun_status onr_image_resize(const onr_image *img, int width, int height, onr_image *out, onnxrun_error *err);

#endif
