// What stands around the map: its tools, the legend whose entries hide their points, the image under
// the pointer, and a line that says what is chosen.
const ICONS = {
  lasso: "M8 2.5c3.3 0 6 1.9 6 4.2S11.3 11 8 11c-.7 0-1.4-.1-2-.2M4 9.7C2.8 9 2 7.9 2 6.7 2 4.4 4.7 2.5 8 2.5M6 10.8c0 1.3-1.2 2.7-3 2.7M4 9.7a1.3 1.3 0 1 0 2 1.1",
  move: "M8 1.5v13M1.5 8h13M8 1.5 6 3.5M8 1.5l2 2M8 14.5l-2-2M8 14.5l2-2M1.5 8l2-2M1.5 8l2 2M14.5 8l-2-2M14.5 8l-2 2",
  closer: "M8 3v10M3 8h10",
  farther: "M3 8h10",
  whole: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
};

function icon(name) {
  const drawing = drawn("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
  drawing.append(drawn("path", { d: ICONS[name] }));
  return drawing;
}

function tool(view, name, words, act) {
  const button = element("button", `tool ${name}`);
  button.type = "button";
  button.title = words;
  button.setAttribute("aria-label", words);
  button.append(icon(name));
  button.onclick = () => act(button);
  return button;
}

function toolbar(view) {
  const bar = element("div", "tools");
  const choose = (name) => () => {
    view.tool = name;
    markTool(view);
  };
  view.toolButtons = {
    lasso: tool(view, "lasso", "Draw around points", choose("lasso")),
    move: tool(view, "move", "Move the map", choose("move")),
  };
  const middle = () => [view.width / 2, view.height / 2];
  bar.append(
    view.toolButtons.lasso,
    view.toolButtons.move,
    tool(view, "closer", "Closer", () => zoom(view, 1.5, ...middle())),
    tool(view, "farther", "Farther", () => zoom(view, 1 / 1.5, ...middle())),
    tool(view, "whole", "The whole map", () => showAll(view)),
  );
  return bar;
}

function markTool(view) {
  for (const [name, button] of Object.entries(view.toolButtons)) {
    button.setAttribute("aria-pressed", String(view.tool === name));
  }
  view.overlay.style.cursor = view.tool === "move" ? "grab" : "crosshair";
}

function legend(view) {
  const { legend: entries, title } = view.header;
  const list = element("div", "legend");
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", `Colours: ${title}. Each entry hides or shows its points.`);
  view.entries = entries.map((entry, number) => {
    const button = element("button", "entry");
    button.type = "button";
    button.title = "Click hides or shows, double-click shows this one alone";
    const swatch = element("i", "");
    swatch.style.background = colorOf(entry.color, view.palette);
    button.append(swatch, element("span", "", entry.label), element("em", "", entry.count.toLocaleString("en")));
    button.onclick = () => hide(view, (hidden) => (hidden.has(number) ? hidden.delete(number) : hidden.add(number)));
    button.ondblclick = () =>
      hide(view, (hidden) => {
        const alone = entries.every((_, other) => hidden.has(other) === (other !== number));
        hidden.clear();
        if (!alone) entries.forEach((_, other) => other !== number && hidden.add(other));
      });
    return button;
  });
  const wrong = element("span", "entry key");
  wrong.append(element("i", "ring"), element("span", "", "answered wrong"));
  view.wrongCount = element("em", "");
  wrong.append(view.wrongCount);
  list.append(...view.entries, wrong);
  return list;
}

function hide(view, change) {
  change(view.hidden);
  view.hover = -1;
  showTip(view);
  arrange(view);
}

// Errors are counted anew with every epoch, though the entries stay the same.
function markLegend(view) {
  view.wrongCount.textContent = view.numWrong.toLocaleString("en");
  view.entries.forEach((button, number) => {
    button.setAttribute("aria-pressed", String(!view.hidden.has(number)));
  });
}

function describe(view, point) {
  const { header, points } = view;
  const share = `${((points.confidence[point] / GRID) * 100).toFixed(1)} %`;
  const names = [points.true, points.predicted].map((values) => header.classes[values[point]]);
  const answer = points.wrong[point] ? `answered ${names[1]}` : "answered right";
  const words = header.words[point] ? [header.words[point]] : [];
  return [`True ${names[0]}, ${answer}, ${share}`, `${header.noun} ${points.index[point].toLocaleString("en")}`, ...words];
}

// The picture is asked for only where the pointer rests: on its way it passes hundreds.
function showTip(view, point = view.hover) {
  const { tip } = view;
  clearTimeout(view.resting);
  tip.root.hidden = point < 0;
  if (point < 0) return;
  const [first, ...others] = describe(view, point);
  tip.words.replaceChildren(element("b", "", first), ...others.map((line) => element("span", "", line)));
  tip.words.classList.toggle("wrong", Boolean(view.points.wrong[point]));
  const address = `${view.header.images}${view.points.index[point]}.png?v=${view.header.version}`;
  if (tip.address !== address) {
    tip.address = address;
    tip.picture.style.visibility = "hidden";
    view.resting = setTimeout(() => (tip.picture.src = address), 30);
  }
  const [x, y] = placeOf(view, point);
  const beside = (place, size, room) => (place + 14 + size < room ? place + 14 : Math.max(place - 14 - size, 2));
  tip.root.style.left = `${beside(x, tip.root.offsetWidth, view.width)}px`;
  tip.root.style.top = `${beside(y, tip.root.offsetHeight, view.height)}px`;
}

function makeTip() {
  const root = element("div", "tip");
  const [picture, words] = [element("img", ""), element("div", "words")];
  root.hidden = true;
  picture.alt = "";
  picture.onload = () => (picture.style.visibility = "visible");
  root.append(picture, words);
  return { root, picture, words, address: "" };
}

function say(view, words) {
  view.live.textContent = words;
}
