#!/usr/bin/python3
"""ResidualNet: the residual network that onnxrun trains, exports and measures itself with.

The interpreter is Debian's own (/usr/bin/python3) because PyTorch comes from Debian's python3-torch package, which any
other Python on the PATH does not see.

The net takes 32x32 pictures with `in_channels` channels:

    conv3x3/1 (no bias) - BN - ReLU - maxpool3x3/1 pad 1
    four layers of 3, 4, 6 and 3 residual blocks; widths w, 2w, 4w, 8w; strides 1, 2, 2, 2
    avgpool4x4/1 - flatten - linear 8w -> classes

A residual block is conv3x3/s - BN - ReLU - conv3x3 - BN, both convolutions with a bias, plus a shortcut, then ReLU. The
shortcut is the identity, or conv1x1/s (no bias) - BN where the block changes the stride or the number of channels.

Run as a program it prints the number of parameters for a few widths.
"""

import torch
from torch import nn

BLOCKS = (3, 4, 6, 3)
STRIDES = (1, 2, 2, 2)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut around them."""

    def __init__(self, in_channels, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride=stride, padding=1)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(channels)
        if stride != 1 or in_channels != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, stride=stride, bias=False),
                nn.BatchNorm2d(channels),
            )
        else:
            self.shortcut = nn.Identity()

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return torch.relu(y + self.shortcut(x))


class ResidualNet(nn.Module):
    """The whole net; `width` is the number of channels of the first layer (64 is the full net)."""

    def __init__(self, in_channels=3, classes=10, width=64):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=1, padding=1),
        )
        layers = []
        channels_in = width
        for index, (blocks, stride) in enumerate(zip(BLOCKS, STRIDES)):
            channels = width << index
            layers.append(make_layer(channels_in, channels, blocks, stride))
            channels_in = channels
        self.layers = nn.Sequential(*layers)
        self.pool = nn.AvgPool2d(4, stride=1)
        self.head = nn.Linear(channels_in, classes)
        self.apply(init_weights)

    def forward(self, x):
        y = self.pool(self.layers(self.stem(x)))
        return self.head(torch.flatten(y, 1))


def make_layer(in_channels, channels, blocks, stride):
    """A row of blocks; only the first one changes the stride and the number of channels."""
    first = ResidualBlock(in_channels, channels, stride)
    rest = [ResidualBlock(channels, channels, 1) for _ in range(blocks - 1)]
    return nn.Sequential(first, *rest)


def init_weights(module):
    """He initialisation for what a ReLU follows; PyTorch's defaults for everything else."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def parameter_count(net):
    """How many trainable numbers a net has."""
    return sum(p.numel() for p in net.parameters())


if __name__ == "__main__":
    for width_to_show in (16, 32, 64):
        count = parameter_count(ResidualNet(width=width_to_show))
        print(f"width {width_to_show:3d}: {count:,} parameters")
