#!/usr/bin/python3
"""Export torchvision's classification networks to ONNX, with inputs and PyTorch's outputs beside them.

The interpreter is Debian's own (/usr/bin/python3) because PyTorch and torchvision come from Debian's packages
python3-torch and python3-torchvision, which any other Python on the PATH does not see.

    tools/export_torchvision.py --out build/torchvision                  a small network of each family
    tools/export_torchvision.py --subset small                           six that take seconds: what tools/test.sh tests
    tools/export_torchvision.py --subset medium                          all with at most 100 million parameters
    tools/export_torchvision.py --subset all                             all; some have more than 2 GB of weights
    tools/export_torchvision.py --net swin_t --opset 17                  one of them

The weights are seeded, the BatchNormalization statistics are gathered by forward passes; export_common.py says how, and
describes the files. What is there already with the same options is left alone.
"""

import argparse

import torch
import torchvision
from torchvision.models import get_model, get_model_weights, list_models
from torchvision.models.swin_transformer import ShiftedWindowAttentionV2

from export_common import Network, add_arguments, export_all, finish, select

SHORT = (
    "alexnet",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "googlenet",
    "inception_v3",
    "maxvit_t",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "regnet_x_400mf",
    "regnet_y_400mf",
    "resnet18",
    "resnext50_32x4d",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "swin_t",
    "swin_v2_t",
    "vit_b_32",
)
SMALL = (
    "efficientnet_b0",
    "googlenet",
    "mnasnet0_5",
    "mobilenet_v3_small",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
)
MEDIUM_PARAMETERS = 100_000_000

TOLERANCE = 2e-4
# ONNX Runtime 1.30 is 2.6e-4 away from PyTorch on this seeded net, PyTorch itself 2.1e-4 from what it computes in double.
LOOSER = {"resnet152": 5e-4}

AUXILIARY_HEADS = ("googlenet", "inception_v3")  # only used in training: left out
# Nets that --input-size does not apply to: the size is part of the weights' shapes or of the traced graph, or the adaptive
# pooling cannot be exported for any other.
FIXED_SIZE = ("alexnet", "maxvit", "swin", "vgg", "vit")


def build(name, size):
    """The untrained network of this name for pictures of this size, without auxiliary heads."""
    options = {"aux_logits": False, "init_weights": True} if name in AUXILIARY_HEADS else {}
    if name.startswith("vit"):
        options["image_size"] = size  # part of the position embedding's shape
    net = get_model(name, weights=None, **options)
    for module in net.modules():
        if isinstance(module, ShiftedWindowAttentionV2):
            set_attention_bias(module)
    return net


def set_attention_bias(attention):
    """Give a Swin V2 attention a random bias for queries and values, and none for keys.

    Swin V2 clears the keys' bias in place while it runs, which the exporter cannot express. Once that third is zero in
    the weights, clearing it again changes nothing and may be left out: see ignore_clearing().
    """
    with torch.no_grad():
        query, key, value = attention.qkv.bias.chunk(3)
        query.normal_(0.0, 0.1)
        key.zero_()
        value.normal_(0.0, 0.1)


def ignore_clearing():
    """Let the exporter pass over tensors that are cleared in place, as set_attention_bias() allows it to."""
    torch.onnx.register_custom_op_symbolic("aten::zero", lambda graph, tensor: tensor, 9)


def describe(name):
    """The Network of this name, with the input size its published weights are meant for."""
    published = get_model_weights(name).DEFAULT
    size = published.transforms.keywords["crop_size"]
    return Network(
        name=name,
        build=lambda: build(name, size),
        size=size,
        tolerance=LOOSER.get(name, TOLERANCE),
        fixed_size=name.startswith(FIXED_SIZE),
    )


def names_of(subset):
    """The names of a subset, in alphabetical order."""
    if subset in ("small", "short"):
        return list(SMALL if subset == "small" else SHORT)
    names = list_models(module=torchvision.models)
    if subset == "medium":
        names = [n for n in names if get_model_weights(n).DEFAULT.meta["num_params"] <= MEDIUM_PARAMETERS]
    return names


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--subset", choices=("small", "short", "medium", "all"), default="short", help="default: short")
    return parser.parse_args()


def main():
    args = parse_arguments()
    every = [describe(name) for name in names_of("all")]
    networks = select(every, args.net or names_of(args.subset))
    if args.list:
        print("\n".join(network.name for network in networks))
        return
    ignore_clearing()
    finish(export_all(networks, args))


if __name__ == "__main__":
    main()
