"""What decisions about labels did: whether a result learnt with them, and the scores they give."""

import pandas as pd
import streamlit as st

from core.errors import ReviewError, UserError
from core.runs import Run
from dashboard import flip_loaders, label_loaders
from dashboard.flip_loaders import Result
from dashboard.text import counted, interval, p_value, sentence
from dashboard.widgets.score_table import DIFFERENCE, INTERVAL, NAMES, difference
from dashboard.wording import put_right


def decision_effect(before: Result, after: Result, split: str) -> None:
    """Draws what is known of decisions for A and B; nothing where nobody has decided anything."""
    try:
        learnt = [_learnt(name, result.run) for name, result in (("A", before), ("B", after))]
        number = _num_marked(after.run, split)
        table = flip_loaders.decided_scores(before, after, split) if number else None
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return
    if table is None and not any(learnt):
        return
    st.markdown("**What the decisions did**")
    st.markdown(" ".join(filter(None, [*learnt, _marked(number, split)])))
    if table is not None:
        _table(table, split)


def _learnt(name: str, run: Run) -> str:
    overlay = run.overlay()
    if overlay is None:
        return ""
    effect = label_loaders.effect(run, overlay)
    learnt = put_right(effect.relabelled, effect.left_out)
    return f"{name} was trained with decisions: {learnt}."


def _num_marked(run: Run, split: str) -> int | None:
    """How many images are marked; None where the review file cannot be read."""
    try:
        return flip_loaders.num_decisions(run, split)
    except ReviewError:  # the gallery says why
        return None


def _marked(number: int | None, split: str) -> str:
    if number is None:
        return ""
    if not number:
        return (
            f"No {split} image is marked, so both are counted against the labels as they are. "
            "Decide about images on the Labels page to see both scores without them."
        )
    return (
        f"{counted(number, f'{split} image')} {'is' if number == 1 else 'are'} marked; the scores "
        "of both results with and without them:"
    )


def _table(table: pd.DataFrame, split: str) -> None:
    share = st.column_config.NumberColumn(format="%.2f %%")
    whole = st.column_config.NumberColumn(format="localized")
    between = st.column_config.TextColumn(help=f"95 %. {INTERVAL}")
    st.dataframe(
        _shown(table),
        key="decision_effect",
        hide_index=True,
        height="content",
        column_config={
            "Counted": st.column_config.TextColumn(pinned=True),
            "Images": whole,
            "A errors": whole,
            "A accuracy": share,
            "A interval": between,
            "B errors": whole,
            "B accuracy": share,
            "B interval": between,
            "B less A": st.column_config.TextColumn(
                help="Percentage points that B's accuracy is above A's, with the 95 % interval "
                "(Tango's), both counted on the same images."
            ),
            "p": st.column_config.TextColumn(help="McNemar's exact test of B against A."),
        },
        alt=f"Accuracy of A and B on {split}, as labelled and as decided",
    )


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    shown = {
        "Counted": [NAMES[name] for name in table["name"]],
        "Images": table["images"],
    }
    for name in ("A", "B"):
        side = name.lower()
        shown[f"{name} errors"] = table[f"errors_{side}"]
        shown[f"{name} accuracy"] = table[f"accuracy_{side}"] * 100
        ends = table[f"low_{side}"], table[f"high_{side}"]
        shown[f"{name} interval"] = list(map(interval, *ends))
    change = list(map(difference, *(table[name] for name in DIFFERENCE)))
    return pd.DataFrame({**shown, "B less A": change, "p": list(map(p_value, table["p_value"]))})
