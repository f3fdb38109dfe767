#!/usr/bin/env bash
# Installs what is missing, builds with gcc and clang without warnings, and runs every test.
#     tools/test.sh [--quick] [--slow] [--no-asan]
# --quick    one build (release, gcc) and no tests of models exported from PyTorch: the minutes before a commit, not the proof
# --slow     also the tests labelled slow, torchvision's networks of up to 100 million parameters, the sanitizer build by clang,
#            kernels too, and 64-bit Arm under qemu (tools/test_aarch64.sh): what a release or a new kernel needs
# --no-asan  no sanitizer builds and no fuzzing: for machines with little memory, and for kernels whose address space layout the
#            sanitizers cannot live with
# ONNX_TEST_DATA=dir:dir adds folders of ONNX backend tests.
# May assume: Debian 12 with root or sudo; elsewhere it prints the packages to install. Never asks; may be run again at any time.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/install_deps.sh

quick=0 slow=0 asan=1
for argument in "$@"; do
    case "$argument" in
    --quick) quick=1 asan=0 ;;
    --slow) slow=1 ;;
    --no-asan) asan=0 ;;
    -h | --help)
        sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
        exit 0
        ;;
    *)
        echo "tools/test.sh: unknown option $argument (see --help)" >&2
        exit 2
        ;;
    esac
done

jobs=$(nproc)
failed=()

# build PRESET COMPILER [TARGET...]: configures and compiles with warnings as errors, everything or some targets; the folder is
# build/PRESET, or build/PRESET-clang.
build() {
    local preset=$1 compiler=$2 folder=build/$1
    shift 2
    if [ "$compiler" != gcc ]; then folder=$folder-$compiler; fi
    echo "== Building $folder"
    cmake --preset "$preset" -B "$folder" -DCMAKE_C_COMPILER="$compiler" -DONR_WERROR=ON -DONR_TESTS=ON \
        -DONR_SANITIZE_KERNELS=$([ "$slow" = 1 ] && echo ON || echo OFF) --log-level=WARNING
    cmake --build "$folder" -j "$jobs" ${1:+--target "$@"}
}

# run FOLDER [ctest options]: runs the tests of a build folder; then the closing line of every cmocka program among them.
run() {
    local folder=$1 log
    shift
    echo "== Testing $folder"
    ctest --test-dir "$folder" -j "$jobs" --output-on-failure --no-tests=error "$@" || failed+=("$folder")
    log=$folder/Testing/Temporary/LastTest.log
    echo "-- closing lines of the cmocka programs in $folder"
    # Programs run side by side: the log has each one's output in one piece, under its name.
    awk '/^[0-9]+\/[0-9]+ Testing: / { name = $3 } /^\[  (PASSED|FAILED)  \] [0-9]+ test/ { print name ": " $0 }' "$log"
}

without=(-LE slow)
if [ $slow = 1 ]; then without=(); fi
if [ $quick = 1 ]; then without=(-LE 'slow|export'); fi

echo "== Packages: what is missing is installed"
install_deps "$([ "$slow" = 1 ] && echo slow || echo test)"

if [ $quick = 0 ]; then
    echo "== Models exported from PyTorch, in build/exports (once)"
    tools/export_resnet.py --all --out build/exports
    tools/export_torchvision.py --subset "$([ "$slow" = 1 ] && echo medium || echo small)" --out build/torchvision
fi

build release gcc
run build/release "${without[@]}"

if [ $quick = 0 ]; then
    build release clang
    run build/release-clang -L 'unit|kernels'
fi
if [ $asan = 1 ]; then
    build asan gcc
    # Kernel checks have guard pages around every buffer already, and PyTorch's exports and the test of accuracy are many runs of the same
    # code: they would take most of the time here. Of the configurations of ONNX's tests two run all that differs; of the tests from the
    # specification one does, on a third of the types.
    run build/asan -LE 'slow|lint|kernels|export' -E 'models.fashion|conformance.(O0_threads|O2_.*)|spec.(O0|O2_.*)'
fi
if [ $asan = 1 ]; then
    # What threads share: the pool, one model in many sessions, hooks, cancelling from other threads, images in lanes.
    threads=(test_base_pool test_onnxrun_threads test_onnxrun_hooks test_run_images)
    build tsan gcc "${threads[@]}"
    run build/tsan -R "^unit[.]($(IFS='|' && echo "${threads[*]}"))\$"
    # Ten seconds for each target: that they build and find nothing at once. docs/fuzzing.md has the long runs.
    tools/fuzz.sh --minutes 0.17 || failed+=(fuzzing)
fi
if [ $slow = 1 ] && [ $asan = 1 ]; then
    build asan clang
    run build/asan-clang -LE lint
fi

if [ $slow = 1 ]; then tools/test_aarch64.sh || failed+=(build/aarch64); fi

if [ ${#failed[@]} -gt 0 ]; then
    echo "== FAILED in ${failed[*]}"
    exit 1
fi
echo "== All tests passed"
