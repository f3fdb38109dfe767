#!/usr/bin/env bash
# Rewrites the C files of src and tests in the style of .clang-format; with arguments, only those files.
# May assume: clang-format. Never touches other files.
set -euo pipefail

files=("$@")
if [ ${#files[@]} -eq 0 ]; then
    cd "$(dirname "${BASH_SOURCE[0]}")/.."
    mapfile -t files < <(find src tests -name '*.[ch]')
fi
clang-format -i --style=file "${files[@]}"
