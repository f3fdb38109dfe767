#!/usr/bin/env python3
"""Every file that the tool writes, on disks that are full and paths that cannot be written: a clear error, the right exit code, nothing
half-written, and what was there before untouched.

    check_writers.py --onnxrun BINARY

May assume: Linux; a folder for temporary files with room. Never needs to be root; what only root may try (a small disk of its own) is tried and
left out when it is refused.
"""
import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
RUN = ["run", "-q", "two.onnx", "ab.npz", "--print", "0"]

# Name, command, and the file or folder ({out}) that it writes; "special": may be a device.
WRITERS = [
    ("npy", ["run", "-q", "linear.onnx", "--random", "-f", "batch=3000", "-o", "{out}.npy"], True),
    ("npz", ["run", "-q", "linear.onnx", "--random", "-f", "batch=3000", "-o", "{out}.npz"], True),
    ("pb", ["run", "-q", "linear.onnx", "--random", "-f", "batch=3000", "-o", "{out}.pb"], True),
    ("bin", ["run", "-q", "linear.onnx", "--random", "-f", "batch=3000", "-o", "{out}.bin"], True),
    ("folder", RUN + ["-o", "{out}/", "--format", "npy"], False),
    ("steps.npz", RUN + ["--save-steps", "{out}.npz"], False),
    ("steps", RUN + ["--save-steps", "{out}"], False),
    ("svg", ["plan", "-q", "linear.onnx", "--svg", "{out}.svg"], True),
    ("trace", ["profile", "-q", "linear.onnx", "x.npy", "--iterations", "1", "--warmup", "0", "--peak-gflops", "1", "--peak-gbytes", "1",
               "--trace", "{out}.json"], True),
    ("dump", ["dump", "-q", "linear.onnx", "-o", "{out}.txt"], True),
    ("optimize", ["optimize", "-q", "linear.onnx", "-o", "{out}.onnx"], True),
    ("extract", ["extract", "-q", "two.onnx", "--to", "sum", "-o", "{out}.onnx"], True),
    ("weights beside", ["optimize", "-q", "block.onnx", "-o", "{out}.onnx", "--external-data"], False),
    ("list", ["test", "-q", "suite/test_good", "--list-passed", "{out}.list"], True),
    ("repro", ["compare", "-q", "two.onnx", "ab.npz", "--against", "spoilt", "--repro", "{out}"], False),
]
OLD = b"what was there before\n"
ONE = 1  # exit code of a comparison that differs: what `repro` ends with when all is well


class Bench:
    def __init__(self, binary, folder):
        self.binary = os.path.abspath(binary)
        self.folder = folder
        self.failures = []
        self.n = 0

    def run(self, command, out, limit=None, wrap=()):
        words = [w.replace("{out}", out) for w in command]

        def bound():
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        env = {k: v for k, v in os.environ.items() if not k.startswith("ONNXRUN_")}
        return subprocess.run([*wrap, self.binary, *words], cwd=self.folder, env=env, preexec_fn=bound, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)

    def expect(self, what, ok, detail=""):
        self.n += 1
        if not ok:
            self.failures.append(f"{what}: {detail}")


def files(folder):
    return {os.path.relpath(os.path.join(path, name), folder): open(os.path.join(path, name), "rb").read()
            for path, _, names in os.walk(folder) for name in names}


def fresh(bench):
    target = os.path.join(bench.folder, "target")
    shutil.rmtree(target, ignore_errors=True)
    os.mkdir(target)
    return target


def fails(bench, what, done, codes, target, before):
    bench.expect(what + ": exit code", done.returncode in codes, f"{done.returncode}, {done.stderr.decode()!r}")
    words = done.stderr.decode()
    bench.expect(what + ": one line of error", words.startswith("onnxrun: ") and words.count("\n") == 1, repr(words))
    left = files(target)
    half = {n: len(c) for n, c in left.items() if before.get(n) != c}
    bench.expect(what + ": nothing is left", not half, f"{half}")
    bench.expect(what + ": what was there stays", all(left.get(n) == c for n, c in before.items()), f"{sorted(left)}")


def check_writer(bench, name, command, special):
    target = fresh(bench)
    done = bench.run(command, "target/out")
    bench.expect(f"{name}: works", done.returncode == (ONE if name == "repro" else 0), done.stderr.decode())
    written = files(target)
    bench.expect(f"{name}: writes", bool(written), "no file")
    for limit in (0, 100):  # nothing at all, and a part
        if all(len(c) <= limit for c in written.values()):
            continue
        target = fresh(bench)
        whole = {n: c for n, c in written.items() if len(c) <= limit} # in a folder each file is whole or absent
        done = bench.run(command, "target/out", limit)
        fails(bench, f"{name}, files of {limit} bytes", done, {5}, target, {n: c for n, c in whole.items() if n in files(target)})
        if len(written) == 1:  # over an old file
            target = fresh(bench)
            path = os.path.join(target, next(iter(written)))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(OLD)
            done = bench.run(command, "target/out", limit)
            fails(bench, f"{name}, files of {limit} bytes, over an old one", done, {5}, target, {next(iter(written)): OLD})
    target = fresh(bench)
    done = bench.run(command, "target/nowhere/deeper/out")
    fails(bench, f"{name}, in a folder that is not there", done, {2}, target, {})
    with open(os.path.join(target, "file"), "wb") as f:
        f.write(OLD)
    done = bench.run(command, "target/file/out")
    fails(bench, f"{name}, in a folder that is a file", done, {2}, target, {"file": OLD})
    if special:
        words = [w if "{out}" not in w else "/dev/full" for w in command]
        if name in ("npy", "npz", "pb", "bin"):
            words += ["--format", name]
        done = bench.run(words, "")
        fails(bench, f"{name}, on a full device", done, {5}, fresh(bench), {})


def check_small_disk(bench):
    """A disk of 8 KiB, in a name space of its own."""
    probe = subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False) if shutil.which("unshare") else None
    if probe is None or probe.returncode:
        return "no small disk: not permitted"
    for name, command, _ in WRITERS[:4]:
        target = fresh(bench)
        script = 'mount -t tmpfs -o size=8k none target || exit 77; "$@"; code=$?; ls -A target | sed "s/^/LEFT /"; exit $code'
        done = bench.run(command, "target/out", wrap=["unshare", "-m", "sh", "-c", script, "sh"])
        if done.returncode == 77:
            return "no small disk: not permitted"
        left = [line for line in done.stdout.decode().splitlines() if line.startswith("LEFT ")]
        bench.expect(f"{name}, on a small disk: exit code", done.returncode == 5, f"{done.returncode}, {done.stderr.decode()!r}")
        bench.expect(f"{name}, on a small disk: nothing is left", not left, f"{left}")
        fails(bench, f"{name}, on a small disk", done, {5}, target, {})
    return "a small disk, too"


def check_standard_output(bench):
    for command in (RUN + ["--json"], ["plan", "-q", "linear.onnx"], ["run", "-q", "linear.onnx", "x.npy", "-o", "-"],
                    ["info", "linear.onnx"], ["compare", "-q", "two.onnx", "ab.npz", "--json"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([bench.binary, *command], cwd=bench.folder, stdin=subprocess.DEVNULL, stdout=full,
                                  stderr=subprocess.PIPE, timeout=120)
        bench.expect(f"{' '.join(command)} > /dev/full", done.returncode == 5 and b"standard output" in done.stderr,
                     f"{done.returncode}, {done.stderr.decode()!r}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--onnxrun", required=True)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as parent:
        folder = os.path.join(parent, "work")
        shutil.copytree(os.path.join(SOURCE, "tests", "data", "cli"), folder)
        bench = Bench(args.onnxrun, folder)
        bench.run(RUN + ["--save-steps", "spoilt"], "")
        shutil.copy(os.path.join(folder, "spoilt", "sum.npy"), os.path.join(folder, "spoilt", "difference.npy"))
        for name, command, special in WRITERS:
            check_writer(bench, name, command, special)
        check_standard_output(bench)
        disk = check_small_disk(bench)
        print("\n".join(bench.failures))
        print(f"{len(WRITERS)} writers, {bench.n} checks, {len(bench.failures)} failed; {disk}")
        return bool(bench.failures)


if __name__ == "__main__":
    sys.exit(main())
