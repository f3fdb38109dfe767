#!/usr/bin/env python3
"""Runs the tool on an emulated CPU without AVX: no illegal instruction, the scalar kernels, and the numbers that they give on this CPU.

    baseline.py --onnxrun BINARY --emulator "qemu-x86_64 -cpu qemu64" MODEL

May assume: an emulator of user programs. Never compares bits: the C library's functions are others there.
"""
import argparse
import json
import shlex
import subprocess
import sys


def outputs(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    if done.returncode:
        sys.exit(f"{shlex.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--onnxrun", required=True)
    p.add_argument("--emulator", required=True)
    p.add_argument("model")
    a = p.parse_args()
    run = [a.onnxrun, "run", a.model, "--random", "--json", "-t", "1"]
    emulated, here = outputs(shlex.split(a.emulator) + run), outputs(run + ["--cpu", "scalar"])
    if emulated["cpu"] != "scalar" or here["cpu"] != "scalar":
        sys.exit(f"level {emulated['cpu']} was chosen, not scalar")
    got, want = ([n for output in run["outputs"] for n in output["values"]] for run in (emulated, here))
    if len(got) != len(want) or any(abs(g - w) > 1e-5 * max(1, abs(w)) for g, w in zip(got, want)):
        sys.exit(f"emulated {got}\nhere     {want}")
    print(f"{a.emulator}: the same {len(want)} numbers")


main()
