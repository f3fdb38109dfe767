// structure.js: finds blocks where names tell none: what lies between a fork of the graph and the join that every path from it
// meets, by dominators. A residual block is one of these.
// May assume: boxes in an order in which producers come first; where they do not, nothing is folded. Never changes an edge.

// Boxes 1..n with a source 0 before and a sink n + 1 behind.
function flowOf(boxes, edges) {
  const at = new Map(), n = boxes.length;
  boxes.forEach((box, i) => at.set(box, i + 1));
  const next = Array.from({ length: n + 2 }, () => new Set()), previous = Array.from({ length: n + 2 }, () => new Set());
  for (const { from, to } of edges) {
    const a = at.get(from), b = at.get(to);
    if (a === undefined || b === undefined || a === b) continue;
    if (a > b) return null; // not sorted, or a cycle
    next[a].add(b);
    previous[b].add(a);
  }
  for (let i = 1; i <= n; i++) {
    if (previous[i].size === 0) { previous[i].add(0); next[0].add(i); }
    if (next[i].size === 0) { next[i].add(n + 1); previous[n + 1].add(i); }
  }
  return { n, next, previous };
}

// The immediate dominator of each box: the last that every path to it passes. In a sorted graph one walk does.
function dominators(order, previous) {
  const parent = new Map(), depth = new Map();
  for (const v of order) {
    let d = null;
    for (let u of previous[v]) {
      for (; d !== null && u !== d;) {
        if (depth.get(u) >= depth.get(d)) u = parent.get(u);
        else d = parent.get(d);
      }
      d = u;
    }
    parent.set(v, d === null ? v : d);
    depth.set(v, d === null ? 0 : depth.get(d) + 1);
  }
  return parent;
}

// What lies between fork f and join j, j included.
function between(flow, f, j) {
  const seen = new Set([j]), waiting = [...flow.next[f]];
  while (waiting.length > 0) {
    const v = waiting.pop();
    if (seen.has(v)) continue;
    seen.add(v);
    waiting.push(...flow.next[v]);
  }
  return seen;
}

function findRegions(flow) {
  const up = Array.from({ length: flow.n + 2 }, (_, i) => i), down = [...up].reverse();
  const before = dominators(up, flow.previous), behind = dominators(down, flow.next), regions = [];
  for (let f = 1; f <= flow.n; f++) {
    const j = behind.get(f);
    if (flow.next[f].size < 2 || j > flow.n || before.get(j) !== f) continue;
    regions.push({ fork: f, join: j, members: between(flow, f, j), skips: flow.next[f].has(j) });
  }
  return regions;
}

// The only reader of a region's result, if it reads nothing else: an activation behind an addition.
function follower(flow, region) {
  const [s, more] = flow.next[region.join];
  return more === undefined && s <= flow.n && flow.previous[s].size === 1 ? s : 0;
}

// An activation at which the next block begins belongs to the block before; so does the same pair of operators elsewhere.
function extendRegions(flow, boxes, regions) {
  const pair = (r, s) => boxes[r.join - 1].title + " " + boxes[s - 1].title, pairs = new Set();
  const forks = new Set(regions.map((r) => r.fork));
  for (const r of regions) {
    const s = follower(flow, r);
    if (s && forks.has(s)) pairs.add(pair(r, s));
  }
  for (const r of regions) {
    const s = follower(flow, r);
    if (s && boxes[s - 1].kind === "node" && pairs.has(pair(r, s))) r.members.add(s);
  }
}

// One way around the others: nothing on it (a shortcut), or little (its projection).
function isResidual(flow, region) {
  if (region.skips) return true;
  const length = (v) => {
    let n = 0;
    for (; v !== region.join && n < 4; n++) v = Math.min(...flow.next[v]);
    return n;
  };
  const lengths = [...flow.next[region.fork]].map(length);
  return lengths.length === 2 && Math.min(...lengths) <= 2 && Math.max(...lengths) > Math.min(...lengths) + 1;
}

// The innermost group that holds all of the boxes.
function commonGroup(boxes) {
  let group = boxes[0].parent;
  for (const box of boxes) {
    const above = new Set();
    for (let b = box.parent; b; b = b.parent) above.add(b);
    while (!above.has(group)) group = group.parent;
  }
  return group;
}

// Puts the members into a group of their own, when all of them have the same parent; where a group has just these already, by
// its name, that is told what it is.
function groupRegion(members, residual) {
  const parent = commonGroup(members);
  if (members.length < 2) return;
  if (parent.kind === "group" && parent.size === members.length) {
    parent.residual = parent.residual || residual;
    return;
  }
  if (members.length < (residual ? 2 : 3) || members.some((m) => m.parent !== parent)) return;
  const inside = new Set(members), group = newBox("group", "", members[0].order);
  group.structural = residual ? "residual block" : "block";
  group.residual = residual;
  group.size = members.length;
  const place = parent.children.indexOf(members[0]);
  parent.children = parent.children.filter((c) => !inside.has(c));
  for (const m of members) adopt(group, m);
  group.parent = parent;
  parent.children.splice(place, 0, group);
}

// Numbers count within the group around.
function nameRegions(root) {
  visitBoxes(root, (box) => {
    const n = {};
    for (const child of box.children) {
      if (!child.structural) continue;
      n[child.structural] = (n[child.structural] || 0) + 1;
      child.title = child.structural + " " + n[child.structural];
    }
  });
}

function foldByStructure(net) {
  const boxes = net.boxes.filter((b) => !b.fixed), flow = flowOf(boxes, net.edges);
  if (!flow) return;
  const regions = findRegions(flow);
  extendRegions(flow, boxes, regions);
  regions.sort((a, b) => b.members.size - a.members.size);
  for (const r of regions) {
    const members = [...r.members].sort((a, b) => a - b).map((v) => boxes[v - 1]);
    groupRegion(members, isResidual(flow, r));
  }
  nameRegions(net.root);
}
