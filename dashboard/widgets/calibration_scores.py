"""How good the probabilities are in numbers, as answered and after temperature scaling."""

import html

import streamlit as st

from core.review.calibration import Scores, Temperature
from dashboard.text import percent
from dashboard.widgets.run_bar import Viewed

_ABOUT = {
    "Accuracy": "Share of right answers. No temperature changes a prediction.",
    "Mean confidence": "What the network says on average; calibrated, it equals the accuracy.",
    "Calibration error": "Expected calibration error: by how much confidence and accuracy differ, "
    "bin by bin, weighted by images. It depends on the bins below.",
    "Brier score": "Mean squared distance between the probabilities and the label, from 0 to 2.",
    "Log loss": "Mean cross-entropy of the label in nats: the negative log-likelihood.",
}


def calibration_scores(before: Scores, after: Scores) -> None:
    """One tile a score."""
    rows = {
        "Accuracy": (percent(before.accuracy), None),
        "Mean confidence": (percent(before.confidence), percent(after.confidence)),
        "Calibration error": (
            percent(before.calibration_error),
            percent(after.calibration_error),
        ),
        "Brier score": (f"{before.brier:.4f}", f"{after.brier:.4f}"),
        "Log loss": (f"{before.loss:.4f}", f"{after.loss:.4f}"),
    }
    tiles = "".join(_tile(name, *numbers) for name, numbers in rows.items())
    st.html(f'<div class="cs-tiles">{tiles}</div>')


def _tile(name: str, before: str, after: str | None) -> str:
    """Only our words and numbers: nothing that a user wrote."""
    then = "unchanged by scaling" if after is None else f"{after} scaled"
    return (
        f'<div class="cs-tile" title="{html.escape(_ABOUT[name])}"><span>{name}</span>'
        f'<b style="white-space:nowrap">{before}</b><span>{then}</span></div>'
    )


def temperature_words(viewed: Viewed, found: Temperature, before: Scores, after: Scores) -> None:
    """The temperature in a sentence, and what it is worth."""
    st.caption(temperature_sentence(found) + _caveat(viewed, found, before, after))


def temperature_sentence(found: Temperature) -> str:
    """What the temperature says about the network."""
    if found.at_limit and found.value < 1:
        return (
            f"No temperature can be fitted: all {found.images:,} validation images are answered "
            f"right, so surer always looks better; {found.value:g} is the lowest tried."
        )
    if found.at_limit:
        return (
            "No temperature can be fitted: on validation the answers say so little that even "
            f"less sure looks better; {found.value:g} is the highest tried."
        )
    if found.value > 1.005:
        what = (
            "above 1: on validation the network is surer than it should be, and scaling makes it "
            "more modest"
        )
    elif found.value < 0.995:
        what = (
            "below 1: on validation the network is more modest than it need be, and scaling makes "
            "it surer"
        )
    else:
        what = "as good as 1: there is nothing to scale"
    return f"Temperature **{found.value:.3f}** is {what}."


def _caveat(viewed: Viewed, found: Temperature, before: Scores, after: Scores) -> str:
    if viewed.split == "validation":
        return (
            f" It was fitted on these very {found.images:,} images: look at the test split to see "
            "what it is worth."
        )
    return (
        f" {worth_sentence(before, after)} Fitted on the {found.images:,} validation images of "
        "this epoch; it divides the logits, so no prediction changes."
    )


def worth_sentence(before: Scores, after: Scores) -> str:
    """What scaling with the temperature of validation does on test, as the tiles have it."""
    error = round(after.calibration_error - before.calibration_error, 4)
    loss = round(after.loss - before.loss, 4)
    if error <= 0 and loss <= 0 and error + loss < 0:
        return "**On test it helps.**"
    if error >= 0 and loss >= 0:
        return "**On test it does not help.**"
    better, worse = (
        ("log loss", "calibration error") if error > 0 else ("calibration error", "log loss")
    )
    return f"**On test** the {better} falls, but the {worse} rises."
