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
  if (event.key === "PageDown") return turn(gallery, 1);
  if (event.key === "PageUp") return turn(gallery, -1);
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
  if (target > last && event.key === "ArrowRight") cross(gallery, 1);
  else if (target < 0 && event.key === "ArrowLeft") cross(gallery, -1);
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
  passOn(gallery);
  gallery.pending = gallery.selected;
  const since = performance.now() - gallery.stepped;
  gallery.stepped += since;
  if (since > WALK_DELAY) arrive(gallery);
  else gallery.timer = setTimeout(() => arrive(gallery), WALK_DELAY);
}

// The page that will be there once all those have been turned that are asked for.
function headedFor(gallery) {
  return gallery.turns.at(-1) ?? gallery.data.page;
}

function turnTo(gallery, page, landing = null) {
  if (page < 0 || page >= gallery.data.pages) return false;
  gallery.turns.push(page);
  act(gallery, { page, landing });
  return true;
}

function turn(gallery, by) {
  if (turnTo(gallery, headedFor(gallery) + by)) gallery.landing = "first";
  return true;
}

// Walks over the end of the page. Further steps are counted, and made on the next one.
function cross(gallery, by) {
  const { data, selected } = gallery;
  const landing = by > 0 ? "first" : "last";
  if (headedFor(gallery) !== data.page) gallery.ahead += by;
  else if (turnTo(gallery, data.page + by, selected === null ? null : landing)) gallery.landing = landing;
}

// First the open image is closed, then the choice is given up.
function leave(gallery) {
  if (gallery.selected !== null) {
    gallery.selected = null;
    openSelected(gallery);
  } else if (gallery.chosen.size || gallery.data.elsewhere) chooseAll(gallery, false);
  else return false;
  return true;
}
