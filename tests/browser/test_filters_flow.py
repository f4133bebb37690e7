"""Filters in a real browser: scrub a run that is training, silence and restore, open a patch."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Frame, Locator, Page, expect

from core import datasets, training
from core.config import RunConfig, with_overrides
from core.runs import Run, RunStore
from core.training import EpochResult, Training
from tests.browser.conftest import go, reload, settle, until
from tests.dashboard.trained import SMALL, train

pytestmark = pytest.mark.browser

TWO_LAYERS = 'model.blocks=[{"channels":4,"pooling":"max"},{"channels":6}]'


@pytest.fixture(scope="module")
def run(runs_dir: Path) -> Run:
    return train(RunStore(runs_dir), TWO_LAYERS, name="two layers")


def _cards(page: Page) -> Locator:
    return page.locator(".st-key-filter_cards .card")


def test_a_filter_opens_its_panel_and_a_patch_its_image(
    page: Page, dashboard: str, run: Run
) -> None:
    go(page, f"{dashboard}/filters?run={run.id}")
    expect(_cards(page)).to_have_count(4)
    page.get_by_text("blocks.1.conv", exact=True).click()
    expect(_cards(page)).to_have_count(6)
    expect(page).to_have_url(re.compile("layer=blocks.1.conv"))
    _cards(page).nth(3).locator(".open-button").click()
    expect(page).to_have_url(re.compile("unit=3"))
    expect(page.locator(".st-key-chosen_kernels")).to_contain_text("Filter 3 of blocks.1.conv")
    settle(page)  # until then the images are those of the filter before
    patch = page.locator(".st-key-filter_images .tile").first
    index = re.sub(r"\D", "", patch.get_attribute("title") or "")
    patch.click()
    pane = page.locator(".st-key-example_pane")
    expect(pane.get_by_text(f"Image {int(index):,}", exact=True)).to_be_visible()
    expect(pane).to_contain_text("Of the test file, test split")
    reload(page)
    expect(page.locator(".st-key-chosen_kernels")).to_contain_text("Filter 3 of blocks.1.conv")


def test_values_show_on_hover(page: Page, dashboard: str, run: Run) -> None:
    go(page, f"{dashboard}/filters?run={run.id}")
    kernel = run.weights(2)["blocks.0.conv.weight"][1, 0]
    canvas = _cards(page).nth(1).locator("canvas")
    box = canvas.bounding_box()
    assert box is not None
    canvas.hover(position={"x": box["width"] * 5 / 6, "y": box["height"] / 6})
    tip = page.locator(".st-key-filter_cards .tip")
    expect(tip).to_contain_text("input 0, row 0, column 2: ")
    shown = float((tip.inner_text().rsplit(" ", 1)[1]).replace("−", "-"))
    assert shown == pytest.approx(float(kernel[0, 2]), rel=1e-3)


def test_silencing_two_filters_and_restoring(page: Page, dashboard: str, run: Run) -> None:
    go(page, f"{dashboard}/filters?run={run.id}&layer=blocks.0.conv")
    before = f"{run.epoch_record(2).validation_accuracy * 100:.2f} %"
    _cards(page).nth(0).locator(".switch").click()
    _cards(page).nth(2).locator(".switch").click()
    expect(page.get_by_text("blocks.0.conv: 0, 2")).to_be_visible()
    expect(page.get_by_text(re.compile("images? flipped"))).to_be_visible()
    expect(_cards(page).nth(2)).to_have_class(re.compile(r"\boff\b"))
    expect(page.get_by_text(f"As it is: {before}")).to_be_visible()
    page.get_by_role("button", name="Restore all").click()
    expect(page.get_by_text(f"validation accuracy {before}")).to_be_visible()
    expect(_cards(page).nth(2)).not_to_have_class(re.compile(r"\boff\b"))


def test_the_keyboard_walks_opens_and_silences(page: Page, dashboard: str, run: Run) -> None:
    go(page, f"{dashboard}/filters?run={run.id}&layer=blocks.1.conv")
    _cards(page).first.locator(".open-button").focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("unit=1"))
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("unit=2"))
    page.keyboard.press("Space")
    expect(page.get_by_text("blocks.1.conv: 2")).to_be_visible()
    expect(_cards(page).nth(2)).to_have_class(re.compile(r"\boff\b"))


def test_the_importance_sheet_and_the_maximising_image_are_worked_out(
    page: Page, dashboard: str, run: Run
) -> None:
    go(page, f"{dashboard}/filters?run={run.id}&layer=blocks.0.conv&unit=1")
    page.get_by_role("button", name="Work it out").click()
    image = page.get_by_alt_text("The image that filter 1 of blocks.0.conv answers most")
    expect(image).to_be_visible(timeout=90_000)
    page.get_by_text("Importance", exact=True).click()
    page.get_by_role("button", name="Work out the sheet").click()
    expect(page.get_by_text("Select a row to open its filter")).to_be_visible(timeout=90_000)
    expect(_cards(page).first.locator(".note")).to_be_visible()


def test_play_walks_to_the_last_epoch(page: Page, dashboard: str, run: Run) -> None:
    go(page, f"{dashboard}/filters?run={run.id}")
    walked: list[int | None] = []  # an epoch stays for less than a second: an event is not missed

    def moved(frame: Frame) -> None:
        epoch = re.search(r"epoch=(\d+)", frame.url)
        walked.append(int(epoch[1]) if epoch else None)

    page.on("framenavigated", moved)
    page.get_by_role("button", name="Play").click()
    until(page, lambda: None in walked)
    assert walked == [0, 1, None]
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    expect(page).not_to_have_url(re.compile("epoch="))


@pytest.fixture
def growing(runs_dir: Path) -> Iterator[tuple[Run, threading.Event]]:
    """A run that holds its lock and finishes an epoch whenever the event is set."""
    store = RunStore(runs_dir)
    run = store.create(with_overrides(RunConfig(), [*SMALL, "training.epochs=4"]), "growing")
    session = Training.begin(run.config, datasets.load("digits"))
    go_on = threading.Event()
    go_on.set()
    stop = threading.Event()

    def work() -> None:
        with run.lock():
            status = run.status()
            run.write_status(replace(status, state="running"))
            for record in training.epochs(session):
                if stop.is_set():
                    break
                if isinstance(record, EpochResult):
                    go_on.wait(60)
                    go_on.clear()
                    run.write_epoch(record.record, session.checkpoint(), record.probabilities)
                    run.append([record.record])
            run.write_status(replace(status, state="stopped"))

    worker = threading.Thread(target=work)
    worker.start()
    yield run, go_on
    stop.set()
    go_on.set()
    worker.join(30)


def test_epochs_are_scrubbed_while_the_run_is_training(
    page: Page, dashboard: str, growing: tuple[Run, threading.Event]
) -> None:
    run, go_on = growing
    go(page, f"{dashboard}/filters?run={run.id}")
    expect(page.get_by_text("Epoch 0, the only one so far")).to_be_visible()
    expect(_cards(page)).to_have_count(4)
    go_on.set()
    area = page.locator(".st-key-filter_cards .area")
    expect(area).to_have_attribute("aria-label", "Filters of blocks.0.conv after epoch 1")
    go_on.set()
    expect(area).to_have_attribute("aria-label", "Filters of blocks.0.conv after epoch 2")
    slider = page.get_by_role("slider", name=re.compile("Epoch"))
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(area).to_have_attribute("aria-label", "Filters of blocks.0.conv after epoch 1")
    go_on.set()
    expect(slider).to_have_attribute("max", "3")  # the page knows it, and stays
    expect(page).to_have_url(re.compile("epoch=1"))
    expect(area).to_have_attribute("aria-label", "Filters of blocks.0.conv after epoch 1")
