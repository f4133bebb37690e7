"""What a reviewer decides about labels: wrong, ambiguous, to be left out; for one image or several.

Decisions stand in the review file beside the data, never in the data. W, A, L and U on the keyboard
do what the buttons do; Z takes the last decision back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from core.errors import UserError
from core.review import annotations as annotating
from core.review.annotations import Annotations, Decision
from core.runs import Run
from dashboard import review_loaders, selection
from dashboard.text import count, counted, escaped, sentence
from dashboard.widgets.tagging import kept

_PROBLEM = "decision_problem"
_LAST = "last_decision"
_FORGET = "Undecide"
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


@dataclass(frozen=True)
class _Last:
    """What was decided last, to be taken back.

    Attributes:
        where: data set, file, and the gallery in which it was done.
        before: what was decided about each image until then.
        now: what is decided since.
    """

    where: tuple[str, str, str]
    before: Mapping[int, Decision | None]
    now: Mapping[int, Decision | None]


def last_decision(of: Run, file: str, known: Annotations, place: str) -> None:
    """What was decided last in this gallery, with a button that takes it back; else nothing.

    Args:
        of: a run on the data set.
        file: that the gallery's images are in.
        known: what is said about them.
        place: names the gallery.
    """
    last: _Last | None = st.session_state.get(_LAST)
    if last is None or last.where != (known.dataset, file, place):
        return
    if any(known.decision_of(file, index) != one for index, one in last.now.items()):
        return  # decided otherwise meanwhile
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(_told_last(last, review_loaders.dataset_of(of).classes), width="content")
        st.button(
            "Undo", key=f"{place}_undo", type="tertiary", icon=":material/undo:", shortcut="Z",
            on_click=_take_back, args=(of, last),
        )  # fmt: skip


def _told_last(last: _Last, classes: tuple[str, ...]) -> str:
    decisions = set(last.now.values())
    what = (
        words(decisions.pop(), classes) if len(decisions) == 1 else "wrong, should be as suggested"
    )
    if what == _NONE:
        what = "no decision any more"
    if len(last.now) > 1:
        return f"{counted(len(last.now), 'image')}: {what}"
    (index,) = last.now
    opened = selection.current().example
    follows = "" if opened in (None, index) else f"; image {count(opened)} is open now"
    return f"Image {count(index)}: {what}{follows}"


def _take_back(of: Run, last: _Last) -> None:
    """What was decided before is in force again; a single image is opened once more."""
    data, file = review_loaders.dataset_of(of), last.where[1]
    if kept(annotating.decide_many, data, file, last.before):
        st.session_state.pop(_LAST, None)
        if len(last.before) == 1:
            selection.update(example=next(iter(last.before)))


def decision(
    of: Run,
    file: str,
    images: Mapping[int, Label],
    key: str = "decision",
    shortcuts: bool = True,
    after: Callable[[bool], None] | None = None,
    place: str = "",
) -> None:
    """Says what is decided about the images, and draws the buttons that decide.

    Args:
        of: a run on the data set.
        file: ``train`` or ``test``: the file that the indices count in.
        images: by their index, at least one; all of them get the decision.
        key: names the buttons.
        shortcuts: whether they listen to the keyboard; only one set on a page may.
        after: called once it is kept, with whether the images are decided now.
        place: names the gallery of the images, where `last_decision` takes it back.
    """
    try:
        known = review_loaders.annotations(of).decisions.get(file, {})
    except UserError as error:
        st.error(sentence(str(error)), icon="⚠️")
        return
    classes = review_loaders.dataset_of(of).classes
    now = {index: known.get(index) for index in images}
    with st.container(key=key, gap="small"):
        if problem := st.session_state.pop(f"{key}_{_PROBLEM}", None):
            st.error(problem, icon="⚠️")
        st.markdown(_told(now, classes))
        buttons = _Buttons(of, file, images, now, key, shortcuts, after, place)
        first = st.container(horizontal=True, gap="small", vertical_alignment="center")
        second = first
        if len(images) == 1:  # in the narrow example pane
            second = st.container(horizontal=True, gap="small", vertical_alignment="center")
        with first:
            buttons.mislabelled(classes)
        with second:
            buttons.others()


@dataclass(frozen=True)
class _Buttons:
    of: Run
    file: str
    images: Mapping[int, Label]
    now: Mapping[int, Decision | None]
    key: str
    shortcuts: bool
    after: Callable[[bool], None] | None
    place: str

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
        """Ambiguous, left out, and no decision."""
        for kind, icon, shortcut in (
            ("ambiguous", ":material/question_mark:", "A"),
            ("left out", ":material/block:", "L"),
        ):
            same = dict.fromkeys(self.images, Decision(kind))  # type: ignore[arg-type]
            name = "Ambiguous" if kind == "ambiguous" else "Leave out"
            self._button(kind, name, icon, shortcut, same)
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
            annotating.decide_many(data, self.file, wanted)
        except UserError as error:
            st.session_state[f"{self.key}_{_PROBLEM}"] = sentence(str(error))
            return
        before = {index: self.now[index] for index in wanted}
        where = (data.name, self.file, self.place)
        st.session_state[_LAST] = _Last(where, before, dict(wanted))
        if self.after is not None:
            self.after(any(wanted.values()))


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
        return f"Decision on the label: **{words(only, classes)}**"
    decided = sum(one is not None for one in now.values())
    return f"**{counted(len(now), 'image')} selected**, {decided:,} of them decided"


def words(decided: Decision | None, classes: tuple[str, ...]) -> str:
    """A decision as people say it, harmless in Markdown."""
    if decided is None:
        return _NONE
    if decided.kind == "mislabelled":
        assert decided.label is not None
        return f"wrong, should be {escaped(classes[decided.label])}"
    return {"ambiguous": "ambiguous", "left out": "left out"}[decided.kind]
