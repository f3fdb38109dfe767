#!/usr/bin/python3
"""Times onnxrun and ONNX Runtime (and PyTorch, with --torch) side by side: processes in turn, A B A B, on the exported networks.

    bench_peers.py --onnxrun BINARY --modules DIR --exports DIR [--nets a,b] [--threads 1,2] [--batches 1,8] [--rounds N] [--json FILE]

Each round starts one process of each peer, which loads the model and runs it some times; figures are the minimum and the median over
all rounds' runs. Prints a table of times and ratios (onnxrun / peer) and writes everything as JSON. Called by bench_peers.sh, which
installs the peers. May assume: a quiet machine; what else runs shows in the medians. Never compares figures of different runs.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np

import ort_peer

SIZES = {"residualnet34": 32}
NETS = ["residualnet34", "resnet18", "resnet34", "resnet50", "resnet101"]


def run_onnxrun(args, model, _, batch, threads, runs):
    command = [args.onnxrun, "bench", model, "--json", "-t", str(threads), "--batch", str(batch), "--iterations", str(runs), "--warmup", "3"]
    command += args.options
    out = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {"load_ms": out["load_ms"], "min": out["min_ms"], "median": out["median_ms"], "rss_mb": out["peak_rss_mb"] * 1.048576}  # MiB to MB


def run_ort(args, model, size, batch, threads, runs):
    picture = np.random.default_rng(0).uniform(-1, 1, (batch, 3, size, size)).astype(np.float32)
    out = ort_peer.run(args.modules, model, [("", picture)], threads, runs + 3)
    times = out["times_ms"][3:]
    return {"load_ms": out["load_ms"], "min": min(times), "median": statistics.median(times), "rss_mb": out["rss_mb"]}


def measure(args, net, batch, threads):
    """One row: both peers in turn for some rounds."""
    model, size = os.path.join(args.exports, net, "model.onnx"), SIZES.get(net, 224)
    results = {"onnxrun": [], "onnxruntime": []}
    for _ in range(args.rounds):
        results["onnxrun"].append(run_onnxrun(args, model, size, batch, threads, args.runs))
        results["onnxruntime"].append(run_ort(args, model, size, batch, threads, args.runs))
    row = {"net": net, "batch": batch, "threads": threads}
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
    print(f"{row['net']:14} b{row['batch']} t{row['threads']}  {a['min_ms']:8.2f} {b['min_ms']:8.2f} {r['min_ms']:6.2f}   {r['median_ms']:6.2f}   "
          f"{a['load_ms']:7.0f} {b['load_ms']:7.0f} {r['load_ms']:6.2f}   {a['rss_mb']:6.0f} {b['rss_mb']:6.0f} {r['rss_mb']:6.2f}", flush=True)


def versions(args):
    with open(os.path.join(args.modules, "node_modules", "onnxruntime-node", "package.json"), encoding="utf-8") as f:
        ort = json.load(f)["version"]
    mine = subprocess.run([args.onnxrun, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    return {"onnxrun": mine, "onnxruntime": f"onnxruntime-node {ort}"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onnxrun", required=True)
    parser.add_argument("--modules", required=True, help="folder whose node_modules holds onnxruntime-node")
    parser.add_argument("--exports", required=True, help="folder of tools/export_resnet.py")
    parser.add_argument("--nets", default=",".join(NETS))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--batches", default="1,8")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=10, help="timed runs in each process")
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--options", nargs="*", default=[], help="more options for onnxrun bench")
    args = parser.parse_args()
    about = versions(args)
    print(f"A: {about['onnxrun']}, B: {about['onnxruntime']}; {args.rounds} x {args.runs} runs each, in turn; times in ms, memory in MB")
    print("net            b  t        A min    B min    A/B  median A/B   A load  B load    A/B    A rss  B rss    A/B")
    rows = []
    for net in args.nets.split(","):
        for batch in map(int, args.batches.split(",")):
            for threads in map(int, args.threads.split(",")):
                rows.append(measure(args, net, batch, threads))
                show(rows[-1])
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump({"version": 1, "peers": about, "date": time.strftime("%Y-%m-%d"), "rows": rows}, f, indent=1)


if __name__ == "__main__":
    sys.exit(main())
