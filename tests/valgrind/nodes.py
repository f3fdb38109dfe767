#!/usr/bin/env python3
"""ONNX's backend tests under valgrind: nodes.py --passing LIST --exceptions LIST COMMAND... where COMMAND is valgrind ... onnxrun test FOLDER.

A test that the conformance list says passes must pass here, too (random operators by types and shapes, as there): an error that valgrind finds
ends its process with another code. May assume:
FOLDER is the "node" folder of Debian's libonnx-testdata. Never writes anything.
"""
import argparse
import json
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--passing", required=True)
    parser.add_argument("--exceptions", required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    with open(args.passing, encoding="utf-8") as f:
        passing = {line.strip().removeprefix("debian/node/") for line in f if line.startswith("debian/node/")}
    with open(args.exceptions, encoding="utf-8") as f:
        random = [line.split()[0] for line in f if line.split()[1:2] == ["shape"]]
    shape_only = [word for name in random for word in ("--shape-only", name)]
    done = subprocess.run([*args.command, *shape_only, "--json", "-q", "-t", "1", "--timeout", "600"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    tests = json.loads(done.stdout)["tests"]
    failed = [t for t in tests if t["result"] == "failed" and t["name"] in passing]
    passed = sum(t["result"] == "passed" for t in tests)
    for t in failed:
        print(f"{t['name']}: {t['detail']}")
    print(done.stderr.decode("utf-8", "replace"))
    print(f"{passed} passed, {len(failed)} of the list failed")
    return bool(failed) or passed < 100


if __name__ == "__main__":
    sys.exit(main())
