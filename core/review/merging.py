"""What two review files of a data set say together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from core.datasets.dataset import FILES
from core.errors import ReviewError
from core.review.annotation_file import MOST_TAGS
from core.review.marks import Annotations

_Mark = TypeVar("_Mark")


@dataclass(frozen=True)
class Merged:
    """What an imported file has brought.

    Attributes:
        tags: images that got a tag they did not have, each tag counted.
        notes: notes on images that had none.
        decisions: decisions on images that had none.
        kept: notes and decisions that differ from one's own, which stayed.
    """

    tags: int
    notes: int
    decisions: int
    kept: int


def merged(ours: Annotations, theirs: Annotations) -> tuple[Annotations, Merged]:
    """Both together, and what theirs has brought; where they differ, ours stays.

    Raises:
        ReviewError: if together there are too many tags.
    """
    tags = {name: dict(images) for name, images in ours.tags.items()}
    added = 0
    for name, images in theirs.tags.items():
        for file, indices in images.items():
            added += len(indices - ours.tagged(name, file))
            tags.setdefault(name, {})[file] = ours.tagged(name, file) | indices
        tags.setdefault(name, {})
    if len(tags) > MOST_TAGS:
        raise ReviewError(f"together that would be {len(tags)} tags, and there can be {MOST_TAGS}")
    notes, new_notes, kept_notes = _together(ours.notes, theirs.notes)
    decisions, new_decisions, kept_decisions = _together(ours.decisions, theirs.decisions)
    both = replace(ours, tags=tags, notes=notes, decisions=decisions)
    return both, Merged(added, new_notes, new_decisions, kept_notes + kept_decisions)


def _together(
    ours: Mapping[str, Mapping[int, _Mark]], theirs: Mapping[str, Mapping[int, _Mark]]
) -> tuple[dict[str, dict[int, _Mark]], int, int]:
    """The marks of both, how many are new to ours, and how many of ours differ and stayed."""
    both, new, kept = {}, 0, 0
    for file in FILES:
        own, foreign = ours.get(file, {}), theirs.get(file, {})
        both[file] = {**foreign, **own}
        new += len(foreign.keys() - own.keys())
        kept += sum(own[index] != foreign[index] for index in own.keys() & foreign.keys())
    return both, new, kept
