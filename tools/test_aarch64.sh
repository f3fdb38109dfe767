#!/usr/bin/env bash
# Builds onnxrun for 64-bit Arm in build/aarch64 and runs it under qemu-user: the kernels' checks, the unit tests, and the tool on
# the shipped model's sample pictures. Then `ctest --test-dir build/aarch64 -R NAME` runs any test again.
# Off by default (tools/test.sh --slow runs it), because it takes long and fetches packages of another architecture: 27 MB, into
# build/sysroot-aarch64 and not into the system. May assume: Debian 12. Never says anything about speed: qemu cannot.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/install_deps.sh

sysroot=build/sysroot-aarch64

# The libraries that the native build has, for arm64: apt resolves what they need in a world of its own where nothing is installed
# yet, and dpkg unpacks it. So nothing of this system changes, and packages that exist for one architecture at a time do not matter.
make_sysroot() {
    local part=$PWD/$sysroot.part packages=() options link
    mapfile -t packages < <(printf '%s\n' "${build_packages[@]}" "${test_packages[@]}" | grep -E '^lib.*-dev$' | grep -v '^libclang')
    if [ "$(cat "$sysroot/packages" 2>/dev/null)" = "${packages[*]}" ]; then return 0; fi
    echo "== Fetching arm64 packages into $sysroot"
    rm -rf "$sysroot" "$part"
    mkdir -p "$part"/apt/{state/lists/partial,cache/archives/partial} "$part/root"
    : >"$part/apt/status"
    options=(-q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User= -o Dir::State="$part/apt/state"
        -o Dir::Cache="$part/apt/cache" -o Dir::State::status="$part/apt/status")
    apt-get "${options[@]}" update </dev/null
    apt-get "${options[@]}" --no-install-recommends --download-only -y install "${packages[@]}" </dev/null
    for package in "$part"/apt/cache/archives/*.deb; do dpkg-deb -x "$package" "$part/root"; done
    # Links to /lib would leave the folder.
    find "$part/root" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
        ln -sfnr "$part/root$(readlink "$link")" "$link"
    done
    echo "${packages[*]}" >"$part/root/packages"
    mv "$part/root" "$sysroot"
    rm -rf "$part"
}

case "${1:-}" in
"") ;;
-h | --help)
    sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
    ;;
*)
    echo "tools/test_aarch64.sh: takes no argument but --help" >&2
    exit 2
    ;;
esac

install_deps aarch64
make_sysroot
echo "== Building build/aarch64"
targets=(onnxrun_cli kernel_check)
for source in tests/unit/test_*.c; do
    # Those of the whole library run networks for minutes here, and some of them ask for AVX2.
    if [[ $source != */test_onnxrun_* ]]; then targets+=("$(basename "$source" .c)"); fi
done
cmake --preset aarch64 -DONR_WERROR=ON -DONR_TESTS=ON --log-level=WARNING
cmake --build build/aarch64 -j "$(nproc)" -t "${targets[@]}"

echo "== Testing build/aarch64 under qemu-user"
# The tests whose program is one of ours: what a Python program starts would need qemu too.
ours='^(unit\.|kernels\.(conv|gemm|vector)$)'
ctest --test-dir build/aarch64 -j "$(nproc)" --output-on-failure --no-tests=error -R "$ours" \
    -E '^unit\.test_onnxrun_'

echo "== Sample pictures"
qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static)
for picture in models/samples/*.png; do # 07-sneaker.png and the like
    want=$(basename "$picture" .png)
    got=$("$qemu" -L "$sysroot" build/aarch64/onnxrun -q models/residualnet16-fashion.onnx "$picture" |
        sed -n 's/^ *1  \(.*[^ ]\)  *[0-9.]* %.*/\1/p' | tr 'A-Z /' 'a-z--')
    echo "$picture: $got"
    if [ "$got" != "${want#*-}" ]; then
        echo "$picture should be ${want#*-}" >&2
        exit 1
    fi
done
echo "== All tests of 64-bit Arm passed"
