// A map of many points on a canvas: moved, zoomed, hovered, drawn around. Where the camera stands,
// what is hidden and what is chosen live here, so that everything under the pointer answers at once.
const views = new WeakMap();

const CLICK = 4; // px that a click may move
const REACH = 9; // px from a point that still mean it
const TWEEN = 450; // ms from one epoch's places to the next one's
const CLOSEST = 60;
const POINTER_HINT =
  "Drag: lasso (Shift adds, Alt takes away) · right button: move · wheel: zoom · click: open · Esc: clear";
const KEYS_HINT =
  "Arrows: walk · Enter: open · Space: lasso the circle, + and − set it · Page Up, Page Down: zoom · Home: all · Esc: clear";

function cameraOf(view, [x0, x1, y0, y1]) {
  const scale = Math.min(view.width / Math.max(x1 - x0, 1), view.height / Math.max(y1 - y0, 1)) * 0.97;
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale };
}

// Many pointer events come between two frames.
function refresh(view, everything = true) {
  view.stale = view.stale || everything;
  if (view.waiting) return;
  view.waiting = requestAnimationFrame((now) => {
    view.waiting = 0;
    if (!view.width) return;
    const moving = view.tween && step(view, now);
    if (view.stale || moving) paint(view);
    view.stale = false;
    paintOverlay(view);
    if (moving) refresh(view);
  });
}

// One frame on the way from the old places to the new ones; false once they are reached.
function step(view, now) {
  const { tween, points } = view;
  tween.start ??= now;
  const share = Math.min((now - tween.start) / TWEEN, 1);
  const eased = 1 - (1 - share) ** 3;
  for (let point = 0; point < points.count; point += 1) {
    view.px[point] = tween.px[point] + (points.x[point] - tween.px[point]) * eased;
    view.py[point] = tween.py[point] + (points.y[point] - tween.py[point]) * eased;
  }
  for (const name of tween.camera ? ["x", "y", "scale"] : []) {
    view.camera[name] = tween.camera[name] + (view.fit[name] - tween.camera[name]) * eased;
  }
  if (share < 1) return true;
  view.tween = null;
  view.stale = true;
  return false;
}

// After what is shown or chosen has changed.
function arrange(view) {
  const { points } = view;
  view.shown = points.group.map((group) => Number(!view.hidden.has(group)));
  view.numMarked = points.marked.reduce((sum, one) => sum + one, 0);
  view.layers = layersOf(view);
  markLegend(view);
  refresh(view);
}

function zoom(view, factor, x, y) {
  const [gx, gy] = gridOf(view, x, y);
  const { camera, fit } = view;
  camera.scale = Math.min(Math.max(camera.scale * factor, fit.scale / 3), fit.scale * CLOSEST);
  camera.x = gx - (x - view.width / 2) / camera.scale;
  camera.y = gy + (y - view.height / 2) / camera.scale;
  view.moved = true;
  view.hover = -1;
  showTip(view);
  refresh(view);
}

function showAll(view) {
  view.camera = { ...view.fit };
  view.moved = false;
  refresh(view);
}

function under(view, x, y) {
  if (view.tween) return -1;
  const reach = REACH / view.camera.scale;
  return nearest(view.points, view.index, view.shown, ...gridOf(view, x, y), reach);
}

function open(view, point) {
  view.opened = view.opened === point ? -1 : point;
  refresh(view, false);
  tell(view, { open: view.opened < 0 ? null : view.points.index[point] });
}

// What a line encloses becomes the choice, or is added to it, or taken out of it.
function choose(view, line, how) {
  const polygon = polygonOf(line);
  const { points } = view;
  if (polygon.length < 3) return;
  const found = inside(points, polygon).map((one, point) => one & view.shown[point]);
  if (how === "only" && !found.some(Boolean)) {
    clear(view);
    return;
  }
  points.marked = points.marked.map((one, point) =>
    how === "only" ? found[point] : how === "add" ? one | found[point] : one & ~found[point],
  );
  arrange(view);
  say(view, `${view.numMarked.toLocaleString("en")} of ${points.count.toLocaleString("en")} images chosen`);
  tell(view, { lasso: polygon.flat(), how, hidden: [...view.hidden] });
}

function clear(view) {
  if (!view.numMarked) return false;
  view.points.marked.fill(0);
  arrange(view);
  say(view, "Nothing is chosen");
  tell(view, { lasso: [], how: "only", hidden: [] });
  return true;
}

function howOf(event) {
  return event.shiftKey ? "add" : event.altKey ? "remove" : "only";
}

function pressed(view, event) {
  view.overlay.setPointerCapture(event.pointerId);
  view.overlay.focus({ preventScroll: true, focusVisible: false });
  const moving = view.tool === "move" || event.button !== 0;
  view.drag = { x: event.offsetX, y: event.offsetY, from: { ...view.camera }, moving, how: howOf(event), far: false };
  if (!moving) view.line = [[event.offsetX, event.offsetY]];
  event.preventDefault();
}

function dragged(view, event) {
  const { drag } = view;
  const [dx, dy] = [event.offsetX - drag.x, event.offsetY - drag.y];
  drag.far = drag.far || Math.hypot(dx, dy) > CLICK;
  if (!drag.far) return;
  view.hover = -1;
  showTip(view);
  if (drag.moving) {
    view.camera.x = drag.from.x - dx / drag.from.scale;
    view.camera.y = drag.from.y + dy / drag.from.scale;
    view.moved = true;
  } else view.line.push([event.offsetX, event.offsetY]);
  refresh(view, drag.moving);
}

function released(view, event) {
  const { drag, line } = view;
  if (!drag) return;
  view.drag = view.line = null;
  refresh(view, false);
  if (drag.far && line) choose(view, line.map(([x, y]) => gridOf(view, x, y)), drag.how);
  else if (!drag.far && event.button === 0) {
    const point = under(view, event.offsetX, event.offsetY);
    if (point >= 0) open(view, point);
  }
}

function hover(view, event) {
  const point = under(view, event.offsetX, event.offsetY);
  if (point === view.hover) return;
  view.hover = point;
  showTip(view);
  refresh(view, false);
}

// Without a pointer: arrows go from point to point, a circle around the point is the lasso.
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

function typed(view, event) {
  if (event.ctrlKey || event.metaKey || !view.points.count) return;
  if (event.key in WAYS) walk(view, ...WAYS[event.key]);
  else if (event.key === "Enter" && view.cursor >= 0) open(view, view.cursor);
  else if (event.key === " " && view.cursor >= 0) choose(view, circle(view), howOf(event));
  else if (event.key === "+") view.brush = Math.min(view.brush * 1.25, 400);
  else if (event.key === "-") view.brush = Math.max(view.brush / 1.25, 6);
  else if (event.key === "PageUp") zoom(view, 1.5, ...placeOf(view, Math.max(view.cursor, 0)));
  else if (event.key === "PageDown") zoom(view, 1 / 1.5, ...placeOf(view, Math.max(view.cursor, 0)));
  else if (event.key === "Home") showAll(view);
  else if (event.key === "Escape") escaped(view);
  else return;
  refresh(view, false);
  event.preventDefault();
  event.stopPropagation();
}

function escaped(view) {
  if (view.line) view.drag = view.line = null;
  else if (!clear(view) && view.opened >= 0) open(view, view.opened);
}

function walk(view, dx, dy) {
  const start = () => nearest(view.points, view.index, view.shown, view.camera.x, view.camera.y, GRID * 2);
  view.cursor = view.cursor < 0 ? (view.opened >= 0 ? view.opened : start()) : neighbour(view.points, view.shown, view.cursor, dx, dy);
  if (view.cursor < 0) return;
  const [x, y] = placeOf(view, view.cursor);
  if (x < 0 || y < 0 || x > view.width || y > view.height) {
    [view.camera.x, view.camera.y] = [view.points.x[view.cursor], view.points.y[view.cursor]];
    view.moved = view.stale = true;
  }
  say(view, describe(view, view.cursor).join(", "));
  view.hover = view.cursor;
  showTip(view);
}

function circle(view) {
  const [gx, gy] = [view.points.x[view.cursor], view.points.y[view.cursor]];
  const radius = view.brush / view.camera.scale;
  return Array.from({ length: 24 }, (_, at) => {
    const angle = (at / 24) * 2 * Math.PI;
    return [gx + radius * Math.cos(angle), gy + radius * Math.sin(angle)];
  });
}

function wire(view) {
  const { overlay } = view;
  overlay.onpointerdown = (event) => pressed(view, event);
  overlay.onpointermove = (event) => (view.drag ? dragged(view, event) : hover(view, event));
  overlay.onpointerup = (event) => released(view, event);
  overlay.onpointercancel = () => ((view.drag = view.line = null), refresh(view, false));
  overlay.onpointerleave = () => ((view.hover = -1), showTip(view), refresh(view, false));
  overlay.oncontextmenu = (event) => event.preventDefault();
  overlay.onkeydown = (event) => typed(view, event);
  for (const name of ["focus", "blur"]) {
    overlay.addEventListener(name, () => {
      view.focused = name === "focus" && overlay.matches(":focus-visible");
      view.hint.textContent = view.focused ? KEYS_HINT : POINTER_HINT;
      refresh(view, false);
    });
  }
  const wheel = (event) => {
    event.preventDefault();
    zoom(view, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), event.offsetX, event.offsetY);
  };
  overlay.addEventListener("wheel", wheel, { passive: false });
}

function build(view) {
  view.stage = element("div", "stage");
  view.canvas = element("canvas", "points");
  view.overlay = element("canvas", "overlay");
  view.overlay.tabIndex = 0;
  view.overlay.setAttribute("role", "application");
  view.tip = makeTip();
  view.live = element("div", "live");
  view.live.setAttribute("aria-live", "polite");
  view.legendArea = element("div", "legend");
  view.stage.append(view.canvas, view.overlay, toolbar(view), view.tip.root);
  view.hint = element("p", "hint");
  view.hint.textContent = POINTER_HINT;
  view.root.replaceChildren(view.legendArea, view.stage, view.hint, view.live);
  wire(view);
  markTool(view);
}

function resize(view) {
  const [width, height] = [view.stage.clientWidth, view.header.height];
  if (!width) return;
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  Object.assign(view, { width, height, ratio });
  for (const canvas of [view.canvas, view.overlay]) {
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  }
  view.fit = cameraOf(view, view.header.view);
  if (!view.moved || !view.camera) view.camera = { ...view.fit };
  refresh(view);
}

function update(view, bytes) {
  const before = view.header && { header: view.header, points: view.points };
  Object.assign(view, unpack(bytes));
  const { header, points } = view;
  const told = isTold(view, header.revision);
  const sameImages = before && before.header.images === header.images && before.points.count === points.count;
  view.numWrong = points.wrong.reduce((sum, one) => sum + one, 0);
  if (!told && sameImages) points.marked = before.points.marked;
  if (told) view.opened = header.opened;
  else if (!sameImages) view.opened = -1;
  view.hidden = sameImages && before.header.title === header.title ? stillHidden(view, before.header.legend) : new Set();
  if (!sameImages) view.cursor = -1;
  view.hover = -1;
  view.palette = showingPalette(view.root);
  view.colors = {
    background: bytesOf(view.palette.background),
    text: bytesOf(view.palette.text),
    groups: header.legend.map((entry) => bytesOf(colorOf(entry.color, view.palette))),
  };
  view.stage.style.height = `${header.height}px`;
  view.overlay.setAttribute(
    "aria-label",
    `${header.label}. Arrows walk from image to image, Enter opens, Space chooses what lies in the circle, Escape clears.`,
  );
  const colors = JSON.stringify([header.legend, header.title, view.palette.text]);
  if (view.legendOf !== colors) {
    view.legendOf = colors;
    const list = legend(view);
    view.legendArea.replaceWith(list);
    view.legendArea = list;
  }
  view.index = bucketed(points);
  move(view, sameImages ? before : null);
  showTip(view);
  arrange(view);
}

// Entries are known by their words: one more tag moves the numbers of those after it.
function stillHidden(view, entries) {
  const labels = new Set(entries.filter((_, number) => view.hidden.has(number)).map((entry) => entry.label));
  return new Set(view.header.legend.flatMap((entry, number) => (labels.has(entry.label) ? [number] : [])));
}

// The same images go to their new places before one's eyes; others are there at once.
function move(view, before) {
  const { points, header } = view;
  const otherMap = before && before.header.space !== header.space;
  if (otherMap) view.moved = false;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches || document.hidden;
  const still = before && before.points.x.every((x, at) => x === points.x[at]) && before.points.y.every((y, at) => y === points.y[at]);
  const camera = view.camera && { ...view.camera };
  resize(view);
  if (still && !otherMap) return;
  if (before && !calm && view.px) {
    view.tween = { px: view.px, py: view.py, camera: otherMap ? camera : null };
    view.px = Float32Array.from(view.px);
    view.py = Float32Array.from(view.py);
    if (otherMap) view.camera = { ...camera };
  } else {
    view.tween = null;
    view.px = Float32Array.from(points.x);
    view.py = Float32Array.from(points.y);
  }
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".scatter");
  if (!root || !data) return undefined;
  let view = views.get(parentElement);
  if (!view) {
    view = { root, tool: "lasso", hidden: new Set(), opened: -1, hover: -1, cursor: -1, brush: 40, ...begunEvents() };
    build(view);
    view.observer = new ResizeObserver(() => view.header && resize(view));
    view.observer.observe(view.stage);
    views.set(parentElement, view);
  }
  view.send = setStateValue;
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const same = view.bytes?.length === bytes.length && bytes.every((byte, at) => byte === view.bytes[at]);
  if (!same || view.palette !== showingPalette(root)) {
    view.bytes = bytes;
    update(view, bytes);
  }
  return () => {
    cancelAnimationFrame(view.waiting);
    clearTimeout(view.resting);
    view.observer.disconnect();
    views.delete(parentElement);
  };
}
