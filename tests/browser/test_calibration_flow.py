"""Calibration in a real browser: a bin and a threshold open into exactly their images."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core import datasets
from core.review.calibration import tempered
from core.runs import Run, RunStore
from tests.browser.conftest import click_in, go, reload
from tests.dashboard.trained import train

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(runs_dir: Path) -> Run:
    return train(RunStore(runs_dir), name="digits, sure or not")


def _test_split(run: Run) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, saved probabilities and original indices."""
    parts = datasets.split(datasets.load("digits"), run.config.data)
    return parts.labels("test").numpy(), run.probabilities(2, "test"), parts.index("test").numpy()


def _indices(page: Page) -> set[int]:
    tiles = page.locator(".st-key-calibration .tile").all()
    return {int(re.sub(r"\D", "", tile.get_attribute("title") or "")) for tile in tiles}


def _click_bin(page: Page, number: int, of: int) -> None:
    """Clicks in the middle of a bin's column, in the upper part of the diagram."""
    area = page.locator(".st-key-reliability .nsewdrag").first
    click_in(area, (number + 0.5) / of, 0.4)


def test_a_bin_opens_into_its_images_and_a_reload_keeps_it(
    page: Page, dashboard: str, run: Run
) -> None:
    _, probabilities, index = _test_split(run)
    bins = np.ceil(tempered(probabilities, 1.0).max(1) * 15 - 1e-12).astype(int) - 1
    counts = np.bincount(bins, minlength=15)
    number = int(np.argmax(np.where(counts <= 120, counts, 0)))
    go(page, f"{dashboard}/calibration?run={run.id}")
    expect(page.get_by_text("Wrong, the surest first")).to_be_visible()

    _click_bin(page, number, 15)
    expect(page).to_have_url(re.compile(f"group=bin%3A{number}-15-width"))
    expect(page.locator(".st-key-calibration .tile")).to_have_count(int(counts[number]))
    assert _indices(page) == set(index[bins == number].tolist())
    reload(page)
    expect(page.locator(".st-key-calibration .tile")).to_have_count(int(counts[number]))
    _click_bin(page, number, 15)
    expect(page).not_to_have_url(re.compile("group="))


def test_a_threshold_leaves_images_unanswered_and_shows_them(
    page: Page, dashboard: str, run: Run
) -> None:
    _, probabilities, index = _test_split(run)
    confidence = probabilities.max(1)
    threshold = round(float(np.sort(confidence)[40]), 3)
    unsure = set(index[confidence < threshold].tolist())
    go(page, f"{dashboard}/calibration?run={run.id}")
    field = page.get_by_role("spinbutton", name="Answer only from this confidence")
    field.fill(str(threshold))
    field.press("Enter")
    expect(page.get_by_text(f"it answers {360 - len(unsure)} of 360 images")).to_be_visible()
    page.get_by_role("button", name=re.compile(f"{len(unsure)} unanswered")).click()
    expect(page.locator(".st-key-calibration .tile")).to_have_count(len(unsure))
    assert _indices(page) == unsure
