"""Products of quantized numbers: QLinearConv, QLinearMatMul, MatMulInteger, DynamicQuantizeLinear.

May assume: `row` is a line of `onnxrun ops --json` and `dtype` one of its types. Scales are powers of two, so that sums are exact and a
tie is one: it goes to the even number. Sums of integers are computed in int64.
"""
import numpy as np

from numbers_of import NARROW, int_range, narrow, rounded, sample
from suite import Case, Value
from windows import CONVOLUTIONS, convolution

OTHER = {"uint8": ("uint8", "int8"), "int8": ("int8", "uint8")}


def requantized(total, scale, zero, kind):
    """rint(total * scale) + zero, kept within the type."""
    low, high = int_range(kind)
    return np.clip(np.rint(total.astype(np.float64) * scale) + zero, low, high)


def zero_of(kind, seed):
    low, high = int_range(kind)
    return (0, low, high, 5)[seed % 4]


def q_linear_conv(row, dtype):
    """The scale and the zero point of W are one, or one for each output channel; a bias has the scale of the product."""
    for seed, (x_shape, w_shape, attrs) in enumerate(CONVOLUTIONS):
        for kind in OTHER[dtype]:
            for each in (False, True):
                rng = np.random.default_rng(seed)
                x, w = sample(dtype, x_shape, rng, with_specials=True), sample(kind, w_shape, rng, with_specials=True)
                x_zero, y_zero, m = zero_of(dtype, seed), zero_of(dtype, seed + 1), w_shape[0]
                w_zero = np.array([zero_of(kind, seed + k) for k in range(m)]) if each else np.array(zero_of(kind, seed))
                w_scale = 2.0 ** -(np.arange(m) % 3 + 5) if each else np.array(2.0**-6)
                spread = [-1] + [1] * (len(w_shape) - 1)
                total = convolution(x.astype(np.int64) - x_zero, w.astype(np.int64) - w_zero.reshape(spread if each else ()), attrs)
                b = rng.integers(-999, 999, m)
                total = total + b.reshape(spread[:-1]) if seed % 2 else total
                y = requantized(total, 0.25 * w_scale.reshape(spread[:-1] if each else ()) / 2.0, y_zero, dtype)
                ins = [Value(dtype, x), Value("float32", 0.25), Value(dtype, x_zero), Value(kind, w), Value("float32", w_scale),
                       Value(kind, w_zero), Value("float32", 2.0), Value(dtype, y_zero)] + ([Value("int32", b)] if seed % 2 else [])
                yield Case(ins, [Value(dtype, y)], static=range(1, 9), **attrs)


# shapes of A and B, and of their scales and zero points when there is more than one
PRODUCTS = (((2, 3), (3, 4), (2, 1), (4,)), ((2, 3, 5), (2, 5, 4), (2, 3, 1), (2, 1, 4)), ((1, 64), (64, 33), (), ()), ((4, 1), (1, 4), (), (4,)),
            ((0, 3), (3, 2), (), ()), ((2, 0), (0, 3), (), ()), ((5, 2, 3), (3, 2), (), ()), ((17, 40), (40, 19), (17, 1), (19,)))


def zeros_of(kind, shape, seed):
    return np.array([zero_of(kind, seed + k) for k in range(int(np.prod(shape)))]).reshape(shape)


def q_linear_matmul(row, dtype):
    if dtype in NARROW:
        yield from q_linear_narrow(row, dtype)
        return
    for seed, (a_shape, b_shape, a_rows, b_columns) in enumerate(PRODUCTS):
        for kind in OTHER[dtype]:
            for scales in ("float32", "float16") if row["since"] >= 21 else ("float32",):
                rng = np.random.default_rng(seed)
                a, b = sample(dtype, a_shape, rng, with_specials=True), sample(kind, b_shape, rng, with_specials=True)
                az, bz, yz = zeros_of(dtype, a_rows, seed), zeros_of(kind, b_columns, seed + 1), zero_of(dtype, seed + 2)
                asc, bsc = (2.0 ** -(np.arange(int(np.prod(s))) % 3 + 2).reshape(s) for s in (a_rows, b_columns))
                total = np.matmul(a.astype(np.int64) - az, b.astype(np.int64) - bz)
                y = requantized(total, asc * bsc / 4.0, yz, dtype)
                ins = [Value(dtype, a), Value(scales, asc), Value(dtype, az), Value(kind, b), Value(scales, bsc), Value(kind, bz),
                       Value(scales, 4.0), Value(dtype, yz)]
                yield Case(ins, [Value(dtype, y)], static=range(1, 8))


def q_linear_narrow(row, dtype):
    for seed, (a_shape, b_shape) in enumerate((((2, 3), (3, 4)), ((3, 2, 4), (4, 5)), ((0, 3), (3, 2)))):
        a, b = (sample(dtype, s, np.random.default_rng(seed + k), -4, 4) for k, s in enumerate((a_shape, b_shape)))
        y = narrow(np.matmul(a.astype(np.float64), b.astype(np.float64)) * 0.25, dtype)
        one, zero = Value("float32", 0.5), Value(dtype, 0)
        yield Case([Value(dtype, a), one, zero, Value(dtype, b), one, zero, Value("float32", 1.0), zero], [Value(dtype, y)], static=range(1, 8))


def matmul_integer(row, dtype):
    for seed, (a_shape, b_shape, a_rows, b_columns) in enumerate(PRODUCTS + (((3,), (3,), (), ()), ((2, 3), (3,), (), ()), ((3,), (3, 2), (), ()))):
        for kind in OTHER[dtype]:
            rng = np.random.default_rng(seed)
            a, b = sample(dtype, a_shape, rng, with_specials=True), sample(kind, b_shape, rng, with_specials=True)
            az, bz = zeros_of(dtype, a_rows, seed), zeros_of(kind, b_columns, seed + 1)
            y = Value("int32", np.matmul(a.astype(np.int64) - az, b.astype(np.int64) - bz))
            yield Case([Value(dtype, a), Value(kind, b), Value(dtype, az), Value(kind, bz)], [y], static=(1, 2, 3))
            y = Value("int32", np.matmul(a.astype(np.int64), b.astype(np.int64)))
            yield Case([Value(dtype, a), Value(kind, b)], [y], static=(1,))
            y = Value("int32", np.matmul(a.astype(np.int64), b.astype(np.int64) - bz))
            yield Case([Value(dtype, a), Value(kind, b), None, Value(kind, bz)], [y], static=(1, 3))


def dynamic(row, dtype):
    """The range is made to hold 0; scale and zero point are float32, the zero point is rounded to even and kept within uint8."""
    f = np.float32
    for values in ([0.0, 2.0, -3.0, -2.5, 1.34, 0.5], [1.0, 2.1, 1.3, 4.0], [-1.0, -2.1, -0.5, -4.0], [255.0, 0.0, 0.5, 1.5, 2.5], [-127.5, 127.5, 0.5]):
        x = np.array(values, f)
        low, high = min(f(0), x.min()), max(f(0), x.max())
        scale = f((high - low) / f(255))
        zero = np.clip(np.rint(f(0) - low / scale), 0, 255)
        y = np.clip(np.rint(x / scale) + zero, 0, 255)
        for shape in ((-1,), (1, -1, 1)):
            yield Case([Value(dtype, x.reshape(shape))], [Value("uint8", y.reshape(shape)), Value("float32", scale), Value("uint8", zero)])


def flex_attention(row, dtype):
    """Without graphs: softmax(Q Kᵀ scale) V, where heads of Q share one of K and V."""
    for seed, (heads, shared, queries, keys, width, v_width, scale) in enumerate(((2, 2, 3, 4, 8, 5, None), (4, 2, 1, 7, 4, 4, 0.25), (3, 1, 5, 2, 16, 1, None))):
        rng = np.random.default_rng(seed)
        q, k, v = (sample(dtype, (2, *s), rng, -1, 1) for s in ((heads, queries, width), (shared, keys, width), (shared, keys, v_width)))
        qd, kd, vd = (t.astype(np.float64) for t in (q, k, v))
        y = np.zeros((2, heads, queries, v_width))
        for b, h in np.ndindex(2, heads):
            group = h * shared // heads
            for i in range(queries):
                e = np.exp(kd[b, group] @ qd[b, h, i] * (scale or width**-0.5))
                y[b, h, i] = e @ vd[b, group] / np.sum(e)
        yield Case([Value(dtype, t) for t in (q, k, v)], [Value(dtype, rounded(y, dtype))], **({"scale": scale} if scale else {}))


CASES = {
    "QLinearConv": q_linear_conv, "QLinearMatMul": q_linear_matmul, "MatMulInteger": matmul_integer, "DynamicQuantizeLinear": dynamic,
    "ai.onnx.preview.FlexAttention": flex_attention,
}
