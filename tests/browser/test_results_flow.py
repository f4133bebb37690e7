"""Results and Runs in a real browser: from a number to its images, a run's life in the table."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core import datasets
from core.config import RunConfig, with_overrides
from core.runs import Run, RunStore
from tests.browser.conftest import click_in, go, reload, settle
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


def _click_cell(page: Page, true: int, predicted: int, key: str | None = None) -> None:
    """Clicks into the middle of a cell, where a person would, with a key held if one is named."""
    plot = page.locator(".st-key-matrix .nsewdrag").first
    if key is not None:
        page.keyboard.down(key)
    click_in(plot, (predicted + 0.5) / 10, (true + 0.5) / 10)
    if key is not None:
        page.keyboard.up(key)


# Streamlit frames the page where a key is pressed while it has the focus, as after a click.
_FRAME = """() => {
  const main = document.querySelector("[data-testid=stMain]");
  return [main.matches(":focus-visible"), getComputedStyle(main, "::before").display];
}"""


def _tiles(page: Page) -> Locator:
    return page.locator(".st-key-gallery .tile")


def _indices(page: Page) -> list[int]:
    titles = [tile.get_attribute("title") or "" for tile in _tiles(page).all()]
    return [int(re.sub(r"\D", "", title)) for title in titles]


def _title(page: Page) -> Locator:
    return page.locator(".st-key-gallery_title")


def _address(page: Page, text: str) -> None:
    expect(page).to_have_url(re.compile(text))


def test_cells_rows_and_columns_open_into_exactly_their_images(
    page: Page, dashboard: str, run: Run
) -> None:
    labels, predictions, _ = _answers(run)
    true, predicted, indices = _fullest_error(run)
    go(page, f"{dashboard}/results?run={run.id}")
    expect(_tiles(page).first).to_be_visible()

    _click_cell(page, true, predicted)
    _address(page, f"cell={true}-{predicted}$")
    expect(_title(page)).to_contain_text(f"True {true}, predicted {predicted} · {len(indices)}")
    expect(_tiles(page)).to_have_count(len(indices))

    _click_cell(page, true, true, "Shift")
    _address(page, f"cell={true}-{predicted}%2C{true}-{true}$")
    several = len(indices) + sum(t == p == true for t, p in zip(labels, predictions, strict=True))
    expect(_title(page)).to_contain_text(f"{several} test images")
    _click_cell(page, true, predicted, "Control")
    _address(page, f"cell={true}-{true}$")
    assert page.evaluate(_FRAME) == [True, "none"]

    cell = page.locator(".st-key-matrix .cell")
    expect(cell).to_have_attribute("aria-selected", "true")
    cell.focus()
    page.keyboard.press("Shift+Enter")
    expect(page).not_to_have_url(re.compile("cell="))
    expect(cell).to_have_attribute("aria-selected", "false")
    page.keyboard.press("ArrowLeft" if true else "ArrowRight")
    page.keyboard.press("Enter")
    _address(page, f"cell={true}-{true - 1 if true else 1}$")
    expect(cell).to_be_focused()

    page.get_by_role("button", name=f"All images of class {true}", exact=True).click()
    _address(page, rf"cell={true}-(\*|%2A)$")
    expect(_title(page)).to_contain_text(f"True {true} · {labels.count(true)} test images")
    column = page.get_by_role("button", name=f"All answered with {predicted}", exact=True)
    column.focus()
    page.keyboard.press("Enter")
    _address(page, rf"cell=(\*|%2A)-{predicted}$")
    expect(column).to_be_focused()
    expect(page.locator(".st-key-matrix .modebar")).to_have_count(0)
    expect(_title(page)).to_contain_text(f"{predictions.count(predicted)} test images")

    reload(page)
    expect(_title(page)).to_contain_text(f"Predicted {predicted}")
    expect(column).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Show all errors").click()
    expect(page).not_to_have_url(re.compile("cell="))
    expect(_title(page)).to_contain_text("Errors")


def test_a_threshold_and_the_strip_of_epochs(page: Page, dashboard: str, run: Run) -> None:
    labels, _, _ = _answers(run)
    unsure = int((run.probabilities(2, "test").max(1) < 0.5).sum())
    go(page, f"{dashboard}/results?run={run.id}&threshold=0.5")
    page.get_by_role("button", name=f"{unsure} don't know").click()
    _address(page, "group=unsure")
    expect(_title(page)).to_contain_text(f"Not answered · {unsure} test images")
    page.get_by_role("button", name="All that are not answered").click()
    expect(page).not_to_have_url(re.compile("group="))

    page.get_by_role("button", name="Go to epoch 1", exact=True).click()
    _address(page, "epoch=1")
    # What stands around matrix and images, too.
    expect(page.get_by_text("Per class · test, epoch 1")).to_be_visible()
    expect(page.get_by_role("slider", name="Epoch 1 of 2")).to_be_visible()
    sure = len(labels) - int((run.probabilities(1, "test").max(1) < 0.5).sum())
    expect(page.locator(".st-key-answer_numbers")).to_contain_text(f"{sure} answered")
    page.get_by_text("difference", exact=True).click()
    page.get_by_role("combobox", name="Compare with").click()
    page.get_by_role("option", name="Compared with: Epoch 2").click()
    _address(page, "compare=2")
    expect(page.locator(".st-key-matrix_legend")).to_contain_text("epoch 1, less Epoch 2")


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
    expect(page).to_have_url(re.compile("/runs"))
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

    reload(page)
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


@pytest.mark.parametrize("part", ["image", "panel"])
def test_a_run_deleted_in_another_tab_is_told_at_the_next_click(
    page: Page, dashboard: str, run: Run, runs_dir: Path, part: str
) -> None:
    gone = train(RunStore(runs_dir), name="soon gone")
    go(page, f"{dashboard}/results?run={gone.id}")
    _tiles(page).first.click()
    settle(page)
    panel = page.get_by_role("radio", name="Over the epochs")
    expect(panel).to_be_visible()
    RunStore(runs_dir).delete(gone.id)
    (panel if part == "panel" else _tiles(page).nth(1)).click()
    expect(page.get_by_text("There is no run")).to_contain_text(gone.id)
    expect(page).not_to_have_url(re.compile(gone.id))
