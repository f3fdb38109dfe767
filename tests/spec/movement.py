"""Operators that move elements: every element type that a row allows, ranks, negative axes, empty tensors, sizes of zero.

May assume: `row` is a line of `onnxrun ops --json` and `dtype` one of its types. Expected values are NumPy's indexing.
"""
import numpy as np

from numbers_of import is_complex, is_float, rounded, sample
from suite import Case, Value, ints


def tensor(dtype, *shape, seed=0):
    return Value(dtype, sample(dtype, shape, np.random.default_rng(seed + len(shape))))


def like(x, array):
    return Value(x.name, array)


def reshape(row, dtype):
    for shape, to, result in (((2, 3, 4), (4, 6), (4, 6)), ((2, 3, 4), (-1,), (24,)), ((2, 3, 4), (0, -1), (2, 12)),
                              ((2, 3), (3, 1, 2), (3, 1, 2)), ((1,), (), ()), ((0, 3), (3, 0), None), ((0, 3), (0, 7), None)):
        x = tensor(dtype, *shape)
        zero = row["since"] >= 14 and result is None
        if result is None:
            if not zero:
                continue
            result = to
        y = like(x, x.array.reshape(result))
        attrs = {"allowzero": 1} if zero else {}
        if row["since"] >= 5:
            yield Case([x, ints(*to)], [y], static=(1,), **attrs)
        elif to:
            yield Case([x], [y], shape=to)


def flatten(row, dtype):
    for shape in ((2, 3, 4), (2, 0, 3), (5,), ()):
        x = tensor(dtype, *shape)
        lowest = -len(shape) if row["since"] >= 11 else 0
        for axis in range(lowest, len(shape) + 1):
            k = axis % len(shape) if axis < 0 else axis
            outer = int(np.prod(shape[:k]))
            yield Case([x], [like(x, x.array.reshape(outer, int(np.prod(shape[k:]))))], axis=axis)
    x = tensor(dtype, 2, 3, 4)
    yield Case([x], [like(x, x.array.reshape(2, 12))])


def squeeze(row, dtype):
    axes_sets = [(0,), (0, 2), (2,)] + ([(-1,), (-4, 2)] if row["since"] >= 11 else [])
    x = tensor(dtype, 1, 3, 1, 0) if dtype == "string" else tensor(dtype, 1, 3, 1, 2)
    for axes in axes_sets:
        if axes == (-1,):
            x2 = tensor(dtype, 3, 1)
            y = like(x2, x2.array.reshape(3))
        else:
            x2, y = x, like(x, x.array.squeeze(tuple(a % 4 for a in axes)))
        yield Case([x2, ints(*axes)], [y], static=(1,)) if row["since"] >= 13 else Case([x2], [y], axes=axes)
    yield Case([x], [like(x, x.array.squeeze())])


def unsqueeze(row, dtype):
    axes_sets = [(0,), (1, 3), (0, 1, 4)] + ([(-1,), (-1, 0), (3, 0)] if row["since"] >= 11 else [])
    for shape in ((2, 3), (0,), ()):
        x = tensor(dtype, *shape)
        for axes in axes_sets:
            rank = len(shape) + len(axes)
            at = sorted(a % rank if a < 0 else a for a in axes)
            if at[-1] >= rank or len(set(at)) < len(at):
                continue
            y = x.array
            for a in at:
                y = np.expand_dims(y, a)
            yield Case([x, ints(*axes)], [like(x, y)], static=(1,)) if row["since"] >= 13 else Case([x], [like(x, y)], axes=axes)


def transpose(row, dtype):
    for perm in ((1, 0, 2), (2, 1, 0), (0, 2, 1), (1, 2, 0)):
        x = tensor(dtype, 3, 4, 5)
        yield Case([x], [like(x, x.array.transpose(perm))], perm=perm)
    for shape in ((3, 4), (2, 3, 4, 5), (7,), (0, 3), ()):
        x = tensor(dtype, *shape)
        yield Case([x], [like(x, x.array.T)])
    x = tensor(dtype, 17, 33)
    yield Case([x], [like(x, x.array.T)])


def identity(row, dtype):
    for shape in ((2, 3), (), (0,)):
        x = tensor(dtype, *shape)
        yield Case([x], [x])


def shape_of(row, dtype):
    for shape in ((2, 3, 4), (), (0, 5)):
        x = tensor(dtype, *shape)
        yield Case([x], [ints(*shape)])
        if row["since"] >= 15:
            for attrs in ({"start": 1}, {"end": -1}, {"start": -2, "end": 2}, {"start": -9}, {"start": 2, "end": 1}, {"end": 99}):
                yield Case([x], [ints(*shape[attrs.get("start", 0) if attrs.get("start", 0) > -9 else 0:attrs.get("end", None)])], **attrs)


def size_of(row, dtype):
    for shape in ((2, 3, 4), (), (0, 5)):
        yield Case([tensor(dtype, *shape)], [Value("int64", np.int64(np.prod(shape)))])


def concat(row, dtype):
    for axis in (0, 1, 2) + ((-1, -3) if row["since"] >= 11 else ()):
        shapes = [[2, 3, 4] for _ in range(3)]
        for k, s in enumerate(shapes):
            s[axis] = (2, 0, 5)[k]
        x = [tensor(dtype, *s, seed=k) for k, s in enumerate(shapes)]
        yield Case(x, [like(x[0], np.concatenate([v.array for v in x], axis))], axis=axis)
    x = tensor(dtype, 2, 3)
    yield Case([x], [x], axis=1)


def split(row, dtype):
    since = row["since"]
    x = tensor(dtype, 6, 5)
    for axis, sizes in ((0, (2, 2, 2)), (1, (1, 4)), (0, (6,)), (1, (0, 5)), (-1, (2, 3)), (0, (1, 2, 3))):
        if axis < 0 and since < 11 or 0 in sizes and since < 13:
            continue
        parts = np.split(x.array, np.cumsum(sizes)[:-1], axis)
        outs = [like(x, p) for p in parts]
        yield Case([x, ints(*sizes)], outs, static=(1,), axis=axis) if since >= 13 else Case([x], outs, axis=axis, split=sizes)
    outs = [like(x, p) for p in np.split(x.array, 3)]
    if since >= 18:
        yield Case([x], outs, num_outputs=3)
        yield Case([x], [like(x, p) for p in np.split(x.array, [2, 4], 1)], axis=1, num_outputs=3)  # 5 = 2 + 2 + 1
    else:
        yield Case([x], outs)


def slices(row, dtype):
    since = row["since"]
    big = 2**63 - 1
    for shape, starts, ends, axes, steps in (
            ((5, 6), (1,), (4,), (0,), None), ((5, 6), (1, 2), (4, -1), None, None), ((5, 6), (-3,), (big,), (1,), None),
            ((5, 6), (4,), (1,), (0,), None), ((5, 6), (0,), (0,), (1,), None), ((5, 6), (9,), (99,), (0,), None),
            ((5, 6), (-99,), (99,), (1,), None), ((5, 6), (-1,), (-99,), (-1,), (-1,)), ((5, 6), (4, 0), (0, 6), (0, 1), (-2, 3)),
            ((5, 6), (1,), (5,), (1,), (2,)), ((5, 6), (5,), (0,), (0,), (-3,)), ((0, 3), (0,), (2,), (0,), None),
            ((2, 3, 4, 5), (1, 0), (2, 3), (-1, 1), (1, 2)), ((7,), (0,), (7,), None, (3,)), ((7,), (big,), (-big - 1,), (0,), (-1,))):
        if since < 10 and (steps or any(a < 0 for a in axes or ())):
            continue
        x = tensor(dtype, *shape)
        index = [slice(None)] * len(shape)
        for k, start in enumerate(starts):
            a = axes[k] if axes else k
            step = steps[k] if steps else 1
            d = shape[a]
            low, high = (0, d) if step > 0 else (-1, d - 1)
            start = min(max(start + d if start < 0 else start, 0), d if step > 0 else d - 1)
            end = ends[k] + d if ends[k] < 0 else ends[k]
            end = min(max(end, low), high)
            index[a] = slice(start, None if end < 0 else end, step)
        y = like(x, x.array[tuple(index)])
        if since < 10:
            yield Case([x], [y], starts=starts, ends=ends, **({"axes": axes} if axes else {}))
        else:
            extra = [ints(*starts), ints(*ends), ints(*axes) if axes else None, ints(*steps) if steps else None]
            while extra[-1] is None:
                extra.pop()
            yield Case([x, *extra], [y], static=(1, 2, 3, 4))


def gather(row, dtype):
    low = -1 if row["since"] >= 11 else 0
    for shape, axis, index in (((5, 3), 0, [0, 4, 2]), ((5, 3), 1, [[2, 0], [1, 1]]), ((4,), 0, 3), ((2, 3, 4), -1, [0, low, 3]),
                               ((2, 3, 4), 1, [low, low]), ((3, 4), 0, np.zeros((0,), int)), ((2, 0, 3), 2, [1])):
        x = tensor(dtype, *shape)
        for kind in ("int64", "int32"):
            i = Value(kind, index)
            yield Case([x, i], [like(x, np.take(x.array, i.array, axis))], static=(1,), axis=axis)
    x = tensor(dtype, 4, 3)
    yield Case([x, ints(2, 0)], [like(x, x.array[[2, 0]])], static=(1,))


def gather_elements(row, dtype):
    x = tensor(dtype, 3, 4)
    rng = np.random.default_rng(1)
    for axis, shape in ((0, (2, 4)), (1, (3, 6)), (-1, (3, 2)), (0, (0, 4)), (1, (2, 5))):
        i = rng.integers(-3, 3, shape)
        source = x.array[: shape[0]] if axis else x.array[:, : shape[1]]
        y = np.take_along_axis(source, i, axis)
        yield Case([x, Value("int64" if axis else "int32", i)], [like(x, y)], static=(1,), axis=axis)


def gather_nd(row, dtype):
    x = tensor(dtype, 2, 3, 4)
    for index in ([[1, 2, 3], [0, -3, -1]], [[1], [0], [-1]], [[[0, 1]], [[1, 2]]], np.zeros((0, 2), int)):
        i = np.array(index, np.int64)
        y = x.array[tuple(np.moveaxis(i, -1, 0))]
        yield Case([x, Value("int64", i)], [like(x, y)], static=(1,))
    if row["since"] >= 12:
        i = np.array([[[2, 1], [0, 0]], [[-1, -4], [1, 3]]])
        y = np.array([[x.array[b][tuple(v)] for v in i[b]] for b in range(2)])
        yield Case([x, Value("int64", i)], [like(x, y)], static=(1,), batch_dims=1)


def combine(name, old, new, dtype):
    if name == "none":
        return new
    f = {"add": lambda a, b: a + b, "mul": lambda a, b: a * b, "max": max, "min": min}[name]
    return f(old, new)


def reductions_of(row, dtype):
    allowed = ["none"] + (["add", "mul"] if row["since"] >= 16 else []) + (["max", "min"] if row["since"] >= 18 else [])
    if dtype in ("string", "bool") or is_complex(dtype):
        return ["none"]
    return allowed if is_float(dtype) and dtype not in ("float16", "bfloat16") or dtype.startswith(("int", "uint")) else ["none"]


def scatter_elements(row, dtype):
    for reduction in reductions_of(row, dtype):
        for axis, shape in ((0, (2, 3)), (1, (3, 2)), (-1, (2, 4)), (0, (0, 3))):
            x, u = tensor(dtype, 4, 5), tensor(dtype, *shape, seed=5)
            limit = x.array.shape[axis]
            i = np.argsort(np.random.default_rng(3).random((*shape, limit)), axis=-1)[..., 0]
            if reduction == "none":
                i = np.broadcast_to(np.arange(shape[axis]).reshape([-1 if k == axis % 2 else 1 for k in range(2)]), shape).copy()
                i = np.where(i % 2 == 0, i, i - limit) if row["since"] >= 11 else i
            y = x.array.copy()
            with np.errstate(all="ignore"):
                for at in np.ndindex(*shape):
                    to = list(at)
                    to[axis] = i[at]
                    y[tuple(to)] = combine(reduction, y[tuple(to)], u.array[at], dtype)
            attrs = {"axis": axis} if axis >= 0 or row["since"] >= 11 else {"axis": 1}
            if reduction != "none":
                attrs["reduction"] = reduction
            yield Case([x, Value("int64", i), u], [like(x, y)], static=(1,), **attrs)


def scatter_nd(row, dtype):
    for reduction in reductions_of(row, dtype):
        for index, tail in (([[0, 1], [3, -2], [1, 1]], ()), ([[2], [0]], (5,)), (np.zeros((0, 1), int), (5,))):
            x = tensor(dtype, 4, 5)
            i = np.array(index, np.int64)
            u = tensor(dtype, *i.shape[:-1], *tail, seed=9)
            y = x.array.copy()
            with np.errstate(all="ignore"):
                for at in np.ndindex(*i.shape[:-1]):
                    where = tuple(i[at])
                    if tail:
                        for k in range(5):
                            y[where + (k,)] = combine(reduction, y[where + (k,)], u.array[at + (k,)], dtype)
                    else:
                        y[where] = combine(reduction, y[where], u.array[at], dtype)
            attrs = {"reduction": reduction} if reduction != "none" else {}
            yield Case([x, Value("int64", i), u], [like(x, y)], static=(1,), **attrs)


def pad(row, dtype):
    since = row["since"]
    modes = ["constant", "edge", "reflect"] + (["wrap"] if since >= 19 else [])
    for shape, pads in (((3, 4), (1, 0, 2, 3)), ((3, 4), (0, 2, 0, 0)), ((5,), (2, 4)), ((3, 4), (-1, 1, -1, 0)), ((2, 3, 4), (0, 1, 1, 0, 0, 2))):
        x = tensor(dtype, *shape)
        n = len(shape)
        widths = list(zip(pads[:n], pads[n:]))
        for mode in modes:
            if mode != "constant" and min(pads) < 0:
                continue
            if mode == "reflect" and any(max(w) >= d for w, d in zip(widths, shape)):
                continue
            cut = x.array[tuple(slice(max(0, -a), d - max(0, -b)) for (a, b), d in zip(widths, shape))]
            grow = [(max(0, a), max(0, b)) for a, b in widths]
            for constant in ((None, "given") if mode == "constant" else (None,)):
                c = tensor(dtype, seed=3) if constant else None
                if dtype == "float8e8m0" and mode == "constant" and not c:
                    continue  # it has no zero
                if mode == "constant":
                    if c and since < 11:
                        c = Value(dtype, np.float32(c.array))  # it comes as an attribute
                    fill = c.array[()] if c else ("" if dtype == "string" else np.zeros((), x.array.dtype)[()])
                    y = np.full([d + a + b for d, (a, b) in zip(cut.shape, grow)], fill, x.array.dtype)
                    y[tuple(slice(a, a + d) for d, (a, b) in zip(cut.shape, grow))] = cut
                else:
                    y = np.pad(cut, grow, mode)
                attrs = {"mode": mode} if mode != "constant" else {}
                if since < 11:
                    if c:
                        attrs["value"] = float(np.float32(c.array))
                    yield Case([x], [like(x, rounded(y, dtype))], **{"pads" if since >= 2 else "paddings": pads}, **attrs)
                else:
                    yield Case([x, ints(*pads)] + ([c] if c else []), [like(x, y)], static=(1, 2), **attrs)
    if since >= 18:
        x = tensor(dtype, 2, 3, 4)
        c = tensor(dtype, seed=3)
        y = np.full((2, 3, 9), c.array[()], x.array.dtype)
        y[:, :, 2:6] = x.array
        yield Case([x, ints(2, 3), c, Value("int32", [-1])], [like(x, y)], static=(1, 2, 3))


def expand(row, dtype):
    for shape, to in (((3, 1), (2, 1, 6)), ((3, 1), (3, 4)), ((1,), (5,)), ((), (2, 2)), ((2, 3), (1,)), ((1, 3), (0, 1)), ((2, 3), ())):
        x = tensor(dtype, *shape)
        yield Case([x, ints(*to)], [like(x, np.broadcast_to(x.array, np.broadcast_shapes(shape, to)))], static=(1,))


def tile(row, dtype):
    if row["since"] < 6:
        x = tensor(dtype, 2, 3)
        yield Case([x, Value(dtype, 3), Value(dtype, 1)], [like(x, np.tile(x.array, (1, 3)))], static=(1, 2))
        return
    for shape, repeats in (((2, 3), (1, 2)), ((2, 3), (3, 1)), ((4,), (0,)), ((2, 1, 3), (2, 3, 2)), ((0, 2), (2, 2)), ((), ())):
        x = tensor(dtype, *shape)
        yield Case([x, ints(*repeats)], [like(x, np.tile(x.array, repeats) if repeats else x.array)], static=(1,))


def depth_space(row, dtype):
    b, (n, c, h, w) = 2, (2, 8, 3, 2)
    if row["op"] == "DepthToSpace":
        x = tensor(dtype, n, c, h, w)
        for mode in ("DCR", "CRD") if row["since"] >= 11 else ("DCR",):
            split_shape, perm = ((n, b, b, c // 4, h, w), (0, 3, 4, 1, 5, 2)) if mode == "DCR" else ((n, c // 4, b, b, h, w), (0, 1, 4, 2, 5, 3))
            y = x.array.reshape(split_shape).transpose(perm).reshape(n, c // 4, h * b, w * b)
            yield Case([x], [like(x, y)], blocksize=b, **({"mode": mode} if row["since"] >= 11 else {}))
    else:
        x = tensor(dtype, n, 3, 4, 6)
        y = x.array.reshape(n, 3, 2, b, 3, b).transpose(0, 3, 5, 1, 2, 4).reshape(n, 12, 2, 3)
        yield Case([x], [like(x, y)], blocksize=b)
    x = tensor(dtype, 0, 4, 2, 2)
    yield Case([x], [like(x, x.array.reshape(0, 1, 4, 4) if row["op"] == "DepthToSpace" else x.array.reshape(0, 16, 1, 1))], blocksize=b)


def trilu(row, dtype):
    def keep(x, k, upper):
        mask = np.triu(np.ones(x.shape[-2:], bool), k) if upper else np.tril(np.ones(x.shape[-2:], bool), k)
        return np.where(mask, x, "" if dtype == "string" else np.zeros((), x.dtype))
    for shape in ((3, 4), (2, 4, 3), (0, 3), (3, 0)):
        x = tensor(dtype, *shape)
        for k in (None, 0, 1, -1, 99, -99):
            for upper in (1, 0):
                extra = [] if k is None else [Value("int64", k)]
                yield Case([x, *extra], [like(x, keep(x.array, k or 0, upper).astype(x.array.dtype))], static=(1,), upper=upper)


def compress(row, dtype):
    x = tensor(dtype, 3, 4)
    c = np.array([True, False, True])
    yield Case([x, Value("bool", c)], [like(x, x.array[c])], axis=0)
    yield Case([x, Value("bool", c)], [like(x, x.array[:, [0, 2]])], axis=1)
    yield Case([x, Value("bool", c)], [like(x, x.array.ravel()[[0, 2]])])
    yield Case([x, Value("bool", np.zeros(4, bool))], [like(x, x.array[:, :0])], axis=1)
    if row["since"] >= 11:
        yield Case([x, Value("bool", c)], [like(x, x.array[:, [0, 2]])], axis=-1)


def nonzero(row, dtype):
    for shape in ((3, 4), (7,), (0, 2), (2, 3, 2)):
        x = tensor(dtype, *shape)
        if is_float(dtype):
            x = like(x, np.where(np.arange(x.array.size).reshape(shape) % 3 == 0, 0, x.array).astype(x.array.dtype))
        yes = np.vectorize(bool, otypes=[bool])(x.array) if dtype == "string" and x.array.size else x.array
        yield Case([x], [Value("int64", np.array(np.nonzero(yes)).reshape(len(shape), -1))])


def unique(row, dtype):
    if is_complex(dtype) or dtype == "string":
        return
    x = Value(dtype, rounded(np.random.default_rng(2).integers(0, 2 if dtype == "bool" else 4, 9), dtype))
    y, first, inverse, counts = np.unique(x.array, return_index=True, return_inverse=True, return_counts=True)
    yield Case([x], [like(x, y), Value("int64", first), Value("int64", inverse), Value("int64", counts)])
    order = np.argsort(first)
    rank = np.argsort(order)
    yield Case([x], [like(x, y[order]), Value("int64", first[order]), Value("int64", rank[inverse]), Value("int64", counts[order])], sorted=0)
    m = Value(dtype, x.array.reshape(3, 3)[[0, 1, 0, 2]])
    y, inverse = np.unique(m.array, axis=0, return_inverse=True)
    yield Case([m], [like(m, y), None, Value("int64", inverse.ravel())], axis=0)


def reverse_sequence(row, dtype):
    x = tensor(dtype, 4, 3, 2)
    for batch_axis, time_axis in ((1, 0), (0, 1)):
        lengths = (4, 1, 2) if time_axis == 0 else (1, 3, 2, 1)
        y = x.array.copy()
        for b, n in enumerate(lengths):
            at = [slice(None)] * 3
            at[batch_axis], at[time_axis] = b, slice(0, n)
            part = y[tuple(at)]
            y[tuple(at)] = np.flip(x.array[tuple(at)], 0) if part.size else part
        yield Case([x, ints(*lengths)], [like(x, y)], static=(1,), batch_axis=batch_axis, time_axis=time_axis)


def center_crop_pad(row, dtype):
    x = tensor(dtype, 5, 4)
    y = np.full((3, 7), "" if dtype == "string" else 0, x.array.dtype)
    y[:, 1:5] = x.array[1:4]
    yield Case([x, ints(3, 7)], [like(x, y)], static=(1,))
    yield Case([x, ints(2)], [like(x, x.array[:, 1:3])], static=(1,), axes=[-1])


CASES = {
    "Reshape": reshape, "Flatten": flatten, "Squeeze": squeeze, "Unsqueeze": unsqueeze, "Transpose": transpose, "Identity": identity,
    "Shape": shape_of, "Size": size_of, "Concat": concat, "Split": split, "Slice": slices, "Gather": gather,
    "GatherElements": gather_elements, "GatherND": gather_nd, "ScatterElements": scatter_elements, "Scatter": scatter_elements,
    "ScatterND": scatter_nd, "Pad": pad, "Expand": expand, "Tile": tile, "DepthToSpace": depth_space, "SpaceToDepth": depth_space,
    "Trilu": trilu, "Compress": compress, "NonZero": nonzero, "Unique": unique, "ReverseSequence": reverse_sequence,
    "CenterCropPad": center_crop_pad,
}
