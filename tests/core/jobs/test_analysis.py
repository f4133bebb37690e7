"""Analyses in processes of their own: worked out once, kept, told on the way, survived."""

import errno
import os
import shutil
import signal
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from core.config import RunConfig, with_overrides
from core.datasets import load, split
from core.errors import DiskError, RunError
from core.inspection.importance import importance
from core.jobs import analyst
from core.jobs.analysis import Analysis, AnalysisState, Finding, look, request, work
from core.jobs.kept_arrays import keep_arrays
from core.predictor import Predictor
from core.run_files import is_held, read_json, write_json
from core.runs import Run, RunStore
from tests.core.full_disk import full_for_new_files
from tests.core.jobs.processes import finished, forked, kill_analyst, train, wait_for


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on digits with a conv layer of four filters."""
    config = with_overrides(
        RunConfig(),
        [
            "data.name=digits",
            "training.epochs=1",
            'model.blocks=[{"channels":4,"pooling":"max"}]',
            "model.dense=[]",
        ],
    )
    made = RunStore(tmp_path_factory.mktemp("store")).create(config)
    assert train(made).state == "completed"
    return made


def test_the_sheet_of_the_process_is_that_of_the_function(run):
    analysis = Analysis("importance", 1, {"layer": "blocks.0.conv"})
    assert look(run, analysis).state == "absent"
    assert request(run, analysis).state == "working"
    state = finished(run, analysis)
    assert state.state == "done", state.message

    asked = Predictor.of(run, 1)
    splits = split(load("digits"), run.config.data)
    *_, sheet = importance(
        asked.model,
        splits.images("validation"),
        splits.labels("validation").numpy(),
        asked.mean,
        asked.std,
        "blocks.0.conv",
    )
    expected = sheet.table(asked.classes)
    rows = state.result["filters"]
    assert [row["accuracy_lost"] for row in rows] == expected["accuracy_lost"].tolist()
    assert [row["class_hurt"] for row in rows] == expected["class_hurt"].tolist()

    stamp = analysis.path(run).stat().st_mtime_ns
    assert request(run, analysis) == state
    assert analysis.path(run).stat().st_mtime_ns == stamp, "it was worked out again"


def test_a_users_mistake_ends_in_a_sentence_and_can_be_tried_again(run):
    analysis = Analysis("importance", 1, {"layer": "blocks.7.conv"})
    request(run, analysis)
    state = finished(run, analysis)
    assert state.state == "failed"
    assert "blocks.7.conv" in state.message
    assert request(run, analysis).state == "working"
    assert finished(run, analysis).state == "failed"


def test_an_epoch_that_is_not_there_is_refused(run):
    with pytest.raises(RunError, match="has no epoch 9"):
        request(run, Analysis("importance", 9, {"layer": "blocks.0.conv"}))


@pytest.mark.parametrize(
    "foreign",
    [
        {"state": "done", "result": None},
        {"state": "working", "done": "3"},
        {"state": 3},
        {"status": "done"},
        {},
    ],
)
def test_a_foreign_file_counts_as_none(run, foreign):
    analysis = Analysis("importance", 1, {"layer": "foreign"})
    analysis.path(run).parent.mkdir(parents=True, exist_ok=True)
    write_json(analysis.path(run), foreign)
    assert look(run, analysis) == AnalysisState()


def test_progress_is_told_and_only_one_works_at_it(run):
    analysis = Analysis("importance", 1, {"layer": "told"})
    seen = []

    def parts():
        yield 1, 4
        seen.append(look(run, analysis))
        with pytest.raises(RunError, match="worked out already"):
            work(run, analysis, iter([]))
        yield {"answer": 42}

    analysis.path(run).parent.mkdir(parents=True, exist_ok=True)
    work(run, analysis, parts())
    assert (seen[0].state, seen[0].done, seen[0].total) == ("working", 1, 4)
    assert look(run, analysis) == AnalysisState("done", result={"answer": 42})


def test_a_killed_process_leaves_nothing_that_blocks_the_next(run):
    analysis = Analysis("maximised", 1, {"layer": "blocks.0.conv", "channel": 1})
    request(run, analysis)
    lock = analysis.path(run).with_suffix(".lock")
    wait_for(lambda: is_held(lock))
    kill_analyst(run, analysis)
    path = analysis.path(run)
    assert (read_json(path) or {})["state"] == "working"
    long_ago = time.time() - 60  # else it might be one that is starting: nothing was told yet
    os.utime(path, (long_ago, long_ago))
    assert look(run, analysis).state == "crashed"
    request(run, analysis)
    state = finished(run, analysis)
    assert state.state == "done", state.message
    (image,) = state.result["pixels"]
    assert len(image) == len(image[0]) == 8
    assert 0 <= min(map(min, image)) <= max(map(max, image)) <= 1


def test_one_that_was_killed_on_the_way_is_asked_for_again_at_once(run, monkeypatch):
    spawned = []
    monkeypatch.setattr("core.jobs.analysis.spawn_analyst", spawned.append)
    analysis = Analysis("importance", 1, {"layer": "killed"})

    def parts():
        yield 3, 9
        raise KeyboardInterrupt  # told to nobody, as a kill is

    request(run, analysis)
    assert look(run, analysis).state == "working", "its process may still be starting"
    with pytest.raises(KeyboardInterrupt):
        work(run, analysis, parts())
    assert look(run, analysis) == AnalysisState("crashed", done=3, total=9)
    assert request(run, analysis).state == "working"
    assert spawned == [analysis.path(run)] * 2


def test_one_that_ends_while_it_is_looked_at_is_not_taken_for_killed(run, monkeypatch):
    analysis = Analysis("importance", 1, {"layer": "just done"})
    path = analysis.path(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(AnalysisState("working", done=8, total=9)))

    def ends(lock: Path) -> bool:
        write_json(path, asdict(AnalysisState("done", result={"answer": 42})))
        return False

    monkeypatch.setattr("core.jobs.analysis.is_held", ends)
    assert look(run, analysis) == AnalysisState("done", result={"answer": 42})


class TestWhatCannotBegin:
    """The process finds something that it cannot work with: the page must learn why."""

    @pytest.fixture
    def asked(self, run, tmp_path, monkeypatch) -> tuple[Run, Analysis]:
        """A request in a copy of the run, and a process that is this one."""
        copy = replace(run, path=tmp_path / run.id)
        shutil.copytree(run.path, copy.path)
        analysis = Analysis("importance", 1, {"layer": "blocks.0.conv"})
        monkeypatch.setattr("core.jobs.analysis.spawn_analyst", lambda path: None)
        monkeypatch.setattr("core.jobs.analyst.prepare", lambda threads, niceness: None)
        shutil.rmtree(copy.path / "analyses", ignore_errors=True)
        assert request(copy, analysis).state == "working"
        monkeypatch.setattr("sys.argv", ["analyst", str(self._file(copy, analysis))])
        return copy, analysis

    @staticmethod
    def _file(run: Run, analysis: Analysis) -> Path:
        return analysis.path(run).with_suffix(".request")

    def test_a_run_that_cannot_be_opened(self, asked):
        (asked[0].path / "config.json").write_bytes(b"{")
        analyst.main()
        found = look(*asked)
        assert found.state == "failed"
        assert "config.json" in found.message

    @pytest.mark.parametrize(
        "words",
        [
            b"{",
            b'{"kind": "magic"}',
            b'{"kind": "importance", "epoch": 1, "arguments": {"layer": "blocks.1.conv"}}',
        ],
    )
    def test_a_request_that_is_none_or_that_of_another(self, asked, words):
        self._file(*asked).write_bytes(words)
        analyst.main()
        found = look(*asked)
        assert found.state == "failed"
        assert "is not a request for this analysis" in found.message

    def test_a_request_of_another_form(self, asked):
        self._file(*asked).write_bytes(b'{"kind": "importance", "layers": 3}')
        with pytest.raises(TypeError):
            analyst.main()
        found = look(*asked)
        assert found.state == "failed"
        assert "unexpected error" in found.message

    def test_arguments_that_the_kind_does_not_take(self, asked):
        copy, _ = asked
        analysis = Analysis("importance", 1, {"layers": 3})
        request(copy, analysis)
        sys.argv[1] = str(self._file(copy, analysis))
        with pytest.raises(TypeError, match="layers"):
            analyst.main()
        assert look(copy, analysis).state == "failed"


def test_a_disk_that_fills_up_is_told_in_the_old_ones_place(run, monkeypatch):
    analysis = Analysis("importance", 1, {"layer": "full"})

    def parts():
        yield 1, 2
        full_for_new_files(monkeypatch)
        yield Finding({}, {"answer": np.arange(9)})

    analysis.path(run).parent.mkdir(parents=True, exist_ok=True)
    work(run, analysis, parts())
    monkeypatch.undo()
    told = look(run, analysis)
    assert told.state == "failed"
    assert "disk full" in told.message


def killed_while_it_keeps(folder: str, at: str) -> None:
    """Dies by SIGKILL in its first call of `at` while it writes arrays."""
    module, name = at.split(".")
    setattr(sys.modules[module], name, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    keep_arrays(Path(folder), {"answer": np.arange(9)}, {})


@pytest.mark.parametrize("at", ["os.fsync", "shutil.rmtree"])
def test_what_a_killed_process_has_half_written_or_half_removed_goes(run, at):
    analysis, other = (Analysis("importance", 1, {"layer": f"{at} {i}"}) for i in range(2))
    folder = analysis.path(run).with_suffix(".arrays")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.with_name(f".{other.name}.arrays-0123abcd")  # another process writes it now
    beside.mkdir()
    before = set(folder.parent.iterdir())
    if at == "shutil.rmtree":
        keep_arrays(folder, {"answer": np.arange(3)}, {})
    process = forked(killed_while_it_keeps, str(folder), at)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    left = set(folder.parent.iterdir()) - before
    assert len(left) == 1, left
    assert folder not in left

    work(run, analysis, iter([Finding({"answer": 42}, {"answer": np.arange(9)})]))
    rest = set(folder.parent.iterdir()) - before
    assert {path.name for path in rest} == {
        f"{analysis.name}.{ending}" for ending in ("json", "lock", "arrays")
    }
    assert beside.is_dir()


def test_what_a_deleted_run_had_at_work_does_not_bring_it_back(tmp_path):
    folder = tmp_path / "gone" / "analyses" / "0001" / "out_of_fold.parts" / "fold_0000"
    with pytest.raises(RunError, match="does not exist any more"):
        keep_arrays(folder, {"probabilities": np.zeros(2)}, {})
    assert not (tmp_path / "gone").exists()


def test_a_run_that_cannot_be_written_is_told_in_a_sentence(run, monkeypatch):
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DiskError, match="cannot be written"):
        request(run, Analysis("maximised", 1, {"layer": "blocks.0.conv", "channel": 0}))
