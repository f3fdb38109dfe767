#!/usr/bin/env python3
"""Writes tests/data/cli: models of a few nodes, inputs and backend tests for the tests of the command line tool.

May assume: Debian's python3-onnx, python3-numpy and python3-pil. Never needed by the build or the tests: what it writes is committed.
Numbers are small and whole, so that results are the same on every machine.
"""
import os
import shutil

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

HERE = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "data", "cli"))


def path(*parts):
    full = os.path.join(HERE, *parts)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    return full


def value(name, dims, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, dims)


def model(name, nodes, inputs, outputs, weights=(), opset=13):
    graph = helper.make_graph(nodes, name, inputs, outputs, [numpy_helper.from_array(a, n) for n, a in weights])
    m = helper.make_model(graph, producer_name="onnxrun tests", opset_imports=[helper.make_opsetid("", opset)])
    m.ir_version = 8
    return m


def linear():
    """x [batch, 4] times a matrix plus a vector."""
    w = np.arange(12, dtype=np.float32).reshape(4, 3) - 5
    b = np.array([1, 0, -1], np.float32)
    return model("linear", [helper.make_node("Gemm", ["x", "w", "b"], ["y"], name="dense")], [value("x", ["batch", 4])],
                 [value("y", ["batch", 3])], [("w", w), ("b", b)])


def two():
    """Two inputs, two outputs."""
    nodes = [helper.make_node("Add", ["a", "b"], ["sum"]), helper.make_node("Sub", ["a", "b"], ["difference"])]
    return model("two", nodes, [value("a", [2, 3]), value("b", [2, 3])], [value("sum", [2, 3]), value("difference", [2, 3])])


def colours():
    """The mean of each colour plane: which of red, green and blue a picture is."""
    nodes = [helper.make_node("GlobalAveragePool", ["picture"], ["mean"]), helper.make_node("Flatten", ["mean"], ["logits"])]
    return model("colours", nodes, [value("picture", ["batch", 3, 4, 4])], [value("logits", ["batch", 3])])


def unknown():
    nodes = [helper.make_node("Relu", ["x"], ["a"]), helper.make_node("Frobnicate", ["a"], ["b"], name="odd"),
             helper.make_node("Defenestrate", ["b"], ["y"])]
    return model("unknown", nodes, [value("x", [2])], [value("y", [2])])


def free():
    """Everything about the shape is free."""
    return model("free", [helper.make_node("Relu", ["x"], ["y"])], [value("x", ["batch", "length"])], [value("y", ["batch", "length"])])


def clash():
    """A matrix product whose sides do not fit."""
    return model("clash", [helper.make_node("MatMul", ["a", "b"], ["y"], name="product")], [value("a", [2, 3]), value("b", [4, 5])],
                 [value("y", [2, 5])])


def odd():
    """Runs, but much about it is odd: nodes out of order, a baked batch, weights that are no numbers, wrong declarations."""
    w = np.array([[1, np.nan, 3], [4, 5, np.inf]], np.float32)
    tiny = np.array([1e-40, 70000, 1], np.float32)
    nodes = [helper.make_node("MatMul", ["flat", "w"], ["y"], name="product"),
             helper.make_node("Reshape", ["sum", "shape"], ["flat"], name="flatten"),
             helper.make_node("Add", ["x", "tiny"], ["sum"], name="shift")]
    m = model("odd", nodes, [value("x", ["batch", 2, 3]), value("extra", [1])], [value("y", [3, 2])],
              [("w", w.T), ("tiny", tiny), ("shape", np.array([2, 3], np.int64)), ("spare", tiny)])
    m.graph.value_info.append(value("sum", ["batch", 2, 4]))
    return m


def broken():
    """Everything that can be wrong at once."""
    f = np.ones([4, 3], np.float32)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["a"], name="product"),
             helper.make_node("MatMul", ["a", "w"], ["b"], name="clash"),
             helper.make_node("Relu", ["nowhere"], ["c"], name="lost"),
             helper.make_node("Relu", ["a"], ["c"], name="twin"),
             helper.make_node("Softmax", ["a"], ["d"], name="odd", axes=[1]),
             helper.make_node("Frobnicate", ["a"], ["e"], name="unknown"),
             helper.make_node("Scaler", ["a"], ["f"], name="elsewhere"),
             helper.make_node("BitShift", ["a", "a"], ["g"], name="floats", direction="LEFT"),
             helper.make_node("Add", ["loop", "a"], ["back"], name="round"),
             helper.make_node("Relu", ["back"], ["loop"], name="trip")]
    m = model("broken", nodes, [value("x", [2, 4]), value("w", [4, 3])], [value("b", [2, 3]), value("c", None)],
              [("w", f), ("w", f), ("short", f)])
    m.graph.initializer[2].raw_data = m.graph.initializer[2].raw_data[:8]
    return m


def forever():
    """A loop whose condition stays true."""
    body = helper.make_graph([helper.make_node("Identity", ["on"], ["still"]), helper.make_node("Neg", ["v"], ["w"])], "body",
                             [value("i", [], TensorProto.INT64), value("on", [], TensorProto.BOOL), value("v", [1])],
                             [value("still", [], TensorProto.BOOL), value("w", [1])])
    return model("forever", [helper.make_node("Loop", ["", "", "x"], ["y"], name="round", body=body)], [value("x", [1])],
                 [value("y", [1])])


def endless():
    """One operator that takes years: 2^20 samples for each of 2^24 numbers."""
    node = helper.make_node("RoiAlign", ["x", "rois", "batch"], ["y"], name="sampling", output_height=4096, output_width=4096,
                            sampling_ratio=1024)
    return model("endless", [node], [value("x", [1, 1, 1, 1])], [value("y", [1, 1, 4096, 4096])],
                 [("rois", np.array([[0, 0, 1, 1]], np.float32)), ("batch", np.array([0], np.int64))])


def hoard():
    """A loop that keeps eight megabytes of every round."""
    body = helper.make_graph([helper.make_node("Identity", ["on"], ["still"]), helper.make_node("Expand", ["x", "shape"], ["piece"])],
                             "body", [value("i", [], TensorProto.INT64), value("on", [], TensorProto.BOOL)],
                             [value("still", [], TensorProto.BOOL), value("piece", [2097152])])
    return model("hoard", [helper.make_node("Loop", ["", "yes"], ["y"], name="round", body=body)], [value("x", [1])],
                 [value("y", ["rounds", 2097152])], [("yes", np.array(True)), ("shape", np.array([2097152], np.int64))])


def greedy():
    """A few bytes that become 32 GiB."""
    nodes = [helper.make_node("Expand", ["x", "shape"], ["wide"], name="widen"), helper.make_node("Relu", ["wide"], ["y"])]
    return model("greedy", nodes, [value("x", [1])], [value("y", [1 << 33])], [("shape", np.array([1 << 33], np.int64))])


def save_test(m, folder, inputs, outputs, data=0):
    onnx.save(m, path(folder, "model.onnx"))
    for kind, arrays in (("input", inputs), ("output", outputs)):
        for i, a in enumerate(arrays):
            with open(path(folder, f"test_data_set_{data}", f"{kind}_{i}.pb"), "wb") as f:
                f.write(numpy_helper.from_array(a, f"{kind}_{i}").SerializeToString())


def suite():
    x = np.array([[-1, 2, -3]], np.float32)
    relu = model("relu", [helper.make_node("Relu", ["x"], ["y"])], [value("x", [1, 3])], [value("y", [1, 3])])
    y = np.maximum(x, 0)
    save_test(relu, "suite/test_good", [x], [y])
    save_test(relu, "suite/test_good", [x * 2], [y * 2], 1)
    save_test(relu, "suite/test_wrong_value", [x], [np.array([[0, 2.5, 9]], np.float32)])
    save_test(relu, "suite/test_wrong_shape", [x], [y.reshape(3)])
    save_test(relu, "suite/test_wrong_type", [x], [y.astype(np.float64)])
    save_test(relu, "suite/test_loose", [x], [y + np.float32(0.01)])
    with open(path("suite/test_loose/data.json"), "w") as f:
        f.write('{"rtol": 0, "atol": 0.02}\n')
    save_test(relu, "suite/test_no_output", [x], [])
    onnx.save(relu, path("suite/test_no_data/model.onnx"))
    save_test(unknown(), "suite/deep/test_unknown", [x[0, :2]], [x[0, :2]])
    with open(path("suite/deep/test_broken/model.onnx"), "wb") as f:
        f.write(b"this is no model")
    os.makedirs(path("suite/deep/test_broken/test_data_set_0"), exist_ok=True)
    with open(path("suite/deep/test_broken/test_data_set_0/input_0.pb"), "wb") as f:
        f.write(numpy_helper.from_array(x, "x").SerializeToString())
    nan = np.array([[np.nan, np.inf, -np.inf]], np.float32)
    double = model("twice", [helper.make_node("Add", ["x", "x"], ["y"])], [value("x", [1, 3])], [value("y", [1, 3])])
    save_test(double, "suite/test_nan", [nan], [nan])


def inputs():
    x = np.array([[1, 2, 3, 4]], np.float32)
    np.save(path("x.npy"), x)
    np.save(path("x3.npy"), np.vstack([x, x * 2, x * 0]))
    np.save(path("x_double.npy"), x.astype(np.float64))
    np.save(path("x_narrow.npy"), x[:, :3])
    x.tofile(path("x.bin"))
    a = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.savez(path("ab.npz"), b=a * 10, a=a)
    np.savez(path("numbered.npz"), a, a * 10)
    np.save(path("a.npy"), a)
    np.save(path("b.npy"), a * 10)
    with open(path("x.pb"), "wb") as f:
        f.write(numpy_helper.from_array(x, "x").SerializeToString())
    for name, colour in (("red", (255, 0, 0)), ("sky", (90, 160, 255)), ("black", (0, 0, 0))):
        Image.new("RGB", (4, 4), colour).save(path(name + ".png"))
    Image.new("RGB", (9, 6), (10, 200, 40)).save(path("grass.jpg"), quality=95)
    with open(path("colours.onnx.json"), "w") as f:
        f.write('{"version": 1, "labels": "colours.txt", "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25],\n'
                ' "scale": 0.00392156862745098, "layout": "NCHW", "channels": "RGB", "size": [4, 4]}\n')
    with open(path("colours.txt"), "w") as f:
        f.write("red\ngreen\nblue\n")


shutil.rmtree(HERE, ignore_errors=True)
for make in (linear, two, colours, unknown, free, clash, odd, broken, forever, endless, hoard, greedy):
    onnx.save(make(), path(make.__name__ + ".onnx"))
inputs()
suite()
