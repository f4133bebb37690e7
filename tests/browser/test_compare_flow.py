"""Compare in a real browser: from a count or a bar to exactly its images, kept by the address."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from core import datasets
from core.runs import Run, RunStore
from tests.browser.conftest import click_in, go, reload
from tests.dashboard.trained import train

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def runs(runs_dir: Path) -> tuple[Run, Run]:
    """Two runs on the same images, from two seeds: A and B."""
    store = RunStore(runs_dir)
    return train(store, name="first"), train(store, "training.seed=7", name="second")


def _right(run: Run, epoch: int = 2) -> np.ndarray:
    labels = datasets.split(datasets.load("digits"), run.config.data).labels("test").numpy()
    return run.probabilities(epoch, "test").argmax(1) == labels


def _labels(run: Run) -> np.ndarray:
    return datasets.split(datasets.load("digits"), run.config.data).labels("test").numpy()


def _tiles(page: Page) -> Locator:
    return page.locator(".gallery .tile")


def _indices(page: Page) -> list[int]:
    titles = [tile.get_attribute("title") or "" for tile in _tiles(page).all()]
    return sorted(int(re.search(r"index (\d+)", title)[1]) for title in titles)  # type: ignore[index]


def _click_bar(page: Page, key: str, across: float, down: float) -> None:
    """Clicks a place in a chart, in shares of its plotting area."""
    click_in(page.locator(f".st-key-{key} .nsewdrag").first, across, down)


def test_flips_between_two_runs_open_their_images(
    page: Page, dashboard: str, runs: tuple[Run, Run]
) -> None:
    first, second = runs
    fixed = _right(second) & ~_right(first)
    labels = _labels(first)
    counts = [int((fixed & (labels == k)).sum()) for k in range(10)]
    fullest = int(np.argmax(counts))
    go(page, f"{dashboard}/compare?run={second.id}")
    page.get_by_role("button", name="Compare with the run first").click()
    expect(page).to_have_url(re.compile(f"compare={first.id}"))
    page.get_by_role("radio", name=re.compile(r"^Fixed")).click()
    expect(page.get_by_text(re.compile(rf"Fixed · {fixed.sum()} test image"))).to_be_visible()

    # The longest bar of all starts in the middle and goes right: a tenth of the way is on it.
    _click_bar(page, "flips_by_class", 0.52, (fullest + 0.5) / 10)
    expect(page).to_have_url(re.compile(rf"group=flips(:|%3A)fixed(\+|%20){fullest}"))
    expect(_tiles(page)).to_have_count(counts[fullest])
    expected = np.flatnonzero(fixed & (labels == fullest)).tolist()
    assert _indices(page) == expected

    reload(page)
    expect(_tiles(page)).to_have_count(counts[fullest])
    page.get_by_role("button", name="Swap A and B").click()
    # The bar above is drawn for the other run, too.
    expect(page.get_by_role("combobox", name="Run", exact=True)).to_have_value(re.compile("^first"))
    expect(page).to_have_url(re.compile(rf"group=flips(:|%3A)broken(\+|%20){fullest}"))
    expect(_tiles(page)).to_have_count(counts[fullest])
    assert _indices(page) == expected


def test_many_runs_and_biographies_open_their_images(
    page: Page, dashboard: str, runs: tuple[Run, Run]
) -> None:
    first, second = runs
    go(page, f"{dashboard}/compare?run={second.id}")
    page.get_by_role("radio", name="Many runs").click()
    expect(page).to_have_url(re.compile(r"group=runs(:|%3A)all"))
    both = int((~_right(first) & ~_right(second)).sum())
    expect(page.get_by_text(f"{both:,} images are read wrong by all 2 runs")).to_be_visible()
    _click_bar(page, "agreement_bars", 0.25, 0.97)
    expect(page).to_have_url(re.compile(r"group=runs(:|%3A)1"))
    alone = int((_right(first) != _right(second)).sum())
    expect(page.get_by_text(re.compile(rf"exactly 1 of 2 runs · {alone:,} test"))).to_be_visible()

    page.get_by_role("radio", name="Over the epochs").click()
    expect(page).to_have_url(re.compile(r"group=story(:|%3A)any"))
    _click_bar(page, "story_verdicts", 0.02, 0.9)
    expect(page).to_have_url(re.compile(r"group=story(:|%3A)never"))
    never = int((~_right(second, 1) & ~_right(second)).sum())
    expect(page.get_by_text(re.compile(rf"Never right · {never:,} test image"))).to_be_visible()
    _tiles(page).first.click()
    expect(page.locator(".st-key-example_pane")).to_contain_text("Never right.")
