"""Entries of a map's legend that hide their points, in a real browser."""

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from dashboard.components import scatter as component
from dashboard.components.scatter import Entry, Points, pack
from tests.browser.alone import Alone, tab_with

pytestmark = pytest.mark.browser
HEADER = {
    "classes": ["0"], "images": "/images/", "version": "", "space": "pca", "view": [0, 65535] * 2,
    "noun": "image", "label": "Some images", "height": 300, "revision": 1, "opened": -1,
}  # fmt: skip


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    with tab_with(browser, component) as page:
        yield page


class Map(Alone):
    """Three images in one place, of which some have a tag."""

    def show(self, *labels: str, groups: tuple[int, int, int], title: str = "tag") -> None:
        """What the server sends next."""
        zeros = np.zeros(3, np.int64)
        legend = [Entry(label, f"categorical.{number}", 1) for number, label in enumerate(labels)]
        points = Points(
            np.full((3, 2), 30_000, np.uint16), np.arange(3), zeros, zeros, zeros + 1.0,
            np.array(groups), legend,
        )  # fmt: skip
        self.take(pack(points, {**HEADER, "title": title}))

    def hide(self, label: str) -> None:
        self.tab.locator(".legend button").filter(has_text=label).click()

    def hidden(self) -> list[str]:
        return self.tab.locator(".legend button[aria-pressed=false] span").all_inner_texts()

    def lasso(self) -> str:
        """Draws around all points, and says how many were caught."""
        self.tab.locator(".overlay").focus()
        self.press("Home", "ArrowRight", " ")
        return self.tab.locator(".live").inner_text()


@pytest.fixture
def shown(tab: Page) -> Map:
    return Map(tab, component)


def test_an_entry_stays_hidden_under_another_number(shown: Map) -> None:
    shown.show("untagged", "b", groups=(0, 1, 1))
    shown.hide("b")
    shown.show("untagged", "a", "b", groups=(1, 2, 2))
    assert shown.hidden() == ["b"]
    assert shown.lasso() == "1 of 3 images chosen"
    assert shown.sent[-1]["hidden"] == [2]


def test_another_meaning_of_the_colours_shows_everything(shown: Map) -> None:
    shown.show("zero", "one", groups=(0, 1, 1), title="true class")
    shown.hide("one")
    shown.show("zero", "one", groups=(0, 1, 1), title="predicted class")
    assert shown.hidden() == []
    assert shown.lasso() == "3 of 3 images chosen"
