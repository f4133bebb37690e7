"""Which images of a split a reviewer wants to see, in what order, and how many a choice leaves.

A table here has a row an image, as `core.evaluation.examples` gives it. `described` adds what the
facets ask for: a column ``tag:<name>`` (bool) for each tag and ``decision``. More columns may be
there, and their facets with them: ``verdict`` (`core.inspection.biography.Verdict`),
``everywhere`` (bool: wrong in all runs that are compared), ``slice:<name>`` (bool) and ``lasso``
(bool: a line drawn around points of a map has caught it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from core.errors import ReviewError
from core.review.annotations import KINDS, Annotations

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]
Answer = Literal["any", "right", "wrong"]
Facet = Literal[
    "true", "predicted", "outcome", "confidence", "tags", "decisions", "verdicts", "everywhere",
    "slices", "lasso",
]  # fmt: skip

ANSWERS: tuple[Answer, ...] = get_args(Answer)
UNTAGGED = ""  # no tag has this name
UNDECIDED = "undecided"
DECISIONS = (UNDECIDED, *KINDS)
TAG, SLICE = "tag:", "slice:"  # how the columns of tags and slices begin
LASSO = "lasso"  # column with what the lasso has caught
SIMILARITY = "similarity"  # column with the cosine to the image that others are compared with


@dataclass(frozen=True)
class Query:
    """What is asked for; an image must pass every facet. An empty facet lets all pass.

    Attributes:
        true: class indices, any of them.
        predicted: likewise.
        outcome: whether the answer is right, wrong, or either.
        lowest: confidence from which on, in [0, 1].
        highest: confidence up to which, in [0, 1]; included.
        tags: names, any of them; `UNTAGGED` for images without any tag.
        decisions: of `DECISIONS`, any of them.
        verdicts: of an image's biography, any of them.
        everywhere: only what all compared runs get wrong.
        slices: names, any of them.
        lasso: what names the line drawn on a map whose images alone are wanted; empty for none.
    """

    true: tuple[int, ...] = ()
    predicted: tuple[int, ...] = ()
    outcome: Answer = "any"
    lowest: float = 0.0
    highest: float = 1.0
    tags: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    everywhere: bool = False
    slices: tuple[str, ...] = ()
    lasso: str = ""


@dataclass(frozen=True)
class Order:
    """A way to sort.

    Attributes:
        column: by what.
        ascending: whether the smallest comes first.
        title: in words.
    """

    column: str
    ascending: bool
    title: str


ORDERS: Mapping[str, Order] = {
    "loss": Order("loss", False, "Highest loss"),
    "loss:low": Order("loss", True, "Lowest loss"),
    "confidence": Order("confidence", False, "Most confident"),
    "confidence:low": Order("confidence", True, "Least confident"),
    "margin": Order("margin", True, "Smallest margin"),
    "margin:wide": Order("margin", False, "Largest margin"),
    "entropy": Order("entropy", False, "Highest entropy"),
    "entropy:low": Order("entropy", True, "Lowest entropy"),
    "index": Order("index", True, "Index"),
    "index:last": Order("index", False, "Index, last first"),
}


def described(table: pd.DataFrame, annotations: Annotations, file: str) -> pd.DataFrame:
    """The table with a column ``tag:<name>`` for each tag, and ``decision``, one of `DECISIONS`.

    Args:
        table: with a column index.
        annotations: what is said about the images.
        file: the file that the indices count in.
    """
    import pandas as pd

    index = table["index"].to_numpy()
    columns: dict[str, Any] = {
        f"{TAG}{name}": _among(index, annotations.tagged(name, file)) for name in annotations.tags
    }
    decided = annotations.decisions.get(file, {})
    codes = np.zeros(len(index), np.int64)
    for code, kind in enumerate(KINDS, start=1):
        codes[_among(index, [at for at, one in decided.items() if one.kind == kind])] = code
    columns["decision"] = pd.Categorical.from_codes(codes, categories=pd.Index(DECISIONS))
    return table.assign(**columns)


def select(table: pd.DataFrame, query: Query) -> pd.DataFrame:
    """The rows that pass every facet, in the table's order.

    Raises:
        ReviewError: if a facet is asked for that the table has no column for.
    """
    return table[_all(_masks(table, query), len(table))]


def facet_counts(table: pd.DataFrame, query: Query) -> dict[Facet, dict[Any, int]]:
    """How many images each choice of a facet would leave, the other facets being as they are.

    Facets without a column are left out. The keys of ``confidence`` are the lower ends of ten
    equal bins.

    Raises:
        ReviewError: as `select`.
    """
    masks = _masks(table, query)
    counts: dict[Facet, dict[Any, int]] = {}
    for facet, options in _OPTIONS.items():
        found = options(table)
        if found is not None:
            rest = _all({name: mask for name, mask in masks.items() if name != facet}, len(table))
            counts[facet] = {value: int(np.count_nonzero(found[value] & rest)) for value in found}
    return counts


def ordered(table: pd.DataFrame, order: str) -> pd.DataFrame:
    """The rows sorted; equal ones stay in the table's order.

    Args:
        table: the rows.
        order: one of `ORDERS`, or ``similar``, for which the column `SIMILARITY` must be there.

    Raises:
        ReviewError: for another order.
    """
    chosen = _SIMILAR if order == "similar" else ORDERS.get(order)
    if chosen is None or chosen.column not in table:
        known = ", ".join([*ORDERS, "similar"])
        raise ReviewError(f"images can be sorted by {known}, got {order!r}")
    values = table[chosen.column].to_numpy()
    places = np.argsort(values if chosen.ascending else -values, kind="stable")
    return table.iloc[places]


_SIMILAR = Order(SIMILARITY, False, "Most similar")


def names_of(table: pd.DataFrame, prefix: str) -> list[str]:
    """The tags (`TAG`) or slices (`SLICE`) that the table has a column for."""
    return [name.removeprefix(prefix) for name in table.columns if name.startswith(prefix)]


def _among(index: NDArray[np.int64], wanted: Any) -> Mask:
    return np.isin(index, np.fromiter(wanted, np.int64, len(wanted)))


def _all(masks: Mapping[str, Mask], size: int) -> Mask:
    passed = np.ones(size, np.bool_)
    for mask in masks.values():
        passed &= mask
    return passed


def _masks(table: pd.DataFrame, query: Query) -> dict[str, Mask]:
    """Who passes each facet that asks for something."""
    masks: dict[str, Mask] = {}
    if (query.lowest, query.highest) != (0.0, 1.0):
        confidence = table["confidence"].to_numpy()
        masks["confidence"] = (confidence >= query.lowest) & (confidence <= query.highest)
    for facet, options in _OPTIONS.items():
        wanted = _wanted(query, facet)
        if not wanted:
            continue
        found = options(table)
        # A class or a story that nobody has is no mistake; a tag that was deleted lets none pass.
        none = np.zeros(len(table), np.bool_)
        if found is None:
            raise ReviewError(f"the images have no {facet} to be filtered by here")
        masks[facet] = _any({value: found.get(value, none) for value in wanted}, len(table))
    return masks


def _wanted(query: Query, facet: Facet) -> tuple[Any, ...]:
    if facet == "confidence":
        return ()  # a range, not a choice
    if facet == "outcome":
        return () if query.outcome == "any" else (query.outcome,)
    if facet in ("everywhere", "lasso"):
        return (True,) if getattr(query, facet) else ()
    values: tuple[Any, ...] = getattr(query, facet)
    return values


def _classes(column: str) -> Callable[[pd.DataFrame], dict[Any, Mask]]:
    def found(table: pd.DataFrame) -> dict[Any, Mask]:
        values = table[column].to_numpy()
        return {int(value): values == value for value in np.unique(values)}

    return found


def _outcomes(table: pd.DataFrame) -> dict[Any, Mask]:
    right = table["correct"].to_numpy(dtype=bool)
    return {"any": np.ones(len(table), np.bool_), "right": right, "wrong": ~right}


def _bins(table: pd.DataFrame) -> dict[Any, Mask]:
    values = np.minimum((table["confidence"].to_numpy() * 10).astype(np.int64), 9)
    return {place / 10: values == place for place in range(10)}


def _flags(prefix: str) -> Callable[[pd.DataFrame], dict[Any, Mask]]:
    def found(table: pd.DataFrame) -> dict[Any, Mask]:
        names = names_of(table, prefix)
        return {name: table[f"{prefix}{name}"].to_numpy(dtype=bool) for name in names}

    return found


def _tags(table: pd.DataFrame) -> dict[Any, Mask]:
    found = _flags(TAG)(table)
    return {**found, UNTAGGED: ~_any(found, len(table))}


def _any(masks: Mapping[Any, Mask], size: int) -> Mask:
    passed = np.zeros(size, np.bool_)
    for mask in masks.values():
        passed |= mask
    return passed


def _values(column: str) -> Callable[[pd.DataFrame], dict[Any, Mask] | None]:
    def found(table: pd.DataFrame) -> dict[Any, Mask] | None:
        if column not in table:
            return None
        values = table[column]
        options = (
            list(values.cat.categories) if hasattr(values, "cat") else sorted(set(values.dropna()))
        )
        return {value: (values == value).to_numpy(dtype=bool) for value in options}

    return found


def _flag(column: str) -> Callable[[pd.DataFrame], dict[Any, Mask] | None]:
    def found(table: pd.DataFrame) -> dict[Any, Mask] | None:
        return {True: table[column].to_numpy(dtype=bool)} if column in table else None

    return found


# Who has which choice of a facet; None where the table cannot tell.
_OPTIONS: dict[Facet, Callable[[pd.DataFrame], dict[Any, Mask] | None]] = {
    "true": _classes("true"),
    "predicted": _classes("predicted"),
    "outcome": _outcomes,
    "confidence": _bins,
    "tags": _tags,
    "decisions": _values("decision"),
    "verdicts": _values("verdict"),
    "everywhere": _flag("everywhere"),
    "slices": _flags(SLICE),
    "lasso": _flag(LASSO),
}
