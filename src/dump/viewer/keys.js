// keys.js: keys, the bar above the graph, and the start of it all.
// May assume: everything that the other files define. Never loads anything.

const KEYS = {
  "/": () => document.getElementById("search").focus(),
  f: () => fit(view, 0),
  "0": () => zoomAt(view, 1 / view.scale, view.width / 2, view.height / 2),
  "+": () => zoomAt(view, 1.25, view.width / 2, view.height / 2),
  "-": () => zoomAt(view, 0.8, view.width / 2, view.height / 2),
  ArrowUp: () => { view.dy += 80; redraw(view); },
  ArrowDown: () => { view.dy -= 80; redraw(view); },
  ArrowLeft: () => { view.dx += 80; redraw(view); },
  ArrowRight: () => { view.dx -= 80; redraw(view); },
  Enter: () => { if (view.selected) toggle(view, view.selected); },
  n: () => goToNext(view),
  o: () => setAll(view, true),
  c: () => setAll(view, false),
  t: () => setDark(view, !view.dark),
  Escape: () => select(view, null),
  "?": () => { const help = document.getElementById("help"); help.hidden = !help.hidden; },
};

function followKeys(view) {
  const search = document.getElementById("search");
  document.addEventListener("keydown", (e) => {
    if (e.target === search || e.target.tagName === "SELECT" || e.ctrlKey || e.altKey || e.metaKey || !KEYS[e.key]) return;
    if (e.target.tagName === "BUTTON" && e.key === "Enter") return;
    e.preventDefault();
    KEYS[e.key]();
  });
  search.addEventListener("input", () => {
    view.next = 0;
    showFound(view, findBoxes(view.net, search.value));
    redraw(view);
  });
  search.addEventListener("keydown", (e) => {
    if (e.key === "Enter") goToNext(view);
    if (e.key !== "Escape") return;
    search.value = "";
    showFound(view, []);
    search.blur();
    redraw(view);
  });
}

function fillBar(view) {
  const mode = document.getElementById("mode"), dump = view.net.dump;
  for (const key of view.net.modes) {
    const option = make("option", "", MODES[key].label);
    option.value = key;
    mode.append(option);
  }
  mode.addEventListener("change", () => setMode(view, mode.value));
  const actions = { fit: "f", open: "o", close: "c", theme: "t", keys: "?" };
  for (const [id, key] of Object.entries(actions)) document.getElementById(id).addEventListener("click", KEYS[key]);
  document.getElementById("title").textContent = dump.model.split("/").pop() + " · " + view.net.stage;
  document.title = dump.model.split("/").pop() + " · onnxrun";
}

function start() {
  view.ctx = view.canvas.getContext("2d");
  const plan = readJson("plan");
  view.net = makeNet(readJson("dump"));
  view.net.stage = plan ? plan.stage : view.net.dump.stage;
  readFigures(view.net, { profile: readJson("profile"), compare: readJson("compare"), plan, memory: readJson("memory") });
  view.hues = operatorHues(view.net);
  fillBar(view);
  setDark(view, window.matchMedia("(prefers-color-scheme: dark)").matches);
  resize(view);
  setMode(view, ["error", "time", "alive"].find((m) => view.net.modes.includes(m)) || "operator");
  fit(view, 0.62);
  select(view, null);
  followMouse(view);
  followKeys(view);
  window.addEventListener("resize", () => resize(view));
  draw(view);
  if (location.hash.startsWith("#test")) testPage(view);
  else if (location.hash.length > 1) obeyHash(view, decodeURIComponent(location.hash.slice(1)));
}

// "#node=NAME" shows a node, "#dark" and "#light" set the theme, "#open" opens everything; several are parted by "&".
function obeyHash(view, words) {
  for (const word of words.split("&")) {
    const [key, ...rest] = word.split("="), value = rest.join("=");
    if (key === "node") {
      const box = view.net.boxes.find((b) => b.node && b.node.name === value);
      if (box) goTo(view, box);
    }
    if (key === "dark" || key === "light") setDark(view, key === "dark");
    if (key === "open") { setAll(view, true); fit(view, 0); }
    if (key === "fit") fit(view, 0);
    if (key === "colour" && view.net.modes.includes(value)) setMode(view, value);
  }
  draw(view);
}

start();
