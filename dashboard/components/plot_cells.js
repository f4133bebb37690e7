// A cursor for the cells of a matrix, which no key could reach otherwise: one tab stop for all of
// them, arrows walk, Enter chooses, Escape leaves. A figure asks for it by layout.meta.cells, with
// what is chosen; its heatmaps carry [row, column] of every cell, and its headers, where it has
// some, stand before the first row and the first column.
const WALK_HINT = "Arrow keys walk, Escape leaves";
const CHOOSE_HINT = "Arrow keys walk, Enter chooses, Shift with Enter adds, Escape leaves";
const SMALLEST_DIGITS = 8; // px
const STEPS = {
  ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0],
  Home: [0, -Infinity], End: [0, Infinity], PageUp: [-Infinity, 0], PageDown: [Infinity, 0],
};

// The cells as they are drawn, rows from the top and columns from the left; null where none are
// asked for.
function matrixOf(data) {
  const { meta } = data.figure.layout;
  if (!meta?.cells) return null;
  const maps = data.figure.data.filter((trace) => trace.type === "heatmap");
  const columns = maps.flatMap((trace) =>
    trace.customdata[0].map(([, id], at) => ({ id, at, trace, sides: sidesOf(trace, at) })),
  );
  const rows = maps[0].customdata.map(([[id]], at) => ({ id, sides: [at - 0.5, at + 0.5] }));
  const headers = headersOf(data);
  return { rows, columns, headers, first: headers ? 1 : 0, chosen: meta.cells.chosen };
}

// A trace tells the middle of each column, or all of their edges.
function sidesOf({ x, customdata }, at) {
  return x.length > customdata[0].length ? [x[at], x[at + 1]] : [x[at] - 0.5, x[at] + 0.5];
}

// What stands at a place; −1 is the header of the row or of the column.
function found(matrix, { row, column }) {
  if (column < 0) return matrix.headers.y[row];
  if (row < 0) return matrix.headers.x[column];
  const { trace, at } = matrix.columns[column];
  return { data: trace.customdata[row][at], label: wordsOf(trace.hovertext[row][at]) };
}

// Where a cell or header stands, which the figure names by [row, column]; the last one for one that
// is there no more, as the column of what is not answered.
function placeOf(matrix, [row, column]) {
  const at = (line, id) => {
    if (id === null) return matrix.headers ? -1 : 0;
    const place = line.findIndex((one) => one.id === id);
    return place < 0 ? line.length - 1 : place;
  };
  return { row: at(matrix.rows, row), column: at(matrix.columns, column) };
}

// What the mouse is told, to be read out: without marks, and without a line drawn of blocks.
function wordsOf(hover) {
  const lines = hover.split("<br>").filter((line) => !/[▁-█]{2,}$/.test(line));
  return new DOMParser().parseFromString(lines.join(", "), "text/html").body.textContent;
}

// The tab stop, after each drawing; it is there only where a figure asks for it.
function markCells(chart) {
  chart.matrix = matrixOf(chart.data);
  if (!chart.matrix) {
    chart.grid?.remove();
    chart.grid = null;
    return;
  }
  chart.grid ??= madeGrid(chart);
  const { grid, matrix, data } = chart;
  const hint = data.clickable ? CHOOSE_HINT : WALK_HINT;
  grid.setAttribute("aria-label", `${data.label}. ${hint}.`);
  grid.setAttribute("aria-rowcount", matrix.rows.length + matrix.first);
  grid.setAttribute("aria-colcount", matrix.columns.length + matrix.first);
  const focused = isWalked(chart);
  // Who comes back begins at what was chosen last.
  if (!focused) chart.cursor = matrix.chosen.at(-1) ?? chart.cursor;
  chart.cursor ??= [matrix.rows[0].id, matrix.columns[0].id];
  const cell = grid.querySelector(".cell");
  if (cell) describe(chart, cell);
  else step(chart);
  if (focused) showWords(chart);
}

function madeGrid(chart) {
  const grid = element("div", "convscope-cells");
  grid.setAttribute("role", "grid");
  grid.setAttribute("aria-multiselectable", "true");
  grid.addEventListener("keydown", (event) => keyPressed(chart, event));
  grid.addEventListener("focusin", () => showWords(chart));
  grid.addEventListener("focusout", (event) => {
    if (!grid.contains(event.relatedTarget)) window.Plotly.Fx.unhover(chart.element);
  });
  chart.element.after(grid);
  return grid;
}

function isWalked({ grid }) {
  return grid.contains(grid.getRootNode().activeElement);
}

// Each step makes a new cell and gives it the focus: that is what a screen reader reads out.
function step(chart) {
  const [focused, before] = [isWalked(chart), chart.grid.firstChild];
  const [row, cell] = [element("div", ""), element("div", "cell")];
  row.setAttribute("role", "row");
  cell.tabIndex = 0;
  row.append(cell);
  chart.grid.append(row);
  describe(chart, cell);
  if (focused) cell.focus();
  before?.remove();
}

function describe(chart, cell) {
  const { matrix, cursor } = chart;
  const place = placeOf(matrix, cursor);
  const { data, label } = found(matrix, place);
  const isChosen = matrix.chosen.some((one) => one[0] === data[0] && one[1] === data[1]);
  const role = place.column < 0 ? "rowheader" : place.row < 0 ? "columnheader" : "gridcell";
  cell.setAttribute("role", role);
  cell.setAttribute("aria-label", label);
  cell.setAttribute("aria-selected", String(isChosen));
  cell.setAttribute("aria-colindex", place.column + matrix.first + 1);
  cell.parentElement.setAttribute("aria-rowindex", place.row + matrix.first + 1);
  for (const [side, pixels] of Object.entries(boxOf(chart, place))) cell.style[side] = `${pixels}px`;
}

function boxOf({ element: drawing, grid, matrix }, { row, column }) {
  if (row >= 0 && column >= 0) {
    const { xaxis, yaxis } = drawing._fullLayout;
    const [left, right] = matrix.columns[column].sides.map((side) => xaxis._offset + xaxis.l2p(side));
    const [top, bottom] = matrix.rows[row].sides.map((side) => yaxis._offset + yaxis.l2p(side));
    return { left, top, width: right - left, height: bottom - top };
  }
  const header = headerNode(drawing, row < 0 ? { axis: "x", tick: column } : { axis: "y", tick: row });
  const [box, origin] = [header.getBoundingClientRect(), grid.getBoundingClientRect()];
  const width = Math.max(box.width + 2, 14); // room for the ring around a single digit
  const left = box.left - origin.left - (width - box.width) / 2;
  return { left, top: box.top - origin.top, width, height: box.height };
}

// As under the mouse.
function showWords({ element: drawing, matrix, cursor }) {
  const { row, column } = placeOf(matrix, cursor);
  if (row < 0 || column < 0) {
    window.Plotly.Fx.unhover(drawing);
    return;
  }
  const [left, right] = matrix.columns[column].sides;
  window.Plotly.Fx.hover(drawing, { xval: (left + right) / 2, yval: row });
}

function walk(chart, [down, right]) {
  const { matrix, cursor } = chart;
  const { row, column } = placeOf(matrix, cursor);
  // There is nothing where the headers of rows and columns meet.
  const next = (line, at, by, other) =>
    Math.min(Math.max(at + by, other < 0 ? 0 : -matrix.first), line.length - 1);
  const place = down
    ? { row: next(matrix.rows, row, down, column), column }
    : { row, column: next(matrix.columns, column, right, row) };
  chart.cursor = found(matrix, place).data;
  step(chart);
}

function keyPressed(chart, event) {
  if (event.altKey) return;
  const isStep = event.key in STEPS && !event.ctrlKey && !event.metaKey;
  if (isStep) walk(chart, STEPS[event.key]);
  else if (event.key === "Escape") event.target.blur();
  else if (event.key !== "Enter" && event.key !== " ") return;
  else if (!event.repeat) chart.press({ customdata: chart.cursor, several: isSeveral(event) });
  event.preventDefault();
  event.stopPropagation();
}

// As large as the widest number has room in its cell; where that could not be read any more, what
// does not fit is left out.
function fitNumbers({ element: drawing, matrix }) {
  const numbers = matrix ? [...drawing.querySelectorAll(".textpoint text")] : [];
  if (!numbers.length) return;
  const { xaxis } = drawing._fullLayout;
  const room = xaxis.l2p(1) - xaxis.l2p(0) - 3;
  const widths = numbers.map((number) => number.getComputedTextLength());
  const least = SMALLEST_DIGITS / parseFloat(numbers[0].style.fontSize);
  const scale = Math.min(1, Math.max(room / Math.max(...widths), least));
  numbers.forEach((number, at) => {
    number.style.transform = scale < 1 ? `scale(${scale})` : "";
    number.style.visibility = widths[at] * scale > room + 0.01 ? "hidden" : "";
  });
}
