#!/usr/bin/python3
"""What the exporters share: seeded networks, BatchNormalization statistics, torch.onnx, and the folder layout.

The interpreter is Debian's own (/usr/bin/python3) because PyTorch and onnx come from Debian's packages python3-torch and
python3-onnx, which any other Python on the PATH does not see. This file is imported by export_resnet.py and
export_torchvision.py; it does nothing by itself.

Each network goes into a folder laid out as the ONNX backend tests are:

    OUT/NAME/model.onnx                     input 'input' [batch,C,H,W], output 'logits' [batch,classes]
    OUT/NAME/test_data_set_0/*.pb           one picture, and what PyTorch computes for it
    OUT/NAME/test_data_set_1/*.pb           three pictures
    OUT/NAME/data.json                      rtol and atol to compare with, and the relative tolerance behind them
    OUT/NAME/stamp.json                     the options it was made with; equal options are not exported again

No trained weights are needed: a network with seeded random weights whose BatchNormalization statistics come from its own
activations computes numbers as lively as those of a trained one.
"""

import json
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

LAYOUT_VERSION = 1  # raise it when the same options give other files than before
NORM_LAYERS = (nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm)
DATA_SETS = (1, 3)  # pictures in test_data_set_0, test_data_set_1


@dataclass(frozen=True)
class Network:
    """A network that can be exported: how to build it, what it takes, and how exactly it can be reproduced."""

    name: str
    build: Callable[[], nn.Module]
    size: int  # of the square input
    tolerance: float  # of the largest output magnitude
    fixed_size: bool = False  # --input-size does not apply
    channels: int = 3
    min_opset: int = 9


# ------------------------------------------------------------------------------------------------- networks and inputs


def structured_pictures(count, channels, size, seed):
    """Seeded pictures with both smooth structure and noise: float32 [count,channels,size,size], about unit variance."""
    rng = np.random.default_rng(seed)
    axis = np.linspace(0.0, 2.0 * np.pi, size, dtype=np.float32)
    pictures = 0.3 * rng.standard_normal((count, channels, size, size), dtype=np.float32)
    for _ in range(4):
        frequency_y, frequency_x = rng.uniform(0.3, 8.0, (2, count, channels, 1)).astype(np.float32)
        phase = rng.uniform(0.0, 2.0 * np.pi, (count, channels, 1, 1)).astype(np.float32)
        wave = (frequency_y * axis)[..., :, None] + (frequency_x * axis)[..., None, :] + phase
        pictures += 0.7 * np.sin(wave)
    return torch.from_numpy(pictures)


def enliven(net, seed):
    """Give seeded values to all parameters that start out constant.

    Constant ones hide mistakes: a zero bias that is dropped, a scale of one, or the zero weights with which some
    classifier heads start.
    """
    generator = torch.Generator().manual_seed(seed)
    norm_weights = {id(m.weight) for m in net.modules() if isinstance(m, NORM_LAYERS) and m.weight is not None}
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.numel() > 1 and bool((parameter == parameter.flatten()[0]).all()):
                if id(parameter) in norm_weights:
                    parameter.uniform_(0.8, 1.2, generator=generator)
                else:
                    parameter.normal_(0.0, 0.1, generator=generator)


def he_weights(net, seed):
    """He initialisation of a network without normalisation layers, so that its signal neither dies out nor explodes."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                fan_in = module.weight[0].numel()
                module.weight.normal_(0.0, (2.0 / fan_in) ** 0.5, generator=generator)


def gather_statistics(net, network, size, seed, batches=2, batch=6):
    """Fill the running statistics of every BatchNormalization by forward passes, as plain averages over the batches.

    Only the BatchNormalization layers are put in training mode, so dropout and auxiliary heads stay out. In that mode
    each layer normalises by its own batch, so even a very deep net sees sane activations at every depth.
    """
    layers = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    net.eval()
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # cumulative average
        layer.train()
    with torch.no_grad():
        for index in range(batches):
            net(structured_pictures(batch, network.channels, size, [seed, 1, index]))
    for layer, momentum in zip(layers, momenta):
        layer.momentum = momentum
    net.eval()


def build_network(network, size, seed):
    """The network in evaluation mode, with seeded weights and gathered statistics."""
    torch.manual_seed(seed)
    net = network.build()
    if not any(isinstance(m, NORM_LAYERS) for m in net.modules()):
        he_weights(net, seed)
    enliven(net, seed)
    gather_statistics(net, network, size, seed)
    return net


# ----------------------------------------------------------------------------------------------------------- exporting


def export_onnx(net, example, path, opset, bn, input_name="input", output_name="logits"):
    """Write `net` to `path` with a dynamic first axis named 'batch', BatchNormalization kept or folded.

    The exporter folds BatchNormalization into convolutions whenever it exports for inference. To keep the nodes, it is
    told to preserve the mode that the net is in, which is evaluation mode all the same.
    """
    net.eval()
    keep = bn == "keep"
    mode = torch.onnx.TrainingMode.PRESERVE if keep else torch.onnx.TrainingMode.EVAL
    torch.onnx.export(
        net,
        example,
        str(path),
        opset_version=opset,
        training=mode,
        do_constant_folding=not keep,
        input_names=[input_name],
        output_names=[output_name],
        dynamic_axes={input_name: {0: "batch"}, output_name: {0: "batch"}},
    )
    onnx.checker.check_model(str(path))


def left_after_conv(graph):
    """The BatchNormalization nodes that could have been folded: each the only user of a convolution's output."""
    convolved = {node.output[0] for node in graph.node if node.op_type == "Conv"}
    uses = Counter(name for node in graph.node for name in node.input)
    batchnorms = [node for node in graph.node if node.op_type == "BatchNormalization"]
    return [node.name for node in batchnorms if node.input[0] in convolved and uses[node.input[0]] == 1]


def check_batchnorms(net, path, bn):
    """Fail unless the exported graph has just the BatchNormalization nodes that were asked for; return their number.

    Kept means all of them; folded means all but those that follow no convolution (a DenseNet has many such).
    """
    graph = onnx.load(str(path), load_external_data=False).graph
    in_net = sum(isinstance(m, nn.BatchNorm2d) for m in net.modules())
    in_graph = sum(node.op_type == "BatchNormalization" for node in graph.node)
    if bn == "keep" and in_graph != in_net:
        raise RuntimeError(f"{path}: {in_graph} of {in_net} BatchNormalization nodes were kept")
    if bn == "fold" and left_after_conv(graph):
        raise RuntimeError(f"{path}: BatchNormalization is left behind a convolution: {left_after_conv(graph)[0]}")
    return in_graph


def write_tensor(array, name, path):
    """Write one tensor as a TensorProto file."""
    path.write_bytes(numpy_helper.from_array(np.ascontiguousarray(array), name).SerializeToString())


def write_data_sets(net, network, size, seed, folder):
    """Write the inputs and PyTorch's outputs; return the largest magnitude of the weakest output."""
    peaks = []
    for index, count in enumerate(DATA_SETS):
        pictures = structured_pictures(count, network.channels, size, [seed, 2, index])
        with torch.no_grad():
            output = net(pictures).numpy()
        check_outputs(output, network.name)
        data_set = folder / f"test_data_set_{index}"
        data_set.mkdir(parents=True)
        write_tensor(pictures.numpy(), "input", data_set / "input_0.pb")
        write_tensor(output, "logits", data_set / "output_0.pb")
        peaks.append(float(np.abs(output).max()))
    return min(peaks)


def check_outputs(output, name):
    """A reference that is not finite, or is the same for different pictures, would prove nothing."""
    if not np.isfinite(output).all():
        raise RuntimeError(f"{name}: PyTorch's own output is not finite")
    peak = np.abs(output).max()
    if np.ptp(output) < 0.05 * peak:
        raise RuntimeError(f"{name}: all outputs are nearly equal")
    if len(output) > 1 and np.abs(output[1:] - output[:-1]).max() < 0.01 * peak:
        raise RuntimeError(f"{name}: the output hardly depends on the input")


def write_json(value, path):
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


def stamp_for(network, size, args):
    """What decides over the content of a network's folder."""
    return {
        "bn": args.bn,
        "layout": LAYOUT_VERSION,
        "name": network.name,
        "opset": args.opset,
        "seed": args.seed,
        "size": size,
        "threads": args.threads,
        "tolerance": network.tolerance,
        "torch": torch.__version__,
    }


def is_current(folder, stamp):
    """Whether a folder was completely written with just these options."""
    try:
        return json.loads((folder / "stamp.json").read_text()) == stamp
    except (OSError, ValueError):
        return False


def export_network(network, args):
    """Write one network's folder, unless it is there already; return a line that says what happened."""
    size = network.size if network.fixed_size or not args.input_size else args.input_size
    if args.opset < network.min_opset:
        return f"skipped: needs opset {network.min_opset} or newer"
    folder = args.out / network.name
    stamp = stamp_for(network, size, args)
    if not args.force and is_current(folder, stamp):
        return "up to date"
    start = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    net = build_network(network, size, args.seed)
    # Two pictures in the example: a batch of one could be mistaken for an axis to broadcast or to drop.
    example = structured_pictures(2, network.channels, size, [args.seed, 3])
    export_onnx(net, example, folder / "model.onnx", args.opset, args.bn)
    batchnorms = check_batchnorms(net, folder / "model.onnx", args.bn)
    peak = write_data_sets(net, network, size, args.seed, folder)
    tolerance = {"rtol": 0.0, "atol": network.tolerance * peak, "tolerance": network.tolerance}
    write_json(tolerance, folder / "data.json")
    write_json(stamp, folder / "stamp.json")
    megabytes = sum(f.stat().st_size for f in folder.iterdir() if f.is_file()) / 1e6
    seconds = time.monotonic() - start
    return f"{megabytes:.1f} MB, {batchnorms} BatchNormalization nodes, largest output {peak:.3g}, {seconds:.1f} s"


# -------------------------------------------------------------------------------------------------------- command line


def add_arguments(parser):
    """The options that all exporters have."""
    parser.add_argument("--out", type=Path, default=Path("build/exports"), help="folder to write to")
    parser.add_argument("--net", action="append", metavar="NAME", help="export this network; may be repeated")
    parser.add_argument("--opset", type=int, default=13, choices=range(9, 18), metavar="9..17", help="default: 13")
    parser.add_argument("--bn", choices=("keep", "fold"), default="keep", help="what to do with BatchNormalization")
    parser.add_argument("--input-size", type=int, metavar="N", help="side of the square input, where the net allows any")
    parser.add_argument("--seed", type=int, default=1, help="seed of weights and inputs")
    parser.add_argument("--threads", type=int, default=2, help="threads of PyTorch; sums may depend on it")
    parser.add_argument("--force", action="store_true", help="export even what is up to date")
    parser.add_argument("--list", action="store_true", help="print the names and stop")


def select(networks, names):
    """The networks of these names; an unknown name ends the program."""
    by_name = {network.name: network for network in networks}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise SystemExit(f"unknown network {', '.join(unknown)}; --list prints the names")
    return [by_name[name] for name in names]


def export_all(networks, args):
    """Export the networks one by one; a failure is reported and does not keep the others from being exported."""
    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True)
    failures = 0
    for network in networks:
        try:
            result = export_network(network, args)
        except Exception as error:  # the exporter raises many kinds
            failures += 1
            result = f"FAILED: {type(error).__name__}: {str(error).strip().splitlines()[0]}"
        print(f"{network.name:24s} {result}", flush=True)
    return failures


def finish(failures):
    if failures:
        sys.exit(f"{failures} networks could not be exported")
