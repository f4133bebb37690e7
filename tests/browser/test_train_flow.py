"""Training in a real browser: start and watch, pause and stop, reload, change while it runs."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, WebSocket, expect

from core.runs import Run, RunStore
from tests.browser.conftest import go, reload, settle, stop_all, until

pytestmark = pytest.mark.browser

LOSS_LINE = "[class*='st-key-loss'] .scatterlayer path.js-line"
NETWORK = 'model.blocks=[{"channels":4,"padding":1,"pooling":"max"}];model.dense=[{"width":16}]'


def settings(*changes: str) -> str:
    return quote(";".join(["data.name=digits", NETWORK, "training.schedule=constant", *changes]))


SHORT = settings("training.epochs=3")
LONG = settings("training.epochs=1000", "training.batch_size=10")


@pytest.fixture(autouse=True)
def nothing_left_training(runs_dir: Path) -> Iterator[None]:
    """The one place among the parallel is free again for the next test."""
    yield
    stop_all(RunStore(runs_dir))


def button(page: Page, name: str):  # type: ignore[no-untyped-def]
    return page.get_by_role("button", name=name, exact=True)


def badge(page: Page, state: str):  # type: ignore[no-untyped-def]
    return page.get_by_role("heading").get_by_text(state, exact=True)


def start(page: Page, address: str, changes: str, runs_dir: Path) -> Run:
    """Starts a run with these settings and waits until its curve begins."""
    go(page, f"{address}/?set={changes}")
    button(page, "Start").click()
    page.wait_for_selector(LOSS_LINE)
    return RunStore(runs_dir).get(re.search(r"run=([\w-]+)", page.url)[1])  # type: ignore[index]


def open_layer(page: Page):  # type: ignore[no-untyped-def]
    """The slider for the width of the first dense layer, in its fold."""
    page.get_by_text("Dense layer 1 ").first.click()
    return page.get_by_role("slider", name=re.compile("^Width"))


def losses(page: Page) -> list[float]:
    """The points of the loss curve that the browser shows."""
    return page.evaluate(  # type: ignore[no-any-return]
        "() => [...document.querySelector(\"[class*='st-key-loss'] .convscope-plot\").data[0].y]"
    )


def test_start_watch_finish(page: Page, dashboard: str, runs_dir: Path) -> None:
    run = start(page, dashboard, SHORT, runs_dir)
    badge(page, "completed").wait_for()
    status = run.status()
    assert status.state == "completed" and status.epoch == 3
    expect(page.get_by_text("3 of 3 epochs done")).to_be_visible()
    for accuracy in (status.validation_accuracy, status.test_accuracy):
        assert accuracy is not None
        expect(page.get_by_text(f"{accuracy * 100:.2f} %", exact=True).first).to_be_visible()
    expect(page.get_by_text("validation, epoch 3")).to_be_visible()
    expect(page.get_by_alt_text("4 filters of the first layer")).to_be_visible()


def test_a_double_click_trains_one_run_and_shows_it(
    page: Page, dashboard: str, runs_dir: Path
) -> None:
    before = {row.id for row in RunStore(runs_dir).list()}
    go(page, f"{dashboard}/?set={SHORT}")
    button(page, "Start").dblclick()
    badge(page, "completed").wait_for()
    (run_id,) = {row.id for row in RunStore(runs_dir).list()} - before
    assert run_id in page.url


def test_nothing_is_sent_once_a_run_has_ended(page: Page, dashboard: str, runs_dir: Path) -> None:
    frames: list[object] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: frames.append(frame))

    page.on("websocket", listen)
    start(page, dashboard, SHORT, runs_dir)
    badge(page, "completed").wait_for()
    assert frames  # there was something to hear

    def silent() -> bool:
        frames.clear()
        page.wait_for_timeout(2000)  # four times what lies between two looks at a run
        return not frames

    until(page, silent)


def test_pause_resume_stop(page: Page, dashboard: str, runs_dir: Path) -> None:
    run = start(page, dashboard, LONG, runs_dir)
    expect(button(page, "Resume")).to_be_disabled()
    button(page, "Pause").click()
    badge(page, "paused").wait_for()
    settle(page)
    step = run.status().step
    page.wait_for_timeout(700)
    assert run.status().step == step  # it holds still
    expect(button(page, "Pause")).to_be_disabled()

    button(page, "Resume").click()
    badge(page, "running").wait_for()
    until(page, lambda: run.status().step > step)
    button(page, "Stop").click()
    badge(page, "stopped").wait_for()
    assert run.epochs()  # usable
    expect(button(page, "Stop")).to_be_disabled()
    expect(button(page, "Resume")).to_be_enabled()


def test_the_curve_grows_in_place_and_keeps_its_zoom(
    page: Page, dashboard: str, runs_dir: Path
) -> None:
    start(page, dashboard, LONG, runs_dir)
    plot = page.locator("[class*='st-key-loss'] .convscope-plot")
    plot.evaluate("node => { node.mine = true; }")
    box = plot.locator(".nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 120, steps=4)
    page.mouse.up()
    zoomed = plot.evaluate("node => node._fullLayout.xaxis.range")
    before = plot.evaluate("node => node.data[1].x.length")
    page.wait_for_function(
        "count => document.querySelector(\"[class*='st-key-loss'] .convscope-plot\")"
        ".data[1].x.length > count",
        arg=before,
    )
    assert plot.evaluate("node => node.mine") is True  # the same node: nothing was remounted
    assert plot.evaluate("node => node._fullLayout.xaxis.range") == zoomed


def test_reload_while_training_keeps_run_curve_and_sliders(
    page: Page, dashboard: str, runs_dir: Path
) -> None:
    run = start(page, dashboard, LONG, runs_dir)
    open_layer(page).press("ArrowRight")  # needs a new run: only the form has it
    sentence = page.get_by_text("width: 18 units instead of 16 units")
    expect(sentence).to_be_visible()
    drawn = losses(page)

    reload(page)
    page.wait_for_selector(LOSS_LINE)
    assert run.id in page.url
    expect(sentence).to_be_visible()
    expect(open_layer(page)).to_have_attribute("aria-valuetext", "18")
    assert len(losses(page)) >= min(len(drawn), 250)  # the whole curve, from the first step
    assert losses(page)[0] == pytest.approx(drawn[0], rel=0.5)
    assert run.status().state == "running"


def test_the_learning_rate_changes_while_it_trains(
    page: Page, dashboard: str, runs_dir: Path
) -> None:
    run = start(page, dashboard, LONG, runs_dir)
    page.get_by_role("tab", name="Training").click()
    page.get_by_role("slider", name=re.compile("^Learning rate")).press("ArrowLeft")
    table = page.locator(".cs-table").filter(has_text="Changed while training")
    expect(table).to_contain_text("Learning rate")
    expect(table.get_by_text("applied", exact=True)).to_be_visible()
    assert run.status().applied["training.learning_rate"] == 0.004
    mark = page.locator("[class*='st-key-loss'] .annotation").first
    expect(mark).to_contain_text("learning rate → 0.004")


def test_two_tabs_do_not_disturb_each_other(
    new_page: Callable[..., Page], dashboard: str, runs_dir: Path
) -> None:
    watching, planning = new_page(), new_page()
    run = start(watching, dashboard, LONG, runs_dir)
    go(planning, f"{dashboard}/?preset=linear")
    planning.get_by_role("tab", name="Training").click()
    planning.get_by_role("slider", name=re.compile("^Learning rate")).press("ArrowRight")
    expect(planning).to_have_url(re.compile("preset=linear.*learning_rate"))
    assert run.id not in planning.url
    assert run.control().changes == {}
    assert run.id in watching.url and "linear" not in watching.url
    expect(badge(watching, "running")).to_be_visible()
