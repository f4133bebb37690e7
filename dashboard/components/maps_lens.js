// The multiplication behind one value of a convolution, written out: window × kernel, sum, bias.
const MOST_TERMS = 6; // input maps that are written out; the strongest ones where there are more

function terms(view, lens, row, column) {
  const inputs = view.byName.get(lens.inputs);
  const kernels = view.byName.get(lens.kernels);
  const [count, height, width] = inputs.shape;
  const [, kh, kw] = kernels.shape;
  const top = row * lens.stride - lens.padding;
  const left = column * lens.stride - lens.padding;
  return Array.from({ length: count }, (_, map) => {
    const window = [];
    const weights = [];
    let sum = 0;
    for (let y = 0; y < kh; y += 1) {
      for (let x = 0; x < kw; x += 1) {
        const inside = top + y >= 0 && top + y < height && left + x >= 0 && left + x < width;
        const value = inside ? inputs.values[(map * height + top + y) * width + left + x] : 0;
        const weight = kernels.values[(map * kh + y) * kw + x];
        window.push(value);
        weights.push(weight);
        sum += value * weight;
      }
    }
    return { map, window, weights, sum };
  });
}

function css(packed) {
  return `rgb(${packed & 255},${(packed >> 8) & 255},${(packed >> 16) & 255})`;
}

function grid(values, columns, limit, view, gray) {
  const made = element("span", "numbers");
  made.style.gridTemplateColumns = `repeat(${columns}, auto)`;
  for (const value of values) {
    const cell = element("i", "", brief(value));
    const index = gray ? colorIndex(value, gray[0], gray[1]) : colorIndex(value, -limit, limit);
    const color = (gray ? view.theme.gray : view.theme.diverging)[index];
    const light = 0.3 * (color & 255) + 0.59 * ((color >> 8) & 255) + 0.11 * ((color >> 16) & 255);
    cell.style.background = css(color);
    cell.style.color = light > 140 ? "#10161c" : "#f6f8fa";
    made.append(cell);
  }
  return made;
}

function extremes(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

function reach(numbers) {
  return numbers.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

function termRow(view, lens, term) {
  const inputs = view.byName.get(lens.inputs);
  const kernels = view.byName.get(lens.kernels);
  const columns = kernels.shape[2];
  const gray = inputs.colors === "gray" ? extremes(inputs.values) : null;
  const products = term.window.map((value, at) => value * term.weights[at]);
  const row = element("div", "term");
  const sum = element("span", "sign");
  sum.append(element("b", "", inputs.captions[term.map] || `map ${term.map}`), `Σ = ${number(term.sum)}`);
  row.append(
    grid(term.window, columns, reach(Array.from(inputs.values)), view, gray),
    element("span", "sign", "×"),
    grid(term.weights, columns, reach(Array.from(kernels.values)), view, null),
    element("span", "sign", "="),
    grid(products, columns, reach(products), view, null),
    sum,
  );
  return row;
}

function drawLens(view, cell) {
  const { lens } = view.header;
  if (!lens || !view.lensArea) return;
  const target = cell && lens.outputs.includes(cell.group.name) ? cell : lens;
  const all = terms(view, lens, target.row, target.column);
  const total = all.reduce((sum, term) => sum + term.sum, lens.bias);
  const strongest = all.toSorted((a, b) => Math.abs(b.sum) - Math.abs(a.sum)).slice(0, MOST_TERMS);
  const shown = all.filter((term) => strongest.includes(term));
  const rest = all.length - shown.length;
  const signed = (value) => `${value < 0 ? "−" : "+"} ${number(Math.abs(value))}`;
  const line = shown.map((term) => signed(term.sum)).join(" ").replace(/^\+ /, "");
  const others = total - lens.bias - shown.reduce((sum, term) => sum + term.sum, 0);
  const tail = rest ? ` ${signed(others)} (${rest} more maps)` : "";
  const text = `row ${target.row}, column ${target.column}:  ${line}${tail}  ${signed(lens.bias)} (bias)  =  `;
  const sum = element("p", "sum", text);
  sum.title = "Move over a value of the result to see its multiplication; click to keep it.";
  sum.append(element("strong", "", number(total, 6)));
  const rows = element("div", "terms");
  const columns = view.byName.get(lens.kernels).shape[2];
  rows.style.setProperty("--term-width", `${columns * 99 + 118}px`);
  rows.append(...shown.map((term) => termRow(view, lens, term)));
  view.lensArea.replaceChildren(sum, rows);
}
