// A page of images cut from one sprite sheet. What is open and where the focus stands lives here, so
// that a click marks its image at once and the sheet does not have to be sent again.
const galleries = new WeakMap();

const WALK_DELAY = 120; // ms: walking fast opens only the image where the walk ends

function sheetUrl(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function tile(gallery, position) {
  const { ids, captions, columns, rows, width, height } = gallery.data;
  const [first, second] = captions[position];
  const button = element("button", "tile");
  button.type = "button";
  button.setAttribute("role", "option");
  button.setAttribute("aria-label", `${first}, ${second}, index ${ids[position]}`);
  button.title = `index ${ids[position]}`;
  const image = element("span", "image");
  Object.assign(image.style, {
    width: `${width}px`,
    height: `${height}px`,
    backgroundSize: `${columns * width}px ${rows * height}px`,
    backgroundPosition: `${-(position % columns) * width}px ${-Math.floor(position / columns) * height}px`,
  });
  button.append(image, element("span", "first", first), element("span", "second", second));
  return button;
}

function pager(gallery) {
  const { page, pages } = gallery.data;
  const bar = element("div", "pager");
  if (pages < 2) return bar;
  const turn = (text, name, target) => {
    const button = element("button", "", text);
    button.type = "button";
    button.setAttribute("aria-label", name);
    button.disabled = target < 0 || target >= pages;
    button.onclick = () => gallery.send("event", { page: target });
    return button;
  };
  bar.append(
    turn("‹", "Previous page", page - 1),
    element("span", "", `page ${page + 1} of ${pages}`),
    turn("›", "Next page", page + 1),
  );
  return bar;
}

function build(gallery) {
  const { data, root } = gallery;
  const area = element("div", "area");
  area.setAttribute("role", "listbox");
  area.setAttribute("aria-label", data.label);
  area.style.height = `${data.area}px`;
  area.style.gridTemplateColumns = `repeat(auto-fill, minmax(${Math.max(data.width + 8, 60)}px, 1fr))`;
  area.append(...data.ids.map((_, position) => tile(gallery, position)));
  area.onclick = (event) => {
    const button = event.target.closest(".tile");
    if (button) open(gallery, gallery.tiles.indexOf(button));
  };
  area.onkeydown = (event) => walk(gallery, event);
  gallery.tiles = [...area.children];
  gallery.area = area;
  root.replaceChildren(area, pager(gallery));
}

function mark(gallery) {
  const { data, tiles } = gallery;
  const chosen = data.ids.indexOf(gallery.selected);
  tiles.forEach((button, position) => {
    button.setAttribute("aria-selected", String(position === chosen));
    button.tabIndex = -1;
  });
  gallery.at = chosen >= 0 ? chosen : Math.min(gallery.at, Math.max(0, tiles.length - 1));
  if (tiles[gallery.at]) tiles[gallery.at].tabIndex = 0;
}

// Scrolls the gallery only: scrollIntoView would move the page as well.
function reveal(gallery, button) {
  const { area } = gallery;
  const top = button.offsetTop - area.offsetTop;
  if (top < area.scrollTop) area.scrollTop = top;
  const below = top + button.offsetHeight - area.clientHeight;
  if (below > area.scrollTop) area.scrollTop = below;
}

function focus(gallery, position) {
  gallery.at = position;
  gallery.tiles.forEach((button, index) => (button.tabIndex = index === position ? 0 : -1));
  gallery.tiles[position].focus({ preventScroll: true });
  reveal(gallery, gallery.tiles[position]);
}

function open(gallery, position) {
  const id = gallery.data.ids[position];
  gallery.at = position;
  gallery.selected = gallery.selected === id ? null : id;
  mark(gallery);
  gallery.send("event", { open: gallery.selected });
}

function close(gallery) {
  if (gallery.selected === null) return;
  gallery.selected = null;
  mark(gallery);
  gallery.send("event", { open: null });
}

function perRow(gallery) {
  return getComputedStyle(gallery.area).gridTemplateColumns.split(" ").length;
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
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape") close(gallery);
  else if (event.key === "PageDown") turn(gallery, 1);
  else if (event.key === "PageUp") turn(gallery, -1);
  else if (event.key in steps) {
    const target = gallery.at + steps[event.key];
    if (target > last && event.key === "ArrowRight" && data.page < data.pages - 1) turn(gallery, 1);
    else if (target < 0 && event.key === "ArrowLeft" && data.page > 0) turn(gallery, -1, "last");
    else if (target >= 0 && target <= last) step(gallery, target);
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

function step(gallery, position) {
  focus(gallery, position);
  if (gallery.selected === null) return;
  gallery.selected = gallery.data.ids[position];
  mark(gallery);
  clearTimeout(gallery.timer);
  const id = gallery.selected;
  gallery.timer = setTimeout(() => gallery.send("event", { open: id }), WALK_DELAY);
}

function turn(gallery, by, end = "first") {
  const page = gallery.data.page + by;
  if (page < 0 || page >= gallery.data.pages) return;
  gallery.landing = end;
  gallery.send("event", { page });
}

function update(gallery, data) {
  const rebuilt = gallery.data !== data && JSON.stringify(gallery.data) !== JSON.stringify(data);
  if (!rebuilt) return;
  const before = gallery.data;
  gallery.data = data;
  if (!before || before.revision !== data.revision) gallery.selected = data.selected;
  const sameImages = before && before.sheet === data.sheet && before.area === data.area;
  if (!before || before.sheet !== data.sheet) {
    if (gallery.url) URL.revokeObjectURL(gallery.url);
    gallery.url = sheetUrl(data.sheet);
    gallery.root.style.setProperty("--sheet", `url("${gallery.url}")`);
    gallery.at = 0;
  }
  const scrolled = sameImages ? gallery.area.scrollTop : 0;
  const focused = gallery.area?.contains(gallery.root.getRootNode().activeElement);
  build(gallery);
  mark(gallery);
  gallery.area.scrollTop = scrolled;
  if (gallery.landing) {
    focus(gallery, gallery.landing === "last" ? gallery.tiles.length - 1 : 0);
    gallery.landing = null;
  } else if (focused && gallery.tiles[gallery.at]) focus(gallery, gallery.at);
  else if (gallery.tiles[gallery.at]) reveal(gallery, gallery.tiles[gallery.at]);
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".gallery");
  if (!root || !data) return undefined;
  let gallery = galleries.get(parentElement);
  if (!gallery) {
    gallery = { root, data: null, selected: null, at: 0, tiles: [], area: null, landing: null };
    galleries.set(parentElement, gallery);
  }
  gallery.send = setTriggerValue;
  update(gallery, data);
  return () => {
    clearTimeout(gallery.timer);
    if (gallery.url) URL.revokeObjectURL(gallery.url);
    galleries.delete(parentElement);
  };
}
