#!/usr/bin/python3
"""Runs PyTorch on one of export_resnet.py's networks, for bench_peers.py: runs and memory. Prints one line of JSON.

    bench_torch.py NET BATCH THREADS RUNS

The network is traced and then optimized for inference, which folds BatchNormalization, hands the convolutions to oneDNN with
their activations, and is the fastest of what this PyTorch offers (eager mode takes a third more). Its weights are random: they
do not change the time. The interpreter is Debian's own (/usr/bin/python3), which sees the package python3-torch.
"""

import json
import resource
import sys
import time

import torch

from export_resnet import NETWORKS


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main():
    name, batch, threads, runs = sys.argv[1], *map(int, sys.argv[2:5])
    network = next(n for n in NETWORKS if n.name == name)
    torch.set_num_threads(threads)
    idle = peak_bytes()
    pictures = torch.rand(batch, network.channels, network.size, network.size) * 2 - 1
    times = []
    with torch.no_grad():
        net = torch.jit.optimize_for_inference(torch.jit.trace(network.build().eval(), pictures))
        for _ in range(runs):
            start = time.perf_counter()
            net(pictures)
            times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({"version": torch.__version__, "times_ms": times, "rss_mb": (peak_bytes() - idle) / 1e6}))


if __name__ == "__main__":
    main()
