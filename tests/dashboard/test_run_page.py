"""Parts of a page that are drawn anew alone notice when their run has been deleted meanwhile."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from dashboard import selection
from dashboard.widgets import run_page
from dashboard.widgets.run_page import apart, leave_if_gone


class RerunError(Exception):
    """What stands for the whole page being drawn anew."""


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[Callable[..., None]]:
    """The fragments that are made; calling one again is what a click in it does."""
    made: list[Callable[..., None]] = []

    def fragment(part: Callable[..., None]) -> Callable[..., None]:
        made.append(part)
        return part

    def rerun() -> None:
        raise RerunError

    monkeypatch.setattr(run_page, "st", SimpleNamespace(fragment=fragment, rerun=rerun))
    monkeypatch.setattr(selection, "problems", list)
    return made


def test_a_click_in_a_part_after_its_run_is_deleted_leads_to_the_whole_page(
    store, run, parts, monkeypatch
):
    monkeypatch.setattr(selection, "current", lambda: selection.Selection(run=run.id))
    drawn = []
    apart(lambda: drawn.append("once"))
    parts[0]()
    assert drawn == ["once", "once"]
    store.delete(run.id)
    with pytest.raises(RerunError):
        parts[0]()
    assert drawn == ["once", "once"]


def test_a_fragment_s_own_caches_do_not_answer_for_a_deleted_run(store, run, parts):
    leave_if_gone(SimpleNamespace(run=run))
    store.delete(run.id)
    with pytest.raises(RerunError):
        leave_if_gone(SimpleNamespace(run=run))
