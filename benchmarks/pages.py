"""From a click to the paint that answers it, in a real Chromium, classic network on MNIST.

Wall time, so that a busy machine only ever adds: the quickest of several says what a page takes.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page

from benchmarks.serving import PROJECT, QUIET, chromium, dashboard, visit
from benchmarks.turns import report

AIM = 300  # milliseconds
CLICKS = 8

# Clicks where it is told to, and waits for the frame in which the predicate holds.
CLICK = """
(element, [argument, x, y]) => new Promise((done) => {
  const holds = PREDICATE;
  const box = element.getBoundingClientRect();
  const where = { clientX: box.left + x, clientY: box.top + y, bubbles: true };
  const began = performance.now();
  element.dispatchEvent(new MouseEvent("click", where));
  const look = () => {
    const waited = performance.now() - began;
    if (holds(argument)) requestAnimationFrame(() => done(performance.now() - began));
    else if (waited > 10000) done(waited);
    else requestAnimationFrame(look);
  };
  look();
})
"""
TEXT_IN = "(text) => document.querySelector('{}')?.innerText.includes(text)"


def main() -> None:
    """Prints the quickest, the median and the slowest click of each kind."""
    with tempfile.TemporaryDirectory() as name:
        run = trained(Path(name))
        with dashboard(Path(name)) as address, chromium() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            lines = [
                summary("Results, an image", images(page, f"{address}/results?run={run}")),
                summary("Filters, a card", cards(page, f"{address}/filters?run={run}")),
                summary("Feature maps, a map", maps(page, f"{address}/feature_maps?run={run}")),
            ]
    report(f"From click to paint, wall time in ms (aim {AIM})", lines)


def trained(store: Path) -> str:
    """The id of a run of two short epochs."""
    command = [sys.executable, "-m", "core", "train", "--epochs", "2", "--json"]
    command += ["--set", "data.train_limit=6000", "--runs-dir", str(store)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    run: str = json.loads(done.stdout.splitlines()[-1])["run_id"]
    return run


def images(page: Page, address: str) -> list[float]:
    """Opening one image after another in the gallery."""
    visit(page, address)
    tiles = page.locator(".gallery .tile")

    def click(number: int) -> float:
        tile = tiles.nth(number + 1)
        index = int((tile.get_attribute("title") or "").split()[-1])
        predicate = TEXT_IN.format(".st-key-example_pane")
        return timed(tile, predicate, f"Image {index:,} of")

    return several(page, click)


def cards(page: Page, address: str) -> list[float]:
    """Opening one filter after another of the second layer."""
    visit(page, f"{address}&layer=blocks.1.conv")
    found = page.locator(".st-key-filter_cards .card .open-button")
    predicate = "(title) => [...document.querySelectorAll('p')].some((p) => p.innerText === title)"
    return several(page, lambda k: timed(found.nth(k + 1), predicate, f"Filter {k + 1}"))


def maps(page: Page, address: str) -> list[float]:
    """Opening the story of one map after another of the first layer."""
    visit(page, f"{address}&example=3&layer=blocks.0.conv&unit=0&at=1-1")
    canvas = page.locator(".st-key-network_maps_0 .maps .group").nth(1).locator("canvas")
    predicate = "(unit) => document.querySelector('.st-key-story_0 input')?.value === unit"
    height = canvas.evaluate("canvas => canvas.getBoundingClientRect().height") / 6

    def click(number: int) -> float:
        unit = (number + 1) % 6
        return timed(canvas, predicate, str(unit), (height / 2, height * (unit + 0.5)))

    return several(page, click)


def several(page: Page, click: Callable[[int], float]) -> list[float]:
    """The clicks' times; each begins on a page that has come to rest."""
    times = []
    for number in range(CLICKS):
        times.append(click(number))
        page.wait_for_timeout(500)
        page.wait_for_selector(QUIET)
    return times


def timed(
    element: Locator, predicate: str, argument: str, where: tuple[float, float] = (4, 4)
) -> float:
    """Milliseconds from a click on the element to the frame in which the predicate holds."""
    took: float = element.evaluate(CLICK.replace("PREDICATE", predicate), [argument, *where])
    return took


def summary(name: str, times: list[float]) -> str:
    """One line."""
    return (
        f"{name}: quickest {min(times):.0f}, median {statistics.median(times):.0f}, "
        f"slowest {max(times):.0f}"
    )


if __name__ == "__main__":
    main()
