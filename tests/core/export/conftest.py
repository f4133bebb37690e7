import pytest

from core import datasets, training
from core.config import ConvBlock, DataConfig, ModelConfig, RunConfig, TrainingConfig
from core.runs import DatasetInfo, RunStore


@pytest.fixture(scope="session")
def digits():
    return datasets.load("digits")


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory, digits):
    """A finished run of two epochs on digits, written as the training process writes it."""
    config = RunConfig(
        data=DataConfig(name="digits"),
        model=ModelConfig(
            blocks=(ConvBlock(channels=8, batch_norm=True, pooling="max", dropout=0.1),), dense=()
        ),
        training=TrainingConfig(epochs=2),
    )
    run = RunStore(tmp_path_factory.mktemp("runs")).create(config)
    state = training.Training.begin(config, digits)
    with run.lock():
        run.write_dataset_info(
            DatasetInfo(
                digits.name, digits.fingerprint, digits.classes, digits.shape,
                digits.mean, digits.std, state.splits.sizes,
            )
        )  # fmt: skip
        for record in training.epochs(state):
            if isinstance(record, training.EpochResult):
                run.write_epoch(record.record, state.checkpoint(), record.probabilities)
    return run
