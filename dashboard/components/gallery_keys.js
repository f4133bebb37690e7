// The keyboard: arrows walk, Shift with them chooses, Enter opens, number keys tag, Z undoes.
function perRow(gallery) {
  return getComputedStyle(gallery.area).gridTemplateColumns.split(" ").length;
}

function pressed(gallery, event) {
  if (event.altKey || event.defaultPrevented || !gallery.tiles.length) return;
  const control = event.ctrlKey || event.metaKey;
  const handled = control ? withControl(gallery, event) : plain(gallery, event);
  if (!handled) return;
  event.preventDefault();
  event.stopPropagation();
}

function wantsUndo(gallery, event) {
  const { said, tags } = gallery.data;
  return Boolean(said && tags) && event.key.toLowerCase() === "z" && !event.shiftKey;
}

function withControl(gallery, event) {
  if (wantsUndo(gallery, event)) return undo(gallery);
  if (event.key.toLowerCase() !== "a" || !gallery.data.tags) return false;
  change(gallery, gallery.data.ids, []);
  return true;
}

function plain(gallery, event) {
  if (wantsUndo(gallery, event)) return undo(gallery);
  if (event.key === "Escape") return leave(gallery);
  if (event.key === "PageDown") return turn(gallery, 1, null);
  if (event.key === "PageUp") return turn(gallery, -1, null);
  if (event.key === "Enter") return open(gallery, gallery.at);
  if (gallery.data.tags && event.key === " ") return toggle(gallery, gallery.at);
  if (gallery.data.tags && /^[1-9]$/.test(event.key)) return pressTag(gallery, Number(event.key) - 1);
  return walk(gallery, event);
}

// While an image is open or some are selected, the keys that nothing else wants work wherever the
// focus is, or was lost, and Z always does: a button that goes away leaves it nowhere, a link keeps it.
const ELSEWHERE = /^(ArrowLeft|ArrowRight|Escape|[1-9])$/;
const WITH_ARROWS = "[role=radiogroup], [role=toolbar], [role=listbox], [role=dialog], [aria-expanded=true], [data-testid=stButtonGroup]";

function pressedElsewhere(gallery, event) {
  if (!wantsUndo(gallery, event)) {
    if (gallery.selected === null && !gallery.chosen.size) return;
    if (!ELSEWHERE.test(event.key) || event.ctrlKey || event.metaKey) return;
  }
  const focused = document.activeElement;
  const idle = focused === document.body || (focused?.matches("a[href], button") && !focused.closest(WITH_ARROWS));
  if (idle) pressed(gallery, event);
}

function walk(gallery, event) {
  const { data, tiles } = gallery;
  const last = tiles.length - 1;
  const steps = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -perRow(gallery),
    ArrowDown: perRow(gallery),
    Home: -gallery.at,
    End: last - gallery.at,
  };
  if (!(event.key in steps)) return false;
  let target = gallery.at + steps[event.key];
  // The open image has just left this page, as its tag was filtered by: the next one took its place.
  const gone = gallery.selected !== null && !data.ids.includes(gallery.selected);
  if (gone && event.key === "ArrowRight") target = gallery.at;
  if (target > last && event.key === "ArrowRight") turn(gallery, 1, "first");
  else if (target < 0 && event.key === "ArrowLeft") turn(gallery, -1, "last");
  else if (target >= 0 && target <= last) {
    if (event.shiftKey && data.tags) range(gallery, target);
    step(gallery, target);
  }
  return true;
}

function step(gallery, position) {
  focus(gallery, position);
  if (gallery.selected === null) {
    refreshBar(gallery);
    return;
  }
  gallery.selected = gallery.data.ids[position];
  mark(gallery);
  clearTimeout(gallery.timer);
  const id = gallery.selected;
  const since = performance.now() - gallery.stepped;
  gallery.stepped += since;
  if (since > WALK_DELAY) act(gallery, { open: id });
  else gallery.timer = setTimeout(() => act(gallery, { open: id }), WALK_DELAY);
}

function turn(gallery, by, landing) {
  const page = gallery.data.page + by;
  if (page < 0 || page >= gallery.data.pages) return true;
  gallery.landing = landing ?? "first";
  act(gallery, { page, landing: gallery.selected === null ? null : landing });
  return true;
}

// First the open image is closed, then the choice is given up.
function leave(gallery) {
  if (gallery.selected !== null) {
    gallery.selected = null;
    mark(gallery);
    act(gallery, { open: null });
  } else if (gallery.chosen.size || gallery.data.elsewhere) chooseAll(gallery, false);
  else return false;
  return true;
}
