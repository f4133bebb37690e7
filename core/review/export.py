"""Images that were found, to be taken elsewhere: a table, as CSV, and a ZIP with the images."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.review.marks import Annotations

if TYPE_CHECKING:
    import pandas as pd

# What a spreadsheet would take for a formula; a name or a note may begin like one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_UNSAFE = re.compile(r"[^A-Za-z0-9]+")
_FIGURES = 4  # significant ones: the half precision that answers are saved in has no more


@dataclass(frozen=True)
class Origin:
    """Where images and answers come from.

    Attributes:
        run: the id of the run.
        epoch: after which it answered; None where the answers are not those of one of its epochs.
        file: ``train`` or ``test``: the file that the indices count in.
        split: what to write as the split.
    """

    run: str
    epoch: int | None
    file: str
    split: str


def export_table(
    rows: pd.DataFrame,
    probabilities: NDArray[Any],
    classes: Sequence[str],
    annotations: Annotations,
    origin: Origin,
) -> pd.DataFrame:
    """One row an image: which one, what the network answered, what is said of it, K probabilities.

    Columns: index (place in the original file), run, epoch (empty where the answers are not those
    of an epoch), split, true and predicted (class names), confidence and margin in [0, 1], loss and
    entropy in nats, tags (separated by ``; ``), decision, should_be (the class a mislabelled one
    should have), note, and ``p(<class>)`` for each class, in [0, 1]. Measured numbers have four
    significant figures.

    Args:
        rows: of `core.evaluation.examples`.
        probabilities: (N, K), which the rows' positions count in.
        classes: names by class index.
        annotations: what is said about the images.
        origin: of rows and probabilities.
    """
    import pandas as pd

    names = np.asarray(classes, dtype=object)
    table = pd.DataFrame(
        {
            "index": rows["index"].to_numpy(),
            "run": origin.run,
            "epoch": "" if origin.epoch is None else origin.epoch,
            "split": origin.split,
            "true": names[rows["true"].to_numpy()],
            "predicted": names[rows["predicted"].to_numpy()],
            **{name: _figures(rows[name]) for name in ("confidence", "loss", "margin", "entropy")},
            **_said(rows, classes, annotations, origin.file),
        }
    )
    values = _figures(probabilities[rows["position"].to_numpy()])
    # By place, not by name: two classes may be called the same.
    shares = pd.DataFrame(values, columns=[f"p({name})" for name in classes])
    return pd.concat([table, shares], axis=1)


def csv_bytes(table: pd.DataFrame) -> bytes:
    """The table as UTF-8 CSV; text that a spreadsheet would take for a formula gets a ``'`` before.

    Class names, tags and notes come from people, and a file that is passed on must not run.
    """
    from pandas.api.types import is_numeric_dtype

    safe = table.rename(columns=_defused)
    for place, kind in enumerate(safe.dtypes):
        if not is_numeric_dtype(kind):
            safe.isetitem(place, [_defused(str(value)) for value in safe.iloc[:, place]])
    data: bytes = safe.to_csv(index=False, lineterminator="\r\n").encode()
    return data


def zip_bytes(table: pd.DataFrame, images: NDArray[np.uint8]) -> bytes:
    """A ZIP: ``images.csv``, and in ``images/`` one PNG a row, named by split, index and classes.

    Args:
        table: by `export_table`.
        images: (N, C, H, W) with one or three channels, of its rows.
    """
    buffer = io.BytesIO()
    # Stored: PNGs do not get smaller.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("images.csv", csv_bytes(table))
        facts = table[["split", "index", "true", "predicted"]].itertuples(index=False)
        for row, pixels in zip(facts, images, strict=True):
            archive.writestr(f"images/{_file_name(*row)}", _png(pixels))
    return buffer.getvalue()


def _said(
    rows: pd.DataFrame, classes: Sequence[str], annotations: Annotations, file: str
) -> dict[str, list[str]]:
    """The columns of what people say of the images."""
    index = [int(place) for place in rows["index"]]
    decided = [annotations.decision_of(file, place) for place in index]
    tags = _tags(annotations, file)
    return {
        "tags": ["; ".join(tags.get(place, ())) for place in index],
        "decision": ["" if one is None else one.kind for one in decided],
        "should_be": [
            "" if one is None or one.label is None else classes[one.label] for one in decided
        ],
        "note": [annotations.note_of(file, place) for place in index],
    }


def _figures(values: Any) -> NDArray[np.float64]:
    """The values rounded to `_FIGURES` significant figures."""
    exact = np.asarray(values, np.float64)
    places = np.floor(np.log10(np.where(exact == 0, 1.0, np.abs(exact))))
    scale = 10.0 ** (_FIGURES - 1 - places)
    rounded: NDArray[np.float64] = np.round(exact * scale) / scale + 0.0  # no -0
    return rounded


def _tags(annotations: Annotations, file: str) -> dict[int, list[str]]:
    """Image -> its tags: one pass over the tags, not one for each image."""
    found: dict[int, list[str]] = {}
    for name in annotations.tags:
        for index in annotations.tagged(name, file):
            found.setdefault(index, []).append(name)
    return found


def _defused(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _file_name(split: str, index: int, true: str, predicted: str) -> str:
    true, predicted = (_UNSAFE.sub("-", name).strip("-") or "x" for name in (true, predicted))
    return f"{split}_{index:06d}_true_{true}_predicted_{predicted}.png"


def _png(pixels: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    grey = pixels.shape[0] == 1
    image = Image.fromarray(pixels[0] if grey else np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
