"""Links between the pages in a real browser: they carry the selection, and Back takes one press."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.runs import Run, RunStore
from tests.browser.conftest import go, settle
from tests.dashboard.trained import train

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(runs_dir: Path) -> Run:
    return train(RunStore(runs_dir), name="travelled")


def test_a_link_carries_the_selection_and_is_one_step_of_the_history(
    page: Page, dashboard: str, run: Run
) -> None:
    go(page, f"{dashboard}/results?run={run.id}&epoch=1&cell=4-9")
    address = page.url
    steps = page.evaluate("history.length")
    for name, path in (("Slices", "slices"), ("Train", ""), ("Labels", "labels")):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page).to_have_url(re.compile(f"{dashboard}/{path}\\?run={run.id}&epoch=1&cell=4-9"))
        settle(page)
    assert page.evaluate("history.length") == steps + 3
    for path in ("", "slices"):
        page.go_back()
        expect(page).to_have_url(re.compile(f"{dashboard}/{path}\\?run={run.id}&epoch=1&cell=4-9"))
        settle(page)
    page.go_back()
    expect(page).to_have_url(address)
    link = page.get_by_role("link", name="Filters", exact=True)
    link.hover()
    expect(link).to_have_attribute("href", f"/filters?run={run.id}&epoch=1&cell=4-9")


def test_the_first_page_answers_to_its_name(page: Page, dashboard: str, run: Run) -> None:
    go(page, f"{dashboard}/train?preset=classic")
    expect(page).to_have_url(re.compile(f"{dashboard}/\\?preset=classic"))
    expect(page.get_by_text("Page not found")).to_have_count(0)
