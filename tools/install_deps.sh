#!/usr/bin/env bash
# Installs the Debian packages that onnxrun needs and that are not there yet: tools/install_deps.sh build|test|slow|aarch64|avx512
# "build" is what the library and the command line tool need, "test" adds what the tests need, "slow" to that what tools/test.sh
# --slow needs; "aarch64" adds to "build" what builds and runs programs for 64-bit Arm (their libraries come from
# tools/test_aarch64.sh), "avx512" what tools/test_avx512.sh emulates a CPU with.
# May assume: Debian 12 or a relative. Never removes, upgrades or asks; without apt it prints the list and fails.
set -euo pipefail

build_packages=(
    gcc libc6-dev cmake ninja-build pkg-config                       # compiler and build
    libprotobuf-c-dev protobuf-c-compiler libpthreadpool-dev         # library
    libsleef-dev                                                     # exp, tanh and their kin, eight or sixteen at a time
    libunistring-dev libpcre2-dev                                    # operators: case of text, regular expressions
    libwebp-dev libtiff-dev libopenjp2-7-dev                         # operators: pictures
    libxxhash-dev                                                    # run --checksum, --threads-sweep
    libpng-dev libjpeg-dev libzip-dev libcjson-dev                    # pictures (operators too), npz archives, sidecars
)
test_packages=(
    g++ clang clang-format libclang-rt-14-dev                        # second compiler with sanitizers; headers as C++; style
    valgrind                                                         # no lost memory, nothing read before it is written
    libcmocka-dev python3                                            # unit tests, lints
    python3-numpy python3-torch python3-torchvision python3-onnx     # models exported from PyTorch, and what it computes
    libopenblas0-pthread                                             # PyTorch's matrix products: the default BLAS takes 50 times as long
    libonnx-testdata graphviz                                        # ONNX's backend tests; drawings are rendered
    clang-tidy cppcheck                                              # two more readers of the code
    qemu-user                                                        # a CPU without AVX
    chromium                                                         # pages of dump --format html are opened (80 MB)
    man-db zsh                                                       # the manual page is formatted, zsh reads its completion
)
slow_packages=(
    musl-tools gcc-s390x-linux-gnu libc6-dev-s390x-cross             # another C library, a big-endian machine
)
aarch64_packages=(
    gcc-aarch64-linux-gnu qemu-user python3                          # cross compiler; runs what it made; registers the tests
)
avx512_packages=(
    bochs bochsbios vgabios                                          # an x86 emulator with AVX-512
    grub-pc-bin grub-common xorriso mtools cpio busybox-static       # a disc that boots
)

# Packages of the list "$1" that are not installed, one per line.
missing_packages() {
    local package list=("${build_packages[@]}")
    if [ "$1" = test ] || [ "$1" = slow ]; then list+=("${test_packages[@]}"); fi
    if [ "$1" = slow ]; then list+=("${slow_packages[@]}"); fi
    if [ "$1" = aarch64 ]; then list+=("${aarch64_packages[@]}"); fi
    if [ "$1" = avx512 ]; then list+=("${avx512_packages[@]}"); fi
    for package in "${list[@]}"; do
        if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then echo "$package"; fi
    done
}

install_deps() {
    local list=$1 missing root=()
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        echo "This system has no apt. Please install what corresponds to these Debian packages:"
        printf '    %s\n' "${build_packages[@]}"
        if [ "$list" = test ]; then printf '    %s\n' "${test_packages[@]}"; fi
        # A system where they are installed already is welcome: the build says what it misses.
        if command -v cmake >/dev/null && command -v ninja >/dev/null && command -v protoc-c >/dev/null; then
            echo "cmake, ninja and protoc-c are here: trying."
            return 0
        fi
        return 1
    fi
    mapfile -t missing < <(missing_packages "$list")
    if [ ${#missing[@]} -eq 0 ]; then return 0; fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "These packages are missing; install them as root: apt-get install ${missing[*]}"
            return 1
        fi
        root=(sudo)
    fi
    echo "== Installing ${missing[*]}"
    "${root[@]}" apt-get update -q </dev/null
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" </dev/null
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    case "${1:-}" in
    build | test | slow | aarch64 | avx512) install_deps "$1" ;;
    *)
        echo "usage: tools/install_deps.sh build|test|slow|aarch64|avx512" >&2
        exit 2
        ;;
    esac
fi
