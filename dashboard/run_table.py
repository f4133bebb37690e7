"""The table of runs: rows, filters and what they are called. Pure: summaries in, a frame out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from core.runs import RunSummary
from dashboard.compare_groups import tail_of
from dashboard.text import clean, counted, escaped, moment


@dataclass(frozen=True)
class Filters:
    """Which runs are listed; an empty filter lets all pass.

    Attributes:
        text: every word must occur in name, note, id, data set or preset, in any case.
        states: one of these.
        datasets: on one of these.
        starred: only those with a star.
    """

    text: str = ""
    states: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    starred: bool = False


def filtered(summaries: Sequence[RunSummary], by: Filters) -> list[RunSummary]:
    """The summaries that pass every filter, in their order."""
    words = by.text.casefold().split()
    return [
        summary
        for summary in summaries
        if (not by.states or summary.state in by.states)
        and (not by.datasets or summary.dataset in by.datasets)
        and (not by.starred or summary.starred)
        and all(word in _searched(summary) for word in words)
    ]


def table(
    summaries: Sequence[RunSummary], queue: Sequence[str], viewed: str | None = None
) -> pd.DataFrame:
    """One row a run, in the order given; accuracies in per cent, what is not known is None.

    Args:
        summaries: the rows.
        queue: ids of the runs that wait, the next one first.
        viewed: id of the run that is looked at, which is marked.
    """
    places = {run_id: place for place, run_id in enumerate(queue, start=1)}
    rows = [_row(summary, places.get(summary.id), viewed) for summary in summaries]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def overview(summaries: Sequence[RunSummary], num_shown: int, queue: Sequence[str]) -> str:
    """How many runs there are, how many are hidden, and who waits in the queue; Markdown."""
    hidden = len(summaries) - num_shown
    text = counted(len(summaries), "run") + (
        f", {hidden:,} hidden by the filters" if hidden else ""
    )
    names = namesakes(summaries) if queue else {}
    waiting = [
        f"{place}. {escaped(names.get(run_id, run_id))}" for place, run_id in enumerate(queue, 1)
    ]
    more = f" and {len(waiting) - 4:,} more" if len(waiting) > 4 else ""
    return text + (f" · in the queue: {', '.join(waiting[:4])}{more}" if waiting else "")


def namesakes(summaries: Sequence[RunSummary]) -> dict[str, str]:
    """What each run is called, by id: those that share a name by when they were made, too."""
    names = {summary.id: clean(summary.name) or summary.id for summary in summaries}
    number, now = Counter(names.values()), datetime.now()
    return told_apart(
        {
            one.id: f"{names[one.id]} · {moment(datetime.fromtimestamp(one.created), now)}"
            if number[names[one.id]] > 1
            else names[one.id]
            for one in summaries
        }
    )


def told_apart(lines: Mapping[str, str]) -> dict[str, str]:
    """Lines by id; where several are the same, with the end of the id."""
    number = Counter(lines.values())
    return {
        run_id: line if number[line] == 1 else f"{line} · {tail_of(run_id)}"
        for run_id, line in lines.items()
    }


MARK = "▶"  # before the run that is looked at

COLUMNS = (
    MARK, "★", "Name", "State", "Train", "Validation", "Test", "Epochs", "Training", "Created",
    "Network", "Parameters", "Data set", "Note",
)  # fmt: skip


def _row(summary: RunSummary, place: int | None, viewed: str | None) -> tuple[object, ...]:
    return (
        MARK if summary.id == viewed else "",
        "★" if summary.starred else "",
        clean(summary.name) or summary.id,
        [summary.state] if place is None else [summary.state, f"#{place}"],
        _percent(summary.train_accuracy),
        _percent(summary.validation_accuracy),
        _percent(summary.test_accuracy),
        _epochs(summary),
        timedelta(seconds=round(summary.train_seconds)) if summary.train_seconds else None,
        datetime.fromtimestamp(summary.created) if summary.created else None,
        summary.preset,
        summary.parameters,
        summary.dataset,
        clean(summary.problem or summary.note),
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100


def _epochs(summary: RunSummary) -> float | None:
    """Epochs done, the begun one counted in part while the run trains."""
    if summary.state == "unreadable":
        return None
    return summary.epoch_fraction if summary.state in ("running", "paused") else summary.epoch


def _searched(summary: RunSummary) -> str:
    parts = (summary.name, summary.note, summary.id, summary.dataset, summary.preset)
    return " ".join(parts).casefold()
