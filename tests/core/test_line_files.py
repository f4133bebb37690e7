"""Lines are appended whole or not at all, and read while they are written."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import DiskError, RunError
from core.line_files import LineWriter, read_lines, tail
from tests.core.full_disk import full_after


def test_a_line_that_does_not_fit_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = LineWriter(tmp_path / "lines")
    writer.append(b"first\n")
    full_after(4, monkeypatch)
    with pytest.raises(DiskError):
        writer.append(b"second\n")
    assert (tmp_path / "lines").read_bytes() == b"first\n"
    monkeypatch.undo()
    writer.append(b"third\n")
    writer.close()
    assert (tmp_path / "lines").read_bytes() == b"first\nthird\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), filling=st.sampled_from([0, 65_530, 65_536, 140_000]))
def test_opening_cuts_back_to_the_last_newline(
    tmp_path: Path, content: bytes, filling: int
) -> None:
    path = tmp_path / "lines"
    content = content + b"x" * filling
    path.write_bytes(content)
    writer = LineWriter(path)
    writer.append(b"whole\n")
    writer.close()
    assert path.read_bytes() == content[: content.rfind(b"\n") + 1] + b"whole\n"


def test_readers_go_on_from_an_offset_and_leave_a_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    assert read_lines(path, 0) == ([], 0)
    path.write_bytes(b"one\ntwo\nthr")
    lines, offset = read_lines(path, 0)
    assert (lines, offset) == ([b"one", b"two"], 8)
    with path.open("ab") as file:
        file.write(b"ee\n")
    assert read_lines(path, offset) == ([b"three"], 14)
    assert read_lines(path, 14) == ([], 14)
    assert read_lines(path, 99) == ([], 99)


def test_lines_that_cannot_be_read_are_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot be read \(Is a directory\)"):
        read_lines(tmp_path, 0)
    assert tail(tmp_path, 3) == ""


def test_the_tail_of_a_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert tail(path, 3) == ""
    path.write_text("".join(f"line {number}\n" for number in range(9000)))
    assert tail(path, 2) == "line 8998\nline 8999"
