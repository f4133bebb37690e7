"""Words about runs: what users wrote is shown as typed, and sentences look like sentences."""

import math
from datetime import datetime

import pytest

from core.runs import RunSummary
from dashboard.run_table import namesakes, overview
from dashboard.text import (
    clean,
    counted,
    escaped,
    file_size,
    interval,
    moment,
    p_value,
    points,
    quoted,
    sentence,
)
from dashboard.widgets.run_heading import time_spent

RUNS = [RunSummary(letter, name=f"run *{letter}*") for letter in "abcdef"]


def test_no_run_takes_no_time() -> None:
    assert [time_spent(seconds) for seconds in (0.2, 0.9, 1.2, 75)] == [
        "under 1 s", "under 1 s", "1 s", "1 min 15 s",
    ]  # fmt: skip


def test_the_overview_counts_the_hidden_and_names_the_queue_in_order():
    assert overview(RUNS, 6, []) == "6 runs"
    assert overview(RUNS, 4, ["b", "a"]) == (
        "6 runs, 2 hidden by the filters · in the queue: 1. run \\*b\\*, 2. run \\*a\\*"
    )


def test_a_long_queue_is_cut():
    assert overview(RUNS, 6, list("abcdef")).endswith("4. run \\*d\\* and 2 more")


def test_namesakes_in_the_queue_are_told_apart():
    first, second = (datetime(2025, 1, day).timestamp() for day in (3, 4))
    runs = [
        RunSummary("a-000001", name="same", created=first),
        RunSummary("a-000002", name="same", created=second),
        RunSummary("a-000003", name="same", created=second),
        RunSummary("a-000004", name="other", created=second),
    ]
    assert namesakes(runs) == {
        "a-000001": "same · 3 Jan 2025",
        "a-000002": "same · 4 Jan 2025 · 000002",
        "a-000003": "same · 4 Jan 2025 · 000003",
        "a-000004": "other",
    }
    assert overview(runs, 4, ["a-000001"]).endswith("in the queue: 1. same · 3 Jan 2025")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("run 20260101-1 is gone", "Run 20260101\\-1 is gone."),
        ("Already one.", "Already one\\."),
        ("", ""),
    ],
)
def test_an_error_becomes_a_sentence(text, shown):
    assert sentence(text) == shown


def test_direction_and_control_characters_are_taken_out():
    assert clean("a\u202eb\x00c\n d") == "a b c d"


def test_long_text_ends_in_an_ellipsis():
    assert clean("x" * 300) == "x" * 199 + "…"
    assert len(quoted("x" * 300)) == 62


def test_markdown_stays_as_it_was_typed():
    assert escaped(":red[$x$]") == "\\:red\\[\\$x\\$\\]"


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (4_400_000, "4.4 MB"), (2.5e9, "2.5 GB")],
)
def test_sizes_are_in_powers_of_a_thousand(size, shown):
    assert file_size(size) == shown


def test_one_is_singular():
    assert [counted(n, "class", "classes") for n in (0, 1, 1204)] == [
        "0 classes", "1 class", "1,204 classes",
    ]  # fmt: skip


def test_a_moment_is_as_short_as_it_can_be():
    now = datetime(2026, 11, 23, 15, 0)
    assert moment(datetime(2026, 11, 23, 4, 5), now) == "04:05"
    assert moment(datetime(2026, 1, 3, 4, 5), now) == "3 Jan"
    assert moment(datetime(2025, 1, 3), now) == "3 Jan 2025"


@pytest.mark.parametrize(
    ("share", "digits", "written"),
    [
        (0.0123, 1, "+1.2"), (-0.0123, 1, "−1.2"), (0.0, 1, "0.0"), (-1e-9, 2, "0.00"),
        (-0.0001, 1, "−0.01"), (1 / 60_000, 2, "+0.002"), (math.nan, 2, "—"),
    ],
)  # fmt: skip
def test_a_change_is_signed_and_a_small_one_is_not_written_as_none(share, digits, written):
    assert points(share, digits) == written


def test_no_chance_is_written_as_zero():
    assert [p_value(p) for p in (1.0, 0.0314, 0.001, 0.0009, 0.0)] == [
        "1.000", "0.031", "0.001", "< 0.001", "< 0.001",
    ]  # fmt: skip
    assert p_value(math.nan) == "—"


def test_an_interval_says_its_unit_once():
    assert interval(0.971, 0.98304) == "97.10 to 98.30 %"
    assert interval(math.nan, math.nan) == "—"
