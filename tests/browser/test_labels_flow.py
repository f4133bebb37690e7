"""Labels in a real browser: suspects are marked, learnt again, and compared."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from core import datasets
from core.config import RunConfig, with_overrides
from core.jobs import analysis as analyses
from core.jobs.folding import fold_analysis, out_of_fold
from core.review import annotations as annotating
from core.review.annotations import Annotations, Decision
from core.review.suspects import suspects
from core.runs import Run, RunStore
from tests.browser.conftest import go, reload, settle, until
from tests.dashboard.trained import SMALL, train

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(runs_dir: Path) -> Run:
    """A finished run, whose training images have been judged by two networks."""
    run = train(RunStore(runs_dir), name="to be reviewed")
    wanted = fold_analysis(run, 2, 4)
    wanted.path(run).parent.mkdir(parents=True)
    analyses.work(run, wanted, out_of_fold(run, 0, 2, 4))
    return run


def _known(data_dir: Path) -> Annotations:
    """What the dashboard of this module has written down."""
    return annotating.load(datasets.load("digits"), data_dir)


@contextmanager
def all_places_taken(store: RunStore) -> Iterator[None]:
    """Another run trains meanwhile, in the only place: one that is started has to wait."""
    store.set_max_parallel(1)
    settings = [*SMALL, "training.seed=7"]
    other = store.create(with_overrides(RunConfig(), settings), "in the only place")
    with other.lock():
        other.write_status(replace(other.status(), state="running"))
        yield
        other.write_status(replace(other.status(), state="stopped"))
    store.delete(other.id)


def _order(run: Run) -> list[dict[str, int]]:
    data = datasets.load("digits")
    labels = data.train_labels.numpy()
    values = analyses.arrays(run, fold_analysis(run, 2, 4))["probabilities"]
    table = suspects(labels, values, range(len(labels)), data.classes)
    return table[table["is_issue"]].to_dict("records")


def _tiles(page: Page) -> Locator:
    return page.locator(".st-key-suspects .tile")


def test_suspects_are_marked_by_key_trained_again_and_compared(
    page: Page, dashboard: str, runs_dir: Path, data_dir: Path, run: Run
) -> None:
    store = RunStore(runs_dir)
    wrong, ambiguous, left_out, fourth = _order(run)[:4]
    go(page, f"{dashboard}/labels?run={run.id}&group=suspects:train 2x4")
    pane = page.locator(".st-key-example_pane")
    hint = page.locator(".st-key-suspects .hint")
    expect(hint).not_to_contain_text("decide")
    _tiles(page).first.click()
    expect(hint).to_contain_text("W K A L decide")

    def decided() -> Mapping[int, Decision]:
        return _known(data_dir).decisions.get("train", {})

    def expect_open(row: Mapping[str, Any]) -> None:
        expect(pane).to_contain_text(f"Image {row['index']:,}")
        settle(page)

    expect_open(wrong)
    keys = ((wrong, "w", ambiguous), (ambiguous, "a", left_out), (left_out, "l", fourth))
    for row, key, following in keys:
        page.keyboard.down(key)
        until(page, lambda index=row["index"]: index in decided())
        expect_open(following)
        page.keyboard.down(key)  # as a keyboard repeats a key that is held
        page.keyboard.up(key)
    page.keyboard.press("z")
    until(page, lambda: left_out["index"] not in decided())
    expect_open(left_out)
    page.keyboard.press("l")
    until(page, lambda: left_out["index"] in decided())
    expect_open(fourth)
    assert _known(data_dir).decisions["train"] == {
        wrong["index"]: Decision("mislabelled", wrong["suggested"]),
        ambiguous["index"]: Decision("ambiguous"),
        left_out["index"]: Decision("left out"),
    }

    expect(page.get_by_text(re.compile("learnt under another label"))).to_be_visible()
    with all_places_taken(store):  # it waits for as long as we look at it
        page.get_by_role("button", name="Train again").click()
        page.get_by_role("button", name="Follow").click()
        expect(page.get_by_role("heading").get_by_text("to be reviewed, labels")).to_be_visible()
    go(page, f"{dashboard}/labels?run={run.id}")
    compare = page.get_by_role("button", name="Compare", exact=True)
    expect(compare).to_be_visible(timeout=90_000)
    (fresh,) = [one for one in store.list() if one.id != run.id]
    overlay = store.get(fresh.id).overlay()
    assert overlay is not None
    assert overlay.relabelled == {wrong["index"]: wrong["suggested"]}
    assert set(overlay.left_out) == {ambiguous["index"], left_out["index"]}

    compare.click()
    expect(page).to_have_url(re.compile(f"/compare\\?run={fresh.id}&compare={run.id}"))
    expect(page.get_by_text("What the decisions did")).to_be_visible()
    expect(page.get_by_text(re.compile("B was trained with decisions: 1 label"))).to_be_visible()


def test_several_are_chosen_decided_about_and_downloaded(
    page: Page, dashboard: str, data_dir: Path, run: Run
) -> None:
    go(page, f"{dashboard}/labels?run={run.id}")
    tiles = _tiles(page)
    expect(tiles.nth(2)).to_be_visible()
    before = tiles.count()
    for place in (0, 2):
        tiles.nth(place).click(modifiers=["Control"])
    expect(page.get_by_text("2 images selected")).to_be_visible()
    settle(page)
    page.keyboard.press("a")
    expect(tiles).to_have_count(before - 2)
    reload(page)
    expect(page.get_by_role("cell", name="Without ambiguous images")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    values = json.loads(Path(download.value.path()).read_bytes())
    kinds = [one["kind"] for one in values["decisions"]["test"].values()]
    assert kinds == ["ambiguous", "ambiguous"]
    assert _known(data_dir).decision_counts("test")["ambiguous"] == 2


def test_judging_training_images_is_stopped_and_goes_on(
    page: Page, dashboard: str, run: Run
) -> None:
    wanted = fold_analysis(run, 3, 300)
    go(page, f"{dashboard}/labels?run={run.id}&group=suspects:train 3x300")
    page.get_by_role("button", name="Train 3 networks").click()
    stop = page.get_by_role("button", name="Stop")
    expect(page.get_by_text(re.compile(r"^[1-9][0-9,]* of [0-9,]+ steps$"))).to_be_visible()
    stop.click()
    expect(page.get_by_text(re.compile("Stopped after"))).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(stop).to_be_visible()
    analyses.stop(run, wanted)
    deadline = time.monotonic() + 30
    while analyses.look(run, wanted).state == "working" and time.monotonic() < deadline:
        time.sleep(0.1)
    expect(page.get_by_text(re.compile("Stopped after"))).to_be_visible()
