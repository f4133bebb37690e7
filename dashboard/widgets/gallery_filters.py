"""Which images a gallery shows, and in what order: the choices, each with what it would leave."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import pandas as pd
import streamlit as st

from core.errors import UserError
from core.inspection.biography import Verdict
from core.review.query import DECISIONS, ORDERS, UNTAGGED, Facet, Query, facet_counts
from dashboard import filters, lasso_images, selection
from dashboard.review_images import (
    RANKED,
    Found,
    Images,
    slice_names,
    slice_title,
    with_history,
    with_lasso,
    with_slices,
)
from dashboard.text import clean, count, escaped, sentence
from dashboard.widgets.sign_popover import sign_popover

_FEW = 12  # choices that are shown side by side; more are a list
_WIDTH = 440  # pixels of the choices
_ANSWERS = {"any": "All", "right": "Right", "wrong": "Wrong"}

Counts = Mapping[Any, int]


def filter_button(found: Found, classes: tuple[str, ...], key: str, narrow: bool) -> None:
    """A button that opens into all facets; `filter_line` says which are in force."""
    # Always of one name: the browser takes one that is called otherwise for another, and shuts it.
    with sign_popover("Filter", ":material/filter_alt:", f"{key}_filter", narrow) as opened:
        if opened.open:
            with st.container(width=_WIDTH):
                _Facets(found, classes, key).draw()


def lasso_offer(found: Found, images: Images, key: str) -> None:
    """Offers the images of the lasso in the address, which was drawn on another page."""
    there = lasso_images.carried(found.run, found.split) if images.lasso else None
    if there is None or there == found.query.lasso:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"A lasso is drawn around {found.split} images on the map.", width="content")
        st.button(
            "Show only those", key=f"{key}_lasso", type="tertiary", icon=":material/lasso_select:",
            on_click=_apply, args=(replace(found.query, lasso=there), found.usual),
        )  # fmt: skip


def filter_line(found: Found, classes: tuple[str, ...], key: str) -> None:
    """What is filtered by, in words, with a button that ends it; nothing where nothing is."""
    facets = _in_force(found)
    if not facets:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        words = " · ".join(_words(facet, found, classes) for facet in facets)
        st.caption(f"Filtered: {words}", width="content")
        st.button(
            "Clear the filter", key=f"{key}_clear", type="tertiary", icon=":material/close:",
            on_click=_apply, args=(found.usual, found.usual),
        )  # fmt: skip


def order_choice(found: Found, images: Images, key: str, width: int | Literal["stretch"]) -> None:
    """By what the images are sorted."""
    usual = images.order or RANKED
    example = selection.current().example
    names = {} if images.order else {RANKED: images.ranking}
    names |= {name: order.title for name, order in ORDERS.items()}
    like = filters.similar_to(found.order)
    for index in dict.fromkeys(one for one in (like, example) if one is not None):
        names[f"similar:{index}"] = f"Most like image {count(index)}"

    def changed() -> None:
        wanted = st.session_state[f"{key}_order"]
        selection.update(sort=None if wanted == usual else wanted)

    st.session_state[f"{key}_order"] = found.order
    st.selectbox(
        "Order", list(names), key=f"{key}_order", on_change=changed, width=width,
        label_visibility="collapsed", format_func=lambda name: names.get(name, name),
    )  # fmt: skip


def _in_force(found: Found) -> list[Facet]:
    """The facets in which the filter differs from the usual one."""
    names: list[Facet] = [
        "outcome", "true", "predicted", "tags", "decisions", "verdicts", "everywhere", "slices",
        "lasso",
    ]  # fmt: skip
    query, usual = found.query, found.usual
    differing = [name for name in names if getattr(query, name) != getattr(usual, name)]
    ranged = (query.lowest, query.highest) != (usual.lowest, usual.highest)
    return [*differing, "confidence"] if ranged else differing


def _apply(query: Query, usual: Query) -> None:
    text = filters.written(query, usual)
    if text is not None and len(text) > selection.LONGEST_FILTER:
        st.toast("So much does not fit into the address: choose fewer at once.", icon="⚠️")
        return
    selection.update(filter=text)


class _Facets:
    """All choices, drawn only while the button is open."""

    def __init__(self, found: Found, classes: tuple[str, ...], key: str) -> None:
        self._found, self._key = found, f"{key}_facet"
        self._classes = [clean(name, 24) for name in classes]
        self._slices: dict[str, str] = {}
        self._lasso = found.query.lasso or lasso_images.known(found.run, found.split)
        self._problems: list[str] = []
        self._counts = facet_counts(self._table(), found.query)

    def draw(self) -> None:
        self._outcome()
        self._confidence()
        for facet, title in (("true", "True class"), ("predicted", "Predicted")):
            options = list(range(len(self._classes)))
            self._several(facet, title, options, self._classes.__getitem__)  # type: ignore[arg-type]
        names = list(self._found.annotations.tags)
        if names:
            self._several("tags", "Tag", [*names, UNTAGGED], lambda name: name or "untagged")
        decided = self._counts["decisions"]
        if any(decided[kind] for kind in DECISIONS[1:]) or self._found.query.decisions:
            self._several("decisions", "Decision", DECISIONS, str)
        self._history()

    def _history(self) -> None:
        if "verdicts" in self._counts:
            options = [story for story in get_args(Verdict) if story in self._counts["verdicts"]]
            self._several("verdicts", "Over the epochs", options, str)
        if "everywhere" in self._counts:
            left = self._counts["everywhere"][True]
            label = f"Wrong in all completed runs ({count(left)})"
            self._flag("everywhere", label, on=True, off=False)
        if self._slices:
            names = {key: clean(title, 40) for key, title in self._slices.items()}
            asked = [key for key in self._found.query.slices if key not in names]
            names |= {key: clean(slice_title(self._found, key), 40) for key in asked}
            self._several("slices", "Slice", list(names), names.__getitem__)
        if self._lasso and "lasso" in self._counts:
            label = f"In the lasso on the map ({count(self._counts['lasso'][True])})"
            self._flag("lasso", label, on=self._lasso, off="")
        for problem in dict.fromkeys(self._problems):
            st.caption(sentence(problem))

    def _table(self) -> pd.DataFrame:
        """The table with everything that can be told of the images."""
        found = self._found
        for widen in (self._with_slices, with_history, self._with_lasso):
            try:
                found = replace(found, table=widen(found))
            except UserError as error:
                self._problems.append(str(error))
        return found.table

    def _with_slices(self, found: Found) -> pd.DataFrame:
        names = slice_names(found)
        table = with_slices(found, {**names, **dict.fromkeys(found.query.slices, "")})
        self._slices = names
        return table

    def _with_lasso(self, found: Found) -> pd.DataFrame:
        return with_lasso(found, self._lasso) if self._lasso else found.table

    def _outcome(self) -> None:
        counts, key = self._counts["outcome"], f"{self._key}_outcome"

        def changed() -> None:
            self._change(outcome=st.session_state[key])

        st.session_state[key] = self._found.query.outcome
        st.segmented_control(
            "Answer", list(_ANSWERS), key=key, required=True, on_change=changed,
            format_func=lambda name: f"{_ANSWERS[name]} {count(counts[name])}",
        )  # fmt: skip

    def _confidence(self) -> None:
        query, key = self._found.query, f"{self._key}_confidence"

        def changed() -> None:
            lowest, highest = st.session_state[key]
            self._change(lowest=lowest / 100, highest=highest / 100)

        st.session_state[key] = (query.lowest * 100, query.highest * 100)
        left = count(len(self._found.rows))
        st.slider(
            f"Confidence, {left} in this range", 0.0, 100.0, step=0.5, format="%g %%", key=key,
            on_change=changed,
        )  # fmt: skip
        st.html(_histogram(self._counts["confidence"], query))

    def _several(
        self, facet: Facet, title: str, options: Sequence[Any], named: Callable[[Any], str]
    ) -> None:
        """Any number of choices; one that is asked for and is not there is shown as well."""
        counts, key = self._counts.get(facet, {}), f"{self._key}_{facet}"
        asked = [one for one in getattr(self._found.query, facet) if one in options]

        def changed() -> None:
            self._change(**{facet: tuple(st.session_state[key])})

        def labelled(option: Any) -> str:
            return f"{named(option)} · {count(counts.get(option, 0))}"

        st.session_state[key] = asked
        if len(options) <= _FEW:
            st.pills(
                title, options, selection_mode="multi", key=key, on_change=changed,
                format_func=lambda option: (
                    f"{escaped(named(option))} :gray[{count(counts.get(option, 0))}]"
                ),
            )  # fmt: skip
        else:
            st.multiselect(title, options, key=key, on_change=changed, format_func=labelled)

    def _flag(self, facet: str, label: str, *, on: Any, off: Any) -> None:
        key = f"{self._key}_{facet}"

        def changed() -> None:
            self._change(**{facet: on if st.session_state[key] else off})

        st.session_state[key] = getattr(self._found.query, facet) != off
        st.checkbox(label, key=key, on_change=changed)

    def _change(self, **changes: Any) -> None:
        _apply(replace(self._found.query, **changes), self._found.usual)


def _histogram(bins: Counts, query: Query) -> str:
    """Ten bars under the slider: where the images are that the other choices leave."""
    most = max(bins.values(), default=0)
    bars = []
    for start, number in bins.items():
        inside = start + 0.1 > query.lowest and start <= query.highest
        # A root: a few errors beside thousands of right answers are seen, too.
        height = (number / most) ** 0.5 * 28 if most else 0
        title = f"{start:.0%} to {start + 0.1:.0%}: {count(number)}"
        style = f"height:{height:.1f}px" + ("" if inside else ";opacity:0.35")
        bars.append(f'<i title="{title}" style="{style}"></i>')
    return f'<div class="cs-bins">{"".join(bars)}</div>'


def _words(facet: Facet, found: Found, classes: tuple[str, ...]) -> str:
    query = found.query
    if facet == "confidence":
        return f"confidence {query.lowest:.3g} to {query.highest:.3g}"
    if facet == "outcome":
        return {"any": "right and wrong", "right": "right", "wrong": "wrong"}[query.outcome]
    if facet == "everywhere":
        return "wrong in all completed runs"
    if facet == "lasso":
        return "in the lasso on the map"
    values = getattr(query, facet)
    if facet in ("true", "predicted"):
        values = [classes[one] if one < len(classes) else f"class {one}" for one in values]
    if facet == "slices":
        values = [slice_title(found, key) for key in values]
    listed = " or ".join(escaped(clean(one, 24)) if one else "untagged" for one in values)
    # Verdicts and decisions say themselves what they are.
    title = {"tags": "tag", "true": "true", "predicted": "predicted"}.get(facet, "")
    return f"{title} {listed}".strip()
