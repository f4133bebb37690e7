"""What a lasso catches is what winds around it, and the grid keeps every point."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.review.lasso import GRID, inside, on_grid, square

points = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=30)
polygons = st.lists(st.tuples(st.integers(-1, 13), st.integers(-1, 13)), min_size=0, max_size=9)


def test_by_hand() -> None:
    square_of_four = np.array([[2, 2], [6, 2], [6, 6], [2, 6]])
    asked = np.array([[4, 4], [1, 4], [7, 4], [4, 1], [4, 7], [3, 5]])
    assert inside(asked, square_of_four).tolist() == [True, False, False, False, False, True]
    assert inside(asked, square_of_four[::-1]).tolist() == inside(asked, square_of_four).tolist()


def test_a_line_that_crosses_itself_encloses_both_loops_and_one_within_another() -> None:
    eight = np.array([[0, 0], [10, 10], [10, 0], [0, 10]])
    assert inside(np.array([[1, 5], [9, 5], [5, 1]]), eight).tolist() == [True, True, False]
    outer = [[0, 0], [20, 0], [20, 20], [0, 20], [0, 0]]
    inner = [[5, 5], [15, 5], [15, 15], [5, 15], [5, 5]]
    assert inside(np.array([[10, 10]]), np.array(outer + inner)).all()


@pytest.mark.parametrize("corners", [0, 1, 2])
def test_fewer_than_three_corners_hold_nothing(corners: int) -> None:
    polygon = np.array([[0, 0], [9, 9]], np.int64)[:corners].reshape(-1, 2)
    assert not inside(np.array([[0, 0], [4, 4], [5, 3]]), polygon).any()


def angle_winding(point: tuple[int, int], polygon: list[tuple[int, int]]) -> int | None:
    """How often the line turns around a point, from the angles; None on the line."""
    total = 0.0
    for corner, following in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        a, b = np.subtract(corner, point), np.subtract(following, point)
        cross, dot = int(a[0] * b[1] - a[1] * b[0]), int(a @ b)
        if cross == 0 and dot <= 0:
            return None
        total += np.arctan2(cross, dot)
    return round(total / (2 * np.pi))


@settings(max_examples=200, deadline=None)
@given(points, polygons)
def test_it_agrees_with_the_angles_around_every_point_off_the_line(asked, polygon) -> None:
    found = inside(np.array(asked), np.array(polygon, np.int64).reshape(-1, 2))
    for point, is_inside in zip(asked, found.tolist(), strict=True):
        winding = angle_winding(point, polygon)
        if winding is not None:
            assert is_inside == (winding != 0)


@settings(max_examples=100, deadline=None)
@given(points, st.integers(0, 12))
def test_two_boxes_side_by_side_share_no_point_and_lose_none(asked, cut) -> None:
    left = np.array([[0, 0], [cut, 0], [cut, 12], [0, 12]])
    right = np.array([[cut, 0], [12, 0], [12, 12], [cut, 12]])
    whole = np.array([[0, 0], [12, 0], [12, 12], [0, 12]])
    grid = np.array(asked)
    halves = [inside(grid, left), inside(grid, right)]
    assert not (halves[0] & halves[1]).any()
    np.testing.assert_array_equal(halves[0] | halves[1], inside(grid, whole))


def test_the_grid_has_one_scale_for_both_directions_and_ends_at_the_bounds() -> None:
    bounds = np.array([[-1.0, 3.0], [0.0, 2.0]])
    corner, span = square(bounds)
    assert corner.tolist() == [-1.0, -1.0] and span == 4.0
    grid = on_grid(np.array([[-1.0, -1.0], [3.0, 3.0], [1.0, 1.0], [9.0, -9.0]]), bounds)
    assert grid[:2].tolist() == [[0, 0], [GRID, GRID]]
    assert abs(grid[2].astype(int) - GRID / 2).max() <= 1
    assert grid[3].tolist() == [GRID, 0]  # on the edge, not around it


def test_bounds_without_extent_do_no_harm() -> None:
    assert on_grid(np.array([[2.0, 2.0]]), np.full((2, 2), 2.0)).shape == (1, 2)
