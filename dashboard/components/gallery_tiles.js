// What a gallery is made of: tiles cut from one sprite sheet, and the bar above them.
const BADGES = 9; // tags with a number, a key and a colour of their own

function sheetUrl(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
}

function button(text, name, action) {
  const made = element("button", "", text);
  made.type = "button";
  made.setAttribute("aria-label", name);
  made.title = name;
  made.onclick = action;
  return made;
}

function tile(gallery, position) {
  const { ids, captions, abouts, words, columns, rows, width, height, tags } = gallery.data;
  const [first, second] = captions[position];
  const made = element("div", "tile");
  made.setAttribute("role", "option");
  made.title = `index ${ids[position]}`;
  const image = element("span", "image");
  Object.assign(image.style, {
    width: `${width}px`,
    height: `${height}px`,
    backgroundSize: `${columns * width}px ${rows * height}px`,
    backgroundPosition: `${-(position % columns) * width}px ${-Math.floor(position / columns) * height}px`,
  });
  const below = element("span", "second", second);
  if (abouts[position]) below.title = abouts[position];
  made.append(image, element("span", "first", first), below);
  if (tags) made.append(element("span", "tick", "✓"));
  made.append(element("span", "badges"), element("span", "mark"));
  if (words[position]) {
    const [word, tone] = words[position];
    made.classList.add("worded");
    made.append(element("span", `word ${tone}`, word));
  }
  return made;
}

// Tags and decision of a tile: they change while the image stays.
function decorate(gallery, position) {
  const { ids, captions, abouts, words, badges, marks, tags } = gallery.data;
  const made = gallery.tiles[position];
  const places = badges[position];
  const spots = places.slice(0, 4).map((place) => {
    const numbered = place < BADGES;
    return element("span", numbered ? `badge tag${place}` : "badge", numbered ? place + 1 : "•");
  });
  if (places.length > 4) spots.push(element("span", "badge", "+"));
  const box = made.querySelector(".badges");
  box.replaceChildren(...spots);
  const names = places.map((place) => tags?.[place] ?? "");
  box.title = names.join(", ");
  const [sign, note] = marks[position];
  const mark = made.querySelector(".mark");
  mark.textContent = sign;
  mark.title = note;
  mark.hidden = !sign;
  const [first, second] = captions[position];
  const said = [first, abouts[position] || second, words[position]?.[0], `index ${ids[position]}`, note, ...names];
  made.setAttribute("aria-label", said.filter(Boolean).join(", "));
}

function bar(gallery) {
  const { total, tags, elsewhere } = gallery.data;
  const made = element("div", "bar");
  made.onmousedown = (event) => event.preventDefault(); // the focus stays on the image that is meant
  if (!tags) return made;
  const count = gallery.chosen.size + elsewhere;
  if (count) made.append(element("span", "count", `${count.toLocaleString("en")} selected`));
  if (count < total) {
    const text = count ? `all ${total.toLocaleString("en")}` : "select all";
    made.append(button(text, `Select all ${total.toLocaleString("en")} images`, () => chooseAll(gallery, true)));
  }
  if (count) made.append(button("none", "Select none (Esc)", () => chooseAll(gallery, false)));
  tags.forEach((name, place) => made.append(chip(gallery, name, place)));
  return made;
}

function chip(gallery, name, place) {
  const numbered = place < BADGES;
  const targets = targetPositions(gallery);
  const made = button("", "", () => pressTag(gallery, place));
  made.classList.add("chip");
  made.append(element("span", numbered ? `badge tag${place}` : "badge", numbered ? place + 1 : "•"));
  made.append(element("span", "name", name));
  const has = targets.length > 0 && targets.every((at) => gallery.data.badges[at].includes(place));
  made.setAttribute("aria-pressed", String(has));
  made.setAttribute("aria-label", `Tag ${name}`);
  made.title = `${has ? "Take off" : "Set"} “${name}”${numbered ? ` (key ${place + 1})` : ""}`;
  made.disabled = !targets.length && !gallery.data.elsewhere;
  return made;
}
