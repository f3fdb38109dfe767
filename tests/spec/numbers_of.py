"""ONNX's element types in NumPy: exact values of every type, rounding into it, and its bytes in a file.

May assume: NumPy. Floats that NumPy lacks are float32 arrays that hold values of the narrow type; 2- and 4-bit integers are bytes.
Never asks the code under test: formats are written down from ONNX's documentation of types.
"""
import numpy as np

# name: number in TensorProto.DataType, NumPy type that holds it
TYPES = {
    "float32": (1, np.float32), "uint8": (2, np.uint8), "int8": (3, np.int8), "uint16": (4, np.uint16), "int16": (5, np.int16),
    "int32": (6, np.int32), "int64": (7, np.int64), "string": (8, object), "bool": (9, np.bool_), "float16": (10, np.float16),
    "float64": (11, np.float64), "uint32": (12, np.uint32), "uint64": (13, np.uint64), "complex64": (14, np.complex64),
    "complex128": (15, np.complex128), "bfloat16": (16, np.float32), "float8e4m3fn": (17, np.float32),
    "float8e4m3fnuz": (18, np.float32), "float8e5m2": (19, np.float32), "float8e5m2fnuz": (20, np.float32),
    "uint4": (21, np.uint8), "int4": (22, np.int8), "float4e2m1": (23, np.float32), "float8e8m0": (24, np.float32),
    "uint2": (25, np.uint8), "int2": (26, np.int8),
}
BITS = {"uint4": 4, "int4": 4, "float4e2m1": 4, "uint2": 2, "int2": 2}
INT_RANGE = {"uint4": (0, 15), "int4": (-8, 7), "uint2": (0, 3), "int2": (-2, 1)}
NARROW = ("float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "float4e2m1", "float8e8m0")
FLOATS = ("float32", "float64", "float16", "bfloat16")


def is_float(name):
    return name in FLOATS or name in NARROW


def is_complex(name):
    return name.startswith("complex")


def is_int(name):
    return name.startswith(("int", "uint"))


def int_range(name):
    if name in INT_RANGE:
        return INT_RANGE[name]
    info = np.iinfo(TYPES[name][1])
    return int(info.min), int(info.max)


def _decode(exponent_bits, mantissa_bits, bias, kind):
    """Values of all codes: kind "fn" (NaN is all ones), "fnuz" (NaN is minus zero), "ieee" or "finite"."""
    bits = 1 + exponent_bits + mantissa_bits
    values = np.zeros(1 << bits, np.float32)
    for code in range(1 << bits):
        sign = -1.0 if code >> (bits - 1) else 1.0
        e, m = code >> mantissa_bits & (1 << exponent_bits) - 1, code & (1 << mantissa_bits) - 1
        value = m * 2.0 ** (1 - bias - mantissa_bits) if e == 0 else (1 + m / (1 << mantissa_bits)) * 2.0 ** (e - bias)
        if kind == "fn" and code & (1 << bits - 1) - 1 == (1 << bits - 1) - 1 or kind == "fnuz" and code == 1 << bits - 1:
            value = np.nan
        if kind == "ieee" and e == (1 << exponent_bits) - 1:
            value = np.nan if m else np.inf
        values[code] = sign * value
    return values


CODES = {
    "float8e4m3fn": _decode(4, 3, 7, "fn"), "float8e4m3fnuz": _decode(4, 3, 8, "fnuz"), "float8e5m2": _decode(5, 2, 15, "ieee"),
    "float8e5m2fnuz": _decode(5, 2, 16, "fnuz"), "float4e2m1": _decode(2, 1, 1, "finite"),
    "float8e8m0": np.array([2.0 ** (e - 127) for e in range(255)] + [np.nan], np.float32),
}


def bfloat16_bits(x):
    """Bits of float32 numbers rounded to bfloat16, ties to even."""
    with np.errstate(all="ignore"):
        x = np.ascontiguousarray(x, np.float32)
    u = x.view(np.uint32).astype(np.uint64)
    rounded = (u + 0x7FFF + (u >> 16 & 1)) >> 16
    return np.where(np.isnan(x), 0x7FC0, rounded).astype(np.uint16)


def narrow(x, name, saturate=True):
    """Numbers rounded to a float of 8 or 4 bits, ties to even, as ONNX's Cast defines it."""
    x = np.asarray(x, np.float64)
    codes = CODES[name].astype(np.float64)
    order = np.argsort(np.where(np.isfinite(codes), codes, np.inf), kind="stable")
    order = np.array([i for i in order if np.isfinite(codes[i]) and not (codes[i] == 0 and np.signbit(codes[i]))])
    values = codes[order]
    top = values[-1]
    beyond = np.searchsorted(values, x)
    low, high = np.clip(beyond - 1, 0, len(values) - 1), np.clip(beyond, 0, len(values) - 1)
    down, up = np.abs(x - values[low]), np.abs(values[high] - x)
    even = order[high] % 2 == 0
    with np.errstate(invalid="ignore"):
        y = np.where(up < down, values[high], np.where(up > down, values[low], np.where(even, values[high], values[low])))
    last_step = values[-1] - values[-2]
    middle = top + last_step / 2  # between the largest value and the one that does not exist: which of them is even?
    over = np.abs(x) > middle if name == "float8e4m3fn" else np.abs(x) >= middle
    if not saturate and name != "float4e2m1":
        lost = np.inf if name == "float8e5m2" else np.nan
        y = np.where(over, np.copysign(lost, x), y)
    if name not in ("float8e4m3fnuz", "float8e5m2fnuz"):
        y = np.where(y == 0, np.copysign(0.0, x), y)
    return np.where(np.isnan(x), np.nan, y).astype(np.float32)


def rounded(x, name):
    """x as an array of the element type: floats rounded once, integers wrapped."""
    x = np.asarray(x)
    if name == "string":
        return x.astype(object)
    with np.errstate(all="ignore"):
        if name == "bfloat16":
            return (bfloat16_bits(x).astype(np.uint32) << 16).view(np.float32).reshape(x.shape)
        if name in NARROW:
            return narrow(x, name)
        if name in INT_RANGE:
            low, high = INT_RANGE[name]
            return ((x.astype(np.int64) - low) % (high - low + 1) + low).astype(TYPES[name][1])
        return x.astype(TYPES[name][1])


def code_of(x, name):
    """Codes of values that the narrow type has."""
    table = CODES[name]
    by_bits = {}
    for code, value in enumerate(table):
        by_bits.setdefault(np.float32(value).tobytes() if not np.isnan(value) else b"nan", code)
    flat = [by_bits[b"nan" if np.isnan(v) else np.float32(v).tobytes()] for v in np.asarray(x, np.float32).ravel()]
    return np.array(flat, np.uint8)


def raw(x, name):
    """The bytes of raw_data."""
    x = np.asarray(x)
    if name == "bfloat16":
        return bfloat16_bits(x).tobytes()
    if name in BITS:
        bits = BITS[name]
        codes = code_of(x, name) if name == "float4e2m1" else x.ravel().astype(np.int64).astype(np.uint8) & (1 << bits) - 1
        each = 8 // bits
        codes = np.concatenate([codes, np.zeros(-len(codes) % each, np.uint8)]).reshape(-1, each)
        return np.bitwise_or.reduce(codes << (np.arange(each, dtype=np.uint8) * bits), axis=1).astype(np.uint8).tobytes()
    if name in NARROW:
        return code_of(x, name).tobytes()
    return np.ascontiguousarray(x, TYPES[name][1]).tobytes()


def specials(name):
    """What arithmetic most often gets wrong."""
    if name in FLOATS:
        top = {"float32": 3.4028235e38, "float64": 1.7976931348623157e308, "float16": 65504.0, "bfloat16": 3.3895314e38}[name]
        tiny = {"float32": 1e-40, "float64": 1e-310, "float16": 6e-8, "bfloat16": 1e-40}[name]
        return [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, -1.5, np.nan, np.inf, -np.inf, top, -top, tiny]
    if is_int(name):
        low, high = int_range(name)
        return [v for v in (0, 1, -1, 2, low, low + 1, high, high - 1) if low <= v <= high]
    return []


def sample(name, shape, rng, low=-4.0, high=4.0, with_specials=False):
    """Random values of a type; the first elements are special when that is asked for."""
    n = int(np.prod(shape))
    if name == "string":
        words = ["", "a", "bc", "B", "\u00e9t\u00e9", "longer than a word", "0"]
        x = np.array([words[i] for i in rng.integers(0, len(words), n)], object)
    elif name == "bool":
        x = rng.integers(0, 2, n).astype(np.bool_)
    elif is_complex(name):
        x = (rng.uniform(low, high, n) + 1j * rng.uniform(low, high, n)).astype(TYPES[name][1])
    elif is_float(name):
        x = rounded(rng.uniform(low, high, n), name)
        if name == "float8e8m0":
            x = rounded(np.abs(rng.uniform(low, high, n)) + 0.01, name)
    else:
        least, most = int_range(name)
        a, b = (least, most) if with_specials else (max(least, int(np.ceil(low))), min(most, int(high)))
        x = np.array([int(v) for v in rng.integers(a, b, n, endpoint=True, dtype=np.uint64 if most > 2**63 else np.int64)])
        x = x.astype(TYPES[name][1])
    if with_specials:
        more = rounded(np.array(specials(name)), name)[:n]
        x[: len(more)] = more
    return x.reshape(shape)
