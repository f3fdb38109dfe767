#!/usr/bin/python3
"""Exports torchvision's networks one by one, runs each with onnxrun, tells how far the results are from PyTorch's, and deletes it again.

The interpreter is Debian's own (/usr/bin/python3) because PyTorch comes from Debian's package python3-torch.

    tools/sweep_torchvision.py --onnxrun build/release/onnxrun --log build/sweep.json            all that the log does not have yet
    tools/sweep_torchvision.py --onnxrun build/release/onnxrun --log build/sweep.json --net vgg19  this one
    tools/sweep_torchvision.py --log build/sweep.json --table                                  the log as a table for the documentation

The distance is the largest difference of an output number over the largest output, at -O2. With --modules DIR (see ort_peer.py),
ONNX Runtime's own distance is measured where onnxrun's is above the network's tolerance. May assume: memory for the network several times
over (20 GB for the largest), so nothing else should run. Never keeps an exported network.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np

import ort_peer

HERE = os.path.dirname(os.path.abspath(__file__))
EXPORTER = os.path.join(HERE, "export_torchvision.py")


def distance(got, want):
    return float(np.abs(got.astype(np.float64) - want.astype(np.float64)).max() / np.abs(want).max())


def run_onnxrun(args, folder, data_set):
    """The first output for a data set, and the seconds it took from start to end."""
    out = os.path.join(folder, "out.npy")
    command = [args.onnxrun, "run", os.path.join(folder, "model.onnx"), "--test-data-set", data_set, "-o", out, "-q", "-t", str(args.threads)]
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return np.load(out), time.monotonic() - start


def judge(args, folder):
    """The record of an exported network."""
    with open(os.path.join(folder, "data.json"), encoding="utf-8") as f:
        tolerance = json.load(f)["tolerance"]
    record = {"tolerance": tolerance, "megabytes": round(sum(e.stat().st_size for e in os.scandir(folder) if e.is_file()) / 1e6)}
    errors, seconds, peers = [], [], []
    for i in (0, 1):
        data_set = os.path.join(folder, f"test_data_set_{i}")
        want = ort_peer.read_tensors(data_set, "output")[0][1]
        got, took = run_onnxrun(args, folder, data_set)
        errors.append(distance(got, want))
        seconds.append(took)
        if args.modules and errors[-1] > args.peer_above:
            inputs = ort_peer.read_tensors(data_set, "input")
            peer = ort_peer.run(args.modules, os.path.join(folder, "model.onnx"), inputs, args.threads, 1, True)
            peers.append(distance(peer["outputs"][0], want.ravel()))
    record |= {"error": max(errors), "seconds": [round(s, 2) for s in seconds]}
    if peers:
        record["onnxruntime"] = max(peers)
    return record


def sweep(args, name):
    """Exports, judges and deletes one network."""
    folder = os.path.join(args.out, name)
    command = [EXPORTER, "--net", name, "--out", args.out, "--threads", str(args.threads)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            return {"failed": (done.stdout + done.stderr).strip()[-500:]}
        return judge(args, folder)
    except (subprocess.CalledProcessError, OSError) as error:
        return {"failed": str(error)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_log(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def show_table(log):
    print("| network | MB | distance of onnxrun | of ONNX Runtime |\n|---|---|---|---|")
    for name, r in sorted(log.items()):
        peer = f"{r['onnxruntime']:.1e}" if "onnxruntime" in r else ""
        print(f"| {name} | {r['megabytes']} | {r['error']:.1e} | {peer} |" if "error" in r else f"| {name} | | failed: {r['failed']} | |")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onnxrun")
    parser.add_argument("--log", required=True, help="JSON file of what was measured; what it has is not measured again")
    parser.add_argument("--out", default="build/sweep", help="folder for the network at hand")
    parser.add_argument("--modules", help="folder whose node_modules holds onnxruntime-node")
    parser.add_argument("--peer-above", type=float, default=2e-4, help="ask ONNX Runtime where the distance is larger (default 2e-4)")
    parser.add_argument("--net", action="append", help="this network; may be repeated (default: all)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--table", action="store_true", help="print the log as a table and stop")
    args = parser.parse_args()
    if not args.table and not args.onnxrun:
        parser.error("--onnxrun is missing")
    return args


def main():
    args = parse_arguments()
    log = read_log(args.log)
    if args.table:
        return show_table(log)
    listed = subprocess.run([EXPORTER, "--subset", "all", "--list"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    for name in args.net or [n for n in listed if n not in log]:
        log[name] = sweep(args, name)
        print(name, json.dumps(log[name]), flush=True)
        with open(args.log, "w", encoding="utf-8") as f:
            json.dump(log, f, indent=1, sort_keys=True)
    return any("failed" in r or r["error"] > max(r["tolerance"], r.get("onnxruntime", 0)) for r in log.values())


if __name__ == "__main__":
    sys.exit(main())
