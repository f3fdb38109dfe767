"""Reductions, searches and scans along axes, and products of matrices.

May assume: `row` is a line of `onnxrun ops --json` and `dtype` one of its types. Expected values are NumPy's, floats in float64.
"""
import numpy as np

from numbers_of import is_float, rounded, sample
from suite import Case, Value, ints

SETS = (((2, 3, 4), (1,)), ((2, 3, 4), (0, 2)), ((2, 3, 4), None), ((5,), (0,)), ((3, 4), (0,)), ((2, 3, 2, 2), (3, 1)),
        ((2, 3, 4), (-1,)), ((2, 3, 4), (-3, 1)), ((), None), ((1, 17), (1,)))


def numbers(dtype, shape, low=-3, high=3, seed=0):
    return sample(dtype, shape, np.random.default_rng(seed + len(shape)), low, high)


def exact(x, dtype):
    """float64 for floats; integers as they are, so that they wrap like the type."""
    return x.astype(np.float64) if is_float(dtype) else x


def reduce_of(op, x, axes, dtype):
    with np.errstate(all="ignore"):
        w = exact(x, dtype)
        k = {"axis": axes, "keepdims": True}
        if op in ("ReduceMax", "ReduceMin"):
            return (np.max if op == "ReduceMax" else np.min)(w, **k)
        if op in ("ReduceSum", "ReduceProd", "ReduceL1", "ReduceSumSquare"):
            f = {"ReduceL1": np.abs, "ReduceSumSquare": np.square}.get(op, lambda v: v)(w)
            return (np.prod if op == "ReduceProd" else np.sum)(f, dtype=w.dtype, **k)
        w = x.astype(np.float64)
        if op == "ReduceMean":
            return np.mean(w, **k) if is_float(dtype) else np.trunc(np.mean(w, **k))
        y = {"ReduceL2": lambda: np.sqrt(np.sum(w * w, **k)), "ReduceLogSum": lambda: np.log(np.sum(w, **k)),
             "ReduceLogSumExp": lambda: np.log(np.sum(np.exp(w), **k))}[op]()
        return y if is_float(dtype) else np.trunc(y)


def reduce(row, dtype):
    op, since = row["op"], row["since"]
    by_input = since >= 18 or op == "ReduceSum" and since >= 13
    for shape, axes in SETS:
        if axes and min(axes) < 0 and since < 11:
            continue
        x = numbers(dtype, shape, *((0.5, 3) if op == "ReduceLogSum" or not is_float(dtype) else (-3, 3)))
        y = rounded(reduce_of(op, x, axes, dtype), dtype)
        for keep in (1, 0):
            out = y if keep else y.reshape([d for k, d in enumerate(y.shape) if k not in [a % len(shape) for a in axes or range(len(shape))]])
            attrs = {} if keep else {"keepdims": 0}
            if by_input:
                yield Case([Value(dtype, x)] + ([ints(*axes)] if axes else []), [Value(dtype, out)], static=(1,), **attrs)
            else:
                yield Case([Value(dtype, x)], [Value(dtype, out)], **attrs, **({"axes": axes} if axes else {}))
    if by_input and op in ("ReduceSum", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd"):
        x = Value(dtype, numbers(dtype, (2, 3)))
        yield Case([x], [x], noop_with_empty_axes=1)
    if op in ("ReduceSum", "ReduceProd", "ReduceL1", "ReduceSumSquare"):
        x = Value(dtype, numbers(dtype, (2, 0, 3)))
        y = Value(dtype, np.full((2, 1, 3), op == "ReduceProd").astype(x.array.dtype))
        yield Case([x, ints(1)], [y]) if by_input else Case([x], [y], axes=(1,))
    if op in ("ReduceMax", "ReduceMin", "ReduceSum") and is_float(dtype):
        x = numbers(dtype, (2, 3))
        x[0, 1], x[1, 2] = np.nan, np.inf
        y = Value(dtype, reduce_of(op, x, (1,), dtype).astype(x.dtype))
        yield Case([Value(dtype, x), ints(1)], [y]) if by_input else Case([Value(dtype, x)], [y], axes=(1,))


def arg(row, dtype):
    f = np.argmax if row["op"] == "ArgMax" else np.argmin
    for shape, axis in (((2, 3, 4), 0), ((2, 3, 4), 1), ((2, 3, 4), 2), ((2, 3, 4), -2), ((7,), 0)):
        if axis < 0 and row["since"] < 11:
            continue
        x = np.round(numbers(dtype, shape).astype(np.float64)).astype(numbers(dtype, shape).dtype)
        y = np.expand_dims(f(x, axis), axis)
        last = x.shape[axis] - 1 - np.expand_dims(f(np.flip(x, axis), axis), axis)
        yield Case([Value(dtype, x)], [Value("int64", y)], axis=axis)
        yield Case([Value(dtype, x)], [Value("int64", y.squeeze(axis))], axis=axis, keepdims=0)
        if row["since"] >= 12:
            yield Case([Value(dtype, x)], [Value("int64", last)], axis=axis, select_last_index=1)


def top_k(row, dtype):
    since = row["since"]
    for shape, axis, k in (((3, 7), -1, 3), ((3, 7), 0, 2), ((2, 5, 3), 1, 5), ((9,), 0, 1), ((2, 3), -1, 0), ((0, 4), 1, 2)):
        if axis < 0 and since < 10 or k == 0 and since < 10:
            continue
        x = numbers(dtype, shape, -3, 3)
        x = np.round(x.astype(np.float64)).astype(x.dtype)  # ties: the lower index is first
        for largest in (1, 0) if since >= 11 else (1,):
            w = x.astype(np.float64) if is_float(dtype) else x.astype(object)
            order = np.argsort(-w if largest else w, axis, kind="stable") if x.size else np.zeros(shape, np.int64)
            i = np.take(order, np.arange(k), axis).astype(np.int64)
            y = np.take_along_axis(x, i, axis)
            attrs = {"axis": axis, **({"largest": largest} if since >= 11 else {})}
            if since < 10:
                yield Case([Value(dtype, x)], [Value(dtype, y), Value("int64", i)], k=k, **attrs)
            else:
                yield Case([Value(dtype, x), ints(k)], [Value(dtype, y), Value("int64", i)], static=(1,), **attrs)


def cumulative(row, dtype):
    f = np.cumsum if row["op"] == "CumSum" else np.cumprod
    for shape, axis in (((3, 4), 0), ((3, 4), 1), ((2, 3, 4), -2), ((5,), 0), ((0, 3), 1)):
        x = numbers(dtype, shape, -2, 2)
        for reverse in (0, 1):
            for exclusive in (0, 1):
                w = np.flip(exact(x, dtype), axis) if reverse else exact(x, dtype)
                y = f(w, axis, dtype=w.dtype)
                if exclusive and y.size:
                    start = np.full_like(np.take(y, [0], axis), row["op"] == "CumProd")
                    y = np.concatenate([start, np.delete(y, -1, axis)], axis)
                y = np.flip(y, axis) if reverse else y
                yield Case([Value(dtype, x), Value("int32" if reverse else "int64", axis)], [Value(dtype, rounded(y, dtype))], static=(1,),
                           reverse=reverse, exclusive=exclusive)


def softmax(row, dtype):
    op, flat = row["op"], row["since"] < 13
    for shape, axis in (((2, 3), 1), ((2, 3, 4), 1), ((2, 3, 4), 0), ((2, 3, 4), 2), ((2, 3, 4), -2), ((5,), 0), ((0, 3), 1), ((2, 33), None)):
        if axis is not None and axis < 0 and row["since"] < 11:
            continue
        x = numbers(dtype, shape, -5, 5)
        a = (1 if flat else -1) if axis is None else axis
        a %= len(shape)
        w = x.astype(np.float64)
        w = w.reshape(int(np.prod(shape[:a])), int(np.prod(shape[a:]))) if flat else w
        a = 1 if flat else a
        if op == "Hardmax":
            y = np.zeros_like(w)
            if w.size:
                np.put_along_axis(y, np.expand_dims(np.argmax(w, a), a), 1, a)
        else:
            z = w - np.max(w, a, keepdims=True, initial=-np.inf)
            total = np.sum(np.exp(z), a, keepdims=True)
            y = np.exp(z) / total if op == "Softmax" else z - np.log(total)
        yield Case([Value(dtype, x)], [Value(dtype, rounded(y.reshape(shape), dtype))], **({} if axis is None else {"axis": axis}))


def matmul(row, dtype):
    for a, b in (((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((2, 1, 3, 4), (5, 4, 2)), ((5, 4, 2), (2, 3)), ((2, 0), (0, 3)),
                 ((0, 3), (3, 2)), ((17, 33), (33, 9)), ((2, 3, 4), (4,)), ((1, 64), (64, 40))):
        x, y = numbers(dtype, a), numbers(dtype, b, seed=4)
        yield Case([Value(dtype, x), Value(dtype, y)], [Value(dtype, rounded(np.matmul(exact(x, dtype), exact(y, dtype)), dtype))], static=(1,))


def gemm(row, dtype):
    since = row["since"]
    for trans_a in (0, 1):
        for trans_b in (0, 1):
            for c_shape in ((4,), (5, 4), (5, 1), (), (1, 1), None):
                if c_shape is None and since < 11:
                    continue
                x, y = numbers(dtype, (3, 5) if trans_a else (5, 3)), numbers(dtype, (4, 3) if trans_b else (3, 4), seed=7)
                c = None if c_shape is None else numbers(dtype, c_shape, seed=9)
                alpha, beta = (2.0, 3.0) if trans_a == trans_b else (1.0, 1.0)
                p = np.matmul(exact(x.T if trans_a else x, dtype), exact(y.T if trans_b else y, dtype)) * type(exact(x, dtype).ravel()[0])(alpha)
                p = p if c is None else p + exact(c, dtype) * type(exact(x, dtype).ravel()[0])(beta)
                ins = [Value(dtype, x), Value(dtype, y)] + ([] if c is None else [Value(dtype, c)])
                attrs = {"broadcast": 1} if since < 7 and c_shape != (5, 4) else {}
                yield Case(ins, [Value(dtype, rounded(p, dtype))], static=(1, 2), transA=trans_a, transB=trans_b, alpha=alpha, beta=beta, **attrs)


def one_hot(row, dtype):
    if dtype in ("float16", "bfloat16", "bool"):
        return
    for kind, values in (("float32", [0.5, 2.0]), ("int64", [-1, 7]), ("bool", [False, True]), ("string", ["off", "on"])):
        i = Value(dtype, np.array([[0, 2], [3, 1]]))
        v = Value(kind, np.array(values, object if kind == "string" else None))
        for axis in (-1, 0, 1):
            hot = np.expand_dims(i.array, axis if axis >= 0 else 2) == np.arange(3).reshape([-1 if k == axis % 3 else 1 for k in range(3)])
            yield Case([i, Value("int64", 3), v], [Value(kind, np.where(hot, v.array[1], v.array[0]))], static=(1, 2), axis=axis)
        if dtype.startswith(("int", "float")):
            n = Value(dtype, np.array([-1, 0, -3]))
            hot = (n.array % 3)[:, None] == np.arange(3)
            yield Case([n, Value("int64", 3), v], [Value(kind, np.where(hot, v.array[1], v.array[0]))], static=(1, 2))


CASES = {
    **{"Reduce" + op: reduce for op in ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp")},
    "ArgMax": arg, "ArgMin": arg, "TopK": top_k, "CumSum": cumulative, "CumProd": cumulative, "Softmax": softmax, "LogSoftmax": softmax,
    "Hardmax": softmax, "MatMul": matmul, "Gemm": gemm, "OneHot": one_hot,
}
