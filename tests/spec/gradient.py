"""Derivatives: a model with Gradient for every operator that has a rule, against central differences of the same model's values.

May assume: float64, so that differences are right to about eight digits. The values are computed by the model itself (other tests
judge them): it puts out how far the derivative is from the difference. Never compares a derivative with a formula.
"""
import os

import numpy as np
from onnx import ModelProto

from numbers_of import sample
from suite import Value, declare, fill_tensor, ints, set_attr, write_test

F = "float64"
TRAINING = "ai.onnx.preview.training"
STEP = 1e-5


def op(name, *shapes, low=-2.0, high=2.0, extra=(), opset=22, **attrs):
    """One operator on differentiated inputs of these shapes; extra: further inputs, not differentiated."""
    return {"nodes": [(name, [f"x{i}" for i in range(len(shapes))] + [f"c{i}" if v is not None else "" for i, v in enumerate(extra)],
                       [f"y{i}" for i in range(1)], attrs)],
            "shapes": shapes, "low": low, "high": high, "extra": extra, "opset": opset}


def where_op():
    case = op("Where", (2, 3), (3,))
    case["nodes"] = [("Where", ["c0", "x0", "x1"], ["y0"], {})]
    case["extra"] = [Value("bool", np.array([[True, False, True], [False, False, True]]))]
    return case


def chain(nodes, *shapes, low=-2.0, high=2.0, extra=(), opset=22):
    return {"nodes": nodes, "shapes": shapes, "low": low, "high": high, "extra": extra, "opset": opset}


CASES = {
    "add": op("Add", (2, 3), (3,)), "sub": op("Sub", (2, 1, 3), (4, 1)), "mul": op("Mul", (2, 3), (1, 3)),
    "div": op("Div", (2, 3), (2, 1), low=0.5), "pow": op("Pow", (2, 3), (3,), low=0.5),
    "sum": op("Sum", (2, 3), (3,), ()), "mean": op("Mean", (2, 3), (3,), (2, 1)), "max": op("Max", (2, 3), (3,)),
    "min": op("Min", (2, 3), (3,), (2, 1)), "where": where_op(), "neg": op("Neg", (5,)), "abs": op("Abs", (5,)),
    "exp": op("Exp", (5,)), "log": op("Log", (5,), low=0.5), "sqrt": op("Sqrt", (5,), low=0.5),
    "reciprocal": op("Reciprocal", (5,), low=0.5), "sin": op("Sin", (5,)), "cos": op("Cos", (5,)),
    "tan": op("Tan", (5,), low=-1, high=1), "atan": op("Atan", (5,)), "sinh": op("Sinh", (5,)), "cosh": op("Cosh", (5,)),
    "tanh": op("Tanh", (5,)), "erf": op("Erf", (5,)), "sigmoid": op("Sigmoid", (5,)), "softplus": op("Softplus", (5,)),
    "relu": op("Relu", (6,)), "leaky_relu": op("LeakyRelu", (6,), alpha=0.25), "leaky_relu_default": op("LeakyRelu", (6,)),
    "elu": op("Elu", (6,), alpha=0.5), "clip": op("Clip", (9,), extra=[Value(F, -1.0), Value(F, 0.5)]),
    "clip_6": op("Clip", (9,), opset=10, min=-1.0, max=0.5), "identity": op("Identity", (3,)), "floor": op("Floor", (5,)),
    "cast": chain([("Cast", ["x0"], ["a"], {"to": 11}), ("Mul", ["a", "x0"], ["y0"], {})], (3,)),
    "reduce_sum": op("ReduceSum", (2, 3, 4), extra=[ints(1)], keepdims=0), "reduce_sum_all": op("ReduceSum", (2, 3)),
    "reduce_sum_noop": op("ReduceSum", (2, 3), noop_with_empty_axes=1), "reduce_sum_1": op("ReduceSum", (2, 3), opset=11, axes=[-1]),
    "reduce_mean": op("ReduceMean", (2, 3, 4), extra=[ints(0, -1)]), "reduce_mean_all": op("ReduceMean", (2, 3), keepdims=0),
    "reduce_l1": op("ReduceL1", (2, 3), extra=[ints(1)]), "reduce_l2": op("ReduceL2", (2, 3), extra=[ints(-1)], keepdims=0),
    "reduce_sum_square": op("ReduceSumSquare", (2, 3), extra=[ints(0)]),
    "reduce_log_sum": op("ReduceLogSum", (2, 3), low=0.5, extra=[ints(0)]),
    "reduce_log_sum_exp": op("ReduceLogSumExp", (2, 3), extra=[ints(1)], keepdims=0),
    "reduce_max": op("ReduceMax", (2, 3), extra=[ints(1)]), "reduce_min": op("ReduceMin", (2, 3), keepdims=0),
    "global_average_pool": op("GlobalAveragePool", (2, 3, 4, 5)), "softmax": op("Softmax", (2, 3, 4), axis=1),
    "log_softmax": op("LogSoftmax", (2, 4)), "cum_sum": op("CumSum", (2, 4), extra=[Value("int32", np.int32(1))]),
    "cum_sum_reverse": op("CumSum", (2, 4), extra=[Value("int32", np.int32(0))], reverse=1, exclusive=1),
    "reshape": op("Reshape", (2, 6), extra=[ints(3, -1)]), "flatten": op("Flatten", (2, 3, 2)),
    "squeeze": op("Squeeze", (1, 3, 1), extra=[ints(0)]), "unsqueeze": op("Unsqueeze", (3,), extra=[ints(0, 2)]),
    "expand": op("Expand", (3, 1), extra=[ints(2, 3, 4)]), "transpose": op("Transpose", (2, 3, 4), perm=[2, 0, 1]),
    "transpose_default": op("Transpose", (2, 3)), "gather": op("Gather", (3, 4), extra=[ints(1, -1, 1)], axis=1),
    "gather_elements": op("GatherElements", (3, 2), extra=[Value("int64", [[0, 2], [0, -1]])], axis=0),
    "gather_nd": op("GatherND", (3, 2), extra=[Value("int64", [[0], [2], [0]])]),
    "slice": op("Slice", (5, 4), extra=[ints(4, 0), ints(0, 4), ints(0, 1), ints(-2, 3)]),
    "split": chain([("Split", ["x0", "c0"], ["a", "b"], {}), ("ReduceSum", ["a"], ["s"], {"keepdims": 0}), ("Mul", ["b", "s"], ["y0"], {})],
                   (5, 2), extra=[ints(2, 3)]),
    "tile": op("Tile", (2, 3), extra=[ints(2, 3)]),
    "depth_to_space": op("DepthToSpace", (1, 8, 2, 3), blocksize=2), "space_to_depth": op("SpaceToDepth", (1, 2, 4, 2), blocksize=2),
    "pad": op("Pad", (2, 3), extra=[ints(1, 0, 2, 1), Value(F, 5.0)]), "pad_reflect": op("Pad", (3, 4), extra=[ints(1, 2, 2, 0)], mode="reflect"),
    "concat": op("Concat", (2, 3), (2, 1), (2, 2), axis=-1), "concat_one": op("Concat", (2, 3), axis=0),
    "trilu": op("Trilu", (3, 4), upper=0), "matmul": op("MatMul", (2, 3, 4), (4, 2)), "matmul_batch": op("MatMul", (2, 1, 3, 4), (3, 4, 2)),
    "matmul_vector": op("MatMul", (3,), (2, 3, 4)), "matmul_vector_right": op("MatMul", (2, 3, 4), (4,)), "dot": op("MatMul", (3,), (3,)),
    "gemm": op("Gemm", (2, 3), (3, 4), (4,), alpha=0.5, beta=2.0), "gemm_a": op("Gemm", (3, 2), (3, 4), (2, 1), transA=1),
    "gemm_b": op("Gemm", (2, 3), (4, 3), transB=1), "gemm_ab": op("Gemm", (3, 2), (4, 3), (), transA=1, transB=1, alpha=1.5),
    "conv": op("Conv", (2, 3, 5, 6), (4, 3, 3, 2), (4,)), "conv_strided": op("Conv", (2, 2, 7, 6), (3, 2, 3, 3), strides=[2, 3], pads=[1, 0, 2, 1]),
    "conv_dilated": op("Conv", (1, 2, 9), (2, 2, 3), dilations=[3]), "conv_groups": op("Conv", (2, 4, 4, 4), (6, 2, 3, 3), group=2, pads=[1, 1, 1, 1]),
    "conv_depthwise": op("Conv", (2, 3, 5, 5), (3, 1, 3, 3), (3,), group=3, auto_pad="SAME_UPPER", strides=[2, 2]),
    "max_pool": op("MaxPool", (2, 2, 5, 5), kernel_shape=[2, 3], strides=[2, 1]), "max_pool_padded": op("MaxPool", (1, 1, 6), kernel_shape=[3], pads=[1, 1]),
    "network": chain([("Conv", ["x0", "x1", "x2"], ["a"], {}), ("Relu", ["a"], ["b"], {}), ("MaxPool", ["b"], ["c"], {"kernel_shape": [2, 2]}),
                      ("Flatten", ["c"], ["d"], {}), ("Gemm", ["d", "x3"], ["e"], {}), ("Softmax", ["e"], ["f"], {}), ("Log", ["f"], ["g"], {}),
                      ("Mul", ["g", "c0"], ["y0"], {})], (2, 1, 5, 5), (2, 1, 2, 2), (2,), (18, 3), extra=[Value(F, np.eye(3)[[0, 2]])]),
    "shared": chain([("Mul", ["x0", "x0"], ["a"], {}), ("Add", ["a", "x0"], ["b"], {}), ("Exp", ["b"], ["y0"], {})], (3,), low=-1, high=1),
    "shapes_do_not_matter": chain([("Shape", ["x0"], ["s"], {}), ("Cast", ["s"], ["f"], {"to": 11}), ("Mul", ["f", "x1"], ["y0"], {})], (2,), (2,)),
}



class Build:
    """A model under construction."""

    def __init__(self, opset):
        self.model = ModelProto()
        self.model.ir_version = 8
        self.inputs, self.outputs = [], []
        self.import_opsets(self.model, opset)
        self.graph = self.model.graph
        self.graph.name = "gradient"

    @staticmethod
    def import_opsets(proto, opset):
        for domain, version in (("", opset), (TRAINING, 1)):
            entry = proto.opset_import.add()
            entry.domain, entry.version = domain, version

    def function(self, opset, inputs, outputs):
        """A function of the model's, for whose body node() is used until end_function()."""
        self.graph = self.model.functions.add()
        self.graph.name, self.graph.domain = "Derivatives", "mine"
        self.import_opsets(self.graph, opset)
        self.graph.input.extend(inputs)
        self.graph.output.extend(outputs)

    def end_function(self):
        self.graph = self.model.graph
        entry = self.model.opset_import.add()
        entry.domain, entry.version = "mine", 1

    def node(self, op_type, ins, outs, domain="", **attrs):
        node = self.graph.node.add()
        node.op_type, node.domain = op_type, domain
        node.input.extend(ins)
        node.output.extend(outs)
        for key, v in attrs.items():
            set_attr(node, key, v)

    def give(self, name, value, free):
        declare(self.graph.input.add(), name, value, free)
        self.inputs.append(value)

    def expect(self, name, value):
        self.graph.output.add().name = name
        self.outputs.append(value)


def forward(b, case, suffix, free):
    """The operators under test on inputs x0, x1, ... of this suffix; y is the square, so that every element has its own slope."""
    for name, ins, outs, attrs in case["nodes"]:
        ins = [v if not v or v[0] == "c" and v[1:].isdigit() else v + suffix for v in ins]
        b.node(name, ins, [v + suffix for v in outs], **attrs)
    b.node("Mul", ["y0" + suffix, "y0" + suffix], ["y" + suffix])
    b.node("ReduceSum", ["y" + suffix], ["sum" + suffix], keepdims=0)


def differences(b, case, i, x, rng, free):
    """Output e<i>: how far (f(x + h v) - f(x - h v)) / 2 h is from dx . v for a random direction v of input i: not at all."""
    v = np.asarray(rng.uniform(-1, 1, x[i].array.shape))
    for sign in (1, -1):
        suffix = f"_{i}{'p' if sign > 0 else 'm'}"
        for k, value in enumerate(x):
            b.give(f"x{k}{suffix}", Value(F, value.array + sign * STEP * v if k == i else value.array), free)
        forward(b, case, suffix, free)
    fill_tensor(b.graph.initializer.add(), Value(F, 2 * STEP), f"h{i}")
    fill_tensor(b.graph.initializer.add(), Value(F, v), f"v{i}")
    b.node("Sub", [f"sum_{i}p", f"sum_{i}m"], [f"change{i}"])
    b.node("Div", [f"change{i}", f"h{i}"], [f"slope{i}"])
    b.node("Mul", [f"dx{i}", f"v{i}"], [f"part{i}"])
    b.node("ReduceSum", [f"part{i}"], [f"along{i}"], keepdims=0)
    b.node("Sub", [f"slope{i}", f"along{i}"], [f"off{i}"])
    b.node("Abs", [f"slope{i}"], [f"size{i}"])
    b.node("Sum", [f"size{i}", "one"], [f"scale{i}"])
    b.node("Div", [f"off{i}", f"scale{i}"], [f"e{i}"])
    b.node("Shape", [f"dx{i}"], [f"shape{i}"])
    b.expect(f"e{i}", Value(F, 0.0))
    b.expect(f"shape{i}", ints(*x[i].array.shape))


def in_graph(b, case, names):
    """The case and its derivatives in the main graph."""
    forward(b, case, "", False)
    b.node("Gradient", names, ["d" + v for v in names], TRAINING, xs=names, y="y")


def in_function(b, case, names, elsewhere):
    """The same in a function: names are formal inputs, y a formal output, and the main graph has other values of these names.
    elsewhere: the function computes y from other numbers, and the node has the inputs where the derivatives are wanted."""
    constants = [f"c{i}" for i in range(len(case["extra"]))]
    at = ["z" + v for v in names] if elsewhere else []
    b.function(case["opset"], names + constants + at, ["y"] + ["d" + v for v in names])
    forward(b, case, "", False)
    b.node("Gradient", at or names, ["d" + v for v in names], TRAINING, xs=names, y="y")
    b.end_function()
    for other in ("y", "sum"):
        b.node("Identity", ["one"], [other])
    for v in names if elsewhere else []:
        b.node("Mul", [v, "half"], ["half_" + v])
    first = ["half_" + v for v in names] if elsewhere else names
    b.node("Derivatives", first + constants + (names if elsewhere else []), ["at"] + ["d" + v for v in names], "mine")


def write_case(folder, name, case, kind):
    """One test. kind: "" as it is, "free" with free sizes, "function" within a function of the model's, "elsewhere" so and at other inputs."""
    rng = np.random.default_rng(len(name))
    x = [Value(F, sample(F, s, rng, case["low"], case["high"])) for s in case["shapes"]]
    b = Build(case["opset"])
    free = kind == "free"
    for i, value in enumerate(case["extra"]):
        fill_tensor(b.graph.initializer.add(), value, f"c{i}")
    fill_tensor(b.graph.initializer.add(), Value(F, 1.0), "one")
    fill_tensor(b.graph.initializer.add(), Value(F, 0.5), "half")
    for i, value in enumerate(x):
        b.give(f"x{i}", value, free)
    names = [f"x{i}" for i in range(len(x))]
    if kind in ("function", "elsewhere"):
        in_function(b, case, names, kind == "elsewhere")
    else:
        in_graph(b, case, names)
    for i in range(len(x)):
        differences(b, case, i, x, rng, free)
    write_test(os.path.join(folder, f"gradient-{name}{'-' + kind if kind else ''}"), b.model, b.inputs, b.outputs, 1e-6, 1e-7)


def write(folder):
    """Tests for each case, with sizes given and left free where no rule needs them, and in functions; the number of tests."""
    n = 0
    for name, case in CASES.items():
        for kind in ("", "free", "function", "elsewhere"):
            if kind == "free" and name.startswith(("conv", "network")):
                continue  # sizes are needed: an error says so (test_ops_gradient.c)
            write_case(folder, name, case, kind)
            n += 1
    return n
