#!/usr/bin/env python3
"""Runs clang-tidy over the sources of src/ as the build compiles them; .clang-tidy says which checks and why.

    tidy.py --tidy clang-tidy --build FOLDER [FILE...]      FILE: only these, for instance what a commit changes

May assume: FOLDER/compile_commands.json. Files of instruction sets beyond the baseline are left out: they are templates of the scalar
ones with other intrinsics, and take most of the time. Never changes a file.
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys

SOURCE = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
VARIANT = re.compile(r"_(avx2|avx512|avx512vnni|avx512bf16|neon)\.c$")


def files(build):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        found = {os.path.normpath(os.path.join(entry["directory"], entry["file"])) for entry in json.load(f)}
    return sorted(f for f in found if f.startswith(os.path.join(SOURCE, "src") + os.sep) and not VARIANT.search(f))


def tidy(tool, build, group):
    command = [tool, "-p", build, "--quiet", "--extra-arg=-Wno-unknown-warning-option", *group]
    done = subprocess.run(command, capture_output=True, text=True, cwd=SOURCE)
    return done.stdout.strip() + ("" if done.returncode == 0 or done.stdout.strip() else done.stderr)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tidy", required=True)
    p.add_argument("--build", required=True)
    p.add_argument("file", nargs="*")
    a = p.parse_args()
    todo = [os.path.abspath(f) for f in a.file] or files(a.build)
    if not todo:
        sys.exit("no sources in the compilation database")
    groups = [todo[i:i + 8] for i in range(0, len(todo), 8)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [text for text in pool.map(lambda g: tidy(a.tidy, a.build, g), groups) if text]
    print("\n".join(found))
    print(f"tidy: {len(todo)} files, findings in {len(found)} groups")
    sys.exit(bool(found))


main()
