"""The maps component: what is packed for the browser, the limits of colours, places of clicks."""

import json

import numpy as np
import pytest

from dashboard.components.maps import Maps, Place, pack, place_of, ranges


def _read(packed: bytes):
    """Header and floats, as the browser takes them apart."""
    length = int.from_bytes(packed[:4], "little")
    return json.loads(packed[4 : 4 + length]), np.frombuffer(packed[4 + length :], "<f4")


def _part(floats, group, part):
    """The values, limits or kernels of a packed group."""
    sizes = [np.prod(group["shape"]), group["shape"][0], np.prod(group.get("kernels", [0]))]
    start = group["offset"] + int(sum(sizes[:part]))
    return floats[start : start + int(sizes[part])]


@pytest.fixture
def groups():
    rng = np.random.default_rng(0)
    return [
        Maps("input", "input", rng.normal(size=(1, 5, 4)).astype(np.float32), colors="gray"),
        Maps(
            "conv",
            "conv",
            rng.normal(size=(3, 3, 2)).astype(np.float32),
            sources=("input",),
            kernels=rng.normal(size=(3, 1, 3, 3)).astype(np.float32),
        ),
        Maps("output", "logits", np.array([-4.0, 2.0], np.float32), colors="bars"),
    ]


def test_what_is_packed_is_read_back_number_by_number(groups):
    header, floats = _read(pack(groups, {"flow": "rows"}))
    assert header["flow"] == "rows"
    for group, read in zip(groups, header["groups"], strict=True):
        assert read["name"] == group.name
        np.testing.assert_array_equal(_part(floats, read, 0), group.values.ravel())
    np.testing.assert_array_equal(_part(floats, header["groups"][1], 2), groups[1].kernels.ravel())
    assert header["groups"][2]["shape"] == [2, 1, 1]


@pytest.mark.parametrize("title", ["", "a", "ab", "abc", "ü", "卷积"])
def test_floats_begin_at_a_whole_four_bytes_whatever_the_header(groups, title):
    packed = pack(groups, {"label": title})
    assert int.from_bytes(packed[:4], "little") % 4 == 0
    assert _read(packed)[0]["label"] == title


def test_limits_are_the_largest_magnitude_of_a_map_a_layer_or_all():
    first = Maps("a", "a", np.array([[[1.0, -3.0]], [[0.5, 0.0]]], np.float32))
    second = Maps("b", "b", np.array([[[7.0]]], np.float32))
    image = Maps("input", "input", np.array([[[100.0]]], np.float32), colors="gray")
    all_maps = [image, first, second]

    def limits(scale):
        return [group.limits.tolist() for group in ranges(all_maps, scale)]

    assert limits("map") == [[100], [3, 0.5], [7]]
    assert limits("layer") == [[100], [3, 3], [7]]
    assert limits("global") == [[100], [7, 7], [7]]


def test_what_is_no_number_does_not_set_the_limit():
    broken = Maps("a", "a", np.array([[[np.nan, np.inf, -2.0]]], np.float32))
    assert ranges([broken], "layer")[0].limits.tolist() == [2]


def test_a_click_names_a_place_that_exists(groups):
    assert place_of({"group": "conv", "map": 2, "row": 1, "column": 0}, groups) == Place(
        "conv", 2, 1, 0
    )
    assert place_of({"group": "output", "map": 1, "row": 0, "column": 0}, groups) == Place(
        "output", 1
    )


@pytest.mark.parametrize(
    "event",
    [
        None,
        "conv",
        {},
        {"group": "other", "map": 0, "row": 0, "column": 0},
        {"group": "conv", "map": 3, "row": 0, "column": 0},
        {"group": "conv", "map": -1, "row": 0, "column": 0},
        {"group": "conv", "map": 0, "row": 0, "column": 2},
        {"group": "conv", "map": True, "row": 0, "column": 0},
        {"group": "conv", "map": 0.5, "row": 0, "column": 0},
        {"group": ["conv"], "map": 0, "row": 0, "column": 0},
        {"group": "conv", "map": 0, "row": 0},
    ],
)
def test_anything_else_is_no_place(groups, event):
    assert place_of(event, groups) is None
