"""From a number to its images, to one of them, to a tag, in a real browser; by mouse and by key."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core import datasets
from core.review import annotations as annotating
from core.review.annotations import Annotations
from core.runs import Run, RunStore
from tests.browser.conftest import go, reload, settle, until
from tests.dashboard.trained import train

pytestmark = pytest.mark.browser
DIGITS = datasets.load("digits")


@pytest.fixture(scope="module")
def run(runs_dir: Path) -> Run:
    return train(RunStore(runs_dir), name="to be reviewed")


def _said(data_dir: Path) -> Annotations:
    return annotating.load(DIGITS, data_dir)


def _fullest_error(run: Run) -> tuple[int, int, list[int]]:
    """The cell with the most errors of the test split, and the indices of its images."""
    labels = DIGITS.test_labels.tolist()
    predicted = run.probabilities(2, "test").argmax(1).tolist()
    cells: dict[tuple[int, int], list[int]] = {}
    for index, (true, answer) in enumerate(zip(labels, predicted, strict=True)):
        if true != answer:
            cells.setdefault((true, answer), []).append(index)
    (true, answer), indices = max(cells.items(), key=lambda item: len(item[1]))
    return true, answer, indices


def _top(place: Locator) -> float:
    """Where it begins on the screen, in pixels."""
    box = place.bounding_box()
    assert box is not None
    return box["y"]


def _tiles(page: Page) -> Locator:
    return page.locator(".st-key-gallery .tile")


def _indices(page: Page) -> list[int]:
    titles = [tile.get_attribute("title") or "" for tile in _tiles(page).all()]
    return [int(re.sub(r"\D", "", title)) for title in titles]


def test_from_a_cell_to_an_image_to_its_reasons_to_a_tag_that_stays(
    page: Page, dashboard: str, run: Run, data_dir: Path
) -> None:
    true, predicted, indices = _fullest_error(run)
    annotating.tag(DIGITS, "test", [], "smudged", data_dir)
    go(page, f"{dashboard}/results?run={run.id}&cell={true}-{predicted}")
    expect(_tiles(page)).to_have_count(len(indices))
    assert sorted(_indices(page)) == sorted(indices)
    assert set(_tiles(page).locator(".first").all_inner_texts()) == {f"{true} → {predicted}"}

    chosen = _indices(page)[1]
    _tiles(page).nth(1).click()
    pane = page.locator(".st-key-example_pane")
    expect(pane).to_contain_text(f"Image {chosen:,} · 2 of {len(indices)}")
    expect(pane).to_contain_text(f"True label {true}")
    pane.get_by_text("Which pixels", exact=True).click()
    expect(pane).to_contain_text(f"Why {predicted} · Integrated gradients")
    expect(pane.get_by_alt_text("Its map")).to_be_visible()
    pane.get_by_text("Nearest training images", exact=True).click()
    expect(pane).to_contain_text(re.compile(r"\d+ of the 10 nearest training images"))

    _tiles(page).nth(1).focus()
    page.keyboard.press("1")
    badge = _tiles(page).nth(1).locator(".badge")
    expect(badge).to_have_text("1")
    assert _said(data_dir).tagged("smudged", "test") == {chosen}

    reload(page)
    expect(page).to_have_url(re.compile(f"cell={true}-{predicted}.*example={chosen}$"))
    expect(_tiles(page)).to_have_count(len(indices))
    expect(badge).to_have_text("1")
    expect(pane).to_contain_text(f"Image {chosen:,} · 2 of {len(indices)}")
    expect(pane.get_by_role("button", name="smudged")).to_have_attribute("aria-pressed", "true")

    page.keyboard.press("1")  # nothing has the focus: the open image is meant
    expect(badge).to_have_count(0)
    assert _said(data_dir).tagged("smudged", "test") == frozenset()


def test_many_are_selected_tagged_and_filtered_by_their_tag(
    page: Page, dashboard: str, run: Run, data_dir: Path
) -> None:
    annotating.tag(DIGITS, "test", [], "smudged", data_dir)
    annotating.tag(DIGITS, "test", [], "faint", data_dir)
    go(page, f"{dashboard}/results?run={run.id}")
    expect(_tiles(page)).to_have_count(120)
    hint = page.locator(".st-key-gallery .hint")
    expect(hint).to_contain_text("Enter opens · Space selects · 1–2 tag")
    expect(hint).not_to_contain_text("Esc")
    ids = _indices(page)
    _tiles(page).nth(2).locator(".tick").click(force=True)
    _tiles(page).nth(5).click(modifiers=["Shift"])
    _tiles(page).nth(4).click(modifiers=["Control"])
    expect(page.locator(".st-key-gallery .count")).to_have_text("3 selected")
    expect(hint).to_contain_text("Esc selects none")
    page.keyboard.press("2")
    expect(page.locator(".st-key-gallery .badges .badge")).to_have_count(3)
    assert _said(data_dir).tagged("faint", "test") == {ids[2], ids[3], ids[5]}

    page.get_by_role("button", name=re.compile("Select all")).click()
    expect(page.locator(".st-key-gallery .count")).not_to_have_text("3 selected")
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-gallery .count")).to_have_count(0)

    page.locator(".st-key-gallery_filter button").click()
    choices = page.get_by_test_id("stPopoverBody")
    choices.get_by_role("button", name=re.compile("^faint")).click()
    expect(page).to_have_url(re.compile("filter=tags%3Dfaint"))
    expect(_tiles(page)).to_have_count(3)
    assert sorted(_indices(page)) == sorted([ids[2], ids[3], ids[5]])
    # The choices stay open for the next one.
    choices.get_by_role("button", name=re.compile("^smudged")).click()
    expect(page).to_have_url(re.compile("filter=tags%3Dfaint%2Csmudged"))
    expect(choices).to_be_visible()


def test_the_open_image_is_walked_across_pages_without_closing(
    page: Page, dashboard: str, run: Run
) -> None:
    go(page, f"{dashboard}/results?run={run.id}")
    expect(_tiles(page)).to_have_count(120)
    last = _indices(page)[-1]
    _tiles(page).last.click()
    pane = page.locator(".st-key-example_pane")
    expect(pane).to_contain_text(f"Image {last:,} · 120 of")
    page.keyboard.press("ArrowRight")
    expect(pane).to_contain_text(" · 121 of")
    expect(page.get_by_text(re.compile("page 2 of"))).to_be_visible()
    expect(_tiles(page).first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowLeft")
    expect(pane).to_contain_text(f"Image {last:,} · 120 of")
    page.keyboard.press("Escape")
    expect(pane).to_have_count(0)
    expect(page).not_to_have_url(re.compile("example="))


def test_what_was_said_is_undone_by_key_and_another_size_outlives_a_reload(
    page: Page, dashboard: str, run: Run, data_dir: Path
) -> None:
    annotating.tag(DIGITS, "test", [], "smudged", data_dir)
    go(page, f"{dashboard}/results?run={run.id}")
    expect(_tiles(page)).to_have_count(120)
    chosen = _indices(page)[1]
    before = _said(data_dir).tags_of("test", chosen)
    _tiles(page).nth(1).focus()
    page.get_by_role("button", name="Large images").click()
    expect(_tiles(page)).to_have_count(60)
    _tiles(page).nth(1).click()
    expect(page.locator(".st-key-example_pane")).to_contain_text(f"Image {chosen:,} · 2 of")
    page.keyboard.press("1")
    said = page.locator(".st-key-gallery .said .words")
    expect(said).to_contain_text(f"image {chosen:,}")
    assert _said(data_dir).tags_of("test", chosen) != before
    settle(page)
    page.keyboard.press("Control+z")
    expect(said).to_have_count(0)
    assert _said(data_dir).tags_of("test", chosen) == before
    # A toast has told of it, and has not taken the place of the style sheet: 2 rem.
    expect(page.get_by_test_id("stMainBlockContainer")).to_have_css("padding-left", "28px")

    reload(page)
    expect(_tiles(page)).to_have_count(60)


def test_an_open_image_is_brought_into_sight_where_there_is_no_room_beside_the_gallery(
    new_page: Callable[..., Page], dashboard: str, run: Run
) -> None:
    for width, below in ((700, True), (1440, False)):
        page = new_page(viewport={"width": width, "height": 900})
        go(page, f"{dashboard}/results?run={run.id}")
        opener, pane = _tiles(page).first, page.locator(".st-key-example_pane")
        index = _indices(page)[0]
        before = _top(opener)
        opener.click()
        name = pane.get_by_text(f"Image {index:,}", exact=True)
        expect(name).to_be_in_viewport()
        settle(page)
        # Not behind the gallery, which stays in sight beside a long pane only.
        is_above = "shown => shown.contains(document.elementFromPoint(%s))"
        middle = "...(({x, y}) => [x + 4, y + 4])(shown.getBoundingClientRect())"
        shown = is_above.replace("%s", middle)
        until(page, partial(name.evaluate, shown))
        if below:
            until(page, lambda start=before, opener=opener: _top(opener) < start - 200)
        else:
            assert _top(opener) > before - 200


def test_neither_images_nor_cells_move_when_something_is_to_be_chosen_about_them(
    page: Page, dashboard: str, run: Run
) -> None:
    go(page, f"{dashboard}/results?run={run.id}")
    expect(_tiles(page)).to_have_count(120)
    image, cells = _tiles(page).first, page.locator(".st-key-matrix .nsewdrag").first
    settle(page)
    at = image.bounding_box(), cells.bounding_box()
    _tiles(page).nth(2).locator(".tick").click(force=True)
    leave_out = page.locator(".st-key-decision_chosen").get_by_role("button", name="Leave out")
    expect(leave_out).to_be_in_viewport()
    page.get_by_text("difference", exact=True).click()
    expect(page.get_by_role("combobox", name="Compare with")).to_be_visible()
    settle(page)
    until(page, lambda: (image.bounding_box(), cells.bounding_box()) == at)
