"""The gallery that every page has: filter, order, tags, selection, and the image that is open."""

import csv
import io
import json
import re
import zipfile
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import datasets
from core.errors import ReviewError
from core.inspection.neighbours import embed
from core.predictor import Predictor
from core.review import annotations as annotating
from core.review.annotations import Annotations, Decision
from dashboard import review_images, review_loaders, selection
from dashboard.components.events import Told
from dashboard.components.gallery import Listener, Page, Tile, _report
from dashboard.review_images import Images, find
from dashboard.selection import Selection
from dashboard.sprites import sheet
from dashboard.tile_size import SIZES, TileSize
from tests.dashboard.pages import deciding, named, open_page, texts
from tests.dashboard.trained import train

DIGITS = datasets.load("digits")


def _app() -> None:
    """A page that shows the whole split, the errors at first."""
    import streamlit as st

    from dashboard import review_loaders
    from dashboard.widgets.review_gallery import Images, review_gallery
    from dashboard.widgets.run_bar import run_bar

    viewed = run_bar()
    if viewed is not None:
        rows = review_loaders.rows(viewed.run, viewed.epoch, viewed.split)
        wanted = st.session_state.get("wanted", {"outcome": "wrong"})
        shown = Images("Some *images*", rows, "Nothing is here.", **wanted)
        review_gallery(viewed, shown, "some", 400)


def _open(run, wanted: dict[str, Any] | None = None, **params: str) -> Any:
    at = AppTest.from_function(_app, default_timeout=30)
    at.query_params.update({"run": run.id, **params})
    if wanted is not None:
        at.session_state["wanted"] = wanted
    at.run()
    assert not at.exception
    return at


def _gallery(at: Any, key: str = "some") -> dict[str, Any]:
    (found,) = [e for e in at.get("bidi_component") if f"-{key}" in e.proto.id]
    return json.loads(found.proto.json)


def _popover(at: Any, key: str) -> str:
    """What the browser knows a button that opens by."""
    blocks = [block.proto for block in at.get("popover")]
    (found,) = [block.id for block in blocks if block.id.endswith(f"-{key}")]
    return found


def _rows(run, split: str = "test"):
    return review_loaders.rows(run, 2, split)


def _tag(name: str, indices, file: str = "test") -> Annotations:
    return annotating.tag(DIGITS, file, indices, name)


# ---- what is shown


def test_the_first_page_is_that_of_the_rows_with_their_captions(run):
    table = _rows(run)
    wrong = table[~table["correct"]]
    at = _open(run)
    data = _gallery(at)
    assert data["ids"] == wrong["index"].tolist()[:120]
    first = wrong.iloc[0]
    assert data["captions"][0] == [
        f"{first['true']} → {first['predicted']}", f"{first['confidence'] * 100:.1f} %",
    ]  # fmt: skip
    assert (data["total"], data["pages"]) == (len(wrong), -(-len(wrong) // 120))
    assert f"**Errors** · {len(wrong)} of {len(table)} test images" in texts(at)


def test_the_title_names_what_the_filter_leaves_and_of_how_many(run):
    table = _rows(run)
    wrong, every = table[~table["correct"]], f"{len(table)} test images"
    fours = (int((wrong["true"] == 4).sum()), int((table["true"] == 4).sum()))
    shown = texts(_open(run, filter="true=4"))
    assert f"**Errors** · {fours[0]} of {len(wrong)}, filtered" in shown
    assert f"**All images** · {every}" in texts(_open(run, filter="outcome=any"))
    shown = texts(_open(run, filter="outcome=any;true=4"))
    assert f"**Images** · {fours[1]} of {every}" in shown
    shown = texts(_open(run, filter="outcome=right"))
    assert f"**Right answers** · {len(table) - len(wrong)} of {every}" in shown
    shown = texts(_open(run, {}, filter="true=4"))  # a page that has these images and no others
    assert f"**Some *images*** · {fours[1]} of {every}" in shown


@pytest.mark.parametrize(
    ("order", "column", "written"),
    [
        ("loss", "loss", "{:.2f}"),
        ("entropy", "entropy", "{:.2f}"),
        ("margin", "margin", "{:.1%}"),
        ("confidence:low", "confidence", "{:.1%}"),
        ("index", "index", "{:,}"),
    ],
)
def test_the_second_line_is_what_the_images_are_sorted_by(run, order, column, written):
    data = _gallery(_open(run, sort=order))
    rows = _rows(run).set_index("index", drop=False)
    expected = [written.format(rows[column][index]).replace("%", " %") for index in data["ids"]]
    assert [second for _, second in data["captions"]] == expected
    assert data["abouts"] == [f"{column} {value}" for value in expected]


def test_a_line_of_the_page_gives_way_to_another_order_and_is_told_beside_it(run):
    data = _gallery(open_page("labels", run=run.id), "suspects")
    assert {second[:5] for _, second in data["captions"]} == {"like "}
    sorted_by_loss = _gallery(open_page("labels", run=run.id, sort="loss"), "suspects")
    losses = _rows(run).set_index("index")["loss"]
    for index, (first, second), about in zip(
        sorted_by_loss["ids"], sorted_by_loss["captions"], sorted_by_loss["abouts"], strict=True
    ):
        place = data["ids"].index(index)
        assert (first, second) == (data["captions"][place][0], f"{losses[index]:.2f}")
        assert about == f"loss {second}, {data['captions'][place][1]}"


def test_how_alike_images_are_stands_under_them(run):
    data = _gallery(_open(run, {}, sort="similar:7"))
    assert data["captions"][0][1] == "1.000"
    assert data["abouts"][0] == "similarity 1.000"


def test_the_address_s_filter_and_order_are_those_of_the_rows(run):
    table = _rows(run, "validation")
    expected = table[table["correct"] & (table["true"].isin([3, 5]))]
    expected = expected.sort_values("margin", kind="stable")
    at = _open(run, split="validation", filter="outcome=right;true=3,5", sort="margin")
    assert _gallery(at)["ids"] == expected["index"].tolist()[:120]
    assert "Filtered: right · true 3 or 5" in texts(at)
    assert at.selectbox(key="some_order").value == "margin"


def test_a_choice_in_the_filter_stands_in_the_address_and_counts_follow(run):
    table = _rows(run)
    at = _open(run)
    at.session_state["some_filter"] = True  # the button is pressed
    at.run()
    assert not at.exception
    before = _popover(at, "some_filter")
    outcome = at.segmented_control(key="some_facet_outcome")
    assert f"All {len(table)}" in outcome.options
    pills = at.pills(key="some_facet_true")
    assert (pills.label, at.pills(key="some_facet_predicted").label) == ("True class", "Predicted")
    wrong = table[~table["correct"]]
    assert pills.options == [f"{name} :gray[{(wrong['true'] == name).sum()}]" for name in range(10)]
    pills.set_value([4]).run()
    assert at.query_params["filter"] == "true=4"
    assert set(_gallery(at)["ids"]) == set(wrong[wrong["true"] == 4]["index"])
    # Another identity would shut it in the browser, after each choice.
    assert _popover(at, "some_filter") == before
    at.segmented_control(key="some_facet_outcome").set_value("any").run()
    assert at.query_params["filter"] == "true=4;outcome=any"
    at.button(key="some_clear").click().run()
    assert "filter" not in at.query_params
    assert len(_gallery(at)["ids"]) == min(120, len(wrong))


def test_many_classes_are_a_list(run, monkeypatch):
    monkeypatch.setattr("dashboard.widgets.gallery_filters._FEW", 9)
    counts = _rows(run)["predicted"].value_counts()
    answer, number = int(counts.index[0]), int(counts.iloc[0])
    at = _open(run, filter="outcome=any")
    at.session_state["some_filter"] = True
    at.run()
    found = at.multiselect(key="some_facet_predicted")
    assert found.options[answer] == f"{answer} · {number}"
    found.set_value([answer]).run()
    assert at.query_params["filter"] == f"predicted={answer};outcome=any"
    assert _gallery(at)["total"] == number


def test_the_order_stands_in_the_address_and_the_usual_one_does_not(run):
    at = _open(run, {"order": "loss"})
    table = _rows(run)
    assert _gallery(at)["ids"][0] == table.sort_values("loss", kind="stable")["index"].iloc[-1]
    assert "ranked" not in at.selectbox(key="some_order").options
    assert _open(run, {"ranking": "Oddest"}).selectbox(key="some_order").options[0] == "Oddest"
    at.selectbox(key="some_order").set_value("index:last").run()
    assert at.query_params["sort"] == "index:last"
    assert _gallery(at)["ids"][0] == table["index"].max()
    at.selectbox(key="some_order").set_value("loss").run()
    assert "sort" not in at.query_params


def test_results_say_what_their_order_is(run):
    assert open_page("results", run=run.id).selectbox(key="gallery_order").options[0] == (
        "Surest errors"
    )


def test_what_is_like_an_image_comes_first(run):
    predictor = Predictor.of(run, 2)
    directions = embed(predictor.model, DIGITS.test_images, predictor.mean, predictor.std)
    cosines = directions.astype(np.float64) @ directions[7]
    data = _gallery(_open(run, {}, sort="similar:7"))
    assert data["ids"][0] == 7
    found = cosines[data["ids"]]
    assert (np.diff(found) < 1e-5).all()
    assert found[-1] >= np.sort(cosines)[-120] - 1e-5


def test_similarity_of_train_images_covers_the_file_and_refuses_others(run):
    found = review_loaders.similarity(run, 2, "train", 11)
    predictor = Predictor.of(run, 2)
    directions = embed(predictor.model, DIGITS.train_images, predictor.mean, predictor.std)
    np.testing.assert_allclose(found, directions @ directions[11], atol=1e-5)
    with pytest.raises(Exception, match="no image with index 5,000"):
        review_loaders.similarity(run, 2, "test", 5000)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"filter": "true=x"}, "cannot be read"),
        ({"filter": "slices=thick@999"}, "There is no slice"),
        (
            {"sort": "beauty"},
            "asks for the order “beauty”, which is none of these: As ranked; Highest",
        ),
        ({"sort": "similar:99999"}, "no image with index 99,999"),
    ],
)
def test_what_is_asked_for_in_vain_gets_a_sentence_and_the_images_stay(run, params, sentence):
    at = _open(run, **params)
    assert any(sentence in warning.value.replace("\\", "") for warning in at.warning)
    assert _gallery(at)["ids"]


def test_a_filter_that_leaves_nothing_says_so(run):
    at = _open(run, filter="tags=unknown")
    assert "No image passes the filter" in at.info[0].value
    assert at.button(key="some_clear")


def test_a_page_without_images_says_what_to_do(run):
    at = AppTest.from_function(_empty_app, default_timeout=30)
    at.query_params["run"] = run.id
    at.run()
    assert not at.exception
    assert at.info[0].value == "Nothing is here."
    assert "Odd · 0 test images" in texts(at).replace("*", "")


@pytest.mark.parametrize("page", ["results", "embedding", "slices"])
def test_where_every_answer_is_right_nobody_is_told_to_clear_a_filter(run, page, monkeypatch):
    parts = datasets.split(DIGITS, run.config.data)
    monkeypatch.setattr(
        type(run),
        "probabilities",
        lambda self, epoch, split: np.eye(10, dtype=np.float32)[parts.labels(split).numpy()],
    )
    at = open_page(page, run=run.id)
    assert not at.exception
    said = [info.value for info in at.info]
    assert any(re.search("every test image .*right", one) for one in said)
    assert not any("passes the filter" in one for one in said)
    at = open_page(page, run=run.id, filter="true=4")
    assert any("No image passes the filter" in info.value for info in at.info)


def test_where_a_threshold_leaves_no_error_nobody_is_told_to_clear_a_filter(run, monkeypatch):
    right = np.eye(10, dtype=np.float32)[DIGITS.test_labels.numpy()]
    values = right.copy()
    values[:5] = 0.4 * right[:5] + 0.6 * np.roll(right[:5], 1, axis=1)
    monkeypatch.setattr(type(run), "probabilities", lambda self, epoch, split: values)
    assert "**Errors** · 5 of" in texts(open_page("results", run=run.id))
    at = open_page("results", run=run.id, threshold="0.9")
    assert not at.exception
    said = [info.value for info in at.info]
    assert any(
        "every test image answered with a confidence of 0.9 or more is" in one for one in said
    )
    assert not any("passes the filter" in one for one in said)


def _empty_app() -> None:
    from dashboard import review_loaders
    from dashboard.widgets.review_gallery import Images, review_gallery
    from dashboard.widgets.run_bar import run_bar

    viewed = run_bar()
    assert viewed is not None
    rows = review_loaders.rows(viewed.run, viewed.epoch, viewed.split)
    review_gallery(viewed, Images("Odd", rows.iloc[[]], "Nothing is here."), "some", 400)


# ---- history and slices


def test_history_filters_agree_with_the_saved_answers(run):
    table = _rows(run)
    before = run.probabilities(1, "test").argmax(1) == table["true"].to_numpy()
    now = table["correct"].to_numpy()
    expected = table[before & ~now]["index"].tolist()
    assert _gallery(_open(run, {}, filter="verdicts=forgotten"))["ids"] == expected[:120]


def test_wrong_in_all_runs_asks_all_completed_ones(store, run):
    other = train(store, "training.seed=5", name="another seed")
    wrong = ~_rows(run)["correct"].to_numpy()
    theirs = other.probabilities(2, "test").argmax(1) != _rows(run)["true"].to_numpy()
    expected = _rows(run)[wrong & theirs]["index"].tolist()
    assert _gallery(_open(run, {}, filter="everywhere=yes"))["ids"] == expected[:120]


def test_with_one_run_alone_there_is_nothing_to_agree_with(run):
    known = review_loaders.annotations(run)
    images = Images("x", _rows(run), "")
    found = find(run, 2, "test", images, Selection(filter="everywhere=yes"), known)
    assert len(found.rows) == len(_rows(run))
    assert "needs a second completed run" in found.problems[0]
    assert "everywhere" not in review_images.with_history(found)


def test_an_order_that_there_is_not_gives_way_to_the_usual_one(run):
    known = review_loaders.annotations(run)
    images = Images("x", _rows(run), "", order="loss")
    found = find(run, 2, "test", images, Selection(sort="similar:99999"), known)
    assert found.order == "loss"
    assert (np.diff(found.rows["loss"]) <= 0).all()


def test_a_slice_is_its_members(run):
    from dashboard import slice_loaders

    members = slice_loaders.members(run, 2, "test", "thick@10")
    expected = _rows(run)["index"].to_numpy()[members].tolist()
    at = _open(run, {}, filter="slices=thick@10")
    assert _gallery(at)["ids"] == expected[:120]
    assert "Filtered: thick\n" in f"{texts(at)}\n"


def test_a_slice_that_is_not_offered_is_called_by_its_name_as_well(run):
    _tag("odd ones", [3, 5])
    at = _open(run, {}, filter="slices=tag@odd ones,class@4")
    assert not at.warning
    assert "@" not in texts(at)
    at.session_state["some_filter"] = True
    at.run()
    assert not at.exception
    options = at.multiselect(key="some_facet_slices").options
    assert any(one.startswith("odd ones ") for one in options)
    assert not any("@" in one for one in options)


# ---- tags, notes, decisions


def test_tags_and_decisions_stand_on_the_tiles_and_in_the_bar(run):
    table = _rows(run)
    index = int(table[~table["correct"]]["index"].iloc[0])
    _tag("odd", [index])
    _tag("thin", [index])
    annotating.decide(DIGITS, "test", index, Decision("ambiguous"))
    annotating.set_note(DIGITS, "test", index, "look again")
    data = _gallery(_open(run))
    assert data["tags"] == ["odd", "thin"]
    assert data["badges"][0] == [0, 1]
    assert data["marks"][0] == ["?✎", "ambiguous\nlook again"]
    assert data["badges"][1] == []


def test_a_tag_s_images_come_with_its_filter_and_only_those_of_the_split(run):
    _tag("odd", [3, 5])
    _tag("odd", [7], "train")
    assert sorted(_gallery(_open(run, {}, filter="tags=odd"))["ids"]) == [3, 5]


def test_a_new_tag_goes_to_the_open_image(run):
    at = _open(run, example="3")
    at.text_input(key="example_new_tag_test_3").set_value("odd one").run()
    assert not at.exception
    assert review_loaders.annotations(run).tags_of("test", 3) == ("odd one",)
    assert named(at.pills, "example_tags_test_3").value == ["odd one"]
    named(at.pills, "example_tags_test_3").set_value([]).run()
    assert review_loaders.annotations(run).tags_of("test", 3) == ()


def test_a_name_that_cannot_be_kept_gets_a_sentence(run):
    at = _open(run, example="3")
    at.text_input(key="example_new_tag_test_3").set_value("\u202e").run()
    assert not at.exception
    assert "1 to 40 characters" in at.error[0].value.replace("\\", "")


def test_a_note_is_kept_and_shown_again(run):
    at = _open(run, example="3")
    named(at.text_area, "example_note_test_3").set_value("open *loop*").run()
    assert annotating.load(DIGITS).note_of("test", 3) == "open *loop*"
    again = _open(run, example="3")
    assert named(again.text_area, "example_note_test_3").value == "open *loop*"


def test_all_tags_are_listed_with_their_images_and_can_be_deleted(run):
    _tag("odd", [3, 5])
    at = _open(run)
    at.session_state["some_tag"] = True
    at.run()
    assert "**1** odd · 2 images" in texts(at)
    at.button(key="some_delete_0").click().run()
    assert annotating.load(DIGITS).tags == {}


def test_a_tag_made_for_the_selected_images(run):
    at = _open(run)
    ids = _gallery(at)["ids"][:3]
    at.session_state["some_chosen"] = (("digits", "test"), frozenset(ids))
    at.session_state["some_tag"] = True
    at.run()
    assert _gallery(at)["chosen"] == sorted(ids)
    at.text_input(key="some_new_tag").set_value("three").run()
    assert annotating.load(DIGITS).tagged("three", "test") == frozenset(ids)


def _pressing_app() -> None:
    """The chip of a tag, pressed twice before the page is drawn again."""
    import streamlit as st

    from dashboard import review_loaders
    from dashboard.review_images import Images, find
    from dashboard.selection import Selection
    from dashboard.widgets.run_bar import run_bar
    from dashboard.widgets.tagging import press

    viewed = run_bar()
    assert viewed is not None
    images = Images("Images", review_loaders.rows(viewed.run, 2, "test"), "None.")
    known = review_loaders.annotations(viewed.run)
    found = find(viewed.run, 2, "test", images, Selection(), known)

    def both() -> None:
        press(found, "odd", [3])
        press(found, "odd", [3, 5])

    st.button("Twice", key="twice", on_click=both)


def test_what_a_press_has_tagged_counts_for_the_next_one(run):
    _tag("odd", [5])
    at = AppTest.from_function(_pressing_app, default_timeout=30)
    at.query_params["run"] = run.id
    at.run().button(key="twice").click().run()
    assert not at.exception
    assert annotating.load(DIGITS).tagged("odd", "test") == frozenset()


def test_all_selected_images_are_decided_about(run):
    at = _open(run)
    ids = _gallery(at)["ids"][:3]
    at.session_state["some_chosen"] = (("digits", "test"), frozenset(ids))
    at.run()
    assert deciding(at, "right", "decision_chosen")[0].label == "Should be as suggested"
    deciding(at, "ambiguous", "decision_chosen")[0].click().run()
    assert not at.exception
    decided = annotating.load(DIGITS).decisions["test"]
    assert decided == dict.fromkeys(sorted(ids), Decision("ambiguous"))
    assert _gallery(at)["said"] == "3 images: ambiguous"


def test_of_too_many_selected_images_it_is_said_that_nothing_can_be_decided(run, monkeypatch):
    monkeypatch.setattr("dashboard.widgets.review_gallery._MOST_DECIDED", 20)
    at = _open(run, {})
    many = _rows(run)["index"].tolist()
    for size, can in ((20, True), (21, False)):
        at.session_state["some_chosen"] = (("digits", "test"), frozenset(many[:size]))
        at.run()
        assert bool(deciding(at, "ambiguous", "decision_chosen")) is can
        assert ("At most 20 images can be decided about at once" in texts(at)) is not can


@pytest.fixture
def full(monkeypatch):
    """A disk that keeps nothing."""
    for name in ("tag", "untag", "set_note", "delete_tag"):
        monkeypatch.setattr(annotating, name, _refuse)


def _refuse(*_: object) -> None:
    raise ReviewError("the disk is full")


def test_a_note_that_cannot_be_kept_is_told_and_still_stands_there(run, full):
    at = _open(run, example="3")
    named(at.text_area, "example_note_test_3").set_value("much thought").run()
    assert [error.value for error in at.error] == ["The disk is full."]
    assert named(at.text_area, "example_note_test_3").value == "much thought"
    at.run()
    assert not at.error
    assert named(at.text_area, "example_note_test_3").value == "much thought"


def test_an_image_among_no_others_tells_what_cannot_be_kept(run, full):
    at = AppTest.from_function(_lone_app, default_timeout=30)
    at.query_params["run"] = run.id
    at.run()
    named(at.text_area, "example_note_test_3").set_value("much thought").run()
    assert not at.exception
    assert [error.value for error in at.error] == ["The disk is full."]
    assert named(at.text_area, "example_note_test_3").value == "much thought"
    at.text_input(key="example_new_tag_test_3").set_value("odd").run()
    assert [error.value for error in at.error] == ["The disk is full."]
    assert at.text_input(key="example_new_tag_test_3").value == "odd"


def test_a_note_that_can_be_kept_at_last_is_the_one_that_is_shown(run, monkeypatch):
    at = _open(run, example="3")
    with monkeypatch.context() as broken:
        broken.setattr(annotating, "set_note", _refuse)
        named(at.text_area, "example_note_test_3").set_value("first").run()
    named(at.text_area, "example_note_test_3").set_value("second").run()
    assert annotating.load(DIGITS).note_of("test", 3) == "second"
    annotating.set_note(DIGITS, "test", 3, "third, from elsewhere")
    at.run()
    assert named(at.text_area, "example_note_test_3").value == "third, from elsewhere"


def _lone_app() -> None:
    from dashboard.widgets.example_pane import example_pane
    from dashboard.widgets.run_bar import run_bar

    viewed = run_bar()
    assert viewed is not None
    example_pane(viewed, 3)


def test_a_damaged_review_file_gets_a_sentence_and_is_left_alone(run):
    _tag("odd", [3])
    path = annotating.path_of(DIGITS)
    path.write_text("{")
    at = _open(run, example="3")
    assert "is damaged and cannot be read" in at.warning[0].value.replace("\\", "")
    assert _gallery(at)["tags"] is None
    assert not at.text_area
    assert "True label" in texts(at)
    assert path.read_text() == "{"


# ---- the open image


def test_the_open_image_stands_among_those_shown_and_leads_to_the_next(run):
    shown = _gallery(_open(run))["ids"]
    at = _open(run, example=str(shown[1]))
    assert f"**Image {shown[1]}** · 2 of " in texts(at)
    at.button(key="example_Next image").click().run()
    assert at.query_params["example"] == str(shown[2])
    at.button(key="example_Previous image").click().run()
    assert at.query_params["example"] == str(shown[1])
    at.button(key="close_example").click().run()
    assert "example" not in at.query_params
    assert not at.text_area


def test_an_open_image_turns_to_its_page(run):
    ids = _rows(run)["index"].tolist()
    data = _gallery(_open(run, {}, example=str(ids[130])))
    assert (data["page"], data["selected"]) == (1, ids[130])
    assert ids[130] in data["ids"]


def test_an_image_that_is_filtered_by_stays_open(run):
    table = _rows(run)
    right = int(table[table["correct"]]["index"].iloc[0])
    at = _open(run, example=str(right))
    assert "not among those shown" in texts(at)
    assert at.button(key="example_Next image").disabled


def test_an_image_that_is_not_there_can_be_closed(run):
    at = _open(run, example="5000")
    assert "has no image with index 5000" in at.warning[0].value
    at.button(key="close_example").click().run()
    assert not at.exception
    assert not at.warning
    assert "example" not in at.query_params


def test_train_images_are_shown_with_the_answers_they_come_with(run):
    from core import evaluation

    labels = DIGITS.train_labels.numpy()
    values = np.full((len(labels), 10), 0.05, np.float32)
    values[:, 3] = 0.55
    rows = evaluation.examples(labels, values, np.arange(len(labels))).iloc[::-1]
    at = AppTest.from_function(_train_app, default_timeout=30)
    at.session_state["rows"], at.session_state["values"] = rows, values
    at.query_params.update({"run": run.id, "example": "1400"})
    at.run()
    assert not at.exception
    assert _gallery(at)["ids"][0] == len(labels) - 1
    shown = texts(at)
    assert f"True label **{labels[1400]}**" in shown
    assert "Confidence **55.0 %**" in shown
    assert "Of the training file, train split; answers of networks" in shown
    assert "Over the epochs" not in at.segmented_control(key="example_panel").options
    for panel in ("alike", "why"):
        at.segmented_control(key="example_panel").set_value(panel).run()
        assert not at.exception
        assert "Of the run's own network, epoch 2" in texts(at)
    at.text_input(key="example_new_tag_train_1400").set_value("odd").run()
    assert annotating.load(DIGITS).tagged("odd", "train") == {1400}


def _train_app() -> None:
    import streamlit as st

    from dashboard.widgets.review_gallery import Images, review_gallery
    from dashboard.widgets.run_bar import run_bar

    viewed = run_bar(splits=False)
    assert viewed is not None
    rows, values = st.session_state["rows"], st.session_state["values"]
    shown = Images("Train", rows, "None.", split="train", probabilities=values)
    review_gallery(viewed, shown, "some", 400)


# ---- how large the images are


@pytest.mark.parametrize(("name", "pixels"), [("small", 32), ("medium", 56), ("large", 112)])
def test_images_of_another_size_fill_pages_of_another_length(run, name, pixels):
    at = _open(run, {})
    at.session_state["tile_size"] = name
    data = _gallery(at.run())
    size = SIZES[name].page
    assert data["ids"] == _rows(run)["index"].tolist()[:size]
    assert data["pages"] == -(-len(_rows(run)) // size)
    assert (data["size"], data["width"]) == (name, pixels)  # digits have 8 pixels


@pytest.mark.parametrize(("staying", "page"), [(130, 2), (None, 2), (185, 3)])
def test_another_size_keeps_an_image_in_sight(run, staying, page):
    at = AppTest.from_function(_resized_app, default_timeout=30)
    at.query_params["run"] = run.id
    at.run()
    at.session_state["some_page"] = (at.session_state["some_page"][0], 1, None)
    ids = _rows(run)["index"].tolist()
    at.session_state["staying"] = None if staying is None else ids[staying]
    at.button(key="larger").click().run()
    assert not at.exception
    data = _gallery(at)
    assert (data["size"], data["page"]) == ("large", page)
    assert data["ids"] == ids[60 * page : 60 * page + 60]


def _resized_app() -> None:
    """The gallery, and a button in place of the browser's."""
    import streamlit as st

    from dashboard import review_loaders
    from dashboard.widgets import review_gallery as module
    from dashboard.widgets.gallery_choice import Choice
    from dashboard.widgets.run_bar import run_bar

    viewed = run_bar()
    assert viewed is not None
    rows = review_loaders.rows(viewed.run, viewed.epoch, viewed.split)
    images = module.Images("Images", rows, "None.")
    known, _ = review_loaders.annotations_or_none(viewed.run)
    found = module.find(
        viewed.run, viewed.epoch, viewed.split, images, module.selection.current(), known
    )
    choice = Choice(found, images, "some")
    st.button(
        "Larger", key="larger",
        on_click=lambda: choice.resize("large", st.session_state["staying"]),
    )  # fmt: skip
    module.review_gallery(viewed, images, "some", 400)


@pytest.mark.parametrize(
    ("size", "width", "zoom"),
    [
        ("small", 28, 1), ("medium", 28, 2), ("large", 28, 4), ("medium", 8, 7), ("large", 32, 4),
        ("small", 64, 28 / 64), ("medium", 64, 1), ("medium", 96, 1), ("small", 32, 1),
    ],
)  # fmt: skip
def test_pixels_stay_square_and_only_small_images_shrink(size, width, zoom):
    assert SIZES[size].zoom(width) == zoom
    assert TileSize(10, 1).zoom(400) == 1


# ---- taking away


def test_the_files_hold_what_is_shown_and_are_made_when_they_are_asked_for(run, monkeypatch):
    files = {}
    monkeypatch.setattr(
        "streamlit.download_button", lambda label, data, *_, **more: files.update({label: data})
    )
    table = _rows(run)
    at = _open(run, filter="true=4")
    at.session_state["some_export"] = True
    at.run()
    assert not at.exception
    expected = table[~table["correct"] & (table["true"] == 4)]
    assert f"**{len(expected)} test image" in texts(at)
    rows = list(csv.DictReader(io.StringIO(files["CSV"]().decode(), newline="")))
    assert [int(row["index"]) for row in rows] == expected["index"].tolist()
    assert {row["true"] for row in rows} == {"4"}
    assert {row["split"] for row in rows} == {"test"}
    saved = run.probabilities(2, "test")[expected["position"].to_numpy()]
    found = [[float(row[f"p({name})"]) for name in range(10)] for row in rows]
    np.testing.assert_allclose(found, saved, rtol=5.01e-4, atol=0)
    assert {(row["run"], row["epoch"]) for row in rows} == {(run.id, "2")}
    with zipfile.ZipFile(io.BytesIO(files["PNGs, zipped"]())) as archive:
        names = [name for name in archive.namelist() if name.endswith(".png")]
        pixels = np.asarray(Image.open(io.BytesIO(archive.read(names[0]))))
    assert len(names) == len(expected)
    np.testing.assert_array_equal(pixels, DIGITS.test_images[int(expected["index"].iloc[0]), 0])


# ---- what the browser reports


def _page() -> Page:
    tiles = [Tile(index, "a", "b") for index in (5, 6, 7)]
    return Page(sheet(np.zeros((3, 1, 2, 2), np.uint8)), tiles, number=0, pages=4, total=400)


@pytest.mark.parametrize(
    ("event", "heard"),
    [
        ({"open": 5}, ("open", 5)),
        ({"open": None}, ("open", None)),
        ({"open": 99}, None),
        ({"open": "5"}, None),
        ({"page": 2, "landing": None}, ("turn", 2, None)),
        ({"page": 99, "landing": "last"}, ("turn", 3, "last")),
        ({"page": 1, "landing": "odd"}, ("turn", 1, None)),
        ({"page": True}, None),
        ({"add": [5, 99], "remove": [7]}, ("choose", [5], [7])),
        ({"all": True}, ("choose_all", True)),
        ({"tag": "odd", "ids": [6, 99]}, ("tag", "odd", [6])),
        ({"tag": 1}, None),
        ({"undo": True}, ("undo",)),
        ({"undo": "yes"}, None),
        ({"size": "large", "at": 6}, ("resize", "large", 6)),
        ({"size": "small", "at": 99}, ("resize", "small", None)),
        ({"size": "huge", "at": 6}, None),
        ({}, None),
    ],
)
def test_only_what_the_page_has_is_reported(event, heard):
    calls: list[tuple[Any, ...]] = []

    def note(name: str) -> Any:
        return lambda *values: calls.append((name, *values))

    names = ("open", "turn", "choose", "choose_all", "tag", "undo", "resize")
    _report(event, Told(), Listener(**{name: note(name) for name in names}), _page(), SIZES)
    assert calls == ([] if heard is None else [heard])


def test_the_selection_s_names_carry_filter_and_order():
    chosen, problems = selection.parse({"filter": "true=4", "sort": "similar:3"})
    assert (chosen.filter, chosen.sort, problems) == ("true=4", "similar:3", [])
