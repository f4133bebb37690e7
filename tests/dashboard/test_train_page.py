"""The Train page: the empty state, what can be asked of a run in each state, and live changes."""

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
import streamlit as st

from core import jobs
from core.config import RunConfig
from core.errors import DiskError
from core.runs import RunStore
from dashboard import selection
from dashboard.widgets.field_input import widget_key
from tests.dashboard.pages import open_page, texts
from tests.dashboard.trained import train

BUTTONS = ("start", "pause", "resume", "stop", "one more")

pytestmark = pytest.mark.usefixtures("no_processes")


def enabled(at):
    return {key for key in BUTTONS if not at.button(key=key).disabled}


def progress(at):
    return at.get("progress")[0].proto.text


def put(run, **changes):
    with run.lock():
        run.write_status(replace(run.status(), **changes))


def test_without_a_run_the_page_says_what_start_will_do(store):
    at = open_page("train")
    said = texts(at)
    assert "3 epochs" in said and "55,000 images" in said and "860 steps" in said
    assert "5,000 validation and 10,000 test images" in said
    assert "121,174" in said  # by hand: 60 + 1,980 + 108,120 + 10,164 + 850
    assert not at.button(key="start").disabled
    assert not [b for b in at.button if b.key in ("pause", "stop")]


def test_the_layer_table_follows_the_sliders(store):
    at = open_page("train", set="data.train_limit=1000;model.blocks[0].channels=12")
    said = texts(at)
    assert "1,000 images" in said and "16 steps" in said
    assert "123,178" in said  # 120 + 12·36·9 + 36 + 108,120 + 10,164 + 850


def test_more_held_out_images_than_there_are_cannot_be_started(store):
    at = open_page("train", set="data.name=digits;data.validation_size=5000;model.blocks=[]")
    assert "at most 1\\,427" in texts(at) or "at most 1,427" in texts(at)
    assert "-3" not in texts(at)  # 1,437 images less 5,000
    assert not [button for button in at.button if button.key == "start"]


def test_start_makes_a_run_of_these_settings_and_shows_it(store):
    at = open_page("train", preset="linear", set="data.name=digits;training.epochs=2")
    at.button(key="start").click()
    at.run()
    (row,) = store.list()
    config = store.get(row.id).config
    assert (config.data.name, config.training.epochs) == ("digits", 2)
    assert config.model.blocks == ()
    assert at.query_params["run"] == row.id
    assert "queued" in texts(at) and "number 1 of 1 in the queue" in progress(at)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until a test moves it."""
    now = [100.0]
    monkeypatch.setattr(
        "dashboard.widgets.run_controls.time", SimpleNamespace(monotonic=lambda: now[0])
    )
    return now


def press_start(at):
    at.button(key="start").click()
    at.run()


def test_a_double_click_on_start_makes_one_run_and_shows_it(store, clock):
    at = open_page("train", preset="linear", set="data.name=digits")
    press_start(at)
    clock[0] += 1
    press_start(at)
    (row,) = store.list()
    assert at.query_params["run"] == row.id
    assert "Started once" in at.toast[0].value


def test_a_second_start_of_the_same_settings_is_another_run(store, clock):
    at = open_page("train", preset="linear", set="data.name=digits")
    press_start(at)
    clock[0] += 2
    press_start(at)
    assert len(store.list()) == 2 and not at.toast


def test_other_settings_are_started_however_soon(store, clock):
    at = open_page("train", preset="linear", set="data.name=digits")
    press_start(at)
    epochs_slider(at).set_value(4)
    press_start(at)
    assert {store.get(row.id).config.training.epochs for row in store.list()} == {3, 4}


def test_a_click_that_interrupts_the_first_starts_nothing_more_and_shows_its_run(
    store, clock, monkeypatch
):
    """The script of the first click ends before the address names the run."""
    update = selection.update

    def interrupted(**changes):
        monkeypatch.setattr(selection, "update", update)
        st.rerun()

    monkeypatch.setattr(selection, "update", interrupted)
    at = open_page("train", preset="linear", set="data.name=digits")
    press_start(at)
    clock[0] += 5  # the page has not been drawn with the run all this while
    press_start(at)
    (row,) = store.list()
    assert at.query_params["run"] == row.id


def test_a_full_disk_is_told_in_a_sentence(store, monkeypatch):
    def full(self, config, name=""):
        raise DiskError("the disk is full")

    monkeypatch.setattr(RunStore, "create", full)
    at = open_page("train")
    at.button(key="start").click()
    at.run()
    assert not at.exception and [e.value for e in at.error] == ["the disk is full"]


@pytest.mark.parametrize(
    ("state", "possible"),
    [
        ("completed", {"start", "one more"}),
        ("stopped", {"start", "resume", "one more"}),
        ("failed", {"start", "resume", "one more"}),
    ],
)
def test_buttons_of_an_ended_run(store, state, possible):
    run = train(store, state=state)
    if state != "completed":
        put(run, epochs=5)
    at = open_page("train", run=run.id)
    assert not at.exception
    assert enabled(at) == possible


@pytest.mark.parametrize(
    ("state", "want", "possible"),
    [
        ("running", "run", {"start", "pause", "stop", "one more"}),
        ("running", "stop", {"start", "one more"}),
        ("paused", "pause", {"start", "resume", "stop", "one more"}),
    ],
)
def test_buttons_of_an_active_run(run, state, want, possible):
    put(run, state=state, epochs=5)
    run.request(want=want)
    with run.lock():  # as its training process would
        assert enabled(open_page("train", run=run.id)) == possible


def test_a_waiting_run_can_be_stopped(store):
    run = store.create(train(store).config)
    put(run, state="queued", queued_at=1.0)
    at = open_page("train", run=run.id)
    assert enabled(at) == {"start", "stop", "one more"}
    at.button(key="stop").click()
    at.run()
    assert run.status().state == "stopped"


def test_a_queue_that_nobody_looks_after_gets_a_supervisor(store, monkeypatch):
    run = store.create(RunConfig())
    jobs.start(run)
    started = []
    monkeypatch.setattr("core.jobs.processes.ensure_supervisor", started.append)
    open_page("train", run=run.id)
    assert started == []  # Start has just made one; it takes a moment to be there
    put(run, queued_at=time.time() - 60)
    open_page("train", run=run.id)
    assert started == [store.root]
    open_page("runs", run=run.id)
    assert started == [store.root]  # every few seconds is enough


def test_a_finished_run_shows_its_numbers_with_their_splits(run):
    at = open_page("train", run=run.id)
    said, record = texts(at), run.epoch_record(2)
    assert f"{record.test_accuracy * 100:.2f} %" in said and "Test accuracy" in said
    assert f"{record.validation_accuracy * 100:.2f} %" in said and "Validation accuracy" in said
    assert progress(at) == "2 of 2 epochs done"
    assert "First layer" in said and "validation, epoch 2" in said


def test_a_crashed_run_says_why_and_offers_resume(run):
    put(run, state="running", epochs=5)  # and nobody holds the lock
    at = open_page("train", run=run.id)
    assert "ended without a word" in at.error[0].value
    assert enabled(at) == {"start", "resume", "one more"}


def test_a_failed_run_says_why(run):
    put(run, state="failed", epochs=5, message="loss is not finite in epoch 2, step 40")
    assert "loss is not finite in epoch 2" in open_page("train", run=run.id).error[0].value


def test_one_epoch_more_is_planned_and_queued(run):
    at = open_page("train", run=run.id)
    at.button(key="one more").click()
    at.run()
    assert run.control().epochs == 3 and run.status().state == "queued"


def test_a_live_slider_asks_the_training_run_and_shows_asked_beside_applied(run):
    put(run, state="running", epochs=5, applied={"training.learning_rate": 0.005})
    with run.lock():
        at = open_page("train", run=run.id)
        assert "live" in at.select_slider(key=widget_key("training.learning_rate")).label
        at.select_slider(key=widget_key("training.learning_rate")).set_value(0.002)
        at.run()
        assert run.control().changes == {"training.learning_rate": 0.002}
        said = texts(at)
    row = said[said.index("Changed while training") :]
    assert row.index("0.002") < row.index("0.005") < row.index("waiting")


def epochs_slider(at):
    return at.select_slider(key=widget_key("training.epochs"))


def test_a_rate_at_the_floor_of_its_schedule_is_told_so(run):
    """The run's schedule spans the two epochs planned at first; epoch 3 is an added one."""
    put(run, state="running", epochs=3, applied={"training.learning_rate": 0.008})
    run.request(epochs=3, changes={"training.learning_rate": 0.008})
    with run.lock():
        said = texts(open_page("train", run=run.id))
    assert "0.008 × 0.01" in said
    assert "applied as the peak rate: the one-cycle schedule is at its floor" in said
    assert "added epochs learn at 1 % of the learning rate" in said


def undoable(at):
    return [button.label for button in at.button if button.label.startswith("Undo")]


def test_the_epochs_of_a_training_run_can_be_moved_but_not_to_what_is_done(run):
    put(run, state="running", epochs=5)
    with run.lock():
        at = open_page("train", run=run.id)
        epochs_slider(at).set_value(8)
        at.run()
        assert run.control().epochs == 8
        epochs_slider(at).set_value(2)
        at.run()
        assert run.control().epochs == 8
        assert "training.epochs must be at least 3" in at.toast[0].value.replace("\\", "")
        assert epochs_slider(at).value == 8  # what is asked of the run, not what was refused


def test_one_epoch_more_moves_the_slider_from_which_the_next_is_counted(run):
    put(run, state="running", epochs=2)
    with run.lock():
        at = open_page("train", run=run.id)
        before = undoable(at)
        for asked in (3, 4):
            at.button(key="one more").click()
            at.run()
            assert run.control().epochs == asked == epochs_slider(at).value
        assert undoable(at) == before


def test_one_epoch_more_of_an_ended_run_is_in_the_form_before_it_trains(run):
    at = open_page("train", run=run.id)
    at.button(key="one more").click()
    at.run()
    assert run.status().state == "queued" and epochs_slider(at).value == 3


def test_the_form_follows_what_another_tab_asks_of_the_run(run):
    put(run, state="running", epochs=5)
    with run.lock():
        at = open_page("train", run=run.id)
        jobs.extend(run, 2)
        jobs.change(run, {"training.learning_rate": 0.002, "model.dense[0].dropout": 0.5})
        at.run()
        assert epochs_slider(at).value == run.control().epochs
        assert at.select_slider(key=widget_key("training.learning_rate")).value == 0.002
        assert at.slider(key=widget_key("model.dense[0].dropout")).value == 0.5


def test_no_preset_and_no_undoing_moves_the_epochs_of_a_training_run(run):
    put(run, state="running", epochs=9)
    run.request(epochs=9)
    with run.lock():
        at = open_page("train", run=run.id)
        at.segmented_control(key="preset").set_value("linear")
        at.run()
        assert epochs_slider(at).value == 9
        assert undoable(at) == ["Undo 1 change"]  # the data set, which choosing a preset keeps
        assert run.control().epochs == 9


def test_a_change_that_needs_a_new_network_says_so_and_leaves_the_run_alone(run):
    put(run, state="running", epochs=5)
    with run.lock():
        at = open_page("train", run=run.id)
        at.select_slider(key=widget_key("model.dense[0].width")).set_value(32)
        at.run()
        said = texts(at).replace("\\", "")
        assert run.control().changes == {}
        assert "1 setting needs a new run" in said
        assert "Dense layer 1, width: 32 units instead of 16 units" in said
        back = next(b for b in at.button if b.label == "Back to the run's settings")
        back.click()
        at.run()
        assert at.select_slider(key=widget_key("model.dense[0].width")).value == 16


def test_an_unknown_run_in_the_address_is_a_sentence_and_the_empty_state(store):
    at = open_page("train", run="20260101-000000-abcdef")
    assert not at.exception
    assert "does not exist" in at.warning[0].value
    assert not at.button(key="start").disabled


def test_a_name_is_shown_letter_by_letter(run):
    run.set_label(name="**bold** <script> :red[x]")
    assert r"\*\*bold\*\* \<script\> \:red\[x\]" in texts(open_page("train", run=run.id))
