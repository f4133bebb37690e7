"""A run is a folder; whatever is wrong with one, the others and the list are not."""

import json
import os
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.config import ConvBlock, DataConfig, ModelConfig, RunConfig, TrainingConfig
from core.errors import ArchitectureError, ConfigError, DatasetError, RunError
from core.records import Checkpoint, EpochRecord, ResumeRecord, StepRecord
from core.run_files import held
from core.runs import Run, RunStore, RunSummary, Status, default_root
from core.runs.status import (
    DatasetInfo,
    clean_name,
    control_from,
    dataset_info_from,
    label_from,
    status_from,
    to_values,
)

CONFIG = RunConfig(
    data=DataConfig(name="digits"),
    model=ModelConfig(blocks=(ConvBlock(channels=2),), dense=()),
    training=TrainingConfig(epochs=3),
)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def checkpoint(step: int, value: float = 0.0) -> Checkpoint:
    weights = {"output.weight": torch.full((3, 2), value), "empty": torch.zeros(0)}
    return Checkpoint(weights, {"0.step": torch.tensor(float(step))}, {"step": step, "epoch": 0})


def record(epoch: int) -> EpochRecord:
    return EpochRecord(epoch, *[0.5] * 11)


ANSWERS = {
    "validation": torch.tensor([[0.25, 0.75]], dtype=torch.float16),
    "test": torch.tensor([[0.5, 0.5], [1.0, 0.0]], dtype=torch.float16),
}


class TestCreating:
    def test_a_new_run_is_all_there(self, store: RunStore) -> None:
        run = store.create(CONFIG, name="first try")
        assert store.get(run.id) == run
        assert run.config == CONFIG
        assert run.label().name == "first try"
        assert run.path.stat().st_mode & 0o777 == 0o700
        status = run.status()
        assert (status.state, status.epochs, status.dataset) == ("queued", 3, "digits")
        # 2 filters of 3×3 with bias; 2 maps of 6×6 to 10 classes with bias.
        assert status.parameters == 2 * 9 + 2 + 2 * 36 * 10 + 10
        assert not status.waiting  # nobody has started it
        assert store.queue() == ()
        assert run.epochs() == []
        assert run.read_metrics() == ([], 0)
        assert run.latest_state() is None
        assert run.log_tail() == ""

    def test_what_cannot_be_trained_is_not_created(self, store: RunStore) -> None:
        with pytest.raises(DatasetError, match="penguins"):
            store.create(CONFIG.model_copy(update={"data": DataConfig(name="penguins")}))
        huge = ModelConfig(blocks=(ConvBlock(kernel_size=11),))
        with pytest.raises(ArchitectureError):
            store.create(CONFIG.model_copy(update={"model": huge}))
        assert store.list() == []

    def test_without_a_name_preset_and_data_set_tell_it(self, store: RunStore) -> None:
        assert store.create(RunConfig()).label().name == "classic · mnist"

    def test_the_root_comes_from_the_environment(self, monkeypatch, tmp_path: Path) -> None:
        monkeypatch.setenv("CONVSCOPE_RUNS", str(tmp_path))
        assert default_root() == tmp_path.resolve()
        monkeypatch.delenv("CONVSCOPE_RUNS")
        monkeypatch.chdir(tmp_path)
        assert default_root() == tmp_path.resolve() / "runs"


class TestIds:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text() | st.sampled_from(["..", ".", "/etc", "a/../b", "20260131-142500-3fa09c\n"]))
    def test_nothing_but_an_id_reaches_the_disk(self, store: RunStore, text: str) -> None:
        for ask in (store.get, store.delete):
            with pytest.raises(RunError, match="is not the id of a run"):
                ask(text)

    @given(st.from_regex(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}", fullmatch=True))
    def test_an_id_of_no_run(self, run_id: str) -> None:
        with pytest.raises(RunError):
            RunStore("/nonexistent").get(run_id)

    def test_digits_of_other_scripts_are_no_digits(self, store: RunStore) -> None:
        with pytest.raises(RunError, match="is not the id"):
            store.get("٢٠٢٦٠١٣١-142500-3fa09c")

    def test_ids_differ_and_name_the_time(self, store: RunStore) -> None:
        ids = [store.create(CONFIG).id for _ in range(20)]
        assert len(set(ids)) == 20
        assert all(run_id.startswith(time.strftime("%Y%m%d-")) for run_id in ids)

    def test_links_are_refused(self, store: RunStore, tmp_path: Path) -> None:
        run = store.create(CONFIG)
        target = tmp_path / "elsewhere"
        run.path.rename(target)
        run.path.symlink_to(target)
        with pytest.raises(RunError, match="links are not followed"):
            store.get(run.id)
        with pytest.raises(RunError, match="links are not followed"):
            store.delete(run.id)
        assert store.list()[0].state == "unreadable"
        assert target.is_dir()


class TestLabels:
    def test_each_part_is_changed_alone(self, store: RunStore) -> None:
        run = store.create(CONFIG, name="a")
        run.set_label(note="two\nlines", starred=True)
        run.set_label(name="b")
        label = run.label()
        assert (label.name, label.note, label.starred) == ("b", "two\nlines", True)

    @given(st.text())
    def test_names_hold_no_hidden_characters(self, text: str) -> None:
        import unicodedata

        name = clean_name(text)
        assert len(name) <= 120
        assert not any(unicodedata.category(letter)[0] == "C" for letter in name)

    def test_a_name_never_becomes_a_path(self, store: RunStore) -> None:
        run = store.create(CONFIG, name="../../etc/passwd")
        assert run.path.parent == store.root
        assert run.label().name == "../../etc/passwd"

    def test_direction_characters_are_taken_out(self) -> None:
        assert clean_name("\u202egnp.\u202c\u2066x\u2069 \x07") == "gnp.x"

    def test_a_damaged_label_is_an_empty_one(self, store: RunStore) -> None:
        run = store.create(CONFIG, name="a")
        (run.path / "label.json").write_bytes(b'{"name": 7}')
        assert run.label().name == ""

    def test_what_cannot_be_split_makes_no_run(self, store: RunStore) -> None:
        data = DataConfig(name="digits", validation_size=5000)
        with pytest.raises(DatasetError, match="at most 1,427"):
            store.create(CONFIG.model_copy(update={"data": data}))
        assert store.list() == []


class TestSmallFiles:
    def test_every_status_comes_back(self) -> None:
        status = Status(state="paused", epoch=2, eta_seconds=1.5, applied={"a": 1}, pid=3)
        assert status_from(json.loads(json.dumps(to_values(status)))) == status

    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
        max_leaves=4,
    )

    @given(st.dictionaries(st.sampled_from([f.name for f in fields(Status)]), json_values))
    def test_foreign_values_never_raise(self, values: dict) -> None:
        for parse in (status_from, control_from, label_from):
            parse(values)
            parse({"state": "running", "want": "run", **values})

    def test_an_unknown_state_is_no_status(self) -> None:
        assert status_from({"state": "dancing"}) is None
        assert status_from({"state": "running", "epoch": "3"}) is None
        assert status_from(None) is None

    @pytest.mark.parametrize("number", [-1, 10**400, 1e300])
    def test_a_number_that_no_date_and_no_count_can_be_is_no_status(self, number: float) -> None:
        assert status_from({"state": "completed", "created": number}) is None
        assert status_from({"state": "completed", "train_seconds": number}) is None

    def test_a_foreign_time_in_the_config_is_left_out(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        values = json.loads((run.path / "config.json").read_bytes())
        (run.path / "config.json").write_text(json.dumps({**values, "created": 10**400}))
        assert store.get(run.id).created == 0.0

    @pytest.mark.parametrize(
        "foreign",
        [
            {"classes": 7},
            {"classes": []},
            {"shape": ["one", 2, 2]},
            {"shape": [0, 2, 2]},
            {"mean": None},
            {"mean": [0.1, 0.2]},
            {"std": [0.0]},
            {"std": ["wide"]},
        ],
    )
    def test_a_damaged_note_of_the_data_is_no_note(self, foreign: dict) -> None:
        info = DatasetInfo("a", "b", ("x", "y"), (1, 2, 2), (0.1,), (0.3,), {"test": 2})
        values = json.loads(json.dumps(to_values(info)))
        assert dataset_info_from(values) == info
        assert dataset_info_from({**values, **foreign}) is None

    def test_a_running_status_without_a_holder_is_a_crash(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        with run.lock():
            run.write_status(Status(state="running", epoch=1))
            assert run.status().state == "running"
        assert run.status().state == "crashed"
        assert "Resume" in run.status().message
        assert run.written_status().state == "running"  # readers write nothing

    def test_silence_is_told_whichever_way_the_clock_was_set(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        with run.lock():
            run.write_status(Status(state="running"))
            for shift, responding in ((0, True), (-8, True), (-12, False), (365 * 86400, False)):
                (run.path / "heartbeat").touch()
                moment = time.time() + shift
                os.utime(run.path / "heartbeat", (moment, moment))
                assert run.status().responding is responding

    def test_requests_add_up(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        run.request(changes={"training.learning_rate": 0.1, "augmentation.shift": 1})
        run.request(want="pause", epochs=9)
        control = run.request(changes={"training.learning_rate": 0.2})
        assert (control.want, control.epochs, control.revision) == ("pause", 9, 3)
        assert control.changes == {"training.learning_rate": 0.2, "augmentation.shift": 1.0}
        assert run.control() == control


class TestMetrics:
    def test_records_are_read_from_an_offset(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        first = [StepRecord(1, n, 1.0, 1, 0.1, n / 10) for n in range(3)]
        run.append(first)
        records, offset = run.read_metrics()
        assert records == first
        run.append([ResumeRecord(0.2, 2)])
        assert run.read_metrics(offset)[0] == [ResumeRecord(0.2, 2)]


class TestCheckpoints:
    def test_an_epoch_comes_back(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        run.write_epoch(record(0), checkpoint(0, 0.1), ANSWERS)
        assert run.epochs() == [0]
        assert run.epoch_record(0) == record(0)
        assert torch.equal(run.weights(0)["output.weight"], torch.full((3, 2), 0.1))
        probabilities = run.probabilities(0, "test")
        assert probabilities.dtype == np.float32
        assert probabilities.tolist() == [[0.5, 0.5], [1.0, 0.0]]
        with pytest.raises(RunError, match="validation and test"):
            run.probabilities(0, "train")
        with pytest.raises(RunError, match="no epoch 1; there are 0 to 0"):
            run.weights(1)

    def test_a_finished_epoch_is_never_rewritten(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        run.write_epoch(record(0), checkpoint(0, 0.1), ANSWERS)
        with pytest.raises(FileExistsError):
            run.write_epoch(record(0), checkpoint(0, 0.2), ANSWERS)
        assert run.weights(0)["output.weight"][0, 0] == pytest.approx(0.1)

    def test_the_newest_one_is_found(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        run.write_epoch(record(0), checkpoint(0), ANSWERS)
        run.save_resume(checkpoint(5))
        run.save_resume(checkpoint(7))
        assert run.latest_state().state["step"] == 7
        assert len(list((run.path / "resume").iterdir())) == 1
        run.write_epoch(record(1), checkpoint(10), ANSWERS)
        assert run.latest_state().state["step"] == 10
        assert list((run.path / "resume").iterdir()) == []

    def test_a_leftover_within_an_epoch_does_not_win(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        run.save_resume(checkpoint(5))
        stale = run.path / "resume" / "000001"
        kept = stale.rename(run.path / "aside")
        run.write_epoch(record(1), checkpoint(10), ANSWERS)
        kept.rename(stale)
        assert run.latest_state().state["step"] == 10

    @pytest.mark.parametrize("name", ["weights.safetensors", "optimizer.safetensors", "state.json"])
    @pytest.mark.parametrize("place", [0, 10, -1])
    def test_any_flipped_bit_is_noticed(self, store: RunStore, name: str, place: int) -> None:
        run = store.create(CONFIG)
        run.write_epoch(record(0), checkpoint(0), ANSWERS)
        run.write_epoch(record(1), checkpoint(10), ANSWERS)
        path = run.path / "epochs" / "0001" / name
        data = bytearray(path.read_bytes())
        data[place] ^= 1
        path.write_bytes(data)
        assert run.latest_state().state["step"] == 0
        assert run.epochs() == [0]
        assert (run.path / "quarantine" / "epochs-0001-1" / name).is_file()

    def test_files_of_another_kind_are_refused(self, store: RunStore) -> None:
        from core.runs.checkpoints import write_folder

        run = store.create(CONFIG)
        run.write_epoch(record(0), checkpoint(0), ANSWERS)
        files = {
            "weights.safetensors": b"\x80\x04pickle",
            "optimizer.safetensors": b"",
            "state.json": b"[]",
        }
        write_folder(run.path / "epochs" / "0001", files)  # with true checksums
        with pytest.raises(RunError, match="not a safetensors file"):
            run.weights(1)
        assert run.latest_state().state["step"] == 0

    def test_a_foreign_one_gives_way_to_the_one_before(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        run.write_epoch(record(0), checkpoint(0), ANSWERS)
        run.write_epoch(record(1), checkpoint(10), ANSWERS)

        def check(found: Checkpoint) -> None:
            if found.state["step"] == 10:
                raise RunError("of another run")

        assert run.latest_state(check).state["step"] == 0
        assert run.epochs() == [0]
        assert (run.path / "quarantine" / "epochs-0001-1").is_dir()

    def test_nothing_is_moved_where_none_fits(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        run.write_epoch(record(0), checkpoint(0), ANSWERS)
        run.write_epoch(record(1), checkpoint(10), ANSWERS)

        def check(found: Checkpoint) -> None:
            raise RunError("of another run")

        with pytest.raises(RunError, match=r"no checkpoint of run .* fits its config.json"):
            run.latest_state(check)
        assert run.epochs() == [0, 1]

    def test_what_was_half_written_is_not_there(self, store: RunStore, monkeypatch) -> None:
        from core.runs import checkpoints

        run = store.create(CONFIG)
        monkeypatch.setattr(checkpoints, "sync_folder", lambda folder: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run.write_epoch(record(0), checkpoint(0), ANSWERS)
        assert run.epochs() == []
        assert list((run.path / "epochs").iterdir()) == []


class TestListing:
    def test_newest_first_with_what_the_table_needs(self, store: RunStore) -> None:
        runs = [store.create(CONFIG, name=str(number)) for number in range(3)]
        runs[1].set_label(starred=True)
        rows = store.list()
        assert [row.id for row in rows] == [run.id for run in reversed(runs)]
        assert [row.name for row in rows] == ["2", "1", "0"]
        assert [row.starred for row in rows] == [False, True, False]
        with runs[0].lock():
            runs[0].write_status(Status(state="completed", test_accuracy=0.5, created=1.0))
        row = store.list()[-1]
        assert (row.id, row.state, row.test_accuracy) == (runs[0].id, "completed", 0.5)

    def test_what_an_older_status_lacks_is_read_from_its_epoch_once(
        self, store: RunStore, monkeypatch
    ) -> None:
        run = store.create(CONFIG)
        for epoch in (0, 1):
            run.write_epoch(replace(record(epoch), train_accuracy=0.75), checkpoint(0), ANSWERS)
        with run.lock():
            run.write_status(Status(state="stopped", epoch=1))
        assert store.list()[0].train_accuracy == 0.75
        monkeypatch.setattr(Run, "epoch_record", None)  # whoever asks again fails
        run.set_label(starred=True)
        assert store.list()[0].train_accuracy == 0.75

    @pytest.mark.parametrize("train_accuracy", [None, float("nan")])
    def test_an_epoch_that_does_not_tell_leaves_it_unknown(
        self, store: RunStore, train_accuracy: float | None
    ) -> None:
        run = store.create(CONFIG)
        if train_accuracy is not None:
            unknown = replace(record(1), train_accuracy=train_accuracy)
            run.write_epoch(unknown, checkpoint(0), ANSWERS)
        with run.lock():
            run.write_status(Status(state="running", epoch=1, validation_accuracy=0.5))
        row = store.list()[0]
        assert (row.state, row.train_accuracy, row.validation_accuracy) == ("crashed", None, 0.5)

    def test_a_missing_store_is_an_empty_one(self, tmp_path: Path) -> None:
        assert RunStore(tmp_path / "none").list() == []
        assert RunStore(tmp_path / "none").queue() == ()

    def test_foreign_folders_are_listed_with_the_reason(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        (store.root / "holiday photos").mkdir()
        (store.root / "20260131-142500-3fa09c").mkdir()
        (store.root / ".hidden").mkdir()
        (store.root / "notes.txt").write_text("not a folder")
        rows = {row.id: row for row in store.list()}
        assert set(rows) == {run.id, "holiday photos", "20260131-142500-3fa09c"}
        assert rows[run.id].state == "queued"
        assert "not the folder of a run" in rows["holiday photos"].problem
        assert "no readable config.json" in rows["20260131-142500-3fa09c"].problem
        assert store.list()[0].id == run.id

    def test_a_damaged_status_is_a_crash_that_can_be_resumed(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        (run.path / "status.json").write_bytes(b'{"sta')
        row = store.list()[0]
        assert (row.state, row.dataset, row.epochs) == ("crashed", "digits", 3)
        (run.path / "status.json").unlink()
        assert store.list()[0].state == "crashed"

    @pytest.mark.parametrize(
        ("version", "sentence"),
        [(0, "no longer reads"), (99, "newer ConvScope .* update"), ("x", "no longer reads")],
    )
    def test_other_formats_are_refused(self, store: RunStore, version, sentence: str) -> None:
        run = store.create(CONFIG)
        values = json.loads((run.path / "config.json").read_bytes())
        (run.path / "config.json").write_text(json.dumps({**values, "format": version}))
        with pytest.raises(RunError, match=sentence):
            store.get(run.id)
        store.delete(run.id)
        assert store.list() == []

    def test_a_foreign_configuration_names_the_field(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        values = json.loads((run.path / "config.json").read_bytes())
        values["config"]["training"]["epochs"] = -1
        (run.path / "config.json").write_text(json.dumps(values))
        with pytest.raises(RunError, match="training.epochs must be a whole number in"):
            store.get(run.id)

    def test_another_store_sees_what_this_one_wrote(self, store: RunStore) -> None:
        run, other = store.create(CONFIG), RunStore(store.root)
        assert other.list()[0].name != "new"
        run.set_label(name="new")
        assert other.list()[0].name == "new"
        store.delete(run.id)
        assert other.list() == []
        assert other._listing._known == {}  # nothing is kept of what is gone

    def test_summaries_hold_only_what_a_status_has(self) -> None:
        own = {"id", "name", "note", "starred", "problem"}
        assert {f.name for f in fields(RunSummary)} - own <= {f.name for f in fields(Status)}


class TestDeleting:
    def test_it_frees_the_disk(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        run.write_epoch(record(0), checkpoint(0), ANSWERS)
        store.delete(run.id)
        assert list(store.root.iterdir()) == []
        with pytest.raises(RunError, match="gone"):
            run.status()
        with pytest.raises(RunError, match="no epoch 0"):
            run.weights(0)
        with pytest.raises(RunError, match="does not exist"):
            store.delete(run.id)

    def test_not_while_it_trains(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        with run.lock(), pytest.raises(RunError, match="stop it before you delete it"):
            store.delete(run.id)
        assert run.path.is_dir()

    def test_not_while_an_analysis_is_at_work(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        lock = run.path / "analyses" / "0001" / "tsne-0f3a.lock"
        lock.parent.mkdir(parents=True)
        with held(lock, timeout=1, busy=""), pytest.raises(RunError, match=r"at work \(tsne\)"):
            store.delete(run.id)
        store.delete(run.id)
        assert not run.path.exists()

    def test_old_remains_are_swept_up(self, store: RunStore) -> None:
        run = store.create(CONFIG)
        for name, age in ((".new-a", 7200), (".trash-b", 7200), (".trash-c", 60)):
            (store.root / name).mkdir()
            os.utime(store.root / name, (time.time() - age,) * 2)
        store.delete(run.id)
        assert [path.name for path in store.root.iterdir()] == [".trash-c"]


class TestSettings:
    def test_one_core_is_left_for_the_page(self, store: RunStore, monkeypatch) -> None:
        for cores, most in ((1, 1), (2, 1), (8, 7), (None, 1)):
            monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
            assert store.settings() == {"max_parallel": most}

    def test_it_is_kept(self, store: RunStore) -> None:
        store.set_max_parallel(3)
        assert RunStore(store.root).settings() == {"max_parallel": 3}

    @pytest.mark.parametrize("number", [0, 65, 1.5, True, "2"])
    def test_out_of_range(self, store: RunStore, number) -> None:
        with pytest.raises(ConfigError, match=r"max_parallel must be a whole number in \[1, 64\]"):
            store.set_max_parallel(number)

    def test_a_damaged_file_is_the_default(self, store: RunStore) -> None:
        store.set_max_parallel(3)
        (store.root / "settings.json").write_text('{"max_parallel": "many"}')
        assert store.settings() != {"max_parallel": "many"}
