#!/usr/bin/python3
"""Tests of operators beyond ONNX's own, made from the specification: every version and element type of the registry's rows, with
results from NumPy. Writes them as folders and runs `onnxrun test` on these.

    run_spec.py --onnxrun BINARY --write DIR [--third]      writes the tests into DIR (emptied first); of each row a third of the types
    run_spec.py --onnxrun BINARY --run DIR [OPTION...]      runs them; options are those of onnxrun test, such as -O0 -t 2

The interpreter is Debian's own (/usr/bin/python3) because the packages come from there. Never takes a result from the code under
test. Exit code 77: NumPy or python3-onnx is missing.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    import numpy  # noqa: F401
    import onnx  # noqa: F401
except ImportError:
    print("left out: python3-numpy or python3-onnx is missing")
    sys.exit(77)

import attention
import control
import conversion
import elementwise
import gradient
import loss
import movement
import network
import normalization
import quantized
import recurrent
import reduction
import resampling
import sequences
import windows
from suite import ABSOLUTE, NEWEST_OPSET, TOLERANCE, Writer

MODULES = (attention, elementwise, movement, reduction, conversion, network, control, sequences, windows,
           recurrent, loss, quantized, normalization, resampling)


def rows_of(binary):
    text = subprocess.run([binary, "ops", "--json"], stdout=subprocess.PIPE, check=True, text=True).stdout
    return [row for row in json.loads(text)["operators"] if row["domain"] != "onnxrun"]


def types_of(row, third):
    """A row's element types and how many of them are enough: all or, by the operator's name, every third, with the others behind."""
    types = row["types"] or [""]
    if not third:
        return types, len(types)
    chosen = types[zlib.crc32(f"{row['op']}{row['since']}".encode()) % min(3, len(types)) :: 3]
    return chosen + [t for t in types if t not in chosen], len(chosen)


def write_row(folder, row, make, newest, third=False):
    """A model for each element type, of the row's first opset or its newest one; returns the number of cases."""
    opset = (row["until"] or NEWEST_OPSET) if newest else row["since"]
    n = 0
    types, enough = types_of(row, third)
    for i, dtype in enumerate(types):
        if i >= enough and n:
            break
        writer = Writer(row["domain"], opset, row["op"])
        k = 0
        for k, case in enumerate(make(row, dtype), 1):
            writer.add(k, case)
        if k:
            name = "-".join(filter(None, (row["domain"], row["op"], str(row["since"]), dtype)))
            relative = TOLERANCE.get(dtype, 2e-5)
            writer.save(os.path.join(folder, name), relative, ABSOLUTE.get((row["op"], dtype), relative / 10))
        n += k
    return n


def write(binary, folder, third):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    makers, newest = {}, set()
    for module in MODULES:
        makers.update(module.CASES)
        newest |= getattr(module, "NEWEST", set())
    n_rows = n_cases = 0
    for row in rows_of(binary):
        make = makers.get(f"{row['domain']}.{row['op']}" if row["domain"] else row["op"])
        cases = write_row(folder, row, make, row["op"] in newest, third) if make else 0
        n_rows += cases > 0
        n_cases += cases
    n_gradients = gradient.write(folder)
    print(f"{n_gradients} graphs with derivatives; {n_cases} cases for {n_rows} rows of the registry")
    return 0 if n_cases else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onnxrun", required=True, metavar="BINARY")
    parser.add_argument("--write", metavar="DIR")
    parser.add_argument("--run", metavar="DIR")
    parser.add_argument("--third", action="store_true")
    args, options = parser.parse_known_args()
    if args.write:
        return write(args.onnxrun, args.write, args.third)
    return subprocess.run([args.onnxrun, "test", args.run, *options], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
