// From numbers to pixels: colour tables of the theme that is showing, and a map as an image.
const STEPS = 256;

function table(stops) {
  const rgb = stops.map(bytesOf);
  const colors = new Uint32Array(STEPS);
  for (let step = 0; step < STEPS; step += 1) {
    const position = (step / (STEPS - 1)) * (rgb.length - 1);
    const below = Math.min(Math.floor(position), rgb.length - 2);
    const [r, g, b] = [0, 1, 2].map((channel) => {
      const [first, second] = [rgb[below][channel], rgb[below + 1][channel]];
      return Math.round(first + (second - first) * (position - below));
    });
    colors[step] = (255 << 24) | (b << 16) | (g << 8) | r;
  }
  return colors;
}

function themeOf(element) {
  const palette = showingPalette(element);
  return { palette, diverging: table(palette.diverging), gray: table(["#000000", "#ffffff"]) };
}

function colorIndex(value, low, high) {
  if (!(high > low)) return STEPS >> 1;
  const share = (value - low) / (high - low);
  return Math.round(Math.min(Math.max(share, 0), 1) * (STEPS - 1));
}

// One map of its own size on a canvas of its own, to be enlarged without smoothing.
function picture(values, height, width, colors, limit, theme) {
  let [low, high] = [-limit, limit];
  if (colors === "gray") {
    low = Infinity;
    high = -Infinity;
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  const scale = colors === "gray" ? theme.gray : theme.diverging;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let at = 0; at < pixels.length; at += 1) {
    // What is no number is seen as such: magenta is in no scale.
    pixels[at] = Number.isFinite(values[at]) ? scale[colorIndex(values[at], low, high)] : 0xffff00ff;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

// At most six characters, for numbers in a grid.
function brief(value) {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const text = size < 0.01 ? value.toFixed(3) : size < 100 ? String(Number(value.toPrecision(2))) : value.toFixed(0);
  return text.replace("-", "−");
}

function number(value, digits = 4) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-4 || size >= 1e6) ? value.toExponential(2) : Number(value.toPrecision(digits)).toString();
  return text.replace("-", "−");
}
