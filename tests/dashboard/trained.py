"""Real runs for the page tests: trained in this process, in well under a second."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from core import datasets, training
from core.config import RunConfig, with_overrides
from core.datasets import Overlay
from core.runs import DatasetInfo, Run, RunStore
from core.training import EpochResult, Training

SMALL = [
    "data.name=digits",
    'model.blocks=[{"channels":4,"pooling":"max"}]',
    'model.dense=[{"width":16}]',
    "training.epochs=2",
]


def train(
    store: RunStore,
    *settings: str,
    name: str = "",
    state: str = "completed",
    overlay: Overlay | None = None,
) -> Run:
    """A run as the training process would have left it, ending in `state`.

    Equal seeds give equal bits: what equal settings have learnt of the same images once is copied
    for the next run.
    """
    run = store.create(_config(settings), name, overlay)
    seen = datasets.load(run.config.data.name).fingerprint
    for place, content in _learnt(settings, overlay and overlay.to_bytes(), seen).items():
        file = run.path / place
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_bytes(content)
    last = run.epoch_record(run.config.training.epochs)
    status = replace(
        run.status(),
        state=state,
        epoch=last.epoch,
        epoch_fraction=float(last.epoch),
        validation_accuracy=last.validation_accuracy,
        test_accuracy=last.test_accuracy,
        train_seconds=last.train_seconds,
    )
    with run.lock():
        run.write_status(status)
    return run


def _config(settings: tuple[str, ...]) -> RunConfig:
    return with_overrides(RunConfig(), [*SMALL, *settings])


@cache
def _learnt(settings: tuple[str, ...], decisions: bytes | None, seen: str) -> dict[Path, bytes]:
    """The files that training on the images `seen` adds to a run's folder, by their place."""
    overlay = None if decisions is None else Overlay.from_bytes(decisions)
    with TemporaryDirectory() as folder:
        run = RunStore(folder).create(_config(settings), overlay=overlay)
        before = _files(run)
        _train(run)
        added = _files(run) - before
        return {file.relative_to(run.path): file.read_bytes() for file in sorted(added)}


def _files(run: Run) -> set[Path]:
    return {path for path in run.path.rglob("*") if path.is_file()}


def _train(run: Run) -> None:
    data = datasets.load(run.config.data.name)
    splits = datasets.split(data, run.config.data, run.overlay())
    session = Training.begin(run.config, data, splits)
    with run.lock():
        run.write_dataset_info(
            DatasetInfo(
                data.name, data.fingerprint, data.classes, data.shape,
                data.mean, data.std, session.splits.sizes,
            )
        )  # fmt: skip
        for record in training.epochs(session):
            if isinstance(record, EpochResult):
                run.write_epoch(record.record, session.checkpoint(), record.probabilities)
                run.append([record.record])
            else:
                run.append([record])
