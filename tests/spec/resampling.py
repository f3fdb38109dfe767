"""Resize and GridSample in every mode, and Einsum's equations.

May assume: `row` is a line of `onnxrun ops --json` and `dtype` one of its types. Interpolation is separable: a resized axis is a matrix
of weights, made from the text of the operator in float64; results are rounded once. Types other than floats only move elements.
"""
import itertools

import numpy as np

from numbers_of import is_float, rounded, sample
from suite import Case, Value, ints

RNG = np.random.default_rng
A = -0.75  # the default of cubic_coeff_a


def cubic(d, a=A):
    """Keys, "Cubic convolution interpolation", 1981."""
    d = np.abs(d)
    return np.where(d <= 1, ((a + 2) * d - (a + 3)) * d * d + 1, np.where(d < 2, ((a * d - 5 * a) * d + 8 * a) * d - 4 * a, 0))


def place(how, x, n_in, n_out, scale, roi):
    """Where output x lies on the input's axis."""
    if how == "align_corners":
        length = scale * n_in  # not rounded: ONNX's resize_downsample_scales_linear_align_corners has it so
        return x * (n_in - 1) / (length - 1) if length != 1 else 0.0
    if how == "asymmetric":
        return x / scale
    if how == "tf_crop_and_resize":
        start, end = roi
        return (start * (n_in - 1) + x * (end - start) * (n_in - 1) / (n_out - 1)) if n_out > 1 else 0.5 * (start + end) * (n_in - 1)
    if how == "pytorch_half_pixel" and n_out == 1:
        return 0.0
    if how == "tf_half_pixel_for_nn":
        return (x + 0.5) / scale
    offset = n_in / 2 * (1 - n_out / (scale * n_in)) if how == "half_pixel_symmetric" else 0
    return offset + (x + 0.5) / scale - 0.5


ROUND = {"round_prefer_floor": lambda x: np.ceil(x - 0.5), "round_prefer_ceil": lambda x: np.floor(x + 0.5), "floor": np.floor, "ceil": np.ceil}


def axis_matrix(n_in, n_out, scale, mode, how, nearest, roi, exclude, antialias, a):
    """Weights [n_out, n_in], and which outputs lie outside."""
    m, outside = np.zeros((n_out, n_in)), np.zeros(n_out, bool)
    narrow = min(scale, 1.0) if antialias else 1.0
    for o in range(n_out):
        at = place(how, o, n_in, n_out, scale, roi)
        outside[o] = how == "tf_crop_and_resize" and not 0 <= at <= n_in - 1
        if mode == "nearest":
            m[o, int(np.clip(ROUND[nearest](at), 0, n_in - 1))] = 1
            continue
        reach = int(np.ceil((1 if mode == "linear" else 2) / narrow))
        taps = np.arange(int(np.floor(at)) - reach, int(np.floor(at)) + reach + 2)
        d = (taps - at) * narrow
        w = np.maximum(1 - np.abs(d), 0) if mode == "linear" else cubic(d, a)
        if exclude:
            w = np.where((taps >= 0) & (taps < n_in), w, 0)
        for tap, weight in zip(taps, w / np.sum(w) if exclude or antialias else w):
            m[o, min(max(tap, 0), n_in - 1)] += weight
    return m, outside


def resized(x, sizes, scales, mode, roi=None, how="half_pixel", nearest="round_prefer_floor", exclude=0, antialias=0, a=A, extrapolation=0.0):
    y, outside = np.asarray(x), np.zeros((), bool)
    for axis, (n, s) in enumerate(zip(sizes, scales)):
        span = (roi[axis], roi[axis + len(sizes)]) if roi is not None else None
        m, out = axis_matrix(x.shape[axis], n, s, mode, how, nearest, span, exclude, antialias, a)
        if mode == "nearest":
            y = np.take(y, np.argmax(m, 1), axis)
        elif n != x.shape[axis] or s != 1 or span:
            y = np.moveaxis(np.tensordot(m, y.astype(np.float64), (1, axis)), 0, axis)
        outside = outside[..., None] | out
    return np.where(outside, extrapolation, y) if outside.any() else y


SHAPE = (1, 2, 6, 5)
SCALES = ((1, 1, 2, 1.5), (1, 1, 0.5, 0.75), (1, 1, 1.75, 0.5), (1, 1, 1, 3))


def resize(row, dtype):
    since = row["since"]
    x = sample(dtype, SHAPE, RNG(since), -4, 4)
    floats = dtype in ("float32", "float64")
    wide = x.astype(np.float64) if is_float(dtype) else x

    def case(scales, mode, by_sizes=False, roi=None, **attrs):
        sizes = [int(np.floor(n * s)) for n, s in zip(SHAPE, scales)]
        used = [m / n for m, n in zip(sizes, SHAPE)] if by_sizes else scales
        y = resized(wide, sizes, used, mode, roi, how=attrs.get("coordinate_transformation_mode", "half_pixel" if since > 10 else "asymmetric"),
                    nearest=attrs.get("nearest_mode", "round_prefer_floor" if since > 10 else "floor"), exclude=attrs.get("exclude_outside", 0),
                    antialias=attrs.get("antialias", 0), a=attrs.get("cubic_coeff_a", A), extrapolation=attrs.get("extrapolation_value", 0.0))
        given = [Value("float32", [] if by_sizes else scales)] + ([ints(*sizes)] if by_sizes else [])
        if since > 10:
            given.insert(0, Value("float32", [] if roi is None else roi) if since < 13 or roi is not None else None)
        ins = [Value(dtype, x), *given]
        if by_sizes and since >= 13:
            ins[2] = None  # before, roi and scales are there without elements
        static = tuple(i for i in range(1, len(ins)) if ins[i] is not None)
        return Case(ins, [Value(dtype, rounded(y, dtype) if is_float(dtype) else y)], static=static, mode=mode, **attrs)

    for scales in SCALES:
        yield case(scales, "nearest")
        if floats:
            yield case(scales, "linear")
    if since == 10 or not floats:
        return
    hows = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
    hows += ["half_pixel_symmetric"] if since >= 19 else ["tf_half_pixel_for_nn"] if since < 13 else []
    for how, scales, by_sizes in itertools.product(hows, SCALES, (False, True)):
        named = {"coordinate_transformation_mode": how}
        for nearest in ROUND:
            yield case(scales, "nearest", by_sizes, nearest_mode=nearest, **named)
        if how == "tf_half_pixel_for_nn":
            continue
        yield case(scales, "linear", by_sizes, **named)
        for exclude, a in ((0, A), (1, A), (0, -0.5)):
            yield case(scales, "cubic", by_sizes, exclude_outside=exclude, cubic_coeff_a=a, **named)
        if since >= 18:
            for mode in ("linear", "cubic"):
                yield case(scales, mode, by_sizes, antialias=1, exclude_outside=1, **named)
    for mode, corners in itertools.product(("nearest", "linear", "cubic"), ((0, 0, 0.25, 0.125, 1, 1, 0.75, 0.875), (0, 0, -0.25, 0.5, 1, 1, 0.5, 1.5))):
        yield case((1, 1, 0.5, 1.75), mode, True, corners, coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=7.5)
    if since >= 18:
        yield from aspect(dtype, x, wide)


def aspect(dtype, x, wide):
    """keep_aspect_ratio_policy over some axes, which may be negative and in any order."""
    for axes, want, policy in itertools.product(((2, 3), (-1, -2)), ((9, 4), (3, 20)), ("stretch", "not_larger", "not_smaller")):
        ratio = [w / SHAPE[axis] for w, axis in zip(want, axes)]
        scales, sizes = [1.0] * 4, list(SHAPE)
        for axis, w, own in zip(axes, want, ratio):
            s = own if policy == "stretch" else (min if policy == "not_larger" else max)(ratio)
            sizes[axis] = w if policy == "stretch" else int(np.floor(s * SHAPE[axis] + 0.5))
            scales[axis] = s
        yield Case([Value(dtype, x), None, None, ints(*want)], [Value(dtype, rounded(resized(wide, sizes, scales, "linear"), dtype))], static=(3,),
                   mode="linear", axes=list(axes), keep_aspect_ratio_policy=policy)


def reflect(x, lo, hi):
    """Mirrored at lo and hi until it lies between them."""
    if hi <= lo:
        return np.zeros_like(x)
    x = np.mod(x - lo, 2 * (hi - lo))
    return lo + np.minimum(x, 2 * (hi - lo) - x)


def grid_axis(g, n, mode, padding, align):
    """Of one axis: indices and weights [points, taps]; a weight of 0 where zeros lie."""
    at = (g + 1) / 2 * (n - 1) if align else ((g + 1) * n - 1) / 2
    lo, hi = (0, n - 1) if align else (-0.5, n - 0.5)
    if mode == "nearest":
        at = np.rint(at)
    if padding == "border":
        at = np.where((at < lo) | (at > hi), np.clip(at, 0, n - 1), at)
    elif padding == "reflection":
        at = np.where((at < lo) | (at > hi), reflect(at, lo, hi), at)
    base = np.floor(at)[:, None] + {"nearest": np.arange(1), "linear": np.arange(2), "cubic": np.arange(-1, 3)}[mode]
    d = base - at[:, None]
    w = np.ones_like(d) if mode == "nearest" else np.maximum(1 - np.abs(d), 0) if mode == "linear" else cubic(d)
    if padding == "zeros":
        w = np.where((base >= 0) & (base < n), w, 0)
    if padding == "reflection":
        base = np.where((base < lo) | (base > hi), reflect(base, lo, hi), base)
    return np.clip(base, 0, n - 1).astype(int), w


def grid_sample(row, dtype):
    if dtype not in ("float32", "float64"):
        return
    new = row["since"] >= 20
    names = {"linear": "linear" if new else "bilinear", "nearest": "nearest", "cubic": "cubic" if new else "bicubic"}
    for shape, out in (((2, 3, 5, 4), (3, 7)), ((1, 2, 1, 6), (2, 2)), ((1, 2, 3, 4, 5), (2, 3, 2))):
        dims = len(shape) - 2
        if dims == 3 and not new:
            continue
        x = sample(dtype, shape, RNG(5), -3, 3)
        grid = sample(dtype, (shape[0], *out, dims), RNG(6), -1.6, 1.6)
        for mode, padding, align in itertools.product(("linear", "nearest") if dims == 3 else names, ("zeros", "border", "reflection"), (0, 1)):
            y = np.zeros((*shape[:2], int(np.prod(out))))
            for image in range(shape[0]):
                g = grid[image].reshape(-1, dims).astype(np.float64)
                taps = [grid_axis(g[:, dims - 1 - k], shape[2 + k], mode, padding, align) for k in range(dims)]
                for pick in itertools.product(*(range(t[0].shape[1]) for t in taps)):
                    at = tuple(t[0][:, p] for t, p in zip(taps, pick))
                    y[image] += x[image].astype(np.float64)[(slice(None), *at)] * np.prod([t[1][:, p] for t, p in zip(taps, pick)], 0)
            yield Case([Value(dtype, x), Value(dtype, grid)], [Value(dtype, rounded(y.reshape(*shape[:2], *out), dtype))], mode=names[mode],
                       padding_mode=padding, align_corners=align)


EQUATIONS = (("ij,jk->ik", (3, 4), (4, 5)), ("ij,jk", (3, 4), (4, 2)), ("i,i", (7,), (7,)), ("i,i->", (5,), (5,)), ("i,j->ij", (3,), (4,)),
             ("ii->i", (4, 4)), ("ii", (3, 3)), ("ii->", (5, 5)), ("ij->ji", (2, 3)), ("ij->", (2, 3)), ("ij->j", (3, 2)), ("ba", (2, 3)),
             ("bij,bjk->bik", (2, 3, 4), (2, 4, 2)), ("bhid,bhjd->bhij", (1, 2, 3, 4), (1, 2, 5, 4)), ("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2)),
             ("...ii->...i", (2, 3, 3)), ("i...->...i", (2, 3, 4)), ("...,...", (2, 3), (3,)), ("ij,j->ij", (3, 4), (4,)), ("ij,ij->", (3, 4), (3, 4)),
             ("a,b,c->abc", (2,), (3,), (2,)), ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)), ("iij,jk->ik", (3, 3, 2), (2, 4)), (" ij , jk -> ik ", (2, 2), (2, 2)),
             ("i,->i", (3,), ()), ("ij,jk->ik", (0, 3), (3, 2)), ("ij,jk->ik", (2, 0), (0, 3)), ("...a,...a->...", (2, 3, 4), (2, 3, 4)))


def einsum(row, dtype):
    for equation, *shapes in EQUATIONS:
        xs = [sample(dtype, shape, RNG(k), 0, 3) for k, shape in enumerate(shapes)]
        y = np.einsum(equation.replace(" ", ""), *(x.astype(np.float64) for x in xs))
        yield Case([Value(dtype, x) for x in xs], [Value(dtype, rounded(y, dtype) if is_float(dtype) else y)], equation=equation)


CASES = {"Resize": resize, "GridSample": grid_sample, "Einsum": einsum}
