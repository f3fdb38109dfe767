#!/usr/bin/env python3
"""Runs ONNX's backend tests with `onnxrun test` and holds the result to the ratchet list: what passes must stay passing.

    run_conformance.py --onnxrun BINARY [--promote] [options of onnxrun test, such as -O0 -t 2 --cpu scalar] [-- DIR...]

DIR defaults to Debian's libonnx-testdata and the folders in ONNX_TEST_DATA (dir:dir). passing.txt lists the names of tests that pass;
those that lie in no DIR are left out. exceptions.txt lists tests that nobody can answer exactly, each with its reason: they may fail,
or are judged by type, shape and values in {0,1} ("shape") or with another absolute tolerance ("near:X"). --promote adds tests that pass now to passing.txt.

May assume: nothing but Python's library. Never removes a name from a list.
"""
import argparse
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PASSING = os.path.join(HERE, "passing.txt")
EXCEPTIONS = os.path.join(HERE, "exceptions.txt")
DEBIAN = "/usr/share/libonnx-testdata/data"  # where Debian's package puts it


def read_names(path):
    with open(path, encoding="utf-8") as f:
        return {line.split()[0]: line for line in f if line.strip() and not line.startswith("#")}


def label(folder):
    """What stands before the names of a folder's tests in the lists."""
    return "debian" if folder == DEBIAN else os.path.basename(os.path.normpath(folder))


def default_folders():
    """Debian's libonnx-testdata and the folders in ONNX_TEST_DATA, those that are there."""
    return [folder for folder in [DEBIAN, *os.environ.get("ONNX_TEST_DATA", "").split(":")] if folder and os.path.isdir(folder)]


def names_in(folder):
    """Names of the test folders beneath a folder: "debian/node/test_abs"."""
    found = [os.path.relpath(at, folder) for at, _, files in os.walk(folder) if "model.onnx" in files]
    return {f"{label(folder)}/{name}" for name in found}


def run(binary, folder, options, shape_only):
    """Passed names and the tool's report."""
    with tempfile.TemporaryDirectory() as work:
        listing = os.path.join(work, "passed.txt")
        only = [word for name in shape_only for word in ("--shape-only", name)]
        command = [binary, "test", folder, "--list-passed", listing, *only, *options]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        with open(listing, encoding="utf-8") as f:
            return {f"{label(folder)}/{line.strip()}" for line in f if line.strip()}, done.stdout.splitlines()


def run_near(binary, folder, options, exceptions):
    """Names of tests that fail even with the wider tolerance that the list gives them."""
    failed = set()
    for name in sorted(names_in(folder)):
        line = exceptions.get(name) or exceptions.get(os.path.basename(name))
        if not line or not line.split()[1].startswith("near:"):
            continue
        near = ["--only", name.split("/", 1)[1], "--atol", line.split()[1].removeprefix("near:")]
        if name not in run(binary, folder, [*options, *near], [])[0]:
            failed.add(name)
    return failed


def report(passed, present, required, lines):
    """Prints what broke and what is new; returns the exit code."""
    broken = sorted(required - passed)
    new = sorted(passed - required)
    for name in broken:
        said = [line for line in lines if line.startswith(f"FAIL {os.path.basename(name)}:") or f"/{name}:" in line]
        print("\n".join(said) if said else f"FAIL {name}: not run")
    if new:
        print(f"{len(new)} tests pass that the list does not have (--promote adds them), for instance {new[0]}")
    print(f"{len(present)} tests: {len(passed)} pass, {len(required)} must")
    print(f"{len(required) - len(broken)} passed, {len(broken)} failed, {len(present) - len(required)} skipped")
    return 1 if broken else 0


def promote(passed):
    with open(PASSING, encoding="utf-8") as f:
        head = [line for line in f if line.startswith("#")]
    names = sorted(set(read_names(PASSING)) | passed)
    with open(PASSING, "w", encoding="utf-8") as f:
        f.writelines(head + [name + "\n" for name in names])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onnxrun", required=True, metavar="BINARY")
    parser.add_argument("--promote", action="store_true", help="add what passes to passing.txt")
    arguments, rest = parser.parse_known_args()
    split = rest.index("--") if "--" in rest else len(rest)
    options, folders = rest[:split], rest[split + 1 :]
    folders = [folder for folder in folders if os.path.isdir(folder)] if folders else default_folders()
    if not folders:
        print("no test data: install libonnx-testdata, or set ONNX_TEST_DATA")
        return 77
    exceptions = read_names(EXCEPTIONS)
    shape_only = [name for name, line in exceptions.items() if line.split()[1] == "shape"]
    present, passed, lines, too_far = set(), set(), [], set()
    for folder in folders:
        now, said = run(arguments.onnxrun, folder, options, shape_only)
        present |= names_in(folder)
        passed |= now
        lines += said
        too_far |= run_near(arguments.onnxrun, folder, options, exceptions)
    if arguments.promote:
        promote(passed)
    required = set(read_names(PASSING)) & present
    if not required:
        print("no test of the list lies in these folders")
        return 1
    for name in sorted(too_far):
        print(f"FAIL {name}: not within the tolerance of exceptions.txt")
    return report(passed, present, required, lines) | bool(too_far)


if __name__ == "__main__":
    sys.exit(main())
