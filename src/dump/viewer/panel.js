// panel.js: the panel beside the graph: what is known of the selected box, or of the whole model; the search and its list.
// May assume: nothing about names, which go onto the page as text and never as HTML.

function make(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

function addRows(parent, rows) {
  const table = make("dl", "rows");
  for (const [key, value] of rows) {
    if (value === undefined || value === null || value === "") continue;
    table.append(make("dt", "", key));
    const cell = make("dd");
    cell.append(value instanceof Node ? value : String(value));
    table.append(cell);
  }
  if (table.children.length) parent.append(table);
}

function section(parent, title) {
  const s = make("section");
  s.append(make("h2", "", title));
  parent.append(s);
  return s;
}

// A word that leads to a box.
function linkTo(box, text) {
  const b = make("button", "link", text);
  b.type = "button";
  b.addEventListener("click", () => goTo(view, box));
  return b;
}

// ---- values -----------------------------------------------------------------------------------------------------------------

function statisticsText(s) {
  const parts = [`min ${formatNumber(s.min)}`, `max ${formatNumber(s.max)}`, `mean ${formatNumber(s.mean)}`, `std ${formatNumber(s.std)}`];
  for (const key of ["zeros", "nan", "inf", "denormal"]) if (s[key]) parts.push(`${key} ${s[key]}`);
  return parts.join("  ");
}

function valueItem(value, ends) {
  const item = make("li");
  if (!value) {
    item.append(make("span", "dim", "left out"));
    return item;
  }
  item.append(make("div", "name", value.name), make("div", "dim", value.type));
  for (const box of ends) item.append(linkTo(box, (box.kind === "node" ? box.node.op + " " + box.node.name : box.kind + " " + box.title)));
  const s = value.statistics;
  if (s && s.min !== null) item.append(make("div", s.nan || s.inf ? "wrong" : "figures", statisticsText(s)));
  if (s && s.contents) item.append(make("div", "dim", s.contents));
  if (value.slot && value.slot.place === "arena") {
    item.append(make("div", "figures", `${formatBytes(value.slot.bytes)} at +${value.slot.offset}, steps ${value.slot.first} to ${value.slot.last}`));
    if (value.slot.memory_of) item.append(make("div", "dim", "in the memory of " + value.slot.memory_of));
  }
  return item;
}

function valueList(parent, title, values, endsOf) {
  if (values.length === 0) return;
  const list = make("ul"), s = section(parent, title);
  for (const v of values.slice(0, 300)) list.append(valueItem(v, v ? endsOf(v).slice(0, 50) : []));
  if (values.length > 300) list.append(make("li", "dim", `and ${values.length - 300} more`));
  s.append(list);
}

const producerOf = (v) => (v.producer ? [v.producer] : []);
const consumersOf = (v) => v.consumers;

// ---- boxes ------------------------------------------------------------------------------------------------------------------

function figureRows(net, box) {
  const rows = [], f = box.figures, total = net.root.figures.time;
  if (f.time !== undefined) rows.push(["time", `${formatMs(f.time)} (${((100 * f.time) / total).toFixed(1)} %)`]);
  if (f.weights) rows.push(["weights", formatBytes(f.weights)]);
  if (f.output) rows.push(["results", formatBytes(f.output)]);
  if (f.alive !== undefined) rows.push(["memory alive", formatBytes(f.alive) + (isGroup(box) ? " at most" : "")]);
  if (f.error !== undefined) rows.push(["error", MODES.error.text(f.error)]);
  return rows;
}

function stepRows(box) {
  const rows = [], step = box.step, planned = box.planned;
  const kernel = (step && step.kernel) || (planned && planned.kernel);
  if (kernel) rows.push(["kernel", kernel]);
  if (planned) rows.push(["step", planned.step + (planned.inplace >= 0 ? ", in place" : "")]);
  if (planned && planned.scratch_bytes) rows.push(["scratch", formatBytes(planned.scratch_bytes)]);
  if (step && step.gflops) rows.push(["GFLOP/s", formatNumber(step.gflops)]);
  if (step && step.roof) rows.push(["of the roof", `${(100 * step.roof).toFixed(0)} % (${step.bound})`]);
  if (step && step.node !== box.node.name) rows.push(["timed in", step.node]);
  return rows;
}

function comparedRows(parent, box) {
  for (const t of box.compared || []) {
    const s = section(parent, t.same === false ? "Differs from the reference" : "Like the reference");
    const rows = Object.entries(t).filter(([k]) => k !== "node").map(([k, v]) => [k.replace(/_/g, " "), typeof v === "object" ? JSON.stringify(v) : v]);
    addRows(s, rows);
  }
}

function nodePanel(net, parent, box) {
  const n = box.node;
  addRows(parent, [["name", n.name], ["number", "#" + n.number], ["domain", n.domain || "ai.onnx"], ["opset", n.opset],
    ["does the work of", n.origin.length > 1 || (n.origin.length && n.origin[0] !== n.name) ? n.origin.join(", ") : ""],
    ...stepRows(box), ...figureRows(net, box)]);
  comparedRows(parent, box);
  const attributes = Object.entries(n.attributes);
  if (attributes.length) {
    addRows(section(parent, "Attributes"), attributes.map(([k, v]) => [k, v && v.nodes ? `graph of ${v.nodes.length} nodes` : v]));
  }
  valueList(parent, "Inputs", box.inputs, producerOf);
  valueList(parent, "Outputs", box.outputs, consumersOf);
}

// What flows into a group and out of it.
function crossing(net, box) {
  const inside = new Set(), into = new Set(), out = new Set();
  visitBoxes(box, (b) => inside.add(b));
  for (const e of net.edges) {
    if (inside.has(e.to) && !inside.has(e.from)) into.add(e.value);
    if (inside.has(e.from) && !inside.has(e.to)) out.add(e.value);
  }
  return { into: [...into], out: [...out] };
}

function groupPanel(net, parent, box) {
  const { into, out } = crossing(net, box);
  addRows(parent, [["nodes", box.size], ...figureRows(net, box)]);
  addRows(section(parent, "Operators"), [...box.counts].sort((a, b) => b[1] - a[1]));
  valueList(parent, "Comes in", into, producerOf);
  valueList(parent, "Goes out", out, consumersOf);
  const list = section(parent, "Holds");
  for (const child of box.children.slice(0, 100)) list.append(linkTo(child, child.node ? child.node.op + " " + child.node.name : child.title));
}

function modelPanel(net, parent) {
  const { dump, root } = net, passes = Object.entries(dump.passes).filter(([, n]) => n > 0);
  addRows(parent, [["model", dump.model], ["stage", net.stage], ["graph", dump.graph.name], ["nodes", root.size], ...figureRows(net, root)]);
  if (passes.length) addRows(section(parent, "Rewrites"), passes);
  addRows(section(parent, "Operators"), [...root.counts].sort((a, b) => b[1] - a[1]));
  const ends = (kind) => net.root.children.filter((b) => b.kind === kind).map((b) => b.value).filter((v) => v);
  valueList(parent, "Inputs", ends("input"), consumersOf);
  valueList(parent, "Outputs", ends("output"), producerOf);
}

function showPanel(view) {
  const panel = document.getElementById("about"), box = view.selected, net = view.net;
  panel.replaceChildren();
  panel.append(make("h1", "", box ? (box.node ? box.node.op : box.title) : "Model"));
  if (!box) modelPanel(net, panel);
  else if (box.kind === "node") nodePanel(net, panel, box);
  else if (isGroup(box)) groupPanel(net, panel, box);
  else valueList(panel, box.kind === "input" ? "Input of the graph" : "Output of the graph", [box.value], box.kind === "input" ? consumersOf : producerOf);
  panel.scrollTop = 0;
}

// ---- search -----------------------------------------------------------------------------------------------------------------

// Boxes with a name, an operator or a result that has the words in it.
function findBoxes(net, text) {
  const words = text.toLowerCase().split(/\s+/).filter((w) => w);
  if (words.length === 0) return [];
  return net.all.filter((box) => {
    if (box.kind === "root") return false;
    const names = box.node ? [box.node.op, box.node.name, ...box.node.outputs] : [box.title];
    const all = names.join("\n").toLowerCase();
    return words.every((w) => all.includes(w));
  });
}

// What is found is marked; in a closed group, the group.
function showFound(view, found) {
  view.found = found;
  view.hits = new Set();
  for (const box of found) {
    let shown = box;
    for (let b = box.parent; b; b = b.parent) if (!b.open) shown = b;
    view.hits.add(shown);
  }
  const list = document.getElementById("found");
  list.replaceChildren();
  for (const box of found.slice(0, 200)) {
    const item = make("li");
    item.append(linkTo(box, box.node ? box.node.op + "  " + box.node.name : box.title));
    list.append(item);
  }
  const search = document.getElementById("search");
  document.getElementById("count").textContent = search.value.trim() ? `${found.length} found` : "";
}
