"""Class histograms by hand, and against a count of one image after the other."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.capture import capture
from core.errors import UserError
from core.inspection.histograms import channel_values, class_histogram, images_in_bar
from core.inspection.lookup import layer_rows
from core.preprocessing import network_input
from tests.core.architectures import Case, fitting_cases
from tests.core.inspection.any_networks import built, bytes_for

VALUES = np.array([[0.0], [1.0], [4.0], [4.0], [3.0]], np.float32)
LABELS = np.array([0, 0, 1, 0, 1])


def test_by_hand() -> None:
    histogram = class_histogram(VALUES, LABELS, 0, num_classes=3, bins=4)
    assert histogram.edges.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert histogram.counts.tolist() == [[1, 1, 0, 1], [0, 0, 0, 2], [0, 0, 0, 0]]
    assert histogram.means[:2].tolist() == pytest.approx([5 / 3, 3.5])
    assert np.isnan(histogram.means[2]), "no image of this class"
    bar = [images_in_bar(VALUES, LABELS, 0, histogram, 3, label).tolist() for label in (None, 0, 1)]
    assert bar == [[2, 3, 4], [3], [2, 4]]


finite = st.floats(-1e6, 1e6, width=32)


@settings(max_examples=60, deadline=None)
@given(values=hnp.arrays(np.float32, st.integers(1, 30), elements=finite), bins=st.integers(1, 9))
def test_every_image_is_in_one_bar(values: np.ndarray, bins: int) -> None:
    labels = np.arange(len(values)) % 3
    histogram = class_histogram(values[:, None], labels, 0, 3, bins)
    assert histogram.counts.sum(1).tolist() == [int((labels == k).sum()) for k in range(3)]
    bars = [images_in_bar(values[:, None], labels, 0, histogram, bar) for bar in range(bins)]
    assert sorted(np.concatenate(bars).tolist()) == list(range(len(values)))
    assert [len(bar) for bar in bars] == histogram.counts.sum(0).tolist()
    for bar, positions in enumerate(bars):
        assert (values[positions] >= histogram.edges[bar]).all()
        assert (values[positions] <= histogram.edges[bar + 1]).all()


@settings(max_examples=30, deadline=None)
@given(case=fitting_cases(), batch_size=st.integers(1, 4))
def test_values_are_the_maps_largest_and_mean(case: Case, batch_size: int) -> None:
    model = built(case)
    images = bytes_for(model, 3)
    mean, std = [0.5] * len(images[0]), [0.25] * len(images[0])
    for row in layer_rows(model):
        with torch.no_grad(), capture(model, [row.name]) as outputs:
            model(network_input(images, mean, std))
        flat = outputs[row.name].flatten(2) if outputs[row.name].dim() == 4 else None
        for statistic in ("largest", "mean"):
            values = channel_values(model, images, mean, std, row.name, statistic, batch_size)
            if flat is None:
                expected = outputs[row.name]
            else:
                expected = flat.amax(2) if statistic == "largest" else flat.mean(2)
            np.testing.assert_allclose(values, expected, atol=1e-5)


def test_out_of_range_gets_a_sentence() -> None:
    with pytest.raises(UserError, match=r"channel .* \[0, 0\], got 1"):
        class_histogram(VALUES, LABELS, 1, 3)
    with pytest.raises(UserError, match=r"bins must lie in \[1, 1000\], got 0"):
        class_histogram(VALUES, LABELS, 0, 3, bins=0)
    histogram = class_histogram(VALUES, LABELS, 0, 3, bins=4)
    with pytest.raises(UserError, match=r"bar .* \[0, 3\], got 4"):
        images_in_bar(VALUES, LABELS, 0, histogram, 4)
