"""How large the images of a gallery are, and how many fill a page: one choice for a tab."""

from dataclasses import dataclass

import streamlit as st

from dashboard.images import PAGE_SIZE

_CHOSEN = "tile_size"


@dataclass(frozen=True)
class TileSize:
    """A choice.

    Attributes:
        pixels: of the screen that an image is about as wide as.
        page: images on one page.
        shrinks: whether an image that has more pixels gets fewer.
    """

    pixels: int
    page: int
    shrinks: bool = False

    def zoom(self, width: int) -> float:
        """Screen pixels for a pixel of an image; a whole number but where it shrinks."""
        zoom = self.pixels / width
        return zoom if self.shrinks and zoom < 0.75 else float(max(1, round(zoom)))


SIZES = {
    "small": TileSize(28, 2 * PAGE_SIZE, shrinks=True),
    "medium": TileSize(56, PAGE_SIZE),
    "large": TileSize(112, PAGE_SIZE // 2),
}
USUAL = "medium"


def chosen() -> str:
    """One of `SIZES`, by which all galleries of this tab are drawn."""
    name: str = st.session_state.get(_CHOSEN, USUAL)
    return name


def choose(name: str) -> None:
    """Has the galleries drawn in another of the `SIZES`."""
    st.session_state[_CHOSEN] = name
