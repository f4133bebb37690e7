"""The map of a split's images, and its slices, in a real Chromium: what each move takes."""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from playwright.sync_api import Page

from benchmarks.pages import summary
from benchmarks.review_store import EPOCHS, Store
from benchmarks.serving import QUIET, chromium, dashboard, visit
from core import datasets
from core.runs import RunStore

CORNERS = 32  # of a circle that is drawn
RADII = (0.05, 0.1, 0.2, 0.3, 0.45)  # of lassos, as shares of the map's side
COLORS = ("predicted class", "right or wrong", "confidence", "tag", "true class")
MAP = ".st-key-embedding"
REST = 2500  # milliseconds between two moves: somebody looks

# Counts from an event to the frame after the one in which a condition holds: what the map itself
# answers it paints between the two.
WATCH = """
([event, wanted]) => {
  let began = null;
  const map = [...document.querySelectorAll(".st-key-embedding *")].find((e) => e.shadowRoot);
  const slices = [...document.querySelectorAll(".st-key-slice_list *")].find((e) => e.shadowRoot);
  const part = (name) => map.shadowRoot.querySelector(name);
  const said = (text) =>
    [...document.querySelectorAll("p")].some((p) => p.textContent.includes(text));
  addEventListener(event, () => { began = performance.now(); }, { capture: true, once: true });
  window.painted = new Promise((done) => {
    const look = () => {
      const waited = began === null ? 0 : performance.now() - began;
      if (waited > 60000) done(waited);
      else if (began !== null && (CONDITION)) {
        requestAnimationFrame(() => done(performance.now() - began));
      } else requestAnimationFrame(look);
    };
    look();
  });
}
"""
AT_ONCE = "true"
ERRORS = "part('.legend .key em').textContent === wanted"
COLORED = "part('.legend').getAttribute('aria-label').includes(`Colours: ${wanted}`)"
CAUGHT = (
    "/^[0-9,]+ of/.test(part('.live').textContent) && "
    "said(`Inside the lasso · ${part('.live').textContent.split(' ')[0]} `)"
)
LOOK_ALIKES = (
    "said(`(${wanted} error`) && slices && /like [0-9]/.test(slices.shadowRoot.textContent)"
)


def maps(store: Store) -> Iterator[str]:
    """One line a move: the quickest, the median and the slowest of several."""
    errors, run = errors_by_epoch(store), store.runs[-1]
    with dashboard(store.folder / "runs") as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        visit(page, f"{address}/embedding?run={run}")
        yield summary("embedding, an epoch for the first time", epochs(page, errors, ERRORS, -1))
        yield summary("embedding, an epoch again", epochs(page, errors, ERRORS, 1))
        yield summary("embedding, hover, zoom, hide a class", inside(page))
        yield summary("embedding, lasso to gallery", lassos(page))
        yield summary("embedding, colour", colors(page))
        yield f"embedding, memory of the tab's scripts: {heap(page):.0f} MB"
        # The other run, whose network nobody has looked at yet.
        visit(page, f"{address}/slices?run={store.runs[0]}")
        errors = errors_by_epoch(store, run=0)
        yield summary("slices, an epoch for the first time", epochs(page, errors, LOOK_ALIKES, -1))


def errors_by_epoch(store: Store, run: int = -1) -> list[int]:
    """Wrong answers on test after each epoch: what a page must say."""
    of = RunStore(store.folder / "runs").get(store.runs[run])
    labels = datasets.load(of.config.data.name).test_labels.numpy()
    predicted = (of.probabilities(epoch, "test").argmax(1) for epoch in range(EPOCHS + 1))
    return [int((answers != labels).sum()) for answers in predicted]


def epochs(page: Page, errors: list[int], condition: str, step: int) -> list[float]:
    """One epoch after another by key, from the one end of the slider to the other."""
    page.get_by_role("slider", name=re.compile("^Epoch")).focus()
    key = "ArrowRight" if step > 0 else "ArrowLeft"
    wanted = range(1, EPOCHS + 1) if step > 0 else range(EPOCHS - 1, -1, -1)
    press = lambda: page.keyboard.press(key)  # noqa: E731  (said once, used once)
    return [painted(page, "keydown", condition, f"{errors[epoch]:,}", press) for epoch in wanted]


def inside(page: Page) -> list[float]:
    """What the map answers by itself."""
    x, y, *_ = middle(page)
    page.mouse.move(x, y)
    entry = page.locator(f"{MAP} .legend button.entry").first
    moves: list[tuple[str, Callable[[], Any]]] = [
        ("mousemove", lambda: page.mouse.move(x + 30, y + 20)),
        ("wheel", lambda: page.mouse.wheel(0, -120)),
        ("wheel", lambda: page.mouse.wheel(0, 120)),
        ("mouseup", entry.click),
        ("mouseup", entry.click),
    ]
    return [painted(page, event, AT_ONCE, "", move) for event, move in moves]


def lassos(page: Page) -> list[float]:
    """Circles around the middle: of hundreds of images, and of nearly all."""
    return [
        painted(page, "pointerup", CAUGHT, "", lambda radius=radius: draw(page, radius))
        for radius in RADII
    ]


def draw(page: Page, radius: float) -> None:
    """Draws a circle with the pointer."""
    x, y, width, height = middle(page)
    reach = radius * min(width, height)
    around = [2 * math.pi * step / CORNERS for step in range(CORNERS + 1)]
    places = [(x + reach * math.cos(angle), y + reach * math.sin(angle)) for angle in around]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places:
        page.mouse.move(*place)
    page.mouse.up()


def middle(page: Page) -> tuple[float, float, float, float]:
    """The middle of the map on the screen, its width and its height, in pixels."""
    box = page.locator(f"{MAP} .overlay").bounding_box()
    assert box is not None
    width, height = box["width"], box["height"]
    return box["x"] + width / 2, box["y"] + height / 2, width, height


def colors(page: Page) -> list[float]:
    """Every meaning that the colours can have, from the click on it in the open list."""
    times = []
    for name in COLORS:
        page.locator(".st-key-embedding_color [role=combobox]").click()
        found = page.get_by_role("option", name=f"Colour: {name}", exact=True)
        found.wait_for()
        times.append(painted(page, "mouseup", COLORED, name, found.click))
    return times


def heap(page: Page) -> float:
    """Megabytes that the tab's scripts hold."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(one["value"] for one in metrics if one["name"] == "JSHeapUsedSize") / 1e6


def painted(page: Page, event: str, condition: str, wanted: str, move: Callable[[], Any]) -> float:
    """Milliseconds from the event to the paint; the page has come to rest before and after."""
    page.evaluate(WATCH.replace("CONDITION", condition), [event, wanted])
    move()
    took: float = page.evaluate("window.painted")
    page.wait_for_timeout(REST)
    page.wait_for_selector(QUIET)
    return took
