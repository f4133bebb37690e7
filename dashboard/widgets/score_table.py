"""A score with and without the images that a reviewer has marked, with its intervals."""

import math

import pandas as pd
import streamlit as st

from dashboard.text import count, percent

_NAMES = {
    "as labelled": "As labelled",
    "without ambiguous": "Without ambiguous images",
    "without mislabelled": "Without mislabelled images",
    "with labels put right": "With labels put right",
    "without all marked": "Without all that are marked",
}
_HEADS = {
    "Images": "How many count.",
    "Errors": "How many of them are answered wrong.",
    "Accuracy": "Share of right answers.",
    "95 % interval": "Percentile bootstrap: where the accuracy would lie on other images, drawn "
    "like these.",
    "Points more": "Percentage points more than as labelled, with the 95 % interval of the "
    "difference: both are counted on the same draws.",
}


def score_table(table: pd.DataFrame) -> None:
    """One row a way to count that images are marked for.

    Args:
        table: as `core.review.scores` gives it.
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
    if len(marked) == 1:
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
        "—" if math.isnan(row["low"]) else f"{row['low'] * 100:.2f} to {percent(row['high'])}",
        _difference(row),
    )
    numbers = "".join(f'<td class="cs-n">{cell}</td>' for cell in cells)
    return f"<tr><td>{_NAMES.get(row['name'], row['name'])}</td>{numbers}</tr>"


def _difference(row: dict) -> str:
    if row["name"] == "as labelled" or math.isnan(row["difference"]):
        return "—"
    points, low, high = (
        row[name] * 100 for name in ("difference", "difference_low", "difference_high")
    )
    if points == low == high == 0:
        return "none"
    return f"{_signed(points)} &ensp;({_signed(low)} to {_signed(high)})"


def _signed(points: float) -> str:
    """Two decimals; a third where there would be nothing but zeros."""
    digits = 3 if 0 < abs(points) < 0.005 else 2
    text = f"{abs(points):.{digits}f}"
    return text if float(text) == 0 else f"{'+' if points > 0 else '−'}{text}"
