"""What a run is and how right it is: the lines below the run bar."""

import streamlit as st

from dashboard import answer_loaders
from dashboard.text import counted, duration, escaped, percent, sentence, short_count
from dashboard.widgets.run_bar import Viewed

STATE_COLORS = {
    "queued": "gray",
    "running": "blue",
    "paused": "orange",
    "stopped": "gray",
    "completed": "green",
    "failed": "red",
    "crashed": "red",
    "unreadable": "red",
}


def heading(viewed: Viewed) -> None:
    """The run's name, state and facts in one line, and its message if it has one."""
    summary = viewed.summary
    name = escaped(summary.name) or summary.id
    star = "★ " if summary.starred else ""
    facts = [escaped(summary.dataset), f"{escaped(summary.preset)} network"]
    if summary.parameters is not None:
        facts.append(f"{short_count(summary.parameters)} parameters")
    facts.append(f"{summary.epoch} of {counted(summary.epochs, 'epoch')}")
    if summary.train_seconds:
        facts.append(f"{time_spent(summary.train_seconds)} of training")
    if viewed.run.overlay_digest is not None:
        facts.append("learns with review decisions")
    st.markdown(
        f"**{star}{name}** &ensp;:{STATE_COLORS[summary.state]}-badge[{summary.state}]&ensp;"
        f":gray[{' · '.join(facts)}]"
    )
    if summary.message and summary.state in ("failed", "crashed"):
        st.warning(sentence(summary.message), icon="⚠️")
    elif summary.message:
        st.caption(sentence(summary.message))


def time_spent(seconds: float) -> str:
    """``2 min 05 s``; no run takes no time at all."""
    return duration(seconds) if seconds >= 1 else "under 1 s"


def accuracies(viewed: Viewed) -> None:
    """Accuracy and errors on each split at the chosen epoch, in one line."""
    assert viewed.epoch is not None
    tiles = [
        _tile(number, viewed.epoch)
        for number in answer_loaders.accuracies(viewed.run, viewed.epoch)
    ]
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:0.4rem 3rem">{"".join(tiles)}</div>')


_MEASURED = {
    "train": "Measured while the epoch was learnt: on the images as augmented, by the network as "
    "it then was. The other splits are measured after the epoch.",
    "untrained": "Measured on the first training images, before anything was learnt.",
    "validation": "Held out of training. Choose settings by this number.",
    "test": "Never looked at while learning or tuning: the number to report.",
}


def _tile(number: answer_loaders.Accuracy, epoch: int) -> str:
    """Only numbers and names of splits: nothing that a user wrote."""
    how = "untrained" if number.split == "train" and epoch == 0 else number.split
    return (
        f'<div title="{_MEASURED[how]}">'
        f'<div style="opacity:0.75;font-size:0.85rem">{number.split.capitalize()} accuracy</div>'
        '<div><span style="font-size:1.35rem;font-weight:600;font-variant-numeric:tabular-nums;'
        'white-space:nowrap">'
        f"{percent(number.accuracy)}</span>"
        f'<span style="opacity:0.75;padding-left:0.6rem">{_errors(number, how)}</span></div></div>'
    )


def _errors(number: answer_loaders.Accuracy, how: str) -> str:
    if number.errors is None:
        return "not measured at this epoch"
    found = f"{counted(number.errors, 'error')} in {number.images:,}"
    return f"about {found}, while learning" if how == "train" else found
