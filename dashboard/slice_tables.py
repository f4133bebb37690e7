"""Slices as the page shows them: rows of the list, pictures of each, several runs side by side."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core.errors import UserError
from core.evaluation import IntArray
from core.review import slice_scores
from core.review import slices as slicing
from core.review.annotations import file_of
from core.review.image_measures import MEASURES
from core.runs import Run, default_root
from dashboard import history_loaders, loaders, review_loaders, slice_loaders, sprites
from dashboard.components.slice_list import Row, Verdict
from dashboard.history_loaders import Taking
from dashboard.slice_loaders import Found

PER_ROW = 5  # pictures of each slice
NUM_BINS = 10
_LARGEST = 32  # pixels of a picture: it is shown in 28

METRICS = {
    "accuracy": "Accuracy",
    "errors": "Errors",
    "recall": "Recall",
    "precision": "Precision",
    "f1": "F1",
}


def rows(table: pd.DataFrame) -> list[Row]:
    """The rows of the list, in the table's order.

    Args:
        table: of `core.review.slice_scores.ranked`.
    """
    return [
        Row(
            key=str(row["key"]),
            title=str(row["title"]),
            rule=str(row["rule"]),
            images=int(row["images"]),
            errors=int(row["errors"]),
            rate=float(row["error_rate"]),
            excess=float(row["excess"]),
            low=float(row["low"]),
            high=float(row["high"]),
            p=float(row["p_adjusted"]),
            verdict=_verdict(bool(row["significant"]), float(row["excess"])),
        )
        for row in table.to_dict("records")
    ]  # fmt: skip


def _verdict(significant: bool, excess: float) -> Verdict:
    if not significant:
        return "unclear"
    return "worse" if excess > 0 else "better"


def examples(of: Run, epoch: int, split: str, found: Found, table: pd.DataFrame) -> sprites.Sheet:
    """The images of each slice with the highest loss, `PER_ROW` a row; black where there are fewer.

    Raises:
        UserError: if the saved answers cannot be used.
    """
    keys = tuple(table["key"])
    return _examples(found.ids, keys, found, of, epoch, split)


@st.cache_resource(max_entries=32, show_spinner=False)
def _examples(
    ids: object, keys: tuple[str, ...], _found: Found, _run: Run, epoch: int, split: str
) -> sprites.Sheet:
    answered = review_loaders.rows(_run, epoch, split)
    hardest = np.argsort(-answered["loss"].to_numpy(), kind="stable")
    wanted = [_first(_found, key, hardest) for key in keys]
    data = review_loaders.dataset_of(_run)
    file = data.images_of(file_of(split)).numpy()
    step = -(-max(file.shape[2:]) // _LARGEST)
    tiles = np.zeros((len(keys), PER_ROW, *file[:1, :, ::step, ::step].shape[1:]), np.uint8)
    index = answered["index"].to_numpy()
    for row, positions in enumerate(wanted):
        tiles[row, : len(positions)] = file[index[positions]][:, :, ::step, ::step]
    return sprites.sheet(tiles.reshape(-1, *tiles.shape[2:]), columns=PER_ROW)


def _first(found: Found, key: str, order: IntArray) -> IntArray:
    """The first images of a slice in an order of the split."""
    among = np.zeros(len(order), np.bool_)
    among[found.slices.positions(key)] = True
    return order[among[order]][:PER_ROW]


def side_by_side(
    found: Found, split: str, taking: Sequence[Taking], table: pd.DataFrame
) -> pd.DataFrame:
    """What each run makes of each slice: all images first, then a row a slice as in `table`.

    Columns: key, Slice, Images, and ``<metric>:<place of the run>`` for each of `METRICS`; shares
    in per cent. With two runs also ``change``, the accuracy of the first one less that of the
    second in percentage points, and ``change_p``, the corrected p-value of it.

    Args:
        found: the slices.
        split: of the runs; they must be about the same images.
        taking: the runs.
        table: of `core.review.slice_scores.ranked`, for order.
    """
    ids = tuple((part.run.id, part.epoch) for part in taking)
    whole = _side_by_side(found.ids, ids, found, split, list(taking))
    order = ["all", *table["key"]]
    return whole.set_index("key").loc[order].reset_index()


@st.cache_resource(max_entries=32, show_spinner=False)
def _side_by_side(
    ids: object, runs: object, _found: Found, split: str, _taking: list[Taking]
) -> pd.DataFrame:
    first = _taking[0].run
    labels = loaders.splits(first).labels(split).numpy()
    slices = slice_loaders.with_all(_found.slices)
    classes = review_loaders.dataset_of(first).classes
    columns: dict[str, object] = {}
    wrong = []
    for place, part in enumerate(_taking):
        predicted = history_loaders.predicted(part.run, part.epoch, split).astype(np.int64)
        scored = slice_scores.metrics(slices, labels, predicted, len(classes))
        wrong.append(predicted != labels)
        columns |= {"key": scored["key"], "Slice": scored["title"], "Images": scored["images"]}
        for name in METRICS:
            scale = 1 if name == "errors" else 100
            columns[f"{name}:{place}"] = scored[name] * scale
    if len(wrong) == 2:
        changed = slice_scores.changes(slices, before=wrong[1], after=wrong[0])
        columns |= {"change": changed["difference"] * 100, "change_p": changed["p_adjusted"]}
    return pd.DataFrame(columns)


def measure_of(key: str) -> str | None:
    """The measure that a slice is a part of, ``thickness`` for ``thick@10``; None for none."""
    title = key.rpartition("@")[0]
    names = {name: (name, one.low, one.high) for name, one in MEASURES.items()}
    return next((name for name, known in names.items() if title and title in known), None)


def by_measure(of: Run, epoch: int, split: str, measure: str) -> pd.DataFrame:
    """The error rate along a measure, as `core.review.slice_scores.by_measure` tells it.

    Raises:
        UserError: if the saved answers cannot be used.
    """
    wrong = ~review_loaders.rows(of, epoch, split)["correct"].to_numpy()
    ids = (default_root(), of.id, epoch, split, measure)
    return _by_measure(ids, slice_loaders.measured(of, split)[measure].to_numpy(), wrong)


@st.cache_resource(max_entries=64, show_spinner=False)
def _by_measure(ids: object, _values: object, _wrong: object) -> pd.DataFrame:
    return slice_scores.by_measure(_values, _wrong, NUM_BINS)  # type: ignore[arg-type]


def key_of_bin(measure: str, ends: object) -> str | None:
    """The key of the slice that a point of the curve stands for; None if it is no such point."""
    if not isinstance(ends, list) or len(ends) < 2:
        return None
    if not all(isinstance(end, int | float) and math.isfinite(end) for end in ends[:2]):
        return None
    start, end = (float(end) for end in ends[:2])
    return slicing.range_key(measure, start, end)


def extent(of: Run, epoch: int, split: str, key: str, measure: str) -> tuple[float, float] | None:
    """The smallest and the largest value of a measure in a slice; None for an empty or no slice."""
    try:
        positions = slice_loaders.members(of, epoch, split, key)
    except UserError:
        return None  # the gallery says why
    values = slice_loaders.measured(of, split)[measure].to_numpy()[positions]
    return (float(values.min()), float(values.max())) if len(values) else None
