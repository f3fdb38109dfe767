#!/usr/bin/env bash
# From nothing to a classified picture: installs what is missing, builds build/release, runs a trained network on a picture.
#     tools/quickstart.sh [PICTURE]          a PNG, JPEG or PNM file; the default is a sample that ships with the model
# May assume: Debian 12 with root or sudo; elsewhere it prints the packages to install. Never asks; may be run again at any time.
set -euo pipefail

picture=${1:+$(realpath "$1")}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/install_deps.sh
model=models/residualnet16-fashion.onnx

echo "== 1/3 Packages: what is missing is installed"
install_deps build
echo "== 2/3 Building build/release/onnxrun"
cmake --preset release --log-level=WARNING
cmake --build --preset release --target onnxrun_cli
if [ -z "$picture" ]; then
    samples=(models/samples/*.png)
    picture=${samples[0]}
fi
echo "== 3/3 build/release/onnxrun $model $picture"
build/release/onnxrun "$model" "$picture"
