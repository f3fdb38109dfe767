// resize_axis.h: resizing along one axis: which inputs each output takes, with what weights, and the passes that do it.
#ifndef ONR_OPS_RESIZE_AXIS_H
#define ONR_OPS_RESIZE_AXIS_H

#include "ops/op.h"

typedef enum onr_resize_mode { ONR_RESIZE_NEAREST, ONR_RESIZE_LINEAR, ONR_RESIZE_CUBIC } onr_resize_mode;
/// Of an output's place to one in the input: ONNX coordinate_transformation_mode.
typedef enum onr_resize_transform {
    ONR_RESIZE_HALF_PIXEL,
    ONR_RESIZE_HALF_PIXEL_SYMMETRIC,
    ONR_RESIZE_PYTORCH_HALF_PIXEL,
    ONR_RESIZE_ALIGN_CORNERS,
    ONR_RESIZE_ASYMMETRIC,
    ONR_RESIZE_CROP,             ///< tf_crop_and_resize
    ONR_RESIZE_HALF_PIXEL_FOR_NN ///< tf_half_pixel_for_nn (opset 11 and 12)
} onr_resize_transform;
typedef enum onr_resize_nearest {
    ONR_RESIZE_PREFER_FLOOR,
    ONR_RESIZE_PREFER_CEIL,
    ONR_RESIZE_FLOOR,
    ONR_RESIZE_CEIL
} onr_resize_nearest;

typedef struct onr_resize_how {
    onr_resize_mode mode;
    onr_resize_transform transform;
    onr_resize_nearest nearest;
    double cubic_a;
    bool exclude_outside, antialias;
} onr_resize_how;

typedef struct onr_resize_axis {
    int64_t in, out;
    double scale;         ///< as given, or out / in
    double begin, finish; ///< region of interest, as parts of the input; for ONR_RESIZE_CROP
} onr_resize_axis;

/// Output o is the sum of n inputs index[o * n + k] with weight[o * n + k]; index -1: the extrapolation value.
typedef struct onr_resize_taps {
    int64_t in, out, n;
    bool identity; ///< output o is input o
    int64_t *index;
    double *weight;
    float *weight32;
    void *memory;
} onr_resize_taps;

/// The taps of one axis; in and out are positive. ONR_INVALID when the scale asks for absurdly many. The caller frees them.
onr_status onr_resize_taps_new(const onr_resize_how *how, const onr_resize_axis *a, onr_resize_taps *out, onr_err *err);
void onr_resize_taps_free(onr_resize_taps *t);

/// y [outer][out][inner] from x [outer][in][inner].
void onr_resize_pass_f32(const onr_resize_taps *t, int64_t outer, int64_t inner, float extrapolation, const float *x, float *y,
                         onr_pool *pool);
void onr_resize_pass_f64(const onr_resize_taps *t, int64_t outer, int64_t inner, double extrapolation, const double *x,
                         double *y, onr_pool *pool);

/// Nearest: the output of `rank` dimensions takes elements of `elem` bytes by the first tap of each axis; `outside` is the
/// extrapolation value's element.
void onr_resize_gather(const onr_resize_taps *t, int32_t rank, size_t elem, const void *outside, const void *x, void *y,
                       onr_pool *pool);

#endif
