// images.h: which first steps of a plan run image by image.
// May assume: types were inferred. Pure: looks at types alone, never at data or threads, so that results do not depend on them.
//
// Early layers of a convolutional net have few weights and large activations. A batch of those walked layer by layer goes
// through memory again and again; walked image by image it stays in a core's cache, and each thread can take its own image,
// without a barrier after every layer. Late layers are the other way around: their weights are read once for the whole batch.
// Source: the measurements in docs/performance.md.
#ifndef ONR_PLAN_IMAGES_H
#define ONR_PLAN_IMAGES_H

#include "ops/eval.h"

/// The number of first nodes of `g` (dead and known ones included) that should run image by image, and the batch size in
/// *images; 0 when there is nothing to gain. The last of them is neither dead nor known.
int32_t onr_images_choose(const onr_graph *g, const onr_typing *t, int64_t *images);
/// The type of one image of a batch.
onr_type onr_images_one(const onr_type *batch);

#endif
