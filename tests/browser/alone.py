"""A component in a real browser, without a dashboard around it."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from playwright.sync_api import Browser, Page

from dashboard.components.assets import joined

_ADDRESS = "http://alone.test/"
_BODY = """
<style>:root { --st-background-color: #ffffff; } %s</style>
<main style="width: 560px"></main><button>elsewhere</button>
"""
EMPTY = """(html) => {
  window.unmount?.();
  window.sent = [];
  const parent = document.createElement("section");
  parent.innerHTML = html;
  document.querySelector("main").replaceChildren(parent);
}"""
_MOUNT = """([data, packed]) => {
  window.unmount = mount({
    data: packed ? Uint8Array.from(data) : data,
    parentElement: document.querySelector("section"),
    setStateValue: (_, value) => (window.sent = value.events),
  });
}"""
# In one go, so that the browser has no time for anything between two keys.
_PRESS = """(keys) => keys.forEach((key) => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  document.activeElement.dispatchEvent(event);
})"""


@contextmanager
def tab_with(browser: Browser, component: ModuleType) -> Iterator[Page]:
    """A tab that has read a component's files; nothing may have gone wrong in it."""
    context = browser.new_context(viewport={"width": 900, "height": 700})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    # Of an address of its own: a page without one may not remember anything.
    body = _BODY % joined(*component.STYLES)
    page.route(_ADDRESS, lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto(_ADDRESS)
    script = joined(*component.SCRIPTS)
    page.add_script_tag(content=script.replace("export default function", "function mount"))
    yield page
    context.close()
    assert not problems, "\n".join(problems)


class Alone:
    """A component that has just come to the page.

    Attributes:
        tab: where it is.
    """

    def __init__(self, tab: Page, component: ModuleType) -> None:
        self.tab = tab
        tab.evaluate(EMPTY, component.HTML)

    def take(self, data: Any) -> None:
        """Sends it what the server sends."""
        packed = isinstance(data, bytes)
        self.tab.evaluate(_MOUNT, [list(data) if packed else data, packed])

    def press(self, *keys: str) -> None:
        """Presses keys, quicker than anybody can."""
        self.tab.evaluate(_PRESS, list(keys))

    @property
    def sent(self) -> list[dict[str, Any]]:
        """What it has reported, without its numbers."""
        bare = "({ n, revision, ...event }) => event"
        found: list[dict[str, Any]] = self.tab.evaluate(f"window.sent.map({bare})")
        return found

    @property
    def told(self) -> list[int]:
        """Of which revision it knew at each of these."""
        found: list[int] = self.tab.evaluate("window.sent.map((event) => event.revision)")
        return found
