"""Slices: parts of a split whose images have something in common.

Some come from how the images look (`core.review.image_measures`), some are groups of images that
the network holds to be alike, some are classes, and some are sets that a reviewer has named. A
slice has a *key* that says how it is made, as in ``thick@10`` or ``cluster@20.7``, so that the same
one is found again in another session. `core.review.slice_scores` tells which are read worse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from core.evaluation import FloatArray, IntArray
from core.review.image_measures import MEASURES

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["look", "cluster", "class", "named"]
SEED = 0  # of k-means: the same clusters whenever they are asked for
_SAMPLE = 10_000  # images that place the clusters

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Slice:
    """What is known of a slice without its images.

    Attributes:
        key: how it is made.
        title: what it is called.
        kind: where it comes from.
        rule: what its images have in common, in a few words.
        also: keys of other slices that hold the very same images.
    """

    key: str
    title: str
    kind: Kind
    rule: str
    also: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that names these images."""
        return (self.key, *self.also)


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Slices:
    """Slices of one split.

    Attributes:
        about: S slices; no two have the same key.
        members: (S, N) whether each image of the split belongs to it; slices may overlap.
    """

    about: tuple[Slice, ...]
    members: Bools

    def find(self, key: str) -> Slice | None:
        """The slice of a key; None if there is none."""
        return next((one for one in self.about if key in one.keys), None)

    def only(self, key: str) -> Slices:
        """The slice of a key alone; none for an unknown key."""
        rows = [row for row, one in enumerate(self.about) if key in one.keys]
        return Slices(tuple(self.about[row] for row in rows), self.members[rows])

    def positions(self, key: str) -> IntArray:
        """The images of a slice, as rows of the split, ascending; none for an unknown key."""
        rows = [row for row, one in enumerate(self.about) if key in one.keys]
        return np.flatnonzero(self.members[rows].any(0))


def joined(parts: Iterable[Slices], num_images: int) -> Slices:
    """All slices of several collections of the same split, in order."""
    listed = list(parts)
    about = tuple(one for part in listed for one in part.about)
    empty = np.empty((0, num_images), np.bool_)
    return Slices(about, np.concatenate([empty, *(part.members for part in listed)]))


def distinct(slices: Slices) -> Slices:
    """The same slices, those with the very same images as one.

    A set that was saved under a name is no hypothesis of its own. It is called after all of them,
    as in ``thin = my tag``, keeps key and rule of the first, and is found by every key. Slices
    without images stay apart.
    """
    first: dict[bytes | str, int] = {}
    kept: list[Slice] = []
    rows: list[int] = []
    packed = np.packbits(slices.members, axis=1)
    for row, one in enumerate(slices.about):
        images = packed[row].tobytes() if slices.members[row].any() else one.key
        place = first.setdefault(images, len(kept))
        if place == len(kept):
            kept.append(one)
            rows.append(row)
        else:
            known = kept[place]
            title, also = f"{known.title} = {one.title}", (*known.also, *one.keys)
            kept[place] = replace(known, title=title, also=also)
    return Slices(tuple(kept), slices.members[rows])


def tails(measured: pd.DataFrame, percent: int) -> Slices:
    """The images at either end of every measure, as in ``thin@10`` and ``thick@10``.

    A slice holds what lies strictly beyond the quantile, so equal values never make a slice larger
    than asked for; images without a value (NaN) belong to none.

    Args:
        measured: columns of `core.review.image_measures.measures`, one row an image.
        percent: how much of the split each end is, in [1, 50].

    Raises:
        ValueError: if `percent` is out of range.
    """
    if not 1 <= percent <= 50:
        raise ValueError(f"percent must lie in [1, 50], got {percent}")
    made = []
    for name in measured.columns:
        values, measure = measured[name].to_numpy(), MEASURES[name]
        known = values[~np.isnan(values)]
        ends = np.quantile(known, [percent / 100, 1 - percent / 100]) if len(known) else (0.0, 0.0)
        for title, sign, end, among in (
            (measure.low, "<", ends[0], values < ends[0]),
            (measure.high, ">", ends[1], values > ends[1]),
        ):
            if title:
                rule = f"{name} {sign} {_written(float(end), measure.unit)}"
                made.append((Slice(f"{title}@{percent}", title, "look", rule), among))
    return _collected(made, len(measured))


def between(measured: pd.DataFrame, name: str, start: float, end: float) -> Slices:
    """The images whose measure lies in a range, both ends included, as ``size@14.0..16.5``.

    Args:
        measured: columns of `core.review.image_measures.measures`, one row an image.
        name: of the measure.
        start: the smallest value.
        end: the largest value.
    """
    values, unit = measured[name].to_numpy(), MEASURES[name].unit
    rule = f"{name} {_written(start, '')} to {_written(end, unit)}"
    about = Slice(range_key(name, start, end), rule, "look", "a range of its values")
    return _collected([(about, (values >= start) & (values <= end))], len(measured))


def range_key(name: str, start: float, end: float) -> str:
    """The key of `between`; the ends are exact, and written without an exponent."""
    written = (np.format_float_positional(end, trim="0") for end in (start, end))
    return f"{name}@{'..'.join(written)}"


def by_class(labels: IntArray, classes: Sequence[str]) -> Slices:
    """The images of every class, ``class@4`` being those labelled with class index 4."""
    made = [
        (Slice(f"class@{index}", f"class {name}", "class", f"labelled {name}"), labels == index)
        for index, name in enumerate(classes)
    ]
    return _collected(made, len(labels))


def named(sets: Mapping[str, IntArray], num_images: int) -> Slices:
    """Sets of images that somebody has named, ``tag@<name>``; positions in the split."""
    made = []
    for name, positions in sets.items():
        among = np.zeros(num_images, np.bool_)
        among[positions] = True
        made.append((Slice(f"tag@{name}", name, "named", "named by hand"), among))
    return _collected(made, num_images)


def clusters(
    embedding: FloatArray, labels: IntArray, classes: Sequence[str], num_clusters: int
) -> Slices:
    """Images that the network holds to be alike: k-means on its penultimate activations, seeded.

    ``cluster@20.7`` is the eighth of twenty. Clusters are ordered by the class that each is nearest
    to (the mean direction of the images of the class), then by size, and are called after both.

    Args:
        embedding: (N, D) by `core.inspection.neighbours.embed`.
        labels: (N,) of the same images.
        classes: names by class index.
        num_clusters: at least 1; no more than there are different rows are made.
    """
    if not len(embedding):
        return _collected([], 0)
    groups, centres = _k_means(embedding, num_clusters)
    sizes = np.bincount(groups, minlength=len(centres))
    nearest = _nearest_class(centres, embedding, labels, len(classes))
    order = np.lexsort((-sizes, nearest))
    made = []
    for place, cluster in enumerate(order):
        own = np.flatnonzero(nearest[order] == nearest[cluster])
        name, rank = classes[nearest[cluster]], place - int(own[0]) + 1
        title = f"like {name}" + (f", group {rank}" if len(own) > 1 else "")
        rule = f"nearest to {name}"
        key = f"cluster@{num_clusters}.{place}"
        made.append((Slice(key, title, "cluster", rule), groups == cluster))
    return _collected(made, len(embedding))


def _k_means(embedding: FloatArray, num_clusters: int) -> tuple[IntArray, FloatArray]:
    """(N,) which cluster each row is in, and (C, D) their centres, C at most `num_clusters`."""
    from sklearn.cluster import KMeans

    # Evenly taken: a split may be sorted by class. The rest joins the nearest centre.
    sample = embedding[:: -(-len(embedding) // _SAMPLE)]
    look = np.random.Generator(np.random.PCG64(SEED)).normal(size=embedding.shape[1])
    distinct = len(np.unique(np.round(sample @ look, 6)))  # a dead network's rows are all alike
    means = KMeans(min(num_clusters, distinct), n_init=1, random_state=SEED).fit(sample)
    return means.predict(embedding).astype(np.int64), means.cluster_centers_


def _nearest_class(
    centres: FloatArray, embedding: FloatArray, labels: IntArray, num_classes: int
) -> IntArray:
    """(C,) the class whose images' mean direction has the largest cosine with each centre."""
    means = np.zeros((num_classes, embedding.shape[1]))
    for index in np.unique(labels):
        mean = embedding[labels == index].mean(0, dtype=np.float64)
        means[index] = mean / (np.linalg.norm(mean) or 1.0)
    closeness = centres @ means.T
    closeness[:, np.bincount(labels, minlength=num_classes) == 0] = -np.inf
    nearest: IntArray = closeness.argmax(1)
    return nearest


def _collected(made: list[tuple[Slice, Bools]], num_images: int) -> Slices:
    about = tuple(one for one, _ in made)
    members = [among for _, among in made]
    return Slices(about, np.array(members, np.bool_).reshape(len(made), num_images))


def _written(value: float, unit: str) -> str:
    text = f"{value:.2f} {unit}".strip() if unit != "°" else f"{value:.0f}°"
    return text.replace("-", "−")
