"""Operators of networks in versions that ONNX's own tests leave out: pools by norm, BatchNormalization, ConstantOfShape.

May assume: `row` is a line of `onnxrun ops --json` and `dtype` one of its types. Expected values are NumPy's, in float64, rounded once.
"""
import numpy as np

from numbers_of import rounded, sample
from suite import Case, Value, ints

RNG = np.random.default_rng


def global_lp_pool(row, dtype):
    for shape in ((2, 3, 4, 5), (1, 2, 7)):
        x = sample(dtype, shape, RNG(1), -2, 2)
        w = np.abs(x.astype(np.float64))
        for p in (1, 2, 3):
            y = np.sum(w**p, tuple(range(2, len(shape))), keepdims=True) ** (1 / p)
            yield Case([Value(dtype, x)], [Value(dtype, rounded(y, dtype))], p=float(p) if row["since"] == 1 else p)


def batch_normalization(row, dtype):
    for shape in ((2, 3, 4, 5), (4, 3, 2)):
        x = sample(dtype, shape, RNG(3), -2, 2)
        scale, bias, mean, var = (sample(dtype, (3,), RNG(k), 0.5, 2) for k in range(4))
        spread = [v.astype(np.float64).reshape([-1 if k == 1 else 1 for k in range(len(shape))]) for v in (scale, bias, mean, var)]
        y = (x.astype(np.float64) - spread[2]) / np.sqrt(spread[3] + float(np.float32(1e-2))) * spread[0] + spread[1]
        attrs = {"is_test": 1, "consumed_inputs": [0] * 5} if row["since"] == 1 else {"is_test": 1} if row["since"] < 7 else {}
        yield Case([Value(dtype, v) for v in (x, scale, bias, mean, var)], [Value(dtype, rounded(y, dtype))], static=(1, 2, 3, 4),
                   epsilon=float(np.float32(1e-2)), **attrs)


def constant_of_shape(row, _):
    for kind in ("float32", "int64", "bool", "float16", "uint8", "int32"):
        for shape in ((2, 3), (0, 4), ()):
            value = Value(kind, np.array([1], np.float64))
            yield Case([ints(*shape)], [Value(kind, np.ones(shape))], static=(0,), value=value)
    yield Case([ints(2, 3)], [Value("float32", np.zeros((2, 3)))])


CASES = {"GlobalLpPool": global_lp_pool, "BatchNormalization": batch_normalization, "ConstantOfShape": constant_of_shape}
