"""The cursor of a confusion matrix in a real browser, without a dashboard around it."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.charts.confusion import confusion
from dashboard.charts.confusion_difference import difference
from dashboard.charts.matrix_frame import UNSURE, Look
from dashboard.components import plot
from dashboard.components.assets import joined
from dashboard.server import PLOTLY_SCRIPT
from tests.browser.alone import EMPTY

pytestmark = pytest.mark.browser

_BODY = """
<style>:root { --st-primary-color: #0068c9; --st-background-color: #ffffff; } %s</style>
<button>before</button><main style="width: 560px"></main><button>after</button>
"""
_MOUNT = """([name, figure, clickable]) => {
  window.unmount = mount({
    data: { figure, height: 448, clickable, label: name },
    parentElement: document.querySelector("section"),
    setStateValue: (name, { events }) => window.sent.push(events.at(-1)),
  });
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 900, "height": 700})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    css = joined("plot.css")
    page.set_content(_BODY % css)
    page.add_script_tag(path=PLOTLY_SCRIPT)
    page.evaluate("window.convscopePlotly = Promise.resolve(Plotly)")
    script = joined("plotly_loader.js", *plot.SCRIPTS)
    page.add_script_tag(content=script.replace("export default function", "function mount"))
    yield page
    context.close()
    assert not problems, "\n".join(problems)


def _draw(page: Page, figure: dict[str, Any], name: str, clickable: bool = True) -> None:
    """A new chart, once its cursor is there."""
    page.evaluate(EMPTY, plot.HTML)
    _update(page, figure, name, clickable)


def _update(page: Page, figure: dict[str, Any], name: str, clickable: bool = True) -> None:
    """Another figure in the same chart."""
    page.evaluate(_MOUNT, [name, json.loads(json.dumps(figure)), clickable])
    expect(page.get_by_role("grid", name=re.compile(f"^{name}\\."))).to_have_count(1)


def _focused(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        """() => {
          const cell = document.activeElement;
          const told = (name) => cell.getAttribute(name);
          return {
            role: told("role") ?? cell.textContent, label: told("aria-label"),
            chosen: told("aria-selected"), column: told("aria-colindex"),
            row: cell.parentElement.getAttribute("aria-rowindex"),
          };
        }"""
    )
    return found


def _keys(page: Page, *keys: str) -> dict[str, Any]:
    for key in keys:
        page.keyboard.press(key)
    return _focused(page)


def _enter(page: Page) -> dict[str, Any]:
    """Into the matrix by the key that moves from one thing to the next."""
    page.get_by_role("button", name="before").focus()
    return _keys(page, "Tab")


def _counts(size: int) -> Any:
    return np.random.default_rng(size).integers(0, 9, (size, size))


def _names(size: int) -> list[str]:
    return [f"c{k}" for k in range(size)]


def _words(hover: str) -> str:
    """What is said under the mouse, as it is read out."""
    return html.unescape(re.sub("<[^>]*>", "", hover.replace("<br>", ", ")))


@pytest.mark.parametrize("size", [2, 10, 47])
def test_one_tab_stop_leads_to_every_cell_and_header(page: Page, size: int) -> None:
    figure = confusion(_counts(size), _names(size))
    _draw(page, figure, f"{size} classes")
    hover = figure["data"][0]["hovertext"]
    assert _enter(page) == {
        "role": "gridcell", "label": _words(hover[0][0]), "chosen": "false",
        "row": "2", "column": "2",
    }  # fmt: skip
    last = _keys(page, "End", "PageDown", "ArrowRight", "ArrowDown")
    assert last["label"] == _words(hover[-1][-1])
    assert (last["row"], last["column"]) == (str(size + 1), str(size + 1))
    assert _keys(page, "ArrowLeft")["label"] == _words(hover[-1][-2])
    assert _keys(page, "Home")["label"] == f"All images of class c{size - 1}"
    assert _keys(page, "PageUp", "ArrowUp", "ArrowLeft")["label"] == "All images of class c0"
    top = _keys(page, "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowRight")
    assert (top["role"], top["label"]) == ("columnheader", "All answered with c1")
    assert _keys(page, "ArrowDown")["label"] == _words(hover[0][1])
    assert _keys(page, "Tab")["role"] == "after", "one tab stop, not one a class"
    back = _keys(page, "Shift+Tab")
    assert back["label"] == _words(hover[0][1]), "it begins where it was left"


@pytest.mark.parametrize("size", [2, 10, 47])
def test_the_ring_is_around_the_cell_whose_words_are_shown(page: Page, size: int) -> None:
    unanswered = np.arange(size) + 1
    figure = confusion(_counts(size), _names(size), unanswered=unanswered)
    _draw(page, figure, f"{size} classes and unsure")
    _enter(page)
    _keys(page, "ArrowDown", "ArrowRight")
    drawn = page.locator(".nsewdrag").bounding_box()
    ring = page.locator(".cell").bounding_box()
    assert drawn is not None and ring is not None
    columns = size + 1.35  # those of the classes, and the one that stands off
    assert ring["x"] == pytest.approx(drawn["x"] + drawn["width"] / columns, abs=1)
    assert ring["width"] == pytest.approx(drawn["width"] / columns, abs=1)
    assert ring["y"] == pytest.approx(drawn["y"] + drawn["height"] / size, abs=1)
    assert ring["height"] == pytest.approx(drawn["height"] / size, abs=1)
    shown = page.locator(".hoverlayer .hovertext")
    expect(shown).to_contain_text("true c1, predicted c1")
    assert _keys(page, "End")["label"].startswith("true c1, no answer, 2 images")
    expect(shown).to_contain_text("true c1, no answer")
    assert _keys(page, "PageUp")["label"] == "All that are not answered"
    expect(shown).to_have_count(0)


def test_enter_and_space_choose_and_shift_adds(page: Page) -> None:
    figure = confusion(_counts(3), _names(3), Look(order=(2, 0, 1)), unanswered=np.ones(3, int))
    _draw(page, figure, "in another order")
    _enter(page)
    _keys(page, "ArrowRight", "Enter", "ArrowDown", "Shift+Enter", "End", "Space", "Home")
    _keys(page, "Shift+Space")
    sent = page.evaluate("window.sent")
    assert [(one["customdata"], one["several"]) for one in sent] == [
        ([2, 0], False), ([0, 0], True), ([0, UNSURE], False), ([0, None], True),
    ]  # fmt: skip


def test_each_quick_click_is_of_the_cell_under_it(page: Page) -> None:
    figure = confusion(_counts(10), _names(10), unanswered=np.ones(10, int))
    _draw(page, figure, "clicked in haste")
    drawn = page.locator(".nsewdrag").bounding_box()
    assert drawn is not None
    cells = [cell for k in range(10) for cell in ([9, 4 - k % 5], [k, 9 - k])]
    for true, predicted in cells:  # the mouse is there at once, and the press follows at once
        across, down = (predicted + 0.5) / 11.35, (true + 0.5) / 10
        page.mouse.click(drawn["x"] + drawn["width"] * across, drawn["y"] + drawn["height"] * down)
    page.mouse.click(drawn["x"] + drawn["width"] - 4, drawn["y"] + 4)
    sent = page.evaluate("window.sent")
    assert [one["customdata"] for one in sent] == [*cells, [0, UNSURE]]
    assert [one["n"] for one in sent] == list(range(21))


_NUMBERS = """() => {
  const within = document.querySelector(".nsewdrag").getBoundingClientRect().width / 10;
  const shown = [...document.querySelectorAll(".textpoint text")]
    .filter((number) => getComputedStyle(number).visibility === "visible");
  return {
    words: shown.map((number) => number.textContent).sort(),
    overflowing: shown.filter((number) => number.getBoundingClientRect().width > within).length,
  };
}"""


def test_numbers_stay_within_narrow_cells_or_are_left_out(page: Page) -> None:
    counts = np.diag([1130] * 10) + np.eye(10, k=1, dtype=int)
    _draw(page, confusion(counts, _names(10)), "wide at first")
    words = ["1"] * 9 + ["1,130"] * 10
    assert page.evaluate(_NUMBERS) == {"words": words, "overflowing": 0}
    resize = "(width) => { document.querySelector('main').style.width = width; }"
    fits = f"(wanted) => JSON.stringify(({_NUMBERS})()) === JSON.stringify(wanted)"
    page.evaluate(resize, "290px")
    narrow = "document.querySelector('.nsewdrag').getBoundingClientRect().width < 280"
    page.wait_for_function(narrow)
    page.wait_for_function(fits, arg={"words": words, "overflowing": 0})
    page.evaluate(resize, "150px")
    page.wait_for_function(fits, arg={"words": ["1"] * 9, "overflowing": 0})
    page.evaluate(resize, "560px")
    page.wait_for_function(fits, arg={"words": words, "overflowing": 0})


def test_what_is_chosen_is_said_and_the_cursor_stays_on_it(page: Page) -> None:
    counts, names = _counts(4), _names(4)
    _draw(page, confusion(counts, names, selected=[(1, 2)]), "chosen")
    assert _enter(page)["chosen"] == "true", "it begins at what is chosen"
    _keys(page, "ArrowDown")
    hover = page.locator(".hoverlayer .hovertext")
    _update(page, confusion(counts, names, selected=[(1, 2), (2, 2)]), "chosen by the key")
    now = _focused(page)
    assert (now["label"].split(", ")[:2], now["chosen"]) == (["true c2", "predicted c2"], "true")
    expect(hover).to_contain_text("true c2")
    _update(page, confusion(counts, names, Look(order=(3, 2, 1, 0))), "turned round")
    now = _focused(page)
    assert (now["row"], now["column"], now["chosen"]) == ("3", "3", "false")
    assert now["label"].startswith("true c2, predicted c2")


def test_another_choice_moves_outlines_and_draws_nothing_anew(page: Page) -> None:
    counts, names = _counts(4), _names(4)
    _draw(page, confusion(counts, names, selected=[(1, 2)]), "before")
    page.evaluate(
        """() => {
          [window.drawn, window.whole] = [0, Plotly.react];
          Plotly.react = (...given) => { window.drawn += 1; return window.whole(...given); };
        }"""
    )
    outlines = page.locator(".shapelayer path")
    was = outlines.evaluate("path => path.getAttribute('d')")
    _update(page, confusion(counts, names, selected=[(1, 2), (3, 0)]), "two chosen")
    expect(outlines).to_have_count(2)
    assert outlines.first.evaluate("path => path.getAttribute('d')") == was
    _update(page, confusion(counts, names), "none chosen")
    expect(outlines).to_have_count(0)
    assert page.evaluate("window.drawn") == 0
    _update(page, confusion(counts + 1, names, selected=[(0, 0)]), "other counts")
    expect(page.locator(".textpoint").first).to_have_text(str(counts[0, 0] + 1))
    expect(outlines).to_have_count(1)
    assert page.evaluate("window.drawn") == 1
    page.evaluate("() => { Plotly.react = window.whole; }")


def test_escape_leaves_the_matrix_and_takes_its_words_away(page: Page) -> None:
    _draw(page, confusion(_counts(3), _names(3)), "to be left")
    _enter(page)
    hover = page.locator(".hoverlayer .hovertext")
    expect(hover).to_have_count(1)
    page.keyboard.press("Escape")
    expect(hover).to_have_count(0)
    assert page.evaluate("document.activeElement === document.body")
    assert _keys(page, "Tab")["role"] == "after"


def test_cells_that_cannot_be_chosen_are_still_read_out(page: Page) -> None:
    change = np.array([[-2, 2], [-1, 1]])
    history = np.array([change * 0, np.abs(change)])
    _draw(page, difference(change, ["a", "<b>"], headers=False), "to be read", clickable=False)
    first = _enter(page)
    assert (first["row"], first["column"]) == ("1", "1")
    assert _keys(page, "ArrowLeft", "ArrowRight", "Enter")["label"] == (
        "true a, predicted <b>, 2 images more"
    )
    assert page.evaluate("window.sent") == []
    _draw(page, confusion(np.abs(change), ["a", "b"], history=history), "with its history")
    assert _enter(page)["label"].endswith("of predicted a"), "blocks cannot be read out"


def test_a_chart_without_cells_has_no_tab_stop(page: Page) -> None:
    _draw(page, confusion(_counts(2), _names(2)), "first a matrix")
    line = {"data": [{"type": "scatter", "x": [0, 1], "y": [1, 0]}], "layout": {}}
    page.evaluate(_MOUNT, ["then a line", line, True])
    expect(page.get_by_role("grid")).to_have_count(0)
    expect(page.locator(".cell")).to_have_count(0)
