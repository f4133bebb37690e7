"""The frame holds every epoch's points, PCA is scikit-learn's, and t-SNE keeps neighbours."""

import threading
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from openTSNE import affinity
from sklearn.decomposition import PCA

from core.errors import UserError
from core.review import embedding as module
from core.review.embedding import fit_frame, padded, project, reference_epoch, tsne


def directions(values: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return np.divide(values, lengths, out=np.zeros_like(values), where=lengths > 0)


def clusters(per_class: int = 40, num_classes: int = 3, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    middles = np.eye(num_classes, 12)
    values = np.repeat(middles, per_class, 0) + 0.1 * random.random((per_class * num_classes, 12))
    return directions(values.astype(np.float32))


rows = arrays(
    np.float32, st.tuples(st.integers(1, 12), st.integers(1, 6)),
    elements=st.floats(-1, 1, width=32),
)  # fmt: skip


@pytest.mark.parametrize("width", [12, 700])
def test_the_axes_are_those_of_scikit_learn_with_the_sign_fixed(width: int) -> None:
    random = np.random.default_rng(1)
    values = directions(random.normal(size=(60, 3)) @ random.normal(size=(3, width)) + 0.01)
    values = values.astype(np.float32)
    frame = fit_frame(values)
    expected = PCA(2, svd_solver="full").fit(values)
    for axis, other in zip(frame.axes, expected.components_, strict=True):
        assert abs(axis @ other) == pytest.approx(1, abs=1e-4)
        assert axis[np.abs(axis).argmax()] > 0
    np.testing.assert_allclose(frame.explained, expected.explained_variance_ratio_, atol=1e-4)
    np.testing.assert_allclose(project(frame, values).mean(0), 0, atol=1e-5)


def test_the_sign_does_not_depend_on_the_order_of_the_images() -> None:
    values = clusters()
    shuffled = np.random.default_rng(3).permutation(values)
    np.testing.assert_allclose(fit_frame(values).axes, fit_frame(shuffled).axes, atol=1e-5)


@settings(max_examples=80, deadline=None)
@given(rows, rows, st.booleans())
def test_every_epochs_points_stay_within_the_bounds_of_the_frame(fitted, other, relu) -> None:
    other = np.resize(other, (4, fitted.shape[1]))
    if relu:
        fitted, other = np.abs(fitted), np.abs(other)
    else:
        fitted[0, 0] = -1  # else nobody could tell that values may be negative
    fitted, other = directions(fitted), directions(other)
    frame = fit_frame(fitted)
    for points in (project(frame, fitted), project(frame, other)):
        assert (points >= frame.bounds[:, 0] - 1e-5).all()
        assert (points <= frame.bounds[:, 1] + 1e-5).all()
    assert (frame.view[:, 0] >= frame.bounds[:, 0]).all()
    assert (frame.view[:, 1] <= frame.bounds[:, 1]).all()


def test_behind_relu_the_bound_is_met_by_the_row_along_the_axis() -> None:
    frame = fit_frame(clusters())
    for axis in (0, 1):
        for end, sign in ((1, 1), (0, -1)):
            along = np.clip(sign * frame.axes[axis], 0, None)[None]
            met = project(frame, (along / np.linalg.norm(along)).astype(np.float32))[0, axis]
            assert met == pytest.approx(frame.bounds[axis, end], abs=1e-5)


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((4, 3)),
        np.ones((1, 3)) / np.sqrt(3),
        np.ones((5, 1)),
        np.full((6, 2), np.sqrt(0.5)),
    ],
)
def test_images_in_one_place_have_a_frame_with_nothing_to_explain(values) -> None:
    frame = fit_frame(values.astype(np.float32))
    assert frame.explained == (0.0, 0.0)
    assert np.isfinite(project(frame, values.astype(np.float32))).all()
    assert (frame.bounds[:, 1] >= frame.bounds[:, 0]).all()


def test_a_single_value_lies_on_a_line() -> None:
    values = np.array([[1.0], [0.0], [1.0]], np.float32)
    frame = fit_frame(values)
    points = project(frame, values)
    assert frame.explained == pytest.approx((1.0, 0.0))
    assert points[0, 0] - points[1, 0] == pytest.approx(1) and not points[:, 1].any()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UserError, match="no images in this split"):
        fit_frame(np.empty((0, 3), np.float32))
    with pytest.raises(UserError, match="fitted to 12 values an image and this embedding has 3"):
        project(fit_frame(clusters()), np.ones((2, 3), np.float32))
    with pytest.raises(UserError, match="at least 5 images, got 4"):
        next(tsne(clusters(2, 2)))
    with pytest.raises(UserError, match=r"perplexity must lie in \[1, 1000\], got 0"):
        next(tsne(clusters(), perplexity=0))


def test_the_padding_is_of_the_points_own_range() -> None:
    found = padded(np.array([[0.0, 5.0], [10.0, 5.0]]))
    assert found[0].tolist() == [-0.6, 10.6]
    assert found[1, 0] < 5 < found[1, 1]


@pytest.mark.parametrize(
    ("epochs", "growing", "expected"),
    [
        ([0], True, 0), ([0, 1, 2, 3], False, 3), ([0, 1, 2, 3], True, 2),
        ([0, 1, 2, 3, 4, 5, 6, 7], True, 4), (list(range(9)), True, 8), ([5, 6, 7], True, 5),
    ],
)  # fmt: skip
def test_the_frame_stays_while_a_run_trains(epochs, growing, expected) -> None:
    assert reference_epoch(epochs, growing=growing) == expected


def test_tsne_keeps_neighbours_and_equal_seeds_give_equal_layouts() -> None:
    values = clusters(per_class=30)
    layouts = list(tsne(values, perplexity=10))
    steps = [layout.step for layout in layouts]
    assert steps == sorted(steps) and steps[0] == 0 and steps[-1] == layouts[-1].num_steps
    points = layouts[-1].points
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    classes = np.repeat(np.arange(3), 30)
    assert (classes[distances.argmin(1)] == classes).mean() > 0.98
    *_, again = tsne(values, perplexity=10)
    np.testing.assert_array_equal(points, again.points)


def test_tsne_in_pieces_is_tsne_in_one_go(monkeypatch) -> None:
    values = clusters(per_class=10)
    *_, pieces = tsne(values)
    monkeypatch.setattr(module, "_CHUNK", 250)
    *_, whole = tsne(values)
    np.testing.assert_allclose(pieces.points, whole.points, rtol=1e-4, atol=1e-4)


def test_tsne_gives_word_while_it_searches_for_neighbours_and_can_be_left_then(monkeypatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    find = affinity.PerplexityBasedNN

    def slowly(*args, **kwargs):
        begun.set()
        go_on.wait()
        return find(*args, **kwargs)

    monkeypatch.setattr(affinity, "PerplexityBasedNN", slowly)
    layouts = tsne(clusters(per_class=10))
    assert [next(layouts).step for _ in range(3)] == [0, 0, 0]
    assert begun.is_set()
    layouts.close()  # as the process of an analysis does that is to stop; nothing waits
    again = tsne(clusters(per_class=10))
    assert [next(again).step for _ in range(2)] == [0, 0]
    go_on.set()
    *_, last = again
    monkeypatch.undo()
    *_, expected = tsne(clusters(per_class=10))
    np.testing.assert_array_equal(last.points, expected.points)


def test_what_goes_wrong_in_the_search_is_told_to_whoever_iterates(monkeypatch) -> None:
    def fail(*args, **kwargs):
        raise MemoryError("no room")

    monkeypatch.setattr(affinity, "PerplexityBasedNN", fail)
    with pytest.raises(MemoryError, match="no room"):
        list(tsne(clusters(per_class=10)))


@pytest.mark.parametrize("values", [np.zeros((9, 4)), np.eye(5, 4)])
def test_tsne_survives_few_images_and_equal_ones_without_a_warning(values) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        *_, layout = tsne(values.astype(np.float32))
    assert layout.points.shape == (len(values), 2) and np.isfinite(layout.points).all()


def test_tsne_has_the_perplexity_and_the_phases_of_its_authors(monkeypatch) -> None:
    from openTSNE import TSNEEmbedding, affinity

    values = clusters()
    monkeypatch.setattr(module, "_CHUNK", 250)  # rounding grows from piece to piece
    start, *_, last = tsne(values, perplexity=12, seed=3)
    neighbours = affinity.PerplexityBasedNN(values.astype(np.float64), 12, random_state=3)
    theirs = TSNEEmbedding(module._start(values, 3), neighbours, random_state=3)
    theirs = theirs.optimize(250, exaggeration=12, momentum=0.8)
    theirs = theirs.optimize(500, momentum=0.8)
    assert start.points.std() == pytest.approx(1e-4, rel=0.5)
    np.testing.assert_allclose(last.points, np.asarray(theirs), rtol=1e-4, atol=1e-4)
