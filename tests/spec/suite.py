"""What a test of an operator is, and how it becomes a folder that `onnxrun test` runs: a model for each row of the registry and
element type, with a node for each case.

May assume: NumPy and Debian's python3-onnx, whose checker is not used (it is older than the operators). Never computes a result.
"""
import json
import os
import zlib

import numpy as np
from onnx import GraphProto, ModelProto, TensorProto

from numbers_of import TYPES, raw

# Floats: relative tolerance by element type; the absolute one is 1e-6 of the type's precision around 1.
TOLERANCE = {"float32": 2e-5, "float64": 1e-10, "float16": 2e-3, "bfloat16": 1.6e-2}


class Value:
    """An array of an ONNX element type."""

    def __init__(self, name, array):
        self.name = name
        self.array = np.asarray(array, TYPES[name][1])


class Case:
    """One node. ins: Values, None for inputs left out; outs: Values, None for outputs not asked for."""

    def __init__(self, ins, outs, static=(), **attrs):
        self.ins, self.outs, self.static, self.attrs = ins, outs, static, attrs


def ints(*v):
    return Value("int64", np.array(v, np.int64))


def fill_tensor(proto, value, name=""):
    proto.name = name
    proto.data_type = TYPES[value.name][0]
    proto.dims.extend(value.array.shape)
    if value.name == "string":
        proto.string_data.extend(s.encode() for s in value.array.ravel())
    else:
        proto.raw_data = raw(value.array, value.name)
    return proto


def set_attr(node, name, value):
    a = node.attribute.add()
    a.name = name
    first = value[0] if isinstance(value, (list, tuple)) and value else None
    if isinstance(value, Value):
        a.type = 4
        fill_tensor(a.t, value)
    elif isinstance(value, GraphProto):
        a.type = 5
        a.g.CopyFrom(value)
    elif isinstance(value, (bool, int, np.integer)):
        a.type, a.i = 2, int(value)
    elif isinstance(value, float):
        a.type, a.f = 1, value
    elif isinstance(value, (str, bytes)):
        a.type, a.s = 3, value.encode() if isinstance(value, str) else value
    elif isinstance(first, float):
        a.type = 6
        a.floats.extend(value)
    elif isinstance(first, str):
        a.type = 8
        a.strings.extend(s.encode() for s in value)
    else:
        a.type = 7
        a.ints.extend(int(v) for v in value)


def declare(info, name, value, free):
    info.name = name
    tensor = info.type.tensor_type
    tensor.elem_type = TYPES[value.name][0]
    for k, d in enumerate(value.array.shape):
        dim = tensor.shape.dim.add()
        if free:
            dim.dim_param = f"{name}_{k}"
        else:
            dim.dim_value = d


class Writer:
    """Collects the cases of one model."""

    def __init__(self, domain, opset, op):
        self.model = ModelProto()
        self.model.ir_version = 13
        for where, version in {"": 27, domain: opset}.items():
            entry = self.model.opset_import.add()
            entry.domain, entry.version = where, version
        self.domain, self.op = domain, op
        self.inputs, self.outputs = [], []

    def add(self, k, case):
        """Every second case has inputs whose sizes are free; inputs of `static` are initializers in every other case."""
        graph = self.model.graph
        node = graph.node.add()
        node.op_type, node.domain, node.name = self.op, self.domain, f"case_{k}"
        for i, value in enumerate(case.ins):
            name = f"x{k}_{i}" if value is not None else ""
            node.input.append(name)
            if value is None:
                continue
            if i in case.static and k % 2 == 0:
                fill_tensor(graph.initializer.add(), value, name)
            else:
                declare(graph.input.add(), name, value, k % 4 > 1)
                self.inputs.append(value)
        for i, value in enumerate(case.outs):
            name = f"y{k}_{i}" if value is not None else ""
            node.output.append(name)
            if value is not None:
                graph.output.add().name = name
                self.outputs.append(value)
        for name, value in case.attrs.items():
            set_attr(node, name, value)

    def save(self, folder, tolerance):
        self.model.graph.name = "spec"
        write_test(folder, self.model, self.inputs, self.outputs, tolerance)


def write_test(folder, model, inputs, outputs, tolerance):
    data = os.path.join(folder, "test_data_set_0")
    os.makedirs(data)
    with open(os.path.join(folder, "model.onnx"), "wb") as f:
        f.write(model.SerializeToString())
    with open(os.path.join(folder, "data.json"), "w", encoding="utf-8") as f:
        json.dump({"rtol": tolerance, "atol": tolerance / 10}, f)
    for kind, values in (("input", inputs), ("output", outputs)):
        for i, value in enumerate(values):
            with open(os.path.join(data, f"{kind}_{i}.pb"), "wb") as f:
                f.write(fill_tensor(TensorProto(), value).SerializeToString())


def seed_of(text):
    """The same for the same words on every machine."""
    return np.random.default_rng(zlib.crc32(text.encode()))
