"""Tags in the address: whatever a tag may be called, the gallery can be filtered by it."""

from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import ReviewError
from core.review.marks import tag_name
from core.review.query import Query
from dashboard import filters


@given(st.text(st.characters(), min_size=1, max_size=30))
@example("soft\u00adhyphen")
@example("private \ue000 use")
@example("a,b;c=d%")
def test_every_tag_can_be_asked_for_in_the_address(name):
    try:
        kept = tag_name(name)
    except ReviewError:
        return  # nothing but invisible characters
    query, usual = Query(tags=(kept,)), Query()
    assert filters.read(filters.written(query, usual), usual) == (query, [])
    assert tag_name(kept) == kept
