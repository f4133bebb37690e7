// Slices as rows: pictures cut from one sheet, counts, and an interval drawn on one common scale.
// What is open and how the rows are sorted lives here, so that a click is answered at once.
const lists = new WeakMap();
const MINUS = "−";

const share = (value) => `${(value * 100).toFixed(2)} %`;
const points = (value) => `${value < 0 ? MINUS : "+"}${Math.abs(value * 100).toFixed(2)}`;
const probability = (p) => (p < 0.001 ? "< 0.001" : p.toFixed(3));

// name, meaning, value to sort by, how to write it; those without a text are drawn. With `from` it is
// left out of a narrower list: what matters least goes first.
const COLUMNS = [
  { name: "Slice", by: "title", kind: "name" },
  { name: "Hardest images", kind: "examples", from: 560 },
  { name: "Images", by: "images", text: (row) => row.images.toLocaleString("en-US"), from: 500 },
  { name: "Errors", by: "errors", text: (row) => row.errors.toLocaleString("en-US"), from: 390 },
  { name: "Error rate", by: "rate", text: (row) => share(row.rate), from: 680 },
  {
    name: "Excess", by: "excess", text: (row) => points(row.excess),
    about: "Error rate less that of all other images, in percentage points (pp)",
  },
  {
    name: "95 % interval", by: "low", kind: "forest",
    about:
      "Interval of the excess, in percentage points (pp). It is corrected for the number of slices, as p " +
      "is: all of them hold at once with 95 % (Bonferroni). Sorts by its lower end: what is certain comes first",
  },
  {
    name: "p", by: "p", text: (row) => probability(row.p), ascending: true,
    about:
      "Fisher's exact test, corrected for the number of slices (Holm). It says nothing of a set that was " +
      "picked by its errors",
  },
];

function examples(list, position) {
  const { data } = list;
  const [width, height] = data.tile;
  const strip = element("span", "examples");
  for (let number = 0; number < data.per_row; number += 1) {
    const place = position * data.per_row + number;
    const picture = element("i", "");
    Object.assign(picture.style, {
      width: `${width}px`,
      height: `${height}px`,
      backgroundSize: `${data.columns * width}px ${data.sheet_rows * height}px`,
      backgroundPosition: `${-(place % data.columns) * width}px ${-Math.floor(place / data.columns) * height}px`,
    });
    strip.append(picture);
  }
  return strip;
}

// In per cent of the cell, so that the column may be as wide as there is room.
function across(list, value) {
  const [low, high] = list.data.range;
  return `${((Math.min(Math.max(value, low), high) - low) / (high - low)) * 100}%`;
}

// What goes on beyond the scale ends in an arrow.
function forest(list, row) {
  const [low, high] = list.data.range;
  const svg = drawn("svg", { class: "forest", role: "img" });
  const title = drawn("title", {});
  title.textContent = `${points(row.excess)} pp, 95 % interval ${points(row.low)} to ${points(row.high)} pp`;
  const line = (from, to, top, bottom, name) =>
    drawn("line", { x1: across(list, from), x2: across(list, to), y1: top, y2: bottom, class: name });
  svg.append(title, line(0, 0, 0, 28, "zero"), line(row.low, row.high, 14, 14, "reach"));
  const inside = (value) => low <= value && value <= high;
  for (const end of [row.low, row.high]) if (inside(end)) svg.append(line(end, end, 10, 18, "reach"));
  if (row.low < low) svg.append(arrow("0%", "M5 10 0 14l5 4"));
  if (row.high > high) svg.append(arrow("100%", "M-5 10 0 14l-5 4"));
  if (inside(row.excess)) {
    svg.append(drawn("circle", { cx: across(list, row.excess), cy: 14, r: 4, class: "dot" }));
  }
  return svg;
}

function arrow(x, path) {
  const made = drawn("svg", { x, overflow: "visible" });
  made.append(drawn("path", { d: path, class: "reach arrow" }));
  return made;
}

// The ends and 0. Where there is no room for three, the end next to 0 goes.
function scale(list) {
  const made = element("div", "scale");
  const [low, high] = list.data.range;
  const tick = (value) => (value < 0 ? MINUS : "+") + Math.abs(value * 100).toFixed(1).replace(/\.0$/, "");
  const zero = element("span", "zero", "0");
  zero.style.left = across(list, 0);
  made.append(
    element("span", high > -low ? "next" : "", tick(low)),
    element("span", high > -low ? "" : "next", `${tick(high)} pp`),
    zero,
  );
  return made;
}

const look = (column) =>
  `${column.text ? "number" : column.kind}${column.from ? ` from-${column.from}` : ""}`;

function cell(list, column, row, position) {
  const made = element("td", look(column));
  if (column.kind === "name") {
    made.append(element("b", "", row.title), element("span", "", row.rule));
    made.title = `${row.title}: ${row.rule}; ${row.errors.toLocaleString("en-US")} errors in ${row.images.toLocaleString("en-US")} images`;
  } else if (column.kind === "examples") {
    made.append(examples(list, position));
  } else if (column.kind === "forest") {
    made.append(forest(list, row));
  } else {
    made.textContent = column.text(row);
  }
  return made;
}

function head(list) {
  const line = element("tr", "");
  for (const column of COLUMNS) {
    const made = element("th", look(column));
    made.scope = "col";
    if (column.by) {
      const button = element("button", "", column.name);
      button.type = "button";
      if (column.about) button.title = column.about;
      button.onclick = () => sort(list, column);
      made.append(button);
      made.dataset.by = column.by;
    } else {
      made.textContent = column.name;
    }
    if (column.kind === "forest") made.append(scale(list));
    line.append(made);
  }
  const made = element("thead", "");
  made.append(line);
  return made;
}

function build(list) {
  const { data, root } = list;
  const table = element("table", "");
  table.setAttribute("aria-label", data.label);
  const body = element("tbody", "");
  list.rows = data.rows.map((row, position) => {
    const line = element("tr", row.verdict);
    line.tabIndex = -1;
    line.dataset.key = row.key;
    line.append(...COLUMNS.map((column) => cell(list, column, row, position)));
    return line;
  });
  body.onclick = (event) => {
    const line = event.target.closest("tr");
    if (line) open(list, line);
  };
  body.onkeydown = (event) => walk(list, event);
  table.append(head(list), body);
  const area = element("div", "area");
  area.style.maxHeight = `${data.area}px`;
  area.append(table);
  list.body = body;
  root.replaceChildren(area);
  arrange(list);
}

// By the header which was clicked last; the server's own order is that by excess.
function arrange(list) {
  const { by, sign } = list.order;
  const places = list.data.rows.map((_, position) => position);
  const value = (position) => list.data.rows[position][by];
  places.sort((a, b) => {
    const [one, other] = [value(a), value(b)];
    return (typeof one === "string" ? one.localeCompare(other) : one - other) * sign || a - b;
  });
  list.body.append(...places.map((position) => list.rows[position]));
  for (const made of list.root.querySelectorAll("th[data-by]")) {
    const direction = sign > 0 ? "ascending" : "descending";
    made.setAttribute("aria-sort", made.dataset.by === by ? direction : "none");
  }
}

function sort(list, column) {
  const first = column.ascending || column.by === "title" ? 1 : -1;
  const sign = list.order.by === column.by ? -list.order.sign : first;
  list.order = { by: column.by, sign };
  arrange(list);
  mark(list);
}

function mark(list) {
  const lines = [...list.body.children];
  for (const line of lines) {
    line.setAttribute("aria-selected", String(line.dataset.key === list.selected));
    line.tabIndex = -1;
  }
  const here = lines.find((line) => line.dataset.key === (list.at ?? list.selected));
  if (here ?? lines[0]) (here ?? lines[0]).tabIndex = 0;
}

// Scrolls the list only: scrollIntoView would move the page as well.
function reveal(list) {
  const area = list.root.querySelector(".area");
  const line = [...list.body.children].find((one) => one.dataset.key === list.selected);
  if (!line) return;
  const [box, inside] = [area.getBoundingClientRect(), line.getBoundingClientRect()];
  if (inside.top < box.top + inside.height || inside.bottom > box.bottom) {
    area.scrollTop += inside.top - box.top - box.height / 2;
  }
}

function open(list, line) {
  list.at = line.dataset.key;
  list.selected = list.selected === line.dataset.key ? null : line.dataset.key;
  mark(list);
  tell(list, { open: list.selected });
}

function walk(list, event) {
  const lines = [...list.body.children];
  const here = lines.indexOf(event.target.closest("tr"));
  const steps = { ArrowDown: 1, ArrowUp: -1, Home: -here, End: lines.length - 1 - here };
  if (event.key in steps) {
    const next = lines[Math.min(Math.max(here + steps[event.key], 0), lines.length - 1)];
    list.at = next.dataset.key;
    mark(list);
    next.focus();
  } else if (event.key === "Enter" || event.key === " ") {
    open(list, lines[here]);
  } else if (event.key === "Escape" && list.selected !== null) {
    list.selected = null;
    mark(list);
    tell(list, { open: null });
  } else {
    return;
  }
  event.preventDefault();
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".slices");
  if (!root || !data) return undefined;
  let list = lists.get(parentElement);
  if (!list || list.root !== root) {
    list = { root, order: { by: "excess", sign: -1 }, at: null, selected: null, ...begunEvents() };
    lists.set(parentElement, list);
  }
  list.send = setStateValue;
  const { selected, revision, ...content } = data;
  const told = isTold(list, revision);
  if (told) Object.assign(list, { selected, at: selected });
  const look = JSON.stringify(content);
  list.data = data;
  if (list.look !== look) {
    list.look = look;
    root.style.setProperty("--sheet", `url("data:image/png;base64,${data.sheet}")`);
    const scrolled = root.querySelector(".area")?.scrollTop ?? 0;
    build(list);
    root.querySelector(".area").scrollTop = scrolled;
  }
  mark(list);
  if (told) reveal(list);
  return undefined;
}
