"""What two review files of a data set say together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.datasets.dataset import FILES
from core.errors import ReviewError
from core.review.annotation_file import MOST_TAGS
from core.review.marks import Annotations


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
    added = kept = 0
    for name, images in theirs.tags.items():
        for file, indices in images.items():
            added += len(indices - ours.tagged(name, file))
            tags.setdefault(name, {})[file] = ours.tagged(name, file) | indices
        tags.setdefault(name, {})
    if len(tags) > MOST_TAGS:
        raise ReviewError(f"together that would be {len(tags)} tags, and there can be {MOST_TAGS}")
    counts = []
    sides: list[dict[str, dict[int, object]]] = []
    for mine, others in ((ours.notes, theirs.notes), (ours.decisions, theirs.decisions)):
        side: dict[str, dict[int, object]] = {}
        for file in FILES:
            own, foreign = dict(mine.get(file, {})), dict(others.get(file, {}))
            kept += sum(own[index] != foreign[index] for index in own.keys() & foreign.keys())
            side[file] = {**foreign, **own}
        counts.append(sum(map(len, side.values())) - sum(len(part) for part in mine.values()))
        sides.append(side)
    both = replace(ours, tags=tags, notes=sides[0], decisions=sides[1])  # type: ignore[arg-type]
    return both, Merged(added, counts[0], counts[1], kept)
