"""How many epochs may be asked of a run that is training, and what one more then means."""

from dataclasses import replace

import pytest

from core import jobs
from core.config import RunConfig
from core.errors import ConfigError
from core.jobs import control
from core.runs import Run, RunStore


@pytest.fixture
def run(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of three epochs that nobody trains."""
    monkeypatch.setattr(control, "ensure_supervisor", lambda root: None)
    return store.create(RunConfig())


def stand(run: Run, **where: object) -> None:
    run.write_status(replace(run.status(), **where))


@pytest.mark.parametrize(
    ("done", "asked", "least"), [(0.0, 1, 1), (1.3, 1, 2), (1.3, 2, 2), (2.0, 2, 3), (2.0, 3, 3)]
)
def test_a_training_run_takes_no_target_that_it_has_reached(
    run: Run, done: float, asked: int, least: int
) -> None:
    with run.lock():  # as its training process would
        stand(run, state="running", epoch_fraction=done)
        if asked >= least:
            assert run.request(epochs=asked).epochs == asked
            return
        with pytest.raises(ConfigError, match=f"must be at least {least}, the epoch being learnt"):
            run.request(epochs=asked)
    assert run.control().revision == 0


def test_an_ended_run_may_keep_the_epochs_it_has(run: Run) -> None:
    stand(run, state="stopped", epoch=2, epoch_fraction=2.0)
    assert run.request(epochs=2).epochs == 2
    with pytest.raises(ConfigError, match="must be at least 2"):
        run.request(epochs=1)


def test_one_epoch_more_comes_after_the_one_being_learnt(run: Run) -> None:
    """Also where the target was passed while it was asked for: one more must not be nothing."""
    run.request(epochs=1)
    with run.lock():
        stand(run, state="running", epoch=1, epoch_fraction=1.2)
        assert jobs.extend(run).epochs == 3
        assert jobs.extend(run).epochs == 4
