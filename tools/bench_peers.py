#!/usr/bin/python3
"""Times onnxrun and ONNX Runtime (and PyTorch, with --torch) side by side: processes in turn, A B A B, on the exported networks.

    bench_peers.py --onnxrun BINARY --modules DIR --exports DIR [--nets a,b] [--threads 1,2] [--batches 1,8] [--rounds N] [--json FILE]
    bench_peers.py --onnxrun BINARY --modules DIR --models DIR [--models DIR] [--nets a,b] [--threads 1,2] [--rounds N] [--json FILE]

The first times the ResNets that tools/export_resnet.py made, on random pictures. The second times every DIR/NAME/model.onnx (or those
of --nets) on the input in DIR/NAME/test_data_set_0, the layout of ONNX's backend tests and of tools/export_torchvision.py.

Each round starts one process of each peer, which loads the model and runs it some times; figures are the minimum and the median over
all rounds' runs. Prints a table of times and ratios (onnxrun / peer) and writes everything as JSON. Called by bench_peers.sh, which
installs the peers. May assume: a quiet machine; what else runs shows in the medians. Never compares figures of different runs.
"""
import argparse
import glob
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np

import ort_peer

SIZES = {"residualnet34": 32}
DATA_SET = "test_data_set_0"
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


def measure(args, folder, batch, threads):
    """One row: both peers in turn for some rounds."""
    results = {"onnxrun": [], "onnxruntime": []}
    for _ in range(args.rounds):
        results["onnxrun"].append(run_onnxrun(args, folder, batch, threads))
        results["onnxruntime"].append(run_ort(args, folder, batch, threads))
    row = {"net": os.path.basename(folder), "batch": batch, "threads": threads}
    for peer, rounds in results.items():
        row[peer] = {
            "load_ms": min(r["load_ms"] for r in rounds),
            "min_ms": min(r["min"] for r in rounds),
            "median_ms": statistics.median(r["median"] for r in rounds),
            "rss_mb": min(r["rss_mb"] for r in rounds),
        }
    row["ratio"] = {key: row["onnxrun"][key] / row["onnxruntime"][key] for key in row["onnxrun"]}
    return row


def show(row):
    a, b, r = row["onnxrun"], row["onnxruntime"], row["ratio"]
    print(f"{row['net'][:20]:20} b{row['batch']} t{row['threads']}  {a['min_ms']:8.2f} {b['min_ms']:8.2f} {r['min_ms']:6.2f}   {r['median_ms']:6.2f}   "
          f"{a['load_ms']:7.0f} {b['load_ms']:7.0f} {r['load_ms']:6.2f}   {a['rss_mb']:6.0f} {b['rss_mb']:6.0f} {r['rss_mb']:6.2f}", flush=True)


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
    return {"onnxrun": mine, "onnxruntime": f"onnxruntime-node {ort}"}


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
    parser.add_argument("--options", nargs="*", default=[], help="more options for onnxrun bench")
    args = parser.parse_args()
    about = versions(args)
    print(f"A: {about['onnxrun']}, B: {about['onnxruntime']}; {args.rounds} x {args.runs} runs each, in turn; times in ms, memory in MB")
    print("net                  b  t        A min    B min    A/B  median A/B   A load  B load    A/B    A rss  B rss    A/B")
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
