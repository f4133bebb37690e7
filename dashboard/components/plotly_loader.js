// Put in front of the scripts of the components that need Plotly.
const PLOTLY_URL = window.location.origin + "__PLOTLY_PATH__";

// One script tag for all charts of the page, however many are mounted at once.
function loadPlotly() {
  window.convscopePlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = PLOTLY_URL;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("the chart library could not be loaded"));
    document.head.append(script);
  });
  return window.convscopePlotly;
}
