// What lies over the maps: frames of the cursor and the choice, edges and kernels of what feeds it.
const MOST_EDGES = 160; // more would be a solid surface

function tileBox(view, group, map) {
  const canvas = group.canvas ?? group.rows[map];
  const outer = view.inner.getBoundingClientRect();
  const box = canvas.getBoundingClientRect();
  const [left, top] = [box.left - outer.left, box.top - outer.top];
  if (!group.canvas) return { left, top, width: box.width, height: box.height };
  const column = map % group.perRow;
  const row = Math.floor(map / group.perRow);
  return {
    left: left + column * (group.tileWidth + GAP),
    top: top + row * (group.tileHeight + group.captionHeight + GAP),
    width: group.tileWidth,
    height: group.tileHeight,
  };
}

function cellBox(view, group, map, [top, left, bottom, right]) {
  const box = tileBox(view, group, map);
  const [, height, width] = group.shape;
  const [y, x] = [box.height / height, box.width / width];
  return { left: box.left + left * x, top: box.top + top * y, width: (right - left) * x, height: (bottom - top) * y };
}

function frame(context, box, color, width, dash = []) {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.setLineDash(dash);
  context.strokeRect(box.left, box.top, box.width, box.height);
  context.setLineDash([]);
}

// What a map reads of a source: pairs of the source's map and the index of its kernel.
function feeding(group, map, source) {
  const count = source.shape[0];
  if (group.reads === "same") return map < count ? [map] : [];
  if (group.reads === "flat") return [Math.floor(map / (source.shape[1] * source.shape[2]))].filter((at) => at < count);
  return Array.from({ length: count }, (_, at) => at);
}

function edge(context, from, to, color) {
  const [x0, y0] = [from.left + from.width, from.top + from.height / 2];
  const [x1, y1] = [to.left, to.top + to.height / 2];
  const middle = (x0 + x1) / 2;
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x0, y0);
  context.bezierCurveTo(middle, y0, middle, y1, x1, y1);
  context.stroke();
}

function kernelTile(view, context, group, map, input, box) {
  const [, inputs, kh, kw] = group.kernelShape;
  const size = kh * kw;
  const start = map * inputs * size;
  const all = group.kernels.subarray(start, start + inputs * size);
  const own = all.subarray(input * size, (input + 1) * size);
  const image = picture(own, kh, kw, "diverging", reach(Array.from(all)), view.theme);
  const side = Math.max(14, Math.min(26, box.width * 0.55));
  const [left, top] = [box.left + box.width - side + 5, box.top + (box.height - side) / 2];
  context.imageSmoothingEnabled = false;
  context.drawImage(image, left, top, side, side);
  frame(context, { left, top, width: side, height: side }, view.theme.palette.text, 1);
}

function drawFeeding(view, context, group, map) {
  const target = tileBox(view, group, map);
  for (const name of group.sources) {
    const source = view.byName.get(name);
    if (!source) continue;
    const read = feeding(group, map, source);
    const edges = view.header.flow === "columns" && read.length <= MOST_EDGES;
    for (const at of read) {
      const box = tileBox(view, source, at);
      if (edges) edge(context, box, target, `${view.theme.palette.primary}99`);
      if (source.shape[1] > 1 || read.length <= MOST_EDGES) frame(context, box, view.theme.palette.primary, 1);
      if (group.kernels && at < group.kernelShape[1]) kernelTile(view, context, group, map, at, box);
    }
  }
}

function drawWindows(view, context, name, box, seen = 0) {
  for (const link of view.header.links) {
    const source = view.byName.get(link.source);
    if (link.target !== name || !source || seen > 8) continue;
    const [top, left, bottom, right] = box;
    const { stride, padding, size } = link;
    const window = [
      top * stride - padding,
      left * stride - padding,
      (bottom - 1) * stride - padding + size,
      (right - 1) * stride - padding + size,
    ];
    const [count, height, width] = source.shape;
    const inside = [Math.max(window[0], 0), Math.max(window[1], 0), Math.min(window[2], height), Math.min(window[3], width)];
    for (let map = 0; map < count; map += 1) marker(view, context, cellBox(view, source, map, inside));
    drawWindows(view, context, link.source, window, seen + 1);
  }
}

// Seen on black, on white and on every colour of the scales.
function marker(view, context, box) {
  const { palette } = view.theme;
  const wide = { left: box.left - 1, top: box.top - 1, width: box.width + 2, height: box.height + 2 };
  frame(context, wide, palette.background, 3);
  frame(context, wide, palette.warning, 1.5);
}

function drawOverlay(view) {
  const { overlay, inner } = view;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [inner.scrollWidth, inner.scrollHeight];
  if (overlay.width !== Math.round(width * ratio) || overlay.height !== Math.round(height * ratio)) {
    overlay.width = Math.round(width * ratio);
    overlay.height = Math.round(height * ratio);
    overlay.style.width = `${width}px`;
    overlay.style.height = `${height}px`;
  }
  const context = overlay.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const { palette } = view.theme;
  for (const outline of view.header.outlines) {
    const group = view.byName.get(outline.group);
    for (let map = 0; group && map < group.shape[0]; map += 1) {
      marker(view, context, cellBox(view, group, map, [outline.top, outline.left, outline.bottom, outline.right]));
    }
  }
  const lit = view.hover ?? (view.focused ? view.cursor : null) ?? view.selected;
  if (lit) drawFeeding(view, context, lit.group, lit.map);
  if (view.selected) frame(context, tileBox(view, view.selected.group, view.selected.map), palette.primary, 3);
  if (lit) {
    frame(context, tileBox(view, lit.group, lit.map), palette.text, view.focused && !view.hover ? 2 : 1.5);
    const box = [lit.row, lit.column, lit.row + 1, lit.column + 1];
    if (view.header.cells) {
      marker(view, context, cellBox(view, lit.group, lit.map, box));
      drawWindows(view, context, lit.group.name, box);
    }
  }
}
