"""k-fold training in the background: told, stopped, killed, gone on with, kept, checked."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from core.config import with_overrides
from core.datasets import load
from core.datasets.overlay import Overlay
from core.errors import ConfigError, DiskError, RunError
from core.evaluation import predict
from core.jobs import analysis as analyses
from core.jobs.analysis import Analysis, AnalysisState, Finding, arrays, look, request, stop, work
from core.jobs.fold_requests import (
    Folding,
    FoldNetwork,
    fold_analysis,
    fold_predictor,
    foldings,
    overlay_of_folds,
    request_folds,
)
from core.jobs.folding import out_of_fold
from core.runs import Run, RunStore
from core.training.folds import FoldResult, train_fold
from tests.core.jobs.processes import eventful, finished, kill_analyst, tiny, train, wait_for


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    made = RunStore(tmp_path_factory.mktemp("store")).create(tiny(epochs=1))
    assert train(made).state == "completed"
    return made


@pytest.fixture(scope="module")
def rich(tmp_path_factory) -> Run:
    """A run with batch norm, dropout and augmentation: everything that a checkpoint must hold."""
    config = with_overrides(eventful(epochs=1), ["training.batch_size=50"])
    made = RunStore(tmp_path_factory.mktemp("rich")).create(config)
    assert train(made).state == "completed"
    return made


def decisions() -> Overlay:
    data = load("digits")
    put_right = {index: (int(data.train_labels[index]) + 1) % 10 for index in (3, 4, 5)}
    return Overlay(data.name, data.fingerprint, put_right, (6, 7))


@pytest.fixture(scope="module")
def decided(rich) -> Folding:
    """A k-fold training that has learnt with decisions, done."""
    overlay = decisions()
    folding = Folding(2, 1, overlay.digest)
    analysis = fold_analysis(rich, 2, 1, overlay.digest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.jobs.analysis.spawn_analyst", lambda path: None)
        assert request_folds(rich, folding, overlay).state == "working"
    work(rich, analysis, out_of_fold(rich, 0, 2, 1, overlay.digest))
    return folding


def begin(run: Run, analysis: Analysis) -> None:
    """What `request` does before it starts a process."""
    analysis.path(run).parent.mkdir(parents=True, exist_ok=True)


def by_hand(run: Run, num_folds: int, epochs: int, overlay: Overlay | None = None) -> np.ndarray:
    """The probabilities (N, K) out of fold, worked out without any process or file."""
    dataset = load("digits")
    config = with_overrides(run.config, [f"training.epochs={epochs}"])
    found = np.full((len(dataset.train_labels), 10), np.nan, np.float32)
    for fold in range(num_folds):
        *_, result = train_fold(config, dataset, num_folds, fold, overlay)
        assert isinstance(result, FoldResult)
        found[result.index] = result.probabilities
    return found


def test_stopped_it_goes_on_with_the_folds_that_are_finished(run):
    """In a process of its own, as a page has it done."""
    analysis = fold_analysis(run, 4, 30)
    assert request(run, analysis).state == "working"
    folder = analysis.parts_path(run)
    wait_for((folder / "0000").exists)
    stop(run, analysis)
    stopped = finished(run, analysis)
    assert stopped.state == "stopped", stopped.message
    assert 0 < stopped.done < stopped.total
    stamp = (folder / "0000" / "manifest.json").stat().st_mtime_ns
    *whole, begun = sorted(path.name for path in folder.iterdir())
    assert whole == [f"{fold:04d}" for fold in range(len(whole))], "finished folds"
    assert begun == f"{len(whole):04d}.training", "and the one that it was at"

    assert request(run, analysis).state == "working"
    assert (folder / "0000" / "manifest.json").stat().st_mtime_ns == stamp
    state = finished(run, analysis)
    assert state.state == "done", state.message
    wait_for(lambda: not folder.exists())  # once it is told: the parts take room for nothing
    found = arrays(run, analysis)
    assert np.array_equal(found["probabilities"], by_hand(run, 4, 30))
    assert np.bincount(found["fold"]).tolist() == [360, 359, 359, 359]
    labels = load("digits").train_labels.numpy()
    accuracy = (found["probabilities"].argmax(1) == labels).mean()
    assert state.result["accuracy"] == pytest.approx(accuracy)
    assert np.dot(state.result["fold_accuracies"], [360, 359, 359, 359]) == pytest.approx(
        accuracy * 1437
    )


def test_killed_it_goes_on_with_the_folds_that_are_finished(run):
    analysis = fold_analysis(run, 3, 40)
    request(run, analysis)
    wait_for((analysis.parts_path(run) / "0000").exists)
    process = kill_analyst(run, analysis)
    assert process.info["nice"] == 19, "it would slow down the pages"
    assert (analysis.parts_path(run) / "0000").exists()
    begin_again = out_of_fold(run, 0, 3, 40)
    done, total = next(begin_again)
    assert done > total / 3, "the first fold was trained again"
    work(run, analysis, begin_again)
    assert np.array_equal(arrays(run, analysis)["probabilities"], by_hand(run, 3, 40))


def test_a_damaged_fold_is_trained_again(run):
    analysis = fold_analysis(run, 2, 1)
    parts = out_of_fold(run, 0, 2, 1)
    begin(run, analysis)
    path = analysis.parts_path(run) / "0000"
    while not path.exists():
        next(parts)
    parts.close()
    file = path / "arrays.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x07")
    work(run, analysis, out_of_fold(run, 0, 2, 1))
    assert np.array_equal(arrays(run, analysis)["probabilities"], by_hand(run, 2, 1))


def test_a_fold_of_other_data_is_trained_again(run, monkeypatch):
    analysis = fold_analysis(run, 2, 2)
    begin(run, analysis)
    other = replace(load("digits"), fingerprint="0" * 64)
    monkeypatch.setattr("core.datasets.load", lambda name: other)
    monkeypatch.setattr(Run, "dataset_info", lambda run: None)
    for _ in out_of_fold(run, 0, 2, 2):
        pass
    monkeypatch.undo()
    steps = [part for part in out_of_fold(run, 0, 2, 2) if isinstance(part, tuple)]
    assert steps[0][0] < steps[0][1] / 2, "a fold of other data was taken over"


def test_data_that_have_changed_are_refused(run, monkeypatch):
    other = replace(load("digits"), fingerprint="0" * 64)
    monkeypatch.setattr("core.datasets.load", lambda name: other)
    with pytest.raises(RunError, match="no longer the one that run"):
        next(out_of_fold(run, 0, 2, 1))


def test_numbers_out_of_range_are_refused_before_a_process_starts(run):
    with pytest.raises(ConfigError, match="num_folds must be a whole number in"):
        fold_analysis(run, 1, 1)
    with pytest.raises(ConfigError, match="training.epochs"):
        fold_analysis(run, 3, 0)


def test_the_trainings_that_were_asked_for_are_listed_the_last_one_first(run, monkeypatch):
    monkeypatch.setattr("core.jobs.analysis.spawn_analyst", lambda path: None)
    for path in fold_analysis(run, 2, 1).path(run).parent.glob("*.request"):
        path.unlink()
    assert foldings(run) == []
    overlay = decisions()
    first, second, third = Folding(7, 2), Folding(7, 2, overlay.digest), Folding(6, 3)
    request_folds(run, first)
    request_folds(run, second, overlay)
    request_folds(run, third)
    assert foldings(run) == [third, second, first]
    assert overlay_of_folds(run, first) is None
    assert overlay_of_folds(run, second) == overlay
    fold_analysis(run, 6, 3).path(run).with_suffix(".request").write_text("{torn")
    assert foldings(run) == [second, first]


class TestGoingOn:
    """With the network of a fold that has been begun."""

    @staticmethod
    def _until(parts, step: int) -> None:
        while next(parts)[0] < step:
            pass

    @pytest.mark.parametrize("step", [1, 25, 41])
    def test_stopped_within_a_fold_it_ends_bitwise_as_one_that_was_not(self, rich, step):
        """20 steps an epoch: in the first, in the second, at the first of the second fold."""
        analysis = fold_analysis(rich, 3, 2)
        begin(rich, analysis)
        parts = out_of_fold(rich, 0, 3, 2)
        self._until(parts, step)
        parts.close()
        again = out_of_fold(rich, 0, 3, 2)
        assert next(again)[0] > step, "it began anew"
        work(rich, analysis, again)
        whole = by_hand(rich, 3, 2)
        assert np.array_equal(arrays(rich, analysis)["probabilities"], whole)
        assert not analysis.parts_path(rich).exists()
        analyses.discard(rich, analysis)

    def test_killed_it_goes_on_behind_the_last_finished_epoch(self, rich, tmp_path):
        analysis = fold_analysis(rich, 2, 3)
        begin(rich, analysis)
        parts = out_of_fold(rich, 0, 2, 3)
        folder = analysis.parts_path(rich)
        while not list(folder.glob("0000.training/resume/*")):
            done, total = next(parts)
        shutil.copytree(folder, tmp_path / "as it was")  # what a kill leaves: nothing more
        parts.close()
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / "as it was", folder)
        again = out_of_fold(rich, 0, 2, 3)
        assert next(again)[0] > total / 2 / 3
        work(rich, analysis, again)
        assert np.array_equal(arrays(rich, analysis)["probabilities"], by_hand(rich, 2, 3))

    @pytest.mark.parametrize("damage", ["torn", "other data", "another network"])
    def test_a_checkpoint_that_cannot_be_used_is_left_behind(self, rich, monkeypatch, damage):
        analysis = fold_analysis(rich, 2, 4)
        begin(rich, analysis)
        parts = out_of_fold(rich, 0, 2, 4)
        if damage == "other data":
            other = replace(load("digits"), fingerprint="0" * 64)
            monkeypatch.setattr("core.datasets.load", lambda name: other)
            monkeypatch.setattr(Run, "dataset_info", lambda run: None)
        self._until(parts, 20)
        parts.close()
        monkeypatch.undo()
        subject = rich
        if damage == "torn":
            (file,) = analysis.parts_path(rich).glob("*.training/resume/*/weights.safetensors")
            file.write_bytes(file.read_bytes()[:-1])
        if damage == "another network":
            subject = replace(rich, config=tiny(epochs=1))
        again = out_of_fold(subject, 0, 2, 4)
        assert next(again)[0] < 20
        again.close()
        analyses.discard(rich, analysis)

    def test_a_run_that_is_deleted_meanwhile_does_not_come_back(self, rich, tmp_path):
        gone = replace(rich, path=tmp_path / rich.id)
        shutil.copytree(rich.path, gone.path)
        begin(gone, fold_analysis(gone, 2, 1))
        parts = out_of_fold(gone, 0, 2, 1)
        next(parts)
        shutil.rmtree(gone.path)
        with pytest.raises(RunError, match="does not exist any more"):
            parts.close()
        assert not gone.path.exists()

    def test_a_disk_that_is_full_at_the_stop_is_told(self, rich, monkeypatch):
        analysis = fold_analysis(rich, 2, 5)
        begin(rich, analysis)

        def full(path, checkpoint):
            raise DiskError("disk full")

        def parts():
            work_parts = out_of_fold(rich, 0, 2, 5)
            yield next(work_parts)
            stop(rich, analysis)
            monkeypatch.setattr("core.jobs.fold_parts.save_resume", full)
            yield from work_parts

        work(rich, analysis, parts())
        state = look(rich, analysis)
        assert (state.state, state.message) == ("failed", "disk full")


class TestDecisions:
    def test_they_are_learnt_and_every_image_is_answered_for(self, rich, decided):
        analysis = fold_analysis(rich, 2, 1, decided.decisions)
        found = arrays(rich, analysis)["probabilities"]
        assert np.array_equal(found, by_hand(rich, 2, 1, decisions()))
        assert not np.array_equal(found, by_hand(rich, 2, 1))
        result = look(rich, analysis).result
        assert result["decisions"] == decisions().digest
        assert (result["relabelled"], result["left_out"], result["networks"]) == (3, 2, 2)
        given = load("digits").train_labels.numpy()
        assert result["accuracy"] == pytest.approx((found.argmax(1) == given).mean())

    def test_a_result_of_the_given_labels_is_another_one(self, rich, decided):
        assert look(rich, fold_analysis(rich, 2, 1)).state == "absent"

    def test_each_folds_network_can_be_asked_again(self, rich, decided):
        data = load("digits")
        found = arrays(rich, fold_analysis(rich, 2, 1, decided.decisions))
        for fold in range(2):
            images = data.train_images[found["fold"] == fold]
            predictor = fold_predictor(rich, FoldNetwork(decided, fold))
            answers = predict(predictor.model, images, predictor.mean, predictor.std).numpy()
            assert np.array_equal(answers, found["probabilities"][found["fold"] == fold])
        with pytest.raises(RunError, match="network_0002"):
            fold_predictor(rich, FoldNetwork(decided, 2))

    def test_others_than_those_of_the_digest_are_refused(self, rich):
        with pytest.raises(RunError, match="have changed since"):
            request_folds(rich, Folding(2, 1, "0" * 64), decisions())

    def test_a_training_whose_decisions_nobody_has_is_not_asked_for(self, rich):
        with pytest.raises(RunError, match="have changed since"):
            request_folds(rich, Folding(2, 1, "0" * 64))
        assert Folding(2, 1, "0" * 64) not in foldings(rich)

    def test_damaged_ones_are_refused_until_they_are_given_again(self, rich, monkeypatch):
        monkeypatch.setattr("core.jobs.analysis.spawn_analyst", lambda path: None)
        folding = Folding(2, 6, decisions().digest)
        request_folds(rich, folding, decisions())
        analysis = fold_analysis(rich, 2, 6, folding.decisions)
        analysis.path(rich).with_suffix(".overlay").write_bytes(b"torn")
        with pytest.raises(RunError, match="is damaged"):
            request_folds(rich, folding)
        request_folds(rich, folding, decisions())
        assert overlay_of_folds(rich, folding) == decisions()

    def test_without_their_file_nothing_is_trained(self, rich):
        with pytest.raises(RunError, match="cannot be read"):
            next(out_of_fold(rich, 0, 2, 1, "0" * 64))


class TestStopping:
    """With a made-up analysis in this process."""

    def test_it_ends_at_the_next_part_and_says_how_far_it_is(self, run):
        analysis = Analysis("importance", 1, {"layer": "stopped"})
        begin(run, analysis)
        seen = []

        def parts():
            yield 1, 4
            stop(run, analysis)
            seen.append(look(run, analysis).stopping)
            yield 2, 4
            raise AssertionError("it went on")

        work(run, analysis, parts())
        assert seen == [True]
        assert look(run, analysis) == AnalysisState("stopped", done=2, total=4)

    def test_a_new_request_takes_the_wish_back(self, run):
        analysis = Analysis("importance", 1, {"layer": "taken back"})
        begin(run, analysis)

        def parts():
            yield 1, 2
            stop(run, analysis)
            assert request(run, analysis) == AnalysisState("working", done=1, total=2)
            yield 2, 2
            yield {"answer": 42}

        work(run, analysis, parts())
        assert look(run, analysis).result == {"answer": 42}

    def test_a_result_that_comes_first_wins(self, run):
        analysis = Analysis("importance", 1, {"layer": "too late"})
        begin(run, analysis)

        def parts():
            yield 1, 1
            stop(run, analysis)
            yield {"answer": 42}

        work(run, analysis, parts())
        assert look(run, analysis) == AnalysisState("done", result={"answer": 42})

    def test_what_nobody_works_on_is_left_alone(self, run):
        analysis = Analysis("importance", 1, {"layer": "nobody"})
        stop(run, analysis)
        assert look(run, analysis) == AnalysisState()
        begin(run, analysis)
        work(run, analysis, iter([{"answer": 42}]))
        stop(run, analysis)
        assert look(run, analysis).state == "done"
        assert not list(analysis.path(run).parent.glob(f"{analysis.name}.stop"))


class TestArrays:
    ARRAYS = {"points": np.arange(6, dtype=np.float32).reshape(2, 3)}

    @pytest.fixture
    def analysis(self, run) -> Analysis:
        made = Analysis("importance", 1, {"layer": "arrays"})
        begin(run, made)
        work(run, made, iter([(0, 1), Finding({"said": 1}, self.ARRAYS)]))
        return made

    def test_they_come_back_beside_the_values(self, run, analysis):
        assert look(run, analysis) == AnalysisState("done", result={"said": 1})
        assert np.array_equal(arrays(run, analysis)["points"], self.ARRAYS["points"])

    @pytest.mark.parametrize("damage", [b"", b"foreign"])
    def test_damaged_ones_are_refused_and_can_be_worked_out_again(self, run, analysis, damage):
        folder = analysis.path(run).with_suffix(".arrays")
        (folder / "arrays.safetensors").write_bytes(damage)
        with pytest.raises(RunError, match="damaged"):
            arrays(run, analysis)
        analyses.discard(run, analysis)
        assert look(run, analysis) == AnalysisState()
        work(run, analysis, iter([Finding({"said": 2}, self.ARRAYS)]))
        assert look(run, analysis).result == {"said": 2}
        assert arrays(run, analysis).keys() == {"points"}

    def test_where_there_are_none_it_says_so(self, run):
        analysis = Analysis("importance", 1, {"layer": "values only"})
        begin(run, analysis)
        work(run, analysis, iter([{"answer": 42}]))
        with pytest.raises(RunError, match="missing"):
            arrays(run, analysis)

    def test_what_is_being_worked_out_is_not_discarded(self, run, analysis):
        def parts():
            yield 1, 2
            with pytest.raises(RunError, match="being worked out"):
                analyses.discard(run, analysis)
            yield {"answer": 1}

        work(run, analysis, parts())
