#!/usr/bin/env python3
"""Opens pages of `onnxrun dump --format html` in headless Chromium and lets each test itself (src/dump/viewer/selftest.js).

    check_page.py --onnxrun BINARY [--chromium BINARY] [--models FOLDER] [--testdata FOLDER]

Boxes, opening, search, selection, colours and theme are tried on models that ship, on ONNX's own If, on one of 5,000 nodes, and on one
whose names try to become HTML. Without Chromium what can be said of the files alone is checked, and the exit code is 77.
May assume: nothing of the network, which the pages must not need. Never writes outside a scratch folder.
"""
import argparse
import html
import json
import os
import re
import subprocess
import sys
import tempfile

EVIL = "</script><img src=x onerror=\"document.title='injected'\"><!--<script>"
BLOCKS, PLAIN = 624, 8


def fail(words):
    sys.exit("check_page: " + words)


# ---- models in protobuf's wire format, so that no package is needed -----------------------------------------------------------

def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def number(field, n):
    return varint(field << 3) + varint(n)


def part(field, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def node(op, inputs, output, name, attribute=b""):
    return b"".join(part(1, i) for i in inputs) + part(2, output) + part(3, name) + part(4, op) + attribute


def tensor_info(name):
    return part(1, name) + part(2, part(1, number(1, 1) + part(2, part(1, number(1, 4)))))


def write_model(path, nodes, outputs, name="graph"):
    weights = number(1, 4) + number(2, 1) + part(8, "w") + part(9, bytes(16))
    graph = b"".join(part(1, n) for n in nodes) + part(2, name) + part(5, weights) + part(11, tensor_info("x"))
    graph += b"".join(part(12, tensor_info(o)) for o in outputs)
    with open(path, "wb") as f:
        f.write(number(1, 8) + part(7, graph) + part(8, part(1, "") + number(2, 13)))


def hostile(path):
    """Names of every kind that would be HTML."""
    alpha = part(5, part(1, "alpha") + b"\x15\x00\x00\x00\x3f" + number(20, 1))
    write_model(path, [node("LeakyRelu", ["x"], EVIL + "t", EVIL, alpha), node("Add", [EVIL + "t", "w"], EVIL + "y", "a/" + EVIL + "/b")],
                [EVIL + "y"], EVIL)


def large(path):
    """Residual blocks of eight nodes each, one behind the other; names without scopes."""
    nodes, x = [], "x"

    def add(op, inputs):
        nodes.append(node(op, inputs, f"t{len(nodes)}", f"{op}_{len(nodes)}"))
        return f"t{len(nodes) - 1}"

    for _ in range(PLAIN):
        x = add("Relu", [x])
    for _ in range(BLOCKS):
        y = x
        for op in ("Add", "Mul", "Add", "Mul", "Add", "Mul"):
            y = add(op, [y, "w"])
        x = add("Relu", [add("Add", [y, x])])
    write_model(path, nodes, [x])
    return len(nodes)


# ---- pages ------------------------------------------------------------------------------------------------------------------

class Pages:
    def __init__(self, args, folder):
        self.args, self.folder, self.n = args, folder, 0

    def run(self, *words, codes=(0,)):
        done = subprocess.run([self.args.onnxrun, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode not in codes:
            fail(f"onnxrun {' '.join(words)}: exit code {done.returncode}\n{done.stderr.decode()}")
        return done.stdout

    def page(self, model, *options):
        """Writes a page, looks at the file, and returns its path."""
        self.n += 1
        path = os.path.join(self.folder, f"page{self.n}.html")
        self.run("dump", "-q", model, "--format", "html", "-o", path, *options)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for word in (r"\bsrc\s*=", r"\bhref\s*=", r"\burl\(", r"@import", r"https?://", r"\bfetch\(", "XMLHttpRequest", "innerHTML"):
            outside = re.sub(r'(?s)<script type="application/json".*?</script>', "", text)
            if re.search(word, outside):
                fail(f"{path}: the page has {word}: it must load nothing and make no HTML of names")
        data = re.findall(r'(?s)<script type="application/json" id="(\w+)">(.*?)</script>', text)
        if [name for name, _ in data] != ["dump", "plan", "memory", "profile", "compare"]:
            fail(f"{path}: the data scripts are {[name for name, _ in data]}")
        for name, body in data:
            if "<" in body or (body.strip() and not json.loads(body)):
                fail(f"{path}: {name} is not escaped JSON")
        return path

    def test(self, path, how="#test"):
        """What the page says of itself; every check must have held."""
        if not self.args.chromium:
            return None
        done = subprocess.run([self.args.chromium, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1400,900",
                               "--user-data-dir=" + os.path.join(self.folder, "profile"), "--dump-dom", "file://" + path + how],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        text = done.stdout.decode("utf-8", "replace")
        found = re.search(r'(?s)<pre id="test-result">(.*?)</pre>', text)
        if not found:
            fail(f"{path}: the page did not test itself\n{text[-500:]}\n{done.stderr.decode('utf-8', 'replace')[-2000:]}")
        result = json.loads(html.unescape(found.group(1)))
        if result["failed"] or result["checks"] < 12:
            fail(f"{path}: of {result['checks']} checks failed: {result['failed']}")
        result["facts"]["dom"] = text
        return result["facts"]


def expect(name, got, want):
    if got != want:
        fail(f"{name}: expected {want}, got {got}")


def check_network(pages, model):
    """A real residual network: sixteen blocks, each one closed box, by scopes in names."""
    facts = pages.test(pages.page(model))
    graph = json.loads(pages.run("dump", "-q", model, "--format", "json"))["graph"]
    if facts:
        expect("nodes", facts["nodes"], len(graph["nodes"]))
        expect("residual blocks", facts["residual"], 16)
        expect("statistics", facts["weights"], sum(v.get("constant", False) for v in graph["values"]))
        blocks = [t for t in facts["titles"] if re.fullmatch(r"layers\.\d\.\d", t)]
        expect("closed blocks", len(blocks), 16)
        expect("nodes outside of blocks", [t for t in facts["titles"] if t in ("Conv", "Relu", "Add")], [])
    for stage in ("model", "optimized"):
        pages.test(pages.page(model, "--stage", stage))


def check_figures(pages, model):
    """Time, memory and error: of a plan, and of the graph as imported, whose nodes share the time of the step that does their work."""
    profile, compare = os.path.join(pages.folder, "profile.json"), os.path.join(pages.folder, "compare.json")
    with open(profile, "wb") as f:
        f.write(pages.run("profile", "-q", model, "--json", "--iterations", "2", "--peak-gflops", "50", "--peak-gbytes", "10"))
    differ = pages.run("compare", "-q", model, "--random", "--json", "--rtol", "0", "--atol", "1e-30", codes=(0, 1))
    tensors = [t for t in json.loads(differ)["tensors"] if not t["same"]]
    if not tensors:
        fail("nothing differs from the reference by 1e-30: the comparison proves nothing")
    with open(compare, "wb") as f:
        f.write(differ)
    facts = pages.test(pages.page(model, "--stage", "plan", "--with-profile", profile, "--with-compare", compare))
    if facts:
        expect("colours", facts["modes"], ["operator", "time", "output", "alive", "weights", "error"])
        expect("first that differs", facts["first"], tensors[0]["node"])
        expect("tensors that differ", facts["different"], len(tensors))
    facts = pages.test(pages.page(model, "--with-profile", profile))
    if facts and "time" not in facts["modes"]:
        fail(f"the imported graph has no time: {facts['modes']}")


def check_hostile(pages):
    model = os.path.join(pages.folder, "hostile.onnx")
    hostile(model)
    for stage in ("model", "graph", "optimized", "plan"):
        facts = pages.test(pages.page(model, "--stage", stage))
        if not facts:
            continue
        if "<img" in facts["dom"] or "<title>injected" in facts["dom"]:
            fail(f"stage {stage}: a name became HTML")
        if html.escape(EVIL, quote=False) not in facts["dom"]:
            fail(f"stage {stage}: the name is not on the page as text")


def check_large(pages):
    model = os.path.join(pages.folder, "large.onnx")
    n = large(model)
    facts = pages.test(pages.page(model), "#test=time")
    if not facts:
        return
    expect("nodes", facts["nodes"], n)
    expect("residual blocks", facts["residual"], BLOCKS)
    print(f"{n} nodes: layout {facts['layout_ms']} ms, a frame {facts['frame_whole_ms']} ms (all) and {facts['frame_part_ms']} ms (part)")
    if facts["layout_ms"] > 3000 or facts["frame_whole_ms"] > 500:  # some 20 times what is usual: what grows faster than the graph shows
        fail("too slow")


def main():
    parser = argparse.ArgumentParser()
    for name in ("onnxrun", "chromium", "models", "testdata"):
        parser.add_argument("--" + name, default="")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pages = Pages(args, folder)
        check_hostile(pages)
        check_large(pages)
        if args.models:
            check_network(pages, os.path.join(args.models, "residualnet16-fashion-bn.onnx"))
            check_figures(pages, os.path.join(args.models, "residualnet16-fashion.onnx"))
        for test in ("if", "loop11", "scan_sum") if args.testdata else ():
            model = os.path.join(args.testdata, f"node/test_{test}/model.onnx")
            if os.path.exists(model):
                pages.test(pages.page(model))
        print(f"{pages.n} pages")
    if not args.chromium:
        print("Chromium was not found: the pages were written and read, but not opened")
        return 77
    return 0


if __name__ == "__main__":
    sys.exit(main())
