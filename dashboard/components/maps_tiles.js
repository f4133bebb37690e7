// One group of maps: how large and where each is, drawing them, and which one is under the pointer.
const GAP = 4; // pixels between two maps
const USUAL_HEIGHT = 430; // pixels

// Largest tiles that keep the column within its height; few maps are drawn large, many small.
function arrange(group, { flow, height: tallest }) {
  const [count, height, width] = group.shape;
  const units = height * width === 1;
  const size = units ? (count > 400 ? 5 : count > 64 ? 9 : 13) : count <= 3 ? 84 : count <= 8 ? 64 : count <= 40 ? 36 : 28;
  // A lower drawing has smaller maps in the same places.
  group.tileWidth = group.tile ?? Math.round((size * tallest) / USUAL_HEIGHT);
  group.tileHeight = Math.max(4, Math.round((group.tileWidth * height) / width));
  group.gap = GAP;
  group.captionHeight = group.captions.length && flow === "rows" ? 14 : 0;
  const fits = Math.max(1, Math.floor(tallest / (group.tileHeight + group.captionHeight + GAP)));
  const rows = Math.min(fits, count);
  group.perRow = group.columns ?? (flow === "rows" ? count : Math.ceil(count / rows));
}

function drawGroup(view, group) {
  const [count, height, width] = group.shape;
  const rows = Math.ceil(count / group.perRow);
  const stepX = group.tileWidth + GAP;
  const stepY = group.tileHeight + group.captionHeight + GAP;
  const [w, h] = [group.perRow * stepX - GAP, rows * stepY - GAP];
  const ratio = window.devicePixelRatio || 1;
  group.canvas.width = Math.round(w * ratio);
  group.canvas.height = Math.round(h * ratio);
  group.canvas.style.width = `${w}px`;
  group.canvas.style.height = `${h}px`;
  const context = group.canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.imageSmoothingEnabled = false;
  const { palette } = view.theme;
  context.font = "10px sans-serif";
  context.textBaseline = "top";
  for (let map = 0; map < count; map += 1) {
    const values = group.values.subarray(map * height * width, (map + 1) * height * width);
    const image = picture(values, height, width, group.colors, group.limits[map], view.theme);
    const [x, y] = [(map % group.perRow) * stepX, Math.floor(map / group.perRow) * stepY];
    context.globalAlpha = group.dimmed.includes(map) ? 0.3 : 1;
    context.drawImage(image, x, y, group.tileWidth, group.tileHeight);
    context.strokeStyle = palette.border;
    context.strokeRect(x + 0.5, y + 0.5, group.tileWidth - 1, group.tileHeight - 1);
    if (!group.captionHeight) continue;
    context.fillStyle = palette.muted;
    context.fillText(group.captions[map] ?? "", x, y + group.tileHeight + 3, group.tileWidth);
  }
  context.globalAlpha = 1;
}

function bars(view, group) {
  const most = group.colors === "shares" ? 1 : Math.max(...group.limits, 1e-12);
  const list = element("div", "bars");
  const shares = group.colors === "shares";
  const written = (value) => (shares ? `${(100 * value).toFixed(1)} %` : number(value, 3));
  // Of alternatives the greatest is the answer; a list of contributions has none.
  const best = !group.sources.length ? -1 : group.values.indexOf(Math.max(...group.values));
  group.rows = Array.from(group.values, (value, unit) => {
    const row = element("div", unit === best ? "bar best" : "bar");
    const track = element("span", "track");
    const fill = element("span", value < 0 ? "fill negative" : "fill");
    fill.style.width = `${(100 * Math.abs(value)) / most}%`;
    fill.style.background = value < 0 ? view.theme.palette.bad : view.theme.palette.primary;
    track.append(fill);
    row.append(element("span", "name", group.captions[unit] ?? String(unit)), track, element("span", "value", written(value)));
    wire(view, row, () => ({ group, map: unit, row: 0, column: 0 }));
    return row;
  });
  list.append(...group.rows);
  return list;
}

function under(group, event) {
  const stepX = group.tileWidth + GAP;
  const stepY = group.tileHeight + group.captionHeight + GAP;
  const box = group.canvas.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  const [column, row] = [Math.floor(x / stepX), Math.floor(y / stepY)];
  const map = row * group.perRow + column;
  const [dx, dy] = [x - column * stepX, y - row * stepY];
  if (map < 0 || map >= group.shape[0] || column >= group.perRow || dx < 0 || dy < 0) return null;
  if (dx >= group.tileWidth || dy >= group.tileHeight + group.captionHeight) return null;
  const [, height, width] = group.shape;
  return {
    group,
    map,
    row: Math.min(height - 1, Math.floor((dy / group.tileHeight) * height)),
    column: Math.min(width - 1, Math.floor((dx / group.tileWidth) * width)),
  };
}
