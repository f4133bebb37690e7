"""How tags, notes and decisions stand in a file: strict JSON that is checked before it is believed.

::

    {"format": "convscope-review", "version": 1,
     "dataset": "mnist", "fingerprint": "…", "classes": ["0", "1", …],
     "tags": {"smudged": {"train": [12, 408], "test": [9]}},
     "notes": {"train": {"12": "the loop is open"}, "test": {}},
     "decisions": {"train": {"12": {"kind": "mislabelled", "label": 6}}, "test": {}}}

Images are named by the file they come from, ``train`` (validation images are drawn from it) or
``test``, and their place in it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from core.datasets.dataset import FILES
from core.errors import ReviewError
from core.review.marks import Annotations, Decision, note_text, tag_name
from core.run_files import to_json_bytes

if TYPE_CHECKING:
    from core.datasets import Dataset

FORMAT = "convscope-review"
VERSION = 1
MOST_TAGS = 200
MOST_BYTES = 64_000_000  # of a file: each of 60,000 images in one tag takes 0.35 MB


def check_image(dataset: Dataset, file: str, index: int) -> None:
    """Refuses an image that the data set does not have.

    Raises:
        ReviewError: if there is no such file, or no such place in it.
    """
    if file not in FILES:
        raise ReviewError(f"images are in the file {' or '.join(FILES)}, got {file!r}")
    _check_whole(index)
    size = len(dataset.labels_of(file))
    if not 0 <= index < size:
        raise ReviewError(
            f"the {file} file of {dataset.title} has images 0 to {size - 1:,}, got {index:,}"
        )


def check_images(dataset: Dataset, file: str, indices: Collection[int]) -> None:
    """`check_image` of each of them; of many, the ends tell where all of them lie."""
    for index in indices:
        _check_whole(index)
    for index in (min(indices), max(indices)) if indices else ():
        check_image(dataset, file, index)


def _check_whole(index: object) -> None:
    if isinstance(index, bool) or not hasattr(index, "__index__"):
        raise ReviewError(f"images have whole numbers, got {index!r}")


def check_decision(dataset: Dataset, file: str, index: int, decision: Decision) -> None:
    """Refuses a new label that is no class, or the one the image has already.

    Raises:
        ReviewError: for such a label, or an unknown image.
    """
    check_image(dataset, file, index)
    label = decision.label
    if label is None:
        return
    if not 0 <= label < dataset.num_classes:
        raise ReviewError(f"a label must lie in [0, {dataset.num_classes - 1}], got {label}")
    if int(dataset.labels_of(file)[index]) == label:
        raise ReviewError(
            f"image {index:,} of the {file} file is labelled {dataset.classes[label]} already; a "
            "mislabelled one needs another label"
        )


def to_bytes(annotations: Annotations) -> bytes:
    """The file's content.

    Raises:
        ReviewError: if `from_bytes` would refuse it for its size.
    """
    data = to_json_bytes(_values(annotations), compact=True)
    if len(data) > MOST_BYTES:
        raise ReviewError(
            f"the review file would have {len(data):,} bytes, and it can have {MOST_BYTES:,}; "
            "delete a tag that is not needed, or shorten notes"
        )
    return data


def _values(annotations: Annotations) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "dataset": annotations.dataset,
        "fingerprint": annotations.fingerprint,
        "classes": list(annotations.classes),
        "tags": {
            name: {file: sorted(indices) for file, indices in images.items() if indices}
            for name, images in annotations.tags.items()
        },
        "notes": {file: _by_text(notes) for file, notes in annotations.notes.items()},
        "decisions": {
            file: _by_text({index: _plain(decision) for index, decision in decided.items()})
            for file, decided in annotations.decisions.items()
        },
    }


def from_bytes(data: bytes, dataset: Dataset, where: str, remedy: str = "") -> Annotations:
    """What a file's content says about the images of a data set.

    Args:
        data: the content.
        dataset: whose images it must speak of.
        where: what to call the file in an error.
        remedy: what to do about a file that is damaged or none of these.

    Raises:
        ReviewError: if it is damaged, too large, newer, or of another data set.
    """
    remedy = f"; {remedy}" if remedy else ""
    values = _json(data, where, remedy)
    if values.get("format") != FORMAT:
        raise ReviewError(f"{where} is no review file of ConvScope{remedy}")
    version = values.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _damaged(where, remedy)
    if version > VERSION:
        raise ReviewError(
            f"{where} was written by a newer ConvScope (format {version}, this one reads "
            f"{VERSION}); update ConvScope"
        )
    _check_dataset(values, dataset, where)
    try:
        return _read(values, dataset)
    except ReviewError as error:
        raise ReviewError(f"{where} is damaged: {error}{remedy}") from None
    except (TypeError, ValueError, KeyError, AttributeError):
        raise _damaged(where, remedy) from None


def _json(data: bytes, where: str, remedy: str) -> dict[str, Any]:
    if len(data) > MOST_BYTES:
        raise ReviewError(
            f"{where} has {len(data):,} bytes; a review file has {MOST_BYTES:,} at most"
        )
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        raise _damaged(where, remedy) from None
    if not isinstance(values, dict):
        raise _damaged(where, remedy)
    return values


def _damaged(where: str, remedy: str) -> ReviewError:
    return ReviewError(f"{where} is damaged and cannot be read{remedy}")


def _check_dataset(values: Mapping[str, Any], dataset: Dataset, where: str) -> None:
    named = values.get("dataset")
    if named != dataset.name:
        raise ReviewError(f"{where} is about the data set {named!r}, not {dataset.name!r}")
    same = values.get("fingerprint") == dataset.fingerprint
    if not same or values.get("classes") != list(dataset.classes):
        raise ReviewError(
            f"{where} is about another version of {dataset.title}: the images, labels or classes "
            "have changed since it was written, so its marks may lie on other images"
        )


def _read(values: Mapping[str, Any], dataset: Dataset) -> Annotations:
    tags = _tags(values["tags"])
    notes = {
        file: {
            _place(index): note
            for index, text in values["notes"][file].items()
            if (note := note_text(text))
        }
        for file in _files(values["notes"])
    }
    decisions = {
        file: {_place(index): _decision(one) for index, one in values["decisions"][file].items()}
        for file in _files(values["decisions"])
    }
    _check_images(dataset, tags, notes)
    for file, decided in decisions.items():
        for index, decision in decided.items():
            check_decision(dataset, file, index, decision)
    return Annotations(
        dataset.name, dataset.fingerprint, dataset.classes, tags, notes, decisions
    )  # fmt: skip


def _tags(values: Mapping[str, Any]) -> dict[str, dict[str, frozenset[int]]]:
    """The tags by the names under which they are kept: two that become one share their images."""
    tags: dict[str, dict[str, frozenset[int]]] = {}
    for name, images in values.items():
        kept = tags.setdefault(tag_name(name), {})
        for file in _files(images):
            kept[file] = kept.get(file, frozenset()).union(map(_whole, images[file]))
    if len(tags) > MOST_TAGS:
        raise ReviewError(f"it has {len(tags)} tags, and there can be {MOST_TAGS}")
    return tags


def _check_images(
    dataset: Dataset,
    tags: Mapping[str, Mapping[str, frozenset[int]]],
    notes: Mapping[str, Mapping[int, str]],
) -> None:
    for images in (*tags.values(), notes):
        for file, indices in images.items():
            check_images(dataset, file, indices)


def _files(images: Mapping[str, Any]) -> list[str]:
    unknown = set(images) - set(FILES)
    if unknown:
        raise ReviewError(f"it speaks of a file {min(unknown)!r}")
    return [file for file in FILES if file in images]


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{value!r} is no place of an image")
    return value


def _place(name: str) -> int:
    """The image that a JSON key stands for; written in two ways, one image would have two marks."""
    if str(int(name)) != name:
        raise ValueError(f"{name!r} is no place of an image")
    return int(name)


def _decision(values: Mapping[str, Any]) -> Decision:
    label = values.get("label")
    return Decision(values["kind"], None if label is None else _whole(label))


def _plain(decision: Decision) -> dict[str, Any]:
    label = {} if decision.label is None else {"label": decision.label}
    return {"kind": decision.kind, **label}


def _by_text(values: Mapping[int, Any]) -> dict[str, Any]:
    return {str(index): values[index] for index in sorted(values)}
