"""Colours of the map: every image in one group, the legend counts them."""

import numpy as np
import pandas as pd
import pytest

from core.evaluation import examples
from dashboard.palette import THEMES
from dashboard.point_colors import MOST_TAGS, TITLES, class_color, coloring


@pytest.fixture
def table() -> pd.DataFrame:
    labels = np.array([0, 0, 1, 2, 2, 1])
    probabilities = np.array(
        [
            [0.4, 0.35, 0.25], [0.05, 0.9, 0.05], [0.0005, 0.999, 0.0005],
            [0.1, 0.3, 0.6], [0.02, 0.03, 0.95], [0.0, 0.005, 0.995],
        ],
        np.float32,
    )  # fmt: skip
    return examples(labels, probabilities, np.arange(6))


def counts(found) -> list[tuple[str, int]]:
    return [(entry.label, entry.count) for entry in found.legend]


def test_classes(table) -> None:
    names = ("zero", "one", "two")
    assert counts(coloring(table, "true", names)) == [("zero", 2), ("one", 2), ("two", 2)]
    found = coloring(table, "predicted", names)
    assert found.groups.tolist() == [0, 1, 1, 2, 2, 2]
    assert counts(found) == [("zero", 1), ("one", 2), ("two", 3)]


def test_right_and_wrong(table) -> None:
    found = coloring(table, "outcome", ("0", "1", "2"))
    assert found.groups.tolist() == [0, 1, 0, 0, 0, 1]
    assert counts(found) == [("right", 4), ("wrong", 2)]


def test_levels_of_confidence_begin_with_their_lower_end(table) -> None:
    found = coloring(table.assign(confidence=[0.4, 0.5, 0.9, 0.6999, 0.999, 1.0]), "confidence", ())
    assert counts(found) == [
        ("below 50 %", 1), ("50–70 %", 2), ("70–90 %", 0), ("90–99 %", 1), ("99–99.9 %", 0),
        ("from 99.9 %", 2),
    ]  # fmt: skip


def test_the_first_of_several_tags_gives_the_colour(table) -> None:
    first = np.array([True, False, False, True, False, False])
    second = np.array([True, True, False, False, False, False])
    found = coloring(table, "tag", (), [("odd <b>", first), ("slanted", second)])
    assert found.groups.tolist() == [1, 2, 0, 1, 0, 0]
    assert counts(found) == [("untagged", 3), ("odd <b>", 2), ("slanted", 1)]
    assert coloring(table, "tag", ()).legend[0].count == 6


def test_more_tags_than_colours_share_the_last(table) -> None:
    tags = [(f"tag {number}", np.arange(6) == number % 6) for number in range(MOST_TAGS + 3)]
    found = coloring(table, "tag", (), tags)
    assert len(found.legend) == MOST_TAGS + 1
    assert found.legend[-1].label == "4 more tags"
    assert sum(entry.count for entry in found.legend) == 6


@pytest.mark.parametrize("size", [1, 2, 10, 11, 47])
def test_every_group_has_a_colour_of_the_palette_and_no_two_classes_the_same(table, size) -> None:
    names = [str(number) for number in range(max(size, 3))]
    for mode in TITLES:
        for entry in coloring(table, mode, names).legend:
            name, _, number = entry.color.partition(".")
            for palette in THEMES.values():
                stops = getattr(palette, name) if name != "hue" else None
                assert (
                    stops is None or (isinstance(stops, str) and not number) or stops[int(number)]
                )
    assert len({class_color(number, size) for number in range(size)}) == size
