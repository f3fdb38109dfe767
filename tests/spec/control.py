"""Control flow: If, Loop, Scan, SequenceMap, with values of the graph around, nested, and with nothing to do.

May assume: `row` is a line of `onnxrun ops --json` and `dtype` one of its types. Bodies use operators that opset 1 has in the form that
the newest has. Expected values are loops in NumPy.
"""
import numpy as np

from numbers_of import is_complex, sample
from suite import Case, Chain, Value, body, ints, node_of

F = "float32"


def numbers(shape, seed=0, dtype=F):
    return Value(dtype, np.round(sample(dtype, shape, np.random.default_rng(seed), -9, 9)))


def if_case(ins, outs, parts):
    """x0 is the condition; the rest is read by the branches only."""
    return Chain([node_of("If", ["x0"], [f"y{i}" for i in range(len(outs))], **parts)], ins, outs, static=(0,))


def flag(value, shape=()):
    return Value("bool", np.full(shape, value))


# ---- If -----------------------------------------------------------------------------------------------------------------------


def branches(then, other, outs=("b0",)):
    return {"then_branch": body(then, [], outs), "else_branch": body(other, [], outs)}


def nested_if():
    """x0 ? (x1 ? x2 + x2 : x2) : -x2, with x2 from two graphs up."""
    inner = branches([node_of("Sum", ["x2", "x2"], ["c0"])], [node_of("Identity", ["x2"], ["c0"])], ["c0"])
    return branches([node_of("If", ["x1"], ["b0"], **inner)], [node_of("Neg", ["x2"], ["b0"])])


def if_sequence(row, a, b):
    for choice in (True, False):
        parts = branches([node_of("SequenceConstruct", ["x1", "x2"], ["b0"])], [node_of("SequenceConstruct", ["x2"], ["b0"])])
        nodes = [node_of("If", ["x0"], ["s"], **parts), node_of("SequenceAt", ["s", "x3"], ["y0"]), node_of("SequenceLength", ["s"], ["y1"])]
        yield Chain(nodes, [flag(choice), a, b, Value("int64", -1)], [b, Value("int64", 2 if choice else 1)], static=(0, 3))
        if row["since"] < 16:
            continue
        parts = branches([node_of("Optional", ["x1"], ["b0"])], [node_of("Optional", ["x2"], ["b0"])])
        nodes = [node_of("If", ["x0"], ["o"], **parts), node_of("OptionalGetElement", ["o"], ["y0"]), node_of("OptionalHasElement", ["o"], ["y1"])]
        yield Chain(nodes, [flag(choice), a, b], [a if choice else b, flag(True)], static=(0,))


def if_(row, _):
    a, b = numbers((2, 3)), numbers((2, 3), 1)
    for choice in (True, False):
        for _ in range(2):  # known when the model is read, and not
            parts = branches([node_of("Add", ["x1", "x2"], ["b0"])], [node_of("Sub", ["x1", "x2"], ["b0"])])
            yield if_case([flag(choice), a, b], [Value(F, a.array + b.array if choice else a.array - b.array)], parts)
        two = branches([node_of("Identity", ["x1"], ["b0"]), node_of("Shape", ["x1"], ["b1"])],
                       [node_of("Transpose", ["x1"], ["b0"], perm=[1, 0]), node_of("Shape", ["b0"], ["b1"])], ["b0", "b1"])
        y = a.array if choice else a.array.T
        yield if_case([flag(choice, (1,)), a], [Value(F, y), ints(*y.shape)], two)
        for inner in (True, False):
            y = -a.array if not choice else a.array * 2 if inner else a.array
            yield if_case([flag(choice), flag(inner), a], [Value(F, y)], nested_if())
        for dtype in ("string", "int64", "bool", "float16", "complex64"):
            for shape in ((0, 2), (3,), ()):
                x, y = (Value(dtype, sample(dtype, shape, np.random.default_rng(k), -9, 9)) for k in range(2))
                parts = branches([node_of("Identity", ["x1"], ["b0"])], [node_of("Identity", ["x2"], ["b0"])])
                yield if_case([flag(choice), x, y], [x if choice else y], parts)
    if row["since"] >= 13:
        yield from if_sequence(row, a, b)


# ---- Loop ---------------------------------------------------------------------------------------------------------------------

LOOP_INS = [("i", "int64"), ("go", "bool"), ("v", F)]


def counted(trips, limit, x):
    """v = x; v += x while trips last and, when there is a limit, v stays below it: the last v, all of them and their numbers."""
    v, seen, go, i = x.copy(), [], limit is None or bool(x < limit), 0
    while go and (trips is None or i < trips):
        v = v + x
        seen.append(v)
        go = limit is None or bool(v < limit)
        i += 1
    return v, np.array(seen, x.dtype).reshape(len(seen), *x.shape), np.arange(len(seen))


def loop_counts():
    """Both conditions, one of them, with and without turns. A condition that the loop has no input for is ignored."""
    step = [node_of("Add", ["v", "x2"], ["w"]), node_of("Identity", ["w"], ["each"]), node_of("Identity", ["i"], ["number"])]
    for trips in (4, 1, 0, None):
        for limit in (None, 100, 7, -1):
            if trips is None and limit is None:
                continue
            x = np.array(2, np.float32)
            v, seen, n = counted(trips, limit, x)
            ins = [None if trips is None else Value("int64", trips), None if limit is None else flag(x < limit), Value(F, x), Value(F, limit or 0)]
            graph = body([*step, node_of("Less", ["w", "x3"], ["more"])], LOOP_INS,
                         ["more", "w", ("each", Value(F, x)), ("number", Value("int64", 0))])
            node = node_of("Loop", ["x0" if ins[0] else "", "x1" if ins[1] else "", "x2"], ["y0", "y1", "y2"], body=graph)
            for static in ((0, 1), (0,)):
                yield Chain([node], ins, [Value(F, v), Value(F, seen), Value("int64", n)], static=static)


def loop_growing():
    """A value that becomes longer in every turn; a second one that never changes."""
    x, more = numbers((2, 3)), numbers((1, 3), 1)
    graph = body([node_of("Identity", ["go"], ["on"]), node_of("Concat", ["v", "x3"], ["w"], axis=0), node_of("Identity", ["u"], ["z"])],
                 [*LOOP_INS, ("u", "string")], ["on", "w", "z"])
    word = Value("string", np.array(["a", ""], object))
    for trips in (3, 0):
        yield Chain([node_of("Loop", ["x0", "x1", "x2", "x4"], ["y0", "y1"], body=graph)], [Value("int64", trips), flag(True), x, more, word],
                    [Value(F, np.concatenate([x.array] + [more.array] * trips)), word], static=(0,))


def loop_nested():
    """The inner loop reads the outer one's counter and carried value, and x2 of the graph around both."""
    inner = body([node_of("Identity", ["go2"], ["on2"]), node_of("Sum", ["v2", "v", "x2"], ["w2"]), node_of("Identity", ["i"], ["k"])],
                 [("i2", "int64"), ("go2", "bool"), ("v2", F)], ["on2", "w2", ("k", Value("int64", 0))])
    graph = body([node_of("Identity", ["go"], ["on"]), node_of("Loop", ["i", "go", "v"], ["w", "ks"], body=inner)], LOOP_INS, ["on", "w"])
    for trips in (3, 1):
        x = numbers((3,))
        v = x.array
        for i in range(trips):
            v2 = v
            for _ in range(i):
                v2 = v2 + v + x.array
            v = v2
        yield Chain([node_of("Loop", ["x0", "x1", "x2"], ["y0"], body=graph)], [Value("int64", trips), flag(True), x], [Value(F, v)], static=(0,))


def loop_sequence(row):
    x = numbers((2,))
    graph = body([node_of("Identity", ["go"], ["on"]), node_of("SequenceInsert", ["s", "x2"], ["t"])], LOOP_INS[:2], ["on", "t"])
    entry = graph.input.add(name="s")
    entry.type.sequence_type.elem_type.tensor_type.elem_type = 1
    nodes = [node_of("SequenceEmpty", [], ["none"]), node_of("Loop", ["x0", "x1", "none"], ["all"], body=graph),
             node_of("SequenceLength", ["all"], ["y0"]), node_of("ConcatFromSequence", ["all"], ["y1"], axis=0, new_axis=1)]
    yield Chain(nodes, [Value("int64", 3), flag(True), x], [Value("int64", 3), Value(F, np.stack([x.array] * 3))], static=(0,))


def loop(row, _):
    yield from loop_counts()
    yield from loop_growing()
    yield from loop_nested()
    for dtype in ("int64", "float64", "bool", "string"):  # scan outputs of other types, and of no elements
        for shape in ((2,), (0, 3), ()):
            x = Value(dtype, sample(dtype, shape, np.random.default_rng(5), -9, 9))
            graph = body([node_of("Identity", ["go"], ["on"]), node_of("Identity", ["x2"], ["each"])], LOOP_INS[:2], ["on", "each"])
            yield Chain([node_of("Loop", ["x0", "x1"], ["y0"], body=graph)], [Value("int64", 3), flag(True), x],
                        [Value(dtype, np.stack([x.array] * 3))], static=(0,))
    if row["since"] >= 13:
        yield from loop_sequence(row)


# ---- Scan ---------------------------------------------------------------------------------------------------------------------


def running(dtype, shape=(3,)):
    """State s; of each slice e: s = s + e, which is also given out."""
    return body([node_of("Add", ["s", "e"], ["t"]), node_of("Identity", ["t"], ["each"])], [("s", dtype), ("e", dtype)], ["t", ("each", Value(dtype, np.zeros(shape)))])


def running_sum(start, x):
    s, seen = start, []
    for e in x:
        s = s + e
        seen.append(s)
    return s, np.array(seen, start.dtype).reshape(len(seen), *start.shape)


def scan_sums(row, dtype):
    for n, axis, back, out_axis, out_back in ((4, 0, 0, 0, 0), (4, 1, 0, 1, 0), (3, 1, 1, 0, 1), (2, 0, 1, 1, 1), (0, 0, 0, 0, 0), (5, -1, 0, -1, 1)):
        if min(axis, out_axis) < 0 and row["since"] < 11:
            continue
        x, start = numbers((n, 3), n, dtype).array, numbers((3,), 9, dtype).array
        s, seen = running_sum(start, x[::-1] if back else x)
        ins = [Value(dtype, start), Value(dtype, np.moveaxis(x, 0, axis))]
        outs = [Value(dtype, s), Value(dtype, np.moveaxis(seen[::-1] if out_back else seen, 0, out_axis))]
        yield Case(ins, outs, body=running(dtype), num_scan_inputs=1, scan_input_axes=[axis], scan_input_directions=[back],
                   scan_output_axes=[out_axis], scan_output_directions=[out_back])


def scan_pairs(dtype):
    """No state; two inputs with axes and directions of their own, a value from the graph around."""
    a, b, c = numbers((4, 3), 1, dtype), numbers((3, 4), 2, dtype), numbers((3,), 3, dtype)
    graph = body([node_of("Mul", ["p", "q"], ["m"]), node_of("Add", ["m", "x2"], ["r"])], [("p", dtype), ("q", dtype)], ["r", "m"])
    m = a.array * b.array.T[::-1]
    yield Chain([node_of("Scan", ["x0", "x1"], ["y0", "y1"], body=graph, num_scan_inputs=2, scan_input_axes=[0, 1], scan_input_directions=[0, 1],
                         scan_output_axes=[1, 0])], [a, b, c], [Value(dtype, (m + c.array).T), Value(dtype, m)])


def scan(row, dtype):
    if row["since"] == 8:
        yield from scan_batches(F)
        return
    if dtype in (F, "float64", "int32", "int64"):
        yield from scan_sums(row, dtype)
        yield from scan_pairs(dtype)
        return
    if is_complex(dtype) and row["since"] < 11:
        return
    for shape in ((3, 2), (2, 0), (2,)):
        x = Value(dtype, sample(dtype, shape, np.random.default_rng(4), -2, 2))
        graph = body([node_of("Identity", ["e"], ["each"])], [("e", dtype)], ["each"])
        yield Case([x], [x], body=graph, num_scan_inputs=1)
        yield Case([x], [Value(dtype, x.array[::-1])], body=graph, num_scan_inputs=1, scan_input_directions=[1])


def scan_batches(dtype):
    """Scan-8: axis 0 is the batch, axis 1 is scanned; what lies beyond a sequence's length is zero."""
    x, start = numbers((2, 4, 3), 1).array, numbers((2, 3), 2).array
    for lengths in (None, (4, 2), (1, 3)):
        for back in (0, 1):
            state, out = np.zeros((2, 3), np.float32), np.zeros((2, 4, 3), np.float32)
            for i in range(2):
                n = lengths[i] if lengths else 4
                state[i], out[i, :n] = running_sum(start[i], x[i, :n][::-1] if back else x[i, :n])
            yield Case([ints(*lengths) if lengths else None, Value(F, start), Value(F, x)], [Value(F, state), Value(F, out)],
                       body=running(F), num_scan_inputs=1, directions=[back])


# ---- SequenceMap --------------------------------------------------------------------------------------------------------------


def sequence_map(row, _):
    """Each element with one of a second sequence, with a tensor, and with a value from the graph around."""
    a, b, c = numbers((2, 3)), numbers((4, 3), 1), numbers((3,), 2)
    graph = body([node_of("Add", ["e", "t"], ["u"]), node_of("Mul", ["u", "x2"], ["r"]), node_of("Shape", ["f"], ["n"])],
                 [("e", F), ("f", F), ("t", F)], ["r", "n"])
    nodes = [node_of("SequenceConstruct", ["x0", "x1"], ["s"]), node_of("SequenceConstruct", ["x1", "x0"], ["s2"]),
             node_of("SequenceMap", ["s", "s2", "x2"], ["m", "n"], body=graph), node_of("ConcatFromSequence", ["m"], ["y0"], axis=0),
             node_of("ConcatFromSequence", ["n"], ["y1"], axis=0, new_axis=1)]
    for _ in range(4):
        yield Chain(nodes, [a, b, c], [Value(F, (np.concatenate([a.array, b.array]) + c.array) * c.array), Value("int64", [[4, 3], [2, 3]])], static=(2,))
    nodes = [node_of("SequenceEmpty", [], ["s"]), node_of("SequenceMap", ["s"], ["m"], body=body([node_of("Neg", ["e"], ["r"])], [("e", F)], ["r"])),
             node_of("SequenceLength", ["m"], ["y0"])]
    yield Chain(nodes, [], [Value("int64", 0)])


CASES = {"If": if_, "Loop": loop, "Scan": scan, "SequenceMap": sequence_map}
