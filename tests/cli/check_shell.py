#!/usr/bin/env python3
"""Completion in bash, the form of zsh's, and the manual page: what the tool makes of its own tables.

    check_shell.py --onnxrun BINARY

Bash completes command lines in a folder of its own, as at its prompt; zsh reads its script where it is installed; man formats the page
without a warning. May assume: bash. What is not installed is left out, and said. Never reads a start-up file.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

# A command line, of which the last word is completed, and what is offered: all of it, or, where "..." is last, at least that.
LINES = [
    ("onnxrun prof", ["profile"]),
    ("onnxrun net", ["net.onnx"]),
    ("onnxrun c", ["check", "compare", "completion"]),
    ("onnxrun run --save", ["--save-steps"]),
    ("onnxrun net.onnx --save", ["--save-steps"]),
    ("onnxrun ops --save", []),
    ("onnxrun dump net.onnx --format ", ["dot", "html", "json", "text"]),
    ("onnxrun run net.onnx --format ", ["bin", "npy", "npz", "pb"]),
    ("onnxrun dump net.onnx --format=h", ["html"]),
    ("onnxrun dump net.onnx --format=", ["dot", "html", "json", "text"]),
    ("onnxrun dump net.onnx --stage pl", ["plan"]),
    ("onnxrun bench net.onnx --cpu av", ["avx2", "avx512", "..."]),
    ("onnxrun run net.onnx --disable-pass conv_b", ["conv_bn"]),
    ("onnxrun run net.onnx --stop-after layo", ["layout"]),
    ("onnxrun run net.onnx --prefer ", ["memory", "speed"]),
    ("onnxrun run net.onnx --test-data-set ", ["folder"]),
    ("onnxrun run net.onnx -o f", ["folder"]),
    ("onnxrun run net.onnx 'a ", ["a b.npy"]),
    ("onnxrun run net.onnx -t ", []),
    ("onnxrun run net.onnx -O", ["-O0", "-O1", "-O2"]),
    ("onnxrun help ben", ["bench"]),
]


def fail(words):
    sys.exit("check_shell: " + words)


def output(command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **more)
    if done.returncode != 0 or done.stderr:
        fail(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def bash_words(line):
    """As readline parts a line: at spaces, and "=" is a word of its own; a quote keeps what is open."""
    if "'" in line:
        before, inside = line.split("'", 1)
        return before.split() + [inside]
    words = [w for part in line.split() for w in re.split(r"(=)", part) if w]
    return words + [""] if line.endswith(" ") else words


def check_bash(binary, folder, script):
    for name in ("net.onnx", "a b.npy"):
        open(os.path.join(folder, name), "w", encoding="ascii").close()
    os.mkdir(os.path.join(folder, "folder"))
    for line, want in LINES:
        words = bash_words(line)
        code = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _onnxrun; printf "%s\\n" "${COMPREPLY[@]}"; complete -p onnxrun >&2'
        done = subprocess.run(["bash", "--norc", "-c", code, "bash", script, *words], cwd=folder, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
        got = sorted(w for w in done.stdout.split("\n") if w)
        known = "_onnxrun onnxrun" in done.stderr and done.stderr.count("\n") == 1
        same = set(want[:-1]) <= set(got) if want and want[-1] == "..." else got == want
        if not same or not known:
            fail(f"bash: '{line}' offers {got}, expected {want}\n{done.stderr}")
    # Every option of every command is offered, and no other.
    commands = re.findall(r"^  ([a-z]+)  ", output([binary, "-h"]), re.M)
    for command in commands:
        listed = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", output([binary, command, "-h"]), re.M))
        code = 'source "$1"; COMP_WORDS=(onnxrun "$2" --); COMP_CWORD=2; _onnxrun; printf "%s\\n" "${COMPREPLY[@]}"'
        offered = set(output(["bash", "--norc", "-c", code, "bash", script, command]).split())
        if offered != listed or not listed:
            fail(f"bash: onnxrun {command}: offers {sorted(offered ^ listed)} otherwise than its -h")
    if len(commands) < 10:
        fail(f"the help lists {commands}")
    return len(LINES) + len(commands)


def check_zsh(folder, script):
    zsh = shutil.which("zsh")
    if not zsh:
        return "zsh is not installed: left out"
    os.mkdir(os.path.join(folder, "functions"))
    shutil.copy(script, os.path.join(folder, "functions", "_onnxrun"))
    output([zsh, "-f", "-n", script])
    # compinit finds it by its first line, and it can be sourced too.
    code = "fpath=($1/functions $fpath); autoload -U compinit; compinit -D -u; print $_comps[onnxrun]"
    if output([zsh, "-f", "-c", code, "zsh", folder]).strip() != "_onnxrun":
        fail("zsh does not find the completion in its folder")
    output([zsh, "-f", "-c", "autoload -U compinit; compinit -D -u; source $1; print $_comps[onnxrun]", "zsh", script])
    return "zsh reads its own"


def check_manual(binary, folder):
    page = os.path.join(folder, "onnxrun.1")
    text = output([binary, "help", "--man"])
    with open(page, "w", encoding="utf-8") as f:
        f.write(text)
    for option in set(re.findall(r"--[a-z][a-z-]+", output([binary, "run", "-h"]))):
        if option.replace("-", "\\-") not in text:
            fail(f"the manual does not have {option}")
    man = shutil.which("man")
    if not man:
        return "man is not installed: the page is not formatted"
    done = subprocess.run([man, "--warnings", "-E", "UTF-8", "-P", "cat", "-l", page], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"}, check=False)
    plain = re.sub(r".\x08", "", done.stdout)
    if done.returncode != 0 or done.stderr or "EXIT STATUS" not in plain or plain.count("\n") < 200:
        fail(f"man: exit code {done.returncode}\n{done.stderr}")
    return f"the manual has {plain.count(chr(10))} lines"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--onnxrun", required=True)
    binary = os.path.abspath(parser.parse_args().onnxrun)
    with tempfile.TemporaryDirectory() as scripts, tempfile.TemporaryDirectory() as folder:
        for shell in ("bash", "zsh"):
            with open(os.path.join(scripts, shell), "w", encoding="utf-8") as f:
                f.write(output([binary, "completion", shell]))
        lines = check_bash(binary, folder, os.path.join(scripts, "bash"))
        zsh = check_zsh(scripts, os.path.join(scripts, "zsh"))
        print(f"{lines} lines completed in bash; {zsh}; {check_manual(binary, folder)}")


main()
