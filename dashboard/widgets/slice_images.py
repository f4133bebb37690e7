"""The images of the chosen slice, or every error; and a name for a set of images."""

import streamlit as st

from core.errors import UserError
from dashboard import review_loaders, slice_loaders
from dashboard.text import escaped, sentence
from dashboard.widgets.review_gallery import Images, review_gallery
from dashboard.widgets.run_bar import Viewed


def slice_images(viewed: Viewed, opened: str | None, height: int) -> None:
    """The gallery of the page.

    Args:
        viewed: run, epoch and split.
        opened: key of the chosen slice; None shows every error.
        height: of the images, in pixels.
    """
    assert viewed.epoch is not None
    rows = review_loaders.rows(viewed.run, viewed.epoch, viewed.split)
    if opened is None:
        nothing = f"At epoch {viewed.epoch} every {viewed.split} image is read rightly."
        shown = Images("Misclassified", rows, nothing, order="loss", outcome="wrong")
        review_gallery(viewed, shown, "slice_gallery", height)
        return
    try:
        about, positions = slice_loaders.slice_of(viewed.run, viewed.epoch, viewed.split, opened)
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return
    nothing = f"No {viewed.split} image belongs to this slice. Choose another one from the list."
    shown = Images(
        escaped(about.title[:1].upper() + about.title[1:]), rows.iloc[positions], nothing,
        order="loss",
    )  # fmt: skip
    st.caption(escaped(about.rule))
    review_gallery(viewed, shown, "slice_gallery", height)
