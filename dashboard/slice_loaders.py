"""The slices of a run's split and what the run makes of them, cached by ids and bounded.

A slice's key says how it is made, so that an address that names one finds the same images again.
Computation belongs to `core`; this module only joins ids with calls.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from core.errors import UserError
from core.evaluation import IntArray
from core.review import annotations as annotating
from core.review import slice_scores
from core.review import slices as slicing
from core.review.image_measures import MEASURES, measures
from core.review.slices import Slice, Slices
from core.runs import Run, default_root
from dashboard import answer_loaders, loaders, review_loaders, split_embedding
from dashboard.filter_measures import Background
from dashboard.text import clean, escaped

KINDS: dict[slicing.Kind, str] = {
    "look": "How they look",
    "cluster": "Look-alikes",
    "class": "Classes",
    "named": "Named",
}
PERCENTS = (2, 5, 10, 20)
MOST_CLUSTERS = 200
NAMED = "tag@"  # how the key of a named slice begins
_CLASS = "class@"

_CLUSTER = re.compile(r"cluster@([1-9][0-9]{0,3})\.([0-9]{1,4})")
_RANGE = re.compile(r"([a-z-]{1,20})@(-?[0-9]{1,6}\.[0-9]{1,20})\.\.(-?[0-9]{1,6}\.[0-9]{1,20})")
_TAIL = re.compile(r"[a-z -]{1,30}@([1-9][0-9]?)")


@dataclass(frozen=True)
class Settings:
    """Which slices are made, and which of them are compared.

    Attributes:
        kinds: of `KINDS`.
        percent: how much of the split each end of a measure is.
        num_clusters: of the look-alikes.
    """

    kinds: tuple[slicing.Kind, ...] = tuple(KINDS)
    percent: int = 10
    num_clusters: int = 20


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Found:
    """The slices that there are for some settings.

    Attributes:
        slices: of the split.
        pending: of how many groups the look-alikes are still being worked out; none of all.
        problems: a sentence for each kind that cannot be made, but for the named ones: why the
            review file cannot be read is told with the images.
        ids: what tells these slices from others.
        settings: how they were made.
    """

    slices: Slices
    pending: tuple[int, ...]
    problems: tuple[str, ...]
    ids: tuple[object, ...]
    settings: Settings


def find(of: Run, epoch: int, split: str, settings: Settings, opened: str | None = None) -> Found:
    """The slices of a split; look-alikes come when they are worked out.

    Args:
        of: a run.
        epoch: at which the network holds images to be alike.
        split: ``validation`` or ``test``.
        settings: which slices are made.
        opened: key of a slice that is to be among them, whichever are.

    Raises:
        UserError: if the data cannot be loaded.
    """
    size, seen = len(_labels(of, split)), review_loaders.seen(of)
    pending: list[int] = []
    problems: dict[slicing.Kind, str] = {}
    parts: list[Slices] = []

    def alike(number: int) -> Slices:
        if (made := look_alikes(of, epoch, split, number)) is None:
            pending.append(number)
        return made or slicing.joined([], size)

    makers: dict[slicing.Kind, Callable[[], Slices]] = {
        "look": lambda: _looks(of, split, settings.percent),
        "cluster": lambda: alike(settings.num_clusters),
        "class": lambda: _classes(of, split),
        "named": lambda: _named(of, split),
    }
    for kind in settings.kinds:
        try:
            parts.append(makers[kind]())
        except UserError as error:
            problems[kind] = str(error)
    added = opened if not any(part.find(opened or "") for part in parts) else None
    if added is not None:
        with suppress(UserError):  # what is wrong is told where its images would be
            parts.append(_made_with(of, split, added, alike).only(added))
    ids = (default_root(), of.id, epoch, split, settings, seen, (*pending,), (*problems,), added)
    slices = slicing.distinct(slicing.joined(parts, size))
    told = tuple(problem for kind, problem in problems.items() if kind != "named")
    return Found(slices, tuple(pending), told, ids, settings)


def ranking(
    of: Run, epoch: int, split: str, found: Found, smallest: int, opened: str | None = None
) -> pd.DataFrame:
    """Which slices the run reads worse than the rest, as `core.review.slice_scores.ranked` tells.

    Args:
        of: a run.
        epoch: of it.
        split: ``validation`` or ``test``.
        found: the slices.
        smallest: slices of fewer images are left out, but for those with a name, and
        opened: the one of this key: who asks for a slice is to see how it is read.

    Raises:
        UserError: if the saved answers cannot be used.
    """
    wrong = ~review_loaders.rows(of, epoch, split)["correct"].to_numpy()
    sizes = found.slices.members.sum(1)
    always = tuple(
        one.key
        for one, size in zip(found.slices.about, sizes, strict=True)
        if size < smallest and any(key == opened or key.startswith(NAMED) for key in one.keys)
    )
    return _ranking(found.ids, smallest, always, found, wrong)


# Fisher's test takes a millisecond a slice.
@st.cache_resource(max_entries=64, show_spinner=False)
def _ranking(
    ids: object, smallest: int, always: tuple[str, ...], _found: Found, _wrong: slicing.Bools
) -> pd.DataFrame:
    return slice_scores.ranked(_found.slices, _wrong, smallest, always=always)


def errors(of: Run, epoch: int, split: str) -> tuple[int, int]:
    """How many images are answered wrongly, of how many.

    Raises:
        UserError: if the saved answers cannot be used.
    """
    answered = answer_loaders.answers(of, epoch, split)
    return answered.num_errors, len(answered.examples)


def members(of: Run, epoch: int, split: str, name: str) -> IntArray:
    """Positions in the split of the images of a slice, ascending; waits for look-alikes.

    Args:
        of: whose look-alikes, and whose data set.
        epoch: at which the network holds them to be alike.
        split: ``validation`` or ``test``.
        name: the slice's key, as in ``thick@10``, ``cluster@20.7``, ``class@4`` or ``tag@name``.

    Raises:
        UserError: if there is no such slice, or it cannot be made.
    """
    return slice_of(of, epoch, split, name)[1]


def slice_of(of: Run, epoch: int, split: str, name: str) -> tuple[Slice, IntArray]:
    """What a slice is, and its `members`.

    Raises:
        UserError: as `members` does.
    """
    made = _made_with(of, split, name, lambda number: _clusters(of, epoch, split, number))
    about = made.find(name)
    if about is None:
        raise UserError(
            f"there is no slice “{clean(name, 60)}” of the {split} split; choose one from the list"
        )
    return about, made.positions(name)


def title_of(about: Slice) -> str:
    """A slice's title as a heading, in Markdown; a name that somebody has given stays as it is."""
    title = about.title
    return escaped(title if about.kind == "named" else title[:1].upper() + title[1:])


def _made_with(of: Run, split: str, name: str, alike: Callable[[int], Slices]) -> Slices:
    """The slices among which the one of this key would be; `alike` has so many look-alikes."""
    if name.startswith(NAMED):
        return _named(of, split)
    if name.startswith(_CLASS):
        return _classes(of, split)
    if (match := _CLUSTER.fullmatch(name)) and int(match[1]) <= MOST_CLUSTERS:
        return alike(int(match[1]))
    if (match := _TAIL.fullmatch(name)) and int(match[1]) <= 50:
        return _looks(of, split, int(match[1]))
    if (match := _RANGE.fullmatch(name)) and match[1] in MEASURES:
        return slicing.between(measured(of, split), match[1], float(match[2]), float(match[3]))
    return slicing.joined([], len(_labels(of, split)))


def with_all(slices: Slices) -> Slices:
    """The slices, and all images of the split as the last one, ``all``."""
    count = slices.members.shape[1]
    about = Slice("all", "All images", "named", "the whole split")
    return slicing.joined([slices, Slices((about,), np.ones((1, count), np.bool_))], count)


def measured(of: Run, split: str) -> pd.DataFrame:
    """What the images of a split look like, as `core.review.image_measures` tells it."""
    return _measured(of.config.data.model_dump_json(), split, of)


# 0.3 s for 10,000 images of 28×28, once for all runs on the same data.
@st.cache_resource(max_entries=8, show_spinner="Measuring the images …")
def _measured(data_config: str, split: str, _run: Run) -> pd.DataFrame:
    return measures(loaders.splits(_run).images(split).numpy())


def _looks(of: Run, split: str, percent: int) -> Slices:
    return _tails(of.config.data.model_dump_json(), split, percent, of)


@st.cache_resource(max_entries=16, show_spinner=False)
def _tails(data_config: str, split: str, percent: int, _run: Run) -> Slices:
    return slicing.tails(measured(_run, split), percent)


def _classes(of: Run, split: str) -> Slices:
    return slicing.by_class(_labels(of, split), review_loaders.dataset_of(of).classes)


def _named(of: Run, split: str) -> Slices:
    """A slice for each tag; images that the tag has elsewhere do not count."""
    said, file = review_loaders.annotations(of), annotating.file_of(split)
    index = loaders.splits(of).index(split).numpy()
    sets = {
        name: np.flatnonzero(np.isin(index, np.fromiter(said.tagged(name, file), np.int64)))
        for name in said.tags
    }
    return slicing.named(sets, len(index))


def look_alikes(of: Run, epoch: int, split: str, number: int) -> Slices | None:
    """Groups of images that an epoch's network holds to be alike; None while they are made.

    Raises:
        UserError: if the network or the data cannot be used.
    """
    found: Slices | None = _background().ask(
        (default_root(), of.id, epoch, split, number), lambda: _grouped(of, epoch, split, number)
    )
    return found


def _clusters(of: Run, epoch: int, split: str, number: int) -> Slices:
    """As `look_alikes`, but waits for them."""
    found: Slices = _background().wait(
        (default_root(), of.id, epoch, split, number), lambda: _grouped(of, epoch, split, number)
    )
    return found


# 20 groups of 10,000 images take 0.2 MB: they are there long after the values they were made of.
@st.cache_resource(show_spinner=False)
def _background() -> Background:
    return Background(most_kept=32)


def _grouped(of: Run, epoch: int, split: str, number: int) -> Slices:
    embedding = split_embedding.wait(of, epoch, split)
    classes = review_loaders.dataset_of(of).classes
    return slicing.clusters(embedding, _labels(of, split), classes, number)


def _labels(of: Run, split: str) -> IntArray:
    labels: IntArray = loaders.splits(of).labels(split).numpy()
    return labels
