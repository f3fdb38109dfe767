#!/usr/bin/env python3
"""Runs the command line tool as its users do: commands, exit code, expected standard output and error.

    run_cli_tests.py --onnxrun BINARY [--update] FILE...        FILE is a case (*.test) or a page (*.md)

A case is text: lines "# ..." say what it proves, lines "$ ..." are the commands (bash, in a fresh folder that holds copies of
tests/data/cli; `onnxrun` is the binary), then "exit N ..." with each command's exit code, and below "stdout:" and "stderr:" the
expected lines. In an expected line <n> stands for a number, <ms> for a time, <*> for anything. A page is Markdown: its ```console blocks are
commands ("$ ...") with their output, both streams together; times, thread counts, memory and the CPU's level may differ there.

--update rewrites what is expected from what came out, keeping the lines that already match. May assume: bash. Never writes into the
source tree but with --update.
"""
import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PLACEHOLDERS = {"<n>": r"-?[0-9][0-9.,]*(e[-+]?[0-9]+)?", "<ms>": r"[0-9]+(\.[0-9]+)?", "<*>": r".*"}


def execute(commands, binary, folder, merge):
    """Runs commands in one bash; returns their exit codes, and standard output and standard error as lists of lines."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("ONNXRUN_")}
    tools = os.path.join(folder, ".bin")
    if not os.path.exists(tools):
        os.mkdir(tools)
        os.symlink(os.path.abspath(binary), os.path.join(tools, "onnxrun"))
    env.update(PATH=tools + ":" + env["PATH"], LC_ALL="C.UTF-8", NO_COLOR="1")
    codes = os.path.join(folder, ".codes")
    script = "".join(f"{c}\necho $? >> .codes\n" for c in commands)
    open(codes, "w").close()
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT if merge else subprocess.PIPE, timeout=300)
    lines = [(s or b"").decode("utf-8", "replace").splitlines() for s in (done.stdout, done.stderr)]
    with open(codes, encoding="ascii") as f:
        return [int(c) for c in f.read().split()], lines[0], lines[1]


def fresh_folder(parent, data):
    folder = os.path.join(parent, "work")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(data, folder)
    return folder


# ---- cases ------------------------------------------------------------------------------------------------------------------

def matches(want, got):
    pattern = re.escape(want)
    for name, regex in PLACEHOLDERS.items():
        pattern = pattern.replace(re.escape(name), regex)
    return re.fullmatch(pattern, got) is not None


def all_match(want, got):
    return len(want) == len(got) and all(matches(w, g) for w, g in zip(want, got))


def read_case(path):
    case = {"comment": [], "commands": [], "exit": None, "stdout": [], "stderr": []}
    part = None
    with open(path, encoding="utf-8") as f:
        for line in f.read().splitlines():
            if line in ("stdout:", "stderr:"):
                part = line[:-1]
            elif part:
                case[part].append(line)
            elif line.startswith("# "):
                case["comment"].append(line)
            elif line.startswith("$ "):
                case["commands"].append(line[2:])
            elif line.startswith("exit "):
                case["exit"] = [int(c) for c in line[5:].split()]
            elif line:
                sys.exit(f"{path}: not understood: {line}")
    if not case["commands"]:
        sys.exit(f"{path}: no command")
    return case


def generalize(line):
    """Times and what depends on the machine become placeholders in lines that --update writes anew."""
    line = re.sub(r"[0-9]+(\.[0-9]+)? ms", "<ms> ms", line)
    return re.sub(r"on [0-9]+ threads? \([a-z0-9]+\)", "on <*>", line)


def write_case(path, case, codes, out, err):
    text = case["comment"] + ["$ " + c for c in case["commands"]] + ["exit " + " ".join(str(c) for c in codes)]
    for name, lines in (("stdout", out), ("stderr", err)):
        if lines:
            old = case[name] + [""] * len(lines)
            text += [name + ":"] + [o if matches(o, g) else generalize(g) for o, g in zip(old, lines)]
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(text) + "\n")


def run_case(path, args, parent):
    case = read_case(path)
    folder = fresh_folder(parent, os.path.join(SOURCE, "tests", "data", "cli"))
    codes, out, err = execute(case["commands"], args.onnxrun, folder, False)
    if args.update:
        write_case(path, case, codes, out, err)
        return True
    ok = codes == case["exit"] and all_match(case["stdout"], out) and all_match(case["stderr"], err)
    if not ok:
        print(f"FAIL {path}")
        for command in case["commands"]:
            print("  $ " + command)
        if codes != case["exit"]:
            print(f"  exit codes {codes}, expected {case['exit']}")
        for name, got in (("stdout", out), ("stderr", err)):
            if not all_match(case[name], got):
                sys.stdout.writelines("  " + d.rstrip("\n") + "\n" for d in
                                      difflib.unified_diff(case[name], got, "expected " + name, "got", lineterm=""))
    return ok


# ---- pages ------------------------------------------------------------------------------------------------------------------

MACHINE = [(r"[0-9]+(\.[0-9]+)? ms", "_ ms"), (r"on [0-9]+ threads? \([a-z0-9]+\)", "on _ threads"), (r"cpu +[a-z0-9]+", "cpu _"),
           (r"threads +[0-9]+", "threads _"), (r"[0-9.]+ (MB|KiB|MiB|GiB|B)\b", "_ bytes"),
           (r'"(load_ms|first_ms|min_ms|median_ms|p90_ms|peak_rss_mb|arena_bytes|weight_bytes|threads)": [0-9.e+-]+', r'"\1": _'),
           (r'"cpu": "[a-z0-9]+"', '"cpu": "_"'), (r"of [0-9]+ runs", "of _ runs"), (r" +", " ")]


def without_machine(lines):
    for regex, name in MACHINE:
        lines = [re.sub(regex, name, line).rstrip() for line in lines]
    return lines


def run_page(path, args, parent):
    """Every console block runs in the same folder, one command after the other; a block may cut its output with a last line '...'."""
    folder = fresh_folder(parent, os.path.join(SOURCE, "tests", "data", "cli"))
    if os.path.isdir(os.path.join(SOURCE, "models")):
        os.symlink(os.path.join(SOURCE, "models"), os.path.join(folder, "models"))
    text = open(path, encoding="utf-8").read()
    failures = 0

    def run_block(match):
        nonlocal failures
        result = []
        for chunk in re.split(r"(?m)^(?=\$ )", match.group(1)):
            if not chunk.strip():
                continue
            lines = chunk.rstrip("\n").split("\n")
            command, want = lines[0][2:], lines[1:]
            _, got, _ = execute([command], args.onnxrun, folder, True)
            cut = bool(want) and want[-1] == "..."
            compared = got[:len(want) - 1] + ["..."] if cut else got
            same = without_machine(want) == without_machine(compared)
            if not same and not args.update:
                failures += 1
                print(f"FAIL {path}: $ {command}")
                sys.stdout.writelines("  " + d + "\n" for d in difflib.unified_diff(want, compared, "page", "got", lineterm=""))
            result += [lines[0]] + (want if same else compared)
        return "```console\n" + "\n".join(result) + "\n```"

    new = re.sub(r"(?s)```console\n(.*?)\n```", run_block, text)
    if args.update and new != text:
        with open(path, "w", encoding="utf-8") as f:
            f.write(new)
    return failures == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onnxrun", required=True)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as parent:
        for path in args.files:
            ok = run_page(path, args, parent) if path.endswith(".md") else run_case(path, args, parent)
            failed += not ok
    print(f"{len(args.files) - failed} of {len(args.files)} as expected")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
