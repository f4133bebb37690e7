// Groups of maps drawn from raw float32. The cursor and the choice live here: a click marks its map
// at once, and the numbers do not have to be sent again.
const views = new WeakMap();

function unpack(bytes) {
  const copy = bytes.slice(); // floats must begin at a whole four bytes
  const length = new DataView(copy.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(copy.subarray(4, 4 + length)));
  return { header, floats: new Float32Array(copy.buffer, 4 + length) };
}

function describe(place) {
  const { group, map, row, column } = place;
  const [, height, width] = group.shape;
  const value = group.values[(map * height + row) * width + column];
  const what = group.captions[map] || `${height * width === 1 ? "unit" : "map"} ${map}`;
  const where = height * width === 1 ? "" : ` · row ${row}, column ${column}`;
  return `${group.name} · ${what}${where} = ${number(value, 6)}`;
}

function wire(view, target, placeAt) {
  target.addEventListener("pointermove", (event) => hover(view, placeAt(event), event));
  target.addEventListener("pointerleave", () => hover(view, null));
  target.addEventListener("click", (event) => {
    const place = placeAt(event);
    if (place) open(view, place);
  });
}

function hover(view, place, event) {
  view.hover = place;
  view.tip.hidden = !place;
  if (place) {
    view.tip.textContent = describe(place);
    const outer = view.root.getBoundingClientRect();
    const right = event.clientX - outer.left > outer.width * 0.6;
    view.tip.style.left = `${event.clientX - outer.left + (right ? -12 : 14)}px`;
    view.tip.style.top = `${event.clientY - outer.top + 18}px`;
    view.tip.style.transform = right ? "translateX(-100%)" : "";
  }
  refresh(view);
}

// Many pointer events come between two frames.
function refresh(view) {
  if (view.waiting) return;
  view.waiting = requestAnimationFrame(() => {
    view.waiting = 0;
    drawOverlay(view);
    const shown = view.hover ?? (view.focused ? view.cursor : null);
    const { lens } = view.header;
    const inLens = shown && lens?.outputs.includes(shown.group.name);
    drawLens(view, inLens ? shown : view.selected);
  });
}

function open(view, place) {
  view.selected = place;
  view.cursor = place;
  refresh(view);
  view.send("event", { open: { group: place.group.name, map: place.map, row: place.row, column: place.column } });
  if (view.header.reveal) reveal(view.header.reveal);
}

// What a click opens lies below: as much of it is shown as fits, without hiding what was clicked
// more than it must.
function reveal(key, before = 0, tries = 30) {
  const found = document.querySelector(`.st-key-${key}`);
  const height = found?.clientHeight ?? 0;
  if (height > 100 && height === before) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    found.style.scrollMarginBlock = "70px 24px"; // the navigation stays on top
    found.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
  } else if (tries) setTimeout(reveal, 150, key, height, tries - 1);
}

function close(view) {
  view.selected = null;
  refresh(view);
  view.send("event", { open: null });
}

function walkCells(place, dy, dx) {
  const [, height, width] = place.group.shape;
  const [row, column] = [place.row + dy, place.column + dx];
  return row < 0 || column < 0 || row >= height || column >= width ? place : { ...place, row, column };
}

function walkMaps(view, place, dy, dx) {
  const { group, map } = place;
  const perRow = group.canvas ? group.perRow : 1;
  const column = (map % perRow) + dx;
  const target = map + dy * perRow + dx;
  const inside = column >= 0 && column < perRow && target >= 0 && target < group.shape[0];
  if (inside) return centre(group, target);
  const along = view.header.flow === "columns" ? dx : dy;
  const next = view.groups[view.groups.indexOf(group) + along];
  if (!along || !next) return place;
  const [line, lines] = [Math.floor(map / perRow), Math.ceil(group.shape[0] / perRow)];
  const nextRow = next.canvas ? next.perRow : 1;
  const nextLine = Math.floor((line / lines) * Math.ceil(next.shape[0] / nextRow));
  const wanted = nextLine * nextRow + (dx < 0 ? nextRow - 1 : 0);
  return centre(next, Math.min(wanted, next.shape[0] - 1));
}

function centre(group, map) {
  const [, height, width] = group.shape;
  return { group, map, row: height >> 1, column: width >> 1 };
}

function pressed(view, event) {
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const place = view.cursor ?? centre(view.groups[0], 0);
  if (event.key in moves) {
    const within = view.header.cells && place.group.shape[1] * place.group.shape[2] > 1;
    const next = within ? walkCells(place, ...moves[event.key]) : walkMaps(view, place, ...moves[event.key]);
    view.cursor = next;
    view.live.textContent = describe(next);
    const box = tileBox(view, next.group, next.map);
    const { scroller } = view; // the page itself must not move
    if (box.left < scroller.scrollLeft) scroller.scrollLeft = box.left - 20;
    else if (box.left + box.width > scroller.scrollLeft + scroller.clientWidth) {
      scroller.scrollLeft = box.left + box.width - scroller.clientWidth + 20;
    }
  } else if (event.key === "Enter") open(view, place);
  else if (event.key === "Escape") close(view);
  else return;
  refresh(view);
  event.preventDefault();
  event.stopPropagation();
}

function build(view) {
  const { header, root } = view;
  view.inner = element("div", `inner ${header.flow}${header.spread ? "" : " close-together"}`);
  view.scroller = element("div", "scroller");
  view.scroller.tabIndex = 0;
  view.scroller.setAttribute("role", "application");
  view.scroller.setAttribute("aria-label", `${header.label}. Arrows move, Enter opens, Escape closes.`);
  for (const group of view.groups) {
    const section = element("section", "group");
    const heading = element("header", "");
    heading.append(element("b", "", group.title), element("span", "", group.detail));
    section.append(heading);
    if (group.colors === "bars" || group.colors === "shares") section.append(bars(view, group));
    else {
      arrange(group, header);
      group.canvas = element("canvas", "");
      wire(view, group.canvas, (event) => under(group, event));
      section.append(group.canvas);
      drawGroup(view, group);
    }
    if (group.total) section.append(element("span", "more", `first ${group.shape[0]} of ${group.total}`));
    view.inner.append(section);
  }
  view.overlay = element("canvas", "overlay");
  view.inner.append(view.overlay);
  view.scroller.append(view.inner);
  view.tip = element("div", "tip");
  view.tip.hidden = true;
  view.live = element("div", "live");
  view.live.setAttribute("aria-live", "polite");
  view.lensArea = header.lens ? element("div", "lens") : null;
  root.classList.toggle("with-lens", Boolean(header.lens));
  root.replaceChildren(view.scroller, view.tip, view.live, ...(view.lensArea ? [view.lensArea] : []));
  view.scroller.addEventListener("keydown", (event) => pressed(view, event));
  for (const name of ["focus", "blur"]) {
    view.scroller.addEventListener(name, () => {
      view.focused = name === "focus" && view.scroller.matches(":focus-visible");
      refresh(view);
    });
  }
}

function placed(view, place) {
  const group = place && view.byName.get(place.group?.name ?? place.group);
  return group && place.map < group.shape[0] ? { ...place, group } : null;
}

function update(view, bytes) {
  const [scrolled, focused] = [view.scroller?.scrollLeft ?? 0, view.focused];
  const before = view.header;
  const { header, floats } = unpack(bytes);
  const count = (shape) => shape.reduce((product, side) => product * side, 1);
  Object.assign(view, { header, groups: header.groups, theme: themeOf(view.root), hover: null });
  for (const group of view.groups) {
    const size = count(group.shape);
    group.values = floats.subarray(group.offset, group.offset + size);
    group.limits = floats.subarray(group.offset + size, group.offset + size + group.shape[0]);
    group.kernelShape = group.kernels ?? null;
    const start = group.offset + size + group.shape[0];
    group.kernels = group.kernelShape && floats.subarray(start, start + count(group.kernelShape));
  }
  view.byName = new Map(view.groups.map((group) => [group.name, group]));
  const told = !before || before.revision !== header.revision;
  view.selected = placed(view, told ? header.selected : view.selected);
  view.cursor = placed(view, view.cursor) ?? view.selected;
  build(view);
  view.scroller.scrollLeft = scrolled;
  if (focused) view.scroller.focus({ preventScroll: true });
  view.focused = focused;
  refresh(view);
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".maps");
  if (!root || !data) return undefined;
  let view = views.get(parentElement);
  if (!view) {
    view = { root, focused: false, cursor: null, selected: null, hover: null, waiting: 0 };
    view.observer = new ResizeObserver(() => view.header && refresh(view));
    view.observer.observe(root);
    views.set(parentElement, view);
  }
  view.send = setTriggerValue;
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const palette = showingPalette(root);
  const same = view.bytes?.length === bytes.length && bytes.every((byte, at) => byte === view.bytes[at]);
  if (!same || view.theme.palette !== palette) {
    view.bytes = bytes;
    update(view, bytes);
  }
  return () => {
    cancelAnimationFrame(view.waiting);
    view.observer.disconnect();
    views.delete(parentElement);
  };
}
