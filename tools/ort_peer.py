"""Runs ONNX Runtime (npm's onnxruntime-node) on a model and the inputs of a test data set, for the tools that compare with it.

May assume: node is on the PATH, and DIR/node_modules has onnxruntime-node (tools/bench_peers.sh puts it into build/peers). A model's
sequences and optionals are not passed on: no model of the comparisons takes them.
"""

import json
import os
import subprocess
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
# NumPy's type name: the name that ONNX Runtime's JavaScript interface has for it.
TYPES = {"float32": "float32", "float64": "float64", "int64": "int64", "int32": "int32", "uint8": "uint8", "int8": "int8", "bool": "bool"}


def read_tensors(folder, kind):
    """The tensors of FOLDER/<kind>_0.pb, <kind>_1.pb, ... as (name, array)."""
    tensors = []
    while os.path.exists(path := os.path.join(folder, f"{kind}_{len(tensors)}.pb")):
        proto = onnx.TensorProto()
        with open(path, "rb") as f:
            proto.ParseFromString(f.read())
        tensors.append((proto.name, numpy_helper.to_array(proto)))
    return tensors


def write_feeds(tensors, folder):
    """Raw files and the list that bench_ort.js reads; its path."""
    feeds = []
    for i, (name, array) in enumerate(tensors):
        with open(os.path.join(folder, f"{i}.bin"), "wb") as f:
            f.write(np.ascontiguousarray(array).tobytes())
        feeds.append({"name": name, "type": TYPES[str(array.dtype)], "dims": list(array.shape), "file": f"{i}.bin"})
    path = os.path.join(folder, "feeds.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(feeds, f)
    return path


def run(modules, model, tensors, threads, runs, want_outputs=False):
    """What bench_ort.js measured (load_ms, times_ms, rss_mb), and with want_outputs the outputs as flat float32 arrays."""
    with tempfile.TemporaryDirectory() as folder:
        feeds = write_feeds(tensors, folder)
        command = ["node", os.path.join(HERE, "bench_ort.js"), modules, model, feeds, str(threads), str(runs)]
        out = json.loads(subprocess.run(command + ([folder] if want_outputs else []), check=True, capture_output=True, text=True).stdout)
        if want_outputs:
            out["outputs"] = [np.fromfile(os.path.join(folder, f"output_{i}.bin"), np.float32) for i in range(out["n_outputs"])]
        return out
