"""What reviewers say about images: tags, notes and decisions, in a file of their own.

One file a data set, ``<data folder>/reviews/<data set>.json``: the data itself is never touched.
Every change reads the file, changes it and replaces it as a whole, under a lock, so that two tabs
or two processes lose nothing of each other's. What a change did can be noticed, and undone where it
still stands. A tag is a named set of images, and so is a slice.
`core.review.annotation_file` describes the format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from core.datasets.dataset import FILES
from core.datasets.download import default_folder
from core.errors import ReviewError
from core.review.annotation_file import (
    MOST_TAGS,
    check_decision,
    check_image,
    check_images,
    from_bytes,
    to_bytes,
)
from core.review.changes import Change, Undone, difference, undone
from core.review.marks import (
    KINDS,
    LONGEST_NAME,
    LONGEST_NOTE,
    Annotations,
    Decision,
    Kind,
    file_of,
    note_text,
    tag_name,
)
from core.review.merging import Merged, merged
from core.run_files import disk_errors, held, write_atomic

if TYPE_CHECKING:
    from core.datasets import Dataset

__all__ = [
    "FILES", "KINDS", "LONGEST_NAME", "LONGEST_NOTE", "Annotations", "Change", "Decision", "Kind",
    "Merged", "Undone", "decide", "decide_many", "delete_tag", "export_bytes", "file_of",
    "import_file", "load", "noticed", "path_of", "set_note", "tag", "undo", "untag",
]  # fmt: skip

_LOCK_SECONDS = 10.0
_Told = TypeVar("_Told")
_heard: ContextVar[list[Change] | None] = ContextVar("_heard", default=None)


def path_of(dataset: Dataset, folder: Path | None = None) -> Path:
    """The review file of a data set, whether it is there yet or not.

    Args:
        dataset: whose.
        folder: of the data; None takes CONVSCOPE_DATA, or ``data``.
    """
    return (default_folder() if folder is None else folder) / "reviews" / f"{dataset.name}.json"


def load(dataset: Dataset, folder: Path | None = None) -> Annotations:
    """What is said about the images of a data set; nothing where there is no file yet.

    Raises:
        ReviewError: if the file is damaged, newer, or of another data set.
    """
    path = path_of(dataset, folder)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Annotations(dataset.name, dataset.fingerprint, dataset.classes)
    except OSError as error:
        raise ReviewError(f"{path} cannot be read ({error.strerror or error})") from None
    remedy = "move it away, or put an exported copy in its place"
    return from_bytes(data, dataset, str(path), remedy)


def tag(
    dataset: Dataset, file: str, indices: Iterable[int], name: str, folder: Path | None = None
) -> Annotations:
    """Adds images to a tag, which is made when there is none of this name; without images, too.

    Raises:
        ReviewError: if the name is empty or too long, an image is not there, there are too many
            tags, or the file cannot be used.
        DiskError: if it cannot be written.
    """
    name, wanted = tag_name(name), _checked(dataset, file, indices)

    def change(before: Annotations) -> Annotations:
        if name not in before.tags and len(before.tags) >= MOST_TAGS:
            raise ReviewError(f"there can be {MOST_TAGS} tags; delete one that is not needed")
        return _with_tagged(before, file, name, before.tagged(name, file) | wanted)

    return _changed(dataset, folder, change)


def untag(
    dataset: Dataset, file: str, indices: Iterable[int], name: str, folder: Path | None = None
) -> Annotations:
    """Takes images out of a tag, which stays when it gets empty; an unknown one changes nothing."""
    wanted = _checked(dataset, file, indices)

    def change(before: Annotations) -> Annotations:
        if name not in before.tags:
            return before
        return _with_tagged(before, file, name, before.tagged(name, file) - wanted)

    return _changed(dataset, folder, change)


def delete_tag(dataset: Dataset, name: str, folder: Path | None = None) -> Annotations:
    """Takes a tag off all its images, in both files; an unknown one changes nothing."""
    return _changed(
        dataset,
        folder,
        lambda before: replace(
            before, tags={other: images for other, images in before.tags.items() if other != name}
        ),
    )


def set_note(
    dataset: Dataset, file: str, index: int, text: str, folder: Path | None = None
) -> Annotations:
    """Replaces the note on an image; an empty text removes it.

    Raises:
        ReviewError: if the text is too long, or there is no such image.
    """
    check_image(dataset, file, index)
    note = note_text(text)

    def change(before: Annotations) -> Annotations:
        notes = dict(before.notes.get(file, {}))
        notes.pop(index, None)
        return replace(
            before, notes={**before.notes, file: {**notes, **({index: note} if note else {})}}
        )

    return _changed(dataset, folder, change)


def decide(
    dataset: Dataset,
    file: str,
    index: int,
    decision: Decision | None,
    folder: Path | None = None,
) -> Annotations:
    """Replaces the decision about an image; None takes it back.

    Raises:
        ReviewError: if the new label is no class or the one it has, or there is no such image.
    """
    return decide_many(dataset, file, {index: decision}, folder)


def decide_many(
    dataset: Dataset,
    file: str,
    decisions: Mapping[int, Decision | None],
    folder: Path | None = None,
) -> Annotations:
    """`decide` for several images of a file at once: all of them, or none if one is refused."""
    for index, decision in decisions.items():
        check_image(dataset, file, index)
        if decision is not None:
            check_decision(dataset, file, index, decision)

    def change(before: Annotations) -> Annotations:
        merged = {**before.decisions.get(file, {}), **decisions}
        kept = {index: decision for index, decision in merged.items() if decision is not None}
        return replace(before, decisions={**before.decisions, file: kept})

    return _changed(dataset, folder, change)


def import_file(dataset: Dataset, data: bytes, folder: Path | None = None) -> Merged:
    """Adds what a file from elsewhere says; where it differs from what is here, that stays.

    Raises:
        ReviewError: if it is damaged, newer, or of another data set.
    """
    remedy = "choose a review file as it was exported, or export it once more"
    theirs = from_bytes(data, dataset, "the file", remedy)
    return _changed_and_told(dataset, folder, lambda before: merged(before, theirs))


def export_bytes(dataset: Dataset, folder: Path | None = None) -> bytes:
    """The review file's content, also while there is none yet; `import_file` reads it."""
    return to_bytes(load(dataset, folder))


@contextmanager
def noticed() -> Iterator[list[Change]]:
    """What this thread changes within the block, in its order; `undo` takes each of them back."""
    changes: list[Change] = []
    token = _heard.set(changes)
    try:
        yield changes
    finally:
        _heard.reset(token)


def undo(dataset: Dataset, change: Change, folder: Path | None = None) -> Undone:
    """Takes back a change that was `noticed`, but for what others have changed since.

    Raises:
        ReviewError: if it was of other data, tags that come back are too many, or the file cannot
            be used.
        DiskError: if it cannot be written.
    """
    return _changed_and_told(dataset, folder, lambda now: undone(now, change))


def _changed(
    dataset: Dataset, folder: Path | None, change: Callable[[Annotations], Annotations]
) -> Annotations:
    def both(before: Annotations) -> tuple[Annotations, Annotations]:
        after = change(before)
        return after, after

    return _changed_and_told(dataset, folder, both)


def _changed_and_told(
    dataset: Dataset,
    folder: Path | None,
    change: Callable[[Annotations], tuple[Annotations, _Told]],
) -> _Told:
    """Keeps what a change makes of the file, and gives what it tells besides."""
    with _writing(path_of(dataset, folder)) as path:
        before = load(dataset, folder)
        after, told = change(before)
        # Not `after != before`: no note at all and no note on a file's images say the same.
        if not (done := difference(before, after)).is_empty:
            write_atomic(path, to_bytes(after))
            if (changes := _heard.get()) is not None:
                changes.append(done)
    return told


@contextmanager
def _writing(path: Path) -> Iterator[Path]:
    with disk_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise ReviewError(f"{error.filename} is a file where a folder is needed") from None
    busy = f"{path} is being written by another process; try again"
    with held(path.with_name(f".{path.stem}.lock"), timeout=_LOCK_SECONDS, busy=busy):
        yield path


def _checked(dataset: Dataset, file: str, indices: Iterable[int]) -> frozenset[int]:
    wanted = frozenset(indices)
    check_images(dataset, file, wanted)
    return frozenset(map(int, wanted))


def _with_tagged(before: Annotations, file: str, name: str, indices: frozenset[int]) -> Annotations:
    images = {**before.tags.get(name, {}), file: indices}
    return replace(before, tags={**before.tags, name: images})
