"""Biographies worked out by hand, and read back from a run's folder."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.config import ConvBlock, DataConfig, ModelConfig, RunConfig
from core.errors import RunError, UserError
from core.inspection.biography import biography, biography_of
from core.records import Checkpoint, EpochRecord
from core.runs import RunStore
from core.runs.run import Run

CONFIG = RunConfig(
    data=DataConfig(name="digits"), model=ModelConfig(blocks=(ConvBlock(channels=2),), dense=())
)


def test_a_life_by_hand() -> None:
    answers = {2: [0.1, 0.7, 0.2], 0: [0.5, 0.25, 0.25], 1: [0.0, 0.375, 0.625]}
    life = biography({epoch: np.array(row, np.float32) for epoch, row in answers.items()}, 1)
    assert life.table["epoch"].tolist() == [0, 1, 2]
    assert life.table["predicted"].tolist() == [0, 2, 1]
    np.testing.assert_allclose(life.table["confidence"], [0.5, 0.625, 0.7], rtol=1e-6)
    np.testing.assert_allclose(life.table["probability"], [0.25, 0.375, 0.7], rtol=1e-6)
    assert life.table["correct"].tolist() == [False, False, True]
    assert life.verdict == "learnt"
    assert life.right_since == 2


@pytest.mark.parametrize(
    ("right", "verdict", "since"),
    [
        ("0111", "always right", 1), ("1111", "always right", 0), ("0011", "learnt", 2),
        ("1011", "learnt", 2), ("0101", "unsteady", 3), ("1101", "unsteady", 3),
        ("0110", "forgotten", None), ("0010", "forgotten", None), ("1000", "never right", None),
        ("0", "untrained", None), ("1", "untrained", 0), ("", "untrained", None),
    ],
)  # fmt: skip
def test_verdicts(right, verdict, since) -> None:
    rows = {"1": np.array([0.25, 0.75], np.float32), "0": np.array([0.75, 0.25], np.float32)}
    life = biography({epoch: rows[each] for epoch, each in enumerate(right)}, 1)
    assert (life.verdict, life.right_since) == (verdict, since)
    assert len(life.table) == len(right)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = RunStore(tmp_path / "runs").create(CONFIG)
    for epoch in range(3):
        record = EpochRecord(epoch, *[0.5] * 11)
        checkpoint = Checkpoint({"a": torch.zeros(1)}, {}, {"step": epoch, "epoch": epoch})
        share = 0.25 * (epoch + 1)
        answers = torch.tensor([[0.5, 0.5], [1 - share, share]], dtype=torch.float16)
        with run.lock():
            run.write_epoch(
                record, checkpoint, {"validation": answers[:1].clone(), "test": answers}
            )
    return run


def test_a_run_tells_the_life_of_each_of_its_images(run) -> None:
    life = biography_of(run, "test", 1, 1)
    assert life.table["probability"].tolist() == [0.25, 0.5, 0.75]
    assert life.table["predicted"].tolist() == [0, 0, 1]  # the first of equals
    assert life.problems == ()
    assert biography_of(run, "validation", 0, 1).verdict == "never right"


def test_a_damaged_epoch_is_left_out_and_named(run) -> None:
    (run.path / "epochs" / "0001" / "probabilities.safetensors").write_bytes(b"torn")
    life = biography_of(run, "test", 1, 1)
    assert life.table["epoch"].tolist() == [0, 2]
    assert len(life.problems) == 1
    for epoch in ("0000", "0002"):
        (run.path / "epochs" / epoch / "probabilities.safetensors").unlink()
    with pytest.raises(RunError):
        biography_of(run, "test", 1, 1)


def test_what_is_not_there_is_refused(run) -> None:
    with pytest.raises(UserError, match=r"position of the test split must lie in \[0, 1\], got 2"):
        biography_of(run, "test", 2, 1)
    with pytest.raises(RunError, match="no probabilities for the split 'train'"):
        biography_of(run, "train", 0, 1)
