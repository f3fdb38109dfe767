#!/usr/bin/env python3
"""Runs `onnxrun run --threads-sweep` over folders of ONNX backend tests: the promise of docs/determinism.md for every operator.

    determinism.py --onnxrun BINARY [--every N] FOLDER...

Every folder in and beneath FOLDER that holds a model.onnx and a test_data_set_0. What this build does not support, models that draw
random numbers, and tests of 1.12 whose bfloat16 inputs are stored as uint16 (tests/conformance/exceptions.txt) are counted apart. May assume: nothing else. Never writes anything.
"""
import argparse
import json
import os
import subprocess
import sys

RANDOM = (b"RandomNormal", b"RandomUniform", b"Bernoulli", b"Multinomial", b"Dropout")


def draws(path):
    with open(path, "rb") as f:
        data = f.read()
    return any(name in data for name in RANDOM)


def find(folders):
    for folder in folders:
        for path, _, files in sorted(os.walk(folder)):
            if "model.onnx" in files and os.path.isdir(os.path.join(path, "test_data_set_0")):
                yield path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--onnxrun", required=True)
    parser.add_argument("--every", type=int, default=1, help="only every N-th test")
    parser.add_argument("folders", nargs="+")
    args = parser.parse_args()
    count = {"same": 0, "random": 0, "unsupported": 0, "broken data": 0, "positions": 0}
    failed = []
    for path in list(find(args.folders))[::args.every]:
        model = os.path.join(path, "model.onnx")
        done = subprocess.run([args.onnxrun, "run", "-q", model, "--test-data-set", os.path.join(path, "test_data_set_0"),
                               "--threads-sweep", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
        if done.returncode == 4:
            count["unsupported"] += 1
        elif done.returncode == 3 and b" holds uint16[" in done.stderr and b" wants bfloat16[" in done.stderr:
            count["broken data"] += 1
        elif done.returncode == 0:
            count["same"] += 1
            count["positions"] += json.loads(done.stdout)["batch"] > 0
        elif done.returncode == 1 and draws(model):
            count["random"] += 1
        else:
            failed.append(f"{path}: exit code {done.returncode}: {(done.stdout + done.stderr).decode().strip()}")
    print(", ".join(f"{n} {what}" for what, n in count.items()) + f", {len(failed)} failed")
    print("\n".join(failed))
    return bool(failed) or count["same"] == 0


if __name__ == "__main__":
    sys.exit(main())
