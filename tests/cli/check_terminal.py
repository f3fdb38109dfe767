#!/usr/bin/env python3
"""Colour and progress bars come on a terminal alone: runs the tool with a pseudo-terminal or pipes for its output.

    check_terminal.py --onnxrun BINARY --data FOLDER

May assume: a system with pseudo-terminals. Never leaves a process behind.
"""
import argparse
import os
import pty
import subprocess
import sys

COLOUR, BAR = b"\x1b[", b"#"


def fail(words):
    sys.exit("check_terminal: " + words)


def read_all(fd):
    data = b""
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:  # the other end of a pseudo-terminal has gone
            return data
        if not piece:
            return data
        data += piece


def on_terminal(command, folder, out=True, **env):
    """What comes on a terminal: both streams, or standard error alone, and standard output goes into a pipe that is dropped."""
    master, slave = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM") and not k.startswith("ONNXRUN_")}
    environment.update({"TERM": "xterm", **env})
    child = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=slave if out else subprocess.DEVNULL, stderr=slave, env=environment)
    os.close(slave)
    data = read_all(master)
    os.close(master)
    return child.wait(), data


def in_pipes(command, folder):
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, "TERM": "xterm"}, check=False)
    return done.returncode, done.stdout + done.stderr


def check_colour(tool, folder):
    for command in (["test", "suite"], ["nowhere.onnx"], ["compare", "two.onnx", "ab.npz"], ["profile", "linear.onnx", "--peak-gflops", "9", "--peak-gbytes", "9"]):
        code, shown = on_terminal([tool, *command], folder)
        piped_code, piped = in_pipes([tool, *command], folder)
        plain_code, plain = on_terminal([tool, *command], folder, NO_COLOR="1")
        _, dumb = on_terminal([tool, *command], folder, TERM="dumb")
        if len({code, piped_code, plain_code}) != 1:
            fail(f"{command}: exit codes {code}, {piped_code} and {plain_code}")
        colours = [text.count(b"\x1b[3") + text.count(b"\x1b[1m") for text in (shown, piped, plain, dumb)]
        if colours[1:] != [0, 0, 0] or (command[0] != "compare" and colours[0] == 0):
            fail(f"{command}: colours on a terminal, in a pipe, with NO_COLOR, on a dumb terminal: {colours}")
        if COLOUR in piped or COLOUR in dumb:
            fail(f"{command}: an escape where there is no terminal")


def check_bars(tool, folder):
    for command in (["test", "suite", "-q"], ["test", "suite"], ["bench", "linear.onnx", "--iterations", "50", "--json"],
                    ["compare", "two.onnx", "ab.npz", "--json"], ["compare", "two.onnx", "ab.npz"], ["profile", "linear.onnx", "--json", "--peak-gflops", "9", "--peak-gbytes", "9"]):
        quiet = "-q" in command
        code, shown = on_terminal([tool, *command], folder, out=False)
        drawn = shown.count(b"/") > 0 and b"\r\x1b[K" in shown and (BAR in shown or b"...." in shown)
        if drawn == quiet:
            fail(f"{command}: exit code {code}; {'a bar in spite of -q' if quiet else 'no bar'}: {shown!r}")
        if not quiet and not shown.rstrip(b"\r\n").split(b"\r\x1b[K")[-1].count(b"#") == 0:
            fail(f"{command}: the bar stays behind: {shown!r}")
        _, piped = in_pipes([tool, *command], folder)
        if b"\r" in piped or COLOUR in piped:
            fail(f"{command}: a bar in a pipe: {piped!r}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--onnxrun", required=True)
    parser.add_argument("--data", required=True)
    args = parser.parse_args()
    tool = os.path.abspath(args.onnxrun)
    check_colour(tool, args.data)
    check_bars(tool, args.data)
    print("colour and bars on a terminal alone")


main()
