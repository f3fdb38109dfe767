// viewer.js: starts the page and follows mouse and keys.
// May assume: the data in the page's JSON scripts. Never loads anything.

const view = {
  canvas: document.getElementById("graph"), map: document.getElementById("map"), net: null, boxes: [], links: [],
  scale: 1, dx: 0, dy: 0, width: 0, height: 0, ratio: 1, mode: "operator", most: 0, selected: null, hover: null,
  hits: new Set(), found: [], next: 0, dark: false, theme: {}, waiting: false,
};

function readJson(id) {
  const text = document.getElementById(id).textContent.trim();
  return text ? JSON.parse(text) : null;
}

// Draws once before the next picture, however often it is asked.
function redraw(view) {
  if (view.waiting) return;
  view.waiting = true;
  requestAnimationFrame(() => {
    view.waiting = false;
    draw(view);
  });
}

function readTheme(view) {
  const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue("--" + name).trim();
  for (const name of ["page", "inside", "group", "line", "link", "text", "dim", "accent", "found", "wrong", "unknown", "skip"]) view.theme[name] = colour(name);
  view.theme.onHeat = view.dark ? "#fff" : "#1d2127";
}

function setDark(view, dark) {
  view.dark = dark;
  document.documentElement.classList.toggle("dark", dark);
  readTheme(view);
  showLegend(view);
  redraw(view);
}

// ---- where the window is ----------------------------------------------------------------------------------------------------

function resize(view) {
  const frame = view.canvas.parentElement;
  view.ratio = window.devicePixelRatio || 1;
  view.width = frame.clientWidth;
  view.height = frame.clientHeight;
  view.canvas.width = view.width * view.ratio;
  view.canvas.height = view.height * view.ratio;
  redraw(view);
}

function zoomAt(view, factor, x, y) {
  const scale = Math.min(3, Math.max(0.01, view.scale * factor)), f = scale / view.scale;
  view.dx = x - (x - view.dx) * f;
  view.dy = y - (y - view.dy) * f;
  view.scale = scale;
  redraw(view);
}

// All of it in the window; at the start not so small that nothing can be read.
function fit(view, least) {
  const root = view.net.root, all = Math.min(view.width / root.w, view.height / root.h, 1.2) * 0.97;
  view.scale = Math.max(all, Math.min(least, (view.width / root.w) * 0.97));
  view.dx = (view.width - root.w * view.scale) / 2;
  view.dy = Math.max(6, (view.height - root.h * view.scale) / 2);
  redraw(view);
}

function centre(view, box) {
  view.scale = Math.max(view.scale, 0.7);
  view.dx = view.width / 2 - (box.x + box.w / 2) * view.scale;
  view.dy = view.height / 2 - (box.y + Math.min(box.h, view.height / view.scale) / 2) * view.scale;
  redraw(view);
}

// ---- opening and selecting --------------------------------------------------------------------------------------------------

function place(view) {
  const { boxes, links } = placeAll(view.net.root);
  view.boxes = boxes;
  view.links = links;
  view.most = view.mode === "operator" ? 0 : largestShown(boxes, view.mode);
  showFound(view, view.found);
  showLegend(view);
  redraw(view);
}

// Opens or closes a box; its upper left corner stays where it is in the window.
function toggle(view, box) {
  if (!isGroup(box)) return;
  const x = box.x, y = box.y;
  box.open = !box.open;
  markStale(box);
  place(view);
  view.dx += (x - box.x) * view.scale;
  view.dy += (y - box.y) * view.scale;
}

function setAll(view, open) {
  for (const box of view.net.all) if (isGroup(box) && box.kind !== "root") box.open = open;
  for (const box of view.net.all) box.stale = true;
  place(view);
}

function select(view, box) {
  view.selected = box;
  showPanel(view);
  redraw(view);
}

// Shows a box wherever it is: opens what it lies in and moves the window.
function goTo(view, box) {
  let opened = false;
  for (let b = box.parent; b; b = b.parent) {
    if (b.open) continue;
    b.open = opened = true;
    markStale(b);
  }
  if (opened) place(view);
  select(view, box);
  centre(view, box);
}

function goToNext(view) {
  if (view.found.length === 0) return;
  goTo(view, view.found[view.next % view.found.length]);
  view.next++;
}

// ---- legend -----------------------------------------------------------------------------------------------------------------

function swatch(colour, text) {
  const row = make("div", "key"), box = make("span", "swatch");
  box.style.background = colour;
  row.append(box, make("span", "", text));
  return row;
}

function showLegend(view) {
  const legend = document.getElementById("legend"), mode = MODES[view.mode];
  if (!view.net) return;
  legend.replaceChildren(make("b", "", mode.label));
  if (view.mode === "operator") {
    if (view.net.all.some((b) => b.residual)) legend.append(swatch(view.theme.skip, "way around (residual)"));
    for (const [op] of view.hues) legend.append(swatch(operatorColour(op, view.hues, view.dark), op));
    if (view.net.root.counts.size > view.hues.size) legend.append(swatch(operatorColour("", view.hues, view.dark), "others"));
    return;
  }
  const error = view.mode === "error", ends = error ? ["1e-8", "1"] : ["0", mode.text(view.most)];
  const bar = make("div", "bar"), words = make("div", "ends");
  for (let i = 0; i < 12; i++) {
    const piece = make("span");
    piece.style.background = heatColour(i / 11, view.dark);
    bar.append(piece);
  }
  words.append(make("span", "", ends[0]), make("span", "", ends[1]));
  legend.append(bar, words);
  if (!error) return;
  legend.append(swatch(view.theme.wrong, "edge: differs"));
  if (view.net.firstDifferent) legend.append(linkTo(view.net.firstDifferent, "first that differs"));
}

function setMode(view, mode) {
  view.mode = mode;
  document.getElementById("mode").value = mode;
  place(view);
}

// ---- mouse ------------------------------------------------------------------------------------------------------------------

function pointOf(view, event) {
  const r = view.canvas.getBoundingClientRect(), x = event.clientX - r.left, y = event.clientY - r.top;
  return { x, y, planeX: (x - view.dx) / view.scale, planeY: (y - view.dy) / view.scale };
}

function onSign(view, box, p) {
  return isGroup(box) && view.scale >= READABLE && p.planeX > box.x + box.w - 28 && p.planeY < box.y + 28;
}

function click(view, p) {
  const box = boxAt(view, p.planeX, p.planeY);
  if (box && onSign(view, box, p)) toggle(view, box);
  else select(view, box);
}

function followMouse(view) {
  const canvas = view.canvas;
  let drag = null;
  canvas.addEventListener("pointerdown", (e) => {
    drag = { x: e.clientX, y: e.clientY, dx: view.dx, dy: view.dy, moved: false };
    if (e.isTrusted) canvas.setPointerCapture(e.pointerId);
  });
  canvas.addEventListener("pointermove", (e) => {
    const p = pointOf(view, e), hover = boxAt(view, p.planeX, p.planeY);
    if (drag && Math.hypot(e.clientX - drag.x, e.clientY - drag.y) > 4) drag.moved = true;
    if (drag && drag.moved) {
      view.dx = drag.dx + e.clientX - drag.x;
      view.dy = drag.dy + e.clientY - drag.y;
    }
    if (hover !== view.hover || drag) redraw(view);
    view.hover = hover;
    canvas.title = hover ? (hover.node ? hover.node.op + " " + hover.node.name : hover.title) : "";
  });
  canvas.addEventListener("pointerup", (e) => {
    if (drag && !drag.moved) click(view, pointOf(view, e));
    drag = null;
  });
  canvas.addEventListener("dblclick", (e) => {
    const p = pointOf(view, e), box = boxAt(view, p.planeX, p.planeY);
    if (box && !onSign(view, box, p)) toggle(view, box);
  });
  canvas.addEventListener("wheel", (e) => {
    e.preventDefault();
    const p = pointOf(view, e), unit = e.deltaMode === 1 ? 20 : 1;
    if (e.shiftKey) { view.dx -= e.deltaY * unit; redraw(view); }
    else zoomAt(view, Math.exp((-e.deltaY * unit) / (e.ctrlKey ? 120 : 500)), p.x, p.y);
  }, { passive: false });
  view.map.addEventListener("pointerdown", (e) => {
    const r = view.map.getBoundingClientRect();
    view.dx = view.width / 2 - ((e.clientX - r.left) / view.mapScale.x) * view.scale;
    view.dy = view.height / 2 - ((e.clientY - r.top) / view.mapScale.y) * view.scale;
    redraw(view);
  });
}
