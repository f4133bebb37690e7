"""What the gallery reads: similarity for every image of a file, learnt from or not."""

import numpy as np
import pytest

from core import datasets
from core.datasets import Overlay
from dashboard import loaders, review_loaders
from tests.dashboard.trained import train


@pytest.mark.parametrize("kept_out", ["limit", "decision"])
def test_images_at_the_end_that_the_run_has_not_learnt_from_are_only_unlike(store, kept_out):
    digits = datasets.load("digits")
    size = len(digits.train_labels)
    if kept_out == "limit":
        run = train(store, "data.train_limit=300", "data.split_seed=1")
    else:
        left_out = Overlay("digits", digits.fingerprint, {}, (size - 1,))
        run = train(store, overlay=left_out)
    parts = loaders.splits(run)
    there = np.concatenate([parts.index(name).numpy() for name in ("train", "validation")])
    assert there.max() < size - 1, "the case that is meant"
    cosines = review_loaders.similarity(run, 2, "train", int(there[0]))
    assert len(cosines) == size
    assert np.isfinite(cosines[there]).all()
    assert np.isnan(np.delete(cosines, there)).all()
