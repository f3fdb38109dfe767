#!/usr/bin/env python3
"""Writes the models of this folder, which break the promises of docs/determinism.md as a model may: make.py FOLDER

random.onnx     noise without a seed of its own: another in the second run of a session
positions.onnx  every row times its place in the batch
mixed.onnx      the mean over the batch is taken from every row
"""
import sys

import onnx
from onnx import TensorProto, helper


def save(name, nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    model = helper.make_model(graph, producer_name="onnxrun tests", opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, f"{sys.argv[1]}/{name}.onnx")


def batch(name):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 3])


def number(name, dtype, dims, values):
    return helper.make_tensor(name, dtype, dims, values)


save("random", [helper.make_node("RandomNormalLike", ["x"], ["noise"], name="noise"),
                helper.make_node("Add", ["x", "noise"], ["y"], name="add")], [batch("x")], [batch("y")])
save("positions", [helper.make_node("Shape", ["x"], ["shape"], name="shape"),
                   helper.make_node("Gather", ["shape", "zero"], ["n"], name="gather"),
                   helper.make_node("Range", ["zero", "n", "one"], ["places"], name="range"),
                   helper.make_node("Cast", ["places"], ["numbers"], name="cast", to=TensorProto.FLOAT),
                   helper.make_node("Unsqueeze", ["numbers", "axis"], ["column"], name="unsqueeze"),
                   helper.make_node("Mul", ["x", "column"], ["y"], name="mul")], [batch("x")], [batch("y")],
     [number("zero", TensorProto.INT64, [], [0]), number("one", TensorProto.INT64, [], [1]),
      number("axis", TensorProto.INT64, [1], [1])])
save("mixed", [helper.make_node("ReduceMean", ["x"], ["mean"], name="mean", axes=[0], keepdims=1),
               helper.make_node("Sub", ["x", "mean"], ["y"], name="sub")], [batch("x")], [batch("y")])
