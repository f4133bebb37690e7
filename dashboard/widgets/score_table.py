"""A score with and without the images that a reviewer has marked, with its intervals."""

import math

import pandas as pd
import streamlit as st

from dashboard.text import count, interval, percent, points

NAMES = {  # of the rows, as `core.review.scores` calls them
    "as labelled": "As labelled",
    "without ambiguous": "Without ambiguous images",
    "without mislabelled": "Without mislabelled images",
    "with labels put right": "With labels put right",
    "without all marked": "Without all that are marked",
}
DIFFERENCE = ("difference", "difference_low", "difference_high")
INTERVAL = "Percentile bootstrap: where the accuracy would lie on other images, drawn like these."
_HEADS = {
    "Images": "How many count.",
    "Errors": "How many of them are answered wrong.",
    "Accuracy": "Share of right answers.",
    "95 % interval": INTERVAL,
    "Points more": "Percentage points more than as labelled, with the 95 % interval of the "
    "difference: both are counted on the same draws.",
}


def score_table(table: pd.DataFrame, editable: bool = True) -> None:
    """One row a way to count that images are marked for.

    Args:
        table: as `core.review.scores.scores_of` gives it.
        editable: whether images can be marked.
    """
    marked = _marked(table)
    heads = "".join(
        f'<th class="cs-n" title="{told}">{name}</th>' for name, told in _HEADS.items()
    )  # fmt: skip
    rows = "".join(_row(row) for row in marked.to_dict("records"))
    st.html(
        '<div class="cs-scroll"><table class="cs-table"><thead><tr><th>Counted</th>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    if len(marked) == 1 and editable:
        st.caption(
            "Mark labels as wrong or images as ambiguous, and the score without them, and with the "
            "labels put right, stands here beside it."
        )
    if marked["errors"].eq(0).any():
        st.caption(
            "Where nothing is wrong the interval has no width: these images cannot tell more."
        )


def _marked(table: pd.DataFrame) -> pd.DataFrame:
    """As labelled, and each way to count that some image is marked for."""
    fewer = table["images"] < table["images"].iloc[0]
    put_right = table["name"].eq("with labels put right") & bool(
        fewer[table["name"] == "without mislabelled"].any()
    )
    marked: pd.DataFrame = table[fewer | put_right | table["name"].eq("as labelled")]
    return marked


def _row(row: dict) -> str:
    """Only numbers and names of ours: nothing that a user wrote."""
    cells = (
        count(row["images"]),
        count(row["errors"]),
        percent(row["accuracy"]),
        interval(row["low"], row["high"]),
        "—" if row["name"] == "as labelled" else difference(*(row[name] for name in DIFFERENCE)),
    )
    numbers = "".join(f'<td class="cs-n">{cell}</td>' for cell in cells)
    return f"<tr><td>{NAMES[row['name']]}</td>{numbers}</tr>"


def difference(value: float, low: float, high: float) -> str:
    """A change of the accuracy with its interval, in percentage points."""
    if math.isnan(value):
        return "—"
    if value == low == high == 0:
        return "none"
    return f"{points(value, 2)}\u2002({points(low, 2)} to {points(high, 2)})"
