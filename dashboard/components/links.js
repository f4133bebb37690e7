// The names of the pages as links that carry the selection: Streamlit's own links lead to a page's
// bare address, and its server adds the parameters as another entry of the history.
const plain = new WeakMap(); // what the page wrote into a link, and what was put there instead
let known = { pages: [], carried: [] };

// A link to one of our pages, or null.
function linkOf(event) {
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!link) return null;
  const { origin, pathname, hash } = new URL(link.href);
  return origin === location.origin && !hash && known.pages.includes(pathname) ? link : null;
}

function written(link) {
  const kept = plain.get(link);
  return kept && kept.shown === link.getAttribute("href") ? kept.href : link.getAttribute("href");
}

function selected() {
  const found = new URLSearchParams();
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (known.carried.includes(name)) found.append(name, value);
  }
  return found.size ? `?${found}` : "";
}

// For a new tab and for copying: what the address says now, which no server could keep up to date.
function carry(event) {
  const link = linkOf(event);
  if (!link) return;
  const href = written(link);
  const target = new URL(href, location.href);
  const shown = target.search ? href : `${target.pathname}${selected()}`;
  plain.set(link, { href, shown });
  link.setAttribute("href", shown);
}

// As the browser's own Back and Forward do it: the server completes the address in place.
// It knows the selection better than the address, which may not have heard of the last click yet.
function follow(event) {
  const link = event.button === 0 ? linkOf(event) : null;
  if (!link || link.matches("[disabled], [aria-disabled=true]")) return;
  const target = new URL(written(link), location.href);
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) {
    event.stopPropagation(); // Streamlit would open it here
    return;
  }
  if (target.pathname === location.pathname && !target.search) return;
  event.preventDefault();
  event.stopPropagation();
  history.pushState({}, "", target.pathname + target.search);
  window.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
  closeMenus(link);
}

// A press beside them closes the menu of more pages and, on a narrow screen, the side bar.
function closeMenus(link) {
  const beside = document.querySelector("[data-testid=stMain]");
  if (!beside || beside.contains(link)) return;
  for (const type of ["pointerdown", "mousedown"]) {
    beside.dispatchEvent(new MouseEvent(type, { bubbles: true }));
  }
}

// Before Streamlit hears of them, and once: the functions stay as long as the document.
function listen() {
  for (const type of ["pointerover", "pointerdown", "focusin", "contextmenu"]) {
    document.addEventListener(type, carry, true);
  }
  document.addEventListener("click", follow, true);
}

let listening = false;

export default function ({ data }) {
  known = data;
  if (!listening) {
    stepOnce();
    listen();
    window.addEventListener("keydown", swallowRepeats, true);
  }
  listening = true;
}
