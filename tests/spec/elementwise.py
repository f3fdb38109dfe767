"""Operators that work element by element: functions, arithmetic, comparison, logic, choice.

May assume: `row` is a line of `onnxrun ops --json` and `dtype` one of its types. Expected values are NumPy's, in float64, rounded once.
"""
import math

import numpy as np

from numbers_of import NARROW, int_range, is_float, is_int, rounded, sample
from suite import Case, Value

SHAPES = ((2, 3), (17,), (), (0, 4), (2, 1, 3, 5))


def wide(x, dtype):
    """What a formula is evaluated in: narrow floats are computed in single precision, the others as they are or wider."""
    return x.astype(np.float64) if is_float(dtype) else x


def erf(x):
    return np.vectorize(math.erf, otypes=[np.float64])(x) if x.size else x


def softplus(x):
    return np.where(x > 0, x, 0) + np.log1p(np.exp(-np.abs(x)))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# op: function of float64, lowest and highest sample
FUNCTIONS = {
    "Sqrt": (np.sqrt, 0, 9), "Exp": (np.exp, -5, 5), "Log": (np.log, 0.01, 9), "Reciprocal": (lambda x: 1 / x, -4, 4),
    "Floor": (np.floor, -9, 9), "Ceil": (np.ceil, -9, 9), "Round": (np.rint, -9, 9), "Sin": (np.sin, -9, 9),
    "Cos": (np.cos, -9, 9), "Tan": (np.tan, -1.4, 1.4), "Asin": (np.arcsin, -1, 1), "Acos": (np.arccos, -1, 1),
    "Atan": (np.arctan, -9, 9), "Sinh": (np.sinh, -5, 5), "Cosh": (np.cosh, -5, 5), "Asinh": (np.arcsinh, -9, 9),
    "Acosh": (np.arccosh, 1, 9), "Atanh": (np.arctanh, -0.99, 0.99), "Sigmoid": (sigmoid, -9, 9), "Tanh": (np.tanh, -4, 4),
    "Softplus": (softplus, -9, 9), "Softsign": (lambda x: x / (1 + np.abs(x)), -9, 9),
    "HardSwish": (lambda x: x * np.clip(x / 6 + 0.5, 0, 1), -5, 5), "Mish": (lambda x: x * np.tanh(softplus(x)), -5, 5),
}
# Inputs whose result differs between the definition and any evaluation in the type itself, or is not told: left out.
NO_SPECIALS = {"Softsign": np.isinf, "HardSwish": lambda x: x == -np.inf, "Mish": lambda x: x == -np.inf}
FAR = {"Sin", "Cos", "Tan"}  # of huge arguments only a library with a long pi is right


def inputs_of(row, dtype, low, high):
    """A tensor for every shape; every second one begins with special values."""
    for k, shape in enumerate(SHAPES):
        rng = np.random.default_rng(k)
        yield sample(dtype, shape, rng, low, high, with_specials=k % 2 == 1)


def function(row, dtype):
    f, low, high = FUNCTIONS[row["op"]]
    for x in inputs_of(row, dtype, low, high):
        skip = NO_SPECIALS.get(row["op"])
        w = x.astype(np.float64)
        if skip:
            x = np.where(skip(w), 0, x).astype(x.dtype)
        if row["op"] in FAR:
            x = np.where(np.abs(w) > 1e4, 0, x).astype(x.dtype)
        with np.errstate(all="ignore"):
            yield Case([Value(dtype, x)], [Value(dtype, rounded(f(x.astype(np.float64)), dtype))])


def with_alpha(row, dtype):
    """Activations with attributes: defaults, and others."""
    op = row["op"]
    f32 = np.float32
    defaults = {"LeakyRelu": (0.01,), "Elu": (1.0,), "Celu": (1.0,), "ThresholdedRelu": (1.0,), "HardSigmoid": (0.2, 0.5),
                "Selu": (1.67326319217681884765625, 1.05070102214813232421875), "Shrink": (0.5, 0.0), "Swish": (1.0,)}[op]
    if op == "Selu" and row["since"] == 1:
        defaults = (float(f32(1.6732)), float(f32(1.0507)))
    names = {"HardSigmoid": ("alpha", "beta"), "Selu": ("alpha", "gamma"), "Shrink": ("lambd", "bias")}.get(op, ("alpha",))
    f = {
        "LeakyRelu": lambda x, a: np.where(x < 0, a * x, x),
        "Elu": lambda x, a: np.where(x < 0, a * np.expm1(x), x),
        "Celu": lambda x, a: np.maximum(0, x) + np.minimum(0, a * np.expm1(x / a)),
        "ThresholdedRelu": lambda x, a: np.where(x > a, x, 0),
        "HardSigmoid": lambda x, a, b: np.clip(a * x + b, 0, 1),
        "Selu": lambda x, a, g: g * np.where(x > 0, x, a * np.expm1(x)),
        "Shrink": lambda x, l, b: np.where(x < -l, x + b, np.where(x > l, x - b, 0)),
        "Swish": lambda x, a: x * sigmoid(a * x),
    }[op]
    other = (0.3, 1.5)[: len(defaults)]
    for k, x in enumerate(inputs_of(row, dtype, -4, 4)):
        x = np.where(np.isinf(x.astype(np.float64)), 1, x).astype(x.dtype) if op in ("Swish", "LeakyRelu") else x
        if op == "ThresholdedRelu":
            x = np.where(np.isnan(x.astype(np.float64)), 1, x).astype(x.dtype)
        if op == "Shrink" and not is_float(dtype):
            x = np.clip(x.astype(np.int64), 0, 100).astype(x.dtype)
        values = tuple(float(f32(v)) for v in (other if k % 2 else defaults))
        with np.errstate(all="ignore"):
            y = f(x.astype(np.float64), *values)
        attrs = dict(zip(names, values)) if k % 2 else {}
        yield Case([Value(dtype, x)], [Value(dtype, rounded(np.trunc(y) if is_int(dtype) else y, dtype))], **attrs)


def integers_too(row, dtype):
    """Neg, Abs, Sign, Relu: integers wrap around."""
    f = {"Neg": lambda x: np.negative(x), "Abs": np.abs, "Sign": np.sign, "Relu": lambda x: np.where(x < 0, 0 * x, x)}[row["op"]]
    for x in inputs_of(row, dtype, -4, 4):
        with np.errstate(all="ignore"):
            x = np.where(np.isnan(x.astype(np.float64)), 1, x).astype(x.dtype) if row["op"] in ("Relu", "Sign") else x
            if row["op"] == "Relu":
                x = np.where(np.isinf(x.astype(np.float64)), 1, x).astype(x.dtype)
            yield Case([Value(dtype, x)], [Value(dtype, f(x))])


def erf_(row, dtype):
    for x in inputs_of(row, dtype, -3, 3):
        y = erf(x.astype(np.float64))
        yield Case([Value(dtype, x)], [Value(dtype, rounded(np.trunc(y) if is_int(dtype) else y, dtype))])


def gelu(row, dtype):
    for x in inputs_of(row, dtype, -3, 3):
        x = np.where(np.isinf(x.astype(np.float64)), 1, x).astype(x.dtype)
        w = np.clip(x.astype(np.float64), -1e30, 1e30)
        x = rounded(w, dtype)
        w = x.astype(np.float64)
        with np.errstate(all="ignore"):
            exact = 0.5 * w * (1 + erf(w / math.sqrt(2)))
            near = 0.5 * w * (1 + np.tanh(math.sqrt(2 / math.pi) * (w + 0.044715 * w**3)))
        yield Case([Value(dtype, x)], [Value(dtype, rounded(exact, dtype))])
        yield Case([Value(dtype, x)], [Value(dtype, rounded(near, dtype))], approximate="tanh")


def is_nan_inf(row, dtype):
    for x in inputs_of(row, dtype, -4, 4):
        if dtype in NARROW:
            x = np.where(np.arange(x.size).reshape(x.shape) % 3 == 0, np.nan, x).astype(np.float32)
            if dtype == "float8e5m2":
                x = np.where(np.arange(x.size).reshape(x.shape) % 5 == 1, -np.inf, x).astype(np.float32)
        if row["op"] == "IsNaN":
            yield Case([Value(dtype, x)], [Value("bool", np.isnan(x))])
        else:
            yield Case([Value(dtype, x)], [Value("bool", np.isinf(x))])
            yield Case([Value(dtype, x)], [Value("bool", x == np.inf)], detect_negative=0)
            yield Case([Value(dtype, x)], [Value("bool", x == -np.inf)], detect_positive=0)


# ---- two operands -----------------------------------------------------------------------------------------------------------

PAIRS = (((2, 3), (2, 3)), ((2, 3, 4), (4,)), ((3, 1), (1, 4)), ((), (3,)), ((17,), (17,)), ((0, 3), (1, 3)), ((2, 1, 5), (3, 1)))
OLD_PAIRS = (((2, 3), (2, 3), None), ((2, 3, 4, 5), (4, 5), None), ((2, 3, 4, 5), (3, 4), 1), ((2, 3), (), None), ((2, 3), (2,), 0))


def pairs_of(row, dtype, second=None, low=-4, high=4):
    """(a, b, attributes, b broadcast): the old versions broadcast only one way, and only when told."""
    old = row["until"] is not None and row["until"] < 7
    for k, pair in enumerate(OLD_PAIRS if old else PAIRS):
        rng = np.random.default_rng(k)
        a = sample(dtype, pair[0], rng, low, high, with_specials=k % 2 == 0)
        b = sample(second or dtype, pair[1], rng, low, high, with_specials=k % 2 == 0)
        if b.size > 1:
            b = np.roll(b, 3).reshape(b.shape)
        if not old:
            yield a, b, {}, b
            continue
        attrs = {} if pair[0] == pair[1] else {"broadcast": 1}
        if pair[2] is not None:
            attrs["axis"] = pair[2]
        axis = len(pair[0]) - len(pair[1]) if pair[2] is None else pair[2]
        yield a, b, attrs, b.reshape(b.shape + (1,) * (len(pair[0]) - axis - len(pair[1])))


def floor_to_zero(a, b):
    """Integer division toward zero in Python's integers; INT_MIN / -1 wraps. x / 0 is 0 here: docs/decisions.md."""
    q = [0 if y == 0 else abs(int(x)) // abs(int(y)) * (1 if (x < 0) == (y < 0) else -1) for x, y in zip(a.ravel(), b.ravel())]
    return wrapped(q, a)


def wrapped(values, like):
    bits = like.dtype.itemsize * 8
    return np.array([v & (1 << bits) - 1 for v in values], np.uint64).astype(f"uint{bits}").view(like.dtype).reshape(like.shape)


def arithmetic(row, dtype):
    f = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}[row["op"]]
    for a, b, attrs, spread in pairs_of(row, dtype):
        with np.errstate(all="ignore"):
            if is_float(dtype):
                y = rounded(f(a.astype(np.float64), spread.astype(np.float64)), dtype)
            elif row["op"] == "Div":
                # Only Python's integers divide by what NumPy cannot.
                spread, b = np.where(spread == 0, 3, spread).astype(a.dtype), np.where(b == 0, 3, b).astype(a.dtype)
                y = floor_to_zero(*np.broadcast_arrays(a, spread))
            else:
                y = f(a, spread)
        yield Case([Value(dtype, a), Value(dtype, b)], [Value(dtype, y)], **attrs)


def power(row, dtype):
    seconds = [dtype] if row["since"] < 12 else ["float32", "int32", "int64", "float64"]
    for second in seconds:
        for a, b, attrs, spread in pairs_of(row, dtype, second, 0 if is_float(dtype) else 1, 3):
            a = np.where(np.isfinite(a.astype(np.float64)), np.clip(a.astype(np.float64), -3, 3), 1).astype(a.dtype)
            b, spread = (np.where(np.isfinite(v.astype(np.float64)), np.clip(v.astype(np.float64), 0, 3), 2).astype(b.dtype)
                         for v in (b, spread))
            with np.errstate(all="ignore"):
                a = np.abs(a) if is_float(second) else a
                y = np.power(a.astype(np.float64), spread.astype(np.float64))
            yield Case([Value(dtype, a), Value(second, b)], [Value(dtype, rounded(y, dtype))], **attrs)


def modulo(row, dtype):
    for a, b, attrs, spread in pairs_of(row, dtype, None, -9, 9):
        b = np.where(b == 0, 3, b).astype(b.dtype)
        with np.errstate(all="ignore"):
            if not is_float(dtype):
                y = [0 if v == -1 else int(u) % int(v) for u, v in zip(*(t.ravel() for t in np.broadcast_arrays(a, b)))]
                shape = np.broadcast_shapes(a.shape, b.shape)
                yield Case([Value(dtype, a), Value(dtype, b)], [Value(dtype, np.array(y, a.dtype).reshape(shape))])
            if is_float(dtype):
                keep = np.isfinite(a.astype(np.float64)), np.isfinite(b.astype(np.float64))
                a, b = np.where(keep[0], a, 1).astype(a.dtype), np.where(keep[1], b, 2).astype(b.dtype)
                small = [np.where(np.abs(v.astype(np.float64)) > 1e4, 2, v).astype(v.dtype) for v in (a, b)]
                small[1] = np.where(np.abs(small[1].astype(np.float64)) < 1e-4, 2, small[1]).astype(b.dtype)
                y = np.fmod(small[0].astype(np.float64), small[1].astype(np.float64))
                yield Case([Value(dtype, v) for v in small], [Value(dtype, rounded(y, dtype))], fmod=1)
            else:
                low = int_range(dtype)[0]
                w = [np.where(v == low, 1, v).astype(v.dtype) if low < 0 else v for v in (a, b)]
                yield Case([Value(dtype, v) for v in w], [Value(dtype, np.fmod(*w))], fmod=1)


def comparison(row, dtype):
    f = {"Equal": np.equal, "Less": np.less, "Greater": np.greater, "LessOrEqual": np.less_equal,
         "GreaterOrEqual": np.greater_equal}[row["op"]]
    for a, b, attrs, spread in pairs_of(row, dtype, None, -2, 2):
        yield Case([Value(dtype, a), Value(dtype, b)], [Value("bool", np.array(f(a, spread), np.bool_))], **attrs)


def logic(row, dtype):
    f = {"And": np.logical_and, "Or": np.logical_or, "Xor": np.logical_xor, "BitwiseAnd": np.bitwise_and,
         "BitwiseOr": np.bitwise_or, "BitwiseXor": np.bitwise_xor}[row["op"]]
    for a, b, attrs, spread in pairs_of(row, dtype):
        yield Case([Value(dtype, a), Value(dtype, b)], [Value(dtype, f(a, spread))], **attrs)


def negation(row, dtype):
    for x in inputs_of(row, dtype, -4, 4):
        yield Case([Value(dtype, x)], [Value(dtype, ~x)])


def bit_shift(row, dtype):
    """A shift by the width or more leaves nothing."""
    width = np.dtype(dtype).itemsize * 8
    for a, b, _, spread in pairs_of(row, dtype):
        b = (b % np.array(width + 3, b.dtype)).astype(b.dtype)
        pairs = [(int(u), int(v)) for u, v in zip(*(t.ravel() for t in np.broadcast_arrays(a, b)))]
        shape = np.broadcast_shapes(a.shape, b.shape)
        left = np.array([u << v & (1 << width) - 1 for u, v in pairs], a.dtype).reshape(shape)
        right = np.array([u >> v for u, v in pairs], a.dtype).reshape(shape)
        yield Case([Value(dtype, a), Value(dtype, b)], [Value(dtype, left)], direction="LEFT")
        yield Case([Value(dtype, a), Value(dtype, b)], [Value(dtype, right)], direction="RIGHT")


def where(row, _):
    for dtype in ("float32", "int64", "string", "bool", "uint8", "float64", "complex64", "int16"):
        for k, (a, b) in enumerate(PAIRS):
            rng = np.random.default_rng(k)
            x, y = sample(dtype, a, rng), sample(dtype, b, rng)
            c = sample("bool", PAIRS[k][k % 2], rng)
            yield Case([Value("bool", c), Value(dtype, x), Value(dtype, y)], [Value(dtype, np.where(c, x, y))])


def many(row, dtype):
    """Min, Max, Sum, Mean: any number of inputs; NaN is kept."""
    def mean(v):
        return sum(v) / len(v)
    f = {"Min": lambda v: np.minimum.reduce(v), "Max": lambda v: np.maximum.reduce(v), "Sum": sum, "Mean": mean}[row["op"]]
    sets = [((2, 3),) * 3, ((4,),), ((0, 2),) * 2] if row["since"] < 8 else [((2, 3), (3,), ()), ((1, 4), (3, 1)), ((0, 2), (1, 2)), ((5,),)]
    for k, shapes in enumerate(sets):
        rng = np.random.default_rng(k)
        v = [sample(dtype, s, rng, with_specials=k == 0 and not is_float(dtype)) for s in shapes]
        if k == 1 and is_float(dtype) and v[0].size > 1:
            v[0].ravel()[0] = np.nan
        w = np.broadcast_arrays(*v)
        w = [x.astype(np.float64) for x in w] if is_float(dtype) else w
        yield Case([Value(dtype, x) for x in v], [Value(dtype, rounded(f(w), dtype))])


def clip(row, dtype):
    for k, x in enumerate(inputs_of(row, dtype, -4, 4)):
        x = np.where(np.isnan(x.astype(np.float64)), 0, x).astype(x.dtype) if is_float(dtype) else x
        low, high = (1, 3) if dtype.startswith("u") else (-1, 2)
        for has_low, has_high in ((1, 1), (1, 0), (0, 1), (0, 0)):
            y = np.maximum(x, np.array(low, x.dtype)) if has_low else x
            y = np.minimum(y, np.array(high, x.dtype)) if has_high else y
            if row["since"] == 6 and dtype != "float16":  # the limits that are left out are those of float32
                y = np.clip(y, np.float32(-3.4028234663852886e38), np.float32(3.4028234663852886e38)).astype(x.dtype)
            limits = [Value(dtype, np.array(v, x.dtype)) if has else None for v, has in ((low, has_low), (high, has_high))]
            if row["since"] >= 11:
                yield Case([Value(dtype, x), *limits], [Value(dtype, y)], static=(1, 2))
            else:
                attrs = {name: float(v) for name, v, has in (("min", low, has_low), ("max", high, has_high)) if has}
                yield Case([Value(dtype, x)], [Value(dtype, y)], **attrs)


def prelu(row, dtype):
    """The slope goes to the input's shape; before opset 7 it has one number for each channel."""
    for shape, slope in (((2, 3, 4), (1,)), ((2, 3, 4), (3, 1)), ((4,), (4,)), ((0, 3), (3,))):
        if row["since"] < 7 and slope == (3, 1):
            slope = (3,)
        elif row["since"] < 7 and slope != (1,):
            continue
        rng = np.random.default_rng(len(shape))
        x, s = sample(dtype, shape, rng), sample(dtype, slope, rng)
        spread = s.reshape(3, 1) if slope == (3,) and row["since"] < 7 else s
        y = np.where(x < 0, (x * spread).astype(x.dtype) if is_int(dtype) else x.astype(np.float64) * spread, x)
        yield Case([Value(dtype, x), Value(dtype, s)], [Value(dtype, rounded(y, dtype))], static=(1,))


CASES = {
    **{op: function for op in FUNCTIONS},
    **{op: with_alpha for op in ("LeakyRelu", "Elu", "Celu", "ThresholdedRelu", "HardSigmoid", "Selu", "Shrink", "Swish")},
    **{op: integers_too for op in ("Neg", "Abs", "Sign", "Relu")},
    **{op: arithmetic for op in ("Add", "Sub", "Mul", "Div")},
    **{op: comparison for op in ("Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual")},
    **{op: logic for op in ("And", "Or", "Xor", "BitwiseAnd", "BitwiseOr", "BitwiseXor")},
    **{op: negation for op in ("Not", "BitwiseNot")},
    **{op: many for op in ("Min", "Max", "Sum", "Mean")},
    "Erf": erf_, "Gelu": gelu, "IsNaN": is_nan_inf, "IsInf": is_nan_inf, "Pow": power, "Mod": modulo, "BitShift": bit_shift,
    "Where": where, "Clip": clip, "PRelu": prelu,
}
