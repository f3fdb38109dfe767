// ml_dict.h: from a key (an integer, a float or a string) to its place in a model's list.
// May assume: the lists outlive the dictionary. Never changes after it was built.
#ifndef ONR_OPS_ML_DICT_H
#define ONR_OPS_ML_DICT_H

#include "ops/ml.h"

typedef struct onr_ml_entry {
    int64_t key;
    onr_string text;
    int64_t at;
} onr_ml_entry;

typedef struct onr_ml_dict {
    const onr_ml_entry *entry; ///< sorted, no key twice
    size_t n;
} onr_ml_dict;

/// The last of equal keys wins (LabelEncoder-4 says so; others leave it open).
onr_status onr_ml_dict_ints(onr_ml_dict *d, const int64_t *keys, size_t n, onr_arena *a, onr_err *err);
onr_status onr_ml_dict_strings(onr_ml_dict *d, const onr_string *keys, size_t n, onr_arena *a, onr_err *err);
/// The key's place in the list, or -1.
int64_t onr_ml_dict_int(const onr_ml_dict *d, int64_t key);
int64_t onr_ml_dict_string(const onr_ml_dict *d, onr_string key);

/// Any element of a tensor as an integer key: floats by their bits; unless bitwise, all NaNs are one key and so are both zeros.
int64_t onr_ml_key(const onr_tensor *t, int64_t i, bool bitwise);

#endif
