"""The selection: what a URL says is read back exactly, and what is broken gets a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from dashboard.selection import MATRICES, NAMES, SPLITS, Beside, Selection, parse, to_params

RUN = "20250102-030405-abcdef"


def any_class(cell):
    return cell != (None, None)


selections = st.builds(
    Selection,
    run=st.none() | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,20}", fullmatch=True),
    epoch=st.none() | st.integers(0, 999),
    split=st.sampled_from(SPLITS),
    cells=st.lists(
        st.tuples(st.none() | st.integers(0, 46), st.none() | st.integers(0, 46)).filter(any_class),
        unique=True,
        max_size=5,
    ).map(tuple),
    threshold=st.integers(0, 100).map(lambda percent: percent / 100),
    group=st.none() | st.sampled_from(["flips:fixed", "slice:thick strokes", "story:forgotten"]),
    filter=st.none() | st.just("wrong;confidence=0.5-0.9"),
    sort=st.none() | st.sampled_from(["loss", "similar:123"]),
    example=st.none() | st.integers(0, 999_999),
    layer=st.none() | st.sampled_from(["input", "blocks.0.conv", "dense.1.linear", "output"]),
    unit=st.none() | st.integers(0, 4095),
    at=st.none() | st.tuples(st.integers(0, 511), st.integers(0, 511)),
    compare=st.none()
    | st.builds(Beside, epoch=st.integers(0, 999))
    | st.builds(
        Beside,
        run=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,20}[A-Za-z_-]", fullmatch=True),
        epoch=st.none() | st.integers(0, 999),
    ),
    matrix=st.sampled_from(MATRICES),
)


@given(selections)
def test_parse_reads_back_what_to_params_writes(selection):
    assert parse(to_params(selection)) == (selection, [])


@given(st.dictionaries(st.sampled_from(NAMES), st.text()))
def test_any_text_gives_a_selection_and_never_an_exception(params):
    selection, problems = parse(params)
    assert parse(to_params(selection)) == (selection, [])
    assert len(problems) <= len(params)


def test_cell_is_true_class_then_predicted_class():
    assert parse({"cell": "4-9"})[0].cells == ((4, 9),)


def test_several_cells_rows_and_columns_are_kept_in_order_and_once():
    cells = parse({"cell": "9-4,4-*,*-9,9-4"})[0].cells
    assert cells == ((9, 4), (4, None), (None, 9))


def test_at_is_row_then_column():
    assert parse({"at": "3-12"})[0].at == (3, 12)


def test_compare_is_an_epoch_where_it_is_a_number_and_else_a_run_at_its_last_or_at_any():
    assert parse({"compare": "3"})[0].compare == Beside(epoch=3)
    assert parse({"compare": RUN})[0].compare == Beside(RUN)
    assert parse({"compare": f"{RUN}@3"})[0].compare == Beside(RUN, 3)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("epoch", "-1", "latest epoch"),
        ("epoch", "1.5", "whole number"),
        ("epoch", "٣", "whole number"),
        ("split", "train", "validation or test"),
        ("cell", "4", "true-predicted"),
        ("cell", "4-9-1", "true-predicted"),
        ("cell", "*-*", "true-predicted"),
        ("cell", "4-9,", "true-predicted"),
        ("threshold", "1.5", "from 0 to 1"),
        ("threshold", "nan", "from 0 to 1"),
        ("filter", "x" * 2_001, "at most 2,000"),
        ("group", "a\nb", "a kind and a name"),
        ("sort", "../x", "name of an order"),
        ("example", "1e3", "whole number"),
        ("run", "../../etc/passwd", "id of a run"),
        ("run", "", "id of a run"),
        ("layer", "blocks/0", "name of a layer"),
        ("layer", "0.conv", "name of a layer"),
        ("unit", "-1", "from 0"),
        ("at", "3", "row and column"),
        ("at", "3--12", "row and column"),
        ("compare", "../x", "id of another run"),
        ("compare", f"{RUN}@", "with @3 for its epoch 3"),
        ("compare", f"{RUN}@last", "with @3 for its epoch 3"),
        ("compare", f"{RUN}@1@2", "Nothing is compared"),
        ("compare", "@3", "an epoch of this run, as in 3"),
        ("matrix", "row %", "counts, row, column or difference"),
    ],
)
def test_a_broken_parameter_gives_its_default_and_one_sentence(name, text, words):
    selection, problems = parse({name: text})
    assert selection == Selection()
    assert len(problems) == 1
    assert f"asks for {name}" in problems[0]
    assert words in problems[0]


def test_a_broken_parameter_leaves_the_others_alone():
    selection, problems = parse({"run": RUN, "epoch": "x", "split": "validation"})
    assert selection == Selection(run=RUN, split="validation")
    assert len(problems) == 1


def test_markdown_in_a_broken_parameter_is_shown_as_it_is():
    _, problems = parse({"run": "![x](http://a.b)$\\alpha$"})
    assert "\\!\\[x\\]\\(" in problems[0]
    assert "\\$" in problems[0]


def _page():
    import streamlit as st

    from dashboard import selection

    if st.button("choose"):
        selection.update(cells=((4, 9),), example=None)
    st.text(repr(selection.current()))


def _shown(at):
    assert not at.exception
    return at.text[0].value


def test_update_writes_the_url_and_keeps_parameters_of_others():
    at = AppTest.from_function(_page)
    at.query_params.update({"run": RUN, "example": "7", "preset": "deep"})
    at.run()
    at.button[0].click().run()
    assert at.query_params == {"run": RUN, "cell": "4-9", "preset": "deep"}
    assert _shown(at) == repr(Selection(run=RUN, cells=((4, 9),)))


def test_a_link_that_drops_the_parameters_gets_them_back():
    at = AppTest.from_function(_page)
    at.query_params.update({"run": RUN, "cell": "1-2"})
    at.run()
    at.query_params.clear()
    at.run()
    assert at.query_params == {"run": RUN, "cell": "1-2"}
    assert _shown(at) == repr(Selection(run=RUN, cells=((1, 2),)))


def test_a_new_url_wins_over_what_is_remembered():
    at = AppTest.from_function(_page)
    at.query_params.update({"run": RUN, "cell": "1-2"})
    at.run()
    at.query_params.clear()
    at.query_params["run"] = "other"
    at.run()
    assert _shown(at) == repr(Selection(run="other"))


def test_two_tabs_do_not_disturb_each_other():
    first, second = AppTest.from_function(_page), AppTest.from_function(_page)
    first.query_params["run"] = "one"
    second.query_params["run"] = "two"
    first.run()
    second.run()
    first.button[0].click().run()
    second.run()
    assert _shown(second) == repr(Selection(run="two"))
