"""Normalizations over the last axes, groups, images and neighbouring channels.

May assume: `row` is a line of `onnxrun ops --json` and `dtype` one of its types. Expected values are the definitions in float64, rounded
once; float64 inputs of operators that compute in the type of stash_type (float32) are left out.
"""
import numpy as np

from numbers_of import rounded, sample
from suite import Case, Value

EPSILON = float(np.float32(1e-2))


def scaled(dtype, shape, seed):
    return sample(dtype, shape, np.random.default_rng(seed), 0.5, 2)


def layer(row, dtype):
    """From `axis` on; scale and bias broadcast to what is normalized."""
    if dtype == "float64":
        return
    rms = row["op"] == "RMSNormalization"
    for seed, (shape, axis, part) in enumerate((((2, 3, 8), None, (8,)), ((2, 3, 4), 1, (3, 4)), ((2, 3, 4), -2, (1, 4)), ((5, 17), -1, (17,)),
                                                ((2, 3, 4), 0, (2, 3, 4)), ((0, 4), 1, (4,)), ((7,), 0, (7,)), ((2, 3, 1, 5), 3, (1,)))):
        x, scale, bias = sample(dtype, shape, np.random.default_rng(seed), -3, 3), scaled(dtype, part, seed), scaled(dtype, part, seed + 1)
        w, over = x.astype(np.float64), tuple(range((-1 if axis is None else axis) % len(shape), len(shape)))
        center = 0 if rms else np.mean(w, over, keepdims=True)
        inverse = 1 / np.sqrt(np.mean((w - center) ** 2, over, keepdims=True) + EPSILON)
        y = (w - center) * inverse * scale.astype(np.float64)
        ins = [Value(dtype, x), Value(dtype, scale)]
        if not rms and seed % 2 == 0:
            y = y + bias.astype(np.float64)
            ins.append(Value(dtype, bias))
        outs = [Value(dtype, rounded(y, dtype))]
        if not rms and seed % 3 == 0 and dtype == "float32":
            outs += [Value("float32", center), Value("float32", inverse)]
        yield Case(ins, outs, static=(1, 2), epsilon=EPSILON, **({} if axis is None else {"axis": axis}))


def group(row, dtype):
    """Scale and bias are given for each group in opset 18, for each channel from 21 on."""
    if dtype == "float64" and row["since"] >= 21:
        return
    for seed, (shape, groups) in enumerate((((2, 6, 5), 3), ((1, 4, 3, 4), 2), ((2, 4, 3, 3), 1), ((1, 4, 2, 2), 4), ((0, 4, 2, 2), 2), ((1, 34, 2, 3), 17))):
        n = groups if row["since"] < 21 else shape[1]
        x, scale, bias = sample(dtype, shape, np.random.default_rng(seed), -3, 3), scaled(dtype, (n,), seed), scaled(dtype, (n,), seed + 1)
        each = shape[1] // groups
        y = x.astype(np.float64)
        for at in np.ndindex(shape[0], groups):
            part = (at[0], slice(at[1] * each, (at[1] + 1) * each))
            y[part] = (y[part] - np.mean(y[part])) / np.sqrt(np.var(y[part]) + EPSILON)
        for c in range(shape[1]):
            k = c // each if n == groups else c
            y[:, c] = y[:, c] * float(scale[k]) + float(bias[k])
        yield Case([Value(dtype, v) for v in (x, scale, bias)], [Value(dtype, rounded(y, dtype))], static=(1, 2), num_groups=groups, epsilon=EPSILON)


def instance(row, dtype):
    for seed, shape in enumerate(((2, 3, 7), (1, 5, 4, 3), (2, 2, 3, 2, 2), (1, 17, 2, 2), (0, 3, 2, 2))):
        x, scale, bias = sample(dtype, shape, np.random.default_rng(seed), -3, 3), scaled(dtype, shape[1:2], seed), scaled(dtype, shape[1:2], seed + 1)
        y = x.astype(np.float64)
        for at in np.ndindex(*shape[:2]):
            y[at] = (y[at] - np.mean(y[at])) / np.sqrt(np.var(y[at]) + EPSILON) * float(scale[at[1]]) + float(bias[at[1]])
        yield Case([Value(dtype, v) for v in (x, scale, bias)], [Value(dtype, rounded(y, dtype))], static=(1, 2), epsilon=EPSILON,
                   **({"consumed_inputs": [0, 0, 0]} if row["since"] == 1 else {}))


def neighbours(row, dtype):
    """LRN: squares of floor((size - 1) / 2) channels before and ceil((size - 1) / 2) behind."""
    for seed, (shape, size) in enumerate((((2, 7, 3, 4), 3), ((1, 5, 2, 2), 4), ((1, 3, 2, 3), 9), ((1, 6, 5), 1), ((0, 3, 2, 2), 3))):
        x = sample(dtype, shape, np.random.default_rng(seed), -3, 3)
        w = x.astype(np.float64)
        y = np.zeros(shape)
        for c in range(shape[1]):
            near = w[:, max(c - (size - 1) // 2, 0) : c + size // 2 + 1]
            y[:, c] = w[:, c] / (1.5 + 0.5 / size * np.sum(near * near, 1)) ** 0.75
        yield Case([Value(dtype, x)], [Value(dtype, rounded(y, dtype))], size=size, alpha=0.5, beta=0.75, bias=1.5)


CASES = {"LayerNormalization": layer, "RMSNormalization": layer, "GroupNormalization": group, "InstanceNormalization": instance, "LRN": neighbours}
