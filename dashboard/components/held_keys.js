// A letter or digit that is held does once what it does: the next image, decided about as quickly as
// a keyboard repeats itself, would be one that nobody has looked at. Arrows walk on.
const WRITES = "input, textarea, select, [contenteditable]";

function swallowRepeats(event) {
  if (!event.repeat || event.key.length > 1) return;
  const [target] = event.composedPath();
  if (target instanceof Element && target.closest(WRITES)) return;
  event.stopImmediatePropagation();
}
