"""Sequences and optionals: made, taken apart, changed; and Constant in all its forms.

May assume: `row` is a line of `onnxrun ops --json` and `dtype` one of its types. Sequences are Python lists here. They begin and end as
tensors, because a case's inputs and outputs are.
"""
import numpy as np

from numbers_of import sample
from suite import Case, Chain, Value, ints, node_of

F = "float32"
KINDS = (F, "int64", "string", "bool", "float16", "uint8", "complex64")
SHAPES = ((2, 3), (0, 2), ())


def three(kind, shape):
    return [Value(kind, sample(kind, shape, np.random.default_rng(k), -9, 9)) for k in range(3)]


def built(nodes, values, position, outs, kind="int64"):
    """x0 to x2 in a sequence s, x3 a position (left out: None), then `nodes`."""
    ins = [*values, None if position is None else Value(kind, position)]
    return Chain([node_of("SequenceConstruct", ["x0", "x1", "x2"], ["s"]), *nodes], ins, outs, static=(0, 3))


def listed(values):
    """Outputs y0 to y2 and the length y3 of the sequence t."""
    nodes = []
    for i in range(len(values)):
        nodes += [node_of("Constant", [], [f"at{i}"], value=Value("int32", i)), node_of("SequenceAt", ["t", f"at{i}"], [f"y{i}"])]
    nodes.append(node_of("SequenceLength", ["t"], [f"y{len(values)}"]))
    return nodes, [*values, Value("int64", len(values))]


def construct(row, _):
    """Elements may differ in their sizes."""
    for kind in KINDS:
        a = [Value(kind, sample(kind, shape, np.random.default_rng(1), -9, 9)) for shape in SHAPES]
        nodes, outs = listed(a)
        yield Chain([node_of("SequenceConstruct", ["x0", "x1", "x2"], ["t"]), *nodes], a, outs)


def at(row, _):
    for kind in KINDS:
        for shape in SHAPES:
            a = three(kind, shape)
            for position in (0, 2, -1, -3):
                yield built([node_of("SequenceAt", ["s", "x3"], ["y0"])], a, position, [a[position]], "int64" if position else "int32")


def insert(row, _):
    for kind in KINDS:
        a = three(kind, (2,))
        new = Value(kind, a[0].array[:1])
        for position in (0, 1, 3, -1, -3, None):
            want = list(a)
            want.insert(3 if position is None else position, new)
            nodes, outs = listed(want)
            add = node_of("SequenceInsert", ["s", "x4"] + ([] if position is None else ["x3"]), ["t"])
            case = built([add, *nodes], a, position, outs)
            case.ins.append(new)
            yield case


def erase(row, _):
    for kind in KINDS:
        a = three(kind, (2, 1))
        for position in (0, 1, 2, -1, -3, None):
            want = list(a)
            del want[-1 if position is None else position]
            nodes, outs = listed(want)
            yield built([node_of("SequenceErase", ["s"] + ([] if position is None else ["x3"]), ["t"]), *nodes], a, position, outs)


def empty(row, _):
    for number in (1, 7, 8, 11):
        yield Chain([node_of("SequenceEmpty", [], ["s"], dtype=number), node_of("SequenceLength", ["s"], ["y0"])], [], [Value("int64", 0)])
    yield Chain([node_of("SequenceEmpty", [], ["s"]), node_of("SequenceInsert", ["s", "x0"], ["t"]), node_of("SequenceAt", ["t", "x1"], ["y0"])],
                [three(F, (2,))[0], Value("int64", 0)], [three(F, (2,))[0]])


def length(row, _):
    for n in (1, 2, 5):
        yield Chain([node_of("SequenceConstruct", ["x0"] * n, ["s"]), node_of("SequenceLength", ["s"], ["y0"])], [three(F, ())[0]], [Value("int64", n)])


def concat(row, _):
    for kind in KINDS:
        for axis in (0, 1, -1, -2):
            a = three(kind, (2, 3))
            join = node_of("ConcatFromSequence", ["s"], ["y0"], axis=axis)
            yield built([join], a, None, [Value(kind, np.concatenate([v.array for v in a], axis))])
            join = node_of("ConcatFromSequence", ["s"], ["y0"], axis=axis, new_axis=1)
            yield built([join], a, None, [Value(kind, np.stack([v.array for v in a], axis))])
        a = [Value(kind, sample(kind, (n, 2), np.random.default_rng(n), -9, 9)) for n in (1, 0, 3)]
        yield built([node_of("ConcatFromSequence", ["s"], ["y0"], axis=0)], a, None, [Value(kind, np.concatenate([v.array for v in a], 0))])


def split(row, dtype):
    x = sample(dtype, (5, 4), np.random.default_rng(8), -9, 9)
    for axis in (0, 1, -1):
        n = x.shape[axis]
        for sizes in (None, 2, [1, 0, n - 1], n):
            cuts = [1] * n if sizes is None else sizes if isinstance(sizes, list) else [sizes] * (n // sizes) + [n % sizes] * (n % sizes > 0)
            parts = np.split(x, np.cumsum(cuts)[:-1], axis)
            for keep in (1, 0) if sizes is None else (1,):
                want = [Value(dtype, v if keep else v.squeeze(axis)) for v in parts]
                nodes, outs = listed(want)
                ins = [Value(dtype, x)] + ([] if sizes is None else [Value("int32" if axis else "int64", sizes)])
                names = [f"x{i}" for i in range(len(ins))]
                yield Chain([node_of("SplitToSequence", names, ["t"], axis=axis, keepdims=keep), *nodes], ins, outs, static=(1,))


# ---- optionals ----------------------------------------------------------------------------------------------------------------


def optional_of(row, _):
    for kind in KINDS:
        a = three(kind, (2, 3))
        tail = [node_of("OptionalHasElement", ["o"], ["y0"]), node_of("OptionalGetElement", ["o"], ["e"])]
        yield Chain([node_of("Optional", ["x0"], ["o"]), *tail, node_of("Identity", ["e"], ["y1"])], [a[0]], [Value("bool", True), a[0]])
        whole = [node_of("Optional", ["s"], ["o"]), *tail, node_of("SequenceAt", ["e", "x3"], ["y1"])]
        yield built(whole, a, -2, [Value("bool", True), a[-2]])


def optional_18(row, _):
    """From opset 18 what is no optional is one that holds its value; and no input at all is an empty one."""
    yield from optional_of(row, _)
    if row["since"] < 18:
        return
    a = three(F, (2,))
    yield Chain([node_of("OptionalHasElement", ["x0"], ["y0"]), node_of("OptionalGetElement", ["x0"], ["y1"])], a[:1], [Value("bool", True), a[0]])
    yield Chain([node_of("OptionalHasElement", [], ["y0"])], [], [Value("bool", False)])
    yield Chain([node_of("OptionalHasElement", [""], ["y0"])], [], [Value("bool", False)])
    whole = [node_of("OptionalHasElement", ["s"], ["y0"]), node_of("OptionalGetElement", ["s"], ["e"]), node_of("SequenceAt", ["e", "x3"], ["y1"])]
    yield built(whole, a, 1, [Value("bool", True), a[1]])


# ---- Constant -----------------------------------------------------------------------------------------------------------------


def constant(row, dtype):
    since = row["since"]
    for shape in ((2, 3), (3, 0), ()):
        v = Value(dtype, sample(dtype, shape, np.random.default_rng(2), -2, 2))
        yield Case([], [v], value=v)
    if since < 12 or dtype != F:
        return
    yield Case([], [Value(F, 1.5)], value_float=1.5)
    yield Case([], [Value(F, [1.5, -2.0])], value_floats=[1.5, -2.0])
    yield Case([], [Value("int64", -7)], value_int=-7)
    yield Case([], [Value("int64", [2**63 - 1, -(2**63)])], value_ints=[2**63 - 1, -(2**63)])
    yield Case([], [Value("string", np.array("\u00e9", object))], value_string="\u00e9")
    yield Case([], [Value("string", np.array(["a", ""], object))], value_strings=["a", ""])


CASES = {
    "SequenceConstruct": construct, "SequenceAt": at, "SequenceInsert": insert, "SequenceErase": erase, "SequenceEmpty": empty,
    "SequenceLength": length, "ConcatFromSequence": concat, "SplitToSequence": split, "Optional": optional_of,
    "OptionalHasElement": optional_18, "OptionalGetElement": optional_18, "Constant": constant,
}
