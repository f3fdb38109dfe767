"""What a test of an operator is, and how it becomes a folder that `onnxrun test` runs: a model for each row of the registry and
element type, with a node (or a few) for each case.

May assume: NumPy and Debian's python3-onnx, whose checker is not used (it is older than the operators). Never computes a result.
"""
import json
import os
import zlib

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto

from numbers_of import TYPES, raw

# Floats: relative tolerance by element type; the absolute one is a tenth of it, but for what ABSOLUTE names: sums of more than a
# hundred products reach 17, and Winograd's transforms add terms of that size before they cancel (measured: 3.1e-6 off where the
# result is 0.04, which is 1.8e-7 of the largest; at -O0, without Winograd, the usual tolerance holds).
TOLERANCE = {"float32": 2e-5, "float64": 1e-10, "float16": 2e-3, "bfloat16": 1.6e-2}
ABSOLUTE = {("Conv", "float32"): 1e-5}


NEWEST_OPSET = 27


class Value:
    """An array of an ONNX element type."""

    def __init__(self, name, array):
        self.name = name
        self.array = np.asarray(array, TYPES[name][1])


class Case:
    """One node of the row's operator. ins: Values, None for inputs left out; outs: Values, None for outputs not asked for."""

    def __init__(self, ins, outs, static=(), **attrs):
        self.ins, self.outs, self.static, self.attrs = ins, outs, static, attrs

    def nodes(self, op, domain):
        ins = [f"x{i}" if value is not None else "" for i, value in enumerate(self.ins)]
        return [node_of(op, ins, [f"y{i}" if value is not None else "" for i, value in enumerate(self.outs)], domain, **self.attrs)]


class Chain(Case):
    """Several nodes, made by node_of: they read the inputs x0, x1, ... and write the outputs y0, y1, ..."""

    def __init__(self, nodes, ins, outs, static=()):
        super().__init__(ins, outs, static)
        self.chain = nodes

    def nodes(self, op, domain):
        return self.chain


def node_of(op, ins, outs, domain="", **attrs):
    node = NodeProto(op_type=op, input=ins, output=outs, domain=domain)
    for name, value in attrs.items():
        set_attr(node, name, value)
    return node


def body(nodes, ins, outs):
    """A subgraph. ins: pairs of a name and an element type; what else its nodes read comes from the graph around it. outs: names,
    or pairs of a name and a Value of the same type."""
    graph = GraphProto(name="body", node=nodes)
    for name, kind in ins:
        entry = graph.input.add(name=name)
        entry.type.tensor_type.elem_type = TYPES[kind][0]
    for entry in outs:
        if isinstance(entry, str):
            graph.output.add(name=entry)
        else:
            declare(graph.output.add(), *entry, False)
    return graph


def rename(nodes, tail):
    """Copies of nodes in which every name of a value ends in `tail`, also in subgraphs."""
    copies = []
    for node in nodes:
        copy = NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = [name + tail if name else "" for name in node.input]
        copy.output[:] = [name + tail if name else "" for name in node.output]
        for attr in copy.attribute:
            if attr.type == 5:
                inner = rename(attr.g.node, tail)
                del attr.g.node[:]
                attr.g.node.extend(inner)
                for info in (*attr.g.input, *attr.g.output):
                    info.name += tail
        copies.append(copy)
    return copies


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
        for where, version in {"": NEWEST_OPSET, domain: opset}.items():
            entry = self.model.opset_import.add()
            entry.domain, entry.version = where, version
        self.domain, self.op = domain, op
        self.inputs, self.outputs = [], []

    def add(self, k, case):
        """Every second case has inputs whose sizes are free; inputs of `static` are initializers in every other case."""
        graph = self.model.graph
        for i, value in enumerate(case.ins):
            name = f"x{i}_{k}"
            if value is None:
                continue
            if i in case.static and k % 2 == 0:
                fill_tensor(graph.initializer.add(), value, name)
            else:
                declare(graph.input.add(), name, value, k % 4 > 1)
                self.inputs.append(value)
        for i, value in enumerate(case.outs):
            if value is not None:
                graph.output.add().name = f"y{i}_{k}"
                self.outputs.append(value)
        for i, node in enumerate(rename(case.nodes(self.op, self.domain), f"_{k}")):
            node.name = f"case_{k}_{i}" if i else f"case_{k}"
            graph.node.append(node)

    def save(self, folder, relative, absolute):
        self.model.graph.name = "spec"
        write_test(folder, self.model, self.inputs, self.outputs, relative, absolute)


def write_test(folder, model, inputs, outputs, relative, absolute):
    data = os.path.join(folder, "test_data_set_0")
    os.makedirs(data)
    with open(os.path.join(folder, "model.onnx"), "wb") as f:
        f.write(model.SerializeToString())
    with open(os.path.join(folder, "data.json"), "w", encoding="utf-8") as f:
        json.dump({"rtol": relative, "atol": absolute}, f)
    for kind, values in (("input", inputs), ("output", outputs)):
        for i, value in enumerate(values):
            with open(os.path.join(data, f"{kind}_{i}.pb"), "wb") as f:
                f.write(fill_tensor(TensorProto(), value).SerializeToString())


def seed_of(text):
    """The same for the same words on every machine."""
    return np.random.default_rng(zlib.crc32(text.encode()))
