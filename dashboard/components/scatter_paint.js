// Painting tens of thousands of points: small discs blended straight into the pixels of a canvas,
// which takes milliseconds also where there is no GPU.
const discs = new Map();

// A disc's pixels around its middle as steps through the image's bytes, and how much of each it
// covers. Flat arrays: this is what every point goes through.
function disc(radius, width) {
  const key = `${Math.round(radius * 10)} ${width}`;
  if (discs.has(key)) return discs.get(key);
  if (discs.size > 200) discs.clear();
  const reach = Math.ceil(radius);
  const [steps, covers] = [[], []];
  for (let dy = -reach; dy <= reach; dy += 1) {
    for (let dx = -reach; dx <= reach; dx += 1) {
      const cover = Math.min(Math.max(radius + 0.5 - Math.hypot(dx, dy), 0), 1);
      if (cover < 0.04) continue;
      steps.push((dy * width + dx) * 4);
      covers.push(cover);
    }
  }
  const made = { reach, steps: Int32Array.from(steps), covers: Float32Array.from(covers) };
  discs.set(key, made);
  return made;
}

function stamp(image, column, row, { reach, steps, covers }, color, alpha) {
  const { data, width, height } = image;
  if (column < reach || row < reach || column >= width - reach || row >= height - reach) return;
  const [red, green, blue] = [color[0], color[1], color[2]];
  const middle = (row * width + column) * 4;
  for (let pixel = 0; pixel < steps.length; pixel += 1) {
    const at = middle + steps[pixel];
    const share = covers[pixel] * alpha;
    data[at] += (red - data[at]) * share;
    data[at + 1] += (green - data[at + 1]) * share;
    data[at + 2] += (blue - data[at + 2]) * share;
  }
}

// Radius of a point in device pixels: many are small, and grow a little as one comes closer.
function radiusOf(view) {
  const plain = Math.min(Math.max(230 / Math.sqrt(Math.max(view.points.count, 1)), 1.25), 3.6);
  const closer = Math.min((view.camera.scale / view.fit.scale) ** 0.35, 2.2);
  return plain * Math.max(closer, 0.8) * view.ratio;
}

// How much errors stand out, in [0, 1]: where most answers are wrong, rings would hide the colours.
function stressOf(view) {
  return Math.min(Math.sqrt(500 / Math.max(view.numWrong, 1)), 1);
}

// The points in the order in which they are painted: errors lie on the others, and what is chosen on
// everything else.
function layersOf(view) {
  const { points, shown } = view;
  const layers = [[], [], [], []];
  for (let point = 0; point < points.count; point += 1) {
    if (shown[point]) layers[points.marked[point] * 2 + points.wrong[point]].push(point);
  }
  return layers;
}

function paint(view) {
  const { canvas, points, camera, ratio, colors, px, py } = view;
  const context = canvas.getContext("2d", { alpha: false });
  if (!view.image || view.image.width !== canvas.width || view.image.height !== canvas.height) {
    view.image = context.createImageData(canvas.width, canvas.height);
  }
  const { image } = view;
  const [red, green, blue] = colors.background;
  new Uint32Array(image.data.buffer).fill((255 << 24) | (blue << 16) | (green << 8) | red);
  const scale = camera.scale * ratio;
  const [left, top] = [canvas.width / 2 - camera.x * scale, canvas.height / 2 + camera.y * scale];
  const radius = radiusOf(view);
  const stress = stressOf(view);
  const large = radius * (1 + 0.35 * stress) + 0.4 * stress;
  const [small, big, rim] = [radius, large, large + ratio * (0.4 + 0.6 * stress)].map((size) =>
    disc(size, image.width),
  );
  const usual = points.count > 20_000 ? 0.6 : 0.8;
  view.layers.forEach((layer, number) => {
    const faint = view.numMarked > 0 && number < 2;
    const wrong = number % 2 === 1;
    const alpha = faint ? usual * 0.16 : wrong ? 1 : usual;
    for (const point of layer) {
      const column = Math.round(left + px[point] * scale);
      const row = Math.round(top - py[point] * scale);
      if (wrong) stamp(image, column, row, rim, colors.text, (faint ? 0.2 : 0.9) * stress);
      stamp(image, column, row, wrong ? big : small, colors.groups[points.group[point]], alpha);
    }
  });
  context.putImageData(image, 0, 0);
}

function placeOf(view, point) {
  const { camera, width, height, px, py } = view;
  return [
    width / 2 + (px[point] - camera.x) * camera.scale,
    height / 2 - (py[point] - camera.y) * camera.scale,
  ];
}

function gridOf(view, x, y) {
  const { camera, width, height } = view;
  return [camera.x + (x - width / 2) / camera.scale, camera.y - (y - height / 2) / camera.scale];
}

// What moves with the pointer: the line that is being drawn, rings, the keyboard's circle.
function paintOverlay(view) {
  const { overlay, ratio, palette } = view;
  const context = overlay.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  const ring = (point, radius, color, width) => {
    const [x, y] = placeOf(view, point);
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.lineWidth = width;
    context.strokeStyle = color;
    context.stroke();
  };
  if (view.opened >= 0) {
    ring(view.opened, 10, palette.background, 5);
    ring(view.opened, 10, palette.primary, 2.5);
  }
  if (view.hover >= 0) ring(view.hover, 7, palette.text, 1.5);
  if (view.focused && view.cursor >= 0) {
    ring(view.cursor, 7, palette.text, 2);
    context.setLineDash([4, 4]);
    ring(view.cursor, view.brush, palette.primary, 1.5);
    context.setLineDash([]);
  }
  if (!view.line || view.line.length < 2) return;
  context.beginPath();
  view.line.forEach(([x, y]) => context.lineTo(x, y));
  context.closePath();
  context.fillStyle = `${palette.primary}22`;
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = palette.primary;
  context.stroke();
}
