"""The Runs page: every run is a row; what is done there is done to the right run, on disk."""

from dataclasses import replace
from datetime import datetime

import pytest

from core import jobs
from core.config import RunConfig
from core.runs import RunSummary
from dashboard.run_table import COLUMNS, MARK, Filters, filtered, table
from dashboard.widgets.run_card import _question
from tests.dashboard.pages import open_page, texts
from tests.dashboard.trained import train

ROWS = [
    RunSummary("a", name="Wide net", state="completed", dataset="mnist", preset="deep"),
    RunSummary("b", name="plain", note="a WIDE margin", state="failed", dataset="mnist"),
    RunSummary("c", name="plain", state="queued", dataset="digits", starred=True),
]


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (Filters(), "abc"),
        (Filters(text="wide"), "ab"),
        (Filters(text="WIDE deep"), "a"),
        (Filters(text="digits"), "c"),
        (Filters(states=("failed", "queued")), "bc"),
        (Filters(datasets=("mnist",), states=("queued",)), ""),
        (Filters(starred=True), "c"),
    ],
)
def test_a_run_is_listed_when_it_passes_every_filter(filters, kept):
    assert "".join(summary.id for summary in filtered(ROWS, filters)) == kept


def test_the_table_keeps_order_and_says_the_place_in_the_queue():
    rows = table([*ROWS, replace(ROWS[2], id="d")], queue=["d", "c"])
    assert tuple(rows.columns) == COLUMNS
    assert rows["Name"].tolist() == ["Wide net", "plain", "plain", "plain"]
    assert rows["State"].tolist() == [
        ["completed"], ["failed"], ["queued", "#2"], ["queued", "#1"],
    ]  # fmt: skip


def test_accuracies_are_per_cent_and_a_missing_one_stays_empty():
    row = table([replace(ROWS[0], test_accuracy=0.9876)], [])
    assert row["Test"][0] == pytest.approx(98.76)
    assert row["Validation"][0] is None


def test_no_rows_make_a_table_with_all_columns():
    assert tuple(table([], []).columns) == COLUMNS


def test_a_name_with_control_characters_stays_on_one_line():
    row = table([replace(ROWS[0], name="a\nb\u202ec")], [])
    assert row["Name"][0] == "a b c"


def test_the_run_that_is_looked_at_is_marked():
    assert table(ROWS, [], viewed="b")[MARK].tolist() == ["", MARK, ""]
    assert table(ROWS, [])[MARK].tolist() == ["", "", ""]


def _labelled(elements, label):
    return next(element for element in elements if element.label == label)


def _names(at):
    return at.dataframe[0].value["Name"].tolist()


def test_every_run_is_a_row_newest_first(store, run):
    train(store, name="newer")
    at = open_page("runs")
    assert not at.exception
    assert _names(at) == ["newer", "small one"]


def test_search_and_star_filter_the_rows(store, run):
    train(store, name="newer").set_label(starred=True)
    at = open_page("runs")
    at.text_input(key="runs_text").set_value("small").run()
    assert _names(at) == ["small one"]
    at.text_input(key="runs_text").set_value("").run()
    at.toggle(key="runs_starred").set_value(True).run()
    assert _names(at) == ["newer"]
    at.text_input(key="runs_text").set_value("small").run()
    assert "No run passes these filters" in texts(at)


def test_name_note_and_star_are_saved_on_the_run_of_the_address(store, run):
    other = train(store, name="newer")
    at = open_page("runs", run=run.id)
    _labelled(at.text_input, "Name").set_value("better name").run()
    _labelled(at.text_area, "Note").set_value("line one\nline two").run()
    at.toggle(key=f"star_{run.id}").set_value(True).run()
    assert not at.exception
    label = run.label()
    assert (label.name, label.note, label.starred) == ("better name", "line one\nline two", True)
    assert other.label().name == "newer"
    assert "better name" in _names(at)


def test_a_name_given_elsewhere_shows_up(run):
    at = open_page("runs", run=run.id)
    run.set_label(name="from the command line")
    at.run()
    assert _labelled(at.text_input, "Name").value == "from the command line"
    assert run.label().name == "from the command line"


def test_deleting_says_how_much_is_freed_and_frees_it(store, run):
    other = train(store, name="newer")
    at = open_page("runs", run=run.id)
    asked = texts(at).replace("\\", "")
    created = f"{datetime.fromtimestamp(run.created):%-d %b %Y, %H:%M:%S}"
    assert "Delete **small one** with its checkpoints, curves and note?" in asked
    assert f"It was created on {created}, id {run.id}." in asked
    assert "It frees" in asked
    assert at.dataframe[0].value[MARK].tolist() == ["", MARK]
    at.button(key=f"delete_{run.id}").click().run()
    assert not at.exception
    assert not run.path.exists()
    assert other.path.exists()
    assert at.toast[0].value.startswith("Deleted small one. ")
    assert _names(at) == ["newer"]


def test_deleting_the_last_run_leads_to_the_one_button(store, run):
    at = open_page("runs", run=run.id)
    at.button(key=f"delete_{run.id}").click().run()
    assert [button.label for button in at.button] == ["Train the default network"]
    assert at.query_params == {}


def test_an_unreadable_folder_is_a_row_with_a_sentence_and_harms_nothing(store, run):
    broken = train(store, name="broken")
    (broken.path / "config.json").write_text("no JSON")
    (broken.path / "status.json").unlink()
    (store.root / "holiday pictures").mkdir()
    at = open_page("runs", run=broken.id)
    assert not at.exception
    assert set(_names(at)) == {"small one", broken.id, "holiday pictures"}
    assert "has no readable config.json" in texts(at).replace("\\", "")
    at.button(key=f"delete_{broken.id}").click().run()
    assert not broken.path.exists()
    assert (store.root / "holiday pictures").exists()


def test_a_foreign_folder_is_left_alone(store, run):
    (store.root / "holiday pictures").mkdir()
    at = open_page("runs")
    at.query_params["run"] = "holiday"
    at.run()
    assert not at.exception


def test_a_run_that_is_gone_gets_a_sentence(run):
    at = open_page("runs", run="20200101-000000-abcdef")
    assert not at.exception
    assert "There is no run 20200101\\-000000\\-abcdef" in texts(at)


def test_resume_puts_a_stopped_run_into_the_queue(store, monkeypatch):
    monkeypatch.setattr("core.jobs.control.ensure_supervisor", lambda root: None)
    run = train(store, state="stopped")
    at = open_page("runs", run=run.id)
    at.button(key=f"Resume_{run.id}").click().run()
    assert not at.exception
    assert jobs.queue(store) == (run.id,) or list(jobs.queue(store)) == [run.id]
    assert "in the queue: 1. " in texts(at)


def test_a_waiting_run_can_be_taken_off_the_queue(store, monkeypatch):
    monkeypatch.setattr("core.jobs.control.ensure_supervisor", lambda root: None)
    run = store.create(RunConfig())
    jobs.start(run)
    at = open_page("runs", run=run.id)
    at.button(key=f"Stop_{run.id}").click().run()
    assert run.status().state == "stopped"


def test_what_cannot_be_done_is_said(store, run, monkeypatch):
    at = open_page("runs", run=run.id)
    (run.path / "config.json").unlink()
    at.toggle(key=f"star_{run.id}").set_value(True).run()
    assert not at.exception
    assert "has no readable" in at.toast[0].value.replace("\\", "")


def test_the_number_of_parallel_runs_is_a_setting_of_the_store(store, run):
    at = open_page("runs")
    at.number_input(key="runs_parallel").set_value(3).run()
    assert store.settings()["max_parallel"] == 3


def test_open_leads_to_the_results_of_that_run(store, run):
    train(store, name="newer")
    at = open_page("runs", run=run.id)
    at.button(key="open_results").click().run()
    assert not at.exception
    assert "Confusion matrix" in texts(at)
    assert at.query_params == {"run": run.id}


def _ticked(store, *rows):
    """The page with these rows of the table ticked."""
    ids = tuple(summary.id for summary in store.list())
    at = open_page("runs")
    at.session_state[f"runs_table_{hash(ids)}"] = {
        "selection": {"rows": list(rows), "columns": [], "cells": []}
    }
    return at.run()


def test_two_ticked_runs_are_compared_the_newer_with_the_older(store):
    older, newer = train(store, name="older"), train(store, "training.seed=7", name="newer")
    at = _ticked(store, 0, 1)
    at.button(key="compare_runs").click().run()
    assert not at.exception
    assert at.query_params == {"run": newer.id, "compare": older.id}
    assert "fixed less" in texts(at)


def test_three_ticked_runs_show_what_all_of_them_read_wrong(store):
    runs = [train(store, f"training.seed={seed}") for seed in range(3)]
    at = _ticked(store, 0, 1, 2)
    at.button(key="compare_runs").click().run()
    assert not at.exception
    assert at.query_params["run"] == runs[-1].id
    assert "by all 3 runs" in texts(at)


def test_several_runs_are_named_before_they_are_deleted(store):
    runs = [train(store, name="same"), train(store, name="same")]
    asked = texts(_ticked(store, 0, 1)).replace("\\", "")
    assert "Delete these runs" in asked
    assert all(f"{run.id}" in asked for run in runs)


def test_of_very_many_runs_the_first_are_named():
    runs = [RunSummary(f"run{number}", name="same") for number in range(12)]
    asked = _question(runs)
    assert asked.count("**same**") == 8
    assert asked.endswith("and 4 more")


def test_runs_on_different_data_are_not_compared(store):
    train(store)
    store.create(RunConfig(), "on mnist")
    assert _ticked(store, 0, 1).button(key="compare_runs").disabled
