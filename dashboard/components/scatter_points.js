// The points as they come from the server: whole numbers on a grid, so that what lies inside a lasso
// comes out here as it does there (core/review/lasso.py).
const GRID = 65535;
const CORNER_STEP = 17; // a corner's place c in [0, 4095] stands for 17 c − 2040 on the grid
const CORNER_START = -2040;
const CORNER_LAST = 4095;
const MOST_CORNERS = 40;
const BUCKET_BITS = 9; // the index of places has 128 × 128 buckets
const BUCKETS = 1 << (16 - BUCKET_BITS);

function unpack(bytes) {
  const copy = bytes.slice(); // typed arrays must begin at a whole four bytes
  const length = new DataView(copy.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(copy.subarray(4, 4 + length)));
  const count = header.count;
  let at = 4 + length;
  const take = (Type) => {
    const values = new Type(copy.buffer, at, count);
    at += values.byteLength;
    return values;
  };
  const points = { count, index: take(Uint32Array) };
  for (const name of ["x", "y", "true", "predicted", "confidence", "group"]) {
    points[name] = take(Uint16Array);
  }
  points.marked = take(Uint8Array);
  points.wrong = points.true.map((label, point) => Number(label !== points.predicted[point]));
  return { header, points };
}

// Points by the bucket they lie in, for finding the nearest one.
function bucketed(points) {
  const { count, x, y } = points;
  const starts = new Uint32Array(BUCKETS * BUCKETS + 1);
  const bucketOf = (point) => (y[point] >> BUCKET_BITS) * BUCKETS + (x[point] >> BUCKET_BITS);
  for (let point = 0; point < count; point += 1) starts[bucketOf(point) + 1] += 1;
  for (let at = 1; at < starts.length; at += 1) starts[at] += starts[at - 1];
  const order = new Uint32Array(count);
  const next = starts.slice();
  for (let point = 0; point < count; point += 1) order[next[bucketOf(point)]++] = point;
  return { starts, order };
}

// The nearest point that is shown, not farther than `reach` on the grid; a wrong one goes first, as
// it lies on top.
function nearest(points, index, shown, gx, gy, reach) {
  const clamp = (value) => Math.min(Math.max(Math.floor(value) >> BUCKET_BITS, 0), BUCKETS - 1);
  let [best, least] = [-1, reach * reach];
  for (let row = clamp(gy - reach); row <= clamp(gy + reach); row += 1) {
    const from = index.starts[row * BUCKETS + clamp(gx - reach)];
    const to = index.starts[row * BUCKETS + clamp(gx + reach) + 1];
    for (let at = from; at < to; at += 1) {
      const point = index.order[at];
      if (!shown[point]) continue;
      const square = (points.x[point] - gx) ** 2 + (points.y[point] - gy) ** 2;
      const distance = points.wrong[point] ? square / 4 : square;
      if (square <= reach * reach && distance < least) [best, least] = [point, distance];
    }
  }
  return best;
}

// The next point that is shown in one of four directions: near, and not far off the direct way.
function neighbour(points, shown, from, dx, dy) {
  let [best, least] = [from, Infinity];
  for (let point = 0; point < points.count; point += 1) {
    if (!shown[point] || point === from) continue;
    const [rx, ry] = [points.x[point] - points.x[from], points.y[point] - points.y[from]];
    const along = rx * dx + ry * dy;
    const aside = Math.abs(rx * dy) + Math.abs(ry * dx);
    if (along > 0 && aside <= 2 * along && along + 2 * aside < least) {
      [best, least] = [point, along + 2 * aside];
    }
  }
  return best;
}

function cornerOf(value) {
  return Math.min(Math.max(Math.round((value - CORNER_START) / CORNER_STEP), 0), CORNER_LAST);
}

// Which corners matter (Douglas and Peucker 1973).
function thinned(line, tolerance) {
  const kept = new Uint8Array(line.length);
  kept[0] = kept[line.length - 1] = 1;
  const waiting = [[0, line.length - 1]];
  while (waiting.length) {
    const [first, last] = waiting.pop();
    const [[ax, ay], [bx, by]] = [line[first], line[last]];
    const length = Math.hypot(bx - ax, by - ay);
    let [farthest, most] = [-1, tolerance];
    for (let at = first + 1; at < last; at += 1) {
      const [px, py] = line[at];
      const off = length
        ? Math.abs((bx - ax) * (py - ay) - (by - ay) * (px - ax)) / length
        : Math.hypot(px - ax, py - ay);
      if (off > most) [farthest, most] = [at, off];
    }
    if (farthest >= 0) {
      kept[farthest] = 1;
      waiting.push([first, farthest], [farthest, last]);
    }
  }
  return line.filter((_, at) => kept[at]);
}

// A drawn line as few corners [c, c], as the address keeps them.
function polygonOf(line) {
  let tolerance = 40;
  let corners = thinned(line, tolerance);
  while (corners.length > MOST_CORNERS) corners = thinned(line, (tolerance *= 1.5));
  const polygon = corners.map(([x, y]) => [cornerOf(x), cornerOf(y)]);
  return polygon.filter(([x, y], at) => !at || x !== polygon[at - 1][0] || y !== polygon[at - 1][1]);
}

// Where the line winds around a point, it is inside: whole numbers, so that nothing is rounded.
function inside(points, polygon) {
  const found = new Uint8Array(points.count);
  const grid = polygon.map((corner) => corner.map((at) => at * CORNER_STEP + CORNER_START));
  for (let point = 0; point < points.count; point += 1) {
    const [x, y] = [points.x[point], points.y[point]];
    let winding = 0;
    for (let at = 0; at < grid.length; at += 1) {
      const [x0, y0] = grid[at];
      const [x1, y1] = grid[(at + 1) % grid.length];
      const side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0);
      if (y0 <= y && y < y1 && side > 0) winding += 1;
      else if (y1 <= y && y < y0 && side < 0) winding -= 1;
    }
    found[point] = Number(winding !== 0);
  }
  return found;
}
