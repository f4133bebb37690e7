"""Records survive their file, and the curve leaves out what no longer holds."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import (
    ChangeRecord,
    Curve,
    EpochRecord,
    LayerStatistics,
    Record,
    ResumeRecord,
    StepRecord,
    curve,
    from_json,
    from_line,
    to_json,
    to_line,
)

numbers = st.floats(allow_infinity=False, allow_nan=False)
counts = st.integers(0, 10**9)
steps = st.builds(StepRecord, counts, counts, numbers, counts, numbers, numbers)
layers = st.lists(st.builds(LayerStatistics, st.text(), numbers, numbers, numbers), max_size=3)
epochs = st.builds(EpochRecord, counts, *[numbers] * 11, layers)
changes = st.builds(
    ChangeRecord, numbers, counts, st.dictionaries(st.text(), st.lists(numbers, max_size=2))
)
records = st.one_of(steps, epochs, changes, st.builds(ResumeRecord, numbers, counts))


@given(records)
def test_a_record_comes_back_from_its_line(record: Record) -> None:
    line = to_line(record)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert from_line(line) == record


@given(st.binary() | st.text() | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
).map(json.dumps))  # fmt: skip
def test_foreign_lines_are_no_records(line: bytes | str) -> None:
    assert from_line(line) is None


@given(records, st.data())
def test_a_torn_line_is_no_record(record: Record, data: st.DataObject) -> None:
    line = to_line(record)
    assert from_line(line[: data.draw(st.integers(0, len(line) - 3))]) is None


def test_a_number_that_does_not_exist_is_null_in_the_file() -> None:
    nan = math.nan
    record = EpochRecord(0, nan, nan, 2.3, 0.1, 2.3, 0.1, 0.0, 0.2, 0.0, 0.0, nan)
    values = json.loads(to_line(record))
    assert values["kind"] == "epoch"
    assert values["train_loss"] is None
    back = from_line(to_line(record))
    assert isinstance(back, EpochRecord)
    assert math.isnan(back.train_loss)
    assert math.isnan(back.gradient_norm)
    assert back.validation_loss == 2.3


@pytest.mark.parametrize(
    "spoilt", [{"step": "7"}, {"step": True}, {"loss": "low"}, {"loss": [1]}, {"kind": "note"}]
)
def test_values_of_another_type_are_refused(spoilt: dict) -> None:
    values = {**to_json(StepRecord(1, 7, 0.5, 7, 0.01, 0.1)), **spoilt}
    with pytest.raises(ValueError, match="not a"):
        from_json(values)


def test_a_field_of_a_later_version_is_left_out() -> None:
    record = StepRecord(1, 7, 0.5, 7, 0.01, 0.1)
    assert from_json({**to_json(record), "later": 1}) == record


def step(number: int, loss: float = 1.0) -> StepRecord:
    return StepRecord(number // 10 + 1, number, loss, 1, 0.1, number / 10)


def epoch(number: int, loss: float = 1.0) -> EpochRecord:
    return EpochRecord(number, loss, *[0.5] * 10)


def change(number: int) -> ChangeRecord:
    return ChangeRecord(number / 10, number, {"training.learning_rate": [0.1, number]})


def test_what_came_after_the_place_of_a_resume_is_void() -> None:
    told = [
        epoch(0), step(4), change(5), step(10), epoch(1), change(12), step(14, 9.0), step(18, 9.0),
        ResumeRecord(1.2, 12),
        step(14), step(20), epoch(2), step(25, 9.0),
        ResumeRecord(2.0, 20),
        step(26), step(30), epoch(3),
    ]  # fmt: skip
    found = curve(told)
    assert found.steps == [step(n) for n in (4, 10, 14, 20, 26, 30)]
    assert found.epochs == [epoch(n) for n in range(4)]
    assert found.changes == [change(5), change(12)]
    assert [resume.step for resume in found.resumes] == [12, 20]


def test_going_back_over_epochs_voids_them() -> None:
    told = [epoch(0), step(10), epoch(1, 9.0), step(20), epoch(2, 9.0), ResumeRecord(0.7, 7)]
    found = curve([*told, step(10, 2.0), epoch(1)])
    assert found.steps == [step(10, 2.0)]
    assert found.epochs == [epoch(0), epoch(1)]


def test_an_epoch_told_again_replaces_the_first_telling() -> None:
    found = curve([epoch(0, 3.0), step(10), ResumeRecord(0.0, 0), epoch(0), step(10)])
    assert found.epochs == [epoch(0)]
    assert found.steps == [step(10)]


def test_a_change_applied_again_at_the_same_place_is_one_mark() -> None:
    assert curve([change(5), ResumeRecord(0.5, 5), change(5)]).changes == [change(5)]


@given(st.lists(st.one_of(st.builds(step, st.integers(1, 50)), st.builds(epoch, st.integers(0, 5)),
                          st.builds(lambda n: ResumeRecord(n / 10, n), st.integers(0, 50)))),
       st.integers(0, 50))  # fmt: skip
def test_reading_in_two_parts_gives_the_same_curve(told: list[Record], cut: int) -> None:
    assert Curve().extend(told[:cut]).extend(told[cut:]) == curve(told)
