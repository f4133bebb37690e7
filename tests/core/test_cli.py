"""The command line as people and scripts use it: as a process, and for quick refusals in ours."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import onnxruntime
import psutil
import pytest
import torch
from PIL import Image

from core import datasets, model
from core.cli import main
from core.cli.catalogue import fields
from core.cli.progress import Progress, duration, status_line
from core.cli.train import configuration
from core.config import RunConfig, overrides_between, with_overrides
from core.evaluation import accuracy, predict
from core.presets import PRESETS
from core.records import EpochRecord, StepRecord
from core.runs import RunStore, Status

PROJECT = Path(__file__).parents[2]
DIGITS = ("--preset", "linear", "--dataset", "digits")
SECONDS = 120  # for a command; they take a few on a quiet machine


def command(*arguments):
    # The command's own warnings are errors too. That the queue's process outlives it is intended.
    strict = ["-W", "error", "-W", "ignore:subprocess:ResourceWarning"]
    return [sys.executable, *strict, "-m", "core", *map(str, arguments)]


def environment(**extra):
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8", **extra}


def run_command(*arguments, **extra):
    return subprocess.run(
        command(*arguments), cwd=PROJECT, env=environment(**extra), capture_output=True,
        encoding="utf-8", timeout=SECONDS,
    )  # fmt: skip


def last_json(text):
    return json.loads(text.splitlines()[-1])


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("store") / "runs"


@pytest.fixture(scope="module")
def trained(root):
    """The finished process of ``train --json``, two epochs of digits."""
    return run_command(
        "train", *DIGITS, "--epochs", 2, "--seed", 3, "--name", "first", "--json",
        "--set", "training.learning_rate=0.01", "--runs-dir", root,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run_id(trained):
    return last_json(trained.stdout)["run_id"]


class TestTraining:
    def test_json_is_the_only_line_on_stdout_and_tells_the_outcome(self, trained, root):
        assert trained.returncode == 0, trained.stderr
        told = json.loads(trained.stdout)
        run = RunStore(root).get(told["run_id"])
        record = run.epoch_record(2)
        assert told["state"] == "completed"
        assert told["epochs"] == told["planned_epochs"] == 2
        assert told["validation_accuracy"] == record.validation_accuracy
        assert told["test_accuracy"] == record.test_accuracy > 0.5
        assert told["train_seconds"] > 0
        assert told["images_per_second"] > 0
        assert told["name"] == "first"

    def test_progress_goes_to_stderr_in_plain_lines(self, trained):
        lines = trained.stderr.splitlines()
        assert [line.split("  ")[0] for line in lines if "train loss" in line][:2] == [
            "epoch 1/2",
            "epoch 2/2",
        ]
        assert lines[-1].startswith("completed 2 epochs, validation accuracy ")
        assert "\r" not in trained.stderr

    def test_options_reach_the_configuration(self, trained, root, run_id):
        config = RunStore(root).get(run_id).config
        expected = with_overrides(
            PRESETS["linear"].config,
            ["data.name=digits", "training.epochs=2", "training.seed=3",
             "training.learning_rate=0.01"],
        )  # fmt: skip
        assert config == expected

    def test_resume_trains_more_epochs_and_shows_only_those(self, root):
        """Through the environment's store, with --runs-dir left out, and without --json."""
        begun = run_command("train", *DIGITS, "--epochs", 1, CONVSCOPE_RUNS=str(root / "other"))
        assert begun.returncode == 0, begun.stderr
        assert "epoch 1/1  train loss" in begun.stdout
        more = run_command("resume", "latest", "--more", 2, CONVSCOPE_RUNS=str(root / "other"))
        assert more.returncode == 0, more.stderr
        assert "epoch 1/" not in more.stdout.replace("epoch 1/3 ─", "")
        assert "epoch 3/3  train loss" in more.stdout
        assert more.stdout.splitlines()[-1].startswith("completed 3 epochs")

    def test_divergence_is_a_sentence_and_a_status(self, root):
        failed = run_command(
            "--runs-dir", root / "bad", "train", *DIGITS, "--json", "--set",
            "training.learning_rate=10", "--set", "training.optimizer=sgd", "--set",
            "training.schedule=constant", "--set", "training.momentum=0.99", "--set",
            "model.dense=[{},{},{},{}]",
        )  # fmt: skip
        assert failed.returncode == 1
        told = last_json(failed.stdout)
        assert told["state"] == "failed"
        assert told["message"]
        assert f"error: run {told['run_id']} failed: {told['message']}" in failed.stderr
        assert "Traceback" not in failed.stderr

    def test_ctrl_c_stops_the_run_and_says_how_to_go_on(self, root):
        process = subprocess.Popen(
            command("train", *DIGITS, "--epochs", 1000, "--json", "--runs-dir", root / "long"),
            cwd=PROJECT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            encoding="utf-8", start_new_session=True, preexec_fn=heed_ctrl_c,
        )  # fmt: skip
        with process:
            for line in process.stderr:
                if "epoch 2/1000" in line:
                    break
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=SECONDS)
        assert process.returncode == 130
        told = last_json(stdout)
        assert told["state"] == "stopped"
        assert told["epochs"] >= 2
        assert f"python -m core resume {told['run_id']}" in stderr
        run = RunStore(root / "long").get(told["run_id"])
        assert run.epochs()[-1] == told["epochs"]
        assert not run.is_locked()

    def test_detached_run_is_paused_resumed_and_stopped(self, root):
        place = ("--runs-dir", root / "detached")
        begun = run_command("train", *DIGITS, "--epochs", 1000, "--detach", "--json", *place)
        assert (begun.returncode, last_json(begun.stdout)["state"]) == (0, "queued")
        run = RunStore(root / "detached").get(last_json(begun.stdout)["run_id"])
        await_state(run, "running")
        assert run_command("pause", "latest", *place).returncode == 0
        await_state(run, "paused")
        assert run_command("resume", "latest", "--detach", *place).returncode == 0
        await_state(run, "running")
        stopped = run_command("stop", "latest", "--json", *place)
        assert (stopped.returncode, last_json(stopped.stdout)["state"]) == (0, "stopped")
        assert not run.is_locked()


def heed_ctrl_c():
    """A suite that runs in the background ignores Ctrl-C, and its children would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def await_state(run, state):
    deadline = time.monotonic() + SECONDS
    while run.status().state != state:
        assert time.monotonic() < deadline, run.status()
        time.sleep(0.05)


class TestEvaluation:
    @pytest.fixture(autouse=True)
    def same_threads(self):
        threads = torch.get_num_threads()
        yield
        torch.set_num_threads(threads)

    def test_computes_what_the_run_recorded(self, trained, root, run_id, capsys):
        assert main(["--runs-dir", str(root), "evaluate", run_id, "--json"]) == 0
        told, recorded = last_json(capsys.readouterr().out), last_json(trained.stdout)
        for split in ("validation", "test"):
            assert told[f"{split}_accuracy"] == pytest.approx(recorded[f"{split}_accuracy"])
            result = told["splits"][split]
            assert result["agrees_with_saved"]
            assert result["changed_predictions"] == 0
            assert sum(row["support"] for row in result["per_class"]) == result["num_images"]
        record = RunStore(root).get(run_id).epoch_record(2)
        assert told["test_loss"] == pytest.approx(record.test_loss, rel=1e-4)
        assert told["epoch"] == 2

    def test_another_epoch_in_words(self, trained, run_id, root, capsys):
        assert main(["evaluate", run_id[:20], "--epoch", "0", "--runs-dir", str(root)]) == 0
        told = capsys.readouterr().out
        record = RunStore(root).get(run_id).epoch_record(0)
        assert f"test: accuracy {record.test_accuracy:.2%}" in told
        assert "as saved while training" in told

    def test_weights_that_are_not_those_of_the_saved_answers_are_told(
        self, trained, root, run_id, capsys, monkeypatch
    ):
        run = RunStore(root).get(run_id)
        probabilities = {split: run.probabilities(0, split) for split in ("validation", "test")}
        monkeypatch.setattr(type(run), "probabilities", lambda self, k, split: probabilities[split])
        assert main(["evaluate", run_id, "--runs-dir", str(root), "--json"]) == 0
        told = last_json(capsys.readouterr().out)
        assert not told["splits"]["test"]["agrees_with_saved"]
        assert told["splits"]["test"]["changed_predictions"] > 100


class TestHandover:
    def test_safetensors_file_loads_back_and_is_as_good(self, trained, root, run_id, tmp_path):
        path = tmp_path / "digits.safetensors"
        arguments = ["export", run_id, "--format", "safetensors", "--output", str(path)]
        assert main([*arguments, "--runs-dir", str(root)]) == 0
        digits, metadata = datasets.load("digits"), model.read_metadata(path)
        found = predict(model.load(path), digits.test_images, metadata.mean, metadata.std)
        recorded = last_json(trained.stdout)["test_accuracy"]
        assert accuracy(found.numpy(), digits.test_labels.numpy()) == pytest.approx(recorded)

    def test_onnx_file_answers_for_pixels_without_noise_at_its_making(
        self, trained, root, run_id, tmp_path
    ):
        path = tmp_path / "digits.onnx"
        done = run_command(
            "export", run_id, "--format", "onnx", "--output", path, "--runs-dir", root
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert "agrees with PyTorch on 70 test images" in done.stdout
        digits = datasets.load("digits")
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        pixels = digits.test_images.numpy().astype(np.float32) / 255
        answers = session.run(["probabilities"], {"pixels": pixels})[0]
        recorded = last_json(trained.stdout)["test_accuracy"]
        assert accuracy(answers, digits.test_labels.numpy()) == pytest.approx(recorded)


@pytest.fixture(scope="module")
def service(trained, root, run_id):
    """A real server's process and address."""
    process = subprocess.Popen(
        command("serve", run_id, "--port", 0, "--runs-dir", root),
        cwd=PROJECT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        encoding="utf-8", start_new_session=True, preexec_fn=heed_ctrl_c,
    )  # fmt: skip
    address = process.stdout.readline().rpartition(" ")[2].strip()
    yield process, address
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=SECONDS)
    assert (process.returncode, stderr) == (0, "")
    assert stdout.endswith("stopped\n")


class TestService:
    def test_answers_for_a_picture_over_a_socket(self, service, run_id):
        _, address = service
        digits = datasets.load("digits")
        buffer = io.BytesIO()
        Image.fromarray(digits.test_images[0, 0].numpy()).save(buffer, "PNG")
        answer = httpx.post(f"{address}/predict", files={"file": buffer.getvalue()}).json()
        assert answer["run_id"] == run_id
        assert answer["epoch"] == 2
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-6)
        pixels = digits.test_images[0, 0].tolist()
        assert httpx.post(f"{address}/predict", json={"pixels": pixels}).json() == answer
        assert httpx.get(f"{address}/model").json()["dataset"] == "digits"

    def test_listens_on_this_machine_only(self, service):
        process, address = service
        listening = [
            connection.laddr
            for connection in psutil.Process(process.pid).net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert [f"http://{ip}:{port}" for ip, port in listening] == [address]
        assert listening[0].ip == "127.0.0.1"

    def test_foreign_name_is_refused(self, service):
        _, address = service
        response = httpx.get(f"{address}/health", headers={"host": "evil.example"})
        assert response.status_code == 400

    def test_endless_body_is_cut_off_and_the_next_request_is_answered(self, service):
        _, address = service
        sent = 0

        def endless():
            nonlocal sent
            while sent < 2**30:
                sent += 2**16
                yield bytes(2**16)

        headers = {"content-type": "application/json"}
        response = httpx.post(f"{address}/predict", content=endless(), headers=headers)
        assert response.status_code == 413
        assert sent < 2**26  # what is on its way when the server hangs up
        assert httpx.get(f"{address}/health").json()["status"] == "ok"

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            (("--host", "0.0.0.0"), "others can reach 0.0.0.0: add --token KEY"),
            (("--host", "example.com"), "others can reach example.com"),
            (("--host", "::"), "others can reach ::"),
            (("--host", "0.0.0.0", "--token", "short"), "at least 16 characters"),
            (("--port", "70000"), "port must be a whole number in [0, 65535], got 70000"),
        ],
    )
    def test_open_address_without_a_key_is_refused(
        self, trained, root, run_id, capsys, monkeypatch, options, sentence
    ):
        monkeypatch.delenv("CONVSCOPE_TOKEN", raising=False)
        assert main(["serve", run_id, "--runs-dir", str(root), *options]) == 2
        assert sentence in capsys.readouterr().err

    def test_port_in_use_is_a_sentence(self, service, root, run_id, capsys):
        port = service[1].rpartition(":")[2]
        assert main(["serve", run_id, "--runs-dir", str(root), "--port", port]) == 1
        assert f"cannot listen on 127.0.0.1 port {port}" in capsys.readouterr().err


class TestManagement:
    @pytest.fixture
    def store(self, tmp_path):
        return RunStore(tmp_path)

    @pytest.fixture
    def call(self, store, capsys):
        def call(*arguments):
            status = main([*arguments, "--runs-dir", str(store.root)])
            return status, *capsys.readouterr()

        return call

    def create(self, store, **options):
        config = with_overrides(PRESETS["linear"].config, ["data.name=digits"])
        return store.create(config, **options)

    def test_runs_are_listed_with_what_json_needs(self, store, call):
        assert call("runs")[:2] == (
            0,
            f"no runs in {store.root}; python -m core train starts one\n",
        )
        run = self.create(store, name="one")
        _, table, _ = call("runs")
        assert table.splitlines()[1].split()[:3] == [run.id, "one", "queued"]
        row = last_json(call("runs", "--json")[1])[0]
        assert (row["run_id"], row["state"], row["epochs"]) == (run.id, "queued", 0)

    def test_names_cannot_command_the_terminal(self, store, call):
        run = self.create(store)
        (run.path / "label.json").write_text(json.dumps({"name": "a\x1b[2Jb\nc"}))
        assert "\x1b" not in call("runs")[1]
        assert len(call("runs")[1].splitlines()) == 2

    def test_damaged_folder_is_listed_and_can_be_deleted(self, store, call):
        run = self.create(store)
        (run.path / "config.json").write_text("{")
        (run.path / "status.json").write_text("{")
        assert "unreadable" in call("runs")[1]
        assert call("evaluate", run.id)[0] == 1
        assert call("delete", run.id, "--yes")[0] == 0
        assert store.list() == []

    def test_deletion_needs_a_yes(self, store, call):
        run = self.create(store)
        status, _, error = call("delete", "latest")
        assert status == 2
        assert "add --yes" in error
        assert store.get(run.id)

    def test_run_is_named_by_id_prefix_or_latest(self, store, call):
        first, second = self.create(store), self.create(store)
        for name in (first.id, first.id[:-1], second.id):
            status, _, error = call("pause", name)
            assert (status, name[:21] in error) == (1, True)
        latest = store.list()[0].id
        assert latest in call("pause", "latest")[2]

    @pytest.mark.parametrize("name", ["nothing", "", "../x", "latest2", "*"])
    def test_name_that_fits_no_run(self, store, call, name):
        self.create(store)
        status, _, error = call("pause", name)
        assert status == 2
        assert f"no run's id starts with {name!r}" in error

    def test_name_that_fits_two_runs(self, store, call):
        ids = {self.create(store).id, self.create(store).id}
        status, _, error = call("stop", "2")
        assert status == 2
        assert all(run_id in error for run_id in ids)

    def test_store_without_runs(self, call):
        status, _, error = call("stop", "latest")
        assert status == 2
        assert "there are no runs" in error

    def test_change_asks_for_live_settings_only(self, store, call):
        run = self.create(store)
        assert call("change", run.id, "--set", "training.learning_rate=0.5")[0] == 0
        assert run.control().changes == {"training.learning_rate": 0.5}
        status, _, error = call("change", run.id, "--set", "training.optimizer=sgd")
        assert status == 2
        assert "training.optimizer cannot change while a run trains" in error
        assert call("change", run.id)[0] == 2

    def test_waiting_run_is_taken_off_the_queue(self, store, call):
        run = self.create(store)
        status, out, _ = call("stop", run.id, "--json")
        assert (status, last_json(out)["state"]) == (0, "stopped")

    def test_stopping_what_has_failed_says_that_there_is_nothing_to_stop(self, store, call):
        run = self.create(store)
        with run.lock():
            run.write_status(replace(run.status(), state="failed", message="disk full"))
        status, out, _ = call("stop", run.id)
        assert (status, out) == (
            0,
            f"run {run.id}: it has failed already, there is nothing to stop\n",
        )

    def test_run_without_an_epoch_cannot_be_evaluated_exported_or_served(self, store, call):
        run = self.create(store)
        for arguments in (
            ["evaluate", run.id], ["serve", run.id],
            ["export", run.id, "--format", "onnx", "--output", "x.onnx"],
        ):  # fmt: skip
            status, _, error = call(*arguments)
            assert status == 1
            assert "has no finished epoch yet" in error


class TestWrongUsage:
    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (["--epochs", "0"], "training.epochs must be a whole number in [1, 1000], got 0"),
            (["--seed", "-1"], "training.seed must be a whole number in [0, "),
            (["--preset", "huge"], "preset must be one of classic"),
            (["--dataset", "nope"], "data.name must be one of mnist, digits"),
            (["--set", "training.learning_rate=fast"], "lie in (0, 10], got 'fast'"),
            (["--set", "training.learning_rate=NaN"], "lie in (0, 10], got nan"),
            (["--set", "training.rate=1"], "training.rate does not exist: training has epochs"),
            (["--set", "epochs"], "'epochs' is not of the form group.field=value"),
            (["--set", "model.blocks[9].channels=1"], "has 2 entries, got [9]"),
            (["--preset", "classic", "--dataset", "digits"], "block 2: "),
        ],
    )
    def test_settings_that_cannot_be(self, tmp_path, capsys, arguments, sentence):
        root = tmp_path / "runs"
        assert main(["train", *arguments, "--runs-dir", str(root)]) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert sentence in error
        assert not root.exists()  # nothing was begun

    @pytest.mark.parametrize(
        "arguments",
        [[], ["fly"], ["train", "--epochs", "x"], ["train", "--epoch", "3"], ["evaluate"],
         ["export", "latest", "--format", "pickle", "--output", "x"], ["evaluate", "x", "y"]],
    )  # fmt: skip
    def test_arguments_that_are_none(self, arguments, capsys):
        with pytest.raises(SystemExit, match="2"):
            main(arguments)
        assert "usage: python -m core" in capsys.readouterr().err

    def test_store_that_is_a_file(self, tmp_path, capsys):
        path = tmp_path / "file"
        path.write_text("")
        assert main(["runs", "--runs-dir", str(path)]) == 2
        assert "is not a folder" in capsys.readouterr().err

    def test_store_that_cannot_be_made(self, tmp_path, capsys):
        (tmp_path / "file").write_text("")
        assert main(["train", *DIGITS, "--runs-dir", str(tmp_path / "file" / "runs")]) == 1
        assert capsys.readouterr().err.startswith("error: ")

    def test_reader_that_goes_away(self, tmp_path):
        process = subprocess.Popen(
            command("settings"), cwd=PROJECT, env=environment(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        with process:
            process.stdout.close()
            assert process.stderr.read() == b""


class TestHelp:
    def test_every_setting_is_listed_with_its_default_and_help(self, capsys):
        assert main(["settings"]) == 0
        told = capsys.readouterr().out
        for path, field in fields(RunConfig):
            assert f"{path}: " in told
            assert " ".join(field.description.split()) in " ".join(told.split())
        assert "training.learning_rate: in (0, 10]; default 0.005; can change" in told
        with pytest.raises(SystemExit, match="0"):
            main(["train", "--help"])
        assert told.strip() in capsys.readouterr().out

    def test_listed_paths_are_those_that_set_reaches(self):
        for path, field in fields(RunConfig):
            value = field.get_default()
            assert with_overrides(RunConfig(), [f"{path}={json.dumps(value)}"])

    def test_presets_and_datasets_are_listed(self, capsys):
        assert main(["presets"]) == main(["datasets"]) == 0
        told = capsys.readouterr().out
        for name in (*PRESETS, *datasets.names()):
            assert name in told

    def test_light_commands_do_not_load_torch(self, tmp_path):
        code = (
            "import sys; from core.cli import main; main(['runs', '--runs-dir', sys.argv[1]]); "
            "print(sorted({'torch', 'pandas', 'sklearn', 'fastapi'} & set(sys.modules)))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, tmp_path], cwd=PROJECT, capture_output=True, text=True
        )
        assert done.stdout.endswith("\n[]\n"), done.stderr

    def test_shortcuts_win_over_set(self):
        options = Namespace(preset="classic", set=["training.epochs=7", "training.batch_size=32"],
                            dataset=None, epochs=2, seed=None)  # fmt: skip
        assert overrides_between(RunConfig(), configuration(options)) == [
            "training.epochs=2",
            "training.batch_size=32",
        ]


class Terminal(io.StringIO):
    def isatty(self):
        return True


class TestProgress:
    status = Status(
        state="running", epoch=1, epochs=4, epoch_fraction=1.5, images_per_second=7912.4,
        eta_seconds=125.2,
    )  # fmt: skip
    step = StepRecord(2, 10, 0.25, 5, 0.01, 1.5)
    epoch = EpochRecord(1, 0.5, 0.8, 0.4, 0.875, 0.3, 0.9, 0.01, 2.5, 2.0, 7000.0, 1.0)

    def test_line_tells_epoch_share_loss_speed_and_time_left(self):
        # 1.5 of 4 epochs: 37.5 %, 9 of 24 marks
        assert status_line(self.status, 0.25) == (
            "epoch 2/4 ━━━━━━━━━───────────────  38%  train loss 0.250  7,912 images/s  "
            "2:05 min left"
        )

    def test_terminal_line_is_replaced_and_epoch_lines_stay(self, monkeypatch):
        monkeypatch.setenv("COLUMNS", "60")
        stream = Terminal()
        progress = Progress(stream)
        progress.update(self.status, [self.step])
        progress.update(self.status, [self.epoch])
        progress.close()
        shown = stream.getvalue()
        assert shown.count("\n") == 1
        assert "epoch 1/4  train loss 0.5000  validation accuracy 87.50%  test" in shown
        assert all(len(line) < 60 for line in shown.split("\r") if "━" in line)
        assert shown.endswith(" \r")

    def test_plain_lines_are_few(self):
        stream = io.StringIO()
        progress = Progress(stream)
        for status in [Status()] * 20 + [self.status] * 20:
            progress.update(status, [self.step])
        progress.update(self.status, [self.epoch])
        first, second = stream.getvalue().splitlines()
        assert first == "waiting for its turn in the queue"
        assert second.startswith("epoch 1/4  train loss 0.5000")

    def test_plain_line_after_ten_seconds(self, monkeypatch):
        stream = io.StringIO()
        progress = Progress(stream)
        now = time.monotonic()
        monkeypatch.setattr("core.cli.progress.time.monotonic", lambda: now + 11)
        progress.update(self.status, [])
        progress.update(self.status, [])
        assert len(stream.getvalue().splitlines()) == 1

    @pytest.mark.parametrize(
        ("seconds", "text"), [(0.4, "0 s"), (59.6, "1:00 min"), (125, "2:05 min"),
                              (3725, "1:02:05 h")]
    )  # fmt: skip
    def test_durations(self, seconds, text):
        assert duration(seconds) == text


def test_the_command_that_goes_on_names_a_store_that_is_not_the_usual_one(tmp_path, monkeypatch):
    from core.cli.outcome import go_on
    from core.runs import RunStore

    run = RunStore(tmp_path / "my runs").create(RunConfig())
    monkeypatch.setenv("CONVSCOPE_RUNS", str(tmp_path / "my runs"))
    assert go_on(run) == f"python -m core resume {run.id}"
    monkeypatch.setenv("CONVSCOPE_RUNS", str(tmp_path / "others"))
    assert go_on(run) == f"python -m core resume {run.id} --runs-dir '{tmp_path / 'my runs'}'"
