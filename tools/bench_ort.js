// bench_ort.js: times ONNX Runtime on one model, for bench_peers.py: session creation, runs, memory. Prints one line of JSON.
// usage: node bench_ort.js MODULE_FOLDER MODEL BATCH SIZE THREADS RUNS
// May assume: onnxruntime-node lies in MODULE_FOLDER. Never measures the making of its input.
'use strict';
const path = require('path');
const [, , modules, model, batch, size, threads, runs] = process.argv;
const ort = require(path.join(modules, 'node_modules', 'onnxruntime-node'));

async function main() {
    const idle = process.resourceUsage().maxRSS * 1024;
    const begin = performance.now();
    const session = await ort.InferenceSession.create(model, {
        intraOpNumThreads: Number(threads), interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all',
    });
    const load = performance.now() - begin;
    const data = new Float32Array(batch * 3 * size * size);
    for (let i = 0; i < data.length; i++) data[i] = ((i * 7919) % 2003) / 1001 - 1;
    const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', data, [Number(batch), 3, Number(size), Number(size)]) };
    const times = [];
    for (let i = 0; i < Number(runs); i++) {
        const start = performance.now();
        await session.run(feeds);
        times.push(performance.now() - start);
    }
    console.log(JSON.stringify({ load_ms: load, times_ms: times, rss_mb: (process.resourceUsage().maxRSS * 1024 - idle) / 1e6 }));
}
main();
