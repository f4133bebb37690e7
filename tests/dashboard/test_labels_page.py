"""The Labels page: ranked suspects, decisions, scores as decided, and training again with them."""

import json
import shutil
from dataclasses import asdict

import numpy as np
import pytest

from core import datasets
from core.errors import DiskError
from core.evaluation import examples
from core.jobs import analysis as analyses
from core.jobs.analysis import AnalysisState
from core.jobs.fold_requests import Folding, FoldNetwork, request_folds
from core.jobs.folding import fold_analysis, out_of_fold
from core.records import ChangeRecord
from core.review import annotations as annotating
from core.review.annotations import Decision
from core.review.decisions import overlay_of
from core.review.scores import scores_of
from core.review.suspects import suspects
from core.run_files import held, write_json
from dashboard import example_loaders, fold_loaders, label_loaders, loaders
from dashboard.example_loaders import Subject
from tests.dashboard.pages import deciding, open_page, texts
from tests.dashboard.trained import train

TRAIN = "suspects:train 2x1"

pytestmark = pytest.mark.usefixtures("no_processes")


@pytest.fixture
def folded(run):
    """The run with the k-fold training of `TRAIN` done."""
    wanted = fold_analysis(run, 2, 1)
    analyses.request(run, wanted)
    analyses.work(run, wanted, out_of_fold(run, 0, 2, 1))
    return run


def _gallery(at):
    found = [e for e in at.get("bidi_component") if "-suspects" in e.proto.id]
    assert len(found) == 1, [e.proto.id for e in at.get("bidi_component")]
    return json.loads(found[0].proto.json)


def _button(at, label):
    (found,) = [button for button in at.button if button.label == label]
    return found


def _ranked(run, split, epoch=2):
    parts = datasets.split(datasets.load("digits"), run.config.data)
    labels, index = parts.labels(split).numpy(), parts.index(split).numpy()
    values = run.probabilities(epoch, split)
    return suspects(labels, values, index, tuple("0123456789")), labels, values, index


@pytest.mark.parametrize("split", ["test", "validation"])
def test_the_labels_that_look_wrong_come_first_the_most_doubtful_at_the_front(run, split):
    at = open_page("labels", run=run.id, split=split)
    assert not at.exception
    table = _ranked(run, split)[0]
    wrong = table[table["is_issue"]]
    gallery = _gallery(at)
    assert gallery["ids"] == wrong["index"].tolist()[:120]
    first = wrong.iloc[0]
    assert gallery["captions"][0] == [f"labelled {first.true}", f"like {first.suggested}"]
    assert f"To decide {len(wrong):,}" in at.segmented_control(key="label_list").options


def test_all_labels_can_be_walked_in_their_order(run):
    at = open_page("labels", run=run.id)
    at.segmented_control(key="label_list").set_value("all").run()
    table = _ranked(run, "test")[0]
    assert at.query_params == {"run": run.id, "group": "suspects:all"}
    gallery = _gallery(at)
    assert gallery["total"] == len(table)
    assert gallery["ids"] == table["index"].tolist()[:120]


def test_a_decided_label_leaves_the_list_and_the_next_one_opens(run, digits):
    table = _ranked(run, "test")[0]
    order = table[table["is_issue"]]["index"].tolist()
    at = open_page("labels", run=run.id, example=str(order[1]))
    _button(at, "Ambiguous").click().run()
    assert not at.exception
    assert annotating.load(digits).decision_of("test", order[1]) == Decision("ambiguous")
    assert at.query_params["example"] == str(order[2])
    assert _gallery(at)["total"] == len(order) - 1
    assert _gallery(at)["said"] == f"Image {order[1]}: ambiguous; image {order[2]} is open now"
    at.segmented_control(key="label_list").set_value("decided").run()
    assert _gallery(at)["ids"] == [order[1]]
    assert "example" not in at.query_params


def test_the_last_decision_is_taken_back_where_it_was_made(run, digits):
    table = _ranked(run, "test")[0]
    order = table[table["is_issue"]]["index"].tolist()
    annotating.decide(digits, "test", order[0], Decision("left out"))
    at = open_page("labels", run=run.id, example=str(order[0]), group="suspects:decided")
    assert "suspects_undo" not in [button.key for button in at.button]
    _button(at, "Undecide").click().run()
    assert f"Image {order[0]}\\: no decision any more" in texts(at)
    at.button(key="suspects_undo").click().run()
    assert not at.exception
    assert annotating.load(digits).decision_of("test", order[0]) == Decision("left out")
    assert at.query_params["example"] == str(order[0])
    assert _gallery(at)["said"] == ""

    _button(at, "Ambiguous").click().run()
    annotating.decide(digits, "test", order[0], None)  # elsewhere: there is nothing to take back
    at.run().button(key="suspects_undo").click().run()
    assert "changed since by others. Nothing is undone." in at.toast[0].value
    assert annotating.load(digits).decision_of("test", order[0]) is None


def test_each_list_says_why_its_labels_are_in_it(run):
    at = open_page("labels", run=run.id)
    assert "as confident learning estimates to be wrong" in texts(at)
    at.segmented_control(key="label_list").set_value("all").run()
    assert "less probable the network finds a label" in texts(at)
    assert "as confident learning estimates" not in texts(at)


def test_keys_that_decide_are_hinted_at_here_and_nowhere_else(run):
    assert _gallery(open_page("labels", run=run.id))["decides"] == 500
    at = open_page("results", run=run.id)
    (found,) = [e for e in at.get("bidi_component") if e.proto.id.endswith("-gallery")]
    assert json.loads(found.proto.json)["decides"] == 0


def test_the_last_of_a_list_gives_way_to_the_one_before(run):
    order = [i for i, wrong in _ranked(run, "test")[0][["index", "is_issue"]].values if wrong]
    at = open_page("labels", run=run.id, example=str(order[-1]))
    _button(at, "Leave out").click().run()
    assert at.query_params["example"] == str(order[-2])


def test_a_key_meant_for_one_image_decides_about_no_other(run, digits):
    """The browser may still show the buttons of the image that was open before."""
    order = [i for i, wrong in _ranked(run, "test")[0][["index", "is_issue"]].values if wrong]
    at = open_page("labels", run=run.id, example=str(order[0]))
    shown = deciding(at, "ambiguous")[0]
    at.query_params["example"] = str(order[1])
    at.run()
    assert deciding(at, "ambiguous")[0].proto.id != shown.proto.id
    assert shown.proto.id not in [one.proto.id for one in at.button]


def test_what_another_tab_has_decided_meanwhile_is_told_and_stays(run, digits):
    row = _ranked(run, "test")[0].iloc[0]
    at = open_page("labels", run=run.id, group="suspects:all", example=str(row["index"]))
    annotating.decide(digits, "test", int(row["index"]), Decision("left out"))
    stale = deciding(at, "ambiguous")[0].click()
    stale.run()
    assert "left out. Nothing is changed." in at.toast[0].value
    assert annotating.load(digits).decision_of("test", row["index"]) == Decision("left out")
    deciding(at, "ambiguous")[0].click().run()  # it is seen now
    assert annotating.load(digits).decision_of("test", row["index"]) == Decision("ambiguous")


def test_the_suggested_label_is_one_click_and_any_other_a_choice(run, digits):
    first, second = _ranked(run, "test")[0].iloc[:2].to_dict("records")
    at = open_page("labels", run=run.id, example=str(first["index"]))
    _button(at, f"Should be {first['suggested']}").click().run()
    known = annotating.load(digits)
    assert known.decision_of("test", first["index"]) == Decision("mislabelled", first["suggested"])
    other = next(k for k in range(10) if k not in (second["true"], second["suggested"]))
    at = open_page("labels", run=run.id, example=str(second["index"]))
    options = deciding(at, "class")[0].options
    assert str(second["true"]) not in options  # it has that one
    deciding(at, "class")[0].set_value(other).run()
    known = annotating.load(digits)
    assert known.decision_of("test", second["index"]) == Decision("mislabelled", other)


def test_a_decision_is_shown_replaced_and_taken_back(run, digits):
    row = _ranked(run, "test")[0].iloc[0]
    annotating.decide(digits, "test", int(row["index"]), Decision("left out"))
    at = open_page("labels", run=run.id, group="suspects:all", example=str(int(row["index"])))
    assert "**left out**" in texts(at)
    _button(at, "Ambiguous").click().run()
    assert "**ambiguous**" in texts(at)
    assert at.query_params["example"] == str(int(row["index"]))  # it stays in this list
    _button(at, "Undecide").click().run()
    assert "**none yet**" in texts(at)
    assert annotating.load(digits).decision_of("test", int(row["index"])) is None


def test_a_label_that_is_found_right_leaves_the_list_and_changes_nothing_else(run, digits):
    order = [i for i, wrong in _ranked(run, "test")[0][["index", "is_issue"]].values if wrong]
    at = open_page("labels", run=run.id, example=str(order[0]))
    _button(at, "Is right").click().run()
    assert annotating.load(digits).decision_of("test", order[0]) == Decision("confirmed")
    assert at.query_params["example"] == str(order[1])
    assert _gallery(at)["total"] == len(order) - 1
    assert "Without" not in texts(at)
    at.segmented_control(key="label_list").set_value("decided").run()
    assert _gallery(at)["ids"] == [order[0]]
    compared = texts(open_page("compare", run=run.id, compare="1"))
    assert "McNemar" in compared
    assert "What the decisions did" not in compared
    annotating.decide(digits, "train", 3, Decision("confirmed"))
    assert fold_loaders.decisions_so_far(run) is None


def test_the_score_is_counted_with_and_without_what_is_marked(run, digits):
    table, labels, values, index = _ranked(run, "test")
    assert "Without" not in texts(open_page("labels", run=run.id))
    first, second = table.iloc[:2].to_dict("records")
    decisions = {
        first["index"]: Decision("mislabelled", first["suggested"]),
        second["index"]: Decision("ambiguous"),
    }
    annotating.decide_many(digits, "test", decisions)
    shown = texts(open_page("labels", run=run.id))
    expected = scores_of(examples(labels, values, index), decisions).set_index("name")
    for name, words in (
        ("as labelled", "As labelled"),
        ("without ambiguous", "Without ambiguous images"),
        ("without mislabelled", "Without mislabelled images"),
        ("with labels put right", "With labels put right"),
        ("without all marked", "Without all that are marked"),
    ):
        row = expected.loc[name]
        cells = f'<td>{words}</td><td class="cs-n">{row["images"]:,.0f}</td>'
        cells += f'<td class="cs-n">{row["errors"]:,.0f}</td>'
        cells += f'<td class="cs-n">{row["accuracy"] * 100:.2f} %</td>'
        assert cells in shown


def test_decisions_about_validation_count_in_the_train_file(run, digits):
    row = _ranked(run, "validation")[0].iloc[0]
    at = open_page("labels", run=run.id, split="validation", example=str(int(row["index"])))
    _button(at, "Ambiguous").click().run()
    assert annotating.load(digits).decision_of("train", int(row["index"])) == Decision("ambiguous")


def test_train_needs_networks_that_have_not_learnt_it(run, monkeypatch):
    at = open_page("labels", run=run.id, group=TRAIN)
    assert "dealt into 2 folds" in texts(at)
    assert not [e for e in at.get("bidi_component") if "-suspects" in e.proto.id]
    _button(at, "Train 2 networks").click().run()
    state = analyses.look(run, fold_analysis(run, 2, 1))
    assert state.state == "working"
    assert any(button.label == "Stop" for button in at.button)


def test_an_image_that_has_left_the_list_can_still_be_seen_and_undecided(folded, digits):
    order = _gallery(open_page("labels", run=folded.id, group=TRAIN))["ids"]
    annotating.decide(digits, "train", order[0], Decision("ambiguous"))
    at = open_page("labels", run=folded.id, group=TRAIN, example=str(order[0]))  # as after Back
    assert f"**Image {order[0]:,}** · not among those shown" in texts(at)
    assert "**ambiguous**" in texts(at)
    _button(at, "Undecide").click().run()
    assert annotating.load(digits).decision_of("train", order[0]) is None
    assert _gallery(at)["ids"] == order


def test_another_training_at_work_is_shown_and_stopped_before_one_begins(run):
    wanted = fold_analysis(run, 3, 1)
    wanted.path(run).parent.mkdir(parents=True, exist_ok=True)
    write_json(wanted.path(run).with_suffix(".request"), {"arguments": wanted.arguments})
    write_json(wanted.path(run), asdict(AnalysisState("working", done=2, total=9)))
    with held(wanted.path(run).with_suffix(".lock"), timeout=2.0, busy="at work"):
        at = open_page("labels", run=run.id, group=TRAIN)
        assert "Another k-fold training of this run is at work: 3 folds, 1 epoch each" in texts(at)
        assert "Train 2 networks" not in [button.label for button in at.button]
        at.button(key="stop_other_folds").click().run()
        assert analyses.look(run, wanted).stopping
        at.button(key="show_other_folds").click().run()
        assert not at.exception
        assert at.query_params["group"] == "suspects:train 3x1"
        assert "Another k-fold training" not in texts(at)


def test_a_round_learns_what_was_decided_since_the_last_one(folded, digits, monkeypatch):
    monkeypatch.setattr("core.jobs.analysis.spawn_analyst", lambda path: None)
    at = open_page("labels", run=folded.id, group=TRAIN)
    assert "next_round" not in [button.key for button in at.button]
    annotating.decide(digits, "train", 3, Decision("left out"))
    annotating.decide(digits, "train", 4, Decision("ambiguous"))
    at = open_page("labels", run=folded.id, group=TRAIN)
    assert "What you have decided about 2 images is not what they have learnt." in texts(at)
    at.button(key="next_round").click().run()
    assert not at.exception
    so_far = overlay_of(annotating.load(digits), leave_out_ambiguous=True)
    assert at.query_params["group"] == f"{TRAIN} {so_far.digest[:12]}"
    analysis = fold_analysis(folded, 2, 1, so_far.digest)
    analyses.work(folded, analysis, out_of_fold(folded, 0, 2, 1, so_far.digest))
    at = open_page("labels", run=folded.id, group=at.query_params["group"])
    assert f"(decisions {so_far.digest[:8]})" in texts(at)
    names = at.selectbox(key="label_decisions").options
    assert names == ["as given", "round 2, 2 decisions"]
    annotating.decide(digits, "train", 5, Decision("left out"))
    at.run()
    assert "What you have decided about 1 image is not what they have learnt." in texts(at)


def test_the_numbers_of_folds_and_epochs_stand_in_the_address(run):
    at = open_page("labels", run=run.id)
    at.segmented_control(key="label_source").set_value("train").run()
    assert at.query_params["group"] == "suspects:train"
    at.number_input(key="label_folds").set_value(3).run()
    assert at.query_params["group"] == "suspects:train 3x2"  # the run has two epochs
    at.number_input(key="label_epochs").set_value(4).run()
    assert at.query_params["group"] == "suspects:train 3x4"
    at.segmented_control(key="label_source").set_value("validation").run()
    assert at.query_params == {"run": run.id, "split": "validation"}


def test_the_list_stands_in_the_address_and_survives_another_choice(folded):
    at = open_page("labels", run=folded.id, group=f"{TRAIN} decided", example="3")
    assert at.segmented_control(key="label_list").value == "decided"
    at.segmented_control(key="label_list").set_value("all").run()
    assert at.query_params == {"run": folded.id, "group": f"{TRAIN} all"}
    at.segmented_control(key="label_source").set_value("test").run()
    assert at.query_params == {"run": folded.id, "group": "suspects:all"}
    at.segmented_control(key="label_list").set_value("open").run()
    assert at.query_params == {"run": folded.id}


@pytest.mark.parametrize("group", ["suspects:train 99x0", "suspects:train 1x99999", "flips:fixed"])
def test_a_group_that_makes_no_sense_here_falls_back(run, group):
    at = open_page("labels", run=run.id, group=group)
    assert not at.exception
    if group.startswith("suspects"):
        assert (at.number_input(key="label_folds").value, at.number_input[1].value) == (5, 2)
    else:
        assert at.segmented_control(key="label_source").value == "test"


def test_training_images_are_judged_by_networks_that_have_not_learnt_them(folded, digits):
    at = open_page("labels", run=folded.id, group=TRAIN)
    assert not at.exception
    labels = digits.train_labels.numpy()
    values = analyses.arrays(folded, fold_analysis(folded, 2, 1))["probabilities"]
    index = np.arange(len(labels))
    table = suspects(labels, values, index, digits.classes)
    order = table[table["is_issue"]]["index"].tolist()
    assert _gallery(at)["ids"] == order[:120]
    wrong = int((values.argmax(1) != labels).sum())
    assert f'<td class="cs-n">{wrong:,}</td>' in texts(at)
    at = open_page("labels", run=folded.id, group=TRAIN, example=str(order[0]))
    _button(at, f"Should be {table.iloc[0]['suggested']}").click().run()
    decided = annotating.load(digits).decision_of("train", order[0])
    assert decided == Decision("mislabelled", table.iloc[0]["suggested"])


def test_an_open_image_is_explained_by_the_network_that_doubts_it(folded, digits):
    found = analyses.arrays(folded, fold_analysis(folded, 2, 1))
    index = int(np.flatnonzero(found["fold"] == 1)[0])
    at = open_page("labels", run=folded.id, group=f"{TRAIN} all", example=str(index))
    at.segmented_control(key="example_panel").set_value("why").run()
    assert not at.exception
    assert "the answer above: number 2 of 2, which has not learnt this image" in texts(at)

    judge = FoldNetwork(Folding(2, 1), 1)
    subject = Subject(folded, 2, digits.train_images[index].numpy(), judge)
    asked = example_loaders.answer(subject)["probability"].to_numpy()
    assert asked == pytest.approx(found["probabilities"][index], abs=1e-6)
    alike = example_loaders.neighbours(subject, 50).table["index"].to_numpy()
    assert (found["fold"][alike] == 0).all(), "it has learnt nothing of its own fold"


def test_a_result_of_before_is_explained_by_the_runs_own_network(folded):
    """It has kept no networks."""
    path = fold_analysis(folded, 2, 1).path(folded)
    values = json.loads(path.read_bytes())
    for name in ("networks", "decisions", "relabelled", "left_out"):
        del values["result"][name]
    write_json(path, values)
    at = open_page("labels", run=folded.id, group=f"{TRAIN} all", example="3")
    assert "2 networks, 1 epoch each" in texts(at)
    at.segmented_control(key="example_panel").set_value("alike").run()
    assert not at.exception
    assert "Of the run's own network, epoch 2, which may have learnt this image" in texts(at)


def test_a_network_that_is_damaged_gets_a_sentence(folded):
    (arrays,) = fold_analysis(folded, 2, 1).path(folded).parent.glob("*.arrays")
    for file in arrays.glob("network_*.safetensors"):
        file.write_bytes(b"torn")
    at = open_page("labels", run=folded.id, group=f"{TRAIN} all", example="3")
    at.segmented_control(key="example_panel").set_value("why").run()
    assert not at.exception
    assert "is damaged" in texts(at)


def test_earlier_rounds_are_chosen_again_and_told_what_they_have_not_learnt(folded, digits):
    annotating.decide(digits, "train", 3, Decision("left out"))
    overlay = overlay_of(annotating.load(digits), leave_out_ambiguous=True)
    request_folds(folded, Folding(2, 1, overlay.digest), overlay)
    wanted = fold_analysis(folded, 2, 1, overlay.digest)
    analyses.work(folded, wanted, out_of_fold(folded, 0, 2, 1, overlay.digest))
    round_2 = f"{TRAIN} {overlay.digest[:12]}"

    at = open_page("labels", run=folded.id, group=TRAIN)
    assert at.button(key="next_round").label == "Show the round that has"
    at.button(key="next_round").click().run()
    assert at.query_params["group"] == round_2
    assert _gallery(at)["ids"]
    assert "next_round" not in [button.key for button in at.button]
    at.selectbox(key="label_decisions").set_value("").run()
    assert at.query_params["group"] == TRAIN

    annotating.decide(digits, "train", 3, None)
    at = open_page("labels", run=folded.id, group=round_2)
    assert "All those decisions have been taken back since" in texts(at)
    assert "1 training image left out" in texts(at)
    annotating.decide(digits, "train", 4, Decision("ambiguous"))
    at = open_page("labels", run=folded.id, group=round_2)
    assert "What you have decided about 2 images is not what they have learnt" in texts(at)
    wanted.path(folded).with_suffix(".overlay").write_bytes(b"torn")
    at = open_page("labels", run=folded.id, group=round_2)
    assert not at.exception
    assert _gallery(at)["ids"]


def test_digits_of_no_round_mean_the_decisions_so_far(folded, digits):
    group = f"{TRAIN} 0123456789ab"
    at = open_page("labels", run=folded.id, group=group)
    assert _gallery(at)["ids"], "without decisions the labels are learnt as given"
    annotating.decide(digits, "train", 3, Decision("left out"))
    at = open_page("labels", run=folded.id, group=group)
    assert at.selectbox(key="label_decisions").options == ["as given", "my 1 decision so far"]
    assert "They learn 0 labels put right, 1 training image left out" in texts(at)
    _button(at, "Train 2 networks").click().run()
    digest = overlay_of(annotating.load(digits), leave_out_ambiguous=True).digest
    assert at.query_params["group"] == f"{TRAIN} {digest[:12]}"


def test_without_numbers_in_the_address_the_last_training_is_shown(folded):
    at = open_page("labels", run=folded.id, group="suspects:train")
    assert at.number_input(key="label_folds").value == 2
    assert at.number_input(key="label_epochs").value == 1
    assert _gallery(at)["ids"]


def test_labels_are_ranked_anew_only_where_something_changes_what_is_asked(folded, monkeypatch):
    asked, ranked = [], label_loaders.ranked
    monkeypatch.setattr(label_loaders, "ranked", lambda *a: asked.append(len(a[0])) or ranked(*a))
    for epoch in "012":
        assert _gallery(open_page("labels", run=folded.id, group=TRAIN, epoch=epoch))["ids"]
    assert len(asked) == 1, "no epoch has a part in what k-fold training answers"
    open_page("labels", run=folded.id)
    analyses.request(folded, fold_analysis(folded, 3, 2))
    open_page("labels", run=folded.id)
    assert len(asked) == 2, "k-fold training has no part in what the test split tells"


@pytest.mark.parametrize(
    ("told", "words"), [("stopped", "Stopped after"), ("working", "It ended unexpectedly after")]
)
def test_a_training_that_ended_early_says_so_and_can_go_on(run, told, words):
    wanted = fold_analysis(run, 2, 1)
    wanted.path(run).parent.mkdir(parents=True)
    write_json(wanted.path(run), vars(AnalysisState(told, done=7, total=46)))  # nobody is at work
    at = open_page("labels", run=run.id, group=TRAIN)
    assert f"{words} 7 of 46 steps" in texts(at)
    _button(at, "Go on").click().run()
    assert analyses.look(run, wanted).state == "working"


def test_a_running_training_is_asked_to_stop(run):
    wanted = fold_analysis(run, 2, 1)
    analyses.request(run, wanted)
    at = open_page("labels", run=run.id, group=TRAIN)
    _button(at, "Stop").click().run()
    assert analyses.look(run, wanted).stopping


def test_damaged_out_of_fold_answers_get_a_sentence(folded, digits):
    annotating.decide(digits, "train", 3, Decision("ambiguous"))
    (arrays,) = fold_analysis(folded, 2, 1).path(folded).parent.glob("*.arrays")
    (arrays / "arrays.safetensors").write_bytes(b"torn")
    at = open_page("labels", run=folded.id, group=TRAIN)
    assert not at.exception
    assert "the decisions below are not affected" in texts(at)
    assert "Train again" in [button.label for button in at.button]
    _button(at, "Train 2 networks again").click().run()
    assert not at.exception
    assert analyses.look(folded, fold_analysis(folded, 2, 1)).state in ("working", "done")


def test_training_again_learns_the_decisions_with_the_same_settings(run, digits, store):
    annotating.decide_many(
        digits, "train",
        {
            5: Decision("mislabelled", (int(digits.train_labels[5]) + 1) % 10),
            6: Decision("ambiguous"),
            7: Decision("left out"),
        },
    )  # fmt: skip
    at = open_page("labels", run=run.id)
    at.segmented_control(key="train_again_ambiguous").set_value("keep").run()
    at.text_input(key=f"train_again_name_{run.id}").set_value("second try").run()
    _button(at, "Train again").click().run()
    assert not at.exception
    (fresh,) = [summary for summary in store.list() if summary.id != run.id]
    assert (fresh.name, fresh.state) == ("second try", "queued")
    again = store.get(fresh.id)
    overlay = again.overlay()
    assert again.config == run.config
    assert (list(overlay.relabelled), overlay.left_out) == ([5], (7,))
    assert "3 decisions" not in fresh.note
    assert "2 decisions" in fresh.note
    assert "second try" in texts(at)
    assert "Follow" in [button.label for button in at.button]


def test_training_again_follows_what_was_changed_after_the_start(run, digits, store):
    (index, *_) = loaders.splits(run).index("train").tolist()
    annotating.decide(digits, "train", index, Decision("left out"))
    run.request(epochs=3, changes={"training.learning_rate": 1e-4})
    run.append([ChangeRecord(1.0, 20, {"training.learning_rate": [0.01, 1e-4]})])
    at = open_page("labels", run=run.id)
    assert "the two do not differ in the labels alone" in texts(at)
    _button(at, "Train again").click().run()
    (fresh,) = [store.get(summary.id) for summary in store.list() if summary.id != run.id]
    assert fresh.config.training.epochs == 3
    assert fresh.config.training.learning_rate == 1e-4
    assert fresh.config != run.config
    assert "The same settings, other labels" in texts(at)
    (back,) = label_loaders.relatives(fresh)
    assert (back.summary.id, back.changed) == (run.id, True)


def test_without_decisions_about_training_images_there_is_nothing_to_train_with(run, digits):
    annotating.decide(digits, "test", 3, Decision("ambiguous"))
    at = open_page("labels", run=run.id)
    assert "No image of the train file has been decided about" in texts(at)
    assert "Look at Train or Validation above" in texts(at)
    assert "Train again" not in [button.label for button in at.button]
    for there in ({"group": TRAIN}, {"split": "validation"}):
        said = texts(open_page("labels", run=run.id, **there))
        assert "No image of the train file has been decided about" in said
        assert "Look at Train or Validation" not in said


@pytest.mark.parametrize("reason", ["held out", "learnt as labelled"])
def test_decisions_that_change_nothing_are_no_reason_to_train_again(run, digits, reason):
    parts = datasets.split(digits, run.config.data)
    if reason == "held out":
        annotating.decide(digits, "train", int(parts.validation_index[0]), Decision("left out"))
    else:
        annotating.decide(digits, "train", int(parts.train_index[0]), Decision("ambiguous"))
    at = open_page("labels", run=run.id)
    if reason == "learnt as labelled":
        assert "Train again" in [button.label for button in at.button]
        at.segmented_control(key="train_again_ambiguous").set_value("keep").run()
    assert not at.exception
    assert "These decisions change nothing that is learnt" in texts(at)
    assert "Train again" not in [button.label for button in at.button]


def test_leaving_out_everything_is_refused_in_a_sentence(run, digits):
    everyone = dict.fromkeys(range(len(digits.train_labels)), Decision("left out"))
    annotating.decide_many(digits, "train", everyone)
    at = open_page("labels", run=run.id)
    assert not at.exception
    assert "keep at least one" in texts(at)
    assert "Train again" not in [button.label for button in at.button]


def test_a_finished_relative_is_compared_the_older_one_first(run, digits, store):
    annotating.decide(digits, "train", 3, Decision("left out"))
    from core.review.decisions import overlay_of

    overlay = overlay_of(annotating.load(digits), True)
    fresh = store.create(run.config, "reviewed", overlay)
    shutil.copytree(run.path / "epochs", fresh.path / "epochs", dirs_exist_ok=True)
    with fresh.lock():
        fresh.write_status(run.status())
    for viewed, other in ((run, fresh), (fresh, run)):
        at = open_page("labels", run=viewed.id)
        assert "The same settings, other labels" in texts(at)
        said = texts(at)
        at.button(key=f"compare_{other.id}").click().run()
        assert at.query_params["run"] == fresh.id
        assert at.query_params["compare"] == run.id
    assert "This run learns with exactly these decisions" in said
    shown = texts(open_page("labels", run=run.id))  # once is enough
    assert "The run “reviewed” learns with exactly these decisions" in shown
    annotating.decide(digits, "train", 4, Decision("left out"))
    assert "Train again" in [one.label for one in open_page("labels", run=run.id).button]


def test_who_comes_back_from_following_a_run_finds_the_same_labels_and_opens_the_first(
    folded, digits, store
):
    annotating.decide(digits, "train", 3, Decision("left out"))
    at = open_page("labels", run=folded.id, group=TRAIN)
    _button(at, "Train again").click().run()
    (fresh,) = [summary.id for summary in store.list() if summary.id != folded.id]
    at.button(key=f"train_{fresh}").click().run()
    assert not at.exception
    assert (at.query_params["run"], at.query_params["group"]) == (fresh, TRAIN)
    at = open_page("labels", run=folded.id, group=TRAIN)
    at.button(key=f"open_{fresh}").click().run()
    assert (at.query_params["run"], at.query_params["group"]) == (fresh, TRAIN)


def test_other_runs_are_no_relatives(run, store):
    train(store, "training.learning_rate=0.02", name="other settings")
    train(store, name="same settings, same labels")
    assert "The same settings, other labels" not in texts(open_page("labels", run=run.id))


def _drop(at, data):
    (uploader,) = at.get("file_uploader")
    uploader.upload("review.json", data, "application/json").run()


def test_a_review_file_is_imported_once_and_merged(run, digits, tmp_path):
    annotating.decide(digits, "train", 3, Decision("ambiguous"))
    annotating.decide(digits, "test", 4, Decision("left out"))
    data = annotating.export_bytes(digits)
    annotating.path_of(digits).unlink()
    annotating.decide(digits, "train", 3, Decision("left out"))
    at = open_page("labels", run=run.id)
    _drop(at, data)
    assert not at.exception
    known = annotating.load(digits)
    assert known.decision_of("test", 4) == Decision("left out")
    assert known.decision_of("train", 3) == Decision("left out")  # what was here stays
    said = "\n".join(element.value for element in at.success)
    assert "1 new decision" in said
    assert "1 entry differed" in said


def test_a_review_file_of_another_data_set_is_refused(run, digits):
    foreign = json.loads(annotating.export_bytes(digits))
    foreign["dataset"] = "mnist"
    at = open_page("labels", run=run.id)
    _drop(at, json.dumps(foreign).encode())
    assert not at.exception
    assert "Nothing was imported" in texts(at)
    assert not annotating.path_of(digits).exists()


def test_a_damaged_review_file_gets_a_sentence(run, digits):
    path = annotating.path_of(digits)
    path.parent.mkdir(parents=True)
    path.write_text("{")
    at = open_page("labels", run=run.id)
    assert not at.exception
    assert "damaged" in texts(at)


def test_probabilities_that_are_no_numbers_get_a_sentence(run, monkeypatch):
    broken = run.probabilities(2, "test")
    broken[3] = np.nan
    monkeypatch.setattr("core.runs.run.Run.probabilities", lambda *_: broken)
    at = open_page("labels", run=run.id)
    assert not at.exception
    assert "not finite numbers" in texts(at)
    assert "Train again with these decisions" in texts(at)


def test_a_run_without_an_epoch_says_when_there_will_be_something(store, run):
    fresh = store.create(run.config)
    at = open_page("labels", run=fresh.id)
    assert not at.exception
    assert "Epoch 0 appears" in texts(at)


def test_the_untrained_network_is_said_to_know_nothing(run):
    assert "has learnt nothing yet" in texts(open_page("labels", run=run.id, epoch="0"))
    assert "has learnt nothing yet" not in texts(open_page("labels", run=run.id))


def test_without_runs_the_page_offers_one(store):
    at = open_page("labels")
    assert [button.label for button in at.button] == ["Train the default network"]


def test_one_decision_about_all_chosen_images(run, digits):
    rows = _ranked(run, "test")[0].iloc[:3].to_dict("records")
    at = open_page("labels", run=run.id)
    chosen = frozenset(row["index"] for row in rows)
    at.session_state["suspects_chosen"] = (("digits", "test"), chosen)
    at.run()
    assert "**3 images selected**" in texts(at)
    deciding(at, "right", "decision_chosen")[0].click().run()
    assert not at.exception
    decisions = annotating.load(digits).decisions["test"]
    expected = {row["index"]: Decision("mislabelled", row["suggested"]) for row in rows}
    assert decisions == expected


def test_another_class_is_given_only_to_those_that_have_it_not(run, digits):
    table = _ranked(run, "test")[0]
    wrong = table[table["is_issue"]]
    first = wrong.iloc[0]
    other = wrong[wrong["true"] != first["true"]].iloc[0]
    at = open_page("labels", run=run.id)
    chosen = frozenset({int(first["index"]), int(other["index"])})
    at.session_state["suspects_chosen"] = (("digits", "test"), chosen)
    at.run()
    deciding(at, "class", "decision_chosen")[0].set_value(int(first["true"])).run()
    assert not at.exception
    decisions = annotating.load(digits).decisions["test"]
    assert decisions == {int(other["index"]): Decision("mislabelled", int(first["true"]))}


def test_a_decision_that_cannot_be_kept_gets_a_sentence(run, digits, monkeypatch):
    row = _ranked(run, "test")[0].iloc[0]
    at = open_page("labels", run=run.id, example=str(int(row["index"])))

    def full(path, data, **_):
        raise DiskError(f"disk full: {path} could not be written")

    monkeypatch.setattr("core.review.annotations.write_atomic", full)
    _button(at, "Ambiguous").click().run()
    assert not at.exception
    assert "Disk full" in texts(at)
    assert at.query_params["example"] == str(int(row["index"]))  # the next one does not open
