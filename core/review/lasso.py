"""Which points of a map lie inside a line drawn around them, to the last point the same anywhere.

Points are laid on a grid of whole numbers, and corners too: products of whole numbers are exact,
so the browser and the library always agree about a point on the line.
"""

import numpy as np
from numpy.typing import NDArray

GRID = 65_535  # the largest coordinate: two bytes each
Grid = NDArray[np.uint16]


def on_grid(points: NDArray[np.floating], bounds: NDArray[np.float64]) -> Grid:
    """(N, 2) whole numbers in [0, 65535] for places (N, 2) in a square around some bounds.

    Both directions have one scale. What lies outside is put on the edge.

    Args:
        points: finite numbers.
        bounds: (2, 2) least and greatest value along each axis.
    """
    low, span = square(bounds)
    shares = (points.astype(np.float64) - low) / span
    return np.rint(np.clip(shares, 0, 1) * GRID).astype(np.uint16)


def square(bounds: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """The lower left corner (2,) and the side of the square around bounds (2, 2), in the middle."""
    span = float((bounds[:, 1] - bounds[:, 0]).max()) or 1.0
    corner: NDArray[np.float64] = bounds.mean(1) - span / 2
    return corner, span


def inside(points: NDArray[np.integer], polygon: NDArray[np.integer]) -> NDArray[np.bool_]:
    """(N,) whether each point lies inside a polygon, which may cross itself.

    A point is inside where the line winds around it, either way (the nonzero rule): a loop within
    a loop counts as inside. Points on an upward edge are outside, on a downward one inside, so
    that two polygons side by side share none.

    Args:
        points: (N, 2) whole numbers below 2^30.
        polygon: (V, 2) likewise; fewer than three corners hold nothing.
    """
    x, y = points.astype(np.int64).T
    corners = polygon.astype(np.int64)
    winding = np.zeros(len(points), np.int64)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
        winding += (y0 <= y) & (y < y1) & (side > 0)
        winding -= (y1 <= y) & (y < y0) & (side < 0)
    found: NDArray[np.bool_] = winding != 0
    return found
