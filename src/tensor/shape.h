// shape.h: shapes, with symbolic dimensions.
#ifndef ONR_TENSOR_SHAPE_H
#define ONR_TENSOR_SHAPE_H

#include "base/map.h"

#include <stdbool.h>
#include <stdint.h>

enum { ONR_MAX_RANK = 16 };

/// A dimension: >= 0 is a size; a symbol (`batch`, or a fresh unknown) is a very negative number, equal symbols are equal
/// sizes. Ordinary negative numbers (a Reshape's -1) are not dimensions but may stand beside them in shape data.
#define ONR_DIM_SYMBOL_BASE (INT64_MIN + 1)
static inline bool onr_dim_known(int64_t d) { return d >= 0; }
static inline bool onr_dim_symbolic(int64_t d) { return d < INT64_MIN / 2; }

/// rank -1: not even the rank is known.
typedef struct onr_shape {
    int32_t rank;
    int64_t dim[ONR_MAX_RANK];
} onr_shape;

/// The names of symbols of one model; shared by its graphs. Ids are dense from 0.
typedef struct onr_symbols {
    onr_arena *arena;
    const char **name; ///< NULL: a fresh unknown without name
    int64_t n, cap;
    onr_map ids; ///< name -> id
} onr_symbols;

void onr_symbols_init(onr_symbols *s, onr_arena *arena);
/// A copy that grows apart from the original (the names are shared). NULL when memory lacks.
onr_symbols *onr_symbols_clone(const onr_symbols *s, onr_arena *arena);
/// The dimension that stands for `name`: the same for the same name. NULL or "" gives a fresh one. When memory lacks: a fresh
/// unnamed symbol (never a wrong equality).
int64_t onr_symbol(onr_symbols *s, const char *name);
/// Lets an unnamed symbol be shown under a name; it stays unequal to the dimension of that name. Nothing for others.
void onr_symbol_show_as(onr_symbols *s, int64_t dim, const char *name);
/// The name of a symbolic dimension, or NULL for an unnamed one.
const char *onr_symbol_name(const onr_symbols *s, int64_t dim);

onr_shape onr_shape_make(int32_t rank, const int64_t *dims);
onr_shape onr_shape_unknown(void);                            ///< rank -1
bool onr_shape_known(const onr_shape *s);                     ///< rank and every dimension are numbers
bool onr_shape_equal(const onr_shape *a, const onr_shape *b); ///< same rank and the same (or the same symbolic) dimensions
/// Elements; false when a dimension is not known, or on overflow. Rank 0 has one.
bool onr_shape_numel(const onr_shape *s, int64_t *n);
/// Is no known dimension, and no product of those that are not 0, so large that offsets in bytes would overflow? Values whose
/// shapes are not countable are refused where they come in, so that all other arithmetic on sizes is safe. Limits: a dimension
/// below 2^48, a product below 2^58.
bool onr_shape_countable(const onr_shape *s);
/// Product of dim[from..to), all known; asserts on overflow (a known shape was checked when it was made).
int64_t onr_shape_span(const onr_shape *s, int32_t from, int32_t to);
/// Row-major strides in elements.
void onr_shape_strides(const onr_shape *s, int64_t *strides);
/// axis in [-rank, rank) to [0, rank); -1 when out of range.
int32_t onr_axis(int64_t axis, int32_t rank);

enum { ONR_SHAPE_TEXT = 320 };
/// "batch x 3 x 224 x 224", "scalar", "?" (unknown rank), "?" for unnamed symbols; cut with "..." to fit ONR_SHAPE_TEXT.
/// Returns out. symbols may be NULL.
const char *onr_shape_text(const onr_shape *s, const onr_symbols *symbols, char out[ONR_SHAPE_TEXT]);

#endif
