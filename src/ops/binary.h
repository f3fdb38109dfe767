// binary.h: one loop body for every element type, and the run of an operator with two broadcast inputs.
// May assume: included after nd.h by families of elementwise operators. Never instantiates anything by itself.
#ifndef ONR_OPS_BINARY_H
#define ONR_OPS_BINARY_H

#include "ops/nd.h"

/// A loop (onr_nd_fn) y = EXPR of u and v, read from type T, written as type R. The four cases of who stays on one element are
/// separate loops so that each vectorizes. CTX is the context.
#define ONR_BINARY_LOOP(name, T, R, EXPR)                                                 \
    static void name(const void *CTX, int64_t n, char *const p[], const int64_t step[]) { \
        const T *a = (const T *)p[1], *b = (const T *)p[2];                               \
        R *y = (R *)p[0];                                                                 \
        (void)CTX;                                                                        \
        if (step[1] && step[2]) {                                                         \
            for (int64_t i = 0; i < n; i++) {                                             \
                const T u = a[i], v = b[i];                                               \
                y[i] = (R)(EXPR);                                                         \
            }                                                                             \
        } else if (step[1]) {                                                             \
            const T v = *b;                                                               \
            for (int64_t i = 0; i < n; i++) {                                             \
                const T u = a[i];                                                         \
                y[i] = (R)(EXPR);                                                         \
            }                                                                             \
        } else if (step[2]) {                                                             \
            const T u = *a;                                                               \
            for (int64_t i = 0; i < n; i++) {                                             \
                const T v = b[i];                                                         \
                y[i] = (R)(EXPR);                                                         \
            }                                                                             \
        } else {                                                                          \
            const T u = *a, v = *b;                                                       \
            const R value = (R)(EXPR);                                                    \
            for (int64_t i = 0; i < n; i++) y[i] = value;                                 \
        }                                                                                 \
    }

/// X(suffix, type, unsigned type wide enough not to be promoted to int, ONNX type): for wrapping arithmetic without undefined
/// behaviour.
#define ONR_FOR_SIGNED(X, ...)                        \
    X(i8, int8_t, uint32_t, ONR_INT8, __VA_ARGS__)    \
    X(i16, int16_t, uint32_t, ONR_INT16, __VA_ARGS__) \
    X(i32, int32_t, uint32_t, ONR_INT32, __VA_ARGS__) \
    X(i64, int64_t, uint64_t, ONR_INT64, __VA_ARGS__)
#define ONR_FOR_UNSIGNED(X, ...)                        \
    X(u8, uint8_t, uint32_t, ONR_UINT8, __VA_ARGS__)    \
    X(u16, uint16_t, uint32_t, ONR_UINT16, __VA_ARGS__) \
    X(u32, uint32_t, uint32_t, ONR_UINT32, __VA_ARGS__) \
    X(u64, uint64_t, uint64_t, ONR_UINT64, __VA_ARGS__)
#define ONR_FOR_INTS(X, ...) ONR_FOR_SIGNED(X, __VA_ARGS__) ONR_FOR_UNSIGNED(X, __VA_ARGS__)
#define ONR_FOR_FLOATS(X, ...)                   \
    X(f32, float, float, ONR_FLOAT, __VA_ARGS__) \
    X(f64, double, double, ONR_DOUBLE, __VA_ARGS__)

/// The table entry that goes with a loop `fn_<suffix>` of the lists above.
#define ONR_ENTRY(suffix, T, U, dtype, fn) [dtype] = fn##_##suffix,

/// Out 0 = f(in 0, in 1), broadcast (or on blocked channels of one shape). `b_shape` replaces input 1's shape, or is NULL.
onr_status onr_nd_binary(const onr_run *r, int cost, const onr_nd_fn fns[ONR_N_DTYPES], const onr_shape *b_shape,
                         const void *ctx);

/// Inference and b_shape for rows with the old attributes broadcast and axis (params start with an onr_nd_old).
onr_status onr_nd_infer_old(onr_infer *c, onr_dtype out);
onr_status onr_nd_binary_old(const onr_run *r, int cost, const onr_nd_fn fns[ONR_N_DTYPES], const void *ctx);

#endif
