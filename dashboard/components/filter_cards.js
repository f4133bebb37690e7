// Filters as cards. What is open and what is silenced lives here, so that a click marks its card at
// once; the server sends new marks only when they were decided elsewhere (`revision`).
const WALK_DELAY = 120; // ms: walking fast opens only the filter where the walk ends
const POWER = "M6.5 1.5v5 M3.6 3.3a5 5 0 1 0 5.8 0";

const all = new WeakMap();

function cardOf(cards, position) {
  const { data } = cards;
  const { index, norm, note, marks } = data.cards[position];
  const card = element("div", "card");
  card.setAttribute("role", "listitem");
  const button = element("button", "open-button");
  button.type = "button";
  const said = [`Filter ${index}`, `norm ${norm.toFixed(2)}`, note, ...marks.map(([, why]) => why)];
  button.setAttribute("aria-label", said.filter(Boolean).join(", "));
  const head = element("span", "head");
  head.append(element("span", "number", String(index)));
  for (const [text, why] of marks) {
    const mark = element("span", "mark", text);
    mark.dataset.tip = why;
    head.append(mark);
  }
  if (note) {
    const remark = element("span", "note", note);
    remark.dataset.tip = data.note_meaning;
    head.append(remark);
  }
  const canvas = element("canvas", "");
  drawKernels(cards, canvas, position);
  const line = drawn("svg", { class: "spark", "aria-hidden": "true" });
  drawLine(data, line, position);
  const foot = element("span", "foot");
  foot.append(line, element("span", "", norm.toFixed(2)));
  button.append(head, canvas, foot);
  const toggle = element("button", "switch");
  toggle.type = "button";
  const icon = drawn("svg", { viewBox: "0 0 13 13", "aria-hidden": "true" });
  icon.append(drawn("path", { d: POWER }));
  toggle.append(icon);
  toggle.setAttribute("aria-label", `Silence filter ${index}`);
  toggle.tabIndex = -1; // Space on the card does the same
  card.append(button, toggle);
  return card;
}

function pager(cards) {
  const { page, pages } = cards.data;
  const bar = element("div", "pager");
  if (pages < 2) return bar;
  const turnTo = (text, name, target) => {
    const button = element("button", "", text);
    button.type = "button";
    button.setAttribute("aria-label", name);
    button.disabled = target < 0 || target >= pages;
    button.onclick = () => cards.send("event", { page: target });
    return button;
  };
  const words = element("span", "", `page ${page + 1} of ${pages}`);
  bar.append(turnTo("‹", "Previous page", page - 1), words, turnTo("›", "Next page", page + 1));
  return bar;
}

function build(cards) {
  const { data, root } = cards;
  cards.theme = themeOf(root);
  cards.layout = layoutOf(data);
  root.style.setProperty("--warning", cards.theme.palette.warning);
  const scrolled = cards.area?.scrollTop ?? 0;
  const focused = cards.area?.contains(root.getRootNode().activeElement);
  const area = element("div", "area");
  area.setAttribute("role", "list");
  area.setAttribute("aria-label", data.label);
  area.style.maxHeight = `${data.area}px`;
  area.style.gridTemplateColumns = `repeat(auto-fill, minmax(${cards.layout.wide}px, 1fr))`;
  area.append(...data.cards.map((_, position) => cardOf(cards, position)));
  area.onclick = (event) => clicked(cards, event);
  area.onkeydown = (event) => pressed(cards, event);
  area.onmousemove = (event) => hovered(cards, event);
  area.onmouseleave = () => (cards.tip.hidden = true);
  area.onscroll = () => (cards.tip.hidden = true);
  cards.area = area;
  cards.tiles = [...area.children];
  cards.tip = element("div", "tip");
  cards.tip.hidden = true;
  root.replaceChildren(area, pager(cards), cards.tip);
  mark(cards);
  area.scrollTop = scrolled;
  if (focused) focus(cards, Math.min(cards.at, cards.tiles.length - 1));
}

function mark(cards) {
  const { data, tiles, selected, silenced } = cards;
  tiles.forEach((tile, position) => {
    const { index } = data.cards[position];
    const [button, toggle] = tile.children;
    const open = index === selected;
    if (open) cards.at = position;
    tile.classList.toggle("open", open);
    tile.classList.toggle("twin", !open && data.twins.includes(index));
    tile.classList.toggle("off", silenced.has(index));
    button.setAttribute("aria-pressed", String(open));
    toggle.setAttribute("aria-pressed", String(silenced.has(index)));
    toggle.dataset.tip = silenced.has(index) ? "Silenced: click to let it speak again" : "Silence this filter";
    button.tabIndex = -1;
  });
  cards.at = Math.max(0, Math.min(cards.at, tiles.length - 1));
  if (tiles[cards.at]) tiles[cards.at].firstChild.tabIndex = 0;
}

function open(cards, position, toggles = true) {
  const { index } = cards.data.cards[position];
  cards.at = position;
  if (!toggles && cards.selected === index) return;
  cards.selected = cards.selected === index ? null : index;
  mark(cards);
  cards.send("event", { open: cards.selected });
}

function silence(cards, position) {
  const { index } = cards.data.cards[position];
  if (!cards.silenced.delete(index)) cards.silenced.add(index);
  mark(cards);
  cards.send("event", { silenced: [...cards.silenced] });
}

function clicked(cards, event) {
  const tile = event.target.closest(".card");
  if (!tile) return;
  const position = cards.tiles.indexOf(tile);
  cards.tip.hidden = true;
  if (event.target.closest(".switch")) silence(cards, position);
  else if (event.target.closest(".open-button")) open(cards, position, false);
}

// Scrolls the cards only: scrollIntoView would move the page as well.
function focus(cards, position) {
  cards.at = position;
  cards.tiles.forEach((tile, at) => (tile.firstChild.tabIndex = at === position ? 0 : -1));
  const tile = cards.tiles[position];
  tile.firstChild.focus({ preventScroll: true });
  const top = tile.offsetTop - cards.area.offsetTop;
  if (top < cards.area.scrollTop) cards.area.scrollTop = top;
  const below = top + tile.offsetHeight - cards.area.clientHeight;
  if (below > cards.area.scrollTop) cards.area.scrollTop = below;
}

function walk(cards, target) {
  if (target < 0 || target >= cards.tiles.length) return;
  focus(cards, target);
  if (cards.selected === null) return;
  cards.selected = cards.data.cards[target].index;
  mark(cards);
  clearTimeout(cards.timer);
  const wanted = cards.selected;
  cards.timer = setTimeout(() => cards.send("event", { open: wanted }), WALK_DELAY);
}

function pressed(cards, event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const { data, at } = cards;
  const row = getComputedStyle(cards.area).gridTemplateColumns.split(" ").length;
  const last = cards.tiles.length - 1;
  const targets = {
    ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - row, ArrowDown: at + row, Home: 0, End: last,
  };
  const pages = { PageUp: data.page - 1, PageDown: data.page + 1 };
  const turned = pages[event.key];
  if (event.key in targets) walk(cards, targets[event.key]);
  else if (turned >= 0 && turned < data.pages) cards.send("event", { page: turned });
  else if (event.key === " ") silence(cards, at);
  else if (event.key === "Enter") open(cards, at);
  else if (event.key === "Escape" && cards.selected !== null) open(cards, cards.at);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

// What the mouse is over: a weight, an epoch of the line, or what a mark means.
function tipFor(cards, event) {
  const marked = event.target.closest("[data-tip]");
  if (marked) return marked.dataset.tip;
  const tile = event.target.closest(".card");
  if (!tile) return "";
  const { data, layout } = cards;
  const position = cards.tiles.indexOf(tile);
  const line = event.target.closest("svg");
  if (line) {
    const box = tile.querySelector(".spark").getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * LINE.width;
    const near = linePoints(data, position).reduce((a, b) => (Math.abs(b.x - x) < Math.abs(a.x - x) ? b : a));
    return `epoch ${near.epoch}: norm ${near.norm.toFixed(3)}`;
  }
  if (event.target.tagName !== "CANVAS") return "";
  const [inputs, height, width] = data.shape;
  const column = Math.floor(event.offsetX / layout.mapWidth);
  const input = Math.floor(event.offsetY / layout.mapHeight) * layout.columns + column;
  const kx = Math.floor((event.offsetX % layout.mapWidth) / layout.cell);
  const ky = Math.floor((event.offsetY % layout.mapHeight) / layout.cell);
  if (input < 0 || input >= inputs || kx >= width || ky >= height || kx < 0 || ky < 0) return "";
  const value = data.weights[position * data.size + (input * height + ky) * width + kx];
  return `input ${input}, row ${ky}, column ${kx}: ${number(value, 5)}`;
}

function hovered(cards, event) {
  const text = tipFor(cards, event);
  cards.tip.hidden = !text;
  if (!text) return;
  cards.tip.textContent = text;
  const box = cards.root.getBoundingClientRect();
  const left = Math.min(event.clientX - box.left + 12, box.width - cards.tip.offsetWidth - 4);
  const above = event.clientY - box.top - cards.tip.offsetHeight - 8;
  cards.tip.style.left = `${Math.max(0, left)}px`;
  cards.tip.style.top = `${above < 0 ? event.clientY - box.top + 18 : above}px`;
}

// Whether the cards would be drawn as they are: what is marked on them is no part of that.
function looksTheSame(before, data) {
  if (!before || before.weights.length !== data.weights.length) return false;
  const marks = { selected: 0, silenced: 0, twins: 0, revision: 0, weights: 0, norms: 0 };
  const look = (given) => JSON.stringify({ ...given, ...marks });
  return look(before) === look(data)
    && data.weights.every((value, at) => value === before.weights[at])
    && data.norms.every((value, at) => value === before.norms[at]);
}

function update(cards, data) {
  const palette = showingPalette(cards.root);
  const same = cards.theme?.palette === palette && looksTheSame(cards.data, data);
  cards.data = data;
  if (cards.revision !== data.revision) {
    cards.revision = data.revision;
    cards.selected = data.selected;
    cards.silenced = new Set(data.silenced);
  }
  if (same) mark(cards);
  else build(cards);
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".cards");
  if (!root || !data) return undefined;
  let cards = all.get(parentElement);
  if (!cards) {
    cards = { root, at: 0, tiles: [], selected: null, silenced: new Set(), revision: null };
    all.set(parentElement, cards);
  }
  cards.send = setTriggerValue;
  update(cards, unpack(data instanceof Uint8Array ? data : new Uint8Array(data)));
  return () => {
    clearTimeout(cards.timer);
    all.delete(parentElement);
  };
}
