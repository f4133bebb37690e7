"""Real runs for the page tests: trained in this process, in well under a second."""

from dataclasses import replace

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
    """A run as the training process would have left it, ending in `state`."""
    run = store.create(with_overrides(RunConfig(), [*SMALL, *settings]), name, overlay)
    data = datasets.load(run.config.data.name)
    splits = datasets.split(data, run.config.data, run.overlay())
    session = Training.begin(run.config, data, splits)
    status = run.status()
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
                status = replace(
                    status,
                    epoch=record.record.epoch,
                    epoch_fraction=float(record.record.epoch),
                    validation_accuracy=record.record.validation_accuracy,
                    test_accuracy=record.record.test_accuracy,
                    train_seconds=record.record.train_seconds,
                )
            else:
                run.append([record])
        run.write_status(replace(status, state=state))
    return run
