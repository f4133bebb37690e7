"""What can be said about an image: tags, a note, a decision. Values only; no file is touched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from core.datasets.dataset import FILES
from core.errors import ReviewError

LONGEST_NAME = 40  # characters of a tag's name
LONGEST_NOTE = 2_000

Kind = Literal["mislabelled", "ambiguous", "left out", "confirmed"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_CONTROL_IN_NOTE = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)


@dataclass(frozen=True)
class Decision:
    """What a reviewer has decided about an image.

    Attributes:
        kind: ``mislabelled`` (the label is wrong), ``ambiguous`` (several labels could be right),
            ``left out`` (no network should learn from it) or ``confirmed`` (the label is right).
        label: class index of what a mislabelled image should be; None for the other kinds.

    Raises:
        ReviewError: for an unknown kind, a mislabelled image without a label, or a label elsewhere.
    """

    kind: Kind
    label: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ReviewError(f"a decision must be one of {', '.join(KINDS)}, got {self.kind!r}")
        if (self.kind == "mislabelled") != (self.label is not None):
            raise ReviewError(
                "a mislabelled image needs the label that it should have, and no other decision "
                f"has one; got {self.kind} with label {self.label}"
            )

    @property
    def objects(self) -> bool:
        """Whether it holds something against the image or its label."""
        return self.kind != "confirmed"


@dataclass(frozen=True)
class Annotations:
    """Everything that is said about the images of a data set; read-only.

    Attributes:
        dataset: the data set's name.
        fingerprint: of the data set.
        classes: names by class index.
        tags: tag -> file -> indices, in the order in which the tags were made; a tag without
            images stays until it is deleted.
        notes: file -> index -> text.
        decisions: file -> index -> decision.
    """

    dataset: str
    fingerprint: str
    classes: tuple[str, ...]
    tags: Mapping[str, Mapping[str, frozenset[int]]] = field(default_factory=dict)
    notes: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    decisions: Mapping[str, Mapping[int, Decision]] = field(default_factory=dict)

    def tags_of(self, file: str, index: int) -> tuple[str, ...]:
        """The tags of an image, in the tags' order."""
        return tuple(name for name in self.tags if index in self.tagged(name, file))

    def tagged(self, name: str, file: str) -> frozenset[int]:
        """Indices of the images with a tag; none for an unknown one."""
        return self.tags.get(name, {}).get(file, frozenset())

    def tag_counts(self, file: str | None = None) -> dict[str, int]:
        """Images of each tag, in a file or in both."""
        files = FILES if file is None else (file,)
        return {name: sum(len(self.tagged(name, one)) for one in files) for name in self.tags}

    def note_of(self, file: str, index: int) -> str:
        """The note on an image; empty where there is none."""
        return self.notes.get(file, {}).get(index, "")

    def decision_of(self, file: str, index: int) -> Decision | None:
        """What was decided about an image; None where nothing was."""
        return self.decisions.get(file, {}).get(index)

    def decision_counts(self, file: str | None = None) -> dict[Kind, int]:
        """Images of each kind of decision, in a file or in both."""
        files = FILES if file is None else (file,)
        kinds = [one.kind for name in files for one in self.decisions.get(name, {}).values()]
        return {kind: kinds.count(kind) for kind in KINDS}


def file_of(split: str) -> str:
    """The file that a split's indices count in: validation images come from the train file."""
    return "test" if split == "test" else "train"


def tag_name(name: str) -> str:
    """The name as it is kept: on one line, without invisible characters or spaces around it.

    Raises:
        ReviewError: if it is empty or too long.
    """
    # The rule by which the address takes a name: what it cannot name could not be filtered by.
    seen = (character if character.isprintable() else " " for character in name)
    line = " ".join("".join(seen).split())
    if not 0 < len(line) <= LONGEST_NAME:
        raise ReviewError(f"a tag's name must have 1 to {LONGEST_NAME} characters, got {len(line)}")
    return line


def note_text(text: str) -> str:
    """The note as it is kept; line breaks stay.

    Raises:
        ReviewError: if it is too long.
    """
    plain = _CONTROL_IN_NOTE.sub(" ", text.replace("\r\n", "\n")).strip()
    if len(plain) > LONGEST_NOTE:
        raise ReviewError(f"a note can have {LONGEST_NOTE:,} characters, got {len(plain):,}")
    return plain
