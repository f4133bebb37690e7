"""The embedding in a real browser: hover, lasso, name, click; it counts as the server does."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core import datasets
from core.review import lasso as counting
from core.runs import Run, RunStore
from dashboard.lasso import Piece
from tests.browser.conftest import ROOT, go, reload, settle
from tests.dashboard.trained import train

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(runs_dir: Path) -> Run:
    return train(RunStore(runs_dir), name="digits")


def the_map(page: Page) -> Locator:
    return page.locator(".st-key-embedding")


def said(page: Page) -> Locator:
    return the_map(page).locator(".live")


def draw(page: Page, x: float, y: float, radius: float, key: str | None = None) -> None:
    """Draws a circle on the map, places in shares of its size."""
    box = the_map(page).locator(".overlay").bounding_box()
    assert box is not None
    reach = radius * min(box["width"], box["height"])
    if key is not None:
        page.keyboard.down(key)
    for step in range(33):
        angle = step / 32 * 2 * math.pi
        page.mouse.move(
            box["x"] + x * box["width"] + reach * math.cos(angle),
            box["y"] + y * box["height"] + reach * math.sin(angle),
        )
        if step == 0:
            page.mouse.down()
    page.mouse.up()
    if key is not None:
        page.keyboard.up(key)


def chosen(page: Page) -> int:
    """How many images the map says are inside the lasso: it counts before the server does."""
    expect(said(page)).to_have_text(re.compile(r"^[\d,]+ of"))
    return int(said(page).inner_text().partition(" ")[0].replace(",", ""))


def test_a_lasso_fills_the_gallery_survives_a_reload_and_gets_a_name(
    page: Page, dashboard: str, run: Run
) -> None:
    go(page, f"{dashboard}/embedding?run={run.id}")
    draw(page, 0.45, 0.5, 0.2)
    first = chosen(page)
    assert 0 < first < len(datasets.load("digits").test_labels)
    expect(page.get_by_text(f"Inside the lasso · {first:,} test images")).to_be_visible()
    draw(page, 0.6, 0.4, 0.2, key="Shift")
    total = chosen(page)
    assert total > first
    title = f"Inside the lasso · {total:,} test images"
    expect(page.get_by_text(title)).to_be_visible()
    expect(page).to_have_url(re.compile("group=lasso"))
    reload(page)
    expect(page.get_by_text(title)).to_be_visible()

    page.get_by_placeholder(f"Name this set of {total:,} images").fill("between")
    page.get_by_role("button", name="Name it").click()
    expect(page.get_by_text(f"{total:,} images carry the tag “between”.")).to_be_visible()
    the_map(page).locator(".overlay").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Errors ·")).to_be_visible()
    expect(page).not_to_have_url(re.compile("group="))


def test_the_keyboard_walks_opens_chooses_and_closes(page: Page, dashboard: str, run: Run) -> None:
    go(page, f"{dashboard}/embedding?run={run.id}&epoch=1")
    area = the_map(page).locator(".overlay")
    area.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(said(page)).to_contain_text("True ")
    index = int(said(page).inner_text().rpartition("image ")[2].split(",")[0])
    # The picture beside the point is the one of its index.
    picture = the_map(page).locator(".tip img")
    expect(picture).to_have_attribute("src", re.compile(f"/images/{run.id}/test/{index}.png"))
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") == 8
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"example={index}(&|$)"))
    settle(page)
    area.focus()
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("example="))
    page.keyboard.press("Space")
    count = chosen(page)
    noun = "image" if count == 1 else "images"
    expect(page.get_by_text(f"Inside the lasso · {count:,} test {noun}")).to_be_visible()
    page.keyboard.press("Escape")
    expect(said(page)).to_have_text("Nothing is chosen")

    expect(page).not_to_have_url(re.compile("group="))
    settle(page)
    # Four lassos within one moment, quicker than any script: the gallery has all of them.
    area.evaluate(
        """area => {
          const press = (key, shiftKey) =>
            area.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey, bubbles: true }));
          for (let lasso = 0; lasso < 4; lasso += 1) {
            for (let step = 0; step < 5; step += 1) press(lasso % 2 ? "ArrowUp" : "ArrowRight");
            press(" ", true);
          }
        }"""
    )
    total = chosen(page)
    assert total > count
    expect(page.get_by_text(f"Inside the lasso · {total:,} test images")).to_be_visible()

    labels = datasets.load("digits").test_labels.numpy()
    before, after = (
        int((run.probabilities(epoch, "test").argmax(1) != labels).sum()) for epoch in (1, 2)
    )
    assert before != after
    errors = the_map(page).locator(".legend .key em")
    expect(errors).to_have_text(f"{before:,}")
    page.get_by_role("button", name="Play").click()
    expect(errors).to_have_text(f"{after:,}")


def test_the_browser_counts_as_the_library_does(browser: Browser) -> None:
    random = np.random.default_rng(0)
    points = random.integers(0, counting.GRID + 1, (4000, 2))
    source = (ROOT / "dashboard/components/scatter_points.js").read_text("utf-8")
    page = browser.new_page()
    for size in (3, 7, 40):
        corners = random.integers(0, 4096, (size, 2))
        # Points on corners and along edges are the ones that rounding would get wrong.
        polygon = Piece("pca", 0, 0, "true", (), tuple(map(tuple, corners.tolist()))).polygon()
        on_line = np.concatenate([polygon, (polygon + np.roll(polygon, 1, 0)) // 2])
        asked = np.concatenate([points, on_line.clip(0, counting.GRID)]).astype(int)
        found = page.evaluate(
            f"([points, corners]) => {{ {source}; const count = points.length;"
            "const [x, y] = [0, 1].map((axis) => Uint16Array.from(points, (point) => point[axis]));"
            "return [...inside({ count, x, y }, corners)]; }",
            [asked.tolist(), corners.tolist()],
        )
        assert found == counting.inside(asked, polygon).astype(int).tolist()
    page.close()
