"""The decisions of a review that a run learns with: part of what it computes, so never changed.

They lie in the run's folder, and ``config.json`` holds their SHA-256: a run whose decisions are
gone or different is refused, because without them it would silently be another run.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from core.config import RunConfig
from core.errors import ReviewError, RunError
from core.run_files import sha256

if TYPE_CHECKING:
    from core.datasets.overlay import Overlay

OVERLAY = "overlay.json"


def check_overlay(overlay: "Overlay", config: RunConfig) -> None:
    """Refuses decisions that a run of this configuration cannot learn with.

    Raises:
        ReviewError: if they are about another data set, or leave nothing to learn from.
        DatasetError: if the data set cannot be loaded.
    """
    from core import datasets

    datasets.split(datasets.load(config.data.name), config.data, overlay)


def read_overlay(path: Path, digest: str | None, learner: str) -> "Overlay | None":
    """The decisions in a file; None where there are to be none.

    Args:
        path: the file.
        digest: what it must hash to; None if there are no decisions.
        learner: what learns with them, as an error calls it.

    Raises:
        RunError: if they are missing or damaged.
    """
    if digest is None:
        return None
    from core.datasets.overlay import Overlay

    missing = f"the decisions that {learner} learns with cannot be used: {path.name}"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RunError(f"{missing} cannot be read ({error.strerror})") from None
    if sha256(data) != digest:
        raise RunError(f"{missing} is damaged, its SHA-256 is not the one it should have")
    try:
        return Overlay.from_bytes(data)
    except ReviewError as error:
        raise RunError(f"{missing}: {error}") from None
