#!/usr/bin/env python3
"""Checks every #include in src/ against the table in src/README.md, and a few names that belong to one folder.

May assume: Python 3.9 and the source tree. Never changes a file. Prints one line per finding; exit code 1 if there is one.
"""
import re
import sys
from pathlib import Path

SRC = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]) / "src"

# Headers that are not in src/: who may use them. A pattern is matched from the start of the name.
OWNERS = {
    r"onnx\.pb-c\.h|protobuf-c/": {"onnx"},
    r"op_families\.inc": {"ops"},
    r"viewer\.inc": {"dump"},
    r"pthreadpool\.h|pthread\.h": {"base"},
    r"png\.h|jpeglib\.h|jerror\.h": {"io", "ops"},  # ops: ImageDecoder
    r"webp/|tiffio\.h|openjpeg\.h|pcre2\.h|uni(case|str)\.h": {"ops"},
    r"zlib\.h|zip\.h|cjson/|xxhash\.h": {"io"},
    r".*intrin\.h|arm_neon\.h": {"kernels"},
}
ALLOCATORS = r"\b(malloc|calloc|realloc|free|strdup|strndup|asprintf|posix_memalign|aligned_alloc|alloca)\s*\("
PRINTERS = r"\b(printf|fprintf|vfprintf|puts|fputs|putchar|perror|exit|_exit|abort)\s*\("
OPERATOR = r"\bstrn?cmp\s*\([^;]*\bop_type\b"
CODE = {".c", ".h", ".inc"}


def read_table():
    """{folder: set of what it may include} from the table's rows of four cells."""
    table = {}
    for line in (SRC / "README.md").read_text().splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 4 and cells[0] not in ("Floor", "---"):
            table[cells[1]] = set(cells[3].split())
    return table


def without_comments_and_strings(text):
    """The same lines, with comments and string contents blanked, so that words in them are not taken for code."""
    pattern = r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)


def folder_of(path):
    """The files directly in src/ are the roof, whose row is named onnxrun.c."""
    parts = path.relative_to(SRC).parts
    return parts[0] if len(parts) > 1 else "onnxrun.c"


def check_includes(path, folder, allowed, text):
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if not match:
            continue
        kind, name = match.groups()
        owners = next((who for pattern, who in OWNERS.items() if re.match(pattern, name)), None)
        if owners is not None:
            if folder not in owners:
                yield number, f"{name} belongs to {', '.join(sorted(owners))}"
        elif kind == '"':
            target = name.split("/")[0]
            if target.startswith("onnxrun_"):
                target = "onnxrun.c"  # a header of the roof's own, for nobody else
            if not (SRC / name).exists():
                yield number, f'"{name}" is not a path from src/'
            elif target != folder and target not in allowed:
                yield number, f"{folder} may not include {target} ({name})"


def check_words(path, folder, text):
    code = without_comments_and_strings(text)
    rules = []
    name = path.relative_to(SRC).as_posix()
    if name not in ("base/arena.c", "base/pool.c"):
        rules.append((ALLOCATORS, "allocates; only base/arena.c and base/pool.c do"))
    if folder != "cli":
        rules.append((PRINTERS, "prints or exits; only cli does"))
    if folder != "ops" and name != "passes/util.c":  # the one place where fusion patterns name what they match
        rules.append((OPERATOR, "compares an operator's name; only ops knows operators"))
    for number, line in enumerate(code.splitlines(), 1):
        for pattern, words in rules:
            match = re.search(pattern, line)
            if match:
                yield number, f"{match.group(0)}...) {words}"


def main():
    table = read_table()
    if len(table) < 10:
        print(f"{SRC / 'README.md'}: the table of layers was not found")
        return 1
    files = sorted(p for p in SRC.rglob("*") if p.suffix in CODE)
    findings = []
    for path in files:
        folder = folder_of(path)
        if folder not in table:
            findings.append((path, 1, f"folder {folder} is not in the table of src/README.md"))
            continue
        text = path.read_text()
        for number, words in [*check_includes(path, folder, table[folder], text), *check_words(path, folder, text)]:
            findings.append((path, number, words))
    for path, number, words in findings:
        print(f"{path.relative_to(SRC.parent)}:{number}: {words}")
    print(f"layers: {len(files)} files, {len(findings)} findings")
    return 1 if findings or not files else 0


sys.exit(main())
