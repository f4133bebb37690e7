"""Quick fingers on a gallery, in a real browser, without a dashboard around it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.components import gallery
from dashboard.components.gallery import Listener, Tile, chooser
from dashboard.sprites import sheet
from tests.browser.alone import Alone, tab_with
from tests.dashboard.mounted import Mounted

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    with tab_with(browser, gallery) as page:
        yield page


class Gallery(Alone):
    """Images 10, 11, 12 and 13 on the first page and so on, with the tags odd and faint."""

    def __init__(self, tab: Page, patch: pytest.MonkeyPatch) -> None:
        super().__init__(tab, gallery)
        self._mounted = Mounted(patch, gallery)
        self.show()

    def show(self, page: int = 0, selected: int | None = None, **more: Any) -> None:
        """What the server sends next."""
        tiles = [Tile(10 * (page + 1) + place, "a", "b") for place in range(4)]
        pictures = sheet(np.zeros((4, 1, 8, 8), np.uint8))
        shown = gallery.Page(pictures, tiles, page, 5, 20)
        more = {"tags": ["odd", "faint"], "height": 300, **more}
        chooser(shown, "some", Listener(), selected=selected, **more)
        self.take(self._mounted.data)

    def focus(self, place: int) -> None:
        self.tab.locator(".tile").nth(place).focus()

    @property
    def pages(self) -> list[int]:
        return [event["page"] for event in self.sent if "page" in event]

    def opened(self) -> str | None:
        return self.tab.locator(".tile[aria-selected=true]").get_attribute("title")


@pytest.fixture
def shown(tab: Page, monkeypatch: pytest.MonkeyPatch) -> Gallery:
    return Gallery(tab, monkeypatch)


@pytest.mark.parametrize(
    ("key", "event"),
    [
        ("2", {"tag": "faint", "ids": [12]}),
        (" ", {"add": [12], "remove": []}),
        ("z", {"undo": True}),
        ("PageDown", {"page": 1, "landing": None}),
    ],
)
def test_where_a_quick_walk_ends_is_opened_before_anything_else(
    shown: Gallery, key: str, event: dict[str, Any]
) -> None:
    shown.show(said="one image tagged")
    shown.focus(0)
    shown.press("Enter", "ArrowRight", "ArrowRight", key)
    assert shown.sent == [{"open": 10}, {"open": 11}, {"open": 12}, event]


def test_an_image_that_a_quick_walk_only_passes_is_not_opened(shown: Gallery) -> None:
    shown.focus(0)
    shown.press("Enter", "ArrowRight", "ArrowRight", "ArrowRight", "Escape")
    assert shown.sent == [{"open": 10}, {"open": 11}, {"open": None}]


def test_what_is_told_meanwhile_is_taken_over_and_does_not_lose_the_walk(shown: Gallery) -> None:
    shown.focus(0)
    shown.press("Enter", "ArrowRight", "ArrowRight")
    shown.show(selected=13)
    assert shown.sent == [{"open": 10}, {"open": 11}, {"open": 12}]
    assert len(set(shown.told)) == 1, "it was done before, and the server has to know"
    assert shown.opened() == "index 13"
    shown.press("ArrowLeft")
    shown.tab.wait_for_function("window.sent.length === 4")
    assert shown.told[3] == shown.told[0] + 1


def test_no_press_is_lost_while_pages_are_turned(shown: Gallery) -> None:
    shown.focus(0)
    shown.press("PageDown", "PageDown")
    assert shown.pages == [1, 2]
    shown.show(page=1)  # on its way to page 2
    shown.press("PageDown")
    assert shown.pages == [1, 2, 3]
    shown.show(page=3)
    shown.press("PageUp")
    assert shown.pages == [1, 2, 3, 2]
    shown.show(page=0, selected=10)  # the server has other plans
    shown.press("PageDown")
    assert shown.pages == [1, 2, 3, 2, 1]


def test_a_button_pressed_twice_turns_two_pages(shown: Gallery) -> None:
    shown.tab.locator(".pager").get_by_role("button", name="Next page").dblclick()
    assert shown.pages == [1, 2]
    shown.tab.locator(".pager").get_by_role("button", name="Last page").click()
    shown.tab.locator(".pager").get_by_role("button", name="Next page").click()
    assert shown.pages == [1, 2, 4]


@pytest.mark.parametrize(
    ("key", "start", "page", "landing", "place"),
    [("ArrowRight", 3, 2, "first", 1), ("ArrowLeft", 0, 0, "last", 2)],
)
def test_walking_on_at_the_end_of_a_page_goes_on_from_the_next_one_s(
    shown: Gallery, key: str, start: int, page: int, landing: str, place: int
) -> None:
    shown.show(page=1, selected=20 + start)
    shown.focus(start)
    shown.press(key, key)
    assert shown.sent == [{"page": page, "landing": landing}]
    ends = 10 * (page + 1) + (0 if landing == "first" else 3)
    shown.show(page=page, selected=ends)
    expect(shown.tab.locator(".tile").nth(place)).to_be_focused()
    shown.tab.wait_for_function("window.sent.length === 2")
    assert shown.sent[1] == {"open": 10 * (page + 1) + place}


def test_a_chip_tags_the_image_that_has_the_focus(shown: Gallery) -> None:
    chips = shown.tab.locator(".chip")
    expect(chips.first).to_be_disabled()
    shown.focus(2)
    chips.first.click()
    assert shown.sent == [{"tag": "odd", "ids": [12]}]
    expect(shown.tab.locator(".tile").nth(2)).to_be_focused()
    chips.nth(1).focus()  # as Tab does
    shown.tab.keyboard.press("Enter")
    assert shown.sent[1:] == [{"tag": "faint", "ids": [12]}]
    shown.show(said="one image tagged")
    expect(chips.nth(1)).to_be_focused()
    shown.show(page=1)
    expect(shown.tab.locator(".tile").first).to_be_focused()
    expect(chips.first).to_be_enabled()
    shown.tab.get_by_role("button", name="elsewhere").focus()
    expect(chips.first).to_be_disabled()


def test_a_key_means_the_tag_that_its_chip_showed(shown: Gallery) -> None:
    shown.show(tags=["faint"])
    shown.focus(0)
    shown.press("1")
    assert shown.sent == [{"tag": "faint", "ids": [10]}]
