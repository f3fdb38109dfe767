"""Operators that slide a window: convolutions, their transposes, pools by maximum, mean and norm, and what undoes a pool.

May assume: `row` is a line of `onnxrun ops --json` and `dtype` one of its types; a row is asked in its newest opset (NEWEST). Expected
values are sums over a window's places in float64, written after ONNX's text, rounded once.
"""
import itertools

import numpy as np

from numbers_of import is_float, rounded, sample
from suite import Case, Value, ints


class Window:
    """Where a window lies: sizes of the output and the padding before and after, for each axis."""

    def __init__(self, sizes, kernel, strides=None, dilations=None, pads=None, auto_pad="NOTSET", ceil_mode=0, **_):
        n = len(sizes)
        self.sizes, self.kernel = sizes, kernel
        self.strides, self.dilations = strides or [1] * n, dilations or [1] * n
        self.reach = [(k - 1) * d + 1 for k, d in zip(kernel, self.dilations)]
        pads = pads or [0] * (2 * n)
        self.begin, self.end, self.out = list(pads[:n]), list(pads[n:]), []
        for i in range(n):
            self.out.append(self.place(i, auto_pad, ceil_mode))

    def place(self, i, auto_pad, ceil_mode):
        size, stride, reach = self.sizes[i], self.strides[i], self.reach[i]
        if auto_pad.startswith("SAME"):
            out = -(-size // stride)
            total = max((out - 1) * stride + reach - size, 0)
            self.begin[i] = total // 2 if auto_pad == "SAME_UPPER" else total - total // 2
            self.end[i] = total - self.begin[i]
            return out
        room = size + self.begin[i] + self.end[i] - reach
        out = (-(-room // stride) if ceil_mode else room // stride) + 1
        return out - 1 if ceil_mode and (out - 1) * stride >= size + self.begin[i] else out

    def places(self):
        return itertools.product(*map(range, self.out))

    def inside(self, at):
        """Pairs of a place in the window and one in the input, for the window at `at`."""
        for k in itertools.product(*map(range, self.kernel)):
            x = tuple(o * s - b + j * d for o, s, b, j, d in zip(at, self.strides, self.begin, k, self.dilations))
            if all(0 <= v < n for v, n in zip(x, self.sizes)):
                yield k, x

    def padded(self, at):
        """How many places of the window lie in the input or its padding."""
        n = 1
        for o, s, b, e, k, d, size in zip(at, self.strides, self.begin, self.end, self.kernel, self.dilations, self.sizes):
            n *= sum(-b <= o * s - b + j * d < size + e for j in range(k))
        return n


# ---- convolutions -------------------------------------------------------------------------------------------------------------

# shape of X, of W, attributes
CONVOLUTIONS = [
    ((2, 3, 9), (4, 3, 3), {}), ((1, 4, 8), (6, 2, 3), {"group": 2, "dilations": [2], "pads": [0, 3]}),
    ((2, 2, 11), (2, 1, 4), {"group": 2, "strides": [3], "auto_pad": "SAME_LOWER"}), ((1, 3, 6, 7), (5, 3, 3, 3), {"pads": [1, 1, 1, 1]}),
    ((2, 3, 6, 7), (5, 3, 1, 1), {}), ((1, 3, 6, 7), (5, 3, 1, 1), {"strides": [2, 2]}), ((1, 2, 5, 7), (4, 2, 2, 3), {"pads": [2, 0, 1, 3]}),
    ((1, 4, 7, 5), (4, 1, 3, 3), {"group": 4, "strides": [2, 1], "auto_pad": "SAME_UPPER"}),
    ((1, 4, 7, 5), (8, 1, 3, 3), {"group": 4, "pads": [1, 1, 1, 1]}), ((1, 2, 9, 9), (3, 2, 3, 3), {"dilations": [2, 3], "strides": [2, 1]}),
    ((1, 6, 4, 4), (9, 2, 3, 3), {"group": 3, "auto_pad": "SAME_LOWER", "strides": [2, 2]}), ((1, 2, 5, 5), (3, 2, 5, 5), {"auto_pad": "VALID"}),
    ((0, 3, 6, 7), (5, 3, 3, 3), {}), ((2, 17, 5, 6), (19, 17, 3, 3), {"pads": [1, 1, 1, 1]}), ((1, 16, 12, 12), (16, 16, 3, 3), {}),
    ((1, 2, 4, 5, 6), (3, 2, 2, 3, 2), {"pads": [1, 0, 1, 0, 2, 0], "strides": [1, 2, 2]}),
    ((2, 4, 3, 4, 3), (2, 2, 2, 2, 2), {"group": 2, "dilations": [2, 1, 1]}), ((1, 2, 3, 3, 3), (2, 2, 3, 3, 3), {"auto_pad": "SAME_UPPER"}),
    ((1, 1, 2, 2, 2, 3), (1, 1, 2, 1, 2, 2), {"pads": [0, 1, 0, 0, 0, 0, 1, 1]}),
]


def convolution(x, w, attrs):
    """y[n, m, at] = sum over c, k of x[n, c, at + k] w[m, c, k], channels in groups."""
    group = attrs.get("group", 1)
    window = Window(x.shape[2:], w.shape[2:], **attrs)
    y = np.zeros((x.shape[0], w.shape[0], *window.out), x.dtype)
    n_in, n_out = w.shape[1], w.shape[0] // group
    for at in window.places():
        for k, p in window.inside(at):
            for g in range(group):
                part = x[(slice(None), slice(g * n_in, (g + 1) * n_in), *p)] @ w[(slice(g * n_out, (g + 1) * n_out), slice(None), *k)].T
                y[(slice(None), slice(g * n_out, (g + 1) * n_out), *at)] += part
    return y


def conv(row, dtype):
    for i, (x_shape, w_shape, attrs) in enumerate(CONVOLUTIONS):
        x, w = (sample(dtype, s, np.random.default_rng(i + k), -1, 1) for k, s in enumerate((x_shape, w_shape)))
        y = convolution(x.astype(np.float64), w.astype(np.float64), attrs)
        b = sample(dtype, w_shape[:1], np.random.default_rng(i), -1, 1) if i % 2 else None
        if b is not None:
            y = y + b.astype(np.float64).reshape([-1] + [1] * (len(w_shape) - 2))
        more = {"kernel_shape": w_shape[2:]} if i % 3 == 0 else {}
        yield Case([Value(dtype, x), Value(dtype, w)] + ([] if b is None else [Value(dtype, b)]), [Value(dtype, rounded(y, dtype))],
                   static=(1, 2), **attrs, **more)


def conv_integer(row, dtype):
    for i, (x_shape, w_shape, attrs) in enumerate(CONVOLUTIONS):
        kind = ("uint8", "int8")[i % 2]
        x, w = (sample(t, s, np.random.default_rng(i), with_specials=True) for t, s in ((dtype, x_shape), (kind, w_shape)))
        for x_zero, w_zero in ((None, None), (3, None), (100, -5 if kind == "int8" else 128), (7, "each")):
            a, b = x.astype(np.int64), w.astype(np.int64)
            ins = [Value(dtype, x), Value(kind, w)]
            if x_zero is not None:
                ins.append(Value(dtype, x_zero))
                a = a - x_zero
            if w_zero is not None:
                zero = np.arange(w_shape[0]) if w_zero == "each" else np.array(w_zero)
                ins.append(Value(kind, zero))
                b = b - zero.reshape([-1] + [1] * (len(w_shape) - 1))
            yield Case(ins, [Value("int32", convolution(a, b, attrs))], static=(1, 2, 3), **attrs)


# ---- transposed convolutions --------------------------------------------------------------------------------------------------

TRANSPOSED = [
    ((1, 2, 5), (2, 3, 3), {}), ((2, 4, 4), (4, 1, 3), {"group": 2, "strides": [2], "dilations": [2]}),
    ((1, 2, 3, 4), (2, 3, 3, 2), {"strides": [2, 3], "pads": [1, 0, 0, 1]}), ((1, 3, 3, 3), (3, 2, 3, 3), {"strides": [2, 2], "output_padding": [1, 0]}),
    ((1, 2, 3, 3), (2, 2, 3, 3), {"strides": [3, 2], "output_shape": [9, 7]}), ((1, 2, 3, 3), (2, 2, 3, 3), {"strides": [3, 2], "output_shape": [7, 5]}),
    ((1, 2, 3, 3), (2, 2, 3, 3), {"strides": [2, 2], "auto_pad": "SAME_UPPER"}), ((1, 2, 3, 3), (2, 2, 4, 4), {"strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    ((1, 2, 3, 3), (2, 2, 3, 3), {"strides": [3, 2], "output_shape": [8, 6]}), ((0, 2, 3, 3), (2, 4, 3, 3), {}),
    ((1, 2, 3, 3), (2, 2, 3, 3), {"strides": [3, 2], "output_shape": [8, 6], "auto_pad": "SAME_UPPER"}),
    ((1, 4, 3, 2), (4, 2, 2, 2), {"group": 4, "strides": [2, 2]}), ((2, 4, 2, 2, 3), (4, 3, 2, 1, 3), {"strides": [1, 2, 2], "group": 2}),
    ((1, 2, 3, 3), (2, 1, 1, 1), {"strides": [3, 3], "output_padding": [2, 2]}), ((1, 17, 6, 5), (17, 9, 3, 3), {"pads": [1, 1, 1, 1]}),
]


def transposed(x, w, group=1, strides=None, dilations=None, pads=None, output_padding=None, output_shape=None, auto_pad="NOTSET"):
    """Every element of x adds the whole of w to y, at its place times the stride; then the padding is cut off."""
    n = x.ndim - 2
    strides, dilations, extra = strides or [1] * n, dilations or [1] * n, output_padding or [0] * n
    full = [s * (size - 1) + (k - 1) * d + 1 + e for s, size, k, d, e in zip(strides, x.shape[2:], w.shape[2:], dilations, extra)]
    begin, out = list(pads[:n]) if pads else [0] * n, []
    for i in range(n):
        if output_shape or auto_pad.startswith("SAME"):
            out.append(output_shape[i] if output_shape else x.shape[2 + i] * strides[i])
            total = max(full[i] - out[i], 0)
            begin[i] = total // 2 if auto_pad == "SAME_UPPER" else total - total // 2
        else:
            out.append(full[i] - begin[i] - (pads[n + i] if pads else 0))
    n_in, n_out = x.shape[1] // group, w.shape[1]
    y = np.zeros((x.shape[0], n_out * group, *[max(f, b + o) for f, b, o in zip(full, begin, out)]))
    for p in itertools.product(*map(range, x.shape[2:])):
        for k in itertools.product(*map(range, w.shape[2:])):
            at = tuple(i * s + j * d for i, s, j, d in zip(p, strides, k, dilations))
            for g in range(group):
                part = x[(slice(None), slice(g * n_in, (g + 1) * n_in), *p)] @ w[(slice(g * n_in, (g + 1) * n_in), slice(None), *k)]
                y[(slice(None), slice(g * n_out, (g + 1) * n_out), *at)] += part
    return y[(slice(None), slice(None), *[slice(b, b + o) for b, o in zip(begin, out)])]


def conv_transpose(row, dtype):
    for i, (x_shape, w_shape, attrs) in enumerate(TRANSPOSED):
        if row["since"] < 11 and i in (8, 10):
            continue  # an odd sum of padding: the text of opset 1 says two things
        x, w = (sample(dtype, s, np.random.default_rng(i + k), -1, 1) for k, s in enumerate((x_shape, w_shape)))
        y = transposed(x.astype(np.float64), w.astype(np.float64), **attrs)
        b = sample(dtype, (y.shape[1],), np.random.default_rng(i), -1, 1) if i % 2 else None
        if b is not None:
            y = y + b.astype(np.float64).reshape([-1] + [1] * (len(w_shape) - 2))
        yield Case([Value(dtype, x), Value(dtype, w)] + ([] if b is None else [Value(dtype, b)]), [Value(dtype, rounded(y, dtype))], static=(1, 2), **attrs)


# ---- pools --------------------------------------------------------------------------------------------------------------------

POOLS = [
    ((2, 3, 9), {"kernel_shape": [3]}), ((1, 2, 10), {"kernel_shape": [3], "strides": [2], "ceil_mode": 1}),
    ((1, 2, 11), {"kernel_shape": [2], "strides": [4], "pads": [1, 1], "ceil_mode": 1}), ((1, 2, 9), {"kernel_shape": [3], "dilations": [3], "pads": [1, 2]}),
    ((1, 3, 6, 7), {"kernel_shape": [2, 3], "strides": [2, 2]}), ((1, 3, 7, 7), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ((2, 2, 5, 6), {"kernel_shape": [3, 2], "pads": [2, 0, 1, 1]}), ((1, 2, 7, 5), {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ((1, 2, 6, 8), {"kernel_shape": [3, 3], "strides": [2, 3], "auto_pad": "SAME_LOWER"}), ((1, 2, 7, 5), {"kernel_shape": [3, 2], "auto_pad": "VALID"}),
    ((1, 19, 6, 6), {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}), ((0, 2, 4, 4), {"kernel_shape": [2, 2]}),
    ((1, 2, 8, 8), {"kernel_shape": [3, 3], "dilations": [2, 2], "strides": [2, 1]}),
    ((1, 2, 4, 5, 4), {"kernel_shape": [2, 3, 2], "strides": [2, 2, 1], "pads": [1, 1, 0, 0, 1, 1]}),
    ((2, 1, 4, 4, 4), {"kernel_shape": [2, 2, 2], "strides": [3, 3, 3], "ceil_mode": 1}), ((1, 16, 1, 1), {"kernel_shape": [1, 1]}),
    ((1, 1, 2, 3, 2, 3), {"kernel_shape": [2, 2, 1, 2], "strides": [1, 1, 2, 1]}),
]


def pooled(x, attrs, f):
    """f of each window: of its elements (a last axis), their places and the window's number of places with padding."""
    window = Window(x.shape[2:], attrs["kernel_shape"], **attrs)
    y = np.zeros((*x.shape[:2], *window.out), np.float64)
    for at in window.places():
        places = [p for _, p in window.inside(at)]
        y[(..., *at)] = f(np.stack([x[(..., *p)] for p in places], -1), places, window.padded(at))
    return y


def first_maximum(row, dtype, x, attrs, column_major):
    """Values and where they are: among equal ones the first."""
    order = "F" if column_major else "C"
    offset = np.arange(x.shape[0] * x.shape[1]).reshape(x.shape[:2]) * int(np.prod(x.shape[2:]))

    def where(v, places, _):
        return offset + np.array([np.ravel_multi_index(p, x.shape[2:], order=order) for p in places])[np.argmax(v, -1)]

    return pooled(x, attrs, where).astype(np.int64)


def max_pool(row, dtype):
    for i, (shape, attrs) in enumerate(POOLS):
        if "dilations" in attrs and row["since"] < 8:
            continue  # came with opset 10
        x = sample(dtype, shape, np.random.default_rng(i), -9, 9)
        if is_float(dtype) and i % 4 == 1:
            x.ravel()[0] = -np.inf
        y = Value(dtype, pooled(x.astype(np.float64), attrs, lambda v, *_: np.max(v, -1)))
        yield Case([Value(dtype, x)], [y], **attrs)
        if row["since"] >= 8:
            for column_major in (0, 1):
                where = first_maximum(row, dtype, x.astype(np.float64), attrs, column_major)
                yield Case([Value(dtype, x)], [y, Value("int64", where)], storage_order=column_major, **attrs)


def average_pool(row, dtype):
    for i, (shape, attrs) in enumerate(POOLS):
        x = sample(dtype, shape, np.random.default_rng(i), -4, 4)
        for with_padding in (0, 1):
            if with_padding and attrs.get("ceil_mode"):
                continue  # is what lies behind the padding counted? The text does not say
            y = pooled(x.astype(np.float64), attrs, lambda v, _, n, all_=with_padding: np.sum(v, -1) / (n if all_ else v.shape[-1]))
            yield Case([Value(dtype, x)], [Value(dtype, rounded(y, dtype))], count_include_pad=with_padding, **attrs)


def lp_pool(row, dtype):
    since = row["since"]
    for i, (shape, attrs) in enumerate(POOLS):
        if since == 1 and ("dilations" in attrs or "ceil_mode" in attrs):
            continue
        x = sample(dtype, shape, np.random.default_rng(i), -2, 2)
        p = (2, 1, 3)[i % 3]
        y = pooled(np.abs(x.astype(np.float64)), attrs, lambda v, *_, p=p: np.sum(v**p, -1) ** (1 / p))
        yield Case([Value(dtype, x)], [Value(dtype, rounded(y, dtype))], p=float(p) if since == 1 else p, **attrs)


def global_pool(row, dtype):
    f = np.mean if row["op"] == "GlobalAveragePool" else np.max
    for shape in ((2, 3, 7), (1, 5, 4, 6), (2, 17, 3, 3), (1, 2, 3, 2, 4), (3, 2, 1, 1), (0, 2, 3, 3), (1, 2, 64, 64)):
        x = sample(dtype, shape, np.random.default_rng(len(shape)), -4, 4)
        y = f(x.astype(np.float64), tuple(range(2, len(shape))), keepdims=True)
        yield Case([Value(dtype, x)], [Value(dtype, rounded(y, dtype))])


def max_unpool(row, dtype):
    """Puts every element where its index says, in a tensor of the size that the pool had, or of output_shape."""
    for shape, attrs in (((1, 2, 6), {"kernel_shape": [2], "strides": [2]}), ((2, 2, 4, 6), {"kernel_shape": [2, 3], "strides": [2, 3]}),
                         ((1, 1, 4, 4, 2), {"kernel_shape": [2, 2, 2], "strides": [2, 2, 2]})):
        x = sample(dtype, shape, np.random.default_rng(1), 1, 9)
        y = pooled(x.astype(np.float64), attrs, lambda v, *_: np.max(v, -1))
        where = first_maximum(row, dtype, x.astype(np.float64), attrs, 0)
        back = np.zeros(shape)
        back.ravel()[where.ravel()] = y.ravel()
        ins = [Value(dtype, y), Value("int64", where)]
        yield Case(ins, [Value(dtype, back)], **attrs)
        yield Case([*ins, ints(*shape)], [Value(dtype, back)], static=(2,), **attrs)


CASES = {
    "Conv": conv, "ConvInteger": conv_integer, "ConvTranspose": conv_transpose, "MaxPool": max_pool, "AveragePool": average_pool,
    "LpPool": lp_pool, "GlobalAveragePool": global_pool, "GlobalMaxPool": global_pool, "MaxUnpool": max_unpool,
}
NEWEST = {"AveragePool", "MaxPool", "LpPool"}
