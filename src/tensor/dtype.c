// dtype.c: the table of element types.
// May assume: nothing. Never allocates or fails.
#include "tensor/dtype.h"

#include "tensor/tensor.h"

#include <string.h>

typedef enum { KIND_OTHER, KIND_FLOAT, KIND_SIGNED, KIND_UNSIGNED } number_kind;

typedef struct dtype_row {
    const char *name;
    uint8_t bytes; // in memory
    uint8_t bits;  // in files
    uint8_t kind;
} dtype_row;

static const dtype_row table[ONR_N_DTYPES] = {
    [ONR_UNDEFINED] = {"undefined", 0, 0, KIND_OTHER},
    [ONR_FLOAT] = {"float32", 4, 32, KIND_FLOAT},
    [ONR_UINT8] = {"uint8", 1, 8, KIND_UNSIGNED},
    [ONR_INT8] = {"int8", 1, 8, KIND_SIGNED},
    [ONR_UINT16] = {"uint16", 2, 16, KIND_UNSIGNED},
    [ONR_INT16] = {"int16", 2, 16, KIND_SIGNED},
    [ONR_INT32] = {"int32", 4, 32, KIND_SIGNED},
    [ONR_INT64] = {"int64", 8, 64, KIND_SIGNED},
    [ONR_STRING] = {"string", sizeof(onr_string), 0, KIND_OTHER},
    [ONR_BOOL] = {"bool", 1, 8, KIND_OTHER},
    [ONR_FLOAT16] = {"float16", 2, 16, KIND_FLOAT},
    [ONR_DOUBLE] = {"float64", 8, 64, KIND_FLOAT},
    [ONR_UINT32] = {"uint32", 4, 32, KIND_UNSIGNED},
    [ONR_UINT64] = {"uint64", 8, 64, KIND_UNSIGNED},
    [ONR_COMPLEX64] = {"complex64", 8, 64, KIND_OTHER},
    [ONR_COMPLEX128] = {"complex128", 16, 128, KIND_OTHER},
    [ONR_BFLOAT16] = {"bfloat16", 2, 16, KIND_FLOAT},
    [ONR_FLOAT8E4M3FN] = {"float8e4m3fn", 1, 8, KIND_FLOAT},
    [ONR_FLOAT8E4M3FNUZ] = {"float8e4m3fnuz", 1, 8, KIND_FLOAT},
    [ONR_FLOAT8E5M2] = {"float8e5m2", 1, 8, KIND_FLOAT},
    [ONR_FLOAT8E5M2FNUZ] = {"float8e5m2fnuz", 1, 8, KIND_FLOAT},
    [ONR_UINT4] = {"uint4", 1, 4, KIND_UNSIGNED},
    [ONR_INT4] = {"int4", 1, 4, KIND_SIGNED},
    [ONR_FLOAT4E2M1] = {"float4e2m1", 1, 4, KIND_FLOAT},
    [ONR_FLOAT8E8M0] = {"float8e8m0", 1, 8, KIND_FLOAT},
    [ONR_UINT2] = {"uint2", 1, 2, KIND_UNSIGNED},
    [ONR_INT2] = {"int2", 1, 2, KIND_SIGNED},
};

static const dtype_row *row(onr_dtype t) { return (unsigned)t < ONR_N_DTYPES ? &table[t] : &table[ONR_UNDEFINED]; }

size_t onr_dtype_size(onr_dtype t) { return row(t)->bytes; }
int onr_dtype_bits(onr_dtype t) { return row(t)->bits; }
const char *onr_dtype_name(onr_dtype t) { return row(t)->name; }
bool onr_dtype_is_float(onr_dtype t) { return row(t)->kind == KIND_FLOAT; }
bool onr_dtype_is_integer(onr_dtype t) { return row(t)->kind == KIND_SIGNED || row(t)->kind == KIND_UNSIGNED; }
bool onr_dtype_is_signed(onr_dtype t) { return row(t)->kind == KIND_SIGNED; }

onr_dtype onr_dtype_parse(const char *name) {
    if (!name) return ONR_UNDEFINED;
    if (strcmp(name, "float") == 0) return ONR_FLOAT;
    if (strcmp(name, "double") == 0) return ONR_DOUBLE;
    for (int t = 1; t < ONR_N_DTYPES; t++)
        if (strcmp(name, table[t].name) == 0) return (onr_dtype)t;
    return ONR_UNDEFINED;
}
