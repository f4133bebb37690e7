"""Files are whole whenever they are read, on a full disk too."""

import os
from pathlib import Path

import pytest

from core import run_files
from core.errors import DiskError, RunError
from core.run_files import (
    InUseError,
    held,
    is_held,
    overwrite,
    read_json,
    signature,
    write_all,
    write_atomic,
    write_json,
    write_new,
)
from tests.core.full_disk import full_after


def test_a_write_that_fails_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "status.json"
    write_json(path, {"state": "running"})
    full_after(7, monkeypatch)
    with pytest.raises(DiskError, match=r"disk full: .*status.json could not be written"):
        write_json(path, {"state": "completed"})
    assert read_json(path) == {"state": "running"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["status.json"]


def test_a_short_write_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = os.write
    monkeypatch.setattr(run_files.os, "write", lambda fd, data: original(fd, bytes(data)[:3]))
    write_atomic(tmp_path / "file", b"0123456789")
    assert (tmp_path / "file").read_bytes() == b"0123456789"


def test_a_write_that_takes_nothing_is_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_files.os, "write", lambda fd, data: 0)
    with pytest.raises(OSError, match="No space"):
        write_all(1, b"x")
    with pytest.raises(DiskError):
        write_atomic(tmp_path / "file", b"x")


def test_new_files_belong_to_their_owner_and_never_replace(tmp_path: Path) -> None:
    write_new(tmp_path / "file", b"x")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "file", b"y")


def test_numbers_that_json_does_not_know_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "file", {"loss": float("nan")})


def test_a_missing_folder_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomic(tmp_path / "gone" / "file", b"x")
    assert not (tmp_path / "gone").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"[1]", b'{"a": 1', b"\xff", b"[" * 100_000, b'{"a": NaN}', b'{"a": [1e400]}'],
)
def test_what_is_no_json_object_reads_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert read_json(path) is None


def test_the_signature_changes_with_every_replacement(tmp_path: Path) -> None:
    path = tmp_path / "file"
    seen = {signature(path)}
    for _ in range(20):
        before = signature(path)
        write_atomic(path, b"same size", sync=False)
        assert signature(path) != before
        seen.add(signature(path))
    assert None in seen


def test_a_lock_is_seen_while_it_is_held_and_never_after(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path)
    with held(path, timeout=0, busy="taken"):
        assert is_held(path)
        with pytest.raises(InUseError, match="taken"), held(path, timeout=0, busy="taken"):
            pass
    assert not is_held(path)
    assert path.exists()


def test_a_lock_in_a_folder_that_is_gone(tmp_path: Path) -> None:
    with (
        pytest.raises(RunError, match="does not exist any more"),
        held(tmp_path / "gone" / "lock", timeout=0, busy="taken"),
    ):
        pass
    assert not (tmp_path / "gone").exists()


def test_two_readers_do_not_take_each_other_for_the_holder(tmp_path: Path) -> None:
    import fcntl

    path = tmp_path / "lock"
    path.touch()
    with path.open() as other:
        fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)  # a reader in the middle of its look
        assert not is_held(path)


def test_overwriting_in_place_leaves_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a longer content")
    inode = path.stat().st_ino
    overwrite(path, b"short")
    assert path.read_bytes() == b"short"
    assert path.stat().st_ino == inode
