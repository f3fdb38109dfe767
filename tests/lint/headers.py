#!/usr/bin/env python3
"""Compiles every header of src/ and tests/ alone, as C11 and as C++17.

May assume: a C and a C++ compiler given as arguments, the generated files in --include folders. Never writes a file.
Headers named *_body.h are templates that need their parameters first; they are left out. A header named *_<isa>.h gets the flags
of that instruction set (--isa name=flags), and is left out where there are none.
"""
import argparse
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ISAS = ("avx2", "avx512", "avx512vnni", "avx512bf16", "neon")


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--cc", required=True)
    parser.add_argument("--cxx", required=True)
    parser.add_argument("--include", action="append", default=[])
    parser.add_argument("--isa", action="append", default=[], help="name=flag;flag")
    parser.add_argument("--define", action="append", default=[])
    return parser.parse_args()


def compile_alone(header, command):
    done = subprocess.run([*command, str(header)], capture_output=True, text=True)
    return done.returncode == 0, done.stderr


def main():
    args = parse_arguments()
    flags = {name: value.split(";") for name, value in (isa.split("=", 1) for isa in args.isa)}
    common = ["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-Wno-unused-const-variable"]
    common += [f"-I{folder}" for folder in (args.root / "src", args.root / "tests", *args.include)]
    common += [f"-D{define}" for define in args.define]
    languages = {"C11": [args.cc, "-std=c11", "-x", "c"], "C++17": [args.cxx, "-std=c++17", "-x", "c++"]}
    jobs = []
    for header in sorted([*(args.root / "src").rglob("*.h"), *(args.root / "tests").rglob("*.h")]):
        isa = re.search(rf"_({'|'.join(ISAS)})\.h$", header.name)
        if header.name.endswith("_body.h") or (isa and isa.group(1) not in flags):
            continue
        for language, command in languages.items():
            if language == "C++17" and header.name == "cmocka.h":
                continue  # cmocka itself is C only
            jobs.append((header, language, command + common + (flags[isa.group(1)] if isa else [])))
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda job: compile_alone(job[0], job[2]), jobs))
    failed = 0
    for (header, language, _), (ok, text) in zip(jobs, results):
        if not ok:
            failed += 1
            print(f"{header.relative_to(args.root)} does not compile alone as {language}:\n{text}")
    print(f"headers: {len(jobs)} compilations, {failed} failed")
    return 1 if failed or not jobs else 0


sys.exit(main())
