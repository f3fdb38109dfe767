// bench_ort.js: runs ONNX Runtime on one model, for ort_peer.py: session creation, runs, memory. Prints one line of JSON.
// usage: node bench_ort.js MODULE_FOLDER MODEL FEEDS THREADS RUNS [OUTPUT_FOLDER]
// FEEDS is a JSON list of {name, type, dims, file}, raw files beside it; an input without a name is the next one of the model.
// With OUTPUT_FOLDER the last run's outputs go there as output_N.bin. May assume: onnxruntime-node lies in MODULE_FOLDER.
'use strict';
const fs = require('fs');
const path = require('path');
const [, , modules, model, feedsPath, threads, runs, outputFolder] = process.argv;
const ort = require(path.resolve(modules, 'node_modules', 'onnxruntime-node'));
const ARRAYS = {
    float32: Float32Array, float64: Float64Array, int64: BigInt64Array, int32: Int32Array, uint8: Uint8Array, int8: Int8Array, bool: Uint8Array,
};

function readFeeds(session) {
    const feeds = {};
    JSON.parse(fs.readFileSync(feedsPath, 'utf8')).forEach((feed, i) => {
        const bytes = fs.readFileSync(path.join(path.dirname(feedsPath), feed.file));
        const data = new ARRAYS[feed.type](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
        const name = session.inputNames.includes(feed.name) ? feed.name : session.inputNames[i];
        feeds[name] = new ort.Tensor(feed.type, data, feed.dims);
    });
    return feeds;
}

async function main() {
    const idle = process.resourceUsage().maxRSS * 1024;
    const begin = performance.now();
    const session = await ort.InferenceSession.create(model, {
        intraOpNumThreads: Number(threads), interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all', logSeverityLevel: 3,
    });
    const load = performance.now() - begin;
    const feeds = readFeeds(session);
    const times = [];
    let results = {};
    for (let i = 0; i < Number(runs); i++) {
        const start = performance.now();
        results = await session.run(feeds);
        times.push(performance.now() - start);
    }
    const names = session.outputNames;
    if (outputFolder) names.forEach((name, i) => fs.writeFileSync(path.join(outputFolder, `output_${i}.bin`), Float32Array.from(results[name].data, Number)));
    const rss = (process.resourceUsage().maxRSS * 1024 - idle) / 1e6;
    console.log(JSON.stringify({ load_ms: load, times_ms: times, rss_mb: rss, n_outputs: names.length }));
}
main().catch((error) => {
    console.error(String(error));
    process.exit(1);
});
