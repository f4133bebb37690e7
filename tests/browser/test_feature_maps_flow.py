"""Feature maps in a real browser: from the whole network down to one value's arithmetic."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from core.inspection.feature_maps import feature_maps
from core.predictor import Predictor
from core.preprocessing import network_input
from core.runs import Run, RunStore
from tests.browser.conftest import go, settle
from tests.dashboard.trained import train

pytestmark = pytest.mark.browser

LAYERS = ["input", "conv", "activation", "pool", "dense", "activation", "logits", "probabilities"]


@pytest.fixture(scope="module")
def run(runs_dir: Path) -> Run:
    return train(RunStore(runs_dir), name="digits")


@pytest.fixture(scope="module")
def values(run: Run) -> dict[str, np.ndarray]:
    """What each layer makes of test image 3 at the last epoch."""
    from core import datasets

    predictor = Predictor.of(run, 2)
    image = datasets.load("digits").test_images[3:4]
    given = network_input(image, predictor.mean, predictor.std)[0]
    return {layer.name: layer.values for layer in feature_maps(predictor.model, given)}


def _groups(page: Page, key: str = "network_maps_0") -> Locator:
    return page.locator(f".st-key-{key} .maps .group")


def _tip(page: Page) -> Locator:
    return page.locator(".st-key-network_maps_0 .tip")


def _number(text: str) -> float:
    return float(text.rpartition("=")[2].replace("−", "-"))


def test_from_the_network_to_one_values_arithmetic(page: Page, dashboard: str, run: Run, values):
    go(page, f"{dashboard}/feature_maps?run={run.id}&example=3")
    expect(_groups(page)).to_have_count(len(LAYERS))
    assert _groups(page).locator("header b").all_inner_texts() == LAYERS

    # Hovering says the exact value: maps are 64 pixels wide, the first lies at the top.
    conv = _groups(page).nth(1).locator("canvas")
    conv.hover(position={"x": 37, "y": 37})
    expect(_tip(page)).to_contain_text("blocks.0.conv · map 0 · row 3, column 3")
    expected = values["blocks.0.conv"][0, 3, 3]
    assert _number(_tip(page).inner_text()) == pytest.approx(expected, rel=1e-5)

    conv.click(position={"x": 37, "y": 105})
    expect(page).to_have_url(re.compile(r"layer=blocks\.0\.conv&unit=1&at=3-3"))
    story = page.locator(".st-key-story_0")
    expect(story).to_contain_text("How blocks.0.conv was made")
    expected = values["blocks.0.conv"][1, 3, 3]
    shown = story.locator(".lens .sum strong")
    expect(shown).to_be_visible()
    assert _number(shown.inner_text()) == pytest.approx(expected, abs=1e-5)
    expect(story).to_contain_text(f"{expected:.6g}")

    # Another value of the result: written out while the pointer is there, kept by a click.
    settle(page)
    total = _groups(page, "story_0_making").nth(3).locator("canvas")
    total.hover(position={"x": 3, "y": 3})
    expect(story.locator(".lens .sum")).to_contain_text("row 0, column 0:")
    assert _number(shown.inner_text()) == pytest.approx(values["blocks.0.conv"][1, 0, 0], abs=1e-5)
    total.click(position={"x": 3, "y": 3})
    expect(page).to_have_url(re.compile("at=0-0"))
    expect(story).to_contain_text("Rows 0 to 2, columns 0 to 2 of the input")

    story.get_by_role("button", name="Close").click()
    expect(story).to_have_count(0)
    expect(page).not_to_have_url(re.compile("layer="))


def test_the_keyboard_walks_opens_and_closes(page: Page, dashboard: str, run: Run):
    go(page, f"{dashboard}/feature_maps?run={run.id}&example=3")
    expect(_groups(page)).to_have_count(len(LAYERS))
    page.locator(".st-key-network_maps_0 .scroller").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    live = page.locator(".st-key-network_maps_0 .live")
    expect(live).to_contain_text("blocks.0.conv · map 2")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"layer=blocks\.0\.conv&unit=2"))
    settle(page)
    page.locator(".st-key-network_maps_0 .scroller").focus()
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-story_0")).to_have_count(0)


def test_the_address_opens_the_same_view_and_a_patch_opens_its_image(
    page: Page, dashboard: str, run: Run
):
    address = f"{dashboard}/feature_maps?run={run.id}&example=3&layer=blocks.0.pool&unit=1&at=1-1"
    go(page, f"{address}&compare=0")
    expect(page.locator(".st-key-story_0")).to_contain_text("How blocks.0.pool was made")
    expect(page.locator(".st-key-story_1")).to_contain_text("epoch 0")
    expect(page.get_by_text("answers")).to_have_count(2)
    page.locator(".st-key-story_0_patches .tile").first.click()
    expect(page).to_have_url(re.compile("split=validation&example="))
