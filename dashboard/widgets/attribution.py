"""Which pixels speak for a class, or for one class rather than another: questions and maps."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.errors import UserError
from core.inspection.attribution import BASELINES, METHODS, Attribution, Baseline
from dashboard import example_loaders, palette
from dashboard.example_loaders import Question, Subject
from dashboard.example_pictures import figure, figures, heat_picture, legend, overlay_picture
from dashboard.text import clean, escaped, plain_number, sentence

PICTURE = 148  # pixels
NARROW_PICTURE = 118  # three of them beside each other
_WITH_BASELINE = ("integrated_gradients", "occlusion")

Choice = int | str  # a class index, or one of these
_ROLES = {
    "none": "nothing else",
    "predicted": "the prediction",
    "second": "the runner-up",
    "true": "the label",
}


@dataclass(frozen=True)
class Parts:
    """Which classes play a part in an answer.

    Attributes:
        predicted: the answer.
        second: the runner-up.
        true: the label; None where nobody knows it.
    """

    predicted: int
    second: int
    true: int | None = None

    @staticmethod
    def of(table: pd.DataFrame, true: int | None = None) -> "Parts":
        """The parts in an answer: class and probability, in class order."""
        order = table["probability"].to_numpy().argsort(kind="stable")[::-1]
        return Parts(int(order[0]), int(order[min(1, len(order) - 1)]), true)

    def resolve(self, choice: Choice) -> int | None:
        """The class that is meant; None for none."""
        if isinstance(choice, int):
            return choice
        return None if choice == "none" else getattr(self, choice)


def attribution_panel(subject: Subject, parts: Parts, key: str, narrow: bool = False) -> None:
    """Controls, the map, the map over the image, and in numbers how far it can be trusted.

    Args:
        subject: the image and the network.
        parts: the classes that play a part.
        key: names the controls.
        narrow: whether the words stand under the maps, and the controls in two rows.
    """
    names = example_loaders.classes(subject.run)
    question = _question(subject, parts, names, key, narrow)
    try:
        found = example_loaders.attribution(subject, question)
        checked = (
            example_loaders.randomised(subject, question)
            if st.session_state.get(f"{key}_checked") == (subject.ids, question)
            else None
        )
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return
    colors = palette.current()
    title = _title(question, names)
    size = NARROW_PICTURE if narrow else PICTURE
    pictures = [_map(found, "Its map", size), _over(found, subject, size)]
    if checked is not None:
        pictures.append(_map(checked.randomised, "With shuffled weights", size))
    left, right = _boxes(len(pictures), narrow)
    with left:
        st.html(figures(pictures) + legend(_reach(found), colors))
    with right:
        st.markdown(f"**{title}**")
        st.caption(_numbers(found, names, BASELINES[question.baseline].lower()))
        if checked is not None:
            st.caption(_verdict(checked.similarity))
        else:
            st.button(
                "Check with shuffled weights",
                key=f"{key}_check",
                help="Draws the same map for the same network with its weights shuffled. A map "
                "that hardly changes shows the image, not what the network has learnt of it.",
                on_click=lambda: st.session_state.update(
                    {f"{key}_checked": (subject.ids, question)}
                ),
            )


def _boxes(num_pictures: int, narrow: bool) -> list[st.delta_generator.DeltaGenerator]:
    """Where the maps stand, and where the words."""
    if narrow:
        return [st.container(), st.container(gap="xsmall")]
    return st.columns([10 * num_pictures + 2, 44 - 10 * num_pictures])


def _question(
    subject: Subject, parts: Parts, names: tuple[str, ...], key: str, narrow: bool
) -> Question:
    """What the controls ask, a row of four or two of two."""
    across = 2 if narrow else 4
    spots = [
        spot
        for _ in range(4 // across)
        for spot in st.columns(across, vertical_alignment="bottom", gap="small")
    ]
    method = spots[0].selectbox(
        "Method", list(METHODS), format_func=METHODS.__getitem__, index=1, key=f"{key}_method",
        persist_state="session",
    )  # fmt: skip
    roles: list[Choice] = ["predicted", *(["true"] if parts.true is not None else [])]
    others = list(range(len(names)))

    def named(choice: Choice) -> str:
        # The words for a part stay while another image comes, and with them what is chosen.
        return clean(names[choice]) if isinstance(choice, int) else _ROLES[choice]

    target = spots[1].selectbox(
        "Why", [*roles, *others], format_func=named, key=f"{key}_target", persist_state="session"
    )
    against = spots[2].selectbox(
        "Rather than", ["none", "second", *roles, *others], format_func=named,
        key=f"{key}_against", persist_state="session",
    )  # fmt: skip
    first, second = parts.resolve(target), parts.resolve(against)
    assert first is not None
    baseline: Baseline = "black"
    layer = None
    if method in _WITH_BASELINE:
        baseline = spots[3].selectbox(
            "Compared with", list(BASELINES), format_func=BASELINES.__getitem__,
            key=f"{key}_baseline", persist_state="session",
            help="The image that shows nothing: integrated gradients start from it, occlusion "
            "covers with it.",
        )  # fmt: skip
    elif method == "grad_cam":
        layer = _layer(subject, spots[3], key)
    return Question(method, first, second if second != first else None, baseline, layer)


def _layer(subject: Subject, spot: st.delta_generator.DeltaGenerator, key: str) -> str | None:
    layers = example_loaders.map_layers(subject.run, subject.epoch)
    if not layers:
        return None
    usual = example_loaders.usual_map_layer(subject.run, subject.epoch)
    chosen: str = spot.selectbox(
        "Layer", layers, index=layers.index(usual) if usual in layers else 0,
        key=f"{key}_layer_{subject.run.id}",
    )  # fmt: skip
    return chosen


def _title(question: Question, names: tuple[str, ...]) -> str:
    why = f"Why {escaped(names[question.target])}"
    if question.against is not None:
        why += f" and not {escaped(names[question.against])}"
    return f"{why} · {METHODS[question.method]}"


def _map(found: Attribution, caption: str, size: int) -> str:
    colors = palette.current()
    return figure(heat_picture(found.heat, colors), caption, caption, size)


def _over(found: Attribution, subject: Subject, size: int) -> str:
    png = overlay_picture(found.heat, subject.pixels)
    return figure(png, "Over the image", "The map over the image", size)


def _reach(found: Attribution) -> float:
    return float(abs(found.heat).max(initial=0))


def _numbers(found: Attribution, names: tuple[str, ...], name: str) -> str:
    """Score, layer, score of the baseline of this name, and what the integral gets wrong."""
    score = f"logit of {escaped(names[found.target])}"
    if found.against is not None:
        score += f" less that of {escaped(names[found.against])}"
    lines = [f"Score, the {score}: **{_signed(found.score)}**."]
    if found.layer is not None:
        lines.append(f"Maps of layer {escaped(found.layer)}, only what speaks for.")
    if found.baseline_score is not None:
        lines.append(f"Of the baseline, {name}: {_signed(found.baseline_score)}.")
    if found.delta is not None:
        lines.append(
            f"The map sums to {_signed(float(found.heat.sum()))}, which misses the difference by "
            f"{plain_number(round(abs(found.delta), 4))} (convergence delta)."
        )
    if found.method == "saliency":
        lines.append("The gradient: how the score moves with each pixel.")
    return " ".join(lines)


def _signed(value: float) -> str:
    """Two decimals and a sign; what rounds to nothing has none."""
    return f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00"


def _verdict(similarity: float) -> str:
    """What the check with shuffled weights says."""
    word = (
        "the map shows what was learnt"
        if abs(similarity) < 0.5
        else "much of the map shows where the image has ink, not what was learnt"
    )
    return f"Rank correlation with shuffled weights **{_signed(similarity)}**: {word}."
