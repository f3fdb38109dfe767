#!/usr/bin/env python3
"""Models that `onnxrun optimize` and `onnxrun extract` write: valid by ONNX's own checker, of ONNX's operators alone, and with the
results of the model that they come from.

    check_written.py --onnxrun BINARY [--testdata DIR] [--full] MODEL...

MODEL... and small models made here are optimized at every level, stopped within a pass and without some passes; each result is run on the
same random inputs. Parts are cut at tensors in the middle: fed with what the whole run made there, they must give what it made, bit for bit,
at -O0. With --testdata (ONNX's backend tests) models of several kinds are optimized and judged by their own test data.
May assume: python3-onnx, NumPy. Never compares with anything but onnxrun's own unoptimized run and ONNX's data.
"""
import argparse
import glob
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper as nh

KINDS = ["conv", "batchnorm", "if", "loop", "scan_sum", "sequence", "optional", "strnorm", "identity", "dropout", "clip", "relu", "maxpool",
         "concat", "constant", "reshape", "lstm", "quantize", "einsum", "nllloss", "softmax_c", "split", "resize_up"]
problems = []


def fail(what, why):
    problems.append(what)
    print(f"FAIL {what}: {why}")


def run(*command):
    done = subprocess.run([args.onnxrun, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
    return done.returncode, (done.stderr + done.stdout).strip()


def floats(seed, *shape):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


# ---- models -----------------------------------------------------------------------------------------------------------------

def value(name, shape, kind=T.FLOAT):
    return h.make_tensor_value_info(name, kind, shape)


def model(name, nodes, inputs, outputs, constants=None, opset=13, **more):
    graph = h.make_graph(nodes, name, inputs, outputs, [nh.from_array(v, k) for k, v in (constants or {}).items()])
    imports = more.pop("imports", [h.make_opsetid("", opset)])
    return h.make_model(graph, producer_name="onnxrun tests", opset_imports=imports, ir_version=8, **more)


def fused_convolutions(opset):
    """Each way in which something moves into a convolution, and the names that come back."""
    c = {"w": floats(1, 16, 16, 3, 3), "b": floats(2, 16), "k": floats(3, 16), "v": np.abs(floats(4, 16)) + 0.5, "lo": np.float32(-0.5),
         "hi": np.float32(0.75)}
    clip = h.make_node("Clip", ["n1", "lo", "hi"], ["y1"], "clip1") if opset >= 11 else h.make_node("Clip", ["n1"], ["y1"], "clip1", min=-0.5, max=0.75)
    least = h.make_node("Clip", ["c2", "lo"], ["y2"], "clip2") if opset >= 11 else h.make_node("Clip", ["c2"], ["y2"], "clip2", min=-0.5)
    nodes = [h.make_node("Conv", ["x", "w", "b"], ["c1"], "conv1", pads=[1, 1, 1, 1]),
             h.make_node("BatchNormalization", ["c1", "k", "b", "k", "v"], ["n1"], "norm1", epsilon=1e-3), clip,
             h.make_node("Conv", ["y1", "w"], ["c2"], "conv2", pads=[1, 1, 1, 1]), least,
             h.make_node("Conv", ["x", "w"], ["c3"], "conv3", pads=[1, 1, 1, 1]),
             h.make_node("Conv", ["y2", "w"], ["c4"], "conv4", pads=[1, 1, 1, 1]),
             h.make_node("BatchNormalization", ["c4", "k", "b", "k", "v"], ["n4"], "norm4"),
             h.make_node("Add", ["c3", "n4"], ["s4"], "add4"), h.make_node("Relu", ["s4"], ["y4"], "relu4"),
             h.make_node("MaxPool", ["y4"], ["p"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
             h.make_node("Concat", ["p", "p"], ["j"], "join", axis=1), h.make_node("Softmax", ["j"], ["y"], "soft", axis=1)]
    return model(f"fused{opset}", nodes, [value("x", ["n", 16, 8, 8])], [value("y", ["n", 32, 4, 4]), value("y4", ["n", 16, 8, 8])],
                 {k: v for k, v in c.items() if opset >= 11 or k not in ("lo", "hi")}, opset)


def fused_products():
    """A transposition that two products share, one of another, and sums behind products, in one row and in many."""
    c = {"w": floats(1, 40, 24), "u": floats(2, 24, 40), "b": floats(3, 40), "b2": floats(4, 24)}
    nodes = [h.make_node("Transpose", ["w"], ["wt"], "swap", perm=[1, 0]), h.make_node("MatMul", ["x", "wt"], ["p1"], "product1"),
             h.make_node("Add", ["p1", "b"], ["y1"], "sum1"), h.make_node("MatMul", ["v", "wt"], ["y2"], "product2"),
             h.make_node("MatMul", ["y1", "w"], ["p3"], "product3"), h.make_node("Add", ["b2", "p3"], ["s3"], "sum3"),
             h.make_node("Transpose", ["u"], ["ut"], "swap_back"), h.make_node("MatMul", ["y1", "ut"], ["y"], "product4")]
    return model("products", nodes, [value("x", ["n", 5, 24]), value("v", [24])],
                 [value("y", ["n", 5, 24]), value("y2", [40]), value("s3", ["n", 5, 24])], c)


def fused_norms(opset):
    """Normalizations of rows, written out: with a shift and without, squared by Pow and by Mul."""
    c = {"s": floats(1, 6), "b": floats(2, 6), "e": np.float32(1e-3), "two": np.float32(2)}

    def mean(x, y, name):
        return h.make_node("ReduceMean", [x], [y], name, axes=[-1])

    def norm(x, y, k, squares, shift):
        parts = [mean(x, f"m{k}", f"mean{k}"), h.make_node("Sub", [x, f"m{k}"], [f"d{k}"], f"sub{k}"),
                 h.make_node(squares, [f"d{k}", "two" if squares == "Pow" else f"d{k}"], [f"q{k}"], f"square{k}"), mean(f"q{k}", f"v{k}", f"var{k}"),
                 h.make_node("Add", [f"v{k}", "e"], [f"a{k}"], f"eps{k}"), h.make_node("Sqrt", [f"a{k}"], [f"r{k}"], f"root{k}"),
                 h.make_node("Div", [f"d{k}", f"r{k}"], [f"n{k}"], f"div{k}"), h.make_node("Mul", [f"n{k}", "s"], [f"g{k}" if shift else y], f"scale{k}")]
        return parts + ([h.make_node("Add", ["b", f"g{k}"], [y], f"shift{k}")] if shift else [])
    nodes = norm("x", "t", 1, "Pow", True) + norm("t", "u", 2, "Mul", False) + [h.make_node("Relu", ["u"], ["y"], "relu")]
    return model(f"norms{opset}", nodes, [value("x", ["n", 5, 6])], [value("y", ["n", 5, 6])], c, opset)


def fused_activations(opset):
    """Gelu with its products in three orders, and Swish. Checkers of ONNX before 1.15 know no Gelu, so opset 20 is not tried."""
    c = {"root": np.float32(2**0.5), "one": np.float32(1), "half": np.float32(0.5)}

    def gelu(x, y, k, products):
        return [h.make_node("Div", [x, "root"], [f"d{k}"], f"scale{k}"), h.make_node("Erf", [f"d{k}"], [f"e{k}"], f"erf{k}"),
                h.make_node("Add", [f"e{k}", "one"], [f"a{k}"], f"sum{k}"), h.make_node("Mul", products[:2], [f"p{k}"], f"first{k}"),
                h.make_node("Mul", [f"p{k}", products[2]], [y], f"second{k}")]
    nodes = gelu("x", "g1", 1, ["x", "a1", "half"]) + gelu("g1", "g2", 2, ["a2", "half", "g1"]) + gelu("g2", "g3", 3, ["g2", "half", "a3"])
    nodes += [h.make_node("Sigmoid", ["g3"], ["s"], "logistic"), h.make_node("Mul", ["g3", "s"], ["y"], "gate")]
    return model(f"activations{opset}", nodes, [value("x", ["n", 5, 6])], [value("y", ["n", 5, 6])], c, opset)


def odd_outputs():
    """An input handed through, one value under two names, and an output that is computed beforehand."""
    nodes = [h.make_node("Identity", ["x"], ["same"], "hand"), h.make_node("Neg", ["x"], ["t"], "neg"),
             h.make_node("Identity", ["t"], ["a"], "first"), h.make_node("Identity", ["t"], ["b"], "second"),
             h.make_node("Add", ["k", "k"], ["kk"], "fixed")]
    return model("odd_outputs", nodes, [value("x", [2, 3])], [value(n, [2, 3]) for n in ("same", "a", "b", "kk")], {"k": floats(1, 2, 3)})


def control_flow():
    then = h.make_graph([h.make_node("Conv", ["x", "w"], ["t"], "conv_then")], "then", [], [value("t", ["n", 2, 4, 4])])
    other = h.make_graph([h.make_node("Add", ["k", "k"], ["kk"], "twice"), h.make_node("Mul", ["c", "kk"], ["e"], "mul")], "else", [],
                         [value("e", ["n", 2, 4, 4])])
    body = h.make_graph([h.make_node("Identity", ["go"], ["on"], "on"), h.make_node("Add", ["v", "u"], ["next"], "step"),
                         h.make_node("Identity", ["next"], ["seen"], "see")], "body",
                        [value("i", [], T.INT64), value("go", [], T.BOOL), value("v", ["n", 2, 4, 4])],
                        [value("on", [], T.BOOL), value("next", ["n", 2, 4, 4]), value("seen", ["n", 2, 4, 4])])
    nodes = [h.make_node("Identity", ["x"], ["x2"], "same"), h.make_node("Conv", ["x2", "w"], ["c"], "conv"),
             h.make_node("ReduceSum", ["c"], ["sum"], "sum", keepdims=0), h.make_node("Greater", ["sum", "zero"], ["yes"], "gt"),
             h.make_node("If", ["yes"], ["u"], "choice", then_branch=then, else_branch=other),
             h.make_node("Loop", ["three", "", "u"], ["y", "all"], "loop", body=body)]
    return model("control_flow", nodes, [value("x", ["n", 2, 4, 4])], [value("y", ["n", 2, 4, 4]), value("all", [3, "n", 2, 4, 4])],
                 {"w": floats(1, 2, 2, 1, 1), "k": floats(2, 1), "zero": np.float32(0), "three": np.int64(3)})


def functions():
    f = h.make_function("local", "Block", ["a", "w"], ["d"], [h.make_node("Conv", ["a", "w"], ["b"], "c", pads=[1, 1, 1, 1]),
                                                              h.make_node("Relu", ["b"], ["d"], "r")], [h.make_opsetid("", 13)])
    nodes = [h.make_node("Block", ["x", "w"], ["t"], "one", domain="local"), h.make_node("Block", ["t", "w"], ["y"], "two", domain="local")]
    return model("functions", nodes, [value("x", ["n", 2, 4, 4])], [value("y", ["n", 2, 4, 4])], {"w": floats(1, 2, 2, 3, 3)},
                 imports=[h.make_opsetid("", 13), h.make_opsetid("local", 1)], functions=[f])


def sequences():
    nodes = [h.make_node("SequenceConstruct", ["x", "k", "x"], ["s"], "make"), h.make_node("SequenceAt", ["s", "one"], ["second"], "at"),
             h.make_node("ConcatFromSequence", ["s"], ["y"], "join", axis=0), h.make_node("Add", ["second", "k"], ["z"], "add")]
    outputs = [value("y", ["rows", 3]), value("z", [2, 3]), h.make_tensor_sequence_value_info("s", T.FLOAT, [2, 3])]
    return model("sequences", nodes, [value("x", [2, 3])], outputs, {"k": floats(1, 2, 3), "one": np.int64(1)})


def strings():
    nodes = [h.make_node("Constant", [], ["words"], "words", value=h.make_tensor("v", T.STRING, [3], [b"Fig", b"nut", b"fig"])),
             h.make_node("StringNormalizer", ["words"], ["low"], "low", case_change_action="LOWER"),
             h.make_node("Gather", ["low", "i"], ["y"], "pick")]
    return model("strings", nodes, [value("i", [2], T.INT64)], [value("y", [2], T.STRING)])


def small_models():
    return [fused_convolutions(o) for o in (6, 9, 10, 13, 15)] + [fused_products(), fused_norms(13), fused_norms(17), fused_activations(13), odd_outputs(), control_flow(), functions(), sequences(), strings()]


# ---- checks -----------------------------------------------------------------------------------------------------------------

def check_file(what, path, full=True):
    m = onnx.load(path)
    try:
        onnx.checker.check_model(path, full_check=full)
    except Exception as e:  # whatever it is, it is the checker's verdict
        return fail(what, f"the checker: {e}")
    known = {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.preview.training"}
    strange = [n.op_type for n in m.graph.node if n.domain not in known]
    return fail(what, f"operators of no standard: {strange}") if strange else m


def results(folder, what, path, *options):
    out = os.path.join(folder, "out")
    shutil.rmtree(out, ignore_errors=True)
    code, text = run("run", path, "--random", "-q", "-o", out + "/", "--format", "pb", "--print", "0", *options)
    if code:
        return fail(what, text)
    return [open(os.path.join(out, f), "rb").read() for f in sorted(os.listdir(out))]


def near(a, b, tolerance):
    """Serialized values: equal bytes, or float tensors within the tolerance of the largest magnitude."""
    if a == b:
        return True
    x, y = onnx.TensorProto(), onnx.TensorProto()
    x.ParseFromString(a), y.ParseFromString(b)
    if x.data_type != T.FLOAT or y.data_type != T.FLOAT or x.name != y.name or list(x.dims) != list(y.dims):
        return False
    u, v = nh.to_array(x), nh.to_array(y)
    return bool(np.all(np.abs(u - v) <= tolerance * (1 + np.abs(u).max(initial=0))))


def check_optimized(folder, name, path):
    want, want1 = results(folder, name, path, "-O0"), results(folder, name, path, "-O1")
    variants = [["-O0"], ["-O1"], ["-O2"], ["--cpu", "scalar"], ["--stop-after", "conv_add_act:1"], ["--stop-after", "layout:2"],
                ["--stop-after", "resolve"], ["--disable-pass", "fold", "--disable-pass", "layout"], ["--external-data"]]
    nodes = None
    for options in variants:
        what, out = f"{name} {' '.join(options)}", os.path.join(folder, "optimized.onnx")
        code, text = run("optimize", path, "-o", out, *options)
        if code:
            fail(what, text)
            continue
        m = check_file(what, out)
        # What is computed beforehand is not computed by the reference's kernels: -O1 is compared with -O1, where all bits count.
        level = "-O1" if options == ["-O1"] else "-O0"
        exact = options in (["-O0"], ["-O1"], ["--stop-after", "resolve"])
        expected, got = want1 if level == "-O1" else want, results(folder, what, out, level)
        if m and expected is not None and got is not None and not (
                len(expected) == len(got) and all(near(a, b, 0 if exact else 1e-5) for a, b in zip(expected, got))):
            fail(what, "other results")
        nodes = m if options == ["-O2"] else nodes
    return nodes


NAMES = {"fused13": {"conv1": ("Conv", "n1"), "clip1": ("Clip", "y1"), "clip2": ("Clip", "y2"), "conv4": ("Conv", "n4"),
                     "add4": ("Add", "s4"), "relu4": ("Relu", "y4")},
         "products": {"swap": ("Transpose", "wt"), "product1": ("MatMul", "p1"), "sum1": ("Add", "y1"), "product2": ("MatMul", "y2"),
                      "product3": ("MatMul", "p3"), "sum3": ("Add", "s3"), "swap_back": ("Transpose", "ut"), "product4": ("MatMul", "y")},
         "activations13": {"scale1": ("Div", "d1"), "erf1": ("Erf", "e1"), "sum2": ("Add", "a2"), "logistic": ("Sigmoid", "s"), "gate": ("Mul", "y")},
         "norms13": {"mean1": ("ReduceMean", "m1"), "square1": ("Pow", "q1"), "div1": ("Div", "n1"), "shift1": ("Add", "t"), "scale2": ("Mul", "u")}}


def check_names(m):
    """The parts of what was fused have the names that they had, of nodes and of values."""
    made = {n.name: (n.op_type, n.output[0]) for n in m.graph.node}
    for name, want in NAMES[m.graph.name].items():
        if made.get(name) != want:
            fail(f"names of {m.graph.name}", f"node {name} is {made.get(name)}, expected {want}")


def check_testdata(folder):
    """ONNX's own tests of these kinds, optimized, with their data."""
    suite = os.path.join(folder, "suite")
    n = 0
    for kind in KINDS:
        for test in sorted(glob.glob(os.path.join(args.testdata, "node", f"test_{kind}*")))[:None if args.full else 6]:
            source, copy = os.path.join(test, "model.onnx"), os.path.join(suite, os.path.basename(test))
            if os.path.exists(copy) or run("test", test, "-q")[0]:
                continue  # what does not pass as it is proves nothing
            shutil.copytree(test, copy)
            code, text = run("optimize", source, "-o", os.path.join(copy, "model.onnx"))
            if code:
                fail(os.path.basename(test), text)
            try:
                onnx.checker.check_model(source, full_check=True)
            except Exception:
                continue  # nor does what the checker does not take to begin with
            check_file(os.path.basename(test), os.path.join(copy, "model.onnx"))
            n += 1
    code, text = run("test", suite)
    if code:
        fail("ONNX's tests", text[-2000:])
    return n


def check_part(folder, name, path, start, end):
    """The part from start to end on what the whole run made at start."""
    what, part = f"{name} from {start} to {end}", os.path.join(folder, "part.onnx")
    steps, out = os.path.join(folder, "steps.npz"), os.path.join(folder, "end.npy")
    for command in (["run", path, "--random", "-q", "--print", "0", "-O0", "--save-steps", steps],
                    ["extract", path, "--from", start, "--to", end, "-o", part]):
        code, text = run(*command)
        if code:
            return fail(what, text)
    if not check_file(what, part):
        return None
    whole = np.load(steps)
    np.save(os.path.join(folder, "start.npy"), whole[start])
    code, text = run("run", part, f"{start}={folder}/start.npy", "-q", "-O0", "-o", out)
    if code:
        return fail(what, text)
    got = np.load(out)
    if got.dtype != whole[end].dtype or got.shape != whole[end].shape or got.tobytes() != whole[end].tobytes():
        fail(what, "other bits than the whole run")
    return None


def middle_tensors(path):
    """Two tensors of a chain, the second some nodes behind the first: on every path, so that nothing else is needed."""
    m = onnx.load(path)
    joins = [n.input[0] for n in m.graph.node if n.op_type in ("Conv", "Gemm", "GlobalAveragePool", "ReduceMean")]
    return joins


def main():
    for path in args.models:
        m = check_optimized(folder, os.path.basename(path), path)
        print(f"{os.path.basename(path)}: {len(onnx.load(path).graph.node)} nodes, optimized {len(m.graph.node) if m else '?'}")
    for m in small_models():
        path = os.path.join(folder, m.graph.name + ".onnx")
        onnx.checker.check_model(m, full_check=True)
        onnx.save(m, path)
        optimized = check_optimized(folder, m.graph.name, path)
        if m.graph.name in NAMES and optimized:
            check_names(optimized)
    check_part(folder, "fused13", os.path.join(folder, "fused13.onnx"), "y4", "j")
    check_part(folder, "fused13", os.path.join(folder, "fused13.onnx"), "c1", "y2")
    check_part(folder, "control_flow", os.path.join(folder, "control_flow.onnx"), "u", "all")
    check_part(folder, "functions", os.path.join(folder, "functions.onnx"), "t", "y")
    for path in args.models:
        tensors = middle_tensors(path)
        if len(tensors) > 12:
            check_part(folder, os.path.basename(path), path, tensors[1], tensors[2])
            check_part(folder, os.path.basename(path), path, tensors[-1], onnx.load(path).graph.output[0].name)
    n = check_testdata(folder) if args.testdata else 0
    print(f"{len(args.models)} models, {len(small_models())} small ones, {n} of ONNX's tests: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onnxrun", required=True)
    parser.add_argument("--testdata")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("models", nargs="*")
    args = parser.parse_args()
    args.onnxrun = os.path.abspath(args.onnxrun)
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(main())
