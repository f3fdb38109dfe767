// nearest.h: which of many names was probably meant.
#ifndef ONR_BASE_NEAREST_H
#define ONR_BASE_NEAREST_H

#include <stddef.h>

/// Compares candidates one after the other; start with {.word = ...}.
typedef struct onr_nearest_name {
    const char *word;
    const char *best; ///< the nearest so far that is near enough to be meant; else NULL
    size_t distance;
} onr_nearest_name;

/// Near is: a few letters wrong, or one name within the other.
void onr_nearest_try(onr_nearest_name *n, const char *candidate);

#endif
