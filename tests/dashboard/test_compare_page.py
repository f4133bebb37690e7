"""The Compare page: its counts are those of the probabilities, and trouble gets a sentence."""

import json
import re
import shutil
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from core import datasets
from core.datasets import Overlay
from core.review import annotations
from core.review.agreement import agreement
from core.review.annotations import Decision
from dashboard import history_loaders
from dashboard.widgets.score_table import NAMES
from tests.dashboard.pages import open_page, texts
from tests.dashboard.trained import train


@pytest.fixture
def other(store, run):
    """A second run on the same images, from another seed."""
    return train(store, "training.seed=7", name="other *one*")


def _component(at, key):
    """The data of the component with this key."""
    found = [e for e in at.get("bidi_component") if re.search(rf"-{key}$", e.proto.id)]
    assert len(found) == 1, [e.proto.id for e in at.get("bidi_component")]
    return json.loads(found[0].proto.json)


def _labels(run, split="test"):
    parts = datasets.split(datasets.load("digits"), run.config.data)
    return parts.labels(split).numpy(), parts.index(split).numpy()


def _predicted(run, epoch=2, split="test"):
    return run.probabilities(epoch, split).argmax(1)


def _outcomes(before, after, labels):
    was, now = before == labels, after == labels
    return {
        "Fixed": now & ~was,
        "Broken": was & ~now,
        "Both wrong": ~was & ~now,
        "Both right": was & now,
    }


def _shown(at, key):
    """Indices in the gallery, all pages taken together only where there is one."""
    return _component(at, key)["ids"]


def _offered(at, run):
    """What the choice of A calls a run."""
    return [name for name in at.selectbox(key="compare_with").options if run.id[-6:] in name]


@pytest.mark.parametrize("split", ["validation", "test"])
def test_flips_between_epochs_are_counted_from_the_probabilities(run, split):
    at = open_page("compare", run=run.id, compare="1", split=split)
    assert not at.exception
    labels, _ = _labels(run, split)
    cases = _outcomes(_predicted(run, 1, split), _predicted(run, 2, split), labels)
    pills = at.get("button_group")[-1].options
    for name, there in cases.items():
        assert f"{name} **{int(there.sum()):,}**" in str(pills)
    said = texts(at)
    fixed, broken = int(cases["Fixed"].sum()), int(cases["Broken"].sum())
    assert f"{fixed:,} fixed less {broken:,} broken" in said
    assert "McNemar" in said


@pytest.mark.parametrize("outcome", ["fixed", "broken", "both wrong"])
def test_an_outcome_opens_exactly_its_images(run, other, outcome):
    at = open_page("compare", run=run.id, compare=other.id, group=f"flips:{outcome}")
    labels, index = _labels(run)
    cases = _outcomes(_predicted(other), _predicted(run), labels)
    expected = index[cases[outcome.capitalize()]].tolist()
    assert f"**{outcome.capitalize()}** · {len(expected):,}" in texts(at)
    assert set(_shown(at, "flips")) <= set(expected)
    if len(expected) <= 120:
        assert sorted(_shown(at, "flips")) == sorted(expected)


def test_tiles_say_what_a_and_b_answer_and_whether_it_was_fixed(run):
    at = open_page("compare", run=run.id, compare="0")
    labels, index = _labels(run)
    before, after = _predicted(run, 0), _predicted(run, 2)
    gallery = _component(at, "flips")
    assert len(gallery["ids"]) > 10
    for shown, lines, (word, tone) in zip(
        gallery["ids"], gallery["captions"], gallery["words"], strict=True
    ):
        k = index.tolist().index(shown)
        assert lines == [f"A {before[k]}, B {after[k]}", f"label {labels[k]}"]
        assert (word, tone) == (("fixed", "good") if after[k] == labels[k] else ("broken", "bad"))


def test_the_open_image_has_the_answers_of_both(run):
    labels, index = _labels(run)
    fixed = _outcomes(_predicted(run, 1), _predicted(run, 2), labels)["Fixed"]
    k = int(np.flatnonzero(fixed)[0])
    at = open_page("compare", run=run.id, compare="1", example=str(index[k]))
    said = texts(at)
    before = run.probabilities(1, "test")[k]
    assert f"A: **{before.argmax()}**, wrong, **{before.max() * 100:.1f} %**" in said
    assert f"Predicted **{labels[k]}**, right" in said
    elsewhere = int(np.flatnonzero(_predicted(run, 1) == _predicted(run, 2))[0])
    at = open_page("compare", run=run.id, compare="1", example=str(index[elsewhere]))
    assert not at.exception
    assert "A: **" not in texts(at), "it is not among the flips"


def test_a_class_of_an_outcome_opens_only_its_images(run):
    labels, index = _labels(run)
    fixed = _outcomes(_predicted(run, 0), _predicted(run, 2), labels)["Fixed"]
    counts = [int((fixed & (labels == k)).sum()) for k in range(10)]
    most = int(np.argmax(counts))
    at = open_page("compare", run=run.id, compare="0", group=f"flips:fixed {most}")
    assert f"class {most}" in texts(at)
    assert sorted(_shown(at, "flips")) == sorted(index[fixed & (labels == most)].tolist())
    bars = _component(at, "flips_by_class")["figure"]["data"]
    assert counts in [trace["x"] for trace in bars]


def test_swapping_shows_the_same_images_from_the_other_side(run):
    at = open_page("compare", run=run.id, compare="1", group="flips:fixed")
    before = sorted(_shown(at, "flips"))
    at.button(key="flips_swap").click().run()
    assert at.query_params == {
        "run": run.id, "epoch": "1", "compare": "2", "group": "flips:broken",
    }  # fmt: skip
    assert sorted(_shown(at, "flips")) == before


def test_swapping_runs_exchanges_them_and_their_epochs(run, other):
    at = open_page("compare", run=run.id, compare=other.id)
    at.button(key="flips_swap").click().run()
    assert at.query_params == {"run": other.id, "compare": run.id}
    at = open_page("compare", run=run.id, compare=f"{other.id}@0", epoch="1")
    shown = sorted(_shown(at, "flips"))
    at.button(key="flips_swap").click().run()
    assert at.query_params == {"run": other.id, "epoch": "0", "compare": f"{run.id}@1"}
    assert sorted(_shown(at, "flips")) == shown
    at.button(key="flips_swap").click().run()
    assert at.query_params == {"run": run.id, "epoch": "1", "compare": f"{other.id}@0"}


@pytest.mark.parametrize("epoch", [0, 1])
def test_another_run_is_compared_at_any_of_its_epochs(run, other, epoch):
    at = open_page("compare", run=run.id, compare=f"{other.id}@{epoch}")
    assert not at.exception
    labels, _ = _labels(run)
    cases = _outcomes(_predicted(other, epoch), _predicted(run), labels)
    fixed, broken = int(cases["Fixed"].sum()), int(cases["Broken"].sum())
    assert f"{fixed:,} fixed less {broken:,} broken" in texts(at)


def test_the_epoch_of_the_other_run_is_chosen_beside_it(run, other):
    assert "compare_epoch" not in open_page("compare", run=run.id, compare="1").session_state
    at = open_page("compare", run=run.id, compare=other.id)
    chosen = at.selectbox(key="compare_epoch")
    assert chosen.options == ["Epoch 2", "Epoch 1", "Epoch 0"]
    assert chosen.value == 2
    chosen.set_value(1).run()
    assert at.query_params == {"run": run.id, "compare": f"{other.id}@1"}
    at.selectbox(key="compare_epoch").set_value(2).run()
    assert at.query_params == {"run": run.id, "compare": other.id}


def test_an_epoch_that_the_other_run_has_not_is_answered_with_the_nearest_one(run, other):
    at = open_page("compare", run=run.id, compare=f"{other.id}@9")
    assert "Run “other \\*one\\*” has no epoch 9: it has epochs 0 to 2" in texts(at)
    assert at.selectbox(key="compare_epoch").value == 2
    assert "McNemar" in texts(at)


def test_the_run_itself_may_be_named_by_its_id(run, other):
    by_number = texts(open_page("compare", run=run.id, compare="1"))
    assert texts(open_page("compare", run=run.id, compare=f"{run.id}@1")) == by_number
    at = open_page("compare", run=run.id, compare=run.id)
    assert not at.exception
    assert "is what is shown already" in texts(at)


def test_without_a_second_result_the_page_offers_some(run, other):
    at = open_page("compare", run=run.id)
    assert "Choose result A" in at.info[0].value
    at.button(key="flips_earlier").click().run()
    assert at.query_params == {"run": run.id, "compare": "1"}
    at = open_page("compare", run=run.id)
    at.button(key="flips_other").click().run()
    assert at.query_params == {"run": run.id, "compare": other.id}


def test_equal_results_are_said_to_be_equal(store, run):
    twin = train(store, name="twin")
    at = open_page("compare", run=run.id, compare=twin.id)
    assert not at.exception
    assert "No answer is fixed or broken" in texts(at)


def test_another_split_of_the_same_data_is_refused(store, run):
    elsewhere = train(store, "data.split_seed=5", name="elsewhere")
    at = open_page("compare", run=run.id, compare=elsewhere.id, split="validation")
    assert not at.exception
    assert "hold different images" in at.error[0].value
    assert not open_page("compare", run=run.id, compare=elsewhere.id).error  # test is the same


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"fingerprint": "0" * 64}, "different versions of digits"),
        ({"classes": tuple("abcdefghij")}, "same classes"),
    ],
)
def test_other_data_is_refused(run, other, change, sentence):
    with other.lock():
        other.write_dataset_info(replace(other.dataset_info(), **change))
    at = open_page("compare", run=run.id, compare=other.id)
    assert not at.exception
    assert sentence in at.error[0].value
    many = open_page("compare", run=run.id, group="runs:all")
    assert not many.exception
    assert sentence in texts(many)


def test_a_run_on_another_data_set_is_refused_with_both_names(store, run):
    from core.config import RunConfig

    foreign = store.create(RunConfig(), "on other digits")
    at = open_page("compare", run=run.id, compare=foreign.id)
    assert not at.exception
    assert "is on the data set mnist and this one on digits" in texts(at)


def test_a_run_without_an_epoch_is_not_offered_and_says_why(store, run):
    waiting = store.create(run.config, "waiting *one*")
    at = open_page("compare", run=run.id, compare=waiting.id)
    assert not at.exception
    assert "“waiting \\*one\\*” has no finished epoch to compare with yet" in texts(at)
    assert _offered(at, waiting) == []


def test_of_very_many_runs_the_chosen_one_is_still_offered(run, other, monkeypatch):
    monkeypatch.setattr("dashboard.widgets.comparison.MOST_RUNS", 0)
    assert _offered(open_page("compare", run=run.id), other) == []
    at = open_page("compare", run=run.id, compare=other.id)
    assert not at.warning
    assert len(_offered(at, other)) == 1


def test_a_damaged_epoch_gets_a_sentence(run):
    (run.path / "epochs" / "0001" / "probabilities.safetensors").unlink()
    at = open_page("compare", run=run.id, compare="1")
    assert not at.exception
    assert "is missing" in at.error[0].value
    assert "Choose another epoch" in at.error[0].value
    stories = open_page("compare", run=run.id, group="story:any")
    assert not stories.exception
    assert "Epoch 1 is left out" in texts(stories)


def test_an_epoch_deleted_meanwhile_gets_a_sentence(run):
    at = open_page("compare", run=run.id, compare="1")
    shutil.rmtree(run.path / "epochs" / "0001")
    at.run()
    assert not at.exception
    assert "not there" in texts(at)


def test_probabilities_that_are_no_numbers_are_told(run, monkeypatch):
    broken = np.full((len(_labels(run)[0]), 10), np.nan, np.float32)
    monkeypatch.setattr(type(run), "probabilities", lambda *_: broken)
    for group in ("flips:fixed", "runs:all", "story:any"):
        at = open_page("compare", run=run.id, compare="1", group=group)
        assert not at.exception


# Many runs


def test_errors_that_all_runs_make_are_the_ones_counted_by_hand(run, other):
    at = open_page("compare", run=run.id, group="runs:all")
    assert not at.exception
    labels, index = _labels(run)
    found = agreement(np.stack([_predicted(run), _predicted(other)]), labels)
    everyone = index[found.wrong == 2].tolist()
    assert f"**{len(everyone):,} images are read wrong by all 2 runs**" in texts(at)
    assert set(_shown(at, "agreement")) <= set(everyone)
    bars = _component(at, "agreement_bars")["figure"]["data"][0]
    assert bars["y"] == [int((found.wrong == k).sum()) for k in (1, 2)]
    table = at.dataframe[0].value
    assert table["Errors"].tolist() == found.errors.tolist()
    assert table["Alone"].tolist() == found.alone.tolist()


def test_errors_of_one_run_alone_open(run, other):
    at = open_page("compare", run=run.id, group="runs:1")
    labels, index = _labels(run)
    wrong = (np.stack([_predicted(run), _predicted(other)]) != labels).sum(0)
    assert set(_shown(at, "agreement")) <= set(index[wrong == 1].tolist())
    assert "exactly 1 of 2 runs" in texts(at)


def test_a_run_with_the_same_answers_counts_once(store, run, other):
    twin = train(store, name="twin")
    said = texts(open_page("compare", run=run.id, group="runs:all"))
    assert "by all 2 runs" in said
    name = run.label().name or run.id.replace("-", "\\-")
    assert f"Run “twin · {twin.id[-6:]}” answers every test image as run" in said
    assert name in said and "counts once" in said


def test_the_choice_of_runs_stands_in_the_address(store, run, other):
    third = train(store, "training.seed=8", name="third")
    at = open_page("compare", run=run.id, group="runs:all")
    assert set(at.multiselect(key="agreement_runs").value) == {other.id, third.id}
    at.multiselect(key="agreement_runs").set_value([third.id]).run()
    assert at.query_params["group"] == f"runs:all of {third.id[-6:]}"
    again = open_page("compare", run=run.id, group=at.query_params["group"])
    assert again.multiselect(key="agreement_runs").value == [third.id]
    assert "by all 2 runs" in texts(again)
    offered = again.multiselect(key="agreement_runs").options
    created = f"{datetime.fromtimestamp(third.created):%H:%M}"
    assert offered[0] == f"third · {created} · {third.id[-6:]}"
    again.multiselect(key="agreement_runs").set_value([]).run()
    assert again.query_params["group"] == "runs:all of -"
    assert again.multiselect(key="agreement_runs").value == []
    assert "Choose at least one other run above." in again.info[0].value
    assert "exactly" not in texts(open_page("compare", run=run.id, group="runs:9"))


def test_one_run_alone_has_nobody_to_agree_with(run):
    at = open_page("compare", run=run.id, group="runs:all")
    assert not at.exception
    assert "at least two runs" in at.info[0].value


def test_the_best_epoch_is_the_one_with_the_highest_validation_accuracy(run):
    shares = {e: run.epoch_record(e).validation_accuracy for e in (1, 2)}
    best = max(shares, key=lambda e: (shares[e], -e))
    assert history_loaders.chosen_epoch(run, "best") == best
    assert history_loaders.chosen_epoch(run, "last") == 2


# Over the epochs


def test_biographies_are_counted_from_every_epoch(run):
    at = open_page("compare", run=run.id, group="story:forgotten")
    labels, index = _labels(run)
    first, second = _predicted(run, 1) == labels, _predicted(run, 2) == labels
    said = texts(at)
    assert f"**{int((first & second).sum()):,} of {len(labels):,} images**" in said
    assert f"{int((~first & ~second).sum()):,} were never right" in said
    assert sorted(_shown(at, "stories")) == sorted(index[first & ~second].tolist())
    assert "all three charts are logarithmic" in said
    verdicts = _component(at, "story_verdicts")["figure"]["data"][0]
    assert dict(zip(verdicts["y"], verdicts["x"], strict=True)) == {
        "always right": int((first & second).sum()) or None,
        "learnt": int((~first & second).sum()) or None,
        "unsteady": None,
        "forgotten": int((first & ~second).sum()) or None,
        "never right": int((~first & ~second).sum()) or None,
    }


def test_the_epoch_learnt_and_the_times_forgotten_open_their_images(run):
    labels, index = _labels(run)
    first, second = _predicted(run, 1) == labels, _predicted(run, 2) == labels
    learnt = open_page("compare", run=run.id, group="story:since 2")
    assert "since epoch 2" in texts(learnt)
    assert set(_shown(learnt, "stories")) <= set(index[~first & second].tolist())
    lost = open_page("compare", run=run.id, group="story:lost 1")
    assert sorted(_shown(lost, "stories")) == sorted(index[first & ~second].tolist())
    nothing = open_page("compare", run=run.id, group="story:lost 7")
    assert "Choose another bar" in texts(nothing)


def test_the_untrained_network_has_no_biography(run):
    for epoch in ("0001", "0002"):
        shutil.rmtree(run.path / "epochs" / epoch)
    at = open_page("compare", run=run.id, group="story:any")
    assert not at.exception
    assert "Only the untrained network" in at.info[0].value


@pytest.mark.parametrize("group", ["zzz", "flips:foo"])
def test_a_group_that_there_is_not_gets_a_sentence_with_those_there_are(run, group):
    at = open_page("compare", run=run.id, compare="1", group=group)
    assert not at.exception
    said = texts(at).replace("\\", "")
    assert f"asks for the group “{group}”" in said
    assert "flips:fixed, flips:broken, flips:both wrong, flips:both right" in said
    at.segmented_control(key="compare_part").set_value("story").run()
    assert "asks for the group" not in texts(at)


def test_another_part_lets_go_of_the_group_and_the_image(run):
    at = open_page("compare", run=run.id, compare="1", group="flips:fixed", example="3")
    at.segmented_control(key="compare_part").set_value("story").run()
    assert at.query_params == {"run": run.id, "compare": "1", "group": "story:any"}


# Decisions


def test_decisions_on_the_split_are_scored_for_both(run, other):
    data = datasets.load("digits")
    labels, index = _labels(run)
    wrong = np.flatnonzero(_predicted(run) != labels)[:3]
    annotations.decide(data, "test", int(index[wrong[0]]), Decision("ambiguous"))
    annotations.decide(data, "test", int(index[wrong[1]]), Decision("left out"))
    at = open_page("compare", run=run.id, compare=other.id)
    assert not at.exception
    assert "2 test images are marked" in texts(at)
    table = at.dataframe[-1].value.set_index("Counted")
    errors = int((_predicted(run) != labels).sum())
    assert table.loc["As labelled", "B errors"] == errors
    assert table.loc["Without ambiguous images", "B errors"] == errors - 1
    assert table.loc["Without all that are marked", "B errors"] == errors - 2
    assert table.loc["Without all that are marked", "Images"] == len(labels) - 2
    assert set(table.index) <= set(NAMES.values()), "the words of the Labels page"
    low, high = table.loc["As labelled", "A interval"].removesuffix(" %").split(" to ")
    assert float(low) < table.loc["As labelled", "A accuracy"] < float(high)


def test_a_run_that_learnt_with_decisions_says_so(store, run):
    data = datasets.load("digits")
    held_out = int(datasets.split(data, run.config.data).validation_index[0])  # learnt by neither
    overlay = Overlay("digits", data.fingerprint, {5: 1, 6: 2}, (9, held_out))
    taught = store.create(run.config, "taught", overlay)
    for name in ("epochs", "dataset.json", "status.json", "metrics.jsonl"):
        source = run.path / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        (taught.path / name).unlink(missing_ok=True)
        copy(source, taught.path / name)
    at = open_page("compare", run=taught.id, compare=run.id)
    assert not at.exception
    assert "B was trained with decisions: 2 labels put right, 1 training image left out" in texts(
        at
    )
    assert "No test image is marked" in texts(at)
    assert "trained with decisions" not in texts(open_page("compare", run=run.id, compare="1"))


def test_a_damaged_review_file_is_told_once_and_costs_only_the_scores(store, run):
    data = datasets.load("digits")
    taught = train(store, overlay=Overlay("digits", data.fingerprint, {5: 1, 6: 2}, (9,)))
    path = annotations.path_of(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{")
    at = open_page("compare", run=run.id, compare=taught.id)
    assert not at.exception
    assert "McNemar" in texts(at)
    assert "A was trained with decisions: 2 labels put right" in texts(at)
    assert texts(at).count("digits\\.json") == 1


def test_without_runs_there_is_one_button(store):
    at = open_page("compare")
    assert not at.exception
    assert [button.label for button in at.button] == ["Train the default network"]


def test_names_are_shown_as_they_were_typed(run, other):
    shown = texts(open_page("compare", run=other.id, compare=run.id))
    assert "other \\*one\\*" in shown
