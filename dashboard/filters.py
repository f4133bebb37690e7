"""A `Query` as the address has it: ``outcome=wrong;true=4,9;confidence=0.5-0.9;tags=odd one``.

What a page shows without a filter in the address, its usual query, is not written: the text holds
only what differs from it.
"""

import re
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, get_args
from urllib.parse import quote, unquote

from core.inspection.biography import Verdict
from core.review.query import ANSWERS, DECISIONS, ORDERS, Query
from dashboard import lasso
from dashboard.text import clean

_LONGEST_NAME = 60  # of a tag, or of a slice's key

_CLASSES = ("true", "predicted")  # what is filtered by class
_CLASS = re.compile(r"[0-9]{1,4}")
_SHARE = re.compile(r"[01](\.[0-9]{1,4})?")
_SIMILAR = re.compile(r"similar:([0-9]{1,9})")
_PLAIN = " !*()/@:+"  # characters of a name that nothing else needs


def written(query: Query, usual: Query) -> str | None:
    """The text for the address; None where the query is the usual one."""
    parts = []
    if (query.lowest, query.highest) != (usual.lowest, usual.highest):
        parts.append(f"confidence={query.lowest:g}-{query.highest:g}")
    for field in fields(Query):
        value = getattr(query, field.name)
        if field.name not in ("lowest", "highest") and value != getattr(usual, field.name):
            parts.append(f"{field.name}={_text(value)}")
    return ";".join(parts) or None


def read(text: str | None, usual: Query) -> tuple[Query, list[str]]:
    """The query that a text asks for, and a sentence for each part that could not be read."""
    query, problems = usual, []
    for part in (text or "").split(";"):
        name, _, value = part.partition("=")
        if not part:
            continue
        changes = _READERS[name](value) if name in _READERS else None
        if changes is None:
            problems.append(
                f"The address asks for the filter “{clean(unquote(part), 60)}”, which cannot be "
                "read. It is left out."
            )
        else:
            query = replace(query, **changes)
    return query, problems


def among(query: Query, num_classes: int) -> tuple[Query, list[str]]:
    """The query without classes that there are not, and a sentence if there were such."""
    foreign = {one for name in _CLASSES for one in getattr(query, name) if one >= num_classes}
    if not foreign:
        return query, []
    kept: dict[str, Any] = {
        name: tuple(one for one in getattr(query, name) if one < num_classes) for name in _CLASSES
    }
    named = f"{'class' if len(foreign) == 1 else 'classes'} {', '.join(map(str, sorted(foreign)))}"
    return replace(query, **kept), [
        f"The address filters by {named}, but there are only {num_classes} classes, counted from "
        f"0. {'It is' if len(foreign) == 1 else 'They are'} left out."
    ]


def without(text: str | None, name: str) -> str | None:
    """The text but for what it asks for under a name; None where nothing is left."""
    parts = [part for part in (text or "").split(";") if not part.startswith(f"{name}=")]
    return ";".join(parts) or None


def similar_to(order: str | None) -> int | None:
    """The index of the image that an order compares with, as in ``similar:247``."""
    match = _SIMILAR.fullmatch(order or "")
    return int(match[1]) if match else None


def is_order(text: str) -> bool:
    """Whether the address can ask for this order; ``ranked`` is the page's own."""
    return text == "ranked" or text in ORDERS or similar_to(text) is not None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return ",".join(quote(str(one), safe=_PLAIN) for one in value)


def _words(name: str, known: tuple[str, ...]) -> Callable[[str], dict[str, Any] | None]:
    def reader(text: str) -> dict[str, Any] | None:
        words = tuple(dict.fromkeys(text.split(","))) if text else ()
        return {name: words} if all(word in known for word in words) else None

    return reader


def _named(name: str) -> Callable[[str], dict[str, Any] | None]:
    """Names of tags or slices; an empty one stands for none of them."""

    def reader(text: str) -> dict[str, Any] | None:
        names = tuple(dict.fromkeys(unquote(part) for part in text.split(",")))
        fitting = all(len(one) <= _LONGEST_NAME and one.isprintable() for one in names)
        return {name: names} if fitting else None

    return reader


def _classes(name: str) -> Callable[[str], dict[str, Any] | None]:
    def reader(text: str) -> dict[str, Any] | None:
        parts = text.split(",") if text else []
        if not all(_CLASS.fullmatch(part) for part in parts):
            return None
        return {name: tuple(dict.fromkeys(map(int, parts)))}

    return reader


def _confidence(text: str) -> dict[str, Any] | None:
    ends = text.split("-")
    if len(ends) != 2 or not all(map(_SHARE.fullmatch, ends)):
        return None
    lowest, highest = map(float, ends)
    return {"lowest": lowest, "highest": highest} if lowest <= highest <= 1 else None


def _outcome(text: str) -> dict[str, Any] | None:
    return {"outcome": text} if text in ANSWERS else None


def _yes(text: str) -> dict[str, Any] | None:
    return {"everywhere": text == "yes"} if text in ("yes", "no") else None


def _lasso(text: str) -> dict[str, Any] | None:
    return {"lasso": text} if lasso.read(text) is not None else None


_READERS: dict[str, Callable[[str], dict[str, Any] | None]] = {
    "true": _classes("true"),
    "predicted": _classes("predicted"),
    "outcome": _outcome,
    "confidence": _confidence,
    "tags": _named("tags"),
    "decisions": _words("decisions", DECISIONS),
    "verdicts": _words("verdicts", get_args(Verdict)),
    "everywhere": _yes,
    "slices": _named("slices"),
    "lasso": _lasso,
}
