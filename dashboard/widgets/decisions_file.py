"""How many images were decided about, and the file that holds it: to take along, or to bring in."""

import streamlit as st

from core.errors import UserError
from core.review import annotations as annotating
from core.review.annotations import Annotations
from core.review.decisions import summary
from core.runs import Run
from dashboard import review_loaders
from dashboard.text import count, counted, escaped, sentence
from dashboard.widgets.undoing import say

_TOLD = "decisions_told"
_ROUND = "decisions_round"
_KINDS = {
    "mislabelled": "Wrong label",
    "ambiguous": "Ambiguous",
    "left out": "Left out",
    "confirmed": "Right label",
}
_FILES = {"train": "train file", "test": "test file"}


def decisions_file(of: Run, known: Annotations) -> None:
    """The decisions in numbers, and the buttons that download and import them."""
    title = review_loaders.dataset_of(of).title
    st.markdown(f"**Decisions** · {escaped(title)}, shared by all its runs")
    st.html(_table(known))
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Download", icon=":material/download:", mime="application/json",
            data=lambda: annotating.export_bytes(review_loaders.dataset_of(of)),
            file_name=f"{of.config.data.name}-review.json", key="download_decisions",
            on_click="ignore",
            help="Decisions, tags and notes on this data set in one file. The command line trains "
            "with it: python -m core train --decisions FILE.",
        )  # fmt: skip
        _importer(of)
    if told := st.session_state.pop(_TOLD, None):
        worked, text = told
        (st.success if worked else st.error)(text, icon="✅" if worked else "⚠️")


def _table(known: Annotations) -> str:
    """Only numbers: nothing that a user wrote."""
    table = summary(known)
    head = "".join(f'<th class="cs-n">{_KINDS[kind]}</th>' for kind in table["decision"])
    rows = "".join(
        f"<tr><td>In the {name}</td>"
        + "".join(f'<td class="cs-n">{count(number)}</td>' for number in table[file])
        + "</tr>"
        for file, name in _FILES.items()
    )
    return (
        f'<table class="cs-table"><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _importer(of: Run) -> None:
    """A file from elsewhere, merged as soon as it is dropped."""
    # The uploader keeps its file: under another key it is empty again, and nothing is read twice.
    key = f"import_decisions_{st.session_state.get(_ROUND, 0)}"

    def dropped() -> None:
        given = st.session_state[key]
        if given is None:
            return
        st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
        st.session_state[_TOLD] = _import(of, given.getvalue())

    with st.popover("Import", icon=":material/upload:"):
        st.file_uploader(
            "A review file of this data set", type=["json"], key=key, on_change=dropped,
            help="It is added to what is here. Where the two differ, what is here stays. A file of "
            "another data set is refused.",
        )  # fmt: skip


def _import(of: Run, data: bytes) -> tuple[bool, str]:
    try:
        merged = say(annotating.import_file, review_loaders.dataset_of(of), data)
    except UserError as error:
        return False, sentence(f"nothing was imported: {error}")
    parts = [
        counted(merged.decisions, "new decision"),
        counted(merged.notes, "new note"),
        counted(merged.tags, "new tag", "new tags") + " on images",
    ]
    text = f"Imported {', '.join(parts)}."
    if merged.kept:
        text += f" {counted(merged.kept, 'entry', 'entries')} differed: what was here is kept."
    return True, text
