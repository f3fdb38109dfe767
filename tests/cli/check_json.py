#!/usr/bin/env python3
"""Holds docs/json.md against what the tool prints: every key that comes is described with its type, and every key that is described comes.

    check_json.py --onnxrun BINARY [--list]

A section of the page has a ```sh block, each line of which prints one JSON document (or, "FILE <- command", writes it), and a table of keys:
`steps[].node` is the key node of each entry of the list steps, `passes.*` any key of passes. --list prints the keys that came, for
writing a new section. May assume: bash. Never writes into the source tree.
"""
import argparse
import json
import os
import re
import sys
import tempfile

import run_cli_tests

PAGE = os.path.join(run_cli_tests.SOURCE, "docs", "json.md")


def type_of(value):
    if isinstance(value, bool):
        return "boolean"
    return {int: "integer", float: "number", str: "string", list: "list", dict: "object", type(None): "null"}[type(value)]


def walk(value, path, keys, free):
    """Adds {path: types}. `free`: paths below which keys are names, written as `path.*`; a graph in them begins anew at `graph`."""
    keys.setdefault(path, set()).add(type_of(value))
    if isinstance(value, list):
        for item in value:
            walk(item, path + "[]", keys, free)
    elif isinstance(value, dict):
        if path.endswith(".*"):  # a body
            for key, item in value.items():
                walk(item, "graph." + key, keys, free)
            return
        for key, item in value.items():
            walk(item, (path + "." if path else "") + ("*" if path in free else key), keys, free)


def sections():
    """(title, commands, {path: types}) of each section that has commands."""
    with open(PAGE, encoding="utf-8") as f:
        text = f.read()
    for part in re.split(r"(?m)^## ", text)[1:]:
        block = re.search(r"(?s)```sh\n(.*?)```", part)
        rows = re.findall(r"(?m)^\| (`[^|]+`) \| ([^|]+) \|", part)
        if not block:
            continue
        table = {}
        for paths, types in rows:
            for path in re.findall(r"`([^`]+)`", paths):  # several keys of one meaning share a row
                if path in table:
                    sys.exit(f"{PAGE}: {path} is described twice in one section")
                table[path] = set(types.strip().split(" or "))
        yield part.split("\n")[0], block.group(1).strip().split("\n"), table


def document(command, args, folder):
    match = re.match(r"(\S+) <- (.*)", command)
    line = match.group(2) if match else command
    codes, out, _ = run_cli_tests.execute([line + " 2>/dev/null"], args.onnxrun, folder, False)
    if codes[0] not in ((0,) if match else (0, 1, 3, 4)):
        sys.exit(f"{line}: exit code {codes[0]}")
    text = "\n".join(out)
    if match:
        with open(os.path.join(folder, match.group(1)), encoding="utf-8") as f:
            text = f.read()
    try:
        return json.loads(text)
    except ValueError as error:
        sys.exit(f"{line}: not JSON: {error}\n{text[:500]}")


def check_section(title, commands, table, args, folder):
    free = {path[:-2] for path in table if path.endswith(".*")}
    came = {}
    for command in commands:
        value = document(command, args, folder)
        if not isinstance(value, dict) or ("version" not in value and "otherData" not in value):
            yield f"{command}: no version"
        walk(value, "", came, free)
    del came[""]
    if args.list:
        print(f"## {title}")
        for path, types in came.items():
            print(f"| `{path}` | {' or '.join(sorted(types))} | |")
    for path, types in came.items():
        if path.endswith("[]") and types == {"object"} or path.endswith("[]") and path not in table and types <= table.get(path[:-2] + "[]", types):
            continue  # lists of objects are described by their keys
        if path not in table:
            yield f"{title}: {path} ({' or '.join(sorted(types))}) is printed and not described"
        else:
            wider = table[path] | ({"integer"} if "number" in table[path] else set())
            if not types <= wider:
                yield f"{title}: {path} is {' or '.join(sorted(types))}, described as {' or '.join(sorted(table[path]))}"
    for path in table:
        if path not in came:
            yield f"{title}: {path} is described and never printed"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--onnxrun", required=True)
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    n, keys, findings = 0, 0, []
    with tempfile.TemporaryDirectory() as parent:
        folder = run_cli_tests.fresh_folder(parent, os.path.join(run_cli_tests.SOURCE, "tests", "data", "cli"))
        os.symlink(os.path.join(run_cli_tests.SOURCE, "models"), os.path.join(folder, "models"))
        for title, commands, table in sections():
            n += len(commands)
            keys += len(table)
            findings += check_section(title, commands, table, args, folder)
    for line in findings:
        print(line)
    print(f"{n} documents, {keys} keys described, {len(findings)} findings")
    return 1 if findings or n < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
