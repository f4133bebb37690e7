"""Results and Runs in a real browser: from a number to its images, a run's life in the table."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core import datasets
from core.config import RunConfig, with_overrides
from core.runs import Run, RunStore
from tests.browser.conftest import go, settle
from tests.dashboard.trained import SMALL, train

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(runs_dir: Path) -> Run:
    return train(RunStore(runs_dir), name="digits at first")


def _answers(run: Run) -> tuple[list[int], list[int], list[int]]:
    """Labels, predictions and original indices of the test split at the last epoch."""
    parts = datasets.split(datasets.load("digits"), run.config.data)
    predicted = run.probabilities(2, "test").argmax(1)
    return parts.labels("test").tolist(), predicted.tolist(), parts.index("test").tolist()


def _fullest_error(run: Run) -> tuple[int, int, list[int]]:
    """The cell with the most errors, and the indices of its images."""
    cells: dict[tuple[int, int], list[int]] = {}
    for true, predicted, index in zip(*_answers(run), strict=True):
        if true != predicted:
            cells.setdefault((true, predicted), []).append(index)
    (true, predicted), indices = max(cells.items(), key=lambda item: len(item[1]))
    return true, predicted, indices


def _click_cell(page: Page, true: int, predicted: int) -> None:
    """Clicks into the middle of a cell, where a person would."""
    plot = page.locator(".st-key-matrix .nsewdrag").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.click(
        box["x"] + box["width"] * (predicted + 0.5) / 10,
        box["y"] + box["height"] * (true + 0.5) / 10,
    )


def _tiles(page: Page) -> Locator:
    return page.locator(".st-key-gallery .tile")


def _indices(page: Page) -> list[int]:
    titles = [tile.get_attribute("title") or "" for tile in _tiles(page).all()]
    return [int(re.sub(r"\D", "", title)) for title in titles]


def test_a_matrix_cell_opens_into_exactly_its_images(page: Page, dashboard: str, run: Run) -> None:
    true, predicted, indices = _fullest_error(run)
    go(page, f"{dashboard}/results?run={run.id}")
    expect(_tiles(page).first).to_be_visible()

    _click_cell(page, true, predicted)
    expect(page).to_have_url(re.compile(f"cell={true}-{predicted}"))
    title = page.locator(".st-key-images_title")
    expect(title).to_contain_text(f"True {true}, predicted {predicted}")
    expect(_tiles(page)).to_have_count(len(indices))
    assert sorted(_indices(page)) == sorted(indices)
    assert set(_tiles(page).locator(".first").all_inner_texts()) == {f"{true} → {predicted}"}

    chosen = _indices(page)[1]
    _tiles(page).nth(1).click()
    expect(page).to_have_url(re.compile(f"example={chosen}$"))
    pane = page.locator(".st-key-example_pane")
    expect(pane).to_contain_text(f"True label {true}")
    expect(pane).to_contain_text(f"Image {chosen:,} of the test file")

    page.reload()
    settle(page)
    expect(_tiles(page)).to_have_count(len(indices))
    expect(page.locator(".st-key-example_pane")).to_contain_text(f"Image {chosen:,}")
    expect(page.locator('.st-key-gallery .tile[aria-selected="true"]')).to_have_attribute(
        "title", f"index {chosen}"
    )

    _click_cell(page, true, predicted)
    expect(page).not_to_have_url(re.compile("cell="))
    expect(title).to_contain_text("Misclassified")


def test_the_keyboard_walks_opens_and_closes(page: Page, dashboard: str, run: Run) -> None:
    go(page, f"{dashboard}/results?run={run.id}")
    expect(_tiles(page).first).to_be_visible()
    shown = _indices(page)
    _tiles(page).first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    pane = page.locator(".st-key-example_pane")
    expect(pane).to_contain_text(f"Image {shown[1]:,}")
    page.keyboard.press("ArrowRight")
    expect(pane).to_contain_text(f"Image {shown[2]:,}")
    expect(page).to_have_url(re.compile(f"example={shown[2]}$"))
    page.keyboard.press("Escape")
    expect(pane).to_have_count(0)
    expect(page).not_to_have_url(re.compile("example="))


def test_pages_of_the_gallery_turn(page: Page, dashboard: str, run: Run) -> None:
    labels, predicted, _ = _answers(run)
    wrong = sum(true != answer for true, answer in zip(labels, predicted, strict=True))
    assert wrong > 120, "the tiny run should err enough for a second page"
    go(page, f"{dashboard}/results?run={run.id}")
    expect(_tiles(page)).to_have_count(120)
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_text(re.compile("page 2 of"))).to_be_visible()
    expect(_tiles(page)).to_have_count(min(120, wrong - 120))


def test_another_epoch_and_split_are_kept_between_pages(
    page: Page, dashboard: str, run: Run
) -> None:
    go(page, f"{dashboard}/results?run={run.id}")
    page.get_by_role("slider", name=re.compile("Epoch")).focus()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("epoch=1"))
    page.get_by_role("radio", name="Validation", exact=True).click()
    expect(page).to_have_url(re.compile("split=validation"))
    page.get_by_role("link", name="Runs", exact=True).click()
    settle(page)
    page.get_by_role("link", name="Results", exact=True).click()
    expect(page.get_by_text("validation, epoch 1").first).to_be_visible()
    expect(page).to_have_url(re.compile("epoch=1.*split=validation"))


def test_a_run_is_renamed_starred_noted_and_deleted(
    page: Page, dashboard: str, runs_dir: Path, run: Run
) -> None:
    store = RunStore(runs_dir)
    doomed = train(store, name="doomed")
    go(page, f"{dashboard}/runs?run={doomed.id}")
    card = page.locator(".st-key-run_card")
    expect(card).to_contain_text("doomed")

    card.get_by_label("Name").fill("reborn *1*")
    card.get_by_label("Name").press("Enter")
    expect(card).to_contain_text("reborn *1*")
    card.get_by_label("Note").fill("tried once")
    card.get_by_label("Note").blur()
    settle(page)
    card.get_by_text("Star", exact=True).click()
    expect(card).to_contain_text("★ reborn *1*")
    label = doomed.label()
    assert (label.name, label.note, label.starred) == ("reborn *1*", "tried once", True)

    page.reload()
    settle(page)
    expect(card).to_contain_text("★ reborn *1*")
    card.get_by_role("button", name="Delete").click()
    expect(page.get_by_text(re.compile("It frees"))).to_be_visible()
    page.get_by_role("button", name="Delete for good").click()
    expect(card).not_to_contain_text("reborn")
    assert not doomed.path.exists()


def test_a_page_that_ticks_leaves_names_alone(page: Page, dashboard: str, runs_dir: Path) -> None:
    store = RunStore(runs_dir)
    other = store.create(with_overrides(RunConfig(), SMALL), "tick")
    waiting = store.create(with_overrides(RunConfig(), SMALL), "keep my name")
    waiting.set_label(note="and my note")
    # A slow browser is overtaken by the next run of the script before it has drawn the first.
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 12})
    for _ in range(2):
        page.goto(f"{dashboard}/runs?run={waiting.id}")
        for tick in range(40):
            other.set_label(name=f"tick {tick}")
            page.wait_for_timeout(100)
    expect(page.get_by_label("Name")).to_have_value("keep my name")
    label = waiting.label()
    assert (label.name, label.note) == ("keep my name", "and my note")
    store.delete(waiting.id)
    store.delete(other.id)
