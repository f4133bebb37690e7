"""The Results page: what it shows is what the run's folder holds, and trouble gets a sentence."""

import base64
import io
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core import datasets
from core.config import RunConfig
from dashboard import images
from tests.dashboard.damage import HARMS, damage
from tests.dashboard.pages import open_page, texts
from tests.dashboard.trained import train


def _component(at, key):
    """The data of the component with this key."""
    found = [e for e in at.get("bidi_component") if f"-{key}" in e.proto.id]
    assert len(found) == 1, [e.proto.id for e in at.get("bidi_component")]
    return json.loads(found[0].proto.json)


def _matrix(at):
    """The counts written in the cells, by class."""
    figure = _component(at, "matrix")["figure"]
    cells, numbers = figure["data"][0], figure["data"][-1]
    counts = np.zeros((10, 10), int)
    for x, y, text in zip(numbers["x"], numbers["y"], numbers["text"], strict=True):
        if x < 10:
            true, predicted = cells["customdata"][y][x]
            counts[true, predicted] = int(text.replace(",", ""))
    return counts


def _truth(run, epoch, split):
    """Labels, predictions and original indices, straight from the files."""
    parts = datasets.split(datasets.load("digits"), run.config.data)
    predicted = run.probabilities(epoch, split).argmax(1)
    return parts.labels(split).numpy(), predicted, parts.index(split).numpy()


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("epoch", [0, 2])
def test_accuracy_and_matrix_agree_with_the_saved_probabilities(run, split, epoch):
    at = open_page("results", run=run.id, split=split, epoch=str(epoch))
    assert not at.exception
    labels, predicted, _ = _truth(run, epoch, split)
    wrong = int((labels != predicted).sum())
    assert f"{(1 - wrong / len(labels)) * 100:.2f} %" in texts(at)
    assert f"{wrong:,} error" in texts(at)
    expected = np.zeros((10, 10), int)
    np.add.at(expected, (labels, predicted), 1)
    np.testing.assert_array_equal(_matrix(at), expected)


def test_the_untrained_network_was_not_learning_and_saw_only_some_of_train(run, monkeypatch):
    monkeypatch.setattr("dashboard.answer_loaders.UNTRAINED_SIZE", 1000)
    said = texts(open_page("results", run=run.id, epoch="0"))
    assert ", while learning" not in said
    assert "in 1,000<" in said
    assert ", while learning" in texts(open_page("results", run=run.id, epoch="1"))


def test_a_cell_shows_exactly_its_images(run):
    labels, predicted, index = _truth(run, 2, "test")
    true, answer = next(
        zip(labels[labels != predicted], predicted[labels != predicted], strict=True)
    )
    at = open_page("results", run=run.id, cell=f"{true}-{answer}")
    gallery = _component(at, "gallery")
    expected = index[(labels == true) & (predicted == answer)]
    assert sorted(gallery["ids"]) == sorted(expected.tolist())
    assert {caption[0] for caption in gallery["captions"]} == {f"{true} → {answer}"}
    assert f"True {true}, predicted {answer}" in texts(at)


def test_without_a_cell_the_gallery_holds_all_errors_most_confident_first(run):
    labels, predicted, index = _truth(run, 2, "test")
    gallery = _component(open_page("results", run=run.id), "gallery")
    confidence = run.probabilities(2, "test").max(1)
    errors = np.flatnonzero(labels != predicted)
    expected = errors[np.argsort(-confidence[errors].astype(float), kind="stable")]
    assert gallery["ids"] == index[expected].tolist()[: images.PAGE_SIZE]


def test_every_image_in_the_gallery_is_the_one_of_its_index(run):
    gallery = _component(open_page("results", run=run.id, split="validation"), "gallery")
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(gallery["sheet"]))))
    images = datasets.load("digits").train_images.numpy()
    for position, index in enumerate(gallery["ids"]):
        row, column = divmod(position, gallery["columns"])
        tile = sheet[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8]
        np.testing.assert_array_equal(tile, images[index, 0])


def test_an_example_opens_with_label_answer_index_and_all_probabilities(run):
    labels, predicted, index = _truth(run, 2, "test")
    position = int(np.flatnonzero(labels != predicted)[0])
    at = open_page("results", run=run.id, example=str(index[position]))
    shown = texts(at)
    assert f"True label **{labels[position]}**" in shown
    assert f"Predicted **{predicted[position]}**, wrong" in shown
    assert f"**Image {index[position]:,}**" in shown
    assert "Of the test file, test split, epoch 2" in shown
    bars = _component(at, "example_probabilities")["figure"]["data"][0]["x"]
    np.testing.assert_allclose(bars, run.probabilities(2, "test")[position], rtol=1e-6)


def test_closing_the_example_takes_it_out_of_the_address(run):
    at = open_page("results", run=run.id, example="3", cell="1-1")
    at.button(key="close_example").click().run()
    assert at.query_params == {"run": run.id, "cell": "1-1"}


def test_showing_all_errors_takes_the_cell_out_of_the_address(run):
    at = open_page("results", run=run.id, cell="1-1")
    at.button(key="show_all_errors").click().run()
    assert at.query_params == {"run": run.id}


def _expected(labels, predicted, confidence, threshold):
    """The matrix of the images answered, and how many of each class are not."""
    counts, unsure = np.zeros((10, 10), int), np.zeros(10, int)
    sure = confidence >= threshold
    np.add.at(counts, (labels[sure], predicted[sure]), 1)
    np.add.at(unsure, labels[~sure], 1)
    return counts, unsure


@pytest.mark.parametrize("threshold", [0.5, 0.9])
def test_a_threshold_leaves_out_the_unsure_everywhere(run, threshold):
    labels, predicted, index = _truth(run, 2, "test")
    confidence = run.probabilities(2, "test").max(1).astype(float)
    counts, unsure = _expected(labels, predicted, confidence, threshold)
    at = open_page("results", run=run.id, threshold=str(threshold))
    assert not at.exception
    np.testing.assert_array_equal(_matrix(at), counts)
    said = texts(at)
    assert f"**{counts.sum() / len(labels) * 100:.2f} %**" in said  # coverage
    assert at.button(key="open_unsure").label == f"{unsure.sum()} don't know"
    at.button(key="open_unsure").click().run()
    assert at.query_params["group"] == "unsure:all"
    shown = _component(at, "gallery")["ids"]
    assert set(shown) <= set(index[confidence < threshold].tolist())
    assert len(shown) == min(unsure.sum(), images.PAGE_SIZE)


def test_the_threshold_slider_writes_the_address_and_going_back_lets_all_answer(run):
    at = open_page("results", run=run.id, group="unsure:all", threshold="0.87")
    assert at.select_slider(key="answer_threshold").value == 0.87
    assert at.select_slider(key="answer_threshold").label == "Answer only from a confidence of"
    at.select_slider(key="answer_threshold").set_value(0.5).run()
    assert at.query_params["threshold"] == "0.5"
    at.select_slider(key="answer_threshold").set_value(0.0).run()
    assert at.query_params == {"run": run.id}


def test_a_threshold_that_nobody_reaches_leaves_nothing_to_divide_by(run):
    at = open_page("results", run=run.id, threshold="1", epoch="0")
    assert not at.exception
    assert _matrix(at).sum() == 0
    assert "**—**" in texts(at)
    assert "No image is answered with a confidence of 1 or more" in texts(at)


def test_several_cells_and_whole_rows_show_all_their_images(run):
    labels, predicted, index = _truth(run, 2, "test")
    at = open_page("results", run=run.id, cell="1-*,*-4,0-0")
    inside = (labels == 1) | (predicted == 4) | ((labels == 0) & (predicted == 0))
    gallery = _component(at, "gallery")
    assert set(gallery["ids"]) <= set(index[inside].tolist())
    assert len(gallery["ids"]) == min(inside.sum(), images.PAGE_SIZE)
    assert "3 cells" in texts(at)
    assert len(_component(at, "matrix")["figure"]["layout"]["shapes"]) == 3


def _difference(run, **params):
    at = open_page("results", run=run.id, **params)
    at.segmented_control(key="matrix_unit").set_value("difference").run()
    assert not at.exception
    return at


def test_the_difference_to_another_epoch_is_the_difference_of_both_matrices(run):
    at = _difference(run, compare="0")
    figure = _component(at, "matrix")["figure"]
    cells, numbers = figure["data"][0], figure["data"][-1]
    found = np.zeros((10, 10), int)
    for x, y, text in zip(numbers["x"], numbers["y"], numbers["text"], strict=True):
        true, predicted = cells["customdata"][y][x]
        found[true, predicted] = int(text.replace("−", "-").replace(",", ""))
    labels, predicted, _ = _truth(run, 2, "test")
    _, before, _ = _truth(run, 0, "test")
    expected = np.zeros((10, 10), int)
    np.add.at(expected, (labels, predicted), 1)
    np.add.at(expected, (labels, before), -1)
    np.testing.assert_array_equal(found, expected)
    assert "epoch 2, less Epoch 0" in texts(at)


def test_the_mode_of_the_matrix_stands_in_the_address(run):
    at = open_page("results", run=run.id, matrix="row")
    assert at.segmented_control(key="matrix_unit").value == "row"
    labels, predicted, _ = _truth(run, 2, "test")
    share = ((labels == 0) & (predicted == 0)).sum() / (labels == 0).sum()
    assert f"{share * 100:.1f}" in _component(at, "matrix")["figure"]["data"][-1]["text"]
    at.segmented_control(key="matrix_unit").set_value("column").run()
    assert at.query_params == {"run": run.id, "matrix": "column"}
    at.segmented_control(key="matrix_unit").set_value("counts").run()
    assert at.query_params == {"run": run.id}
    link = open_page("results", run=run.id, matrix="difference", compare="1")
    assert "epoch 2, less Epoch 1" in texts(link)


def _moves(run):
    """The images by what the change from epoch 1 to 2 did to the cell that lost most of them."""
    labels, now, index = _truth(run, 2, "test")
    _, before, _ = _truth(run, 1, "test")
    lost = np.zeros((10, 10), int)
    np.add.at(lost, (labels[before != now], before[before != now]), 1)
    np.fill_diagonal(lost, 0)
    true, answer = np.unravel_index(lost.argmax(), lost.shape)
    was, is_now = ((labels == true) & (given == answer) for given in (before, now))
    words = np.select([is_now & ~was, was & ~is_now, was], ["new", "gone", "kept"], "")
    there = np.flatnonzero(words)
    told = {int(index[k]): (words[k], int(before[k]), int(now[k])) for k in there}
    assert "gone" in words
    return int(true), int(answer), told


def test_a_cell_of_the_difference_shows_what_has_left_it_too(run):
    true, answer, told = _moves(run)
    at = open_page("results", run=run.id, matrix="difference", compare="1", cell=f"{true}-{answer}")
    assert not at.exception
    gallery = _component(at, "gallery")
    assert sorted(gallery["ids"]) == sorted(told)
    for index, (first, second), (word, tone) in zip(
        gallery["ids"], gallery["captions"], gallery["words"], strict=True
    ):
        move, before, now = told[index]
        assert word == move
        assert first == f"{true} → {now}"
        assert second == f"was {before}" or move == "kept"
        right = (before == true, now == true)
        assert tone == {(True, False): "bad", (False, True): "good"}.get(right, "plain")
    gone = sum(move == "gone" for move, _, _ in told.values())
    assert f"{gone} gone" in texts(at)
    opened = next(index for index, (move, _, _) in told.items() if move == "gone")
    at = open_page(
        "results", run=run.id, matrix="difference", compare="1", cell=f"{true}-{answer}",
        example=str(opened),
    )  # fmt: skip
    said = run.probabilities(1, "test")[_truth(run, 2, "test")[2].tolist().index(opened)]
    assert f"Epoch 1: **{answer}**, wrong, **{said.max() * 100:.1f} %**" in texts(at)
    assert at.get("page_link")[0].proto.label == "Open in Compare"


def test_counts_show_only_what_is_there_now(run):
    true, answer, told = _moves(run)
    at = open_page("results", run=run.id, compare="1", cell=f"{true}-{answer}")
    gone = {index for index, (move, _, _) in told.items() if move == "gone"}
    shown = at.get("bidi_component")
    assert not at.get("page_link")
    galleries = [e for e in shown if "-gallery" in e.proto.id]
    ids = json.loads(galleries[0].proto.json)["ids"] if galleries else []
    assert sorted(ids) == sorted(set(told) - gone)


def test_without_another_network_the_difference_asks_for_one(run):
    at = _difference(run)
    assert "Choose what to subtract" in texts(at)
    assert _matrix(at).sum() == len(_truth(run, 2, "test")[0])


def test_a_run_on_other_images_is_not_subtracted(store, run):
    other = train(store, "data.split_seed=5", name="split otherwise")
    at = _difference(run, compare=other.id, split="validation")
    assert "The cells say counts" in texts(at)
    assert _matrix(at).sum() == len(_truth(run, 2, "validation")[0])


def test_the_order_by_similarity_moves_rows_not_counts(run):
    at = open_page("results", run=run.id)
    before = _matrix(at)
    at.segmented_control(key="matrix_order").set_value("similarity").run()
    assert not at.exception
    cells = _component(at, "matrix")["figure"]["data"][0]
    order = [row[0][0] for row in cells["customdata"]]
    assert sorted(order) == list(range(10))
    assert order != list(range(10))
    np.testing.assert_array_equal(_matrix(at), before)


def test_hidden_right_answers_leave_the_errors(run):
    at = open_page("results", run=run.id)
    before = _matrix(at)
    at.toggle(key="matrix_masked").set_value(True).run()
    np.testing.assert_array_equal(_matrix(at), before - np.diag(np.diag(before)))


def test_the_strip_holds_every_epoch_and_leads_there(run):
    at = open_page("results", run=run.id, epoch="1")
    labels = _component(at, "confusions_strip")["figure"]["layout"]["meta"]["headers"]["x"]
    assert [label["data"] for label in labels] == [[0], [1], [2]]
    line = _component(at, "confusions_count")["figure"]["data"][0]
    errors = [int(np.not_equal(*_truth(run, epoch, "test")[:2]).sum()) for epoch in range(3)]
    assert line["y"] == errors


def test_a_top_confusion_says_its_count_and_opens_its_images(run):
    labels, predicted, index = _truth(run, 2, "test")
    counts, _ = _expected(labels, predicted, np.ones(len(labels)), 0)
    np.fill_diagonal(counts, 0)
    true, answer = np.unravel_index(counts.argmax(), counts.shape)
    at = open_page("results", run=run.id)
    line = at.button(key=f"confusion_{true}_{answer}")
    assert f"{true} read as {answer}: **{counts.max()} image" in line.label
    share = counts.max() / (labels == true).sum() * 100
    assert f"{share:.1f} % of all {true}s" in line.label
    careful = open_page("results", run=run.id, threshold="0.001")
    assert f"of the {true}s answered" in careful.button(key=line.key).label
    line.click().run()
    assert at.query_params["cell"] == f"{true}-{answer}"
    expected = index[(labels == true) & (predicted == answer)]
    assert sorted(_component(at, "gallery")["ids"]) == sorted(expected.tolist())


def test_an_unlearnt_confusion_opens_at_its_peak(run):
    at = open_page("results", run=run.id)
    line = next(button for button in at.button if button.key.startswith("unlearnt_"))
    true, answer = map(int, line.key.split("_")[1:])
    counts = []
    for epoch in (1, 2):
        labels, predicted, _ = _truth(run, epoch, "test")
        counts.append(int(((labels == true) & (predicted == answer)).sum()))
    assert counts[1] <= 0.1 * counts[0]
    left = f"{counts[1]} left" if counts[1] else "none"
    assert f"**{counts[0]} image" in line.label
    assert f"after epoch 1 · {left} since epoch 2" in line.label
    line.click().run()
    assert at.query_params == {"run": run.id, "epoch": "1", "cell": f"{true}-{answer}"}
    assert len(_component(at, "gallery")["ids"]) == min(counts[0], images.PAGE_SIZE)


def test_answers_that_are_no_numbers_get_a_sentence(run, monkeypatch):
    broken = run.probabilities(2, "test")
    broken[3] = np.nan
    monkeypatch.setattr(type(run), "probabilities", lambda *_: broken)
    at = open_page("results", run=run.id)
    assert not at.exception
    assert "not finite numbers" in at.error[0].value
    assert _component(at, "results_Loss")["figure"]["data"]


def test_an_epoch_that_cannot_be_read_is_left_out_of_the_strip(run):
    (run.path / "epochs" / "0001" / "probabilities.safetensors").unlink()
    at = open_page("results", run=run.id)
    assert not at.exception
    labels = _component(at, "confusions_strip")["figure"]["layout"]["meta"]["headers"]["x"]
    assert [label["data"] for label in labels] == [[0], [2]]


def test_moving_the_slider_and_the_split_writes_the_address(run):
    at = open_page("results", run=run.id)
    at.select_slider(key="run_bar_epoch").set_value(1).run()
    assert at.query_params == {"run": run.id, "epoch": "1"}
    at.select_slider(key="run_bar_epoch").set_value(2).run()
    assert at.query_params == {"run": run.id}


def test_the_bar_falls_back_on_the_newest_run(store, run):
    newer = train(store, name="another")
    assert open_page("results").query_params == {"run": newer.id}
    gone = open_page("results", run="20200101-000000-abcdef")
    assert "There is no run “20200101\\-000000\\-abcdef”" in texts(gone)
    assert gone.query_params == {"run": newer.id}
    assert not gone.exception


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"epoch": "99"}, "has no epoch 99: it has epochs 0 to 2"),
        ({"epoch": "abc"}, "asks for epoch “abc”"),
        ({"split": "train"}, "must be validation or test"),
        ({"cell": "44-2"}, "there are only 10"),
        ({"cell": "4-2,*-44"}, "\\*\\-44 in the matrix, but there are only 10"),
        ({"group": "unsure:12", "threshold": "0.001"}, "12 in the matrix, but there are only 10"),
        ({"threshold": "1.5"}, "asks for threshold"),
        ({"cell": "nine"}, "asks for cell “nine”"),
        ({"example": "5000000"}, "has no image with index 5000000"),
        ({"run": "../../etc"}, "asks for run"),
        ({"filter": "true=77"}, "filters by class 77, but there are only 10 classes"),
    ],
)
def test_a_broken_address_gets_a_sentence_and_the_page_works(run, params, sentence):
    at = open_page("results", **{"run": run.id, **params})
    assert not at.exception
    assert sentence in texts(at)
    assert _matrix(at).sum() == len(_truth(run, 2, "test")[0])


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_checkpoint_gets_a_sentence_and_the_curves_stay(run, harm):
    file = run.path / "epochs" / "0002" / "probabilities.safetensors"
    damage(file, harm)
    at = open_page("results", run=run.id)
    assert not at.exception
    assert "Choose another epoch" in at.error[0].value
    assert _component(at, "results_Loss")["figure"]["data"]
    assert not open_page("results", run=run.id, epoch="1").error


def test_a_run_without_a_readable_configuration_gets_a_sentence(run):
    (run.path / "config.json").write_text("{")
    at = open_page("results", run=run.id)
    assert not at.exception
    assert "config" in at.error[0].value


def test_a_run_deleted_meanwhile_gets_a_sentence(store, run):
    other = train(store)
    at = open_page("results", run=other.id)
    shutil.rmtree(other.path)
    at.run()
    assert not at.exception
    assert "it may have been deleted" in texts(at)


def test_without_runs_there_is_one_button(store):
    at = open_page("results")
    assert not at.exception
    assert [button.label for button in at.button] == ["Train the default network"]


def _stopped_at_once(store, name="idle"):
    """A run that was taken off the queue."""
    run = store.create(RunConfig(), name)
    with run.lock():
        state = {"state": "stopped", "message": "Stopped before it began."}
        run.write_status(replace(run.status(), **state))
    return run


@pytest.mark.parametrize("params", [{}, {"run": "20200101-000000-abcdef"}])
def test_a_run_that_never_began_is_not_chosen_for_the_reader(store, run, params):
    _stopped_at_once(store)
    at = open_page("results", **params)
    assert at.query_params == {"run": run.id}
    assert ("Another run is shown instead" in texts(at)) == bool(params)


def test_a_run_on_its_way_to_results_is_chosen(store, run):
    waiting = store.create(RunConfig(), "waiting")
    assert open_page("results").query_params == {"run": waiting.id}


def test_the_untrained_network_s_results_are_results(store, run):
    newer = train(store, state="stopped")
    for epoch in ("0001", "0002"):
        shutil.rmtree(newer.path / "epochs" / epoch)
    with newer.lock():
        newer.write_status(replace(newer.status(), epoch=0))
    assert open_page("results").query_params == {"run": newer.id}


def test_where_no_run_has_begun_the_newest_is_shown(store):
    _stopped_at_once(store, "older")
    newest = _stopped_at_once(store)
    assert open_page("results").query_params == {"run": newest.id}


@pytest.mark.parametrize("page", ["results", "compare", "draw", "labels"])
def test_a_run_that_never_began_promises_nothing_and_leads_to_results(store, run, page):
    idle = _stopped_at_once(store)
    at = open_page(page, run=idle.id)
    assert not at.exception
    assert "was stopped and has no results" in at.info[0].value
    assert "appear" not in texts(at)
    assert texts(at).count("Stopped before it began") == 1
    at.button(key="show_results").click().run()
    assert at.query_params == {"run": run.id}


def test_a_run_that_never_began_can_be_resumed_where_it_is_looked_at(store, run, monkeypatch):
    monkeypatch.setattr("core.jobs.control.ensure_supervisor", lambda root: None)
    idle = _stopped_at_once(store)
    at = open_page("results", run=idle.id)
    at.button(key="resume_ended").click().run()
    assert not at.exception
    assert idle.status().waiting
    assert "Nothing has been measured yet" in at.info[0].value


def test_namesakes_are_told_apart_where_runs_are_chosen(store, monkeypatch):
    monkeypatch.setattr("core.runs.store.time.time", lambda: 1_790_000_000.0)
    runs = [train(store, name="same") for _ in range(2)]
    at = open_page("results", run=runs[0].id)
    lines = at.selectbox(key="run_bar_run").options
    assert len(set(lines)) == 2
    assert all(any(line.endswith(run.id[-6:]) for line in lines) for run in runs)


def test_a_run_that_waits_says_that_nothing_is_measured(store):
    run = train(store, state="queued")
    shutil.rmtree(run.path / "epochs")
    at = open_page("results", run=run.id)
    assert not at.exception
    assert "Nothing has been measured yet" in at.info[0].value


def test_a_single_epoch_needs_no_slider(store):
    run = train(store)
    for epoch in ("0001", "0002"):
        shutil.rmtree(run.path / "epochs" / epoch)
    at = open_page("results", run=run.id)
    assert not at.exception
    assert "run_bar_epoch" not in [slider.key for slider in at.select_slider]
    assert "Epoch 0, the only one so far" in texts(at)


def test_a_name_is_shown_as_it_was_typed(run):
    run.set_label(name="**bold** $x$ :red[no] [a](http://b)")
    shown = texts(open_page("results", run=run.id))
    assert "\\*\\*bold\\*\\* \\$x\\$ \\:red\\[no\\]" in shown


def test_changed_data_is_noticed(run, monkeypatch):
    monkeypatch.setattr(type(run), "probabilities", lambda *_: np.ones((3, 10), np.float32))
    at = open_page("results", run=run.id)
    assert not at.exception
    assert "the data set has changed since" in at.error[0].value
