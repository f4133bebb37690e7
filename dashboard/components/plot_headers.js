// Tick labels that are buttons, for the whole row or column of a matrix: Plotly reports no click on
// them. A figure asks for them in layout.meta.headers: for each axis one entry a tick, with what to
// report (data), its name (label) and whether it is chosen (pressed).
const AXES = ["x", "y"];

function headersOf(data) {
  return data.clickable ? data.figure.layout.meta?.headers : undefined;
}

function headerOf(chart, node) {
  const { axis, tick } = node.dataset;
  return headersOf(chart.data)?.[axis]?.[Number(tick)];
}

// The labels are Plotly's own: after each drawing some are new, and some stand for another tick.
function markHeaders(chart) {
  const { element, data } = chart;
  const headers = headersOf(data);
  if (!headers) return;
  for (const axis of AXES) {
    const values = element.layout[`${axis}axis`].tickvals;
    for (const node of element.querySelectorAll(`.${axis}tick`)) {
      const tick = values.indexOf(node.__data__.x); // what D3 has drawn the label for
      const header = headers[axis][tick];
      if (!header) continue;
      Object.assign(node.dataset, { axis, tick });
      node.classList.add("header");
      node.setAttribute("role", "button");
      // The cursor of the cells reaches them, where there is one: one tab stop for all.
      node.setAttribute("tabindex", data.figure.layout.meta.cells ? "-1" : "0");
      node.setAttribute("aria-label", header.label);
      node.setAttribute("aria-pressed", String(header.pressed));
    }
  }
}

function focusedHeader(chart) {
  const node = chart.element.getRootNode().activeElement;
  return node && chart.element.contains(node) && node.dataset.axis ? { ...node.dataset } : null;
}

function headerNode(drawing, { axis, tick }) {
  return drawing.querySelector(`.header[data-axis="${axis}"][data-tick="${tick}"]`);
}

function wireHeaders(chart) {
  const press = (event) => {
    const node = event.target.closest?.(".header");
    const header = node && headerOf(chart, node);
    if (!header) return;
    event.preventDefault();
    chart.press({ customdata: header.data, several: isSeveral(event) });
  };
  chart.element.addEventListener("click", press);
  chart.element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") press(event);
  });
}

// Shift, Ctrl or the command key: to what is chosen already, not instead of it.
function isSeveral(event) {
  return Boolean(event && (event.shiftKey || event.ctrlKey || event.metaKey));
}
