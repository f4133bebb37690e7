"""What a lasso has caught, as the address keeps it: where it was drawn, and its few corners.

A lasso is not a list of images but a question to a map that never changes: these corners, on this
epoch's map. So a copied address catches the same images again, and as the epoch slider moves they
stay the same ones, wherever they go.

``lasso:<run>.<t or v>,<piece>,<piece> …`` with pieces ``<map><epoch>-<frame>.<colours>.<corners>``:
``p`` for PCA, in the frame of an epoch, ``s`` for t-SNE; a capital takes out of the choice what a
small letter adds. Colours name the entries of the legend that were hidden, in bits: never those of
tags, which hold other images tomorrow. A corner takes four letters, twelve bits a direction.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

KIND = "lasso"
LONGEST = 1_500  # characters: any browser takes an address of so many

Map = Literal["pca", "tsne"]
Mode = Literal["true", "predicted", "outcome", "confidence", "tag"]
Corners = tuple[tuple[int, int], ...]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VALUES = {letter: value for value, letter in enumerate(_LETTERS)}
_MAPS: dict[str, Map] = {"p": "pca", "s": "tsne"}
_MODES: dict[str, Mode] = {
    "t": "true", "p": "predicted", "o": "outcome", "c": "confidence", "g": "tag",
}  # fmt: skip
_SPLITS = {"t": "test", "v": "validation"}
_HEAD = re.compile(r"lasso:([A-Za-z0-9][A-Za-z0-9_-]{0,79})\.([tv])")
_PIECE = re.compile(
    r"([psPS])([0-9]{1,6})-([0-9]{1,6})\.([tpocg])([0-9a-f]{1,300})\.((?:[A-Za-z0-9_-]{4}){3,400})"
)
# A corner's place c in [0, 4095] stands for 17 c − 2040: a little beyond the grid on either side.
_STEP, _START = 17, -2040


@dataclass(frozen=True)
class Piece:
    """One line drawn on a map.

    Attributes:
        map: which.
        epoch: of the map it was drawn on.
        frame: the epoch that the frame of a PCA was fitted to; the epoch itself for t-SNE.
        mode: what the colours meant.
        hidden: entries of the legend whose points were hidden, and so not caught.
        corners: steps in [0, 4095].
        adds: whether it adds to what was caught before, or takes out of it.
    """

    map: Map
    epoch: int
    frame: int
    mode: Mode
    hidden: tuple[int, ...]
    corners: Corners
    adds: bool = True

    def stays(self) -> bool:
        """Whether it catches the same images for ever: tags that were hidden may change."""
        return self.mode != "tag" or not self.hidden

    def polygon(self) -> NDArray[np.int64]:
        """(V, 2) the corners on the grid of `core.review.lasso`."""
        return np.array(self.corners, np.int64) * _STEP + _START


@dataclass(frozen=True)
class Lasso:
    """The lines drawn around images of a split, in their order.

    Attributes:
        run: the id of the run on whose maps they were drawn.
        split: ``validation`` or ``test``.
        pieces: at least one.
    """

    run: str
    split: str
    pieces: tuple[Piece, ...]


def written(lasso: Lasso) -> str | None:
    """The lasso as `selection.Selection.group` keeps it; None where it is too long for that."""
    head = f"{KIND}:{lasso.run}.{lasso.split[0]}"
    text = ",".join([head, *(_piece(piece) for piece in lasso.pieces)])
    return text if len(text) <= LONGEST else None


def read(text: str | None) -> Lasso | None:
    """The lasso that `written` wrote; None for any other text."""
    head, *pieces = (text or "").split(",")
    found = _HEAD.fullmatch(head)
    matches = [_PIECE.fullmatch(piece) for piece in pieces]
    if found is None or not matches or len(text or "") > LONGEST:
        return None
    known = tuple(_read_piece(match) for match in matches if match is not None)
    if len(known) < len(matches) or not all(piece.stays() for piece in known):
        return None
    return Lasso(found[1], _SPLITS[found[2]], known)


def _piece(piece: Piece) -> str:
    letter = _letter(_MAPS, piece.map)
    bits = sum(1 << number for number in set(piece.hidden))
    return (
        f"{letter if piece.adds else letter.upper()}{piece.epoch}-{piece.frame}"
        f".{_letter(_MODES, piece.mode)}{bits:x}.{''.join(_packed(piece.corners))}"
    )


def _letter(names: dict[str, Map] | dict[str, Mode], wanted: str) -> str:
    return next(letter for letter, name in names.items() if name == wanted)


def _packed(corners: Sequence[tuple[int, int]]) -> Iterator[str]:
    for corner in corners:
        for number in corner:
            yield _LETTERS[number >> 6] + _LETTERS[number & 63]


def _read_piece(match: re.Match[str]) -> Piece:
    letter, epoch, frame, mode, bits, letters = match.groups()
    values = [_VALUES[letter] for letter in letters]
    numbers = [high << 6 | low for high, low in zip(values[::2], values[1::2], strict=True)]
    hidden = int(bits, 16)
    return Piece(
        map=_MAPS[letter.lower()],
        epoch=int(epoch),
        frame=int(frame),
        mode=_MODES[mode],
        hidden=tuple(number for number in range(hidden.bit_length()) if hidden >> number & 1),
        corners=tuple(zip(numbers[::2], numbers[1::2], strict=True)),
        adds=letter.islower(),
    )
