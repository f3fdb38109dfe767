#!/usr/bin/env python3
"""Checks the form of the C files: clang-format, tabs, trailing space, opening comment, lengths of functions and files.

May assume: clang-format 14 or later for .clang-format (--clang-format PATH; without it that check says it was left out).
Never changes a file: tools/format.sh does.
"""
import argparse
import re
import subprocess
import sys
from pathlib import Path

MAX_FILE, MAX_FUNCTION, LONG_FUNCTION, MAX_COLUMN = 650, 100, 70, 128


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--clang-format", default="")
    return parser.parse_args()


def check_lines(lines, is_c):
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            yield number, "a tab"
        if line != line.rstrip():
            yield number, "trailing space"
        if len(line) > MAX_COLUMN and is_c:
            yield number, f"{len(line)} columns; at most {MAX_COLUMN}"
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line):
            yield number, "unfinished work is an issue, not a comment"
    if lines and lines[-1] == "":
        yield len(lines), "empty line at the end"


def check_opening(path, lines):
    """Three facts: what the file does, what it may assume, what it never does; the first line starts with the file's name."""
    opening = []
    for line in lines:
        if not line.startswith(("//", "/*", " *")):
            break
        opening.append(line)
    text = " ".join(opening)
    if not re.match(rf"(//|/\*+) (\w+/)*{re.escape(path.name)}: ", opening[0] if opening else ""):
        yield 1, f'the first line is "// {path.name}: what it does"'
    if path.suffix != ".c":
        return  # a header's contracts stand at its functions
    if not re.search(r"\b[Mm]ay assume\b", text):
        yield 1, 'the opening comment says what the file may assume ("May assume: ...")'
    if not re.search(r"\b[Nn]ever\b", text):
        yield 1, 'the opening comment says what the file never does ("Never ...")'


def functions(lines):
    """(first line, length) of each function body: from a line that ends in '{' at the margin to the '}' at the margin."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and re.match(r"[A-Za-z_][^;=]*\)\s*\{$", line):
            start = number
        elif start is None and re.match(r"\s+[^;=]*\)\s*\{$", line) and number > 1 and re.match(r"[A-Za-z_][^;{]*,$", lines[number - 2]):
            start = number - 1  # parameters on two lines
        elif start is not None and line.startswith("}"):
            yield start, number - start + 1
            start = None


def main():
    args = parse_arguments()
    files = sorted(p for top in ("src", "tests") for p in (args.root / top).rglob("*") if p.suffix in (".c", ".h", ".inc"))
    findings, long_functions = [], []
    for path in files:
        name = path.relative_to(args.root)
        raw = path.read_text()
        lines = raw.split("\n")[:-1] if raw.endswith("\n") else raw.split("\n")
        if raw and not raw.endswith("\n"):
            findings.append((name, len(lines), "no newline at the end"))
        if len(lines) > MAX_FILE:
            findings.append((name, 1, f"{len(lines)} lines; at most {MAX_FILE}"))
        findings += [(name, n, w) for n, w in check_lines(lines, True)]
        findings += [(name, n, w) for n, w in check_opening(path, lines)]
        for start, length in functions(lines):
            if length > MAX_FUNCTION:
                findings.append((name, start, f"a function of {length} lines; at most {MAX_FUNCTION}"))
            elif length > LONG_FUNCTION:
                long_functions.append((length, name, start))
    for name, number, words in findings:
        print(f"{name}:{number}: {words}")
    for length, name, start in sorted(long_functions, reverse=True):
        print(f"note: {name}:{start}: a function of {length} lines")
    failed = len(findings)
    if args.clang_format:
        formatted = [p for p in files if p.suffix in (".c", ".h")]
        done = subprocess.run([args.clang_format, "--dry-run", "--Werror", "--style=file", *map(str, formatted)],
                              capture_output=True, text=True, cwd=args.root)
        if done.returncode != 0:
            failed += 1
            bad = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "error:" in line})
            for path in bad:
                print(f"{Path(path).relative_to(args.root)}: clang-format would change it (tools/format.sh)")
    else:
        print("style: clang-format was not found; that check was left out")
    print(f"style: {len(files)} files, {failed} findings")
    return 1 if failed or not files else 0


sys.exit(main())
