// Beside what opened it, it is in sight already, and the page stays where it is.
const shown = new WeakMap();

function isBelow(opened) {
  const line = opened.closest("[data-testid=stHorizontalBlock]");
  return line !== null && opened.getBoundingClientRect().top >= line.firstElementChild.getBoundingClientRect().bottom;
}

export default function ({ data, parentElement }) {
  if (shown.get(parentElement) === data.name) return;
  shown.set(parentElement, data.name);
  const opened = parentElement.closest(`.st-key-${data.container}`);
  const { top } = opened.getBoundingClientRect();
  if ((top < 0 || top > window.innerHeight / 2) && isBelow(opened)) opened.scrollIntoView();
}
