"""What one change of tags, notes or decisions did, mark by mark, so that it can be undone.

A mark is a tag on an image, a note or a decision. Others may write the same file meanwhile, so
undoing never puts a whole file back: only marks that still are as the change left them become what
they were before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from core.datasets.dataset import FILES
from core.errors import ReviewError
from core.review.annotation_file import MOST_TAGS
from core.review.marks import Annotations, Decision

Images = frozenset[int]
Tags = dict[str, dict[str, Images]]
_Mark = TypeVar("_Mark")
Swaps = Mapping[str, Mapping[int, tuple[_Mark | None, _Mark | None]]]


@dataclass(frozen=True)
class Change:
    """The difference between what was said before and after.

    Attributes:
        dataset: the data set's name.
        fingerprint: of the data set.
        tags: tag -> file -> the images that got it, and those that lost it.
        made: tags that there were not before, in their order.
        deleted: tags that there are no longer, and the place of each among all, from 0.
        notes: file -> index -> the note before and after; None for none.
        decisions: file -> index -> the decision before and after; None for none.
    """

    dataset: str
    fingerprint: str
    tags: Mapping[str, Mapping[str, tuple[Images, Images]]] = field(default_factory=dict)
    made: tuple[str, ...] = ()
    deleted: Mapping[str, int] = field(default_factory=dict)
    notes: Swaps[str] = field(default_factory=dict)
    decisions: Swaps[Decision] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing has become different."""
        return not (self.tags or self.made or self.deleted or self.notes or self.decisions)

    @property
    def images(self) -> dict[str, Images]:
        """File -> indices of all images that it was about; files without any are left out."""
        found = {
            file: frozenset().union(
                *(part for files in self.tags.values() for part in files.get(file, ())),
                self.notes.get(file, ()),
                self.decisions.get(file, ()),
            )
            for file in FILES
        }
        return {file: indices for file, indices in found.items() if indices}


@dataclass(frozen=True)
class Undone:
    """What undoing a change did.

    Attributes:
        restored: marks that are as before the change again; a tag that came back or went is one,
            too.
        left: marks that have been changed since by others, and stay as they are.
    """

    restored: int
    left: int


def difference(before: Annotations, after: Annotations) -> Change:
    """What has become different."""
    tags = {
        name: files for name in {**before.tags, **after.tags}
        if (files := _moved(before, after, name))
    }  # fmt: skip
    return Change(
        dataset=after.dataset,
        fingerprint=after.fingerprint,
        tags=tags,
        made=tuple(name for name in after.tags if name not in before.tags),
        deleted={
            name: place for place, name in enumerate(before.tags) if name not in after.tags
        },
        notes=_swapped(before.notes, after.notes),
        decisions=_swapped(before.decisions, after.decisions),
    )  # fmt: skip


def undone(now: Annotations, change: Change) -> tuple[Annotations, Undone]:
    """What is said once a change is undone, where it still stands.

    Args:
        now: what is said, maybe by others since.
        change: what is to be undone.

    Raises:
        ReviewError: if the change was of another data set, or tags that come back are too many.
    """
    if (now.dataset, now.fingerprint) != (change.dataset, change.fingerprint):
        raise ReviewError(
            f"this change was about images of {change.dataset} that are not there any more; it "
            "cannot be undone"
        )
    tags, *of_tags = _tags_before(now, change)
    if len(tags) > max(MOST_TAGS, len(now.tags)):
        raise ReviewError(
            f"there can be {MOST_TAGS} tags; delete one, and then undo the change once more"
        )
    notes, *of_notes = _put_back(now.notes, change.notes)
    decisions, *of_decisions = _put_back(now.decisions, change.decisions)
    counts = [sum(parts) for parts in zip(of_tags, of_notes, of_decisions, strict=True)]
    return replace(now, tags=tags, notes=notes, decisions=decisions), Undone(*counts)


def _moved(before: Annotations, after: Annotations, name: str) -> dict[str, tuple[Images, Images]]:
    """File -> who got a tag, and who lost it."""
    sides = ((file, before.tagged(name, file), after.tagged(name, file)) for file in FILES)
    return {file: (now - was, was - now) for file, was, now in sides if now != was}


def _swapped(
    before: Mapping[str, Mapping[int, _Mark]], after: Mapping[str, Mapping[int, _Mark]]
) -> dict[str, dict[int, tuple[_Mark | None, _Mark | None]]]:
    found = {}
    for file in FILES:
        was, now = before.get(file, {}), after.get(file, {})
        pairs = {index: (was.get(index), now.get(index)) for index in {**was, **now}}
        found[file] = {index: pair for index, pair in pairs.items() if pair[0] != pair[1]}
    return {file: pairs for file, pairs in found.items() if pairs}


def _tags_before(now: Annotations, change: Change) -> tuple[Tags, int, int]:
    """The tags as they were, how many marks were put back, and how many not."""
    tags, restored = _with_deleted(now, change.deleted)
    left = 0
    for name, files in change.tags.items():
        for file, (got, lost) in files.items():
            if name not in tags:  # deleted by others: it is not made again behind their back
                left += len(got) + len(lost)
                continue
            has = tags[name].get(file, frozenset())
            back, off = lost - has, got & has
            restored += len(back) + len(off)
            left += len(lost & has) + len(got - has)
            tags[name][file] = (has | back) - off
    for name in change.made:
        if name in tags and not any(tags[name].values()):
            del tags[name]
            restored += 1
    return tags, restored, left


def _with_deleted(now: Annotations, deleted: Mapping[str, int]) -> tuple[Tags, int]:
    """All tags, those that were deleted at their old places, and how many came back."""
    names = list(now.tags)
    missing = [name for name in deleted if name not in now.tags]
    for name in missing:  # in the order of their places
        names.insert(deleted[name], name)
    return {name: dict(now.tags.get(name, {})) for name in names}, len(missing)


def _put_back(
    now: Mapping[str, Mapping[int, _Mark]], swaps: Swaps[_Mark]
) -> tuple[dict[str, dict[int, _Mark]], int, int]:
    """The marks as they were, how many were put back, and how many not."""
    marks = {file: dict(there) for file, there in now.items()}
    restored = left = 0
    for file, pairs in swaps.items():
        there = marks.setdefault(file, {})
        for index, (was, became) in pairs.items():
            if there.get(index) != became:
                left += 1
                continue
            restored += 1
            there.pop(index, None)
            if was is not None:
                there[index] = was
    return marks, restored, left
