#!/usr/bin/python3
"""Export ResidualNet at full width and torchvision's ResNets to ONNX, with inputs and PyTorch's outputs beside them.

The interpreter is Debian's own (/usr/bin/python3) because PyTorch and torchvision come from Debian's packages
python3-torch and python3-torchvision, which any other Python on the PATH does not see.

    tools/export_resnet.py --all --out build/exports                     all six, BatchNormalization kept, opset 13
    tools/export_resnet.py --net resnet18 --opset 9 --bn fold            one of them

The weights are seeded, the BatchNormalization statistics are gathered by forward passes; export_common.py says how, and
describes the files. What is there already with the same options is left alone.
"""

import argparse

import torchvision

from export_common import Network, add_arguments, export_all, finish, select
from residualnet import ResidualNet

# The deeper a net, the more the rounding of its early layers is amplified: hence looser tolerances.
NETWORKS = (
    Network("residualnet34", lambda: ResidualNet(3, 10, 64), 32, 1e-4, fixed_size=True),
    Network("resnet18", torchvision.models.resnet18, 224, 1e-4),
    Network("resnet34", torchvision.models.resnet34, 224, 1e-4),
    Network("resnet50", torchvision.models.resnet50, 224, 1e-4),
    Network("resnet101", torchvision.models.resnet101, 224, 5e-4),
    Network("resnet152", torchvision.models.resnet152, 224, 3e-3),
)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--all", action="store_true", help="export all six")
    args = parser.parse_args()
    if not (args.all or args.net or args.list):
        parser.error("choose networks with --net NAME, or --all")
    return args


def main():
    args = parse_arguments()
    if args.list:
        print("\n".join(network.name for network in NETWORKS))
        return
    networks = NETWORKS if args.all else select(NETWORKS, args.net)
    finish(export_all(networks, args))


if __name__ == "__main__":
    main()
