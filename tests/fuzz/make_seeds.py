#!/usr/bin/env python3
"""Makes seeds for the fuzz targets from ONNX backend tests: make_seeds.py OUT DIR...

For every small model in and beneath DIR: the model as it is (load, run), the same with its integer inputs turned into
initializers, so that indices, axes and shapes have contents (run, structure), single messages (wire) and test data (pb).
Also a few arrays, archives and pictures made here. Needs python3-onnx and numpy.
"""
import io
import pathlib
import struct
import sys
import zipfile
import zlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MODEL_BYTES = 6000
INTS = {TensorProto.INT64, TensorProto.INT32, TensorProto.UINT8, TensorProto.BOOL}


def bound(model, folder):
    """The model with the integer inputs of its first data set as initializers; None when there are none."""
    bound_model = onnx.ModelProto()
    bound_model.CopyFrom(model)
    kept = []
    for i, info in enumerate(model.graph.input):
        path = folder / "test_data_set_0" / f"input_{i}.pb"
        kind = info.type.WhichOneof("value")
        if kind == "tensor_type" and info.type.tensor_type.elem_type in INTS and path.exists() and path.stat().st_size < 2000:
            tensor = TensorProto()
            tensor.ParseFromString(path.read_bytes())
            tensor.name = info.name
            bound_model.graph.initializer.append(tensor)
        else:
            kept.append(info)
    if len(kept) == len(model.graph.input):
        return None
    del bound_model.graph.input[:]
    bound_model.graph.input.extend(kept)
    return bound_model


def save(out, target, name, data):
    folder = out / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def from_models(out, folders):
    for root in folders:
        for path in sorted(pathlib.Path(root).rglob("model.onnx")):
            data = path.read_bytes()
            if len(data) > MODEL_BYTES:
                continue
            name = path.parent.name
            model = onnx.load_model_from_string(data)
            for target in ("load", "infer", "run", "structure"):
                save(out, target, name, data)
            save(out, "wire", name, b"\0" + data)
            with_contents = bound(model, path.parent)
            if with_contents is not None:
                for target in ("infer", "run", "structure"):
                    save(out, target, name + "_bound", with_contents.SerializeToString())
            for pb in sorted(path.parent.glob("test_data_set_0/*.pb")):
                if pb.stat().st_size > 1500:
                    continue
                i = int(pb.stem.rsplit("_", 1)[1])
                infos = model.graph.input if pb.stem.startswith("input") else model.graph.output
                if i >= len(infos):
                    continue
                kind = {"sequence_type": b"\1", "optional_type": b"\2", "map_type": b"\3"}
                lead = kind.get(infos[i].type.WhichOneof("value"), b"\0")
                save(out, "pb", f"{name}_{pb.stem}", lead + pb.read_bytes())


def arrays():
    yield "f32", np.arange(6, dtype=np.float32).reshape(2, 3)
    yield "fortran", np.asfortranarray(np.arange(6, dtype=np.int64).reshape(2, 3))
    yield "big_endian", np.arange(4, dtype=">i4")
    yield "bool", np.array([True, False])
    yield "complex", np.array([1 + 2j, 3], dtype=np.complex64)
    yield "bytes", np.array([b"ab", b"c"])
    yield "text", np.array(["h\u00e9", "w"])
    yield "scalar", np.float64(3)
    yield "empty", np.zeros((0, 3), dtype=np.float16)


def png(color, width=5, height=4, depth=8, interlace=0):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    line = (width * channels * depth + 7) // 8
    rows = b"".join(b"\0" + bytes((x * 37 + y * 11) % 256 for x in range(line)) for y in range(height))
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace))]
    if color == 3:
        parts.append(chunk(b"PLTE", bytes(range(256)) * 3))
    parts += [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def made_here(out, pictures):
    for name, a in arrays():
        f = io.BytesIO()
        np.save(f, a)
        save(out, "npy", name, f.getvalue())
    for compressed in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        f = io.BytesIO()
        with zipfile.ZipFile(f, "w", compressed) as z:
            for name, a in list(arrays())[:3]:
                inner = io.BytesIO()
                np.save(inner, a)
                z.writestr(name + ".npy", inner.getvalue())
        save(out, "npz", f"zip_{compressed}", f.getvalue())
    for color in (0, 2, 3, 4, 6):
        save(out, "picture", f"color{color}.png", png(color))
    save(out, "picture", "bits1.png", png(0, depth=1))
    save(out, "picture", "bits16.png", png(2, depth=16))
    save(out, "picture", "grey.pgm", b"P5\n# a remark\n3 2\n255\n" + bytes(range(6)))
    save(out, "picture", "deep.ppm", b"P6 2 1 65535\n" + bytes(range(12)))
    for path in pictures:
        if path.stat().st_size < 20000:
            save(out, "picture", path.name, path.read_bytes())
    for dtype in range(28):
        save(out, "raw", f"type{dtype}", bytes([dtype, 2, 2, 3]) + bytes(range(48)))
    save(out, "raw", "wide", bytes([1, 17]) + struct.pack("<q", 2) + bytes(8))
    sparse = helper.make_sparse_tensor(numpy_helper.from_array(np.ones(2, np.float32), "v"),
                                       numpy_helper.from_array(np.array([1, 3], np.int64), "i"), [4])
    save(out, "wire", "sparse", b"\5" + sparse.SerializeToString())


if __name__ == "__main__":
    destination = pathlib.Path(sys.argv[1])
    from_models(destination, sys.argv[2:])
    made_here(destination, sorted((pathlib.Path(__file__).parent.parent / "data").rglob("*.jp*g")))
