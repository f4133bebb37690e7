"""The Draw page in a real browser: draw a 7 with the mouse, and it is answered."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from core.runs import Run, RunStore
from tests.browser.conftest import go, until
from tests.dashboard.trained import train

pytestmark = pytest.mark.browser

SEVEN = [(0.2, 0.12), (0.8, 0.12), (0.45, 0.9)]


@pytest.fixture(scope="module")
def run(runs_dir: Path) -> Run:
    """Digits, learnt well enough to know a 7."""
    return train(
        RunStore(runs_dir),
        'model.blocks=[{"channels":16,"padding":1,"pooling":"max"}]',
        "training.epochs=12",
        "training.learning_rate=0.01",
    )


def _draw(page: Page, points: list[tuple[float, float]], steps: int = 12) -> None:
    """One stroke of the mouse through these places of the pad."""
    canvas = page.locator(".pad .drawing")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(x, y, steps=steps)
    page.mouse.up()


def _verdict(page: Page) -> Locator:
    return page.locator(".cs-verdict b").first


def _seen(page: Page) -> list[int]:
    """The grey values on the canvas that shows what the network gets."""
    pixels = page.locator(".pad .seen").evaluate(
        "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    )
    return pixels[::4]


def _answered(page: Page) -> None:
    """Waits until what is on the pad has been answered."""
    expect(page.locator(".pad")).to_have_attribute("data-milliseconds", re.compile(r"\d+"))


def test_a_seven_is_drawn_answered_undone_and_cleared(page: Page, dashboard: str, run: Run) -> None:
    go(page, f"{dashboard}/draw?run={run.id}")
    expect(page.locator(".pad .hint")).to_be_visible()
    expect(page.locator(".cs-verdict")).to_have_text("Draw a digit")

    _draw(page, SEVEN)
    expect(_verdict(page)).to_have_text("7")
    expect(page.locator(".pad .hint")).to_be_hidden()
    expect(page.get_by_text("Why 7 · Integrated gradients")).to_be_visible()
    _answered(page)
    seen = np.array(_seen(page)).reshape(8, 8)
    assert seen[0:2].sum() > seen[6:8].sum() > 0  # the bar above, the foot below
    alone = seen.copy()

    _draw(page, [(0.2, 0.9), (0.8, 0.9)])
    _answered(page)
    assert np.array(_seen(page)).sum() > alone.sum()
    page.get_by_role("button", name="Undo").click()
    _answered(page)
    np.testing.assert_array_equal(np.array(_seen(page)).reshape(8, 8), alone)

    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".cs-verdict")).to_have_text("Draw a digit")
    expect(page.locator(".pad .hint")).to_be_visible()
    page.locator(".pad .drawing").press("Control+z")
    expect(_verdict(page)).to_have_text("7")


def test_a_drawing_is_still_there_after_a_look_at_another_page(
    page: Page, dashboard: str, run: Run
) -> None:
    go(page, f"{dashboard}/draw?run={run.id}")
    _draw(page, SEVEN)
    expect(_verdict(page)).to_have_text("7")
    _answered(page)
    before = _seen(page)
    page.get_by_role("link", name="Results", exact=True).click()
    expect(page).to_have_url(re.compile("/results"))
    page.get_by_role("link", name="Draw", exact=True).click()
    expect(_verdict(page)).to_have_text("7")
    until(page, lambda: _seen(page) == before)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".cs-verdict")).to_have_text("Draw a digit")


def test_the_drawing_goes_along_to_the_feature_maps(page: Page, dashboard: str, run: Run) -> None:
    go(page, f"{dashboard}/draw?run={run.id}&epoch=9")
    _draw(page, SEVEN)
    expect(_verdict(page)).to_have_text("7")
    _answered(page)
    page.get_by_role("button", name="All feature maps").click()
    expect(page).to_have_url(re.compile("feature_maps.*epoch=9"))
    expect(page.get_by_text(re.compile("answers.*7"))).to_be_visible()
    page.get_by_role("link", name="Draw on").click()
    expect(_verdict(page)).to_have_text("7")


def test_the_answer_follows_while_the_pen_is_down(page: Page, dashboard: str, run: Run) -> None:
    go(page, f"{dashboard}/draw?run={run.id}")
    box = page.locator(".pad .drawing").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 220, box["y"] + 60, steps=8)
    expect(page.locator(".cs-bars")).to_have_count(1)  # nobody has lifted the pen
    page.mouse.up()


def test_a_finger_draws_and_does_not_scroll(new_page, dashboard: str, run: Run) -> None:
    page = new_page(has_touch=True)
    go(page, f"{dashboard}/draw?run={run.id}")
    assert page.locator(".pad .drawing").evaluate("c => getComputedStyle(c).touchAction") == "none"
    box = page.locator(".pad .drawing").bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + 100, box["y"] + 100)
    expect(page.locator(".cs-bars")).to_have_count(1)


def test_two_epochs_look_at_the_same_drawing(page: Page, dashboard: str, run: Run) -> None:
    go(page, f"{dashboard}/draw?run={run.id}")
    _draw(page, SEVEN)
    expect(page.locator(".cs-bars")).to_have_count(1)
    page.get_by_role("combobox", name=re.compile("Compare with")).click()
    page.get_by_role("option", name=re.compile("Epoch 0")).click()
    expect(page.locator(".cs-bars")).to_have_count(2)
    expect(page).to_have_url(re.compile("compare=0"))


def test_a_picture_is_dropped_instead(page: Page, dashboard: str, run: Run) -> None:
    paper = np.full((64, 64), 255, np.uint8)
    paper[8:56, 28:36] = 0
    buffer = io.BytesIO()
    Image.fromarray(paper).save(buffer, "PNG")
    go(page, f"{dashboard}/draw?run={run.id}")
    chooser = page.locator("[data-testid=stFileUploader] input[type=file]")
    chooser.set_input_files({"name": "1.png", "mimeType": "image/png", "buffer": buffer.getvalue()})
    expect(page.locator(".cs-bars")).to_have_count(1)
    expect(page.locator(".pad .caption")).to_contain_text("inverted")
    chooser.set_input_files({"name": "2.png", "mimeType": "image/png", "buffer": b"hello"})
    expect(page.get_by_text(re.compile("neither PNG nor JPEG"))).to_be_visible()
    expect(page.locator(".cs-bars")).to_have_count(0)


def test_why_one_and_not_the_other_on_a_real_error(page: Page, dashboard: str, run: Run) -> None:
    go(page, f"{dashboard}/results?run={run.id}")
    page.locator(".st-key-gallery .tile").first.click()
    pane = page.locator(".st-key-example_pane")
    pane.get_by_text("Which pixels", exact=True).click()
    pane.get_by_role("combobox", name=re.compile("Rather than")).click()
    page.get_by_role("option", name="the label").click()
    expect(pane.get_by_text(re.compile(r"Why \d and not \d"))).to_be_visible()
    pane.get_by_role("button", name="Check with shuffled weights").click()
    expect(pane.get_by_text(re.compile("Rank correlation"))).to_be_visible()
    pane.get_by_text("Nearest training images", exact=True).click()
    expect(pane.locator(".cs-figures figure")).to_have_count(10)
    pane.get_by_text("Over the epochs", exact=True).click()
    expect(pane.locator(".st-key-example_epochs .scatterlayer .point")).to_have_count(13)
