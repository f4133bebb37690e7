"""Slices in a real browser: from a row to its images, by mouse and keys; a set gets a name."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core import datasets
from core.review.image_measures import measures
from core.review.slices import tails
from core.runs import Run, RunStore
from tests.browser.conftest import go, reload
from tests.dashboard.trained import train

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(runs_dir: Path) -> Run:
    return train(RunStore(runs_dir), name="digits in parts")


def _rows(page: Page) -> Locator:
    return page.locator(".slices tbody tr")


def _row(page: Page, title: str) -> Locator:
    return _rows(page).filter(has=page.get_by_text(title, exact=True))


def test_a_slice_opens_into_its_images_and_the_page_goes_on_from_its_address(
    page: Page, dashboard: str, run: Run
) -> None:
    go(page, f"{dashboard}/slices?run={run.id}")
    alike = _rows(page).filter(has_text=re.compile("like [0-9]")).first
    expect(alike).to_be_visible(timeout=90_000)  # worked out beside the page
    title = page.locator(".st-key-slice_gallery_title")
    expect(title).to_contain_text("Errors")

    _row(page, "thick").click()
    expect(page).to_have_url(re.compile("group=slice(:|%3A)thick(@|%40)10"))
    count = len(
        tails(measures(datasets.load("digits").test_images.numpy()), 10).positions("thick@10")
    )
    expect(title).to_contain_text(f"Thick · {count} test images")
    expect(page.locator(".st-key-slice_gallery .tile")).to_have_count(count)

    reload(page)
    expect(_row(page, "thick")).to_have_attribute("aria-selected", "true")
    expect(title).to_contain_text(f"Thick · {count} test images")

    # The next row by the keyboard, in the order of another column.
    page.get_by_role("button", name="Images", exact=True).click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Images")
    counts = [int(row.locator("td").nth(2).inner_text()) for row in _rows(page).all()]
    assert counts == sorted(counts, reverse=True)
    _rows(page).first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(_rows(page).nth(1)).to_have_attribute("aria-selected", "true")
    expect(title).to_contain_text(f"· {counts[1]} test images")
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("group="))
    expect(title).to_contain_text("Errors")


def test_how_slices_are_made_stands_in_the_address_and_back_takes_it_back(
    page: Page, dashboard: str, run: Run
) -> None:
    page.set_viewport_size({"width": 700, "height": 900})
    go(page, f"{dashboard}/slices?run={run.id}&kinds=look,class&group=slice:class@7")
    smallest = page.get_by_role("spinbutton", name="Smallest slice")
    expect(_row(page, "class 3")).to_be_visible()
    smallest.fill("1000")
    smallest.press("Enter")
    expect(_rows(page)).to_have_count(1)
    expect(_row(page, "class 7")).to_have_attribute("aria-selected", "true")  # small, but open
    reload(page)
    expect(_rows(page)).to_have_count(1)
    expect(smallest).to_have_value("1000")
    page.go_back()
    expect(smallest).to_have_value("30")
    expect(_row(page, "class 3")).to_be_visible()
    expect(_row(page, "class 7")).to_have_attribute("aria-selected", "true")

    # So narrow, the list has what matters most, and nothing is cut off.
    area = page.locator(".slices .area")
    assert area.evaluate("area => area.scrollWidth <= area.clientWidth")
    shown = area.locator("th").filter(visible=True)
    assert [text.split("\n")[0].strip(" ↓") for text in shown.all_inner_texts()] == [
        "Slice", "Excess", "95 % interval", "p"
    ]  # fmt: skip
    expect(area.locator("th[aria-sort=descending]")).to_contain_text("Excess")
    page.get_by_role("button", name="95 % interval").click()
    expect(area.locator("th[aria-sort=descending]")).to_contain_text("95 % interval")
    ends = [
        float(re.findall(r"interval ([+−][0-9.]+)", title)[0].replace("−", "-"))
        for title in area.locator("svg.forest title").all_text_contents()
    ]
    assert ends == sorted(ends, reverse=True)


def test_what_is_shown_becomes_a_slice_of_its_own(page: Page, dashboard: str, run: Run) -> None:
    go(page, f"{dashboard}/slices?run={run.id}&group=slice:class@7&filter=true%3D7,1")
    page.get_by_role("button", name="Save as a slice").click()
    page.get_by_label("Name", exact=True).fill("my sevens")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("group=slice(:|%3A)tag(@|%40)my"))
    # It holds the images of class 7, so the two are one row, and one hypothesis.
    row = page.locator(".slices tbody tr").filter(has_text="my sevens")
    expect(row).to_contain_text("class 7")
    expect(row).to_have_attribute("aria-selected", "true")
    labels = datasets.load("digits").test_labels
    assert int(row.locator("td").nth(2).inner_text()) == int((labels == 7).sum())
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete", exact=False).first.click()
    page.get_by_role("button", name="Delete for good").click()
    expect(row).to_have_count(0)
    expect(page).not_to_have_url(re.compile("group="))
