"""A data set of a second and networks of a few thousand weights, for every law of the loop."""

from collections.abc import Callable

import pytest

from core.config import RunConfig, with_overrides
from core.datasets import Dataset, load

SMALL = [
    "data.name=digits",
    'model.blocks=[{"channels":4,"pooling":"max"}]',
    'model.dense=[{"width":16}]',
    "training.epochs=2",
    "training.batch_size=64",
]


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return load("digits")


@pytest.fixture
def small() -> Callable[..., RunConfig]:
    """A small run's configuration, with ``group.field=value`` assignments applied."""
    return lambda *assignments: with_overrides(RunConfig(), [*SMALL, *assignments])
