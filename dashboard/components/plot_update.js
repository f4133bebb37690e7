// How a chart that is shown already comes to show another figure, as cheaply as may be.
const MOST_WAIT = 250; // ms that a chart out of sight waits for a quiet moment

// What is chosen in a chart is outlined: moving the outlines takes a tenth of drawing all of it.
async function redraw(Plotly, chart, data, layout, config) {
  const { shapes = [], meta, ...rest } = layout;
  const below = JSON.stringify([data, rest, config]);
  const onlyOutlines = chart.wired && chart.below === below;
  chart.below = below;
  if (!onlyOutlines) return Plotly.react(chart.element, data, layout, config);
  chart.element.layout.meta = meta;
  return Plotly.relayout(chart.element, { shapes });
}

function isInSight(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < window.innerHeight;
}

// What can be seen is painted first: a chart further down the page gives way to it.
function turn(chart) {
  if (!chart.wired || isInSight(chart.element)) return Promise.resolve();
  return new Promise((done) => {
    if (window.requestIdleCallback) requestIdleCallback(done, { timeout: MOST_WAIT });
    else setTimeout(done, MOST_WAIT / 4);
  });
}
