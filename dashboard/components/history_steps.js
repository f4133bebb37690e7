// One act of the reader is one step of the history. Streamlit writes the address several times for
// one click (the bare page, then each part of the server's answer), and again as a part of the page
// that watches something happens to answer for the page that has just been left.
let acted = false; // the reader, since the last step was made

function stepOnce() {
  const push = history.pushState;
  history.pushState = function (...entry) {
    if (!acted) return history.replaceState(...entry);
    acted = false;
    return push.apply(history, entry);
  };
  for (const type of ["pointerdown", "keydown", "click"]) {
    document.addEventListener(type, ({ isTrusted }) => (acted ||= isTrusted), true);
  }
  // Back and Forward are steps already, whatever key was pressed for them.
  window.addEventListener("popstate", () => (acted = false), true);
}
