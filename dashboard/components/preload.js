// Reads and compiles Plotly while nothing else happens: the first chart then appears at once.
export default function () {
  const load = () => loadPlotly().catch(() => {}); // the first chart tells, if it comes to that
  if (window.requestIdleCallback) window.requestIdleCallback(load, { timeout: 2000 });
  else window.setTimeout(load, 500);
}
