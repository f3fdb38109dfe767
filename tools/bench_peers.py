#!/usr/bin/python3
"""Times onnxrun, ONNX Runtime and PyTorch side by side: processes in turn, C B A C B A, on the exported networks.

    bench_peers.py --onnxrun BINARY --modules DIR --exports DIR [--nets a,b] [--threads 1,2] [--batches 1,8] [--rounds N] [--json FILE]
    bench_peers.py --onnxrun BINARY --modules DIR --models DIR [--models DIR] [--nets a,b] [--threads 1,2] [--rounds N] [--json FILE]

The first times the ResNets that tools/export_resnet.py made, on random pictures; PyTorch (bench_torch.py) takes part where Debian's
package python3-torch is installed and --no-torch does not leave it out. The second times every DIR/NAME/model.onnx (or those of --nets)
on the input in DIR/NAME/test_data_set_0, the layout of ONNX's backend tests and of tools/export_torchvision.py, without PyTorch.

Each round starts one process of each peer, which loads the model and runs it some times; figures are the minimum and the median over
all rounds' runs. Prints a table of times and ratios (onnxrun / peer) and writes everything as JSON. Called by bench_peers.sh, which
installs the peers. May assume: a quiet machine; what else runs shows in the medians. Never compares figures of different runs.
"""
import argparse
import glob
import json
import os
import shlex
import statistics
import subprocess
import sys
import time

import numpy as np

import ort_peer

SIZES = {"residualnet34": 32}
DATA_SET = "test_data_set_0"
TORCH_PYTHON = "/usr/bin/python3"  # Debian's, which sees the package python3-torch
NETS = ["residualnet34", "resnet18", "resnet34", "resnet50", "resnet101"]


def run_onnxrun(args, folder, batch, threads):
    command = [args.onnxrun, "bench", os.path.join(folder, "model.onnx"), "--json", "-t", str(threads), "--iterations", str(args.runs), "--warmup", "3"]
    command += ["--test-data-set", os.path.join(folder, DATA_SET)] if args.models else ["--batch", str(batch)]
    command += args.options
    out = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {"load_ms": out["load_ms"], "min": out["min_ms"], "median": out["median_ms"], "rss_mb": out["peak_rss_mb"] * 1.048576}  # MiB to MB


def run_ort(args, folder, batch, threads):
    if args.models:
        tensors = ort_peer.read_tensors(os.path.join(folder, DATA_SET), "input")
    else:
        size = SIZES.get(os.path.basename(folder), 224)
        tensors = [("", np.random.default_rng(0).uniform(-1, 1, (batch, 3, size, size)).astype(np.float32))]
    out = ort_peer.run(args.modules, os.path.join(folder, "model.onnx"), tensors, threads, args.runs + 3)
    times = out["times_ms"][3:]
    return {"load_ms": out["load_ms"], "min": min(times), "median": statistics.median(times), "rss_mb": out["rss_mb"]}


def run_torch(args, folder, batch, threads):
    command = [TORCH_PYTHON, os.path.join(ort_peer.HERE, "bench_torch.py"), os.path.basename(folder), str(batch), str(threads), str(args.runs + 3)]
    out = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    times = out["times_ms"][3:]
    return {"min": min(times), "median": statistics.median(times), "rss_mb": out["rss_mb"]}


def measure(args, folder, batch, threads):
    """One row: the peers in turn for some rounds; ONNX Runtime and onnxrun, whose ratios matter most, next to each other."""
    peers = {**({"pytorch": run_torch} if args.torch else {}), "onnxruntime": run_ort, "onnxrun": run_onnxrun}
    results = {name: [] for name in peers}
    for _ in range(args.rounds):
        for name, run in peers.items():
            results[name].append(run(args, folder, batch, threads))
    row = {"net": os.path.basename(folder), "batch": batch, "threads": threads}
    for name, rounds in results.items():
        row[name] = {
            "min_ms": min(r["min"] for r in rounds),
            "median_ms": statistics.median(r["median"] for r in rounds),
            "rss_mb": min(r["rss_mb"] for r in rounds),
        }
        if "load_ms" in rounds[0]:
            row[name]["load_ms"] = min(r["load_ms"] for r in rounds)
    row["ratio"] = {key: row["onnxrun"][key] / row["onnxruntime"][key] for key in row["onnxrun"]}
    if args.torch:
        row["ratio_pytorch"] = {key: row["onnxrun"][key] / row["pytorch"][key] for key in row["pytorch"]}
    return row


HEADING = """                      A min    B min  A/B    C min  A/C  medians   load A  load  rss
net             b t      ms       ms           ms        A/B A/C      ms   A/B  A/B"""


def show(row):
    a, b, r = row["onnxrun"], row["onnxruntime"], row["ratio"]
    torch = row.get("ratio_pytorch")
    c = f"{row['pytorch']['min_ms']:8.2f} {torch['min_ms']:4.2f}" if torch else f"{'-':>8} {'-':>4}"
    median_c = f"{torch['median_ms']:4.2f}" if torch else "   -"
    print(f"{row['net'][:15]:15} {row['batch']} {row['threads']} {a['min_ms']:8.2f} {b['min_ms']:8.2f} {r['min_ms']:4.2f} {c} "
          f"{r['median_ms']:4.2f} {median_c} {a['load_ms']:7.0f} {r['load_ms']:5.2f} {r['rss_mb']:4.2f}", flush=True)


def folders(args):
    """The folders of the networks to time, each with a model.onnx."""
    names = args.nets.split(",") if args.nets else None
    if args.exports:
        return [os.path.join(args.exports, name) for name in names or NETS]
    found = [os.path.dirname(path) for models in args.models for path in sorted(glob.glob(os.path.join(models, "*", "model.onnx")))]
    return [folder for folder in found if not names or os.path.basename(folder) in names]


def versions(args):
    with open(os.path.join(args.modules, "node_modules", "onnxruntime-node", "package.json"), encoding="utf-8") as f:
        ort = json.load(f)["version"]
    mine = subprocess.run([args.onnxrun, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    peers = {"onnxrun": mine, "onnxruntime": f"onnxruntime-node {ort}"}
    if args.torch:
        peers["pytorch"] = f"PyTorch {torch_version()} with oneDNN"
    return peers


def torch_version():
    """PyTorch's version, or None where it is not installed."""
    command = [TORCH_PYTHON, "-c", "import torch; print(torch.__version__)"]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onnxrun", required=True)
    parser.add_argument("--modules", required=True, help="folder whose node_modules holds onnxruntime-node")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--exports", help="folder of tools/export_resnet.py")
    where.add_argument("--models", action="append", help="folder of models with stored inputs; may be repeated")
    parser.add_argument("--nets", help="names of folders, by comma (default: the five ResNets of --exports, all of --models)")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--batches", default="1,8")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=10, help="timed runs in each process")
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--no-torch", action="store_true", help="without PyTorch")
    parser.add_argument("--options", default=[], type=shlex.split, help="more options for onnxrun bench, as in --options='--prefer memory'")
    args = parser.parse_args()
    args.torch = bool(args.exports) and not args.no_torch and torch_version() is not None
    about = versions(args)
    print(", ".join(f"{letter}: {about[name]}" for letter, name in zip("ABC", about)))
    print(f"{args.rounds} x {args.runs} runs each, in turn, of b pictures on t threads (all peers)")
    print("load: from the path to a ready session; rss: peak, of B and C without their language")
    print(HEADING)
    rows = []
    for folder in folders(args):
        for batch in [1] if args.models else map(int, args.batches.split(",")):
            for threads in map(int, args.threads.split(",")):
                rows.append(measure(args, folder, batch, threads))
                show(rows[-1])
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump({"version": 1, "peers": about, "date": time.strftime("%Y-%m-%d"), "rows": rows}, f, indent=1)


if __name__ == "__main__":
    sys.exit(main())
