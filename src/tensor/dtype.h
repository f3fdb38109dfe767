// dtype.h: element types. Numbers are those of ONNX's TensorProto.DataType.
#ifndef ONR_TENSOR_DTYPE_H
#define ONR_TENSOR_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum onr_dtype {
    ONR_UNDEFINED = 0,
    ONR_FLOAT = 1,
    ONR_UINT8 = 2,
    ONR_INT8 = 3,
    ONR_UINT16 = 4,
    ONR_INT16 = 5,
    ONR_INT32 = 6,
    ONR_INT64 = 7,
    ONR_STRING = 8,
    ONR_BOOL = 9,
    ONR_FLOAT16 = 10,
    ONR_DOUBLE = 11,
    ONR_UINT32 = 12,
    ONR_UINT64 = 13,
    ONR_COMPLEX64 = 14,
    ONR_COMPLEX128 = 15,
    ONR_BFLOAT16 = 16,
    ONR_FLOAT8E4M3FN = 17,
    ONR_FLOAT8E4M3FNUZ = 18,
    ONR_FLOAT8E5M2 = 19,
    ONR_FLOAT8E5M2FNUZ = 20,
    ONR_UINT4 = 21,
    ONR_INT4 = 22,
    ONR_FLOAT4E2M1 = 23,
    ONR_FLOAT8E8M0 = 24,
    ONR_UINT2 = 25,
    ONR_INT2 = 26,
    ONR_N_DTYPES
} onr_dtype;

/// A set of element types: bit 1 << dtype.
typedef uint32_t onr_dtypes;
#define ONR_BIT(dtype) (1u << (dtype))
#define ONR_T_FLOATS (ONR_BIT(ONR_FLOAT) | ONR_BIT(ONR_DOUBLE) | ONR_BIT(ONR_FLOAT16) | ONR_BIT(ONR_BFLOAT16))
#define ONR_T_SIGNED (ONR_BIT(ONR_INT8) | ONR_BIT(ONR_INT16) | ONR_BIT(ONR_INT32) | ONR_BIT(ONR_INT64))
#define ONR_T_UNSIGNED (ONR_BIT(ONR_UINT8) | ONR_BIT(ONR_UINT16) | ONR_BIT(ONR_UINT32) | ONR_BIT(ONR_UINT64))
#define ONR_T_INTS (ONR_T_SIGNED | ONR_T_UNSIGNED)
#define ONR_T_NUMERIC (ONR_T_FLOATS | ONR_T_INTS)
#define ONR_T_COMPLEX (ONR_BIT(ONR_COMPLEX64) | ONR_BIT(ONR_COMPLEX128))
#define ONR_T_FLOAT8 \
    (ONR_BIT(ONR_FLOAT8E4M3FN) | ONR_BIT(ONR_FLOAT8E4M3FNUZ) | ONR_BIT(ONR_FLOAT8E5M2) | ONR_BIT(ONR_FLOAT8E5M2FNUZ))
#define ONR_T_SUBBYTE \
    (ONR_BIT(ONR_UINT4) | ONR_BIT(ONR_INT4) | ONR_BIT(ONR_UINT2) | ONR_BIT(ONR_INT2) | ONR_BIT(ONR_FLOAT4E2M1))
#define ONR_T_ALL (~1u & ((1u << ONR_N_DTYPES) - 1u))

/// Bytes of one element in memory. 2- and 4-bit types take one byte each at run time (sign-extended for the signed ones; the
/// low nibble for FLOAT4E2M1) and are packed only in files and at the public boundary: docs/decisions.md says why. STRING is
/// sizeof(onr_string). 0 for ONR_UNDEFINED and unknown numbers.
size_t onr_dtype_size(onr_dtype t);
/// Bits of one element in ONNX's raw_data: 2, 4, 8, ... 128; 0 for strings.
int onr_dtype_bits(onr_dtype t);
/// "float32", "int64", "float8e4m3fn", ...: never NULL ("undefined").
const char *onr_dtype_name(onr_dtype t);
/// The inverse of onr_dtype_name; also "float", "double"; ONR_UNDEFINED when unknown.
onr_dtype onr_dtype_parse(const char *name);
static inline bool onr_dtype_in(onr_dtype t, onr_dtypes set) { return (set >> t) & 1u; }
bool onr_dtype_is_float(onr_dtype t);   ///< any floating format, 4 to 64 bits
bool onr_dtype_is_integer(onr_dtype t); ///< any signed or unsigned integer, 2 to 64 bits; not bool
bool onr_dtype_is_signed(onr_dtype t);  ///< signed integer

#endif
