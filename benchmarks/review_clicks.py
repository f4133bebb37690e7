"""From a click on the Results page to the frame that answers it, in a real Chromium."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from playwright.sync_api import Page

from benchmarks.pages import CLICKS, summary
from benchmarks.review_store import EPOCHS, Store
from benchmarks.serving import QUIET, chromium, dashboard, visit
from core import datasets
from core.runs import RunStore

STOPS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.94)  # of the slider, one after the other

# Counts from the release of the button or the press of the key to the frame in which a paragraph
# says what is expected, and the first tile of the gallery has the caption that is.
WATCH = """
([event, text, caption]) => {
  let began = null;
  addEventListener(event, () => { began = performance.now(); }, { capture: true, once: true });
  const inside = [...document.querySelectorAll(".st-key-gallery *")].find((e) => e.shadowRoot);
  const holds = () =>
    [...document.querySelectorAll("p")].some((p) => new RegExp(text).test(p.textContent)) &&
    new RegExp(caption).test(inside.shadowRoot.querySelector(".tile .first").textContent);
  window.painted = new Promise((done) => {
    const look = () => {
      const waited = began === null ? 0 : performance.now() - began;
      if (waited > 20000) done(waited);
      else if (began !== null && holds()) {
        requestAnimationFrame(() => done(performance.now() - began));
      } else requestAnimationFrame(look);
    };
    look();
  });
}
"""
WRONG, RIGHT, ANY = r"^(.+) → (?!\1$)", r"^(.+) → \1$", ""


def clicks(store: Store) -> Iterator[str]:
    """One line a control: the quickest, the median and the slowest of several clicks."""
    answers = Answers(store)
    with dashboard(store.folder / "runs") as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        results = f"{address}/results?run={store.runs[-1]}"
        yield summary("matrix cell", cells(page, results, answers))
        yield summary("threshold", thresholds(page, results, answers))
        yield summary("gallery filter", filters(page, results, answers))


class Answers:
    """What the newest run of a store answers on test, to know what a page must say."""

    def __init__(self, store: Store):
        run = RunStore(store.folder / "runs").get(store.runs[-1])
        data = datasets.load(run.config.data.name)
        probabilities = run.probabilities(EPOCHS, "test")
        self.labels = data.test_labels.numpy()
        self.predicted, self.confidence = probabilities.argmax(1), probabilities.max(1)
        self.errors = int((self.labels != self.predicted).sum())

    def worst_cells(self, count: int) -> list[tuple[int, int]]:
        """The fullest cells beside the diagonal, the fullest first."""
        matrix = np.zeros((10, 10), int)
        np.add.at(matrix, (self.labels, self.predicted), 1)
        np.fill_diagonal(matrix, 0)
        places = np.argsort(-matrix, axis=None, kind="stable")[:count]
        return [(int(place) // 10, int(place) % 10) for place in places]


def cells(page: Page, address: str, answers: Answers) -> list[float]:
    """One cell of the matrix after another."""
    visit(page, address)
    area = page.locator(".st-key-matrix .nsewdrag").first.bounding_box()
    assert area is not None
    times = []
    for true, predicted in answers.worst_cells(CLICKS):
        where = (
            area["x"] + area["width"] * (predicted + 0.5) / 10,
            area["y"] + area["height"] * (true + 0.5) / 10,
        )
        expected = (f"True {true}, predicted {predicted}", f"^{true} → {predicted}")
        times.append(painted(page, "mouseup", *expected, lambda where=where: _click(page, where)))
    return times


def thresholds(page: Page, address: str, answers: Answers) -> list[float]:
    """One stop of the slider after another, by key."""
    visit(page, f"{address}&threshold={STOPS[0]}")
    page.get_by_role("slider", name="Answer only from").focus()
    times = []
    for stop in STOPS[1:]:
        answered = int((answers.confidence >= np.float32(stop)).sum())
        press = lambda: page.keyboard.press("ArrowRight")  # noqa: E731  (said once, used once)
        times.append(painted(page, "keydown", f"\\b{answered:,} answered", ANY, press))
    return times


def filters(page: Page, address: str, answers: Answers) -> list[float]:
    """Right answers, all, wrong ones, in turns."""
    visit(page, address)
    total, wrong = len(answers.labels), answers.errors
    told = {
        "Right": (f"· {total - wrong:,} .*of {total:,} test images", RIGHT),
        "All": (f"· {total:,} test images", WRONG),
        "Wrong": (f"· {wrong:,} .*of {total:,} test images", WRONG),
    }
    times = []
    for number in range(CLICKS + 1):
        name = list(told)[number % 3]
        option = page.locator(".st-key-gallery_facet_outcome button", has_text=name).first
        if not option.is_visible():
            page.locator(".st-key-gallery_filter button").first.click()
            option.wait_for()
        times.append(painted(page, "mouseup", *told[name], option.click))
    return times


def painted(page: Page, event: str, text: str, caption: str, move: Callable[[], Any]) -> float:
    """Milliseconds from the event to the paint; the page has come to rest before and after."""
    page.evaluate(WATCH, [event, text, caption])
    move()
    took: float = page.evaluate("window.painted")
    page.wait_for_timeout(500)
    page.wait_for_selector(QUIET)
    return took


def _click(page: Page, where: tuple[float, float]) -> None:
    page.mouse.move(where[0] + 1, where[1] + 1)  # as a hand does: the chart looks where it is
    page.mouse.click(*where)
