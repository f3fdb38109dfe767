#!/usr/bin/env python3
"""Builds the library's own sources with another compiler, apart from CMake, and runs a model with run_model.c.

    build_apart.py --cc musl-gcc --library libprotobuf-c.a --like RUN_MODEL --out FOLDER --gen BUILD/gen --proto BUILD/proto MODEL
    build_apart.py --cc s390x-linux-gnu-gcc --emulator "qemu-s390x ..." --refuses WORDS ... MODEL

Debian has no pthreadpool for other C libraries and machines: serial_pool.c stands in, one thread. Optional libraries are left out, and
kernel files with a suffix too, but those that --isa gives flags for ("avx2=-mavx2 -mfma"). --like: the output must be, digit for digit, that of this program, which was built as usual. --refuses: loading
must fail with exit code 4 (unsupported) and these words; then protobuf-c may be missing: it must never be reached. May assume: a
compiler that takes gcc's options. Never writes outside of --out.
"""
import argparse
import concurrent.futures
import glob
import os
import re
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.path.normpath(os.path.join(HERE, "..", "..", "src"))
FOLDERS = "base tensor graph ops onnx passes plan run dump".split()
VARIANT = re.compile(r"_(avx2|avx512|avx512vnni|avx512bf16|neon)\.c$")
HEADERS = ("protobuf-c", "pthreadpool.h")  # of /usr/include; the rest of it belongs to another C library


def sources(proto):
    found = [os.path.join(HERE, "run_model.c"), os.path.join(HERE, "serial_pool.c"), os.path.join(proto, "onnx.pb-c.c")]
    for pattern in [f"{folder}/*.c" for folder in FOLDERS] + ["onnxrun*.c", "kernels/**/*.c"]:
        found += glob.glob(os.path.join(SRC, pattern), recursive=True)
    return sorted(found)


def compile_one(cc, flags, source, out):
    made = os.path.join(out, os.path.relpath(source, "/").replace("/", "_") + ".o")
    done = subprocess.run([cc, *flags, "-c", source, "-o", made], capture_output=True, text=True)
    return made, done.returncode, done.stderr


def main():
    p = argparse.ArgumentParser()
    for name in ("cc", "out", "gen", "proto"):
        p.add_argument("--" + name, required=True)
    for name in ("library", "like", "refuses", "emulator"):
        p.add_argument("--" + name)
    p.add_argument("--isa", action="append", default=[])
    p.add_argument("--define", action="append", default=[])
    p.add_argument("model")
    a = p.parse_args()
    include = os.path.join(a.out, "include")
    os.makedirs(include, exist_ok=True)
    for name in HEADERS:
        if not os.path.lexists(os.path.join(include, name)):
            os.symlink(os.path.join("/usr/include", name), os.path.join(include, name))
    flags = ["-std=gnu11", "-O1", "-Wall", "-Werror", "-Wno-maybe-uninitialized", "-Wno-format-truncation", "-ffp-contract=off",
             "-fno-math-errno", "-DNDEBUG", "-D_GNU_SOURCE", '-DONR_VERSION="apart"', "-I" + SRC, "-I" + a.gen, "-I" + a.proto,
             "-isystem", include, *("-D" + d for d in a.define)]
    isa = dict(given.split("=", 1) for given in a.isa)
    jobs = []
    for source in sources(a.proto):
        variant = VARIANT.search(source)
        if not variant or variant[1] in isa:
            # What is not run need not be optimized: unrolled tiles take a minute each.
            jobs.append((source, flags + (isa[variant[1]].split() + ["-O0"] if variant else [])))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda job: compile_one(a.cc, job[1], job[0], a.out), jobs))
    failed = [text for _, code, text in results if code]
    if failed:
        sys.exit("\n".join(failed))
    program = os.path.join(a.out, "run_model")
    rest = [a.library] if a.library else ["-Wl,--unresolved-symbols=ignore-all"]
    subprocess.run([a.cc, "-static", *[made for made, _, _ in results], *rest, "-lm", "-o", program], check=True)
    got = subprocess.run([*shlex.split(a.emulator or ""), program, a.model], capture_output=True, text=True)
    if a.refuses:
        if got.returncode != 4 or a.refuses not in got.stderr:
            sys.exit(f"exit code {got.returncode} instead of 4: {got.stdout}{got.stderr}")
        print(f"{len(results)} files built by {a.cc}; refused: {got.stderr.strip()}")
        return
    want = subprocess.run([a.like, a.model], check=True, capture_output=True, text=True).stdout
    if got.returncode or got.stdout != want or not want:
        sys.exit(f"built by {a.cc} the model gives {got.returncode}\n{got.stdout}{got.stderr}and as usual\n{want}")
    print(f"{len(results)} files built by {a.cc}; the same {len(want.splitlines())} numbers")


main()
