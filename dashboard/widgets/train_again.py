"""The same run once more, learning with what was decided; and the way to the comparison."""

import itertools
import re
from datetime import datetime

import streamlit as st

from core import jobs
from core.datasets.overlay import Overlay
from core.errors import UserError
from core.review.annotations import Annotations
from core.review.decisions import overlay_of
from dashboard import label_loaders, loaders, selection
from dashboard.text import clean, counted, escaped, moment, percent, sentence
from dashboard.widgets.run_bar import Viewed
from dashboard.widgets.run_heading import STATE_COLORS

_POLL_SECONDS = 1.0
_MOST_LISTED = 6
_PROBLEM = "train_again_problem"
_GOOD = (*loaders.ACTIVE, "completed")  # states of a run that need not be trained once more
_ICONS = {"train": ":material/model_training:", "compare": ":material/compare_arrows:"}
_NOTHING = (
    "These decisions change nothing that is learnt, so training again would give the run without "
    "them: ambiguous images are learnt as labelled, and images that are held out for validation, "
    "or beyond the limit, are not learnt from in any case."
)
_ELSEWHERE = (
    "Look at Train or Validation above: decisions about test images change how answers are "
    "counted, never what is learnt."
)
_ABOVE = "Decide about some of those above."
_NOT_YET = "Once labels are ranked above, decide about some of them."
_CHANGED = (
    "Settings of this run were changed while it trained: the new run has their last values from "
    "its first epoch on, so the two do not differ in the labels alone."
)
_REVIEWED = re.compile(r", labels reviewed( [0-9]+)?$")
_AMBIGUOUS = {"leave out": "leave out", "keep": "learn as labelled"}


def train_again(viewed: Viewed, known: Annotations, split: str, ranked: bool) -> None:
    """What the decisions would change, the button that trains with them, and what came of it.

    Args:
        viewed: whose settings are trained with.
        known: the decisions.
        split: whose labels are looked at.
        ranked: whether they are listed.
    """
    st.markdown("**Train again with these decisions**")
    decided = known.decision_counts("train")
    if not any(decided.values()):
        more = _ELSEWHERE if split == "test" else _ABOVE if ranked else _NOT_YET
        st.caption(f"No image of the train file has been decided about yet. {more}")
    else:
        leave_out = True
        if decided["ambiguous"]:
            leave_out = _choose_ambiguous()
        _start_form(viewed, overlay_of(known, leave_out))
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(problem, icon="⚠️")
    _runs(viewed)


def _choose_ambiguous() -> bool:
    chosen = st.segmented_control(
        "Ambiguous images", list(_AMBIGUOUS), key="train_again_ambiguous", default="leave out",
        format_func=_AMBIGUOUS.__getitem__, required=True, persist_state="session",
    )  # fmt: skip
    return chosen == "leave out"


def _start_form(viewed: Viewed, overlay: Overlay) -> None:
    if same := _same(viewed, overlay):
        st.caption(f"{same} learns with exactly these decisions: training again gives the same.")
        return
    try:
        effect = label_loaders.effect(viewed.run, overlay)
    except UserError as error:
        st.warning(sentence(str(error)), icon="⚠️")
        return
    if effect.changes_nothing:
        st.caption(_NOTHING)
        return
    changed = label_loaders.changed_while_training(viewed.run)
    st.caption(escaped(effect.told()) + (f" {_CHANGED}" if changed else ""))
    key = f"train_again_name_{viewed.run.id}"
    st.session_state.setdefault(key, _free_name(viewed))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input("Name of the new run", key=key, max_chars=120)
        st.button(
            "Train again", type="primary", icon=":material/play_arrow:", key="train_again",
            on_click=_start, args=(viewed, overlay, key),
            help="The same settings, as many epochs and the same seed: what differs is the "
            "labels. Validation and test keep theirs, so that both can be compared.",
        )  # fmt: skip


def _free_name(viewed: Viewed) -> str:
    """The run's name and what is new about it, numbered from the second one on."""
    name = _REVIEWED.sub("", clean(viewed.summary.name, 80)) or viewed.run.id
    taken = {summary.name for summary in loaders.summaries()}
    names = (f"{name}, labels reviewed{f' {n}' if n > 1 else ''}" for n in itertools.count(1))
    return next(name for name in names if name not in taken)


def _same(viewed: Viewed, overlay: Overlay) -> str:
    """The name of a run that would be no other than the one asked for; empty if there is none."""
    if overlay.digest == viewed.run.overlay_digest:
        return "This run"
    for relative in label_loaders.relatives(viewed.run):
        summary = relative.summary
        if relative.overlay_digest == overlay.digest and summary.state in _GOOD:
            return f"The run “{escaped(summary.name)}”"
    return ""


def _start(viewed: Viewed, overlay: Overlay, key: str) -> None:
    try:
        settings = label_loaders.settings(viewed.run)
        run = loaders.store().create(settings, st.session_state[key], overlay)
        st.session_state.pop(key)  # the next one gets another name
        jobs.start(run)
        run.set_label(
            note=f"{viewed.run.id} trained again with "
            f"{counted(overlay.num_images, 'decision')} about labels."
        )
    except UserError as error:
        st.session_state[_PROBLEM] = sentence(str(error))


def _runs(viewed: Viewed) -> None:
    """The runs that differ from this one in the labels alone; followed while one of them trains."""
    found = label_loaders.relatives(viewed.run)
    if not found:
        return
    st.markdown("**The same settings, other labels**")
    for relative in found[:_MOST_LISTED]:
        _row(viewed, relative)
    seen = _progress(found)

    # Draws nothing: leaving for another page from within a fragment that ticks breaks the browser.
    def check() -> None:
        if _progress(label_loaders.relatives(viewed.run)) != seen:
            st.rerun()

    if any(relative.summary.state in loaders.ACTIVE for relative in found):
        st.fragment(check, run_every=_POLL_SECONDS)()


def _progress(found: list[label_loaders.Relative]) -> list[tuple[str, str, int]]:
    """What is told of the runs that can change."""
    return [(one.summary.id, one.summary.state, one.summary.epoch) for one in found]


def _row(viewed: Viewed, relative: label_loaders.Relative) -> None:
    summary = relative.summary
    created = moment(datetime.fromtimestamp(summary.created), datetime.now())
    facts = ["labels as given" if relative.overlay_digest is None else "with decisions", created]
    if relative.changed:
        facts.append("settings changed while it trained")
    if summary.test_accuracy is not None:
        facts.append(f"test {percent(summary.test_accuracy)}")
    if summary.state in loaders.ACTIVE:
        facts.append(f"epoch {summary.epoch} of {summary.epochs}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"**{escaped(summary.name) or summary.id}** "
            f":{STATE_COLORS[summary.state]}-badge[{summary.state}] :gray[{' · '.join(facts)}]"
        )
        st.space("stretch")
        old, new = viewed.run.id, summary.id
        if summary.state in loaders.ACTIVE:
            page, text, more = "train", "Follow", {}
        else:
            if summary.created < viewed.run.created:
                old, new = new, old
            page, text, more = "compare", "Compare", {"compare": old}
        if st.button(text, key=f"{page}_{summary.id}", icon=_ICONS[page]):
            st.switch_page(f"views/{page}.py", query_params=_way(new, viewed.split, more))
        st.button(
            "Open", key=f"open_{summary.id}", icon=":material/arrow_forward:", type="tertiary",
            help="Looks at the labels with this run.", on_click=selection.update,
            kwargs={"run": summary.id, "epoch": None, "example": None},
        )  # fmt: skip


def _way(run_id: str, split: str, more: dict[str, str]) -> dict[str, str]:
    """The address of another page; who comes back from it finds the same labels and list."""
    group = selection.current().group
    return {"run": run_id, **more, "split": split, **({"group": group} if group else {})}
