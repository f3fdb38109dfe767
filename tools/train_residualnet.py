#!/usr/bin/python3
"""Train ResidualNet on Fashion-MNIST and write the trained model in the forms that models/ ships.

The interpreter is Debian's own (/usr/bin/python3) because PyTorch, onnx and Pillow come from Debian's packages
python3-torch, python3-onnx and python3-pil, which any other Python on the PATH does not see. The pictures come from
Debian's package dataset-fashion-mnist.

    tools/train_residualnet.py --work build/train              train, evaluate, and leave build/train/final.pt
    tools/train_residualnet.py --work build/train --export models
                                                               the same, then write the ONNX models and the samples

The 28x28 grey pictures get a border of two black pixels (32x32), are repeated into three equal channels, and are
normalised as x = (pixel / 255 - MEAN) / STD. Everything random comes from --seed: the order of the pictures from
(seed, epoch), the augmentation from (seed, step). So a run that was stopped continues from its last checkpoint with
exactly the batches it would have seen; just start the same command again.
"""

import argparse
import gzip
import json
import math
import os
import platform
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from residualnet import ResidualNet, parameter_count

DATA = Path("/usr/share/datasets/fashion-mnist")  # where Debian's dataset-fashion-mnist puts its files
MEAN, STD = 0.286, 0.353  # of the training pictures' pixels / 255, before the border is added
BORDER = 2
CLASSES = 10


# ---------------------------------------------------------------------------------------------------------------- data


def read_idx(path):
    """Read one gzipped file of the IDX format: a big-endian header with the shape, then bytes."""
    with gzip.open(path, "rb") as file:
        raw = file.read()
    if raw[:3] != b"\x00\x00\x08":
        raise SystemExit(f"{path}: not an IDX file of unsigned bytes")
    rank = raw[3]
    shape = np.frombuffer(raw, ">u4", rank, 4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load_split(folder, prefix):
    """Return (pictures uint8 [N,32,32], labels int64 [N]) of the split named 'train' or 't10k'."""
    pictures = read_idx(folder / f"{prefix}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz")
    border = ((0, 0), (BORDER, BORDER), (BORDER, BORDER))
    return np.pad(pictures, border), labels.astype(np.int64)


def normalise(pictures):
    """uint8 [N,32,32] to the net's float32 [N,3,32,32]: three equal channels of (pixel / 255 - MEAN) / STD."""
    scaled = pictures.astype(np.float32) * np.float32(1 / 255)
    x = (scaled - np.float32(MEAN)) / np.float32(STD)
    return np.repeat(x[:, None], 3, axis=1)


def augment(pictures, seed, reach=3):
    """Shift each picture by up to `reach` pixels each way (black comes in) and mirror every other one, at random."""
    rng = np.random.default_rng(seed)
    count, height, width = pictures.shape
    padded = np.pad(pictures, ((0, 0), (reach, reach), (reach, reach)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
    dy, dx = rng.integers(0, 2 * reach + 1, (2, count))
    moved = windows[np.arange(count), dy, dx]
    mirror = rng.random(count) < 0.5
    moved[mirror] = moved[mirror, :, ::-1]
    return moved


def to_batch(pictures):
    """The tensor to feed for uint8 pictures, in the memory order that PyTorch's CPU convolutions run fastest on."""
    return torch.from_numpy(normalise(pictures)).contiguous(memory_format=torch.channels_last)


# ------------------------------------------------------------------------------------------------------------ training


def learning_rate(step, total, peak):
    """One cycle: a linear rise during the first fifth of the training, then half a cosine down to nothing."""
    rise = max(1, total // 5)
    if step < rise:
        return peak * (0.04 + 0.96 * step / rise)
    return peak * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, total - rise)))


def make_optimizer(net, weight_decay):
    """SGD with Nesterov momentum; biases and BatchNormalization parameters are not decayed."""
    decayed = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True)


def evaluate(net, pictures, batch=250):
    """The logits of all pictures in evaluation mode, as float32 [N,CLASSES]."""
    net.eval()
    rows = []
    with torch.no_grad():
        for start in range(0, len(pictures), batch):
            rows.append(net(to_batch(pictures[start : start + batch])).numpy())
    return np.concatenate(rows)


def accuracy(logits, labels):
    """The share of rows whose largest logit is at the label."""
    return float((logits.argmax(axis=1) == labels).mean())


def save_atomically(state, path):
    """Write a checkpoint so that a stop in the middle of writing leaves the one before intact."""
    draft = path.with_suffix(".tmp")
    torch.save(state, draft)
    os.replace(draft, path)


class Trainer:
    """The net, its optimizer and where in the training they are; saves and restores all of it."""

    def __init__(self, args, pictures, labels):
        torch.manual_seed(args.seed)
        self.args = args
        self.pictures, self.labels = pictures, labels
        self.net = ResidualNet(3, CLASSES, args.width).to(memory_format=torch.channels_last)
        self.optimizer = make_optimizer(self.net, args.weight_decay)
        self.loss = nn.CrossEntropyLoss(label_smoothing=args.smoothing)
        self.steps_per_epoch = len(pictures) // args.batch
        self.total = self.steps_per_epoch * args.epochs
        self.step = 0
        self.seconds = 0.0
        self.history = []
        self.checkpoint = args.work / "checkpoint.pt"

    def settings(self):
        """What must be equal for a checkpoint to be continued."""
        names = ("width", "epochs", "batch", "peak", "weight_decay", "smoothing", "seed")
        return {name: getattr(self.args, name) for name in names}

    def save(self):
        state = {
            "settings": self.settings(),
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "history": self.history,
        }
        save_atomically(state, self.checkpoint)

    def resume(self):
        """Continue from the checkpoint, if there is one of the same settings."""
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint)
        if state["settings"] != self.settings():
            raise SystemExit(f"{self.checkpoint} was made with {state['settings']}: choose another --work")
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds, self.history = state["step"], state["seconds"], state["history"]
        print(f"continuing at step {self.step} of {self.total}", flush=True)

    def order(self, epoch):
        """The order of the training pictures in an epoch."""
        return np.random.default_rng([self.args.seed, 1, epoch]).permutation(len(self.pictures))

    def train_step(self, rows):
        """One step of gradient descent on the pictures of these rows; returns the loss."""
        rate = learning_rate(self.step, self.total, self.args.peak)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        batch = to_batch(augment(self.pictures[rows], [self.args.seed, 2, self.step]))
        loss = self.loss(self.net(batch), torch.from_numpy(self.labels[rows]))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.step += 1
        return float(loss.detach())

    def run(self, test_pictures, test_labels):
        """Train until the last step, with a checkpoint every --save-every steps and an accuracy after each epoch."""
        mean_loss, order, order_epoch = None, None, -1
        while self.step < self.total:
            start = time.monotonic()
            epoch, index = divmod(self.step, self.steps_per_epoch)
            if epoch != order_epoch:
                order, order_epoch = self.order(epoch), epoch
            self.net.train()
            loss = self.train_step(order[index * self.args.batch : (index + 1) * self.args.batch])
            mean_loss = loss if mean_loss is None else 0.98 * mean_loss + 0.02 * loss
            self.seconds += time.monotonic() - start
            epoch_done = self.step % self.steps_per_epoch == 0
            if epoch_done:
                self.report_epoch(mean_loss, accuracy(evaluate(self.net, test_pictures), test_labels))
            if epoch_done or self.step % self.args.save_every == 0:
                self.save()
                print(f"step {self.step}/{self.total} loss {mean_loss:.4f} {self.seconds:.0f} s", flush=True)

    def report_epoch(self, mean_loss, score):
        row = {
            "epoch": self.step // self.steps_per_epoch,
            "loss": round(mean_loss, 4),
            "accuracy": score,
            "seconds": round(self.seconds),
        }
        self.history.append(row)
        print(json.dumps(row), flush=True)


def train(args):
    """Train, or continue to train, and leave final.pt and report.json in the work folder."""
    pictures, labels = load_split(args.data, "train")
    test_pictures, test_labels = load_split(args.data, "t10k")
    trainer = Trainer(args, pictures, labels)
    print(f"{parameter_count(trainer.net):,} parameters, {trainer.total} steps", flush=True)
    trainer.resume()
    trainer.run(test_pictures, test_labels)
    score = accuracy(evaluate(trainer.net, test_pictures), test_labels)
    report = {
        "accuracy": score,
        "test_pictures": len(test_labels),
        "training_seconds": round(trainer.seconds),
        "settings": trainer.settings(),
        "threads": args.threads,
        "history": trainer.history,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    (args.work / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    save_atomically({"settings": trainer.settings(), "net": trainer.net.state_dict()}, args.work / "final.pt")
    print(f"accuracy {score:.4f} on {len(test_labels)} test pictures", flush=True)


# ---------------------------------------------------------------------------------------------------------------- main


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("build/train"), help="folder of the checkpoints and the report")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the Fashion-MNIST files (default: Debian's)")
    parser.add_argument("--width", type=int, default=16, help="channels of the first layer; 64 is the full net")
    parser.add_argument("--epochs", type=int, default=9, help="passes over the 60,000 training pictures")
    parser.add_argument("--batch", type=int, default=128, help="pictures per step")
    parser.add_argument("--peak", type=float, default=0.15, help="highest learning rate of the cycle")
    parser.add_argument("--weight-decay", type=float, default=5e-4, help="decay of the weights of conv and linear")
    parser.add_argument("--smoothing", type=float, default=0.05, help="label smoothing")
    parser.add_argument("--seed", type=int, default=1, help="seed of all that is random")
    parser.add_argument("--threads", type=int, default=2, help="threads of PyTorch")
    parser.add_argument("--save-every", type=int, default=100, help="steps between checkpoints")
    return parser.parse_args()


def main():
    args = parse_arguments()
    torch.set_num_threads(args.threads)
    args.work.mkdir(parents=True, exist_ok=True)
    train(args)


if __name__ == "__main__":
    main()
