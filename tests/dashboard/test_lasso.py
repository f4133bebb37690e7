"""A lasso in the address is the lasso that was drawn, and nothing else is taken for one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.review.lasso import GRID
from dashboard.lasso import LONGEST, Lasso, Piece, read, written
from dashboard.selection import Selection, parse, to_params

RUN = "20260131-142500-3fa09c"
corner = st.integers(0, 4095)
pieces = st.builds(
    Piece,
    map=st.sampled_from(["pca", "tsne"]),
    epoch=st.integers(0, 999_999),
    frame=st.integers(0, 999_999),
    mode=st.sampled_from(["true", "predicted", "outcome", "confidence", "tag"]),
    hidden=st.frozensets(st.integers(0, 60)).map(sorted).map(tuple),
    corners=st.lists(st.tuples(corner, corner), min_size=3, max_size=40).map(tuple),
    adds=st.booleans(),
).filter(Piece.stays)
lassos = st.builds(
    Lasso,
    run=st.just(RUN),
    split=st.sampled_from(["validation", "test"]),
    pieces=st.lists(pieces, min_size=1, max_size=4).map(tuple),
)


@given(lassos)
def test_what_is_written_is_read_back_also_from_an_address(lasso: Lasso) -> None:
    text = written(lasso)
    assert text is not None
    assert read(text) == lasso
    found, problems = parse(to_params(Selection(group=text)))
    assert found.group == text and problems == []


def test_a_lasso_that_is_too_long_for_an_address_is_not_written() -> None:
    piece = Piece("pca", 3, 3, "true", (), ((0, 4095),) * 40)
    assert written(Lasso(RUN, "test", (piece,) * 8)) is not None
    assert written(Lasso(RUN, "test", (piece,) * 9)) is None
    assert parse({"group": "x" * LONGEST})[1] == []
    assert "kind and a name" in parse({"group": "x" * (LONGEST + 1)})[1][0]


def test_by_hand() -> None:
    # 0 is AA, 63 is A_, 64 is BA, 4095 is __; entries 0 and 3 hidden are binary 1001.
    corners = ((0, 63), (64, 4095), (4095, 0))
    text = f"lasso:{RUN}.v,P3-4.t9.AAA_BA____AA"
    lasso = Lasso(RUN, "validation", (Piece("pca", 3, 4, "true", (0, 3), corners, adds=False),))
    assert written(lasso) == text
    assert read(text) == lasso


@pytest.mark.parametrize(
    "text",
    [
        None, "", "lasso:", "flips:fixed", f"lasso:{RUN}.t", f"lasso:{RUN}.x,p1-1.t0.AAAAAAAAAAAA",
        f"lasso:{RUN}.t,p1-1.t0.AAAAAAAA", f"lasso:{RUN}.t,p1-1.t0.AAAAAAAAAAA",
        f"lasso:{RUN}.t,q1-1.t0.AAAAAAAAAAAA", f"lasso:{RUN}.t,p1-1.z0.AAAAAAAAAAAA",
        f"lasso:{RUN}.t,p1-1.t0.AAAA!AAAAAAA", f"lasso:{RUN}.t,p1-1.t0.AAAAAAAAAAAA,",
        f"lasso:{RUN}.t,p1-1.g2.AAAAAAAAAAAA",
        "lasso:../..t,p1-1.t0.AAAAAAAAAAAA", f"lasso:{RUN}.t,p1-1.tff{'f' * 300}.AAAAAAAAAAAA",
    ],
)  # fmt: skip
def test_anything_else_is_none(text: str | None) -> None:
    assert read(text) is None


def test_only_hidden_tags_may_be_others_tomorrow() -> None:
    corners = ((0, 0), (9, 0), (9, 9))
    assert not Piece("pca", 3, 3, "tag", (1,), corners).stays()
    assert Piece("pca", 3, 3, "tag", (), corners).stays()
    assert Piece("pca", 3, 3, "predicted", (1,), corners).stays()


def test_corners_reach_beyond_the_grid_so_that_a_lasso_can_hold_every_point() -> None:
    polygon = Piece("pca", 0, 0, "true", (), ((0, 0), (4095, 0), (4095, 4095))).polygon()
    assert polygon.min() < 0 and polygon.max() > GRID
    assert np.diff(np.unique(polygon))[0] == 4095 * 17
