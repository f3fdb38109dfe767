// selftest.js: with "#test" behind the address the page uses itself as a person would and writes what it saw into the page, as
// JSON: facts, and checks that failed. "#test=time" measures layout and frames too.
// May assume: a page that has just started. Never runs otherwise.

function pointer(view, kind, x, y) {
  const r = view.canvas.getBoundingClientRect();
  view.canvas.dispatchEvent(new PointerEvent(kind, { clientX: r.left + x, clientY: r.top + y, bubbles: true }));
}

function clickAt(view, x, y) {
  pointer(view, "pointermove", x, y);
  pointer(view, "pointerdown", x, y);
  pointer(view, "pointerup", x, y);
}

function press(key, target) {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}

// Boxes that overlap, or stick out of what they are in.
function misplaced(view) {
  let n = 0;
  for (const box of view.boxes) {
    if (!Number.isFinite(box.x + box.y + box.w + box.h)) n++;
    if (!box.open || !isGroup(box)) continue;
    const rows = [...box.children].sort((a, b) => a.y - b.y);
    rows.forEach((a, i) => {
      if (a.x < box.x - 0.5 || a.y < box.y - 0.5 || a.x + a.w > box.x + box.w + 0.5 || a.y + a.h > box.y + box.h + 0.5) n++;
      for (let k = i + 1; k < rows.length && rows[k].y < a.y + a.h - 0.5; k++) {
        if (rows[k].x < a.x + a.w - 0.5 && a.x < rows[k].x + rows[k].w - 0.5) n++;
      }
    });
  }
  return n;
}

function closedGroup(view) { return view.boxes.find((b) => isGroup(b) && !b.open); }

function testOpening(view, check) {
  const box = closedGroup(view);
  if (!box) return;
  goTo(view, box);
  const before = view.boxes.length, x = view.dx + (box.x + 20) * view.scale, y = view.dy + (box.y + 12) * view.scale;
  view.canvas.dispatchEvent(new MouseEvent("dblclick", { clientX: x + view.canvas.getBoundingClientRect().left, clientY: y + view.canvas.getBoundingClientRect().top }));
  check("a double click opens a group", box.open && view.boxes.length === before + box.children.length);
  check("the opened group's boxes lie right", misplaced(view) === 0);
  check("an opened group stays under the mouse", Math.abs(view.dx + (box.x + 20) * view.scale - x) < 1);
  press("Enter", document.body);
  check("Enter closes what is selected", !box.open && view.boxes.length === before);
}

function testSelecting(view, check) {
  const box = view.net.boxes.find((b) => b.node && !b.fixed && b.inputs.some((v) => v));
  if (!box) return;
  goTo(view, box);
  select(view, null);
  clickAt(view, view.dx + (box.x + 8) * view.scale, view.dy + (box.y + box.h - 4) * view.scale);
  const text = document.getElementById("about").textContent;
  check("a click selects a node", view.selected === box);
  check("the panel has its name", text.includes(box.node.name) && document.querySelector("#about h1").textContent === box.node.op);
  check("the panel has its attributes", Object.keys(box.node.attributes).every((key) => text.includes(key)));
  const link = document.querySelector("#about section .link");
  if (link) link.click();
  check("a link leads to another box", !link || (view.selected !== box && view.selected !== null));
  press("Escape", document.body);
  check("Escape shows the model", view.selected === null && document.querySelector("#about h1").textContent === "Model");
}

function testSearch(view, check) {
  const search = document.getElementById("search"), [op, n] = [...view.net.root.counts][0] || ["", 0];
  press("/", document.body);
  check("/ goes to the search", document.activeElement === search);
  search.value = op;
  search.dispatchEvent(new Event("input"));
  const listed = document.querySelectorAll("#found button").length;
  check("the search finds an operator", view.found.filter((b) => b.node && b.node.op === op).length === n && listed === Math.min(200, view.found.length));
  check("what is found is marked", n === 0 || view.hits.size > 0);
  press("Enter", search);
  check("Enter goes to the first", n === 0 || (view.selected === view.found[0] && view.boxes.includes(view.selected)));
  press("Escape", search);
  check("Escape ends the search", search.value === "" && view.found.length === 0 && document.activeElement !== search);
}

function testLook(view, check) {
  const mode = document.getElementById("mode"), legends = new Set();
  for (const key of view.net.modes) {
    mode.value = key;
    mode.dispatchEvent(new Event("change"));
    draw(view);
    legends.add(document.getElementById("legend").textContent);
    check("coloured by " + key, view.mode === key);
  }
  check("each colouring has a legend of its own", legends.size === view.net.modes.length);
  const page = view.theme.page;
  press("t", document.body);
  check("t changes the theme", view.theme.page !== page && document.documentElement.classList.contains("dark") === view.dark);
  press("t", document.body);
}

function testAll(view, check) {
  press("o", document.body);
  check("o opens everything", view.boxes.length === view.net.all.length);
  check("all boxes lie right", misplaced(view) === 0);
  const shown = new Set(view.links.flatMap((l) => l.link.edges)), drawn = view.net.edges.filter((e) => !e.from.fixed || e.to.fixed);
  const inner = drawn.filter((e) => !isGroup(e.from)); // a node's edge into its own body is its border
  check("every edge is drawn", inner.every((e) => shown.has(e)));
  press("c", document.body);
  check("c closes everything", view.boxes.length === 1 + view.net.root.children.length);
}

function median(list) { return list.sort((a, b) => a - b)[list.length >> 1]; }

function timed(repeat, work) {
  const list = [];
  for (let i = 0; i < repeat; i++) {
    const from = performance.now();
    work(i);
    list.push(performance.now() - from);
  }
  return +median(list).toFixed(2);
}

// Milliseconds of a layout of everything, and of frames while moving: all of it in the window, and a readable part.
function measurePage(view) {
  const layout = timed(5, () => setAll(view, true)), flush = () => view.ctx.getImageData(0, 0, 1, 1);
  fit(view, 0);
  const whole = timed(9, (i) => { view.dx += i; draw(view); flush(); });
  view.scale = 1;
  centre(view, view.boxes[view.boxes.length >> 1]);
  const part = timed(9, (i) => { view.dy += 20 * i; draw(view); flush(); });
  return { layout_ms: layout, frame_whole_ms: whole, frame_part_ms: part };
}

function testPage(view) {
  const failed = [], checks = [];
  const check = (name, ok) => { checks.push(name); if (!ok) failed.push(name); };
  const net = view.net, facts = {
    nodes: net.boxes.filter((b) => b.node).length, edges: net.edges.length, shown: view.boxes.length,
    groups: net.all.filter((b) => isGroup(b)).length, residual: net.all.filter((b) => b.residual).length, modes: net.modes, different: net.boxes.filter((b) => (b.compared || []).some((t) => t.same === false)).length,
    first: net.firstDifferent ? net.firstDifferent.node.name : null,
    titles: view.boxes.filter((b) => b.kind !== "root").map((b) => b.title).slice(0, 300), weights: net.scopes.flatMap((s) => [...s.values.values()]).filter((v) => v.statistics).length,
  };
  try {
    for (const test of [testOpening, testSelecting, testSearch, testLook, testAll]) test(view, check);
    if (location.hash.includes("time")) Object.assign(facts, measurePage(view));
  } catch (error) {
    failed.push(String(error.stack));
  }
  const result = make("pre", "", JSON.stringify({ checks: checks.length, failed, facts }));
  result.id = "test-result";
  document.body.append(result);
}
