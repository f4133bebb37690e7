"""What a browser reports arrives once, and nothing of it is lost."""

import pytest

from dashboard.components.events import Heard, unheard
from tests.dashboard.pages import message


def test_a_message_that_overtakes_others_brings_them_along_and_none_counts_twice():
    heard = Heard()
    first = unheard(heard, message({"add": [5]}))
    both = unheard(heard, message({"add": [5]}, {"add": [6]}, {"open": 7}))
    assert [event["n"] for event in first] == [0]
    assert [event["n"] for event in both] == [1, 2]
    assert unheard(heard, message({"add": [5]}, {"add": [6]}, {"open": 7})) == []
    assert len(unheard(heard, message({"open": 5}, sender="loaded again"))) == 1


@pytest.mark.parametrize("given", [None, 3, {}, {"events": 3}, {"events": [3, {"n": True}]}])
def test_what_is_no_message_is_ignored(given):
    assert unheard(Heard(), given) == []
