#!/usr/bin/env python3
"""Lets Graphviz draw the DOT output of every stage of some models, and reads the pictures.

    check_dot.py --onnxrun BINARY --dot BINARY MODEL...

A picture must be well-formed, have a box for every node that the JSON dump of the same stage names, and an arrow between them; dot must have
nothing to complain about. May assume: Graphviz. Never writes a file.
"""
import argparse
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

STAGES = ("model", "graph", "optimized", "plan")


def output(command, data=None):
    done = subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0 or done.stderr:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr.decode('utf-8', 'replace')}")
    return done.stdout


def elements(svg, kind):
    return [e for e in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}g") if e.get("class") == kind]


def count_nodes(dump):
    """Nodes of a graph and of the graphs in it, or a plan's steps."""
    if isinstance(dump, list):
        return sum(count_nodes(item) for item in dump)
    if not isinstance(dump, dict):
        return 0
    here = len(dump["nodes"]) if isinstance(dump.get("nodes"), list) else len(dump.get("steps", []))
    return here + sum(count_nodes(v) for v in dump.values())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--onnxrun", required=True)
    parser.add_argument("--dot", required=True)
    parser.add_argument("models", nargs="+")
    args = parser.parse_args()
    drawn = 0
    for model in args.models:
        for stage in STAGES:
            dump = [args.onnxrun, "dump", "-q", model, "--stage", stage, "--format"]
            nodes = count_nodes(json.loads(output([*dump, "json"])))
            svg = output([args.dot, "-Tsvg"], output([*dump, "dot"]))
            boxes, arrows = len(elements(svg, "node")), len(elements(svg, "edge"))
            if nodes == 0 or boxes < nodes or arrows < 1:
                sys.exit(f"{model}, {stage}: {nodes} nodes, but {boxes} boxes and {arrows} arrows in the picture")
            drawn += 1
    print(f"{drawn} pictures")


main()
