"""The Slices page: the list agrees with the saved answers, every slice opens into its images."""

import base64
import io
import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from core import datasets
from core.errors import UserError
from core.inspection.neighbours import embed
from core.predictor import Predictor
from core.review import annotations as annotating
from core.review.image_measures import measures
from core.review.slices import clusters, tails
from dashboard import slice_loaders, split_embedding
from tests.dashboard.pages import open_page, texts
from tests.dashboard.trained import train


def look_alikes(run, epoch=2, split="test"):
    """Waits for them, and gives the positions of the first group."""
    return slice_loaders.members(run, epoch, split, "cluster@20.0")


@pytest.fixture
def embedded(run):
    """The run, once its network has looked at every test image, and groups are made of them."""
    look_alikes(run)
    return run


def _component(at, key):
    found = [e for e in at.get("bidi_component") if f"-{key}" in e.proto.id]
    assert len(found) == 1, [e.proto.id for e in at.get("bidi_component")]
    return json.loads(found[0].proto.json)


def _rows(at):
    return {row["key"]: row for row in _component(at, "slice_list")["rows"]}


def _wrong(run, epoch=2, split="test"):
    labels = datasets.split(datasets.load("digits"), run.config.data).labels(split).numpy()
    return run.probabilities(epoch, split).argmax(1) != labels, labels


def _count(at, name):
    """What is written as the number of images behind the gallery's title."""
    (line,) = [m.value for m in at.markdown if m.value.startswith(f"**{name}** ·")]
    return line


def test_every_row_counts_its_images_and_errors(embedded, digits):
    wrong, labels = _wrong(embedded)
    at = open_page("slices", run=embedded.id)
    assert not at.exception
    rows = _rows(at)
    for index in range(10):
        row, among = rows[f"class@{index}"], labels == index
        assert (row["images"], row["errors"]) == (among.sum(), wrong[among].sum())
        assert row["excess"] == pytest.approx(wrong[among].mean() - wrong[~among].mean())
    looks = tails(measures(digits.test_images.numpy()), 10)
    thin = looks.positions("thin@10")
    assert rows["thin@10"]["errors"] == wrong[thin].sum()
    shown = list(rows.values())
    assert all(row["images"] >= 30 for row in shown)
    assert [row["excess"] for row in shown] == sorted((r["excess"] for r in shown), reverse=True)
    assert f"({int(wrong.sum()):,} errors)" in texts(at)


def test_look_alikes_come_when_the_network_has_looked_at_every_image(run):
    at = open_page("slices", run=run.id)
    assert "class@0" in _rows(at)
    look_alikes(run)
    at.run()
    assert any(key.startswith("cluster@20.") for key in _rows(at))
    predictor = Predictor.of(run, 2)
    parts = datasets.split(datasets.load("digits"), run.config.data)
    embedding = embed(predictor.model, parts.images("test"), predictor.mean, predictor.std)
    made = clusters(embedding, parts.labels("test").numpy(), predictor.classes, 20)
    for key in (one.key for one in made.about):
        found = slice_loaders.members(run, 2, "test", key)
        np.testing.assert_array_equal(found, made.positions(key))


@pytest.mark.parametrize("split", ["test", "validation"])
def test_a_slice_in_the_address_shows_exactly_its_images(embedded, split):
    look_alikes(embedded, split=split)  # of validation only look-alikes are large enough
    _, labels = _wrong(embedded, split=split)
    at = open_page("slices", run=embedded.id, split=split, group="slice:class@3")
    assert not at.exception
    there = int((labels == 3).sum())
    assert f"{there:,} {split} images" in _count(at, "Class 3")
    index = datasets.split(datasets.load("digits"), embedded.config.data).index(split).numpy()
    ids = _component(at, "slice_gallery")["ids"]
    assert set(ids) <= set(index[labels == 3].tolist())
    assert len(ids) == min(there, 120)
    assert _component(at, "slice_list")["selected"] == "class@3"


def test_without_a_slice_every_error_is_shown(embedded):
    wrong, _ = _wrong(embedded)
    at = open_page("slices", run=embedded.id)
    assert f"{int(wrong.sum()):,} of {len(wrong):,} test images" in _count(at, "Errors")


def test_an_open_slice_that_is_made_otherwise_is_in_the_list(embedded):
    for key in ("thin@20", "cluster@7.2", "size@1.0..6.2"):
        at = open_page("slices", run=embedded.id, group=f"slice:{key}")
        if key.startswith("cluster"):  # its images have been waited for by now
            at.run()
        assert not at.exception
        assert _component(at, "slice_list")["selected"] == key
        assert key in _rows(at)
        assert {"thin@10", "cluster@20.0"} <= _rows(at).keys()


def test_an_open_slice_stays_in_the_list_of_other_kinds_and_of_larger_slices(embedded):
    at = open_page("slices", run=embedded.id, group="slice:class@3", smallest="1000")
    assert _rows(at).keys() == {"class@3"}
    others = open_page("slices", run=embedded.id, group="slice:class@3", kinds="look")
    rows = _rows(others)
    assert "class@3" in rows
    plain = _rows(open_page("slices", run=embedded.id, kinds="look"))
    assert rows.keys() == {*plain, "class@3"}
    for key, row in plain.items():  # one more is compared
        assert rows[key]["low"] < row["low"] < row["high"] < rows[key]["high"]
        assert rows[key]["p"] >= row["p"]


def test_named_slices_are_in_the_list_however_small(embedded, digits):
    annotating.tag(digits, "test", range(3), "three")
    annotating.tag(digits, "train", range(3), "elsewhere")
    rows = _rows(open_page("slices", run=embedded.id))
    assert rows["tag@three"]["images"] == 3
    assert "tag@elsewhere" not in rows
    assert all(row["images"] >= 30 for key, row in rows.items() if key != "tag@three")


@pytest.mark.parametrize(("count", "number"), [(0, "no"), (297, "every")])
def test_an_open_slice_that_cannot_be_compared_is_told_of(embedded, digits, count, number):
    annotating.tag(digits, "train", range(3), "some")
    if count:
        annotating.tag(digits, "test", range(len(digits.test_labels)), "some")
    at = open_page("slices", run=embedded.id, group="slice:tag@some")
    assert "tag@some" not in _rows(at)
    assert f"some is not in the list: it holds {number} test image" in texts(at)
    assert "not in the list" not in texts(open_page("slices", run=embedded.id))


@pytest.mark.parametrize(
    "key",
    ["nonsense", "class@44", "cluster@20.99", "cluster@99999.1", "thick@0", "thick@77", "odd@10",
     "tag@nobody", "size@9..1", "speed@1.0..2.0", "size@1.0..nan"],
)  # fmt: skip
def test_an_unknown_slice_gets_a_sentence(embedded, key):
    at = open_page("slices", run=embedded.id, group=f"slice:{key}")
    assert not at.exception
    assert "There is no slice" in texts(at)
    assert _rows(at)


def test_a_group_of_another_page_is_left_alone(embedded):
    at = open_page("slices", run=embedded.id, group="flips:fixed")
    assert not at.exception
    assert "**Errors**" in texts(at)


def test_a_tag_is_a_named_slice_and_can_be_deleted(embedded, digits):
    annotating.tag(digits, "test", range(40), "first *forty*")
    wrong, _ = _wrong(embedded)
    at = open_page("slices", run=embedded.id, group="slice:tag@first *forty*")
    row = _rows(at)["tag@first *forty*"]
    assert (row["images"], row["errors"]) == (40, wrong[:40].sum())
    assert _count(at, "first \\*forty\\*")
    at.button(key="slice_delete_now").click().run()
    assert annotating.load(digits).tags == {}
    assert "group" not in at.query_params
    assert "tag@first *forty*" not in _rows(at)


def test_a_saved_copy_of_a_slice_is_no_other_hypothesis(embedded, digits):
    group = "slice:class@8"
    plain = open_page("slices", run=embedded.id, group=group)
    before = _rows(plain)
    plain.text_input(key="slice_name").set_value("Ugly eights").run()
    after = _rows(plain)
    assert plain.query_params["group"] == "slice:tag@Ugly eights"
    assert after["class@8"]["title"] == "class 8 = Ugly eights"
    assert len(after) == len(before)
    assert {key: row["p"] for key, row in after.items()} == {
        key: row["p"] for key, row in before.items()
    }
    assert _component(plain, "slice_list")["selected"] == "class@8"
    assert _count(plain, "Class 8 = Ugly eights")
    # Opened by its other key the name can be deleted all the same.
    other = open_page("slices", run=embedded.id, group=group)
    other.button(key="slice_delete_now").click().run()
    assert annotating.load(digits).tags == {}


def test_a_tag_on_the_train_file_is_a_slice_of_validation(embedded, digits):
    index = datasets.split(digits, embedded.config.data).index("validation").numpy()
    annotating.tag(digits, "train", [*index[:35].tolist(), 0, 1, 2], "held out")
    row = _rows(open_page("slices", run=embedded.id, split="validation"))["tag@held out"]
    assert row["images"] == 35 + int(np.isin([0, 1, 2], index[35:]).sum())
    assert "tag@held out" not in _rows(open_page("slices", run=embedded.id))


def test_what_the_filter_leaves_is_saved_as_a_slice(embedded, digits):
    wrong, labels = _wrong(embedded)
    at = open_page("slices", run=embedded.id, group="slice:class@8", filter="outcome=wrong")
    at.text_input(key="slice_name").set_value("  bad   eights ").run()
    expected = frozenset(np.flatnonzero(wrong & (labels == 8)).tolist())
    assert annotating.load(digits).tagged("bad eights", "test") == expected
    assert at.query_params["group"] == "slice:tag@bad eights"


def test_a_name_that_is_none_is_refused(embedded, digits):
    at = open_page("slices", run=embedded.id, group="slice:class@8")
    at.text_input(key="slice_name").set_value("   ").run()
    assert not at.exception
    assert annotating.load(digits).tags == {}
    assert "1 to 40 characters" in at.error[0].value
    assert at.text_input(key="slice_name").value == "   "  # what was typed is not lost


def test_a_damaged_review_file_costs_only_the_named_slices(embedded, digits):
    annotating.tag(digits, "test", range(40), "gone")
    annotating.path_of(digits).write_text("{")
    at = open_page("slices", run=embedded.id)
    assert not at.exception
    assert "class@0" in _rows(at)
    assert texts(at).count("digits\\.json") == 1, "told once"
    of_the_tag = open_page("slices", run=embedded.id, group="slice:tag@gone")
    assert not of_the_tag.exception
    assert "class@0" in _rows(of_the_tag)
    assert texts(of_the_tag).count("digits\\.json") == 1


def test_slices_of_which_another_kind_fails_are_others(embedded, monkeypatch):
    def fail(*_):
        raise UserError("this kind cannot be made")

    settings = slice_loaders.Settings(kinds=("look", "class", "named"))
    found = [slice_loaders.find(embedded, 2, "test", settings)]
    for kind in ("_looks", "_classes", "_named"):
        with monkeypatch.context() as patch:
            patch.setattr(slice_loaders, kind, fail)
            found.append(slice_loaders.find(embedded, 2, "test", settings))
    assert len({one.ids for one in found}) == len(found)


def test_kinds_sizes_and_the_smallest_slice_can_be_chosen(embedded):
    at = open_page("slices", run=embedded.id)
    at.pills(key="slices_kinds").set_value(["look"]).run()
    assert {key.partition("@")[2] for key in _rows(at)} == {"10"}
    at.selectbox(key="slices_percent").set_value(20).run()
    assert {key.partition("@")[2] for key in _rows(at)} == {"20"}
    at.number_input(key="slices_smallest").set_value(5000).run()
    assert "Lower the smallest slice" in texts(at)
    expected = {"kinds": "look", "ends": "20", "smallest": "5000"}
    assert {name: at.query_params[name] for name in expected} == expected
    again = open_page("slices", **at.query_params)
    assert again.number_input(key="slices_smallest").value == 5000
    assert list(again.pills(key="slices_kinds").value) == ["look"]
    assert "Lower the smallest slice" in texts(again)
    at.pills(key="slices_kinds").set_value([]).run()
    assert not at.exception
    assert "There is no slice of these kinds" in texts(at)


def test_the_correction_counts_the_slices_that_are_compared(embedded):
    at = open_page("slices", run=embedded.id)
    many = _rows(at)["class@1"]["p"]
    at.pills(key="slices_kinds").set_value(["class"]).run()
    assert _rows(at)["class@1"]["p"] <= many


def test_runs_side_by_side(store, embedded):
    other = train(store, "training.seed=5", name="other")
    at = open_page("slices", run=embedded.id)
    table = at.dataframe[0].value
    wrong, labels = _wrong(embedded)
    theirs, _ = _wrong(other)
    assert table["accuracy:0"].iloc[0] == pytest.approx((1 - wrong.mean()) * 100)
    assert table["accuracy:1"].iloc[0] == pytest.approx((1 - theirs.mean()) * 100)
    row = table[table["Slice"] == "class 4"].iloc[0]
    assert row["accuracy:1"] == pytest.approx((1 - theirs[labels == 4].mean()) * 100)
    assert row["change"] == pytest.approx(row["accuracy:0"] - row["accuracy:1"])
    assert re.fullmatch(r"< 0\.001|[01]\.[0-9]{3}", row["change_p"])
    assert row["change_p"] != "0.000"
    at.segmented_control(key="slices_metric").set_value("errors").run()
    assert at.dataframe[0].value["errors:1"].iloc[0] == theirs.sum()


def test_runs_beside_this_one_are_chosen_by_short_names_of_which_no_two_are_alike(store, embedded):
    names = [train(store, f"training.seed={seed}", name="twin") for seed in (5, 6)]
    at = open_page("slices", run=embedded.id)
    expected = {f"twin · {run.id[-6:]}" for run in names}
    assert set(at.multiselect(key=f"slices_runs_{embedded.id}").options) == expected


def test_a_run_on_other_images_is_refused_beside_this_one(store, embedded):
    train(store, "data.split_seed=9", name="elsewhere")
    at = open_page("slices", run=embedded.id, split="validation")
    assert not at.exception
    assert "different images" in texts(at)
    assert [name for name in at.dataframe[0].value if name.startswith("accuracy")] == ["accuracy:0"]
    assert not open_page("slices", run=embedded.id).warning


def test_a_run_that_is_deleted_meanwhile_is_no_longer_beside_this_one(store, embedded):
    other = train(store, "training.seed=5", name="other")
    at = open_page("slices", run=embedded.id)
    assert "accuracy:1" in at.dataframe[0].value
    shutil.rmtree(other.path)
    at.run()
    assert not at.exception
    assert "accuracy:0" in at.dataframe[0].value


def test_without_the_network_only_the_look_alikes_are_missing(run):
    (run.path / "epochs" / "0002" / "weights.safetensors").unlink()
    with pytest.raises(UserError):
        split_embedding.wait(run, 2, "test")
    at = open_page("slices", run=run.id, group="slice:cluster@20.3")
    assert not at.exception
    assert at.warning
    assert {key.partition("@")[0] for key in _rows(at)} >= {"thin", "class"}


def test_look_alikes_of_the_epochs_beside_are_made_ahead_and_stay(run, monkeypatch):
    look_alikes(run, epoch=1)
    assert not open_page("slices", run=run.id, epoch="1").exception
    for other in (0, 2):  # waits for what is under way already, and is no other call
        look_alikes(run, epoch=other)
    split_embedding._background.clear()  # as if further epochs had been looked at since
    asked = []
    monkeypatch.setattr(split_embedding, "wait", lambda *args: asked.append(args))
    for epoch in (0, 1, 2):
        found = slice_loaders.find(run, epoch, "test", slice_loaders.Settings())
        assert not found.pending and found.slices.find("cluster@20.0") is not None
        assert "to find look-alikes" not in texts(open_page("slices", run=run.id, epoch=str(epoch)))
    assert asked == []


def test_the_page_asks_for_the_epochs_on_either_side(run, monkeypatch):
    look_alikes(run, epoch=1)
    asked = []
    there = slice_loaders.look_alikes

    def look(of, epoch, split, number):
        asked.append((epoch, split, number))
        return there(of, epoch, split, number)

    monkeypatch.setattr(slice_loaders, "look_alikes", look)
    assert not open_page("slices", run=run.id, epoch="1").exception
    assert set(asked) == {(epoch, "test", 20) for epoch in (0, 1, 2)}


def test_the_curve_along_a_measure_and_the_images_of_a_point(embedded, digits):
    at = open_page("slices", run=embedded.id, group="slice:large@10")
    assert at.selectbox(key="slices_measure").value == "size"
    figure = _component(at, "slice_measure")["figure"]
    wrong, _ = _wrong(embedded)
    (points,) = figure["data"]
    assert sum(point[2] for point in points["customdata"]) == len(wrong)
    assert sum(point[3] for point in points["customdata"]) == wrong.sum()
    start, end, images, _ = points["customdata"][0]
    key = slice_loaders.slicing.range_key("size", start, end)
    assert len(slice_loaders.members(embedded, 2, "test", key)) == images
    opened = open_page("slices", run=embedded.id, group=f"slice:{key}")
    assert not opened.exception
    assert f"{images:,} test images" in texts(opened)


def test_the_examples_of_a_row_are_its_hardest_images(embedded, digits):
    at = open_page("slices", run=embedded.id, split="validation")
    at.number_input(key="slices_smallest").set_value(1).run()
    data = _component(at, "slice_list")
    place = [row["key"] for row in data["rows"]].index("class@5")
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["sheet"]))))
    parts = datasets.split(digits, embedded.config.data)
    labels, index = parts.labels("validation").numpy(), parts.index("validation").numpy()
    values = embedded.probabilities(2, "validation").astype(float)
    own = np.flatnonzero(labels == 5)
    hardest = own[np.argsort(values[own, 5], kind="stable")][0]
    tile = sheet[place * 8 : place * 8 + 8, :8]
    np.testing.assert_array_equal(tile, digits.train_images.numpy()[index[hardest], 0])


def test_members_refuses_what_is_no_slice(embedded):
    with pytest.raises(UserError, match="there is no slice"):
        slice_loaders.members(embedded, 2, "test", "thick@")


@pytest.mark.parametrize("harm", ["missing", "nan"])
def test_answers_that_cannot_be_used_get_a_sentence(run, harm, monkeypatch):
    if harm == "missing":
        shutil.rmtree(run.path / "epochs" / "0002" / "probabilities.safetensors", True)
        (run.path / "epochs" / "0002" / "probabilities.safetensors").unlink(missing_ok=True)
    else:
        shape = run.probabilities(2, "test").shape
        broken = np.full(shape, np.nan, np.float32)
        monkeypatch.setattr(type(run), "probabilities", lambda *_: broken)
    at = open_page("slices", run=run.id)
    assert not at.exception
    assert "Choose another epoch" in at.error[0].value


def test_empty_pages_say_what_to_do(store):
    at = open_page("slices")
    assert not at.exception
    assert [button.label for button in at.button] == ["Train the default network"]
    queued = store.create(train(store).config)
    waiting = open_page("slices", run=queued.id)
    assert not waiting.exception
    assert "Nothing has been measured yet" in waiting.info[0].value
