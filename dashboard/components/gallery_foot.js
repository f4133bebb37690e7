// What stands below the images: what was said last, the keys, how large the images are, the pages.
const REMEMBERED_SIZE = "convscope tile size"; // in the tab's own storage: a reload keeps it

// The keys that do something as things stand.
function hint(gallery) {
  const { tags, total, decides, marks, elsewhere } = gallery.data;
  const opened = gallery.selected !== null;
  const count = gallery.chosen.size + elsewhere;
  const parts = total > 1 ? ["← → walk"] : [];
  if (!opened) parts.push("Enter opens");
  parts.push("Space selects");
  if (tags.length) parts.push(tags.length > 1 ? `1–${Math.min(tags.length, BADGES)} tag` : "1 sets the tag");
  if ((opened || count) && Math.max(count, 1) <= decides) {
    const decided = targetPositions(gallery).some((position) => /[^✎]/.test(marks[position][0]));
    parts.push(decided ? "W K A L decide · U undecides" : "W K A L decide");
  }
  if (opened) parts.push("Esc closes");
  else if (count) parts.push("Esc selects none");
  return parts.join(" · ");
}

function refreshHint(gallery) {
  const found = gallery.root.querySelector(".hint");
  if (!found) return;
  found.textContent = hint(gallery);
  found.title = found.textContent; // where it does not fit
}

function pager(gallery) {
  const { pages, tags, sizes } = gallery.data;
  const made = element("div", "pager");
  if (tags) made.append(element("span", "hint"));
  const controls = element("span", "controls");
  if (sizes.length) controls.append(sizer(gallery));
  if (pages > 1) controls.append(...turners(gallery));
  if (controls.childElementCount) made.append(controls);
  return made;
}

function turners(gallery) {
  const { page, pages } = gallery.data;
  const turner = (text, name, end, target) => {
    const turning = button(text, name, () => turnTo(gallery, target()));
    turning.disabled = page === end;
    return turning;
  };
  const last = pages - 1;
  const near = [
    turner("‹", "Previous page", 0, () => headedFor(gallery) - 1),
    element("span", "number", `page ${page + 1} of ${pages}`),
    turner("›", "Next page", last, () => headedFor(gallery) + 1),
  ];
  const far = [turner("«", "First page", 0, () => 0), turner("»", "Last page", last, () => last)];
  return pages < 3 ? near : [far[0], ...near, far[1]];
}

function sizer(gallery) {
  const made = element("span", "sizes");
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", "Size of the images");
  gallery.data.sizes.forEach((name) => {
    const choice = button("", `${name[0].toUpperCase()}${name.slice(1)} images`, () => resize(gallery, name));
    choice.className = name;
    choice.setAttribute("aria-pressed", String(name === gallery.data.size));
    choice.append(element("i", ""));
    made.append(choice);
  });
  return made;
}

function resize(gallery, size) {
  if (size === gallery.data.size) return;
  sessionStorage.setItem(REMEMBERED_SIZE, size);
  gallery.root.querySelectorAll(".sizes button").forEach((choice) => {
    choice.setAttribute("aria-pressed", String(choice.className === size));
  });
  gallery.staying = gallery.data.ids[gallery.at] ?? null;
  act(gallery, { size, at: gallery.staying });
}

// After a reload the page is another session's, which knows no size yet.
function recallSize(gallery) {
  const wanted = sessionStorage.getItem(REMEMBERED_SIZE);
  if (gallery.data.sizes.includes(wanted)) resize(gallery, wanted);
}

// What was said last, with the way back.
function refreshSaid(gallery) {
  const { said, tags } = gallery.data;
  const fresh = element("div", "said");
  if (said && tags) {
    const words = element("span", "words", said);
    words.title = said;
    fresh.append(words, button("Undo", "Undo (Z)", () => undo(gallery)));
  }
  gallery.said.replaceWith(fresh);
  gallery.said = fresh;
  const line = fresh.childElementCount ? SAID_HEIGHT : 0;
  gallery.area.style.height = `${gallery.data.area - line}px`;
}

const SAID_HEIGHT = 26; // pixels, which the images give up so that nothing below them moves

function undo(gallery) {
  act(gallery, { undo: true });
  return true;
}
