// A Plotly chart that is updated in place: the node, the zoom and the hover stay while data arrives.
const CONFIG = {
  displaylogo: false,
  displayModeBar: "hover",
  plotlyServerURL: "", // nothing leaves this machine: the button that uploads a chart goes too
  modeBarButtonsToRemove: [
    "sendChartToCloud", "select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d",
  ],
  doubleClick: "reset",
};

// "@train" is a colour of the theme, "@categorical.2" the third of a scale, "@train/0.2" transparent.
// "#000000|#ffffff" is the first on the light theme and the second on the dark one.
function inTheme(token, palette) {
  const themes = token.split("|");
  if (themes.length === 2) return inTheme(themes[palette === PALETTES.dark ? 1 : 0], palette);
  const parts = /^@(([a-z]+)(?:\.\d+)?)(?:\/([\d.]+))?$/.exec(token);
  if (!parts || !(parts[2] in palette)) return token;
  const color = colorOf(parts[1], palette);
  return parts[3] === undefined ? color : `rgba(${bytesOf(color)},${parts[3]})`;
}

// Only values under a key that names a colour are looked up: a run may well be called "@train".
function themed(value, palette, isColor) {
  if (typeof value === "string") return isColor ? inTheme(value, palette) : value;
  if (Array.isArray(value)) {
    const numbers = !isColor && typeof value[0] === "number";
    return numbers ? value : value.map((item) => themed(item, palette, isColor));
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, themed(item, palette, /color/i.test(key))]),
  );
}

function template(palette, element) {
  const axis = {
    gridcolor: palette.border,
    linecolor: palette.border,
    zerolinecolor: palette.border,
    tickcolor: palette.border,
    title: { font: { size: 12, color: palette.muted }, standoff: 8 },
    tickfont: { size: 11, color: palette.muted },
    automargin: true,
  };
  const font = getComputedStyle(element).fontFamily;
  return {
    layout: {
      font: { family: font, size: 12, color: palette.text },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      colorway: palette.categorical,
      margin: { l: 8, r: 8, t: 28, b: 8 },
      xaxis: axis,
      yaxis: axis,
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 12 } },
      hoverlabel: {
        bgcolor: palette.surface,
        bordercolor: palette.border,
        font: { family: font, size: 12, color: palette.text },
      },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: palette.muted, activecolor: palette.primary },
    },
  };
}

function pointOf(event) {
  const point = event.points && event.points[0];
  if (!point) return null;
  const { x, y, z, curveNumber, pointNumber, customdata } = point;
  const several = isSeveral(event.event);
  return { x, y, z, curve: curveNumber, point: pointNumber, customdata, several };
}

const charts = new WeakMap();

// Plotly draws in several turns of the event loop. One task at a time: a chart that is taken away in
// the middle of one would leave it with nothing to draw on.
function enqueue(chart, task) {
  chart.work = chart.work
    .then(() => (chart.removed ? undefined : task()))
    .catch((error) => {
      if (!chart.removed) console.error(error);
    });
}

async function draw(chart) {
  const { data, element } = chart;
  element.style.height = `${data.height}px`;
  element.setAttribute("aria-label", data.label);
  // What is inside an image is hidden from a screen reader; buttons must not be.
  element.setAttribute("role", headersOf(data) ? "group" : "img");
  const palette = showingPalette(element);
  // A page that is drawn anew sends its charts again: an unchanged one is left as it is.
  const content = JSON.stringify([data.figure, data.height, element.clientWidth]);
  if (chart.wired && chart.content === content && chart.palette === palette) return;
  const figure = themed(data.figure, palette, false);
  const layout = { ...figure.layout, template: template(palette, element), height: data.height };
  layout.width = element.clientWidth || undefined;
  let Plotly;
  try {
    Plotly = await loadPlotly();
    await turn(chart);
  } catch (error) {
    element.textContent = `No chart: ${error.message}. Reload the page.`;
    return;
  }
  if (chart.removed || chart.data !== data) return; // a newer update overtook this one
  const focused = focusedHeader(chart);
  // Its buttons would lie upon labels that can be pressed, and stop the Tab key before a matrix.
  const isBare = headersOf(data) || data.figure.layout.meta?.cells;
  const config = isBare ? { ...CONFIG, displayModeBar: false } : CONFIG;
  await redraw(Plotly, chart, figure.data, layout, config);
  Object.assign(chart, { content, palette });
  if (!chart.wired) wire(chart);
  markParts(chart);
  if (focused) headerNode(element, focused)?.focus();
}

function markParts(chart) {
  markHeaders(chart);
  markCells(chart);
  fitNumbers(chart);
}

function wire(chart) {
  chart.wired = true;
  chart.press = (point) => {
    if (point && chart.data.clickable) tell(chart, point);
  };
  // Plotly looks only every 50 ms where the mouse is, also for a click, unless it is told that the
  // mouse was away: a quick click would be one on the point before.
  chart.element.addEventListener("mousedown", () => window.Plotly.Fx.unhover(chart.element), true);
  chart.element.on("plotly_click", (event) => chart.press(pointOf(event)));
  chart.element.on("plotly_afterplot", () => markParts(chart)); // a new width draws anew, too
  wireHeaders(chart);
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const element = parentElement.querySelector(".convscope-plot");
  if (!element || !data) return undefined;
  let chart = charts.get(parentElement);
  if (!chart) {
    chart = { element, wired: false, removed: false, work: Promise.resolve(), ...begunEvents() };
    chart.observer = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (chart.wired && width && width !== element._fullLayout?.width) {
        enqueue(chart, () => window.Plotly.relayout(element, { width }));
      }
    });
    chart.observer.observe(parentElement);
    charts.set(parentElement, chart);
  }
  chart.data = data;
  chart.send = setStateValue;
  element.style.cursor = data.clickable ? "pointer" : "";
  enqueue(chart, () => draw(chart));
  return () => {
    chart.removed = true;
    chart.observer.disconnect();
    charts.delete(parentElement);
    chart.work.then(() => {
      const isTaken = charts.get(parentElement)?.element === element; // mounted again meanwhile
      if (window.Plotly && !isTaken) window.Plotly.purge(element);
    });
  };
}
