#!/usr/bin/env bash
# Fuzzes: builds the targets (preset fuzz: clang, ASan, UBSan), makes seeds, and runs each target for a while.
#     tools/fuzz.sh [--minutes N] [--minimize] [TARGET...]
# --minutes N  for each target (default 1); fractions are allowed
# --minimize   afterwards: tests/fuzz/corpus becomes the fewest inputs that reach what all inputs of build/fuzz/corpus reach
# TARGETs: wire load infer run structure npy npz pb picture raw (default: all).
# What is found lies in build/fuzz/found: copy it to tests/fuzz/corpus/TARGET, where every build replays it, and mend the cause.
# May assume: the packages of tools/install_deps.sh test. Never stops at the first finding of a target: it goes on with the next target.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
minutes=1 minimize=0 targets=()
while [ $# -gt 0 ]; do
    case "$1" in
    --minutes) minutes=$2 && shift ;;
    --minimize) minimize=1 ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) targets+=("$1") ;;
    esac
    shift
done
if [ ${#targets[@]} -eq 0 ]; then targets=(wire load infer run structure npy npz pb picture raw); fi

build=build/fuzz
cmake --preset fuzz --log-level=WARNING
cmake --build "$build" -j "$(nproc)" --target "${targets[@]/#/fuzz_}"

if [ ! -d "$build/seeds" ]; then
    data=$(dpkg -L libonnx-testdata 2>/dev/null | grep -m1 '/data$' || true)
    /usr/bin/python3 tests/fuzz/make_seeds.py "$build/seeds" ${data:+"$data"}
fi

failed=()
seconds=$(awk "BEGIN { print int($minutes * 60) }")
mkdir -p "$build/found"
for target in "${targets[@]}"; do
    echo "== fuzz_$target for $seconds s"
    mkdir -p "$build/corpus/$target" "tests/fuzz/corpus/$target"
    options=(-max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=20000 -print_final_stats=1
        -artifact_prefix="$build/found/$target-")
    "$build/tests/fuzz/fuzz_$target" "${options[@]}" "$build/corpus/$target" "tests/fuzz/corpus/$target" "$build/seeds/$target" \
        >"$build/found/$target.log" 2>&1 || failed+=("$target")
    tail -n 12 "$build/found/$target.log" | grep -E 'stat::|cov:|ERROR|SUMMARY' || true
    if [ $minimize = 1 ]; then
        rm -rf "$build/minimal" && mkdir "$build/minimal"
        "$build/tests/fuzz/fuzz_$target" -merge=1 -timeout=20 -rss_limit_mb=4096 -max_len=20000 "$build/minimal" \
            "tests/fuzz/corpus/$target" "$build/corpus/$target" "$build/seeds/$target" >/dev/null 2>&1
        find "$build/minimal" -type f -size -20k -exec cp -n {} "tests/fuzz/corpus/$target/" \;
    fi
done

if [ ${#failed[@]} -gt 0 ]; then
    echo "== Findings in ${failed[*]}: see $build/found"
    exit 1
fi
echo "== No findings"
