// layout.js: places boxes in layers, top to bottom: longest paths make the layers, barycentres their order, and medians with
// pooling (least squares under an order) the columns. Each open group is laid out by itself, so only what changed is done anew.
// May assume: boxes with sizes. Never draws. Time: linear in boxes and edges but for sorting each layer.

const GAP_X = 26, GAP_Y = 30, PAD = 18, HEAD = 30, LANE = 14, SWEEPS = 6, ROUNDS = 12;

function newCell(box, w, h, lane) {
  return { box, w, h, lane, layer: 0, place: 0, x: 0, y: 0, up: [], down: [] };
}

function join(a, b, weight) {
  a.down.push({ cell: b, weight });
  b.up.push({ cell: a, weight });
}

// Cells of the group's boxes in the order of the run, with two ports: where edges come in, and where they leave.
function cellsOf(group) {
  const cells = new Map(), boxes = [...group.children].sort((a, b) => a.order - b.order);
  for (const box of boxes) cells.set(box, newCell(box, box.w, box.h, false));
  const enter = group.entered.size ? newCell(null, 0, 0, false) : null, leave = group.left.size ? newCell(null, 0, 0, false) : null;
  return { cells, enter, leave, order: [...(enter ? [enter] : []), ...cells.values(), ...(leave ? [leave] : [])] };
}

// Links as pairs of cells that point down. One against the order of the run (a group that is left and entered again) is turned.
function pairsOf(group, { cells, enter, leave, order }) {
  order.forEach((cell, i) => { cell.index = i; });
  const pairs = [];
  for (const link of group.links.values()) {
    const a = cells.get(link.from), b = cells.get(link.to), turned = a.index > b.index;
    pairs.push({ a: turned ? b : a, b: turned ? a : b, turned, link });
  }
  for (const box of group.entered) pairs.push({ a: enter, b: cells.get(box), turned: false, link: { from: null, to: box, edges: [] } });
  for (const box of group.left) pairs.push({ a: cells.get(box), b: leave, turned: false, link: { from: box, to: null, edges: [] } });
  return pairs;
}

function assignLayers(order, pairs) {
  const out = new Map(order.map((c) => [c, []])), first = order.map(() => true);
  for (const p of pairs) {
    out.get(p.a).push(p.b);
    first[p.b.index] = false;
  }
  for (const a of order) for (const b of out.get(a)) b.layer = Math.max(b.layer, a.layer + 1);
  for (const a of order) { // what begins here stands right above its first reader
    if (first[a.index] && a.box && out.get(a).length) a.layer = Math.max(0, Math.min(...out.get(a).map((b) => b.layer)) - 1);
  }
  const last = order[order.length - 1];
  if (last && !last.box) last.layer = order.reduce((m, c) => (c === last ? m : Math.max(m, c.layer + 1)), last.layer);
}

// Cells for the layers that a link passes. Where all of them would be too many, the longest links get none.
function addLanes(order, pairs) {
  const spans = pairs.map((p) => p.b.layer - p.a.layer).sort((a, b) => a - b), budget = 20 * order.length + 4000;
  let sum = 0, longest = Infinity;
  for (const s of spans) if ((sum += s) > budget) { longest = Math.max(2, s - 1); break; }
  const lanes = [];
  for (const p of pairs) {
    p.path = [p.a];
    if (p.b.layer - p.a.layer <= longest) {
      for (let layer = p.a.layer + 1; layer < p.b.layer; layer++) {
        const lane = newCell(null, LANE, 0, true);
        lane.layer = layer;
        lanes.push(lane);
        p.path.push(lane);
      }
      p.path.push(p.b);
      for (let i = 1; i < p.path.length; i++) {
        const n = (p.path[i - 1].lane ? 1 : 0) + (p.path[i].lane ? 1 : 0);
        join(p.path[i - 1], p.path[i], n === 2 ? 8 : n === 1 ? 1 : 3);
      }
    } else {
      p.path.push(p.b);
    }
  }
  return lanes;
}

function layersOf(cells) {
  const layers = [];
  for (const cell of cells) (layers[cell.layer] = layers[cell.layer] || []).push(cell);
  const full = layers.filter((l) => l);
  full.forEach((layer, i) => layer.forEach((cell, k) => { cell.layer = i; cell.place = k; }));
  return full;
}

// ---- order within layers ----------------------------------------------------------------------------------------------------

function sortLayer(layer, side) {
  for (const cell of layer) {
    let sum = 0;
    for (const { cell: other } of cell[side]) sum += other.place;
    cell.key = cell[side].length ? sum / cell[side].length : cell.place;
  }
  layer.sort((a, b) => a.key - b.key);
  layer.forEach((cell, i) => { cell.place = i; });
}

function orderLayers(layers) {
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    if (sweep % 2 === 0) for (let i = 1; i < layers.length; i++) sortLayer(layers[i], "up");
    else for (let i = layers.length - 2; i >= 0; i--) sortLayer(layers[i], "down");
  }
}

// ---- columns ----------------------------------------------------------------------------------------------------------------

// The weighted median of where the neighbours stand, which keeps a main path straight whatever leaves it.
// Between two, it is the one on the given side.
function wish(cell, side, both) {
  const near = both ? cell.up.concat(cell.down) : cell[side];
  if (near.length === 0) return cell.x;
  if (near.length === 1) return near[0].cell.x;
  const sorted = [...near].sort((a, b) => a.cell.x - b.cell.x);
  let total = 0, sum = 0;
  for (const n of sorted) total += n.weight;
  for (let i = 0; i < sorted.length; i++) {
    sum += sorted[i].weight;
    if (2 * sum === total) {
      const mine = [sorted[i], sorted[i + 1]].filter((n) => cell[side].includes(n));
      return mine.length === 1 ? mine[0].cell.x : (sorted[i].cell.x + sorted[i + 1].cell.x) / 2;
    }
    if (2 * sum > total) return sorted[i].cell.x;
  }
  return cell.x;
}

// Moves a layer's cells to their wishes as far as order and gaps allow: neighbours that would collide move as one.
function settleLayer(layer, side, both) {
  const blocks = [];
  let offset = 0;
  layer.forEach((cell, i) => {
    if (i > 0) offset += (layer[i - 1].w + cell.w) / 2 + GAP_X;
    const weight = cell.lane ? 1 : 1 + 2 * (cell.up.length + cell.down.length);
    let block = { from: i, sum: weight * (wish(cell, side, both) - offset), weight };
    cell.offset = offset;
    while (blocks.length && blocks[blocks.length - 1].sum / blocks[blocks.length - 1].weight >= block.sum / block.weight) {
      const left = blocks.pop();
      block = { from: left.from, sum: left.sum + block.sum, weight: left.weight + block.weight };
    }
    blocks.push(block);
  });
  blocks.forEach((block, b) => {
    const end = b + 1 < blocks.length ? blocks[b + 1].from : layer.length;
    for (let i = block.from; i < end; i++) layer[i].x = block.sum / block.weight + layer[i].offset;
  });
}

function setColumns(layers) {
  for (const layer of layers) {
    let x = 0;
    layer.forEach((cell, i) => {
      if (i > 0) x += (layer[i - 1].w + cell.w) / 2 + GAP_X;
      cell.x = x;
    });
  }
  for (let round = 0; round < ROUNDS; round++) { // first by one side, so that what hangs together comes together; then by both
    const both = round >= ROUNDS / 2;
    if (round % 2 === 0) for (let i = 0; i < layers.length; i++) settleLayer(layers[i], "up", both);
    else for (let i = layers.length - 1; i >= 0; i--) settleLayer(layers[i], "down", both);
  }
}

function setRows(layers, top) {
  let y = top;
  for (const layer of layers) {
    const h = layer.reduce((m, c) => Math.max(m, c.h), 0);
    for (const cell of layer) {
      cell.y = y + (h - cell.h) / 2;
      cell.top = y;
      cell.bottom = y + h;
    }
    y += h + GAP_Y;
  }
  return y - GAP_Y;
}

// ---- a group ----------------------------------------------------------------------------------------------------------------

// The points of a link from the bottom of one cell to the top of another; a lane is passed from its layer's top to its bottom.
// What comes in or leaves does so in the middle of the group's border.
function pointsOf(path, group) {
  const points = [];
  path.forEach((cell, i) => {
    const port = !cell.box && !cell.lane, x = port ? group.w / 2 : cell.x;
    if (i > 0) points.push({ x, y: port ? group.h : cell.box ? cell.y : cell.top });
    if (i + 1 < path.length) points.push({ x, y: port ? 0 : cell.box ? cell.y + cell.h : cell.bottom });
  });
  return points;
}

function finishGroup(group, layers, pairs, bottom) {
  let left = Infinity, right = -Infinity;
  for (const layer of layers) {
    for (const c of layer) {
      left = Math.min(left, c.x - c.w / 2);
      right = Math.max(right, c.x + c.w / 2);
    }
  }
  const dx = PAD - left, width = Math.max(right - left + 2 * PAD, titleWidth(group) + 60);
  const shift = dx + (width - (right - left + 2 * PAD)) / 2;
  for (const layer of layers) {
    for (const c of layer) {
      c.x += shift;
      if (c.box) { c.box.rx = c.x - c.w / 2; c.box.ry = c.y; }
    }
  }
  group.w = width;
  group.h = bottom + (group.left.size ? 0 : PAD);
  group.paths = pairs.map((p) => {
    const points = pointsOf(p.path, group);
    return { link: p.link, points: p.turned ? points.reverse() : points };
  });
}

// Gives a box its size and, when it is open, its children their places within it.
function layoutBox(box) {
  if (!box.open || !isGroup(box)) {
    const size = closedSize(box);
    box.w = size.w;
    box.h = size.h;
    return;
  }
  if (!box.stale) return;
  for (const child of box.children) layoutBox(child);
  const made = cellsOf(box), pairs = pairsOf(box, made);
  assignLayers(made.order, pairs);
  const lanes = addLanes(made.order, pairs), layers = layersOf(made.order.concat(lanes));
  orderLayers(layers);
  setColumns(layers);
  finishGroup(box, layers, pairs, setRows(layers, box.kind === "root" ? PAD : box.entered.size ? HEAD - 14 : HEAD + 6));
  box.stale = false;
}

// The boxes and links that are to be seen, with their places on the whole plane, groups before what is in them.
function placeAll(root) {
  const boxes = [], links = [];
  const place = (box, x, y) => {
    box.x = x;
    box.y = y;
    boxes.push(box);
    if (!box.open || !isGroup(box)) return;
    for (const { link, points } of box.paths) links.push(placeLink(link, points, x, y));
    for (const child of box.children) place(child, x + child.rx, y + child.ry);
  };
  layoutBox(root);
  place(root, 0, 0);
  return { boxes, links };
}

function placeLink(link, points, x, y) {
  const moved = points.map((p) => ({ x: p.x + x, y: p.y + y }));
  const xs = moved.map((p) => p.x), ys = moved.map((p) => p.y);
  return { link, points: moved, left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

// After a box was opened or closed: it and all around it are to be laid out again.
function markStale(box) {
  for (let b = box; b; b = b.parent) b.stale = true;
}
