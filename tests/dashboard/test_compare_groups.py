"""The groups of the Compare page: what is written into the address is read back the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.review.biographies import VERDICTS
from core.review.flips import OUTCOMES
from dashboard import selection
from dashboard.compare_groups import (
    FlipGroup,
    RunsGroup,
    StoryGroup,
    first_group,
    misread,
    part_of,
    tail_of,
)

# Of any run's id: a folder that was copied by hand has another one than the store gives.
IDS = st.from_regex(selection._RUN_ID, fullmatch=True)
TAILS = st.lists(IDS.map(tail_of), min_size=1, max_size=49)


def _through_the_address(group):
    """The group as another tab reads it from the URL."""
    params = selection.to_params(selection.Selection(group=group))
    read, problems = selection.parse(params)
    assert not problems
    return read.group


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(OUTCOMES), st.none() | st.integers(0, 9999))
def test_flips_come_back(outcome, label):
    group = FlipGroup(outcome, label)
    assert FlipGroup.read(_through_the_address(group.written())) == group
    assert group.backwards().backwards() == group


@settings(max_examples=60, deadline=None)
@given(st.none() | st.integers(1, 50), st.booleans(), st.none() | st.just(()) | TAILS.map(tuple))
def test_runs_come_back(wrong_in, best, tails):
    group = RunsGroup(wrong_in, best, tails)
    assert RunsGroup.read(_through_the_address(group.written())) == group


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(VERDICTS).map(lambda verdict: StoryGroup(verdict=verdict))
    | st.integers(0, 100_000).map(lambda epoch: StoryGroup(since=epoch))
    | st.integers(0, 100_000).map(lambda times: StoryGroup(lost=times))
    | st.just(StoryGroup())
)
def test_stories_come_back(group):
    assert StoryGroup.read(_through_the_address(group.written())) == group


def test_they_read_as_a_person_would_write_them():
    assert FlipGroup("broken", 4).written() == "flips:broken 4"
    assert RunsGroup(3, True, ("3fa09c", "81b2d7")).written() == "runs:3 best of 3fa09c 81b2d7"
    assert StoryGroup(lost=2).written() == "story:lost 2"
    assert tail_of("20260131-142500-3fa09c") == "3fa09c"


def test_nothing_chosen_is_every_flip_and_leaves_the_address_alone():
    assert FlipGroup().written() is None
    assert FlipGroup("fixed").backwards() == FlipGroup("broken")
    assert FlipGroup("both wrong").backwards() == FlipGroup("both wrong")
    assert FlipGroup().backwards() == FlipGroup()


@pytest.mark.parametrize(
    "group", [None, "", "slice:thick", "flips:", "flips:other", "flips:fixed x"]
)
def test_a_group_of_another_page_chooses_nothing(group):
    assert part_of(group) == "flips"
    assert FlipGroup.read(group) == FlipGroup()
    assert RunsGroup.read(group) == RunsGroup()
    assert StoryGroup.read(group) == StoryGroup()


@pytest.mark.parametrize(
    "group", ["runs:x", "runs:0", "runs:2 of zz!", "runs:2 of", "story:since", "story:sometimes"]
)
def test_what_cannot_be_read_chooses_nothing_in_its_part(group):
    assert part_of(group) == group.partition(":")[0]
    assert RunsGroup.read(group) == RunsGroup()
    assert StoryGroup.read(group) == StoryGroup()


@pytest.mark.parametrize(
    "group",
    ["zzz", "flips:", "flips:foo", "flips:fixed x", "runs:0", "runs:2 of", "story:old"],
)
def test_a_group_that_there_is_not_is_noticed(group):
    assert misread(group)


@pytest.mark.parametrize(
    "group", [None, "slice:thick", "unsure:all", "story:any", "runs:all", "flips:both wrong 4"]
)
def test_groups_of_the_page_and_of_others_are_no_mistake(group):
    assert not misread(group)


@pytest.mark.parametrize("part", ["flips", "runs", "story"])
def test_each_part_opens_by_its_first_group(part):
    assert part_of(first_group(part)) == part
