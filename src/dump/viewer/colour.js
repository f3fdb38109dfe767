// colour.js: what a box's colour means: its operator, or a figure (time, memory, error), with the legend to it.
// May assume: figures that readFigures joined to the boxes. Never changes a layout.

const OPERATOR_HUES = [212, 28, 145, 280, 340, 185, 52, 250, 95, 5];

// The figures that can be coloured by. `add` makes one of a group's children; `scale` goes from 0 to 1.
const MODES = {
  operator: { label: "operator" },
  time: { label: "time", add: (a, b) => a + b, scale: (x, most) => Math.sqrt(x / most), text: (x) => formatMs(x) },
  output: { label: "size of results", add: (a, b) => a + b, scale: (x, most) => Math.sqrt(x / most), text: (x) => formatBytes(x) },
  alive: { label: "memory alive", add: Math.max, scale: (x, most) => x / most, text: (x) => formatBytes(x) },
  weights: { label: "size of weights", add: (a, b) => a + b, scale: (x, most) => Math.sqrt(x / most), text: (x) => formatBytes(x) },
  error: { label: "error", add: Math.max, scale: (x) => Math.min(1, Math.max(0, (Math.log10(x) + 8) / 8)), text: (x) => "error " + x.toExponential(1) },
};

function formatNumber(x) {
  if (typeof x !== "number") return String(x);
  return x === 0 ? "0" : Math.abs(x) >= 1e-3 && Math.abs(x) < 1e6 ? String(+x.toPrecision(4)) : x.toExponential(2);
}

function formatMs(x) { return (x >= 1 ? x.toFixed(2) : x.toPrecision(3)) + " ms"; }

function formatBytes(x) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; x >= 1024 && i < 4; i++) x /= 1024;
  return (i ? x.toFixed(1) : x) + " " + units[i];
}

// ---- figures of each box ----------------------------------------------------------------------------------------------------

const BITS = { string: 128, bool: 8, bfloat16: 16, complex64: 64, complex128: 128 };

function bytesOf(value) {
  if (!value || !value.shape || value.shape.some((d) => typeof d !== "number")) return 0;
  const digits = /(\d+)/.exec(value.dtype), bits = BITS[value.dtype] || (digits ? +digits[1] : 8);
  return value.shape.reduce((a, d) => a * d, bits / 8);
}

function sumBelow(box, key, add) {
  for (const child of box.children) {
    sumBelow(child, key, add);
    const x = child.figures[key];
    if (x !== undefined) box.figures[key] = box.figures[key] === undefined ? x : add(box.figures[key], x);
  }
}

function joinProfile(net, profile) {
  const byNode = new Map();
  for (const box of net.boxes) if (box.node) byNode.set(box.node.name, box);
  for (const step of profile.steps) {
    const names = byNode.has(step.node) ? [step.node] : step.origin || [];
    const found = names.map((n) => byNode.get(n)).filter((b) => b);
    for (const box of found) { // a step that does several nodes' work: each has its share
      box.figures.time = (box.figures.time || 0) + step.ms / found.length;
      box.step = step;
    }
  }
}

function joinPlan(net, plan, memory) {
  const steps = new Map();
  for (const step of plan.plan.steps) for (const name of step.outputs) if (name) steps.set(name, step);
  const alive = new Float64Array(plan.plan.steps.length + 2);
  for (const p of memory.pieces) for (let i = p.first; i <= p.last && i < alive.length; i++) alive[i] += p.bytes;
  for (const box of net.boxes) {
    const step = box.node && steps.get(box.node.outputs.find((n) => n));
    if (!step) continue;
    box.planned = step;
    box.figures.alive = alive[step.step];
    step.slots.forEach((slot) => {
      const value = box.outputs.find((v) => v && v.name === slot.value.name);
      if (value) Object.assign(value, slot.value, { slot });
    });
  }
}

// A tensor's error relative to its size: the angle between the two, which numbers next to zero do not blow up.
function errorOf(tensor) {
  if (typeof tensor.cosine !== "number") return tensor.same === false ? 1 : 0;
  return Math.sqrt(2 * Math.max(0, 1 - tensor.cosine));
}

function joinCompare(net, compare) {
  const tensors = new Map(compare.tensors.map((t) => [t.name, t]));
  net.firstDifferent = null;
  const first = compare.tensors.find((t) => t.same === false);
  const twins = new Set(net.boxes.flatMap((b) => (b.node ? b.outputs : [])).map((v) => v && v.of));
  for (const box of net.boxes) {
    if (!box.node) continue;
    for (const value of box.outputs) {
      if (value && !value.of && twins.has(value.name)) continue; // only its layout changes here: it was made before
      const t = value && tensors.get(value.of || value.name);
      if (!t) continue;
      box.compared = (box.compared || []).concat(t);
      box.figures.error = Math.max(box.figures.error || 0, errorOf(t));
      if (t.same === false) for (let b = box; b; b = b.parent) b.differs = true;
      if (t === first) net.firstDifferent = box;
    }
  }
}

// Joins everything that is known to the boxes; modes without a figure are not offered.
function readFigures(net, { profile, compare, plan, memory }) {
  visitBoxes(net.root, (box) => { box.figures = {}; });
  if (plan && memory) joinPlan(net, plan, memory);
  if (profile) joinProfile(net, profile);
  if (compare) joinCompare(net, compare);
  for (const box of net.boxes) {
    if (!box.node) continue;
    const weights = box.inputs.filter((v) => v && v.constant).reduce((sum, v) => sum + bytesOf(v), 0);
    if (weights) box.figures.weights = weights;
    const output = box.fixed ? 0 : box.outputs.reduce((sum, v) => sum + bytesOf(v), 0);
    if (output) box.figures.output = output;
  }
  net.modes = ["operator"];
  for (const key of Object.keys(MODES)) {
    if (!MODES[key].add) continue;
    sumBelow(net.root, key, MODES[key].add);
    if (net.root.figures[key] !== undefined) net.modes.push(key);
  }
}

// ---- colours ----------------------------------------------------------------------------------------------------------------

// The operators that most nodes of the flow have get a colour of their own.
function operatorHues(net) {
  const hues = new Map(), counts = new Map();
  for (const box of net.boxes) if (box.node) addCount(counts, box.node.op, box.fixed ? 0 : 1);
  const ops = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  ops.slice(0, OPERATOR_HUES.length).forEach(([op], i) => hues.set(op, OPERATOR_HUES[i]));
  return hues;
}

// Small boxes need stronger colours to be told apart.
function operatorColour(op, hues, dark, small) {
  const hue = hues.get(op);
  if (hue === undefined) return dark ? "#3a4049" : "#e3e6ea";
  if (small) return `hsl(${hue} 55% ${dark ? 50 : 62}%)`;
  return dark ? `hsl(${hue} 32% 30%)` : `hsl(${hue} 62% 86%)`;
}

// From the page's own grey to a strong orange red.
function heatColour(t, dark) {
  const light = dark ? 20 + 32 * t : 95 - 40 * t, hue = 50 - 40 * t;
  return `hsl(${hue} ${dark ? 30 + 55 * t : 40 + 55 * t}% ${light}%)`;
}

// Where 1 on the scale is: the largest figure of a box that is to be seen.
function largestShown(boxes, key) {
  let most = 0;
  for (const box of boxes) if (!(box.open && isGroup(box))) most = Math.max(most, box.figures[key] || 0);
  return most;
}

function boxColour(view, box) {
  if (box.kind === "input" || box.kind === "output") return view.dark ? "#2b4a3d" : "#d5efe0";
  if (view.mode === "operator") return isGroup(box) ? view.theme.group : operatorColour(box.title, view.hues, view.dark, view.scale < 0.2);
  const x = box.figures[view.mode];
  if (x === undefined || view.most <= 0) return view.theme.unknown;
  return heatColour(MODES[view.mode].scale(x, view.most), view.dark);
}
