"""Filter, counts and order of images, each against a plain loop over the rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import evaluation
from core.errors import ReviewError
from core.review.annotations import Annotations, Decision
from core.review.query import (
    DECISIONS,
    ORDERS,
    UNTAGGED,
    Query,
    described,
    facet_counts,
    names_of,
    ordered,
    select,
)

LABELS = np.array([0, 1, 2, 0, 1, 2])
PROBABILITIES = np.array(
    [
        [0.9, 0.1, 0.0],  # right
        [0.8, 0.2, 0.0],  # 1 read as 0
        [0.2, 0.2, 0.6],  # right
        [0.3, 0.4, 0.3],  # 0 read as 1
        [0.0, 1.0, 0.0],  # right
        [0.5, 0.0, 0.5],  # 2 read as 0
    ],
    np.float32,
)
INDEX = np.array([10, 11, 12, 20, 21, 22])
SAID = Annotations(
    "digits",
    "f",
    ("0", "1", "2"),
    tags={
        "odd": {"test": frozenset({11, 12, 99}), "train": frozenset({10})},
        "thin": {"test": frozenset({12})},
        "empty": {},
    },
    decisions={
        "test": {11: Decision("mislabelled", 0), 20: Decision("ambiguous")},
        "train": {10: Decision("left out")},
    },
)


@pytest.fixture
def table() -> pd.DataFrame:
    examples = evaluation.examples(LABELS, PROBABILITIES, INDEX)
    return described(examples, SAID, "test")


def _found(table, **query):
    return select(table, Query(**query))["index"].tolist()


def test_what_is_said_stands_beside_each_image(table):
    assert names_of(table, "tag:") == ["odd", "thin", "empty"]
    assert table["tag:odd"].tolist() == [False, True, True, False, False, False]
    assert not table["tag:empty"].any()
    assert table["decision"].tolist() == [
        "undecided", "mislabelled", "undecided", "ambiguous", "undecided", "undecided",
    ]  # fmt: skip


def test_an_empty_query_lets_all_pass_in_their_order(table):
    assert _found(table) == INDEX.tolist()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"outcome": "wrong"}, [11, 20, 22]),
        ({"outcome": "right"}, [10, 12, 21]),
        ({"true": (0,)}, [10, 20]),
        ({"true": (0, 2)}, [10, 12, 20, 22]),
        ({"predicted": (1,)}, [20, 21]),
        ({"true": (1,), "predicted": (0,)}, [11]),
        ({"true": (7,)}, []),
        ({"lowest": 0.55, "highest": 0.85}, [11, 12]),
        ({"lowest": 1.0}, [21]),
        ({"highest": 0.5}, [20, 22]),
        ({"tags": ("odd",)}, [11, 12]),
        ({"tags": ("thin", "odd")}, [11, 12]),
        ({"tags": (UNTAGGED,)}, [10, 20, 21, 22]),
        ({"tags": (UNTAGGED, "thin")}, [10, 12, 20, 21, 22]),
        ({"tags": ("deleted",)}, []),
        ({"tags": ("odd",), "outcome": "wrong"}, [11]),
        ({"decisions": ("ambiguous", "mislabelled")}, [11, 20]),
        ({"decisions": ("undecided",), "outcome": "wrong"}, [22]),
    ],
)
def test_each_facet_against_counting_by_hand(table, query, expected):
    assert _found(table, **query) == expected


def test_history_and_slices_are_filtered_by_where_they_are_known(table):
    stories = ["learnt", "never right", "learnt", "forgotten", "always right", "forgotten"]
    wide = table.assign(
        verdict=stories,
        everywhere=[False, True, False, False, False, True],
        **{"slice:thick@10": [True, True, False, False, False, False]},
    )
    assert _found(wide, verdicts=("forgotten", "never right")) == [11, 20, 22]
    assert _found(wide, everywhere=True) == [11, 22]
    assert _found(wide, slices=("thick@10",), everywhere=True) == [11]
    counts = facet_counts(wide, Query(outcome="wrong"))
    assert counts["verdicts"] == {
        "always right": 0, "forgotten": 2, "learnt": 0, "never right": 1,
    }  # fmt: skip
    assert counts["everywhere"] == {True: 2}
    assert counts["slices"] == {"thick@10": 1}


@pytest.mark.parametrize("query", [Query(verdicts=("learnt",)), Query(everywhere=True)])
def test_a_facet_that_nobody_can_tell_is_refused(table, query):
    with pytest.raises(ReviewError, match="to be filtered by here"):
        select(table, query)


def test_a_facet_s_counts_follow_the_other_facets_and_not_itself(table):
    counts = facet_counts(table, Query(outcome="wrong", true=(0,)))
    assert counts["outcome"] == {"any": 2, "right": 1, "wrong": 1}
    assert counts["true"] == {0: 1, 1: 1, 2: 1}
    assert counts["predicted"] == {0: 0, 1: 1, 2: 0}
    assert counts["tags"] == {"odd": 0, "thin": 0, "empty": 0, UNTAGGED: 1}
    assert counts["decisions"] == {
        "undecided": 0, "mislabelled": 0, "ambiguous": 1, "left out": 0, "confirmed": 0,
    }  # fmt: skip
    assert {start: number for start, number in counts["confidence"].items() if number} == {0.4: 1}
    assert "verdicts" not in counts
    assert "everywhere" not in counts


@st.composite
def tables(draw):
    size, classes = draw(st.integers(0, 30)), draw(st.integers(1, 4))
    seed = draw(st.integers(0, 2**16))
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, size)
    values = random.dirichlet(np.ones(classes), size).astype(np.float32).reshape(size, classes)
    index = random.permutation(1000)[:size]
    said = Annotations(
        "d", "f", tuple("abcd"[:classes]),
        tags={one: {"test": frozenset(index[random.random(size) < 0.4].tolist())} for one in "xy"},
        decisions={"test": {int(one): Decision("ambiguous") for one in index[: size // 3]}},
    )  # fmt: skip
    return described(evaluation.examples(labels, values, index), said, "test")


queries = st.builds(
    Query,
    true=st.lists(st.integers(0, 4), max_size=2, unique=True).map(tuple),
    predicted=st.lists(st.integers(0, 4), max_size=2, unique=True).map(tuple),
    outcome=st.sampled_from(["any", "right", "wrong"]),
    lowest=st.sampled_from([0.0, 0.3, 0.6]),
    highest=st.sampled_from([0.7, 0.95, 1.0]),
    tags=st.lists(st.sampled_from(["x", "y", UNTAGGED]), max_size=2, unique=True).map(tuple),
    decisions=st.lists(st.sampled_from(DECISIONS), max_size=2, unique=True).map(tuple),
)


def _passes(row, query: Query) -> bool:
    tags = {name for name in "xy" if row[f"tag:{name}"]} or {UNTAGGED}
    return all(
        [
            not query.true or row["true"] in query.true,
            not query.predicted or row["predicted"] in query.predicted,
            query.outcome == "any" or row["correct"] == (query.outcome == "right"),
            query.lowest <= row["confidence"] <= query.highest
            or (query.lowest, query.highest) == (0, 1),
            not query.tags or tags & set(query.tags),
            not query.decisions or row["decision"] in query.decisions,
        ]
    )


@settings(max_examples=150, deadline=None)
@given(table=tables(), query=queries)
def test_select_agrees_with_looking_at_every_row(table, query):
    expected = [int(row["index"]) for _, row in table.iterrows() if _passes(row, query)]
    assert select(table, query)["index"].tolist() == expected


@settings(max_examples=100, deadline=None)
@given(table=tables(), query=queries)
def test_counts_are_what_the_choice_would_leave(table, query):
    counts = facet_counts(table, query)
    for facet in ("true", "predicted", "tags", "decisions"):
        for value, number in counts[facet].items():
            alone = Query(**{**vars(query), facet: (value,)})
            assert number == len(select(table, alone)), (facet, value)
    for value, number in counts["outcome"].items():
        assert number == len(select(table, Query(**{**vars(query), "outcome": value})))
    assert sum(counts["confidence"].values()) == len(
        select(table, Query(**{**vars(query), "lowest": 0.0, "highest": 1.0}))
    )
    assert counts["outcome"]["any"] == counts["outcome"]["right"] + counts["outcome"]["wrong"]


@settings(max_examples=60, deadline=None)
@given(table=tables(), order=st.sampled_from(list(ORDERS)))
def test_an_order_sorts_and_leaves_equal_rows_where_they_were(table, order):
    chosen = ORDERS[order]
    expected = table.sort_values(chosen.column, ascending=chosen.ascending, kind="stable")
    pd.testing.assert_frame_equal(ordered(table, order), expected)


def test_the_orders_say_what_comes_first(table):
    assert ordered(table, "confidence")["index"].iloc[0] == 21
    assert ordered(table, "confidence:low")["index"].iloc[0] == 20
    assert ordered(table, "loss")["index"].iloc[0] == 11  # 0.2 on its own label
    assert ordered(table, "margin")["index"].iloc[0] == 22  # 0.5 against 0.5
    assert ordered(table, "entropy")["index"].iloc[0] == 20
    assert ordered(table, "index:last")["index"].iloc[0] == 22


def test_what_is_like_an_image_comes_first_and_what_is_unknown_last(table):
    cosines = [0.1, 0.9, np.nan, 1.0, -0.5, 0.9]
    found = ordered(table.assign(similarity=cosines), "similar")
    assert found["index"].tolist() == [20, 11, 22, 10, 21, 12]


@pytest.mark.parametrize("order", ["similar", "beauty", ""])
def test_an_unknown_order_is_refused_with_those_there_are(table, order):
    with pytest.raises(ReviewError, match="sorted by loss, "):
        ordered(table, order)


def test_no_image_at_all_is_no_trouble():
    empty = described(
        evaluation.examples(np.array([], int), np.empty((0, 3), np.float32), np.array([], int)),
        SAID,
        "test",
    )
    assert select(empty, Query(outcome="wrong", tags=("odd",))).empty
    assert facet_counts(empty, Query())["outcome"] == {"any": 0, "right": 0, "wrong": 0}
    assert ordered(empty, "loss").empty


def test_a_single_class_is_no_trouble():
    table = evaluation.examples(np.zeros(3, int), np.ones((3, 1), np.float32), np.arange(3))
    found = described(table, SAID, "test")
    assert facet_counts(found, Query())["true"] == {0: 3}
    assert len(ordered(found, "margin")) == 3
