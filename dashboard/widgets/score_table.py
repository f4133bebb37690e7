"""A score with and without the images that a reviewer has marked, with its intervals."""

import pandas as pd
import streamlit as st

from dashboard.text import percent

_NAMES = {
    "as labelled": "As labelled",
    "without ambiguous": "Without ambiguous images",
    "without mislabelled": "Without mislabelled images",
    "with labels put right": "With labels put right",
    "without all marked": "Without all that are marked",
}


def score_table(table: pd.DataFrame, key: str, about: str) -> None:
    """One row a way to count that images are marked for.

    Args:
        table: as `core.review.scores` gives it.
        key: names the table.
        about: whose answers on what, as in ``test, epoch 10``.
    """
    st.dataframe(
        _shown(_changed(table)),
        key=key,
        hide_index=True,
        height="content",
        column_config={
            "Counted": st.column_config.TextColumn(pinned=True),
            "Images": st.column_config.NumberColumn(format="localized"),
            "Errors": st.column_config.NumberColumn(format="localized"),
            "Accuracy": st.column_config.NumberColumn(format="%.2f %%"),
            "95 % interval": st.column_config.TextColumn(
                help="Percentile bootstrap: where the accuracy would lie on other images drawn "
                "like these."
            ),
            "Points more": st.column_config.TextColumn(
                help="Percentage points more than as labelled, with the 95 % interval of the "
                "difference, both counted on the same draws."
            ),
        },
        alt=f"Accuracy as labelled and as decided: {about}",
    )
    if len(_changed(table)) == 1:
        st.caption(
            "Mark labels as wrong or images as ambiguous, and the score without them, and with the "
            "labels put right, stands here beside it."
        )
    if table["errors"].eq(0).any():
        st.caption(
            "Where nothing is wrong the interval has no width: these images cannot tell more."
        )


def _changed(table: pd.DataFrame) -> pd.DataFrame:
    """As labelled, and each way to count that some image is marked for."""
    fewer = table["images"] < table["images"].iloc[0]
    put_right = table["name"].eq("with labels put right") & bool(
        fewer[table["name"] == "without mislabelled"].any()
    )
    changed: pd.DataFrame = table[fewer | put_right | table["name"].eq("as labelled")]
    return changed


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Counted": [_NAMES.get(name, name) for name in table["name"]],
            "Images": table["images"],
            "Errors": table["errors"],
            "Accuracy": table["accuracy"] * 100,
            "95 % interval": [
                _interval(low, high) for low, high in zip(table["low"], table["high"], strict=True)
            ],
            "Points more": [_difference(row) for row in table.to_dict("records")],
        }
    )


def _interval(low: float, high: float) -> str:
    return "—" if pd.isna(low) else f"{low * 100:.2f} to {percent(high)}"


def _difference(row: dict) -> str:
    if row["name"] == "as labelled" or pd.isna(row["difference"]):
        return "—"
    points, low, high = (
        row[name] * 100 for name in ("difference", "difference_low", "difference_high")
    )
    if abs(points) < 0.005 and abs(low) < 0.005 and abs(high) < 0.005:
        return "no change"
    return f"{_signed(points)}  ({_signed(low)} to {_signed(high)})"


def _signed(points: float) -> str:
    text = f"{abs(points):.2f}"
    return text if float(text) == 0 else f"{'+' if points > 0 else '−'}{text}"
