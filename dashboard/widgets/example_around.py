"""The images among which an open one stands, and the ways from it to the others."""

from dataclasses import dataclass

import pandas as pd

from dashboard import review_loaders, selection
from dashboard.review_images import Found, Images, find, place_of
from dashboard.selection import Selection
from dashboard.widgets.run_bar import Viewed


@dataclass(frozen=True, eq=False)
class Around:
    """The images among which the open one stands.

    Attributes:
        found: those that pass the filter.
        images: the page's.
        place: where the open one stands among them, from 0; None where it does not.
        editable: whether tags, notes and decisions can be kept.
        shortcuts: whether the decision's buttons listen to the keyboard.
        alone: whether the image stands among no others.
    """

    found: Found
    images: Images
    place: int | None
    editable: bool = True
    shortcuts: bool = True
    alone: bool = False

    def row(self, index: int) -> pd.Series | None:
        """What the page knows of an image; None where that is nothing."""
        for table in (self.found.table, self.images.every):
            place = None if table is None else place_of(table, index)
            if table is not None and place is not None:
                return table.iloc[place]
        return None


def standing_alone(viewed: Viewed, index: int) -> Around:
    """Of an image that the page shows by itself: it stands among no others."""
    assert viewed.epoch is not None, "an image has an answer only at an epoch"
    rows = review_loaders.rows(viewed.run, viewed.epoch, viewed.split)
    itself = Images("", rows[rows["index"] == index], "")
    known, problem = review_loaders.annotations_or_none(viewed.run)
    found = find(viewed.run, viewed.epoch, viewed.split, itself, Selection(), known)
    return Around(found, itself, place=None, editable=problem is None, alone=True)


def open_at(rows: pd.DataFrame, place: int | None) -> None:
    """Opens the image at a place among the rows; None closes the open one."""
    selection.update(example=None if place is None else int(rows["index"].iloc[place]))


def open_next(around: Around) -> None:
    """Opens the image that takes the place of the open one, which leaves the list."""
    place, last = around.place, len(around.found.rows) - 1
    if place is not None:
        target = place + 1 if place < last else place - 1
        open_at(around.found.rows, target if target >= 0 else None)
