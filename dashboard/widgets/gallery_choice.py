"""Which images of a gallery are chosen, and which page is turned to; kept by the tab."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import selection, tile_size
from dashboard.review_images import Found, Images, place_of
from dashboard.tile_size import SIZES, TileSize


@dataclass(frozen=True, eq=False)
class Choice:
    """What is chosen among the images of a gallery.

    Attributes:
        found: its images.
        images: the page's.
        key: names the gallery.
    """

    found: Found
    images: Images
    key: str

    @cached_property
    def ids(self) -> frozenset[int]:
        """The chosen images that pass the filter, as they are when the gallery is drawn."""
        return self.now()

    def now(self) -> frozenset[int]:
        """The same, after what has been done since."""
        there, indices = st.session_state.get(f"{self.key}_chosen", (None, frozenset()))
        if there != self._file or not indices:
            return frozenset()
        left: frozenset[int] = indices.intersection(self.found.rows["index"].tolist())
        return left

    def keep(self, indices: frozenset[int]) -> None:
        """Remembers another choice."""
        st.session_state[f"{self.key}_chosen"] = (self._file, indices)

    @property
    def size(self) -> TileSize:
        """How large the images are."""
        return SIZES[tile_size.chosen()]

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-len(self.found.rows) // self.size.page)

    @property
    def page(self) -> int:
        """The page turned to; that of the open image once another one is opened."""
        example = selection.current().example
        scope, turned_to, seen = st.session_state.get(f"{self.key}_page", (None, 0, None))
        page: int = turned_to if scope == self._scope else 0
        if scope != self._scope or (example is not None and example != seen):
            page = self._page_of(example, page)
        page = min(page, max(0, self.pages - 1))
        st.session_state[f"{self.key}_page"] = (self._scope, page, example)
        return page

    def rows(self, page: int) -> pd.DataFrame:
        """The images of a page."""
        return self.found.rows[page * self.size.page : (page + 1) * self.size.page]

    def turn(self, page: int) -> None:
        """Remembers another page."""
        example = selection.current().example
        st.session_state[f"{self.key}_page"] = (self._scope, page, example)

    def resize(self, name: str, staying: int | None) -> None:
        """Remembers another of the sizes, and the page that has an image then.

        Args:
            name: of the size.
            staying: index of the image; None for any, as the page's first one.
        """
        first = self.rows(self.page)["index"]
        if staying is None and len(first):
            staying = int(first.iloc[0])
        tile_size.choose(name)
        self.turn(self._page_of(staying, 0))

    def _page_of(self, index: int | None, otherwise: int) -> int:
        place = place_of(self.found.rows, index)
        return otherwise if place is None else place // self.size.page

    @property
    def _file(self) -> tuple[str, str]:
        return self.found.run.config.data.name, self.found.file

    @property
    def _scope(self) -> tuple[Any, ...]:
        found = self.found
        return found.run.id, found.split, self.images.title, found.query, found.order
