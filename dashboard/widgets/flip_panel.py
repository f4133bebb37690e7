"""From result A to result B: what is fixed, what is broken, and is it more than luck?"""

from typing import Any

import pandas as pd
import streamlit as st

from core.errors import UserError
from core.review.flips import OUTCOMES, Flips, Outcome
from dashboard import flip_loaders, selection
from dashboard.charts.flips import class_flips
from dashboard.compare_groups import FlipGroup
from dashboard.components.gallery import Tone
from dashboard.components.plot import plot
from dashboard.flip_loaders import FlipTables, Result
from dashboard.history_loaders import candidates
from dashboard.selection import Beside
from dashboard.text import clean, counted, escaped, p_value, percent, points, sentence
from dashboard.widgets.comparison import Compared, choose_comparison, other_answer
from dashboard.widgets.decision_effect import decision_effect
from dashboard.widgets.review_gallery import Images, review_gallery
from dashboard.widgets.run_bar import Viewed

HEIGHT = 560  # of the images, in pixels
_MOST_ROWS = 14  # classes up to which the chart needs no scrolling
_TITLES: dict[Outcome | None, str] = {
    None: "Fixed or broken",
    "fixed": "Fixed",
    "broken": "Broken",
    "both wrong": "Both wrong",
    "both right": "Both right",
}
_TONES: dict[Outcome, Tone] = {
    "fixed": "good",
    "broken": "bad",
    "both wrong": "plain",
    "both right": "plain",
}


def flip_panel(viewed: Viewed, epoch: int) -> None:
    """Which two results, what changes between them, and the images of each change."""
    compared = _results(viewed, epoch)
    if compared is None:
        _invite(viewed, epoch)
        return
    before, after = Result(compared.run, compared.epoch), Result(viewed.run, epoch)
    try:
        found = flip_loaders.flips_between(before, after, viewed.split)
    except UserError as error:
        st.error(f"{sentence(str(error))} Choose another epoch or another result A.", icon="⚠️")
        return
    chosen = FlipGroup.read(selection.current().group)
    numbers, images = st.columns([4, 8], gap="medium")
    with numbers:
        _choose_outcome(found.flips, chosen)
        st.markdown(_told(found.flips))
        _by_class(found, chosen)
    with images:
        review_gallery(viewed, _images(found, chosen), key="flips", height=HEIGHT)
    decision_effect(before, after, viewed.split)


def _results(viewed: Viewed, epoch: int) -> Compared | None:
    """A is chosen here, B is what the bar above shows."""
    choice, shown, swap = st.columns([5, 5, 2], vertical_alignment="center", gap="small")
    with choice:
        compared = choose_comparison(viewed, "A")
    with shown:
        other_run = compared is not None and compared.run.id != viewed.run.id
        name = clean(viewed.run.label().name) or viewed.run.id
        title = f"{escaped(name)}, epoch {epoch}" if other_run else f"Epoch {epoch}"
        st.markdown(f"→ **B: {title}**, the run and epoch chosen above")
    if compared is not None:
        with swap:
            _swap(viewed, epoch, compared)
    return compared


def _swap(viewed: Viewed, epoch: int, compared: Compared) -> None:
    other = None if compared.run.id == viewed.run.id else viewed.run.id
    latest = epoch == viewed.epochs[-1]
    before = Beside(other, None if latest and other is not None else epoch)

    def exchange() -> None:
        group = FlipGroup.read(selection.current().group).backwards().written()
        now = None if compared.epoch == compared.epochs[-1] else compared.epoch
        selection.update(run=compared.run.id, epoch=now, compare=before, group=group)

    st.button(
        "Swap A and B",
        key="flips_swap",
        icon=":material/swap_horiz:",
        on_click=exchange,
        width="stretch",
    )


def _invite(viewed: Viewed, epoch: int) -> None:
    """What to compare with, one click away."""
    earlier = [number for number in viewed.epochs if number < epoch]
    others = candidates(viewed.run)
    if len(viewed.epochs) < 2 and not others:
        st.info(
            "There is nothing to compare with yet: this run has one epoch so far, and no other run "
            f"has learnt from {escaped(viewed.summary.dataset)}. Wait for the next epoch, or train "
            "another run."
        )
        return
    st.info(
        "Choose result A in the list above: another epoch of this run, or another run on the same "
        "data. Then this page shows which images B reads right that A did not, and the other way "
        "round."
    )
    with st.container(horizontal=True):
        if earlier:
            _suggest(
                f"Compare with epoch {earlier[-1]}", Beside(epoch=earlier[-1]), "flips_earlier"
            )
        if others:
            name = escaped(others[0].name) or others[0].id
            _suggest(f"Compare with the run {name}", Beside(others[0].id), "flips_other")


def _suggest(text: str, compare: Beside, key: str) -> None:
    st.button(
        text,
        key=key,
        icon=":material/compare_arrows:",
        on_click=lambda: selection.update(compare=compare, example=None),
    )


def _choose_outcome(found: Flips, chosen: FlipGroup) -> None:
    key = "flips_outcome"

    def changed() -> None:
        wanted = st.session_state[key]
        if wanted is None and chosen.label is not None:  # from one class back to all of them
            wanted = chosen.outcome
        selection.update(group=FlipGroup(wanted).written(), example=None)

    st.session_state[key] = chosen.outcome
    st.pills(
        "Images", OUTCOMES, key=key, on_change=changed, label_visibility="collapsed",
        format_func=lambda outcome: f"{outcome.capitalize()} **{found.counts[outcome]:,}**",
    )  # fmt: skip


def _told(found: Flips) -> str:
    """The counts and McNemar's test in words; Markdown."""
    num_images, fixed, broken = len(found.table), found.counts["fixed"], found.counts["broken"]
    if not found.num_flips:
        return (
            f"**No answer is fixed or broken**: A and B are right on the same "
            f"{found.counts['both right']:,} of {counted(num_images, 'image')}."
        )
    if found.difference:
        side = "more" if found.difference > 0 else "fewer"
        number = counted(abs(found.difference), "right answer")
        first = f"**B gives {number.replace(' ', f' {side} ', 1)}**"
    else:
        first = "**B gives as many right answers as A**"
    shares = (found.difference / num_images, found.low, found.high)
    value, low, high = (points(share, 2) for share in shares)
    return (
        f"{first} on {num_images:,} images: {fixed:,} fixed less {broken:,} broken, "
        f"{value} percentage points (95 % interval {low} to {high}).\n\n{_verdict(found)}"
    )


def _verdict(found: Flips) -> str:
    number = p_value(found.p_value)
    number = number if number.startswith("<") else f"= {number}"
    chance = f"{percent(found.p_value, 0 if found.p_value >= 0.1 else 1)} of such comparisons"
    if found.p_value < 0.001:
        chance = "fewer than one in a thousand such comparisons"
    elif found.p_value > 0.995:
        chance = "any such comparison"
    ending = (
        f"so **{'B' if found.difference > 0 else 'A'} is better** by more than luck explains."
        if found.p_value < 0.05
        else "so this does **not** show that either is better."
    )
    return (
        f"Were A and B equally good, flips this uneven would come up in {chance} (McNemar's exact "
        f"test, p {number}), {ending}"
    )


def _by_class(found: FlipTables, chosen: FlipGroup) -> None:
    rows = len(found.classes)
    st.markdown("**By class** · a click on a bar shows its images")
    selected = None if chosen.outcome is None else (chosen.outcome, chosen.label)
    with st.container(height=300 if rows > _MOST_ROWS else "content", border=False):
        plot(
            class_flips(found.by_class, found.classes, selected),
            key="flips_by_class",
            on_click=lambda point: _clicked(point, chosen),
            height=36 + 24 * rows,
            label="Images broken and fixed, class by class",
        )


def _clicked(point: dict[str, Any], chosen: FlipGroup) -> None:
    """A second click on the same bar undoes the first."""
    outcome, label = point.get("customdata") or (None, None)
    if outcome in OUTCOMES and isinstance(label, int):
        wanted = FlipGroup(outcome, label)
        group = None if wanted == chosen else wanted.written()
        selection.update(group=group, example=None)


def _images(found: FlipTables, chosen: FlipGroup) -> Images:
    classes, label = found.classes, chosen.label
    if label is not None and label >= len(classes):
        label = None
    title = _TITLES[chosen.outcome]
    if label is not None:
        title += f" · class {escaped(classes[label])}"

    def caption(rows: pd.DataFrame) -> list[tuple[str, str]]:
        return [
            (f"A {classes[was]}, B {classes[now]}", f"label {classes[true]}")
            for was, now, true in zip(rows["before"], rows["predicted"], rows["true"], strict=True)
        ]

    return Images(
        title=title,
        rows=flip_loaders.rows(found, chosen.outcome, label),
        ranking="Surest errors",
        empty="No image of this kind. Choose another count on the left.",
        caption=caption,
        badges=lambda rows: [(outcome, _TONES[outcome]) for outcome in rows["outcome"]],
        remark=lambda row: other_answer("A", row, classes),
    )
