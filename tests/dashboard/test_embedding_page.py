"""The Embedding page: the map is the network's, a lasso opens its images, trouble is told."""

import json
import shutil

import numpy as np
import pytest

from core import datasets
from core.inspection.neighbours import embed
from core.jobs import analysis as analyses
from core.jobs.analysis import Finding
from core.jobs.analyst import KINDS
from core.predictor import Predictor
from core.review import annotations
from core.review.embedding import fit_frame, project
from core.review.lasso import inside, on_grid
from dashboard.embedding_loaders import tsne_analysis
from dashboard.lasso import Lasso, Piece, written
from tests.dashboard.pages import open_page, texts
from tests.dashboard.test_scatter_component import unpacked
from tests.dashboard.trained import train

EVERYTHING = ((0, 0), (4095, 0), (4095, 4095), (0, 4095))
LOWER_LEFT = ((0, 0), (2047, 0), (2047, 2047), (0, 2047))


def page(run, **params):
    at = open_page("embedding", run=run.id, **params)
    assert not at.exception
    return at


def component(at, key):
    found = [e for e in at.get("bidi_component") if e.proto.id.endswith(f"-{key}")]
    assert len(found) == 1, [e.proto.id for e in at.get("bidi_component")]
    return found[0].proto


def points_of(at):
    """Header and blocks of the map."""
    return unpacked(component(at, "embedding").bytes)


def places_of(blocks):
    return np.stack([blocks["x"], blocks["y"]], axis=1).astype(int)


def embedding_of(run, epoch, split="test"):
    asked = Predictor.of(run, epoch)
    parts = datasets.split(datasets.load("digits"), run.config.data)
    return embed(asked.model, parts.images(split), asked.mean, asked.std)


def group(run, *pieces, split="test"):
    text = written(Lasso(run.id, split, pieces))
    assert text is not None
    return text


def pca(epoch, corners, frame=2, hidden=(), mode="true", adds=True):
    return Piece("pca", epoch, frame, mode, hidden, corners, adds)


def lay_out(run, epoch, split="test", points=None):
    """Has t-SNE worked out in this process, or puts points in its place."""
    wanted = tsne_analysis(epoch, split)
    wanted.path(run).parent.mkdir(parents=True, exist_ok=True)
    parts = KINDS["tsne"](run, epoch, **wanted.arguments)
    if points is not None:
        parts = iter([Finding({}, {"points": points})])
    analyses.work(run, wanted, parts)
    return analyses.arrays(run, wanted)["points"]


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_points_lie_where_the_one_frame_of_the_run_has_them(run, epoch, split) -> None:
    header, blocks = points_of(page(run, epoch=str(epoch), split=split))
    frame = fit_frame(embedding_of(run, 2, split))
    expected = on_grid(project(frame, embedding_of(run, epoch, split)), frame.bounds)
    assert np.abs(places_of(blocks) - expected.astype(int)).max() <= 1
    parts = datasets.split(datasets.load("digits"), run.config.data)
    assert blocks["index"].tolist() == parts.index(split).tolist()
    assert blocks["true"].tolist() == parts.labels(split).tolist()
    assert blocks["predicted"].tolist() == run.probabilities(epoch, split).argmax(1).tolist()
    assert header["space"] == "pca 2"
    assert header["images"] == f"/images/{run.id}/{'test' if split == 'test' else 'train'}/"


def test_axes_and_view_are_the_same_at_every_epoch(run) -> None:
    views = [points_of(page(run, epoch=str(epoch)))[0]["view"] for epoch in (0, 1, 2)]
    assert views[0] == views[1] == views[2]


def test_without_a_lasso_nothing_is_marked_and_the_errors_are_shown(run) -> None:
    at = page(run)
    _, blocks = points_of(at)
    assert not blocks["marked"].any()
    assert "**Errors**" in texts(at)


@pytest.mark.parametrize("now", [0, 2])
def test_a_lasso_keeps_its_images_at_every_epoch(run, now) -> None:
    drawn = pca(1, LOWER_LEFT)
    at = page(run, epoch=str(now), group=group(run, drawn))
    _, blocks = points_of(at)
    _, then = points_of(page(run, epoch="1"))
    expected = inside(places_of(then), drawn.polygon())
    assert 0 < expected.sum() < len(expected)
    assert blocks["marked"].astype(bool).tolist() == expected.tolist()
    assert f"**Inside the lasso** · {expected.sum():,} test image" in texts(at)


def test_lassos_add_take_away_and_leave_hidden_classes_out(run) -> None:
    pieces = (
        pca(2, LOWER_LEFT),
        pca(2, EVERYTHING, hidden=(0, 1, 2, 3, 4, 5, 6, 7)),
        pca(2, EVERYTHING, adds=False, mode="outcome", hidden=(0,)),
    )
    _, blocks = points_of(page(run, group=group(run, *pieces)))
    lower_left = inside(places_of(blocks), pieces[0].polygon())
    wrong = blocks["true"] != blocks["predicted"]
    expected = (lower_left | (blocks["true"] >= 8)) & ~wrong
    assert blocks["marked"].astype(bool).tolist() == expected.tolist()


def test_a_lasso_of_another_run_shows_where_its_images_lie_in_this_one(store, run) -> None:
    other = train(store, "training.seed=7")
    drawn = pca(2, LOWER_LEFT)
    _, theirs = points_of(page(run))
    expected = inside(places_of(theirs), drawn.polygon())
    _, ours = points_of(page(other, group=group(run, drawn)))
    assert ours["marked"].astype(bool).tolist() == expected.tolist()
    assert places_of(ours).tolist() != places_of(theirs).tolist()


def test_a_cell_of_the_matrix_is_marked(run) -> None:
    at = page(run, cell="3-*")
    _, blocks = points_of(at)
    assert blocks["marked"].astype(bool).tolist() == (blocks["true"] == 3).tolist()
    assert "True 3" in texts(at)


def test_a_cell_holds_what_is_answered_alone(run) -> None:
    answers = run.probabilities(2, "test")
    threshold = round(float(np.median(answers.max(1))), 3)
    at = page(run, cell="3-*", threshold=str(threshold))
    _, blocks = points_of(at)
    expected = (blocks["true"] == 3) & (answers.max(1) >= threshold)
    assert 0 < expected.sum() < (blocks["true"] == 3).sum()
    assert blocks["marked"].astype(bool).tolist() == expected.tolist()


def gallery(at):
    """How many images there are, and the indices of those on the first page."""
    data = json.loads(component(at, "gallery").json)
    return data["total"], set(data["ids"])


def test_other_pages_filter_by_the_lasso(run) -> None:
    drawn = group(run, pca(1, LOWER_LEFT))
    _, blocks = points_of(page(run, group=drawn))
    caught = set(blocks["index"][blocks["marked"].astype(bool)].tolist())
    offering = open_page("results", run=run.id, group=drawn, filter="outcome=any")
    offering.button(key="gallery_lasso").click().run()
    assert not offering.exception
    assert offering.query_params["filter"] == f"outcome=any;lasso={drawn}"
    assert "in the lasso on the map" in texts(offering)
    total, shown = gallery(offering)
    assert total == len(caught)
    assert shown <= caught
    assert "gallery_lasso" not in [button.key for button in offering.button]
    # On the map itself there is nothing to offer.
    assert "embedding_gallery_lasso" not in [b.key for b in page(run, group=drawn).button]


def test_a_lasso_around_another_split_is_left_out_with_a_sentence(run) -> None:
    drawn = group(run, pca(1, LOWER_LEFT), split="validation")
    at = open_page("results", run=run.id, filter=f"outcome=any;lasso={drawn}")
    assert "choose the split validation" in texts(at)
    assert gallery(at)[0] == len(run.probabilities(2, "test"))
    here = open_page("results", run=run.id, group=drawn)
    assert "gallery_lasso" not in [button.key for button in here.button]


@pytest.mark.parametrize(("key", "title"), [("class@3", "Class 3"), ("tag@odd Ones", "odd Ones")])
def test_a_slice_is_marked_and_fills_the_gallery(run, key, title) -> None:
    annotations.tag(datasets.load("digits"), "test", range(40), "odd Ones")
    at = page(run, group=f"slice:{key}", cell="5-*")
    _, blocks = points_of(at)
    expected = blocks["true"] == 3 if key == "class@3" else blocks["index"] < 40
    assert blocks["marked"].astype(bool).tolist() == expected.tolist()
    assert f"**{title}** · {expected.sum():,} test images" in texts(at)


def test_a_slice_that_there_is_not_gets_a_sentence(run) -> None:
    at = page(run, group="slice:class@77")
    assert "There is no slice" in at.warning[0].value
    assert not points_of(at)[1]["marked"].any()


def test_the_browser_is_told_when_the_choice_changes_and_only_then(run) -> None:
    at = page(run, cell="3-*", epoch="1")
    revisions = [points_of(at)[0]["revision"]]
    for change in ({"epoch": "2"}, {"group": group(run, pca(2, LOWER_LEFT))}, {"epoch": "1"}):
        at.query_params.update(change)
        revisions.append(points_of(at.run())[0]["revision"])
    # The cell's images are others at another epoch; those of the lasso are not.
    assert [later - revisions[0] for later in revisions] == [0, 1, 2, 2]
    at.query_params["example"] = "3"
    header, blocks = points_of(at.run())
    assert header["revision"] == revisions[-1] + 1
    assert blocks["index"][header["opened"]] == 3


def test_naming_a_set_tags_exactly_its_images_and_colours_them(run) -> None:
    at = page(run, group=group(run, pca(2, LOWER_LEFT)))
    _, blocks = points_of(at)
    at.text_input(key="embedding_set_name").set_value("lower left")
    at.button(_submit(at)).click().run()
    assert not at.exception
    expected = set(blocks["index"][blocks["marked"] == 1].tolist())
    data = datasets.load("digits")
    assert set(annotations.load(data).tagged("lower left", "test")) == expected
    assert "carry the tag “lower left”" in "\n".join(e.value for e in at.success)
    at.selectbox(key="embedding_color").set_value("tag").run()
    header, blocks = points_of(at)
    assert [entry["label"] for entry in header["legend"]] == ["untagged", "lower left"]
    assert set(blocks["index"][blocks["group"] == 1].tolist()) == expected
    assert set(header["words"].values()) == {"lower left"}


def _submit(at):
    return next(button.key for button in at.button if button.label == "Name it")


def test_a_damaged_review_file_takes_only_the_tags_away(run) -> None:
    path = annotations.path_of(datasets.load("digits"))
    path.parent.mkdir(parents=True)
    path.write_text("{")
    at = page(run, group=group(run, pca(2, LOWER_LEFT)))
    at.selectbox(key="embedding_color").set_value("tag").run()
    assert not at.exception
    header, blocks = points_of(at)
    assert header["title"] == "true class" and len(header["legend"]) == 10
    assert blocks["marked"].any()
    assert any("digits\\.json" in element.value for element in at.warning)
    at.text_input(key="embedding_set_name").set_value("a name")
    at.button(_submit(at)).click().run()
    assert not at.exception and path.read_text() == "{"


def test_an_empty_name_is_answered_with_a_sentence(run) -> None:
    at = page(run, group=group(run, pca(2, LOWER_LEFT)))
    at.button(_submit(at)).click().run()
    assert not at.exception
    assert "must have 1 to 40 characters" in at.error[0].value


@pytest.mark.parametrize(
    ("mode", "labels"),
    [("predicted", [str(n) for n in range(10)]), ("outcome", ["right", "wrong"])],
)
def test_colours(run, mode, labels) -> None:
    at = page(run)
    at.selectbox(key="embedding_color").set_value(mode).run()
    header, blocks = points_of(at)
    assert [entry["label"] for entry in header["legend"]] == labels
    expected = np.bincount(blocks["group"], minlength=len(labels)).tolist()
    assert [entry["count"] for entry in header["legend"]] == expected


def test_map_and_colour_stand_in_the_address_and_are_found_again(run) -> None:
    at = page(run)
    at.segmented_control(key="embedding_map").set_value("tsne").run()
    at.selectbox(key="embedding_color").set_value("outcome").run()
    assert at.query_params == {"run": run.id, "map": "tsne", "colour": "outcome"}
    again = page(run, map="tsne", colour="outcome")
    assert again.segmented_control(key="embedding_map").value == "tsne"
    assert points_of(again)[0]["title"] == "right or wrong"
    again.selectbox(key="embedding_color").set_value("true").run()
    assert again.query_params == {"run": run.id, "map": "tsne"}


def test_a_map_that_there_is_not_gets_a_sentence_and_the_usual_one(run) -> None:
    at = page(run, map="umap")
    assert ["map “umap”, which must be pca or tsne" in one.value for one in at.warning] == [True]
    assert points_of(at)[0]["space"] == "pca 2"


def test_tsne_is_offered_and_shown_once_it_is_there(run) -> None:
    at = page(run)
    at.segmented_control(key="embedding_map").set_value("tsne").run()
    assert not at.exception
    assert "tsne_start" in [button.key for button in at.button]
    assert points_of(at)[0]["space"] == "pca 2"  # meanwhile
    points = lay_out(run, 2)
    at.run()
    assert not at.exception
    header, blocks = points_of(at)
    assert header["space"] == "tsne"
    # Both directions have one scale, and the order along each is that of the layout.
    for axis, name in enumerate("xy"):
        assert (np.diff(blocks[name][np.argsort(points[:, axis])].astype(int)) >= 0).all()
    spans = np.ptp(points, axis=0) / np.ptp(places_of(blocks), axis=0)
    assert spans[0] == pytest.approx(spans[1], rel=1e-3)


def test_a_lasso_on_tsne_is_found_again(run) -> None:
    points = lay_out(run, 1)
    drawn = Piece("tsne", 1, 1, "true", (), LOWER_LEFT)
    _, blocks = points_of(page(run, group=group(run, drawn)))
    middle = (points.min(0) + points.max(0)) / 2
    assert 0 < blocks["marked"].sum() < len(points)
    marked = points[blocks["marked"] == 1]
    assert (marked <= middle + np.ptp(points, axis=0).max() * 0.01).all()


@pytest.mark.parametrize("points", [np.zeros((3, 2), np.float32), None])
def test_a_layout_that_is_damaged_or_anothers_is_told_and_made_again(run, points) -> None:
    lay_out(run, 2, points=np.zeros((3, 2), np.float32))
    wanted = tsne_analysis(2, "test")
    if points is None:
        shutil.rmtree(wanted.path(run).with_suffix(".arrays"))
    at = page(run)
    at.segmented_control(key="embedding_map").set_value("tsne").run()
    assert not at.exception
    assert at.error and "tsne_again" in [button.key for button in at.button]
    assert points_of(at)[0]["space"] == "pca 2"


def test_tsne_of_an_epoch_that_few_images_have_fails_with_a_sentence(run, monkeypatch) -> None:
    monkeypatch.setattr("core.review.embedding.FEWEST", 10_000)
    wanted = tsne_analysis(2, "test")
    wanted.path(run).parent.mkdir(parents=True, exist_ok=True)
    analyses.work(run, wanted, KINDS["tsne"](run, 2, **wanted.arguments))
    state = analyses.look(run, wanted)
    assert state.state == "failed" and "needs at least 10000 images" in state.message


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("lasso:nonsense", "names a lasso that cannot be read"),
        ("lasso:20200101-000000-abcdef.t,p2-2.t0.AAAA__AA____", "does not exist"),
        ("lasso:{run}.t,p9-2.t0.AAAA__AA____", "has no epoch 9"),
        ("lasso:{run}.t,s1-1.t0.AAAA__AA____", ""),
        ("lasso:{run}.v,p2-2.t0.AAAA__AA____", "drawn around validation images"),
    ],
)
def test_a_lasso_that_cannot_be_followed_gets_a_sentence(run, spec, sentence) -> None:
    at = page(run, group=spec.format(run=run.id))
    said = texts(at)
    assert sentence in said.replace("\\", "")
    assert at.warning or at.info
    assert "**Errors**" in said
    assert not points_of(at)[1]["marked"].any()


def test_a_group_of_another_page_is_left_alone(run) -> None:
    at = page(run, group="flips:fixed")
    assert not at.warning and "**Errors**" in texts(at)
    assert at.query_params["group"] == "flips:fixed"


def test_without_runs_there_is_one_button(store) -> None:
    at = open_page("embedding")
    assert not at.exception
    assert [button.label for button in at.button] == ["Train the default network"]


def test_a_run_that_waits_says_what_will_come(store) -> None:
    queued = store.create(train(store).config)
    assert "Nothing can be looked at yet" in page(queued).info[0].value


@pytest.mark.parametrize("harmed", ["weights.safetensors", "probabilities.safetensors"])
def test_a_damaged_epoch_gets_a_sentence_and_the_others_stay(run, harmed) -> None:
    (run.path / "epochs" / "0002" / harmed).write_bytes(b"torn")
    at = page(run)
    assert at.error
    at = page(run, epoch="1")
    assert not at.error
    # Without its weights the last epoch cannot give the frame: the one before does.
    assert points_of(at)[0]["space"] == ("pca 1" if harmed.startswith("weights") else "pca 2")


def test_while_a_run_trains_its_frame_stays(store) -> None:
    run = train(store, "training.epochs=3", state="paused")
    header, _ = points_of(page(run))
    assert header["space"] in ("pca 2", "pca 3")
