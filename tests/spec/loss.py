"""Losses, Dropout, random values without randomness, boxes, determinants and the old way to enlarge.

May assume: `row` is a line of `onnxrun ops --json` and `dtype` one of its types. Expected values are loops over the definition in float64.
"""
import itertools

import numpy as np

from numbers_of import is_complex, is_float, rounded, sample
from suite import Case, Value, ints


def weighed(log_p, target, weight, ignore, reduction):
    """-weight * log_p of each target; ignored ones have no loss and no weight."""
    loss, total = np.zeros(target.shape), np.zeros(target.shape)
    for at in np.ndindex(*target.shape):
        c = target[at]
        if c != ignore:
            total[at] = 1 if weight is None else weight[c]
            loss[at] = -total[at] * log_p[(at[0], c, *at[1:])]
    return loss if reduction == "none" else np.sum(loss) / (np.sum(total) if reduction == "mean" else 1)


def loss(row, dtype):
    softmax = row["op"] == "SoftmaxCrossEntropyLoss"
    for seed, (shape, reduction, with_weight, ignore) in enumerate(itertools.product(
            ((5, 4), (2, 3, 6), (2, 5, 2, 3)), ("none", "sum", "mean"), (False, True), (None, 1, -1))):
        rng = np.random.default_rng(seed)
        x = sample(dtype, shape, rng, -3, 3)
        t = rng.integers(0, shape[1], (shape[0], *shape[2:]))
        if ignore is not None:
            t.ravel()[::3] = ignore
        weight = sample(dtype, (shape[1],), rng, 0.25, 2) if with_weight else None
        log_p = x.astype(np.float64)
        if softmax:
            log_p = log_p - np.log(np.sum(np.exp(log_p), 1, keepdims=True))
        y = weighed(log_p, t, None if weight is None else weight.astype(np.float64), ignore, reduction)
        ins = [Value(dtype, x), Value("int32" if seed % 2 else "int64", t)] + ([] if weight is None else [Value(dtype, weight)])
        outs = [Value(dtype, rounded(y, dtype))] + ([Value(dtype, rounded(log_p, dtype))] if softmax and seed % 3 else [])
        yield Case(ins, outs, static=(2,), **({} if seed % 4 == 2 and reduction == "mean" else {"reduction": reduction}),
                   **({} if ignore is None else {"ignore_index": ignore}))


def dropout(row, dtype):
    """What is told without a random number: nothing is dropped outside of training, or with a ratio of 0."""
    since = row["since"]
    for shape in ((2, 3), (0, 4), (), (1, 17)):
        x = Value(dtype, sample(dtype, shape, np.random.default_rng(len(shape)), -9, 9))
        everywhere = Value("bool", np.ones(shape))
        if since < 7:
            yield Case([x], [x], is_test=1, ratio=0.5, **({"consumed_inputs": [0]} if since == 1 else {}))
            yield Case([x], [x], ratio=0.0)
        elif since < 12:
            yield Case([x], [x], ratio=0.75)
            yield Case([x], [x])
        else:
            for kind in ("float32", "float64", "float16"):
                yield Case([x, Value(kind, 0.75)], [x, everywhere], static=(1,))
                yield Case([x, Value(kind, 0.75), Value("bool", False)], [x, everywhere], static=(1, 2), seed=3)
                yield Case([x, Value(kind, 0.0), Value("bool", True)], [x, everywhere], static=(1, 2))
            yield Case([x, None, Value("bool", False)], [x, everywhere], static=(2,))
            yield Case([x], [x])


def random_like(row, dtype):
    """Drawn from an interval of no length, or with no spread: all the same."""
    attrs = {"low": 2.5, "high": 2.5} if row["op"] == "RandomUniformLike" else {"mean": 2.5, "scale": 0.0}
    for shape in ((2, 3), (0, 2), ()):
        x = Value(dtype, sample(dtype, shape, np.random.default_rng(1), -2, 2))
        for number, kind in ((1, "float32"), (10, "float16"), (11, "float64")):
            yield Case([x], [Value(kind, np.full(shape, 2.5))], dtype=number, **attrs)
        if dtype in ("float32", "float64", "float16"):
            yield Case([x], [Value(dtype, np.full(shape, 2.5))], seed=1.0, **attrs)


def det_of(a):
    if a.shape[0] == 1:
        return a[0, 0]
    return sum((-1) ** k * a[0, k] * det_of(np.delete(a[1:], k, 1)) for k in range(a.shape[0]))


def det(row, dtype):
    for shape in ((1, 1), (2, 2), (3, 3), (2, 4, 4), (2, 1, 5, 5), (0, 3, 3)):
        x = np.round(sample(dtype, shape, np.random.default_rng(shape[0]), -3, 3).astype(np.float64))
        y = np.array([det_of(x[at]) for at in np.ndindex(*shape[:-2])]).reshape(shape[:-2])
        yield Case([Value(dtype, x)], [Value(dtype, rounded(y, dtype))])


# ---- boxes --------------------------------------------------------------------------------------------------------------------


def corners(box, center):
    a, b, c, d = (float(v) for v in box)
    if center:  # x, y, width, height
        return b - d / 2, a - c / 2, b + d / 2, a + c / 2
    return min(a, c), min(b, d), max(a, c), max(b, d)


def overlap(p, q):
    """Intersection over union."""
    inner = max(min(p[2], q[2]) - max(p[0], q[0]), 0) * max(min(p[3], q[3]) - max(p[1], q[1]), 0)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (p, q)]
    return inner / (sum(areas) - inner) if inner > 0 else 0.0


def chosen(boxes, scores, most, iou, least, center):
    out = []
    for b, c in np.ndindex(*scores.shape[:2]):
        kept = []
        for i in sorted(range(scores.shape[2]), key=lambda i: -scores[b, c, i]):
            if len(kept) == most or least is not None and not scores[b, c, i] > least:
                break
            if all(overlap(corners(boxes[b, i], center), corners(boxes[b, k], center)) <= iou for k in kept):
                kept.append(i)
        out += [(b, c, i) for i in kept]
    return np.array(out, np.int64).reshape(-1, 3)


def suppression(row, _):
    for seed, (n, most, iou, least, center) in enumerate(itertools.product((12, 1), (0, 2, 100), (0.0, 0.4, 1.0), (None, 0.5, 2.0), (0, 1))):
        rng = np.random.default_rng(seed)
        boxes = rng.integers(0, 9, (2, n, 4)).astype(np.float32) + (np.array([0, 0, 1.5, 1.5], np.float32) if center else 0)
        if not center:
            boxes[..., 2:] = boxes[..., :2] + rng.integers(1, 9, (2, n, 2)) * rng.choice([1, -1], (2, n, 1))  # any two corners
        scores = rng.permuted(np.arange(2 * 2 * n).reshape(2, 2, n) / (4 * n), axis=2).astype(np.float32)
        y = chosen(boxes, scores, most, np.float32(iou), least, center)
        one = [ints(most), Value("float32", [iou])] + ([] if least is None else [Value("float32", [least])])
        yield Case([Value("float32", boxes), Value("float32", scores), *one], [Value("int64", y)], static=(2, 3, 4), center_point_box=center)
    yield Case([Value("float32", np.zeros((1, 3, 4))), Value("float32", np.ones((1, 1, 3)))], [Value("int64", np.zeros((0, 3)))])


# ---- Upsample -----------------------------------------------------------------------------------------------------------------


def enlarged(x, scales, linear):
    """Output place i lies at i / scale of the input: the element at or before it, or a mean of the two beside it."""
    y = x
    for axis, scale in enumerate(scales):
        n = int(np.floor(np.float32(x.shape[axis]) * np.float32(scale)))
        at = np.arange(n) / float(np.float32(scale))
        low = np.minimum(np.floor(at).astype(int), max(x.shape[axis] - 1, 0))
        first = np.take(y, low, axis)
        if linear and scale != 1:
            part = (at - low).reshape([-1 if k == axis else 1 for k in range(x.ndim)])
            part = np.minimum(part, 1)
            first = first * (1 - part) + np.take(y, np.minimum(low + 1, x.shape[axis] - 1), axis) * part
        y = first
    return y


def upsample(row, dtype):
    since = row["since"]
    for shape, scales in (((1, 2, 2, 3), (1, 1, 2, 3)), ((1, 1, 3, 4), (1, 1, 1.5, 2.5)), ((2, 1, 4, 4), (1, 1, 1, 2)), ((1, 1, 1, 1), (1, 1, 4, 4)),
                          ((0, 1, 2, 2), (1, 1, 2, 2))):
        x = sample(dtype, shape, np.random.default_rng(shape[2]), -9, 9)
        for linear in (False, True) if is_float(dtype) else (False,):
            w = x.astype(np.float64) if linear else x
            y = Value(dtype, rounded(enlarged(w, scales, linear), dtype))
            mode = ("bilinear" if since == 1 else "linear") if linear else "nearest"
            if since == 1:
                yield Case([Value(dtype, x)], [y], mode=mode, height_scale=float(scales[2]), width_scale=float(scales[3]))
            elif since < 9:
                yield Case([Value(dtype, x)], [y], mode=mode, scales=[float(v) for v in scales])
            else:
                yield Case([Value(dtype, x), Value("float32", scales)], [y], static=(1,), mode=mode)
    if since >= 7 and not is_complex(dtype):  # other ranks
        x = sample(dtype, (3, 5), np.random.default_rng(9), -9, 9)
        y = Value(dtype, np.repeat(np.repeat(x, 2, 0), 3, 1))
        yield Case([Value(dtype, x)], [y], scales=[2.0, 3.0]) if since < 9 else Case([Value(dtype, x), Value("float32", [2, 3])], [y], static=(1,))


CASES = {
    "NegativeLogLikelihoodLoss": loss, "SoftmaxCrossEntropyLoss": loss, "Dropout": dropout, "RandomUniformLike": random_like,
    "RandomNormalLike": random_like, "Det": det, "NonMaxSuppression": suppression, "Upsample": upsample,
}
