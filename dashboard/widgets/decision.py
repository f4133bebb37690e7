"""What a reviewer decides about labels: wrong, right, ambiguous, to be left out; for any images.

Decisions stand in the review file beside the data, never in the data. W, K, A, L and U on the
keyboard do what the buttons do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from core.errors import UserError
from core.review import annotations as annotating
from core.review.annotations import Decision
from core.review.marks import Kind
from core.runs import Run
from dashboard import change_words, review_loaders
from dashboard.text import counted, escaped, sentence
from dashboard.widgets.undoing import say

_PROBLEM = "decision_problem"
_FORGET = "Undecide"
# R and C are Streamlit's own keys.
_OTHERS: tuple[tuple[Kind, str, str, str], ...] = (
    ("confirmed", "Is right", ":material/check:", "K"),
    ("ambiguous", "Ambiguous", ":material/question_mark:", "A"),
    ("left out", "Leave out", ":material/block:", "L"),
)
_NONE = "none yet"


@dataclass(frozen=True)
class Label:
    """What is known of an image's label.

    Attributes:
        given: class index that the data says.
        suggested: class index that it looks like; None where nothing else is likely.
    """

    given: int
    suggested: int | None = None


def decision(
    of: Run,
    file: str,
    images: Mapping[int, Label],
    key: str = "decision",
    shortcuts: bool = True,
    after: Callable[[bool], None] | None = None,
) -> None:
    """Says what is decided about the images, and draws the buttons that decide.

    Args:
        of: a run on the data set.
        file: ``train`` or ``test``: the file that the indices count in.
        images: by their index, at least one; all of them get the decision.
        key: names the place.
        shortcuts: whether they listen to the keyboard; only one set on a page may.
        after: called once it is kept, with whether the images are decided now.
    """
    try:
        known = review_loaders.annotations(of).decisions.get(file, {})
    except UserError as error:
        st.error(sentence(str(error)), icon="⚠️")
        return
    classes = review_loaders.dataset_of(of).classes
    now = {index: known.get(index) for index in images}
    # Other images, other buttons: a key that is pressed before they are seen decides nothing.
    own = f"{key}_{file}_{hash(tuple(sorted(images)))}"
    with st.container(key=key, gap="small"):
        if problem := st.session_state.pop(f"{own}_{_PROBLEM}", None):
            st.error(problem, icon="⚠️")
        st.markdown(_told(now, classes))
        buttons = _Buttons(of, file, images, now, own, shortcuts, after)
        first = st.container(horizontal=True, gap="small", vertical_alignment="center")
        second = first
        if len(images) == 1:  # in the narrow example pane
            second = st.container(horizontal=True, gap="small", vertical_alignment="center")
        with first:
            buttons.mislabelled(classes)
        with second:
            buttons.others()
        with first:
            buttons.undecide()


@dataclass(frozen=True)
class _Buttons:
    of: Run
    file: str
    images: Mapping[int, Label]
    now: Mapping[int, Decision | None]
    key: str
    shortcuts: bool
    after: Callable[[bool], None] | None

    def mislabelled(self, classes: tuple[str, ...]) -> None:
        """The label that it looks like, and the choice of any other."""
        likely = {
            index: Decision("mislabelled", label.suggested)
            for index, label in self.images.items()
            if label.suggested not in (None, label.given)
        }
        if likely:
            label, about = _suggestion(likely, classes)
            self._button("right", label, ":material/edit:", "W", likely, about)
        self._choice(classes, "or …" if likely else "Should be …")

    def others(self) -> None:
        """Confirmed, ambiguous and left out."""
        for kind, name, icon, shortcut in _OTHERS:
            self._button(kind, name, icon, shortcut, dict.fromkeys(self.images, Decision(kind)))

    def undecide(self) -> None:
        """No decision any more, where there is one."""
        if any(self.now.values()):
            nothing = dict.fromkeys(self.images)
            self._button("undecide", _FORGET, ":material/undo:", "U", nothing)

    def _button(
        self,
        name: str,
        label: str,
        icon: str,
        shortcut: str,
        wanted: Mapping[int, Decision | None],
        about: str | None = None,
    ) -> None:
        in_force = all(self.now[index] == one for index, one in wanted.items())
        st.button(
            label, key=f"{self.key}_{name}", icon=icon,
            type="tertiary" if name == "undecide" else "primary" if in_force else "secondary",
            shortcut=shortcut if self.shortcuts else None, help=about,
            on_click=self._decide, args=(wanted,),
        )  # fmt: skip

    def _choice(self, classes: tuple[str, ...], placeholder: str) -> None:
        """Another class than the suggested one; choosing it decides."""
        key = f"{self.key}_class"
        given = {label.given for label in self.images.values()}
        others = [index for index in range(len(classes)) if given != {index}]

        def chosen() -> None:
            label = st.session_state[key]
            if label is not None:
                st.session_state[key] = None
                self._decide(
                    {
                        index: Decision("mislabelled", label)
                        for index, image in self.images.items()
                        if image.given != label
                    }
                )

        st.session_state.setdefault(key, None)
        if st.session_state[key] not in (None, *others):
            st.session_state[key] = None
        st.selectbox(
            "Should be another class", others, key=key, on_change=chosen, width=120,
            label_visibility="collapsed", placeholder=placeholder,
            format_func=lambda index: classes[index],
        )  # fmt: skip

    def _decide(self, wanted: Mapping[int, Decision | None]) -> None:
        data = review_loaders.dataset_of(self.of)
        try:
            if overtaken := self._overtaken(wanted):
                st.toast(f"{overtaken} Nothing is changed.", icon="⚠️")
                return
            say(annotating.decide_many, data, self.file, wanted)
        except UserError as error:
            st.session_state[f"{self.key}_{_PROBLEM}"] = sentence(str(error))
            return
        if self.after is not None:
            self.after(any(wanted.values()))

    def _overtaken(self, wanted: Mapping[int, Decision | None]) -> str:
        """What has been decided otherwise since this was drawn, by another tab or a key before."""
        known = review_loaders.annotations(self.of).decisions.get(self.file, {})
        classes = review_loaders.dataset_of(self.of).classes
        for index, one in wanted.items():
            if (there := known.get(index)) not in (self.now[index], one):
                said = change_words.decided(there, classes)
                return f"Image {index:,} has been decided about just now: {escaped(said)}."
        return ""


def _suggestion(likely: Mapping[int, Decision], classes: tuple[str, ...]) -> tuple[str, str | None]:
    """What the button says, and more for who points at it where the classes differ."""
    labels = {decision.label for decision in likely.values()}
    if len(labels) > 1:
        return "Should be as suggested", "Each gets the class that it looks like to the network."
    (label,) = labels
    assert label is not None
    return f"Should be {escaped(classes[label])}", None


def _told(now: Mapping[int, Decision | None], classes: tuple[str, ...]) -> str:
    """What is decided so far, in a few words."""
    if len(now) == 1:
        (only,) = now.values()
        said = _NONE if only is None else escaped(change_words.decided(only, classes))
        return f"Decision on the label: **{said}**"
    decided = sum(one is not None for one in now.values())
    return f"**{counted(len(now), 'image')} selected**, {decided:,} of them decided"
