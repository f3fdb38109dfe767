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
from PIL import Image
from torch import nn

from export_common import check_batchnorms, export_onnx, write_json
from residualnet import ResidualNet, parameter_count

DATA = Path("/usr/share/datasets/fashion-mnist")  # where Debian's dataset-fashion-mnist puts its files
MEAN, STD = 0.286, 0.353  # of the training pictures' pixels / 255, before the border is added
BORDER = 2
LABELS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
CLASSES = len(LABELS)
SAMPLES = 12  # pictures shipped one by one
TEST_PICTURES = 500  # pictures shipped in one file, with PyTorch's logits
OPSET = 13


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


def learning_rate(step, cycles, peak):
    """Cycles of these numbers of steps: a linear rise in the first fifth of each, then half a cosine down to nothing.

    Each cycle rises to four tenths of the peak of the one before: a warm restart that refines what is there already.
    """
    for length in cycles[:-1]:
        if step < length:
            break
        step -= length
        peak *= 0.4
    else:
        length = cycles[-1]
    rise = max(1, length // 5)
    if step < rise:
        return peak * (0.04 + 0.96 * step / rise)
    return peak * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, length - rise)))


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
        self.cycles = [self.steps_per_epoch * epochs for epochs in args.epochs]
        self.total = sum(self.cycles)
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
        rate = learning_rate(self.step, self.cycles, self.args.peak)
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
    """Train, or continue to train; leave final.pt and report.json in the work folder and return the net."""
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
    write_json(report, args.work / "report.json")
    save_atomically({"settings": trainer.settings(), "net": trainer.net.state_dict()}, args.work / "final.pt")
    print(f"accuracy {score:.4f} on {len(test_labels)} test pictures", flush=True)
    return trainer.net


# ------------------------------------------------------------------------------------------------------------ shipping


def ship(net, args):
    """Write all that models/ holds, except its README."""
    args.export.mkdir(parents=True, exist_ok=True)
    pictures, labels = load_split(args.data, "t10k")
    net.eval()
    name = f"residualnet{args.width}-fashion"
    ship_model(net, args.export / f"{name}.onnx", "fold")
    ship_model(net, args.export / f"{name}-bn.onnx", "keep")
    (args.export / "fashion-labels.txt").write_text("\n".join(LABELS) + "\n")
    logits = evaluate(net, pictures[:TEST_PICTURES])
    ship_test_set(pictures[:TEST_PICTURES], labels[:TEST_PICTURES], logits, args.export / "fashion-test.npz")
    ship_samples(pictures[:TEST_PICTURES], labels[:TEST_PICTURES], logits, args.export / "samples")


def ship_model(net, path, bn):
    """Write one model and the sidecar from which the command line learns how to prepare a picture for it."""
    example = torch.zeros(2, 3, 32, 32)
    export_onnx(net, example, path, OPSET, bn, input_name="image", output_name="logits")
    check_batchnorms(net, path, bn)
    sidecar = {
        "version": 1,
        "labels": "fashion-labels.txt",
        "layout": "NCHW",
        "channels": "RGB",
        "size": [32, 32],
        "scale": 1 / 255,
        "mean": [MEAN] * 3,
        "std": [STD] * 3,
    }
    write_json(sidecar, path.with_name(path.name + ".json"))


def ship_test_set(pictures, labels, logits, path):
    """Write test pictures as bytes, their labels and PyTorch's logits; says how many of them the net gets right."""
    np.savez(path, pictures=pictures, labels=labels, logits=logits)
    right = int((logits.argmax(axis=1) == labels).sum())
    print(f"{path}: {right} of {len(labels)} right", flush=True)


def choose_samples(labels, logits):
    """The first pictures that the net gets right: one of each class, then a second one of the first classes."""
    right = logits.argmax(axis=1) == labels
    rows = [np.flatnonzero(right & (labels == label)) for label in range(CLASSES)]
    return [rows[i % CLASSES][i // CLASSES] for i in range(SAMPLES)]


def ship_samples(pictures, labels, logits, folder):
    """Write sample pictures as PNG, and the tensor that the net takes for each as little-endian float32."""
    folder.mkdir(exist_ok=True)
    for number, row in enumerate(choose_samples(labels, logits)):
        word = LABELS[labels[row]].lower().replace(" ", "-").replace("/", "-")
        path = folder / f"{number:02d}-{word}.png"
        Image.fromarray(np.repeat(pictures[row][:, :, None], 3, axis=2)).save(path, optimize=True)
        normalise(pictures[row : row + 1]).astype("<f4").tofile(path.with_suffix(".bin"))


# ---------------------------------------------------------------------------------------------------------------- main


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("build/train"), help="folder of the checkpoints and the report")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the Fashion-MNIST files (default: Debian's)")
    parser.add_argument("--width", type=int, default=16, help="channels of the first layer; 64 is the full net")
    parser.add_argument(
        "--epochs",
        type=int,
        nargs="+",
        default=[9, 6],
        metavar="N",
        help="passes over the 60,000 training pictures, in each cycle of the learning rate (default: 9 6)",
    )
    parser.add_argument("--batch", type=int, default=128, help="pictures per step")
    parser.add_argument("--peak", type=float, default=0.15, help="highest learning rate of the first cycle")
    parser.add_argument("--weight-decay", type=float, default=5e-4, help="decay of the weights of conv and linear")
    parser.add_argument("--smoothing", type=float, default=0.05, help="label smoothing")
    parser.add_argument("--seed", type=int, default=1, help="seed of all that is random")
    parser.add_argument("--threads", type=int, default=2, help="threads of PyTorch")
    parser.add_argument("--save-every", type=int, default=100, help="steps between checkpoints")
    parser.add_argument("--export", type=Path, metavar="DIR", help="afterwards write the models and samples to DIR")
    return parser.parse_args()


def main():
    args = parse_arguments()
    torch.set_num_threads(args.threads)
    args.work.mkdir(parents=True, exist_ok=True)
    net = train(args)
    if args.export:
        ship(net, args)


if __name__ == "__main__":
    main()
