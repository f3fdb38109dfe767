"""Casts between all types, and quantization.

May assume: `row` is a line of `onnxrun ops --json` and `dtype` one of its types. Conversions are written after ONNX's documentation of
Cast, in Python's integers and NumPy's rounding.
"""
import numpy as np

from numbers_of import (BITS, CODES, INT_RANGE, NARROW, TYPES, bfloat16_bits, int_range, is_complex, is_float, is_int, narrow, rounded,
                        sample, specials)
from suite import Case, Value

FLOAT8 = ("float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz")


def source(dtype):
    """Values whose conversion every type defines: the whole range of narrow types, specials of wide ones."""
    if dtype in CODES:
        return CODES[dtype].copy()
    if dtype in INT_RANGE:
        low, high = INT_RANGE[dtype]
        return np.arange(low, high + 1).astype(TYPES[dtype][1])
    if dtype == "bool":
        return np.array([True, False, True])
    x = sample(dtype, (40,), np.random.default_rng(3), -500, 500)
    more = rounded(np.array(specials(dtype)), dtype)
    small = rounded(np.array([0.25, 0.75, 1.25, 2.5, 5, 7, 100, 448, 464, 465, 480, 57344, 61440, 1e5, 2**-10, 2**-9, 3 * 2**-11, 240, 248]), dtype)
    return np.concatenate([more, small if is_float(dtype) else x[:0], x]).astype(TYPES[dtype][1])


def to_int(x, name):
    """Floats are cut toward zero; only values that the type has are asked for. Integers wrap."""
    low, high = int_range(name)
    return np.array([(int(v) - low) % (high - low + 1) + low for v in x], TYPES[name][1])


def cast_array(x, from_, to, saturate):
    if to == "bool":
        return x != 0
    if is_int(to):
        return to_int(x, to)
    with np.errstate(all="ignore"):
        if to in FLOAT8:
            return narrow(x.astype(np.float64), to, saturate)
        if to == "float8e8m0":
            return x
        return rounded(x, to)


def fits(x, from_, to):
    """Which elements ONNX defines: a float beyond an integer type, and NaN as one, are not."""
    if is_int(to) and is_float(from_):
        low, high = int_range(to)
        w = x.astype(np.float64)
        with np.errstate(all="ignore"):
            return np.isfinite(w) & (np.trunc(w) >= low) & (np.trunc(w) <= high) & ((high < 2**53) | (w < float(high)))
    if to == "float4e2m1":
        return np.isfinite(x.astype(np.float64))
    if from_ == "float64" and to in ("float16", "bfloat16", *NARROW):
        return np.abs(x.astype(np.float64)) < 1e30  # rounding twice or once is not told
    return np.ones(len(x), bool)


def targets(row):
    return [t for t in row["types"] if t not in ("string", "float8e8m0") and not is_complex(t)]


def cast(row, dtype):
    if dtype in ("string", "float8e8m0"):
        return
    for to in targets(row):
        x = source(dtype)
        x = x[fits(x, dtype, to)]
        if to == dtype:
            x = x[~np.isinf(x.astype(np.float64))]  # is an infinity kept that has its type already? ONNX does not say
        for saturate in (1, 0) if to in FLOAT8 else (1,):
            y = Value(to, cast_array(x, dtype, to, saturate))
            attrs = {} if saturate else {"saturate": 0}
            if row["op"] == "CastLike":
                yield Case([Value(dtype, x), Value(to, source(to)[:1])], [y], **attrs)
            elif row["since"] < 6:
                yield Case([Value(dtype, x)], [y], to=to.upper() if to != "float32" else "FLOAT")
            else:
                yield Case([Value(dtype, x)], [y], to=TYPES[to][0], **attrs)


def bit_cast(row, dtype):
    if is_complex(dtype) or dtype in BITS:
        return
    size = 2 if dtype == "bfloat16" else 1 if dtype in NARROW else np.dtype(TYPES[dtype][1]).itemsize
    x = source(dtype)
    bits = bfloat16_bits(x) if dtype == "bfloat16" else None
    if dtype in NARROW or dtype == "bool":
        return
    y = (bits if bits is not None else x).view(f"uint{8 * size}")
    yield Case([Value(dtype, x)], [Value(f"uint{8 * size}", y)], to=TYPES[f"uint{8 * size}"][0])


# ---- quantization -----------------------------------------------------------------------------------------------------------


def along(v, rank, axis):
    return v.reshape([-1 if k == axis % rank else 1 for k in range(rank)])


def quantize_array(x, scale, zero, to):
    q = x.astype(np.float64) / scale.astype(np.float64)
    if to in NARROW:
        return narrow(q.astype(np.float32), to)
    low, high = int_range(to)
    return np.clip(np.rint(q) + zero.astype(np.float64), low, high)


def quantize(row, dtype):
    since = row["since"]
    if dtype == "int32" or dtype == "float16" and since < 19:
        return
    kinds = ["uint8", "int8"] + (list(FLOAT8) if since >= 19 else []) + (["uint16", "int16", "uint4", "int4"] if since >= 21 else [])
    kinds += (["float4e2m1"] if since >= 23 else []) + (["uint2", "int2"] if since >= 25 else [])
    for to in kinds:
        rng = np.random.default_rng(5)
        x = sample(dtype, (4, 6), rng, -6, 6)
        zero = lambda n: np.zeros(n) if to in NARROW else rng.integers(*int_range(to), n, endpoint=True)  # noqa: E731
        scale = rounded(np.array(0.25), dtype)
        z = Value(to, zero(()))
        yield Case([Value(dtype, x), Value(dtype, scale), z], [Value(to, quantize_array(x, scale, z.array, to))], static=(1, 2))
        if since >= 13:
            for axis in (0, 1, -1):
                n = x.shape[axis]
                scale = rounded(2.0 ** rng.integers(-3, 1, n), dtype)
                z = Value(to, zero((n,)))
                y = quantize_array(x, along(scale, 2, axis), along(z.array, 2, axis), to)
                yield Case([Value(dtype, x), Value(dtype, scale), z], [Value(to, y)], static=(1, 2), axis=axis)
        if since >= 21:
            scale = rounded(2.0 ** rng.integers(-3, 1, (4, 2)), dtype)
            z = Value(to, zero((4, 2)))
            y = quantize_array(x, np.repeat(scale, 3, 1), np.repeat(z.array, 3, 1), to)
            yield Case([Value(dtype, x), Value(dtype, scale), z], [Value(to, y)], static=(1, 2), axis=1, block_size=3)
    x, scale = Value(dtype, sample(dtype, (5,), np.random.default_rng(1), -1, 70)), Value(dtype, rounded(np.array(0.5), dtype))
    yield Case([x, scale], [Value("uint8", quantize_array(x.array, scale.array, np.zeros(()), "uint8"))], static=(1,))


def dequantize(row, dtype):
    since = row["since"]
    if dtype == "float8e8m0":
        return
    rng = np.random.default_rng(5)
    x = Value(dtype, sample(dtype, (4, 6), rng, -6, 6) if dtype in NARROW else rng.integers(*[max(-100, int_range(dtype)[0]), min(100, int_range(dtype)[1])], (4, 6), endpoint=True))
    zero = lambda n: np.zeros(n) if dtype in NARROW or dtype == "int32" else rng.integers(0, min(3, int_range(dtype)[1]), n, endpoint=True)  # noqa: E731
    for to in ["float32"] + (["float16", "bfloat16"] if since >= 19 else []):
        def answer(scale, z):
            return Value(to, rounded((x.array.astype(np.float64) - z.astype(np.float64)) * scale.astype(np.float64), to))
        scale, z = Value(to, rounded(np.array(0.25), to)), Value(dtype, zero(()))
        yield Case([x, scale, z], [answer(scale.array, z.array)], static=(1, 2))
        yield Case([x, scale], [answer(scale.array, np.zeros(()))], static=(1,))
        if since >= 13:
            for axis in (0, 1, -1):
                n = x.array.shape[axis]
                scale, z = Value(to, rounded(2.0 ** rng.integers(-3, 1, n), to)), Value(dtype, zero((n,)))
                yield Case([x, scale, z], [answer(along(scale.array, 2, axis), along(z.array, 2, axis))], static=(1, 2), axis=axis)
        if since >= 21:
            scale, z = Value(to, rounded(2.0 ** rng.integers(-3, 1, (4, 2)), to)), Value(dtype, zero((4, 2)))
            yield Case([x, scale, z], [answer(np.repeat(scale.array, 3, 1), np.repeat(z.array, 3, 1))], static=(1, 2), axis=1, block_size=3)


CASES = {"Cast": cast, "CastLike": cast, "BitCast": bit_cast, "QuantizeLinear": quantize, "DequantizeLinear": dequantize}
