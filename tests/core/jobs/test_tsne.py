"""t-SNE as an analysis: what is kept is what the function lays out, and it can be stopped."""

import itertools

import numpy as np
import pytest

from core.datasets import load, split
from core.inspection.neighbours import embed
from core.jobs.analysis import Analysis, arrays, look, stop, work
from core.jobs.analyst import KINDS, MINUTES
from core.predictor import Predictor
from core.review.embedding import tsne
from core.runs import Run, RunStore
from tests.dashboard.trained import train

ARGUMENTS = {"split": "validation", "perplexity": 12.0, "seed": 4}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(RunStore(tmp_path_factory.mktemp("store")))


def parts_of(run: Run, wanted: Analysis):
    wanted.path(run).parent.mkdir(parents=True, exist_ok=True)
    return KINDS["tsne"](run, wanted.epoch, **wanted.arguments)


def test_what_is_kept_is_what_the_function_lays_out(run: Run) -> None:
    wanted = Analysis("tsne", 1, ARGUMENTS)
    parts = list(parts_of(run, wanted))
    steps = [part for part in parts if isinstance(part, tuple)]
    assert steps[0] == (0, 750) and steps[-1] == (750, 750)
    work(run, wanted, iter(parts))
    asked = Predictor.of(run, 1)
    images = split(load("digits"), run.config.data).images("validation")
    *_, expected = tsne(embed(asked.model, images, asked.mean, asked.std), 12.0, 4)
    np.testing.assert_array_equal(arrays(run, wanted)["points"], expected.points)
    assert look(run, wanted).result == {"images": len(images)}


def test_it_ends_within_ten_iterations_of_being_asked_to(run: Run) -> None:
    wanted = Analysis("tsne", 2, ARGUMENTS)
    parts = parts_of(run, wanted)

    def with_a_stop():
        yield from itertools.islice(parts, 3)
        stop(run, wanted)
        yield from parts

    work(run, wanted, with_a_stop())
    state = look(run, wanted)
    assert (state.state, state.done, state.total) == ("stopped", 30, 750)


def test_everything_else_goes_first() -> None:
    assert "tsne" in MINUTES
