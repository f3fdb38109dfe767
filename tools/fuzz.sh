#!/usr/bin/env bash
# Fuzzes: builds the targets (preset fuzz: clang, ASan, UBSan), makes seeds, and runs each target for a while.
#     tools/fuzz.sh [--minutes N] [--minimize] [TARGET...]
# --minutes N  for each target (default 1); fractions are allowed. Less than one starts from the committed corpus alone: reading
#              all seeds takes longer
# --minimize   afterwards: to tests/fuzz/corpus come the fewest inputs that reach every edge that inputs of build/fuzz/corpus reach
# TARGETs: wire load infer run structure npy npz pb picture raw (default: all).
# What is found lies in build/fuzz/found: copy it to tests/fuzz/corpus/TARGET, where every build replays it, and mend the cause.
# May assume: the packages of tools/install_deps.sh test. A target's first finding ends that target, not the others. As many run
# side by side as there are cores.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
minutes=1 minimize=0 targets=()
while [ $# -gt 0 ]; do
    case "$1" in
    --minutes) minutes=$2 && shift ;;
    --minimize) minimize=1 ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) targets+=("$1") ;;
    esac
    shift
done
if [ ${#targets[@]} -eq 0 ]; then targets=(wire load infer run structure npy npz pb picture raw); fi

build=build/fuzz
cmake --preset fuzz --log-level=WARNING
cmake --build "$build" -j "$(nproc)" --target "${targets[@]/#/fuzz_}"

seconds=$(awk "BEGIN { print int($minutes * 60) }")
if [ ! -d "$build/seeds" ] && [ "$seconds" -ge 60 ]; then
    data=$(dpkg -L libonnx-testdata 2>/dev/null | grep -m1 '/data$' || true)
    /usr/bin/python3 tests/fuzz/make_seeds.py "$build/seeds" ${data:+"$data"}
fi

mkdir -p "$build/found"

# fuzz TARGET: runs it, and makes build/fuzz/found/TARGET.failed when it found something.
fuzz() {
    local target=$1 options from short=$build/short/$1
    mkdir -p "$build/corpus/$target" "tests/fuzz/corpus/$target"
    options=(-max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=20000 -print_final_stats=1
        -artifact_prefix="$build/found/$target-")
    from=("$build/corpus/$target" "tests/fuzz/corpus/$target" "$build/seeds/$target")
    if [ "$seconds" -lt 60 ]; then
        rm -rf "$short" && mkdir -p "$build/short" && cp -r "tests/fuzz/corpus/$target" "$short" # where new inputs go
        from=("$short")
    fi
    rm -f "$build/found/$target.failed"
    "$build/tests/fuzz/fuzz_$target" "${options[@]}" "${from[@]}" >"$build/found/$target.log" 2>&1 ||
        touch "$build/found/$target.failed"
    echo "== fuzz_$target, $seconds s"
    tail -n 12 "$build/found/$target.log" | grep -E 'stat::(number|average|new)|ERROR|SUMMARY' || true
    if [ $minimize = 1 ]; then
        rm -rf "$build/minimal/$target" && mkdir -p "$build/minimal/$target"
        "$build/tests/fuzz/fuzz_$target" -set_cover_merge=1 -use_counters=0 -timeout=20 -rss_limit_mb=4096 -max_len=20000 \
            "$build/minimal/$target" "tests/fuzz/corpus/$target" "$build/corpus/$target" "$build/seeds/$target" >/dev/null 2>&1
        find "$build/minimal/$target" -type f -size -20k -exec cp -n {} "tests/fuzz/corpus/$target/" \;
    fi
}

for target in "${targets[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
    fuzz "$target" &
done
wait

failed=()
for target in "${targets[@]}"; do
    if [ -e "$build/found/$target.failed" ]; then failed+=("$target"); fi
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "== Findings in ${failed[*]}: see $build/found"
    exit 1
fi
echo "== No findings"
