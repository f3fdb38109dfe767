#!/usr/bin/python3
"""Exports a small ResNet from PyTorch at several opsets, BatchNormalization kept and folded, and runs each as its test data says.

    opsets.py --onnxrun BINARY --exporter tools/export_resnet.py --out FOLDER

Each export is checked to be what was asked for: its opset, its free batch. May assume: what the exporter does (Debian's python3-torch,
python3-torchvision and python3-onnx). Never exports again what is in the folder already with the same options.
"""
import argparse
import json
import os
import subprocess
import sys

NET, SIZE = "resnet18", "64"
OPSETS, FORMS = (9, 11, 13, 17), ("keep", "fold")


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser()
    for name in ("onnxrun", "exporter", "out"):
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args()
    for opset in OPSETS:
        for form in FORMS:
            out = os.path.join(args.out, f"opset{opset}-{form}")
            run([args.exporter, "--net", NET, "--input-size", SIZE, "--opset", str(opset), "--bn", form, "--out", out])
            folder = os.path.join(out, NET)
            info = json.loads(run([args.onnxrun, "info", "--json", os.path.join(folder, "model.onnx")]))
            if info["opsets"] != {"ai.onnx": opset} or info["inputs"][0]["type"] != "float32[batch x 3 x 64 x 64]":
                sys.exit(f"{folder}: opsets {info['opsets']}, input {info['inputs'][0]}")
            if any(o["op"] == "BatchNormalization" for o in info["operators"]) != (form == "keep"):
                sys.exit(f"{folder}: BatchNormalization is not as asked for: {info['operators']}")
            for level in ("-O0", "-O1", "-O2"):
                print(f"opset {opset}, BatchNormalization {form}, {level}: {run([args.onnxrun, 'test', level, folder]).splitlines()[-1]}")


main()
