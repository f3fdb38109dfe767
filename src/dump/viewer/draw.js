// draw.js: draws what is to be seen on a canvas: only boxes and links in the window, and text only where it can be read.
// May assume: a layout. Never changes one.

const FONT = "system-ui, 'DejaVu Sans', sans-serif", BOLD = `600 13px ${FONT}`, SMALL = `11px ${FONT}`;
const MIN_W = 96, MAX_W = 230, LINE = 15, READABLE = 0.42;
const measure = document.createElement("canvas").getContext("2d");

function textWidth(text, font) {
  measure.font = font;
  return measure.measureText(text).width;
}

function titleWidth(box) { return textWidth(box.title, BOLD) + 2 * PAD; }

// As much of a text as fits, its end first when the end tells more.
function fitText(text, font, width, keepEnd) {
  if (textWidth(text, font) <= width) return text;
  let lo = 0, hi = text.length;
  while (lo < hi) {
    const n = (lo + hi + 1) >> 1, cut = keepEnd ? "…" + text.slice(text.length - n) : text.slice(0, n) + "…";
    if (textWidth(cut, font) <= width) lo = n;
    else hi = n - 1;
  }
  return keepEnd ? "…" + text.slice(text.length - lo) : text.slice(0, lo) + "…";
}

function shapeText(value) {
  if (!value || !value.type) return "";
  if (!value.shape) return value.type;
  return value.shape.length ? value.shape.map((d) => (d === null ? "?" : d)).join(" × ") : "scalar";
}

function countsText(counts) {
  return [...counts].sort((a, b) => b[1] - a[1]).map(([op, n]) => (n > 1 ? `${n} ${op}` : op)).join(", ");
}

// The name within its scope: "conv1/Conv" of "/layer1/layer1.0/conv1/Conv".
function shortName(name) {
  return name.includes("/") ? name.split("/").slice(-2).join("/") : name;
}

// The lines of a closed box: its title, and two small ones. The last gives way to a figure where boxes are coloured by one.
function linesOf(box) {
  if (box.lines) return box.lines;
  let second = "", third = "";
  if (box.kind === "node" && !isGroup(box)) {
    second = shortName(box.node.name);
    third = shapeText(box.outputs.find((v) => v));
  } else if (box.kind === "input" || box.kind === "output") {
    third = shapeText(box.value);
  } else {
    second = (box.residual && !box.structural ? "residual block, " : "") + (box.size === 1 ? "1 node" : box.size + " nodes");
    third = countsText(box.counts);
  }
  const plain = textWidth(third, SMALL) + 28, title = Math.max(textWidth(box.title, BOLD) + (isGroup(box) ? 24 : 0), textWidth(second, SMALL)) + 28;
  const width = Math.min(MAX_W, Math.max(MIN_W, title, isGroup(box) ? Math.min(plain, 190) : plain));
  box.lines = {
    width,
    title: fitText(box.title, BOLD, width - (isGroup(box) ? 46 : 22), false),
    second: fitText(second, SMALL, width - 22, true),
    third: fitText(third, SMALL, width - 22, false),
  };
  return box.lines;
}

function closedSize(box) {
  const lines = linesOf(box), n = 1 + (lines.second ? 1 : 0) + 1;
  return { w: lines.width, h: n * LINE + 12 };
}

function thirdLine(view, box) {
  const x = box.figures[view.mode];
  return view.mode === "operator" || x === undefined ? linesOf(box).third : MODES[view.mode].text(x);
}

// ---- pieces -----------------------------------------------------------------------------------------------------------------

function roundRect(ctx, x, y, w, h, r) {
  ctx.beginPath();
  ctx.roundRect(x, y, w, h, r);
}

function drawOpenGroup(view, box) {
  const { ctx, theme, scale } = view;
  if (box.kind === "root") return;
  roundRect(ctx, box.x, box.y, box.w, box.h, 10);
  ctx.fillStyle = theme.inside;
  ctx.fill();
  ctx.lineWidth = edgeWidth(view, box, 1);
  ctx.strokeStyle = edgeColour(view, box);
  ctx.stroke();
  const size = Math.min(24, Math.max(13, 11 / scale));
  if (size * scale < 5 || box.w * scale < 30) return;
  ctx.fillStyle = theme.text;
  ctx.font = `600 ${size}px ${FONT}`;
  ctx.fillText(size > 13 ? fitText(box.title, ctx.font, box.w - 44, false) : box.title, box.x + 12, box.y + 4 + size);
  drawSign(view, box, "−");
}

function drawSign(view, box, sign) {
  if (view.scale < READABLE) return;
  view.ctx.fillStyle = view.theme.dim;
  view.ctx.font = `15px ${FONT}`;
  view.ctx.fillText(sign, box.x + box.w - 20, box.y + 18);
}

// Selected, found and wrong boxes have an edge of their own.
function edgeColour(view, box) {
  if (box === view.selected) return view.theme.accent;
  if (view.hits.has(box)) return view.theme.found;
  if (view.mode === "error" && box.differs) return view.theme.wrong;
  return box === view.hover ? view.theme.text : view.theme.line;
}

function edgeWidth(view, box, plain) {
  const strong = box === view.selected || view.hits.has(box) || (view.mode === "error" && box.differs);
  return strong ? Math.max(2.5, Math.min(6, 2 / view.scale)) : plain;
}

function drawClosed(view, box) {
  const { ctx, theme, scale } = view, group = isGroup(box), radius = group ? 8 : box.kind === "node" ? 5 : 18;
  ctx.lineWidth = edgeWidth(view, box, 1);
  ctx.strokeStyle = edgeColour(view, box);
  ctx.fillStyle = boxColour(view, box);
  if (group && scale > 0.25) { // a stack: there is more in it
    for (const d of [6, 3]) {
      roundRect(ctx, box.x + d, box.y + d, box.w, box.h, radius);
      ctx.fill();
      ctx.stroke();
    }
  }
  if (scale > 0.12) {
    roundRect(ctx, box.x, box.y, box.w, box.h, radius);
    ctx.fill();
    ctx.stroke();
  } else {
    ctx.fillRect(box.x, box.y, box.w, box.h);
    if (ctx.lineWidth > 1) ctx.strokeRect(box.x, box.y, box.w, box.h);
  }
  if (box.residual) drawSkip(view, box);
  if (group && view.mode === "operator") drawMix(view, box);
  if (scale >= READABLE) drawWords(view, box);
}

// The way around a residual block, at the side of its closed box.
function drawSkip(view, box) {
  const { ctx, theme, scale } = view, x = box.x, top = box.y + 9, bottom = box.y + box.h - 9;
  ctx.strokeStyle = ctx.fillStyle = theme.skip;
  ctx.lineWidth = Math.max(2, Math.min(5, 1 / scale));
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.bezierCurveTo(x - 19, top, x - 19, bottom, x - 3, bottom);
  ctx.stroke();
  ctx.beginPath();
  ctx.moveTo(x, bottom);
  ctx.lineTo(x - 8, bottom - 5);
  ctx.lineTo(x - 8, bottom + 5);
  ctx.fill();
}

// A group's operators as a bar of their colours, each as long as its share.
function drawMix(view, box) {
  const { ctx } = view, counts = [...box.counts].sort((a, b) => b[1] - a[1]), total = box.size || 1;
  let x = box.x + 8;
  for (const [op, n] of counts) {
    const w = ((box.w - 16) * n) / total;
    ctx.fillStyle = operatorColour(op, view.hues, view.dark);
    ctx.fillRect(x, box.y + box.h - 7, w, 4);
    x += w;
  }
}

function drawWords(view, box) {
  const { ctx, theme } = view, lines = linesOf(box), x = box.x + 11, heat = view.mode !== "operator" && box.figures[view.mode] !== undefined;
  const third = thirdLine(view, box);
  let y = box.y + 18 - (isGroup(box) && !heat ? 2 : 0);
  ctx.fillStyle = heat ? theme.onHeat : theme.text;
  ctx.font = BOLD;
  ctx.fillText(lines.title, x, y);
  ctx.font = SMALL;
  if (!heat) ctx.fillStyle = theme.dim;
  if (lines.second) ctx.fillText(lines.second, x, (y += LINE));
  if (third) ctx.fillText(third, x, y + LINE);
  if (isGroup(box)) drawSign(view, box, "+");
}

// ---- links ------------------------------------------------------------------------------------------------------------------

function tracePath(ctx, points, straight) {
  ctx.moveTo(points[0].x, points[0].y);
  for (let i = 1; i < points.length; i++) {
    const a = points[i - 1], b = points[i], bend = (b.y - a.y) / 2;
    if (straight || a.x === b.x) ctx.lineTo(b.x, b.y);
    else ctx.bezierCurveTo(a.x, a.y + bend, b.x, b.y - bend, b.x, b.y);
  }
}

function traceHead(ctx, points) {
  const { x, y } = points[points.length - 1], up = points.length > 1 && points[points.length - 2].y > y ? -1 : 1;
  ctx.moveTo(x, y);
  ctx.lineTo(x - 4, y - 7 * up);
  ctx.lineTo(x + 4, y - 7 * up);
  ctx.closePath();
}

function drawLinks(view, links, colour, width) {
  const { ctx, scale } = view;
  ctx.strokeStyle = ctx.fillStyle = colour;
  ctx.lineWidth = Math.max(width, Math.min(3, 0.7 / scale));
  ctx.beginPath();
  for (const l of links) tracePath(ctx, l.points, scale < 0.12);
  ctx.stroke();
  if (scale < 0.3) return;
  ctx.beginPath();
  for (const l of links) if (l.link.to) traceHead(ctx, l.points);
  ctx.fill();
}

// Of the selected box, what goes in and out.
function touches(link, box) {
  return box && (link.link.from === box || link.link.to === box);
}

// ---- the whole --------------------------------------------------------------------------------------------------------------

function windowOf(view) {
  const { dx, dy, scale, width, height } = view;
  return { left: -dx / scale, top: -dy / scale, right: (width - dx) / scale, bottom: (height - dy) / scale };
}

function draw(view) {
  const { ctx, ratio, scale, dx, dy, theme } = view, w = windowOf(view);
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.fillStyle = theme.page;
  ctx.fillRect(0, 0, view.canvas.width, view.canvas.height);
  ctx.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * dx, ratio * dy);
  const seen = (b) => b.x < w.right && b.x + b.w > w.left && b.y < w.bottom && b.y + b.h > w.top;
  const boxes = view.boxes.filter(seen), links = view.links.filter((l) => l.left < w.right && l.right > w.left && l.top < w.bottom && l.bottom > w.top);
  for (const box of boxes) if (box.open && isGroup(box)) drawOpenGroup(view, box);
  drawLinks(view, links.filter((l) => !touches(l, view.selected)), theme.link, 1.3);
  drawLinks(view, links.filter((l) => touches(l, view.selected)), theme.accent, 2.4);
  for (const box of boxes) if (!(box.open && isGroup(box))) drawClosed(view, box);
  drawMap(view, w);
}

// The whole graph small, with the window in it.
function drawMap(view, w) {
  const { map, net, theme } = view, root = net.root, ctx = map.getContext("2d");
  const scale = Math.min(150 / root.w, (view.height * 0.6) / root.h, 1);
  const fits = root.w * view.scale <= view.width && root.h * view.scale <= view.height;
  map.hidden = fits;
  if (map.hidden) return;
  const across = Math.max(scale, 26 / root.w); // of a tall graph it is a strip
  view.mapScale = { x: across, y: scale };
  map.style.width = (map.width = Math.ceil(root.w * across)) + "px";
  map.style.height = (map.height = Math.ceil(root.h * scale)) + "px";
  for (const box of view.boxes) {
    if (box.open && isGroup(box)) continue;
    ctx.fillStyle = view.hits.has(box) ? theme.found : view.mode === "error" && box.differs ? theme.wrong : theme.dim;
    ctx.fillRect(box.x * across, box.y * scale, Math.max(1, box.w * across), Math.max(1, box.h * scale));
  }
  const left = Math.max(1, w.left * across), top = Math.max(1, w.top * scale);
  ctx.strokeStyle = theme.accent;
  ctx.lineWidth = 2;
  ctx.strokeRect(left, top, Math.min(map.width - 1, w.right * across) - left, Math.min(map.height - 1, w.bottom * scale) - top);
}

// The innermost box at a point of the plane.
function boxAt(view, x, y) {
  for (let i = view.boxes.length - 1; i >= 0; i--) {
    const b = view.boxes[i];
    if (b.kind !== "root" && x >= b.x && x <= b.x + b.w && y >= b.y && y <= b.y + b.h) return b;
  }
  return null;
}
