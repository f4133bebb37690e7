// A page of images. What is open, what is chosen and where the focus stands lives here, so that a
// click marks its image at once and the sheet does not have to be sent again.
const galleries = new WeakMap();

const WALK_DELAY = 120; // ms: walking fast opens only the first image and the one where the walk ends

// Where a walk has come to is opened before anything else is done with it.
function act(gallery, event) {
  arrive(gallery);
  tell(gallery, event);
}

function arrive(gallery) {
  const { pending } = gallery;
  passOn(gallery);
  if (pending !== null) tell(gallery, { open: pending });
}

// Opens nothing where the walk was for a moment.
function passOn(gallery) {
  clearTimeout(gallery.timer);
  gallery.pending = null;
}

function build(gallery) {
  const { data, root } = gallery;
  root.replaceChildren(); // first: what had the focus says that it has lost it
  const area = element("div", "area");
  area.setAttribute("role", "listbox");
  area.setAttribute("aria-label", data.label);
  const narrowest = data.size === "small" ? 46 : 60; // the lines below want as much
  area.style.gridTemplateColumns = `repeat(auto-fill, minmax(${Math.max(data.width + 8, narrowest)}px, 1fr))`;
  root.dataset.size = data.size;
  area.append(...data.ids.map((_, position) => tile(gallery, position)));
  area.onclick = (event) => clicked(gallery, event);
  area.onkeydown = (event) => pressed(gallery, event);
  // Shift extends the choice of images, not one of letters.
  area.onmousedown = (event) => event.shiftKey && event.preventDefault();
  gallery.tiles = [...area.children];
  gallery.area = area;
  gallery.bar = bar(gallery);
  gallery.said = element("div", "said");
  root.replaceChildren(gallery.bar, area, gallery.said, pager(gallery));
}

function clicked(gallery, event) {
  const found = event.target.closest(".tile");
  if (!found) return;
  const position = gallery.tiles.indexOf(found);
  const choosing = gallery.data.tags && (event.target.closest(".tick") || event.ctrlKey || event.metaKey);
  if (gallery.data.tags && event.shiftKey) {
    range(gallery, position);
    focus(gallery, position);
  } else if (choosing) {
    focus(gallery, position);
    toggle(gallery, position);
  } else {
    focus(gallery, position);
    open(gallery, position);
  }
}

function mark(gallery) {
  const { data, tiles } = gallery;
  const opened = data.ids.indexOf(gallery.selected);
  tiles.forEach((found, position) => {
    found.setAttribute("aria-selected", String(position === opened));
    if (data.tags) found.setAttribute("aria-checked", String(gallery.chosen.has(data.ids[position])));
    found.tabIndex = -1;
  });
  gallery.at = opened >= 0 ? opened : Math.max(0, Math.min(gallery.at, tiles.length - 1));
  if (tiles[gallery.at]) tiles[gallery.at].tabIndex = 0;
  refreshBar(gallery);
  refreshHint(gallery);
}

// With the focus where it was, counted from the end: chips stay there as buttons come and go.
function refreshBar(gallery) {
  const before = gallery.bar;
  const buttons = [...before.children];
  const held = buttons.indexOf(before.getRootNode().activeElement);
  gallery.bar = bar(gallery);
  before.after(gallery.bar);
  if (held >= 0) [...gallery.bar.children].at(held - buttons.length)?.focus({ preventScroll: true });
  before.remove();
}

// Scrolls the gallery only: scrollIntoView would move the page as well.
function reveal(gallery, found) {
  const { area } = gallery;
  const top = found.offsetTop - area.offsetTop;
  if (top < area.scrollTop) area.scrollTop = top;
  const below = top + found.offsetHeight - area.clientHeight;
  if (below > area.scrollTop) area.scrollTop = below;
}

function focus(gallery, position) {
  gallery.at = position;
  gallery.tiles.forEach((found, index) => (found.tabIndex = index === position ? 0 : -1));
  gallery.tiles[position].focus({ preventScroll: true });
  reveal(gallery, gallery.tiles[position]);
}

function open(gallery, position) {
  const id = gallery.data.ids[position];
  gallery.at = gallery.anchor = position;
  gallery.selected = gallery.selected === id ? null : id;
  openSelected(gallery);
  return true;
}

function openSelected(gallery) {
  mark(gallery);
  passOn(gallery);
  tell(gallery, { open: gallery.selected });
}

function toggle(gallery, position) {
  const id = gallery.data.ids[position];
  gallery.anchor = position;
  if (gallery.chosen.has(id)) change(gallery, [], [id]);
  else change(gallery, [id], []);
  return true;
}

// Chooses everything from the image that was touched last to this one.
function range(gallery, position) {
  const from = Math.min(gallery.anchor ?? gallery.at, position);
  const to = Math.max(gallery.anchor ?? gallery.at, position);
  gallery.anchor ??= gallery.at;
  change(gallery, gallery.data.ids.slice(from, to + 1), []);
}

function change(gallery, add, remove) {
  add.forEach((id) => gallery.chosen.add(id));
  remove.forEach((id) => gallery.chosen.delete(id));
  mark(gallery);
  act(gallery, { add, remove });
}

function chooseAll(gallery, all) {
  gallery.chosen = new Set(all ? gallery.data.ids : []);
  if (!all) gallery.data.elsewhere = 0;
  gallery.anchor = null;
  mark(gallery);
  act(gallery, { all });
}

// Positions of the images on this page that a tag is set for: the chosen ones, the open one, or
// the one with the focus.
function targetPositions(gallery) {
  const { data, chosen, selected } = gallery;
  if (chosen.size || data.elsewhere) {
    return data.ids.flatMap((id, position) => (chosen.has(id) ? [position] : []));
  }
  const opened = data.ids.indexOf(selected);
  if (opened >= 0) return [opened];
  return gallery.focused && data.ids.length ? [gallery.at] : [];
}

function pressTag(gallery, place) {
  const { data, chosen } = gallery;
  if (place >= data.tags.length) return false;
  const many = chosen.size || data.elsewhere;
  const ids = many ? [] : targetPositions(gallery).map((position) => data.ids[position]);
  if (many || ids.length) act(gallery, { tag: data.tags[place], ids });
  return true;
}

function update(gallery, data) {
  const { sheet, ...rest } = data;
  const before = gallery.data;
  if (before?.sheet === sheet && gallery.rest === JSON.stringify(rest)) return;
  gallery.rest = JSON.stringify(rest);
  const same = (...names) => names.every((name) => JSON.stringify(before?.[name]) === JSON.stringify(data[name]));
  gallery.data = data;
  const sameImages = before && before.sheet === sheet && same("ids");
  if (gallery.revision !== data.revision) arrive(gallery); // this was done before
  if (isTold(gallery, data.revision)) {
    gallery.selected = data.selected;
    gallery.chosen = new Set(data.chosen);
  }
  if (!before || before.sheet !== sheet) {
    if (gallery.url) URL.revokeObjectURL(gallery.url);
    gallery.url = sheetUrl(sheet);
    gallery.root.style.setProperty("--sheet", `url("${gallery.url}")`);
  }
  if (!sameImages) gallery.anchor = null;
  if (before && !sameImages && !same("page")) gallery.at = 0;
  if (before && !same("size")) stay(gallery);
  if (!same("ids", "pages")) {
    const turned = gallery.turns.lastIndexOf(data.page);
    gallery.turns = turned < 0 ? [] : gallery.turns.slice(turned + 1);
  }
  const scrolled = sameImages ? gallery.area.scrollTop : 0;
  const focused = gallery.focused;
  const kept = sameImages && same("captions", "abouts", "words", "size", "width", "height", "page", "pages", "label") && Boolean(before.tags) === Boolean(data.tags);
  if (!kept) build(gallery);
  data.ids.forEach((_, position) => decorate(gallery, position));
  mark(gallery);
  refreshSaid(gallery);
  if (kept) return;
  gallery.area.scrollTop = scrolled;
  settle(gallery, focused);
}

// Of another size, other images are on the page; the one where the focus was is among them.
function stay(gallery) {
  gallery.at = Math.max(0, gallery.data.ids.indexOf(gallery.staying));
  gallery.staying = null;
}

function settle(gallery, focused) {
  const { tiles } = gallery;
  const last = tiles.length - 1;
  if (gallery.landing && tiles.length) {
    const start = gallery.landing === "last" ? last : 0;
    focus(gallery, start);
    if (gallery.ahead) step(gallery, Math.min(Math.max(start + gallery.ahead, 0), last));
  } else if (focused && tiles[gallery.at]) focus(gallery, gallery.at);
  else if (tiles[gallery.at]) reveal(gallery, tiles[gallery.at]);
  gallery.landing = null;
  gallery.ahead = 0;
}

function begin(root) {
  const gallery = {
    root, data: null, selected: null, chosen: new Set(), at: 0, anchor: null, tiles: [], area: null,
    said: null, landing: null, ahead: 0, turns: [], staying: null, focused: false, stepped: 0,
    pending: null, ...begunEvents(),
  };
  root.addEventListener("focusin", (event) => {
    if (event.target.closest(".bar")) return; // it is for the image that had the focus
    const position = gallery.tiles.indexOf(event.target);
    gallery.focused = position >= 0;
    if (gallery.focused) gallery.at = position;
    refreshBar(gallery);
  });
  root.addEventListener("focusout", (event) => {
    if (root.contains(event.relatedTarget)) return;
    gallery.focused = false;
    refreshBar(gallery);
  });
  gallery.listen = (event) => pressedElsewhere(gallery, event);
  document.addEventListener("keydown", gallery.listen);
  return gallery;
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".gallery");
  if (!root || !data) return undefined;
  const known = galleries.get(parentElement);
  const gallery = known ?? begin(root);
  galleries.set(parentElement, gallery);
  gallery.send = setStateValue;
  update(gallery, data);
  if (!known) recallSize(gallery);
  return () => {
    clearTimeout(gallery.timer);
    document.removeEventListener("keydown", gallery.listen);
    if (gallery.url) URL.revokeObjectURL(gallery.url);
    galleries.delete(parentElement);
  };
}
