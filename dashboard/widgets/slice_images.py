"""The images of the chosen slice, or every error."""

import streamlit as st

from core.errors import UserError
from dashboard import review_loaders, slice_loaders
from dashboard.review_images import Images
from dashboard.slice_loaders import Found
from dashboard.text import escaped, sentence
from dashboard.widgets.review_gallery import review_gallery
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.slice_naming import slice_naming


def slice_images(viewed: Viewed, found: Found, opened: str | None, height: int) -> None:
    """What the images have in common, what can be done with them, and the images.

    Args:
        viewed: run, epoch and split.
        found: the slices of the list.
        opened: key of the chosen slice; None shows every error.
        height: of the images, in pixels.
    """
    try:
        shown, rule = _images(viewed, found, opened)
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(escaped(rule), width="stretch")
        slice_naming(viewed, shown, () if opened is None else (opened, *_others(found, opened)))
    review_gallery(viewed, shown, "slice_gallery", height)


def _images(viewed: Viewed, found: Found, opened: str | None) -> tuple[Images, str]:
    """What the gallery shows, and what its images have in common."""
    assert viewed.epoch is not None
    rows = review_loaders.rows(viewed.run, viewed.epoch, viewed.split)
    if opened is None:
        nothing = f"At epoch {viewed.epoch} every {viewed.split} image is read rightly."
        # Not alone: the list beside it makes room for the open image, and counts what is tagged.
        errors = Images("Misclassified", rows, nothing, order="loss", outcome="wrong", alone=False)
        return errors, "Choose a slice to see its images"
    about, positions = slice_loaders.slice_of(viewed.run, viewed.epoch, viewed.split, opened)
    nothing = f"No {viewed.split} image belongs to this slice. Choose another one from the list."
    about = found.slices.find(opened) or about
    title = slice_loaders.title_of(about)
    return Images(title, rows.iloc[positions], nothing, order="loss", alone=False), about.rule


def _others(found: Found, key: str) -> tuple[str, ...]:
    """Other keys of the same images."""
    about = found.slices.find(key)
    return () if about is None else tuple(other for other in about.keys if other != key)
