#!/usr/bin/python3
"""Names each row of the registry that no test covers: nothing in the tests written from the specification, none of ONNX's backend
tests that must pass, and no line of a unit test uses the operator in a version of that row.

    coverage.py --onnxrun BINARY --spec DIR [DIR...]      DIR: backend tests, as run_conformance.py takes them

A node covers the row that its model's opset selects, also in a subgraph or a function's body. A unit test covers what a case line
(OP_CASE, OP_NEAR) names with its version and expects to succeed. There is no list of exceptions.

May assume: `run_spec.py --write` has filled the folder of --spec. Never runs a model: that these tests pass is said by others.
"""
import argparse
import bisect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "conformance"))
try:
    import onnx
except ImportError:
    print("left out: python3-onnx is missing")
    sys.exit(77)

import run_conformance

WORD = r'(?:\w+|"(?:[^"\\]|\\.)*")'
CASE = re.compile(rf'OP_(?:CASE|NEAR)\(\s*({WORD}(?:\s+{WORD})*),\s*(\d+),((?:[^"()]|"(?:[^"\\]|\\.)*")*)')
NAME = re.compile(r'^#define (\w+) "([\w.]*)"$', re.MULTILINE)


class Registry:
    """Rows of `onnxrun ops --json`, and which of them have been seen."""

    def __init__(self, binary):
        text = subprocess.run([binary, "ops", "--json"], stdout=subprocess.PIPE, check=True, text=True).stdout
        self.since, self.seen = {}, set()
        for row in json.loads(text)["operators"]:
            if row["domain"] != "onnxrun":  # our own: made by passes, whose tests have them
                self.since.setdefault((row["domain"], row["op"]), []).append(row["since"])
        for versions in self.since.values():
            versions.sort()

    def see(self, domain, op, opset):
        versions = self.since.get(("" if domain == "ai.onnx" else domain, op), [])
        k = bisect.bisect_right(versions, opset)
        if k:
            self.seen.add((domain if domain != "ai.onnx" else "", op, versions[k - 1]))

    def unseen(self):
        rows = {(*key, since) for key, versions in self.since.items() for since in versions}
        return sorted(rows - self.seen), len(rows)


def see_nodes(registry, nodes, opsets):
    for node in nodes:
        domain = "" if node.domain == "ai.onnx" else node.domain
        if domain in opsets:
            registry.see(domain, node.op_type, opsets[domain])
        for attr in node.attribute:
            for graph in [attr.g, *attr.graphs]:
                see_nodes(registry, graph.node, opsets)


def see_model(registry, path):
    model = onnx.load(path, load_external_data=False)
    for body in [model.graph, *model.functions]:
        imports = body.opset_import if body is not model.graph and body.opset_import else model.opset_import
        see_nodes(registry, body.node, {"" if entry.domain == "ai.onnx" else entry.domain: entry.version for entry in imports})


def see_unit_tests(registry, folder):
    for path in folder.glob("test_*.c"):
        text = path.read_text(encoding="utf-8")
        names = dict(NAME.findall(text))
        for words, opset, rest in CASE.findall(text):
            domain, _, op = "".join(names.get(word, word.strip('"')) for word in words.split()).rpartition(".")
            if '"! ' not in rest and '"!? ' not in rest:
                registry.see(domain, op, int(opset))


def see_backend_tests(registry, folders):
    for name in run_conformance.read_names(run_conformance.PASSING):
        folder, _, test = name.partition("/")
        for at in folders:
            if run_conformance.label(at) == folder and os.path.isdir(os.path.join(at, test)):
                see_model(registry, os.path.join(at, test, "model.onnx"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onnxrun", required=True, metavar="BINARY")
    parser.add_argument("--spec", required=True, metavar="DIR")
    parser.add_argument("folders", nargs="*", metavar="DIR")
    arguments = parser.parse_args()
    registry = Registry(arguments.onnxrun)
    for path in Path(arguments.spec).glob("*/model.onnx"):
        see_model(registry, path)
    by_spec = len(registry.seen)
    see_unit_tests(registry, ROOT / "unit")
    by_units = len(registry.seen)
    see_backend_tests(registry, arguments.folders or run_conformance.default_folders())
    unseen, n = registry.unseen()
    for domain, op, since in unseen:
        print(f"no test covers {domain + '.' if domain else ''}{op}-{since}")
    print(f"{n} rows: {by_spec} are covered by cases from the specification, {by_units - by_spec} more by unit tests, "
          f"{len(registry.seen) - by_units} more by backend tests; {len(unseen)} are not")
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
