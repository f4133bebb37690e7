"""What a change of tags, notes or decisions was, in a few words; plain text, no Markdown."""

from collections.abc import Sequence

from core.review.changes import Change
from core.review.marks import Decision
from dashboard.text import clean, count, counted


def told(change: Change, classes: Sequence[str]) -> str:
    """As in ``Image 12: ambiguous`` or ``Tag “odd” set on 3 images``.

    Args:
        change: of anything.
        classes: names by class index.
    """
    kinds = (change.tags or change.made or change.deleted, change.notes, change.decisions)
    if sum(map(bool, kinds)) == 1:
        if change.decisions:
            return f"{_images(change).capitalize()}: {_decisions(change, classes)}"
        if change.notes:
            return _notes(change)
        if len(names := {*change.tags, *change.made, *change.deleted}) == 1:
            return _tag(change, names.pop())
    return f"Tags, notes or decisions on {_images(change)}"


def decided(one: Decision | None, classes: Sequence[str]) -> str:
    """A decision as people say it."""
    if one is None:
        return "no decision any more"
    if one.label is not None:
        return f"wrong, should be {clean(classes[one.label], 40)}"
    return "label is right" if one.kind == "confirmed" else one.kind


def _images(change: Change) -> str:
    """``image 12`` or ``3 images``; without any, ``no image``."""
    indices = [index for found in change.images.values() for index in found]
    if len(indices) == 1:
        return f"image {count(indices[0])}"
    return counted(len(indices), "image") if indices else "no image"


def _decisions(change: Change, classes: Sequence[str]) -> str:
    new = {after for pairs in change.decisions.values() for _, after in pairs.values()}
    return decided(new.pop(), classes) if len(new) == 1 else "wrong, should be as suggested"


def _notes(change: Change) -> str:
    gone = all(after is None for pairs in change.notes.values() for _, after in pairs.values())
    where = _images(change)
    return f"Note on {where} removed" if gone else f"Note on {where}"


def _tag(change: Change, name: str) -> str:
    called = f"“{clean(name, 40)}”"
    if name in change.deleted:
        return f"Tag {called} deleted"
    if not change.tags:
        return f"New tag {called}"
    lost = any(lost for _, lost in change.tags[name].values())
    return f"Tag {called} {'taken off' if lost else 'set on'} {_images(change)}"
