// What is drawn on a card: kernels on a canvas, and the way of the norm as a line.
const GAP = 2; // between the kernels of a filter, in screen pixels
const PADDING = 10; // left and right of them together
const LARGEST = 36; // screen pixels for a weight

function unpack(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const text = new TextDecoder().decode(bytes.subarray(4, 4 + length));
  // A copy: where the bytes lie in the message is no multiple of four.
  const floats = new Float32Array(bytes.slice(4 + length).buffer);
  const data = JSON.parse(text);
  data.size = data.shape.reduce((product, side) => product * side, 1);
  data.weights = floats.subarray(0, data.cards.length * data.size);
  data.norms = floats.subarray(data.cards.length * data.size);
  return data;
}

// How the kernels of one filter lie in its card: columns, rows, and screen pixels for a weight.
function layoutOf(data) {
  const [inputs, height, width] = data.shape;
  const wide = data.cards.length <= 8 ? 190 : data.cards.length <= 20 ? 120 : 96;
  const columns = inputs <= 3 ? inputs : Math.ceil(Math.sqrt(inputs * 1.4));
  const room = (wide - PADDING - (columns - 1) * GAP) / (columns * width);
  const cell = Math.max(1, Math.min(LARGEST, Math.floor(room)));
  const rows = Math.ceil(inputs / columns);
  return {
    columns, rows, cell, wide: Math.max(wide, columns * (width * cell + GAP) - GAP + PADDING),
    mapWidth: width * cell + GAP, mapHeight: height * cell + GAP,
    canvasWidth: columns * (width * cell + GAP) - GAP,
    canvasHeight: rows * (height * cell + GAP) - GAP,
  };
}

function largest(values, from, to) {
  let reach = 0;
  for (let at = from; at < to; at += 1) reach = Math.max(reach, Math.abs(values[at]));
  return reach;
}

function drawKernels(cards, canvas, position) {
  const { data, layout, theme } = cards;
  const [inputs, height, width] = data.shape;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(layout.canvasWidth * ratio);
  canvas.height = Math.round(layout.canvasHeight * ratio);
  Object.assign(canvas.style, { width: `${layout.canvasWidth}px`, height: `${layout.canvasHeight}px` });
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.imageSmoothingEnabled = false;
  const start = position * data.size;
  const own = data.per_filter ? largest(data.weights, start, start + data.size) : null;
  for (let input = 0; input < inputs; input += 1) {
    const from = start + input * height * width;
    const reach = data.limit ?? own ?? largest(data.weights, from, from + height * width);
    const left = (input % layout.columns) * layout.mapWidth;
    const top = Math.floor(input / layout.columns) * layout.mapHeight;
    const values = data.weights.subarray(from, from + height * width);
    const image = picture(values, height, width, "diverging", reach, theme);
    context.drawImage(image, left, top, width * layout.cell, height * layout.cell);
    if (layout.cell > 2) {
      // A frame: a kernel near zero has the colour of the page.
      context.strokeStyle = theme.palette.border;
      context.lineWidth = 1;
      context.strokeRect(left + 0.5, top + 0.5, width * layout.cell - 1, height * layout.cell - 1);
    }
  }
}

const LINE = { width: 100, height: 18 };

function linePoints(data, position) {
  const count = data.epochs.length;
  const [low, high] = data.norm_range;
  const [first, last] = [data.epochs[0], data.epochs[count - 1]];
  return data.epochs.map((epoch, at) => {
    const share = high > low ? (data.norms[position * count + at] - low) / (high - low) : 0.5;
    const x = last > first ? ((epoch - first) / (last - first)) * LINE.width : LINE.width / 2;
    return { epoch, x, y: LINE.height - 2 - share * (LINE.height - 4), norm: data.norms[position * count + at] };
  });
}

// The dot marks the epoch that is shown, or the one before it that the line has.
function drawLine(data, line, position) {
  const points = linePoints(data, position);
  const path = points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  const shown = points.filter(({ epoch }) => epoch <= data.epoch).pop() ?? points[0];
  const dot = drawn("svg", { x: `${shown.x}%`, y: shown.y, overflow: "visible", width: 1, height: 1 });
  dot.append(drawn("circle", { class: "dot", cx: 0, cy: 0, r: 2.6 }));
  const stretched = drawn("svg", { viewBox: `0 0 ${LINE.width} ${LINE.height}`, preserveAspectRatio: "none" });
  stretched.append(drawn("polyline", { class: "line", points: path }));
  line.replaceChildren(stretched, dot);
}
