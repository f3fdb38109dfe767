#!/usr/bin/env bash
# Times onnxrun against ONNX Runtime on the same machine in the same run, and prints the table of ratios.
#     tools/bench_peers.sh [options of bench_peers.py: --nets resnet50 --threads 1 --batches 1 --rounds 5 ...]
#     tools/bench_peers.sh --models DIR [...]      the models of DIR/NAME/model.onnx on DIR/NAME/test_data_set_0 in place of the ResNets
# Installs ONNX Runtime (npm's onnxruntime-node) into build/peers, exports the networks into build/exports, builds build/release, and
# writes build/bench_peers.json. May assume: Debian 12, Node.js with npm, a quiet machine. Never sends anything but package requests.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/install_deps.sh
install_deps test
if ! command -v npm >/dev/null; then
    echo "tools/bench_peers.sh needs Node.js and npm (Debian: apt-get install nodejs npm)" >&2
    exit 2
fi
cmake --preset release --log-level=WARNING
cmake --build --preset release --target onnxrun_cli
models=(--exports build/exports)
case " $* " in
    *" --models "*) models=() ;;
    *) tools/export_resnet.py --all --out build/exports ;;
esac
mkdir -p build/peers
if [ ! -d build/peers/node_modules/onnxruntime-node ]; then
    # Its install script only fetches GPU libraries; the CPU library is in the package.
    npm install --prefix build/peers --no-audit --no-fund --ignore-scripts onnxruntime-node
fi
exec tools/bench_peers.py --onnxrun build/release/onnxrun --modules "$PWD/build/peers" "${models[@]}" --json build/bench_peers.json "$@"
