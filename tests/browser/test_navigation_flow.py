"""The address in a browser: links carry the selection, one act is one step of the history."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.runs import Run, RunStore
from tests.browser.conftest import go, reload, settle
from tests.dashboard.trained import train

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(runs_dir: Path) -> Run:
    return train(RunStore(runs_dir), name="travelled")


def steps(page: Page) -> int:
    return int(page.evaluate("history.length"))


def test_a_link_carries_the_selection_and_is_one_step_of_the_history(
    page: Page, dashboard: str, run: Run
) -> None:
    def expect_at(path: str) -> None:
        expect(page).to_have_url(re.compile(f"{dashboard}/{path}\\?run={run.id}&epoch=1&cell=4-9"))
        settle(page)

    go(page, f"{dashboard}/results?run={run.id}&epoch=1&cell=4-9")
    link = page.get_by_role("link", name="Filters", exact=True)
    link.hover()
    expect(link).to_have_attribute("href", f"/filters?run={run.id}&epoch=1&cell=4-9")
    before = steps(page)
    for name, path in (("Slices", "slices"), ("Train", ""), ("Labels", "labels")):
        page.get_by_role("link", name=name, exact=True).click()
        expect_at(path)
    assert steps(page) == before + 3
    for path in ("", "slices", "results"):
        page.go_back()
        expect_at(path)


def test_only_the_reader_makes_steps(page: Page, dashboard: str, run: Run) -> None:
    """Streamlit pushes an address for each thing it says, as a part that watches something does."""
    pushes = "['/runs', '/results'].forEach((path) => history.pushState({}, '', path))"
    go(page, f"{dashboard}/results?run={run.id}")
    before = steps(page)
    page.evaluate(pushes)
    assert steps(page) == before
    page.keyboard.press("Shift")
    page.evaluate(pushes)
    assert steps(page) == before + 1


def test_a_button_that_leads_to_another_page_is_one_step(
    page: Page, dashboard: str, run: Run
) -> None:
    go(page, f"{dashboard}/runs?run={run.id}")
    before = steps(page)
    page.get_by_role("button", name="Open results").click()
    expect(page).to_have_url(re.compile(f"{dashboard}/results\\?run={run.id}"))
    settle(page)
    assert steps(page) == before + 1


def test_the_first_page_answers_to_its_name(page: Page, dashboard: str, run: Run) -> None:
    go(page, f"{dashboard}/train?preset=classic")
    expect(page).to_have_url(re.compile(f"{dashboard}/\\?preset=classic"))
    expect(page.get_by_text("Page not found")).to_have_count(0)


def test_back_undoes_a_choice_on_train(page: Page, dashboard: str) -> None:
    go(page, f"{dashboard}/?preset=classic")
    classic = page.get_by_role("radio", name="Classic", exact=True)
    expect(classic).to_be_checked()
    page.get_by_role("radio", name="Deep", exact=True).click()
    expect(page).to_have_url(f"{dashboard}/?preset=deep")
    settle(page)
    page.go_back()
    expect(classic).to_be_checked()
    expect(page).to_have_url(f"{dashboard}/?preset=classic")


def test_back_and_a_reload_know_how_a_page_looked(page: Page, dashboard: str, run: Run) -> None:
    """Whatever is as usual is not in the address, so that Back may lead to none of it."""
    go(page, f"{dashboard}/calibration?run={run.id}")
    before = steps(page)
    page.get_by_role("radio", name="Equal mass").click()
    expect(page).to_have_url(re.compile("binning=mass$"))
    settle(page)
    page.get_by_role("radio", name="Scaled").click()
    expect(page).to_have_url(re.compile("confidence=scaled&binning=mass$"))
    settle(page)
    assert steps(page) == before + 2
    reload(page)
    expect(page.get_by_role("radio", name="Scaled")).to_be_checked()
    expect(page.get_by_role("radio", name="Equal mass")).to_be_checked()
    page.get_by_role("link", name="Embedding", exact=True).click()
    expect(page).to_have_url(f"{dashboard}/embedding?run={run.id}")
    page.get_by_role("radio", name="t-SNE").click()
    expect(page).to_have_url(f"{dashboard}/embedding?run={run.id}&map=tsne")
    settle(page)
    page.get_by_role("link", name="Calibration", exact=True).click()
    expect(page.get_by_role("radio", name="Scaled")).to_be_checked()
    expect(page).to_have_url(re.compile("confidence=scaled&binning=mass$"))
    settle(page)
    for _ in range(2):
        page.go_back()
        expect(page).to_have_url(re.compile(f"/embedding\\?run={run.id}"))
        settle(page)
    expect(page.get_by_role("radio", name="PCA")).to_be_checked()
    for mass in (True, True, False):
        page.go_back()
        expect(page.get_by_role("radio", name="Equal mass")).to_be_checked(checked=mass)
        settle(page)
    expect(page).to_have_url(f"{dashboard}/calibration?run={run.id}")


def test_run_epoch_and_split_are_whole_on_a_narrow_screen(
    page: Page, dashboard: str, run: Run
) -> None:
    go(page, f"{dashboard}/calibration?run={run.id}")
    for width in (700, 768, 1024):
        page.set_viewport_size({"width": width, "height": 900})
        settle(page)
        page.wait_for_function(_INSIDE)


# Whether both options of the split lie inside their control, but for a pixel.
_INSIDE = """() => {
  const box = (element) => element.getBoundingClientRect();
  const bar = document.querySelector(".st-key-run_bar_split");
  const [whole, parts] = [box(bar), [...bar.querySelectorAll("[role=radio]")].map(box)];
  const inside = (part) => part.left > whole.left - 1 && part.right < whole.right + 1;
  return parts.length === 2 && parts.every(inside);
}"""
