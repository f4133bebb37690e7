"""The filter in the address: what is written is read back, and what is broken gets a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inspection.biography import Verdict
from core.review.query import DECISIONS, UNTAGGED, Query
from dashboard import filters, selection
from dashboard.lasso import Lasso, Piece
from dashboard.lasso import written as lassoed
from dashboard.selection import LONGEST_FILTER

USUAL = Query(outcome="wrong")
DRAWN = lassoed(
    Lasso("20260101-000000-abcdef", "test", (Piece("pca", 2, 2, "true", (0, 3), ((0, 1),) * 3),))
)
classes = st.lists(st.integers(0, 9999), max_size=4, unique=True).map(tuple)
names = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=20).filter(
    str.isprintable
)
queries = st.builds(
    Query,
    true=classes,
    predicted=classes,
    outcome=st.sampled_from(["any", "right", "wrong"]),
    lowest=st.integers(0, 200).map(lambda step: step / 1000),
    highest=st.integers(300, 1000).map(lambda step: step / 1000),
    tags=st.lists(names, max_size=3, unique=True).map(tuple),
    decisions=st.lists(st.sampled_from(DECISIONS), max_size=3, unique=True).map(tuple),
    verdicts=st.lists(
        st.sampled_from(Verdict.__args__), max_size=3, unique=True
    ).map(tuple),
    everywhere=st.booleans(),
    slices=st.lists(names.filter(bool), max_size=2, unique=True).map(tuple),
    lasso=st.sampled_from(["", DRAWN]),
)  # fmt: skip


@given(queries, st.sampled_from([Query(), USUAL]))
def test_what_is_written_is_read_back(query, usual):
    text = filters.written(query, usual)
    assert filters.read(text, usual) == (query, [])
    assert (text is None) == (query == usual)


@given(queries)
def test_the_address_carries_it(query):
    text = filters.written(query, USUAL)
    if text is None or len(text) > LONGEST_FILTER:
        return
    params = selection.to_params(selection.Selection(filter=text))
    chosen, problems = selection.parse(params)
    assert problems == []
    assert filters.read(chosen.filter, USUAL)[0] == query


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("outcome=any", Query()),
        ("true=4;predicted=9", Query(true=(4,), predicted=(9,), outcome="wrong")),
        ("confidence=0.5-0.9", Query(lowest=0.5, highest=0.9, outcome="wrong")),
        ("tags=odd one,", Query(tags=("odd one", UNTAGGED), outcome="wrong")),
        ("tags=a%2Cb%3B", Query(tags=("a,b;",), outcome="wrong")),
        ("slices=thick@10", Query(slices=("thick@10",), outcome="wrong")),
    ],
)
def test_it_can_be_written_by_hand(text, query):
    assert filters.read(text, USUAL) == (query, [])


@pytest.mark.parametrize(
    "text",
    ["outcome=good", "true=x", "true=4-9", "confidence=0.9-0.5", "confidence=1.5", "beauty=1",
     "confidence=0-2", "decisions=odd", "verdicts=sad", "everywhere=1", "lowest=0.4", "true=12345",
     "lasso=lasso:nonsense",
     "tags=a%00b", "outcome"],
)  # fmt: skip
def test_what_is_broken_is_left_out_with_a_sentence(text):
    query, problems = filters.read(f"{text};predicted=9", USUAL)
    assert query == Query(predicted=(9,), outcome="wrong")
    assert len(problems) == 1
    assert "cannot be read" in problems[0]


def test_classes_that_there_are_not_are_left_out_with_a_sentence():
    query, problems = filters.among(Query(true=(4, 77), predicted=(10,), outcome="wrong"), 10)
    assert query == Query(true=(4,), outcome="wrong")
    assert problems == [
        "The address filters by classes 10, 77, but there are only 10 classes, counted from 0. "
        "They are left out."
    ]
    assert filters.among(Query(true=(9,)), 10) == (Query(true=(9,)), [])


@pytest.mark.parametrize(
    ("text", "index"),
    [("similar:247", 247), ("similar:", None), ("loss", None), (None, None), ("similar:-1", None)],
)
def test_the_image_that_others_are_compared_with(text, index):
    assert filters.similar_to(text) == index


@pytest.mark.parametrize(("text", "known"), [("loss:low", True), ("ranked", True), ("best", False)])
def test_known_orders(text, known):
    assert filters.is_order(text) is known
    assert not known or selection.parse({"sort": text})[1] == []
