"""The images of a page as the filter and the order in the address leave them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import UserError
from core.jobs.fold_requests import FoldNetwork
from core.review.annotations import Annotations, file_of
from core.review.query import LASSO, ORDERS, SIMILARITY, SLICE, Query, described, ordered, select
from core.runs import Run
from dashboard import (
    answer_loaders,
    filters,
    history_loaders,
    lasso_images,
    review_loaders,
    slice_loaders,
)
from dashboard.components.gallery import Badge
from dashboard.selection import SPLITS, Selection
from dashboard.text import clean

Captions = Callable[[pd.DataFrame], list[tuple[str, str]]]
Badges = Callable[[pd.DataFrame], list[Badge]]
Remark = Callable[[pd.Series], str]
RANKED = "ranked"  # the order in which the page has the rows


@dataclass(frozen=True, eq=False)  # eq would compare tables element by element
class Images:
    """What a page has to show.

    Attributes:
        title: what they are, in Markdown; names in it must be escaped. With an `outcome` the
            gallery says instead what the filter leaves: errors, right answers, or all images.
        rows: rows of `core.evaluation.examples`, in the page's order; more columns are allowed.
        empty: what to say, and do next, where there are none.
        order: one of `core.review.query.ORDERS`, by which they are sorted at first; None keeps the
            page's order.
        ranking: what the page's order is called.
        outcome: whether only wrong or right answers are shown at first.
        caption: two lines under each image; None for true → predicted and confidence.
        badges: a word under each image, in a colour; None for none.
        remark: of a row, one more fact about the open image, in Markdown; None for none.
        split: what the images are called where that is not the viewed split, as in ``train``.
        probabilities: (N, K) that the rows' positions count in, where they are not the run's own
            on the viewed split.
        alone: whether what is done in the gallery draws the gallery alone anew; False where the
            page shows the open image, tags or decisions elsewhere, too.
        suggested: column of class indices that an image looks like, to be offered as its label;
            None for the answer.
        judge: of an image's index, the network that gave the answer where it is none of the run's
            own; None where it is, or is not kept.
        leaves: which images leave the page's rows: those that get decided, or those whose
            decision is taken back. Where the open one leaves, the next one opens.
        lasso: whether the images of a lasso in the address are offered; False where the page shows
            them anyway.
        every: rows of more images than are listed, any of which can be open, as one that has left
            the list; None where only listed ones can.
    """

    title: str
    rows: pd.DataFrame
    empty: str
    order: str | None = None
    ranking: str = "As ranked"
    outcome: Literal["wrong", "right"] | None = None
    caption: Captions | None = None
    badges: Badges | None = None
    remark: Remark | None = None
    split: str | None = None
    probabilities: NDArray[Any] | None = None
    alone: bool = True
    suggested: str | None = None
    judge: Callable[[int], FoldNetwork] | None = None
    leaves: Literal["decided", "undecided"] | None = None
    lasso: bool = True
    every: pd.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class Found:
    """What is left of a page's images.

    Attributes:
        run: whose answers.
        epoch: after which epoch.
        split: what the images are called.
        file: ``train`` or ``test``: the file that their indices count in.
        annotations: what is said about them.
        table: all of the page's rows, with the columns that `core.review.query` filters by.
        rows: those that pass the filter, in order.
        query: the filter.
        usual: the filter that the page has without one in the address.
        order: by what they are sorted.
        problems: a sentence for each thing that was asked for in vain.
    """

    run: Run
    epoch: int
    split: str
    file: str
    annotations: Annotations
    table: pd.DataFrame
    rows: pd.DataFrame
    query: Query
    usual: Query
    order: str
    problems: tuple[str, ...] = ()

    @property
    def own_answers(self) -> bool:
        """Whether the run has saved its answers for these images after every epoch."""
        return self.split in SPLITS


def find(
    of: Run, epoch: int, split: str, images: Images, chosen: Selection, known: Annotations
) -> Found:
    """Filters and sorts the images of a page.

    Args:
        of: the viewed run.
        epoch: the viewed epoch.
        split: the viewed split.
        images: what the page has.
        chosen: filter and order.
        known: what is said about the images.
    """
    called = images.split or split
    file = file_of(called)
    usual = Query(outcome=images.outcome or "any")
    query, problems = filters.read(chosen.filter, usual)
    query, foreign = filters.among(query, len(review_loaders.dataset_of(of).classes))
    table = described(images.rows, known, file)
    found = Found(of, epoch, called, file, known, table, table, query, usual, RANKED)
    found, more = _filtered(found)
    order, also = _order(images, chosen.sort)
    try:
        rows = _sorted(found, order)
    except UserError as error:
        order, also = images.order or RANKED, [*also, str(error)]
        rows = _sorted(found, order)
    return replace(found, rows=rows, order=order, problems=(*problems, *foreign, *more, *also))


def with_history(found: Found) -> pd.DataFrame:
    """The table with ``verdict``, and ``everywhere`` where several runs can be compared.

    Raises:
        UserError: if the history of the run cannot be read.
    """
    _check_own(found)
    at = found.table["position"].to_numpy()
    stories = history_loaders.verdicts(found.run, found.split)["verdict"].to_numpy()
    table = found.table.assign(verdict=stories[at])
    wrong, num_runs = history_loaders.wrong_in(found.run, found.epoch, found.split)
    return table.assign(everywhere=wrong[at] == num_runs) if num_runs > 1 else table


def with_slices(found: Found, keys: Iterable[str]) -> pd.DataFrame:
    """The table with a column for each of the slices, by their keys.

    Raises:
        UserError: if there is no such slice.
    """
    _check_own(found)
    at = found.table["position"].to_numpy()
    columns = {}
    for key in keys:
        members = slice_loaders.members(found.run, found.epoch, found.split, key)
        columns[f"{SLICE}{key}"] = np.isin(at, members)
    return found.table.assign(**columns)


def with_lasso(found: Found, text: str) -> pd.DataFrame:
    """The table with a column that tells what a lasso has caught.

    Raises:
        UserError: if it was drawn around other images, or its map is gone.
    """
    inside = lasso_images.caught(found.run, found.split, text)
    return found.table.assign(**{LASSO: np.isin(found.table["index"].to_numpy(), inside)})


def slice_names(found: Found) -> dict[str, str]:
    """What the slices are called that every split has at once: by how the images look.

    Raises:
        UserError: if the images cannot be measured.
    """
    _check_own(found)
    looks = slice_loaders.Settings(kinds=("look",))
    there = slice_loaders.find(found.run, found.epoch, found.split, looks)
    return {one.key: one.title for one in there.slices.about}


def slice_title(found: Found, key: str) -> str:
    """What a slice is called; its key where it cannot be made."""
    try:
        return slice_loaders.slice_of(found.run, found.epoch, found.split, key)[0].title
    except UserError:
        return key


def _check_own(found: Found) -> None:
    if not found.own_answers:
        raise UserError(f"the run has not kept its answers for the {found.split} images")


def probabilities_of(found: Found, images: Images) -> NDArray[Any]:
    """(N, K) that the rows' positions count in.

    Raises:
        RunError: if the saved ones cannot be read.
    """
    if images.probabilities is not None:
        return images.probabilities
    return answer_loaders.probabilities(found.run.id, found.epoch, found.split)


def _filtered(found: Found) -> tuple[Found, list[str]]:
    """The rows that pass; a facet that cannot be told here is left out, with a sentence."""
    query, problems = found.query, []
    if query.verdicts or query.everywhere:
        try:
            found = replace(found, table=with_history(found))
        except UserError as error:
            problems.append(f"{error}; the images are not filtered by their history")
        if "verdict" not in found.table:
            query = replace(query, verdicts=())
        if query.everywhere and "everywhere" not in found.table:
            query = replace(query, everywhere=False)
            if "verdict" in found.table:  # else the sentence above says it
                problems.append(
                    "what all completed runs get wrong needs a second completed run on the same "
                    "data; the images are not filtered by it"
                )
    if query.slices:
        try:
            found = replace(found, table=with_slices(found, query.slices))
        except UserError as error:
            problems.append(str(error))
            query = replace(query, slices=())
    if query.lasso:
        try:
            found = replace(found, table=with_lasso(found, query.lasso))
        except UserError as error:
            problems.append(str(error))
            query = replace(query, lasso="")
    return replace(found, rows=select(found.table, query), query=query), problems


def _order(images: Images, wanted: str | None) -> tuple[str, list[str]]:
    usual = images.order or RANKED
    if wanted is None:
        return usual, []
    if filters.is_order(wanted):
        return wanted, []
    own = [] if images.order else [images.ranking]
    titles = [*own, *(order.title for order in ORDERS.values()), "Most like an image"]
    shown = ORDERS[images.order].title if images.order else images.ranking
    return usual, [
        f"the address asks for the order “{clean(wanted, 60)}”, which is none of these: "
        f"{'; '.join(titles)}. Sorted by “{shown}” instead"
    ]


def _sorted(found: Found, order: str) -> pd.DataFrame:
    if order == RANKED or found.rows.empty:
        return found.rows
    like = filters.similar_to(order)
    if like is None:
        return ordered(found.rows, order)
    cosines = review_loaders.similarity(found.run, found.epoch, found.split, like)
    index = found.rows["index"].to_numpy()
    return ordered(found.rows.assign(**{SIMILARITY: cosines[index]}), "similar")


def place_of(rows: pd.DataFrame, index: int | None) -> int | None:
    """Where an image stands among the rows, from 0; None where it does not."""
    if index is None:
        return None
    at = np.flatnonzero(rows["index"].to_numpy() == index)
    return int(at[0]) if len(at) else None
