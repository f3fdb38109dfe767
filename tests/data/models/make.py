#!/usr/bin/env python3
"""Writes the models of this folder: something of everything that a session does, in little time and memory: make.py FOLDER

conv.onnx       residual blocks to fuse and to block, a depthwise convolution, pooling, resizing, a dense layer
control.onnx    If, Loop and Scan, within each other, with captures
sequence.onnx   sequences, optionals and strings (of ASCII: libunistring has memory of its own, which the tests of failing memory do not see)
quantized.onnx  8-bit convolution and matrix products, static and dynamic
trees.onnx      a tree ensemble, a scaler and a linear model (ai.onnx.ml)
recurrent.onnx  LSTM and GRU, attention by hand, a normalization
external.onnx   weights in external.bin beside it

Every input has the free first dimension "batch" (of control.onnx's Scan it is the sequence). Debian's python3-onnx and python3-numpy.
"""
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

FOLDER = sys.argv[1]
RNG = np.random.default_rng(16)


def node(op, inputs, outputs, domain="", **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), name=f"{op}_{outputs.split()[0]}", domain=domain, **attributes)


def weights(**shapes):
    return [numpy_helper.from_array((RNG.standard_normal(shape) * 0.3).astype(np.float32), name) for name, shape in shapes.items()]


def constant(name, values, dtype):
    return numpy_helper.from_array(np.array(values, dtype), name)


def info(name, dtype=T.FLOAT, shape=None):
    return helper.make_tensor_value_info(name, dtype, shape)


def save(name, nodes, inputs, outputs, initializers=(), check=True, **where):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    model = helper.make_model(graph, producer_name="onnxrun tests",
                              opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)])
    model.ir_version = 8
    if check:
        onnx.checker.check_model(model, full_check=True)
    onnx.save(model, os.path.join(FOLDER, name + ".onnx"), **where)


def conv():
    bn = [numpy_helper.from_array(np.abs(RNG.standard_normal(16)).astype(np.float32) + 0.5, n) for n in ("s", "b", "m", "v")]
    save("conv", [
        node("Conv", "x w1", "c1", pads=[1, 1, 1, 1]), node("BatchNormalization", "c1 s b m v", "n1"), node("Relu", "n1", "r1"),
        node("Conv", "r1 w2", "c2", pads=[1, 1, 1, 1]), node("Add", "c2 r1", "a2"), node("Relu", "a2", "r2"),
        node("Conv", "r2 wd", "d", group=16, pads=[1, 1, 1, 1], strides=[2, 2]), node("Clip", "d zero six", "d6"),
        node("MaxPool", "d6", "p", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Resize", ["p", "", "scales"], ["u"], name="Resize_u", mode="linear"),
        node("GlobalAveragePool", "u", "g"), node("Flatten", "g", "f"), node("Gemm", "f fc fb", "y", transB=1),
        node("Softmax", "y", "z"), node("Mul", "fc fc", "fc2"), node("MatMul", "z fc2", "back")],
        [info("x", shape=["batch", 3, 12, 12])], [info("z", shape=["batch", 5]), info("back", shape=["batch", 16])],
        weights(w1=(16, 3, 3, 3), w2=(16, 16, 3, 3), wd=(16, 1, 3, 3), fc=(5, 16), fb=(5,)) + bn +
        [constant("zero", 0, np.float32), constant("six", 6, np.float32), constant("scales", [1, 1, 2, 2], np.float32)])


def control():
    def branch(name, op):
        return helper.make_graph([node(op, "x", name)], name, [], [info(name, shape=["batch", 4])])
    inner = helper.make_node("If", ["go_in"], ["t"], name="If_t", then_branch=branch("ta", "Exp"), else_branch=branch("tb", "Neg"))
    body = helper.make_graph([node("Mul", "v k", "v1"), node("Add", "v1 x", "v2"), node("Identity", "go_in", "go_out"), inner,
                              node("Add", "v2 t", "v3"), node("ReduceSum", "v3 axis", "kept", keepdims=0)], "body",
                             [info("i", T.INT64, []), info("go_in", T.BOOL, []), info("v", shape=["batch", 4])],
                             [info("go_out", T.BOOL, []), info("v3", shape=["batch", 4]), info("kept", shape=["batch"])])
    scan = helper.make_graph([node("Add", "state row", "next"), node("Tanh", "next", "seen")], "scan",
                             [info("state", shape=[4]), info("row", shape=[4])],
                             [info("next", shape=[4]), info("seen", shape=[4])])
    save("control", [
        helper.make_node("Loop", ["times", "yes", "x"], ["last", "all"], name="Loop_last", body=body),
        helper.make_node("Scan", ["start", "x"], ["sum", "steps"], name="Scan_sum", body=scan, num_scan_inputs=1),
        node("ReduceMax", "x", "most", keepdims=0), node("Greater", "most k", "big"),
        helper.make_node("If", ["big"], ["chosen"], name="If_chosen",
                         then_branch=helper.make_graph([node("Add", "last steps", "ca")], "ca", [], [info("ca", shape=["batch", 4])]),
                         else_branch=helper.make_graph([node("Sub", "last steps", "cb")], "cb", [], [info("cb", shape=["batch", 4])])),
        node("NonZero", "x", "places")],
        [info("x", shape=["batch", 4])],
        [info("chosen", shape=["batch", 4]), info("all", shape=[None, "batch"]), info("sum", shape=[4]),
         info("places", T.INT64, [2, None])],
        [constant("times", 3, np.int64), constant("yes", True, bool), constant("k", 0.5, np.float32),
         constant("axis", [1], np.int64), constant("start", [0, 1, 2, 3], np.float32)])


def sequence():
    words = helper.make_tensor("words", T.STRING, [4], [b"Some", b"and", b"more", b"pears"])
    save("sequence", [
        node("SequenceConstruct", "x x", "pair"), node("Neg", "x", "minus"), node("SequenceInsert", "pair minus one", "three"),
        node("ConcatFromSequence", "three", "long", axis=0), node("SplitToSequence", "long one", "rows", axis=0),
        node("SequenceLength", "rows", "n_rows"), node("SequenceAt", "rows one", "row"), node("Optional", "row", "maybe"),
        node("OptionalGetElement", "maybe", "again"),
        node("StringNormalizer", "words", "kept", case_change_action="UPPER", stopwords=["and"]),
        node("Cast", "x", "text", to=T.STRING), node("Cast", "text", "number", to=T.FLOAT),
        node("LabelEncoder", "words", "ids", domain="ai.onnx.ml", keys_strings=["Some", "more"], values_int64s=[7, 9],
             default_int64=-1),
        node("TfIdfVectorizer", "ids", "counts", mode="TF", min_gram_length=1, max_gram_length=2, max_skip_count=0, ngram_counts=[0, 2],
             ngram_indexes=[0, 1, 2], pool_int64s=[7, 9, 7, -1])],
        [info("x", shape=["batch", 3])],
        [info("long", shape=[None, 3]), helper.make_tensor_sequence_value_info("rows", T.FLOAT, None), info("n_rows", T.INT64, []),
         info("again", shape=[1, 3]), info("kept", T.STRING, [None]), info("number", shape=["batch", 3]), info("ids", T.INT64, [4]),
         info("counts", shape=[3]), info("text", T.STRING, ["batch", 3])],
        [words, constant("one", 1, np.int64)], check=False) # the checker's inference knows no types of sequences' items here


def quantized():
    def scale(name, value):
        return constant(name, value, np.float32)
    save("quantized", [
        node("QuantizeLinear", "x xs xz", "xq"),
        node("QLinearConv", "xq xs xz wq ws wz cs cz bias", "cq", pads=[1, 1, 1, 1]),
        node("DequantizeLinear", "cq cs cz", "c"), node("Relu", "c", "r"), node("GlobalAveragePool", "r", "g"),
        node("Flatten", "g", "f"), node("DynamicQuantizeLinear", "f", "fq fs fz"),
        node("MatMulInteger", "fq mq fz mz", "mi"), node("Cast", "mi", "mf", to=T.FLOAT), node("Mul", "mf fs", "y"),
        node("QuantizeLinear", "y ys yz", "yq"), node("QLinearMatMul", "yq ys yz nq ws mz ys yz", "zq"),
        node("DequantizeLinear", "zq ys yz", "z")],
        [info("x", shape=["batch", 3, 8, 8])], [info("y", shape=["batch", 6]), info("z", shape=["batch", 4])],
        [scale("xs", 0.02), constant("xz", 128, np.uint8), scale("ws", 0.01), constant("wz", 0, np.int8), scale("cs", 0.05),
         constant("cz", 120, np.uint8), scale("ys", 0.1), constant("yz", 100, np.uint8), constant("mz", 0, np.int8),
         constant("wq", RNG.integers(-127, 127, (8, 3, 3, 3)), np.int8), constant("mq", RNG.integers(-127, 127, (8, 6)), np.int8),
         constant("nq", RNG.integers(-127, 127, (6, 4)), np.int8), constant("bias", RNG.integers(-99, 99, 8), np.int32)])


def trees():
    n = 2 # trees of three nodes each
    maps = onnx.TypeProto()
    maps.sequence_type.elem_type.map_type.key_type = T.STRING
    maps.sequence_type.elem_type.map_type.value_type.CopyFrom(helper.make_tensor_type_proto(T.FLOAT, []))
    save("trees", [
        node("Scaler", "x", "scaled", domain="ai.onnx.ml", offset=[0.5, 0.0, -0.5], scale=[1.0, 2.0, 0.5]),
        node("TreeEnsembleClassifier", "scaled", "label scores", domain="ai.onnx.ml", classlabels_strings=["no", "yes"],
             nodes_treeids=[t for t in range(n) for _ in range(3)], nodes_nodeids=[0, 1, 2] * n,
             nodes_featureids=[0, 0, 0, 2, 0, 0], nodes_values=[0.1, 0.0, 0.0, -0.2, 0.0, 0.0],
             nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"] * n, nodes_truenodeids=[1, 0, 0] * n, nodes_falsenodeids=[2, 0, 0] * n,
             class_treeids=[t for t in range(n) for _ in range(2)], class_nodeids=[1, 2] * n, class_ids=[0, 1] * n,
             class_weights=[0.3, 0.7, 0.6, 0.2], post_transform="SOFTMAX"),
        node("LinearRegressor", "scaled", "line", domain="ai.onnx.ml", coefficients=[0.5, -1.0, 2.0], intercepts=[0.25]),
        node("ZipMap", "scores", "named", domain="ai.onnx.ml", classlabels_strings=["no", "yes"])],
        [info("x", shape=["batch", 3])],
        [info("label", T.STRING, ["batch"]), info("scores", shape=["batch", 2]), info("line", shape=["batch", 1]),
         helper.make_value_info("named", maps)], check=False) # the checker infers no maps


def recurrent():
    save("recurrent", [
        node("Transpose", "x", "xt", perm=[1, 0, 2]),
        node("LSTM", "xt lw lr lb", "l lh lc", hidden_size=5, direction="bidirectional"),
        node("GRU", "xt gw gr", "gy gh", hidden_size=5, linear_before_reset=1),
        node("Squeeze", "gh axis0", "q"), node("Transpose", "lh", "lt", perm=[1, 0, 2]), node("Unsqueeze", "q axis1", "q1"),
        node("Transpose", "lt", "ltt", perm=[0, 2, 1]), node("MatMul", "q1 ltt", "weight"), node("Softmax", "weight", "soft"),
        node("MatMul", "soft lt", "mixed"), node("Squeeze", "mixed axis1", "flat"),
        node("LayerNormalization", "flat ns nb", "normed"), node("Einsum", "normed normed", "square", equation="ij,ik->ijk"),
        node("CumSum", "square axis", "sums"), node("TopK", "normed two", "best places")],
        [info("x", shape=["batch", 6, 4])],
        [info("sums", shape=["batch", 5, 5]), info("best", shape=["batch", 2]), info("places", T.INT64, ["batch", 2])],
        weights(lw=(2, 20, 4), lr=(2, 20, 5), lb=(2, 40), gw=(1, 15, 4), gr=(1, 15, 5), ns=(5,), nb=(5,)) +
        [constant("axis0", [0], np.int64), constant("axis1", [1], np.int64), constant("axis", 1, np.int64), constant("two", [2], np.int64)])


def external():
    save("external", [node("Gemm", "x w b", "h"), node("Relu", "h", "r"), node("MatMul", "r w2", "y")], [info("x", shape=["batch", 24])],
         [info("y", shape=["batch", 3])], weights(w=(24, 40), b=(40,), w2=(40, 3)), save_as_external_data=True, location="external.bin",
         size_threshold=16)


for make in (conv, control, sequence, quantized, trees, recurrent, external):
    if make is external and os.path.exists(os.path.join(FOLDER, "external.bin")):
        os.remove(os.path.join(FOLDER, "external.bin"))  # it would be appended to
    make()
