// model.js: from the dump's JSON to boxes and edges. A box is a node, an input or output, or a group of boxes.
// May assume: JSON as docs/json.md describes it. Never touches the page: names are data here and text when they are shown.

// Makes a box. `order` is its place in the run, by which neighbours are drawn left to right and top to bottom.
function newBox(kind, title, order) {
  return { kind, title, order, parent: null, children: [], open: false, node: null, body: false, depth: 0, stale: true };
}

function isGroup(box) { return box.children.length > 0; }

function adopt(parent, box) {
  box.parent = parent;
  parent.children.push(box);
}

// The value `name` as a node in `scope` sees it: its own graph's, else the enclosing one's. What a body captures is listed in the
// body too, but made outside.
function findValue(scope, name) {
  let found = null;
  for (let s = scope; s; s = s.outer) {
    const value = s.values.get(name);
    if (value && (value.producer || value.constant)) return value;
    found = found || value || null;
  }
  return found;
}

function newScope(graph, outer) {
  const values = new Map();
  for (const list of [graph.values, graph.inputs, graph.outputs]) {
    for (const v of list) if (!values.has(v.name)) values.set(v.name, { ...v, producer: null, consumers: [] });
  }
  return { values, outer };
}

function addBodies(net, box, scope) {
  for (const [key, value] of Object.entries(box.node.attributes)) {
    if (value === null || typeof value !== "object" || !value.nodes) continue;
    const body = newBox("body", key, box.order);
    body.body = true;
    adopt(box, body);
    addGraph(net, value, body, scope);
  }
}

function addInputs(net, graph, parent, scope) {
  for (const v of graph.inputs) {
    const value = scope.values.get(v.name), box = newBox("input", v.name, net.boxes.length);
    box.value = value;
    value.producer = box;
    adopt(parent, box);
    net.boxes.push(box);
  }
}

function addOutputs(net, graph, parent, scope) {
  for (const v of graph.outputs) {
    const value = findValue(scope, v.name), box = newBox("output", v.name, net.boxes.length);
    box.value = value;
    adopt(parent, box);
    net.boxes.push(box);
    if (value) use(net, value, box);
  }
}

function use(net, value, box) {
  value.consumers.push(box);
  if (value.producer && value.producer !== box) net.edges.push({ from: value.producer, to: box, value });
}

function addNode(net, node, scope) {
  const box = newBox("node", node.op, net.boxes.length);
  box.node = node;
  box.outputs = node.outputs.map((name) => (name ? scope.values.get(name) || null : null));
  for (const value of box.outputs) if (value) value.producer = box;
  net.boxes.push(box);
  return box;
}

// Adds a graph's boxes below `parent`: producers first, since a file may list its nodes in any order.
function addGraph(net, graph, parent, outer) {
  const scope = newScope(graph, outer);
  addInputs(net, graph, parent, scope);
  const boxes = graph.nodes.map((node) => addNode(net, node, scope));
  for (const box of boxes) {
    box.inputs = box.node.inputs.map((name) => (name ? findValue(scope, name) : null));
    for (const value of new Set(box.inputs)) if (value) use(net, value, box);
    markConstant(box);
    addBodies(net, box, scope);
  }
  foldByName(parent, boxes);
  addOutputs(net, graph, parent, scope);
  net.scopes.push(scope);
}

// A node that only computes with constants is no part of the flow.
function markConstant(box) {
  const fixed = (v) => !v || v.constant || (v.producer && v.producer.fixed);
  box.fixed = box.inputs.every(fixed) && !Object.values(box.node.attributes).some((a) => a && a.nodes);
}

// ---- scopes in names --------------------------------------------------------------------------------------------------------

// "/layer1/layer1.0/conv1/Conv" lies in layer1, layer1.0, conv1; without slashes dots part.
function scopePath(name) {
  const parts = name.split(name.includes("/") ? "/" : ".").filter((p) => p !== "");
  return parts.slice(0, -1);
}

function foldByName(parent, boxes) {
  const groups = new Map();
  let constants = null;
  for (const box of boxes) {
    let at = parent, key = "";
    if (box.fixed) {
      constants = constants || addGroup(parent, "from constants", box.order);
      constants.fixed = true;
      at = constants;
    } else {
      for (const part of scopePath(box.node.name)) {
        key += "\n" + part;
        if (!groups.has(key)) groups.set(key, addGroup(at, part, box.order));
        at = groups.get(key);
      }
    }
    adopt(at, box);
  }
  const rank = new Map(boxes.filter((b) => !b.fixed).map((b, i) => [b, i]));
  for (const group of parent.children.filter((c) => c.kind === "group" && !c.fixed)) dissolveScattered(group, rank);
  unwrapSingles(parent);
}

// A name that is given to nodes all over the graph ("Conv.0", "Conv.1", ...), or to all of them, is no place in it: its group goes.
function dissolveScattered(group, rank) {
  let n = 0, first = Infinity, last = -1;
  for (const child of [...group.children]) {
    const inner = child.kind === "group" ? dissolveScattered(child, rank) : { n: 1, first: rank.get(child), last: rank.get(child) };
    n += inner.n;
    first = Math.min(first, inner.first);
    last = Math.max(last, inner.last);
  }
  if (last - first + 1 > 3 * n || n === rank.size) {
    const siblings = group.parent.children;
    siblings.splice(siblings.indexOf(group), 1, ...group.children);
    for (const child of group.children) child.parent = group.parent;
  }
  return { n, first, last };
}

function addGroup(parent, title, order) {
  const group = newBox("group", title, order);
  adopt(parent, group);
  return group;
}

// A group of one is its only child.
function unwrapSingles(group) {
  group.children = group.children.map((child) => {
    if (child.kind !== "group") return child;
    unwrapSingles(child);
    if (child.children.length > 1) return child;
    child.children[0].parent = group;
    return child.children[0];
  });
}

// ---- what groups hold -------------------------------------------------------------------------------------------------------

function addCount(counts, op, n) { counts.set(op, (counts.get(op) || 0) + n); }

// Sums over the nodes below a box: how many, and of which operators.
function countBelow(box, depth) {
  box.depth = depth;
  box.counts = new Map();
  box.size = 0;
  if (box.kind === "node") {
    box.size = 1;
    addCount(box.counts, box.node.op, 1);
  }
  for (const child of box.children) {
    countBelow(child, depth + 1);
    box.size += child.size;
    if (box.kind !== "node") box.order = child === box.children[0] ? child.order : Math.min(box.order, child.order);
    for (const [op, n] of child.counts) addCount(box.counts, op, n);
  }
}

// Every edge becomes a link between two children of the innermost group that holds both ends; the groups it enters or leaves on
// the way remember that.
function linkGroups(net) {
  const all = [];
  visitBoxes(net.root, (box) => {
    box.links = new Map();
    box.entered = new Set();
    box.left = new Set();
    all.push(box);
  });
  all.forEach((box, i) => { box.id = i; });
  for (const edge of net.edges) if (!edge.from.fixed || edge.to.fixed) linkEdge(edge);
  return all;
}

function linkEdge(edge) {
  let a = edge.from, b = edge.to;
  while (a.depth > b.depth) { a.parent.left.add(a); a = a.parent; }
  while (b.depth > a.depth) { b.parent.entered.add(b); b = b.parent; }
  if (a === b) return; // a node and its own body
  while (a.parent !== b.parent) {
    a.parent.left.add(a);
    b.parent.entered.add(b);
    a = a.parent;
    b = b.parent;
  }
  const key = a.id + " " + b.id, link = a.parent.links.get(key);
  if (link) link.edges.push(edge);
  else a.parent.links.set(key, { from: a, to: b, edges: [edge] });
}

function visitBoxes(box, visit) {
  visit(box);
  for (const child of box.children) visitBoxes(child, visit);
}

// Opens what mostly consists of groups, the largest first, so that the blocks that do the work are closed boxes.
function openFirst(root, most) {
  const waiting = root.children.filter(isGroup);
  let shown = root.children.length;
  root.open = true;
  while (waiting.length > 0) {
    waiting.sort((a, b) => b.size - a.size);
    const box = waiting.shift();
    const groups = box.children.filter(isGroup).length;
    if (box.fixed || 2 * groups < box.children.length || shown + box.children.length > most) continue;
    box.open = true;
    shown += box.children.length - 1;
    waiting.push(...box.children.filter(isGroup));
  }
}

function makeNet(dump) {
  const graph = dump.graph, net = { dump, boxes: [], edges: [], scopes: [], root: newBox("root", graph.name, 0) };
  addGraph(net, graph, net.root, null);
  countBelow(net.root, 0);
  foldByStructure(net);
  countBelow(net.root, 0);
  net.all = linkGroups(net);
  openFirst(net.root, 80);
  return net;
}
