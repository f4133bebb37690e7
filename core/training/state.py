"""A network with its optimizer, its data and the place it has reached; saved and restored whole."""

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  the name the whole field uses
from torch import Tensor, nn

from core.augmentation import augment, is_active
from core.config import RunConfig, field_at, guide, live_values, with_overrides
from core.datasets import Dataset, Splits, split
from core.devices import make_deterministic, resolve_device
from core.errors import ConfigError, RunError, UserError
from core.model import ConvNet, load_weights, set_dropout
from core.preprocessing import network_input, normalise, to_pixels
from core.records import ChangeRecord, Checkpoint
from core.schedules import learning_rate_factor
from core.training.optimization import (
    build_optimizer,
    optimizer_tensors,
    restore_optimizer,
    set_rates,
)

NORM_EVERY = 16  # steps between two looks at the gradient norm: it costs as much as a small layer


@dataclass
class Progress:
    """Where a training stands. Sums are over the part of the epoch that is done.

    Attributes:
        epoch: the last finished epoch.
        consumed: images of the next epoch that have been learnt from.
        step: optimizer steps in the whole training.
        steps_in_epoch: those of the next epoch.
        seconds: training time in the whole run, evaluation and pauses left out.
        best_loss: the smallest validation loss so far.
        best_epoch: the epoch it was seen at.
        started: whether the untrained network has been measured.
    """

    epoch: int = 0
    consumed: int = 0
    step: int = 0
    steps_in_epoch: int = 0
    epoch_seconds: float = 0.0
    seconds: float = 0.0
    loss_sum: float = 0.0
    correct: int = 0
    norm_sum: float = 0.0
    num_norms: int = 0
    best_loss: float = math.inf
    best_epoch: int = 0
    started: bool = False


class Training:
    """A network, its optimizer, its data and the place it has reached.

    Attributes:
        config: the values in force, live changes included.
        dataset: where the images come from.
        splits: which of them are learnt from and which are held out.
        model: the network, on `device`.
        planned_epochs: the epoch to stop after; may be changed at any time.
    """

    def __init__(self, config: RunConfig, dataset: Dataset, splits: Splits | None = None):
        self.config = self.original = config
        self.dataset = dataset
        self.splits: Splits = split(dataset, config.data) if splits is None else splits
        _check_batch_norm(config, self.num_images)
        self.device = resolve_device(config.training.device)
        self.planned_epochs = config.training.epochs
        self.progress = Progress()
        torch.set_num_threads(config.training.threads)
        make_deterministic(self.device)
        torch.manual_seed(config.training.seed)
        model = ConvNet(config.model, dataset.shape, dataset.num_classes)
        self.model = model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = build_optimizer(self.model, config.training)
        self.augmentation = torch.Generator().manual_seed(config.training.seed)
        self.random = self._random_states()
        self.images = dataset.train_images.to(self.device)
        self.labels = self.splits.train_labels.to(self.device)

    @classmethod
    def begin(cls, config: RunConfig, dataset: Dataset, splits: Splits | None = None) -> "Training":
        """A fresh training with random weights.

        Args:
            config: what is trained, and how.
            dataset: on which images.
            splits: of them, where they are others than the configuration's; its own by default.

        Raises:
            ArchitectureError: if the layers do not fit the images.
            ConfigError: if the device is not there, or batch norm has a single image to learn from.
            DatasetError: if too many images are held out.
        """
        return cls(config, dataset, splits)

    @classmethod
    def restore(
        cls,
        config: RunConfig,
        dataset: Dataset,
        checkpoint: Checkpoint,
        splits: Splits | None = None,
    ) -> "Training":
        """The training that `checkpoint` was taken of; it goes on bit by bit the same.

        Raises:
            RunError: if the checkpoint is not one of this training.
        """
        training = cls(config, dataset, splits)
        try:
            training._put_back(checkpoint)
        except (UserError, KeyError, TypeError, ValueError, RuntimeError, IndexError) as error:
            reason = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise RunError(f"the checkpoint is not one of this run: {reason}") from error
        return training

    def _put_back(self, checkpoint: Checkpoint) -> None:
        values = checkpoint.state["progress"]
        self.progress = Progress(**{**values, "best_loss": _number(values["best_loss"])})
        self.planned_epochs = checkpoint.state["planned_epochs"]
        if changes := checkpoint.state["changes"]:
            self.change(changes)
        load_weights(self.model, checkpoint.weights)
        tensors = dict(checkpoint.optimizer)
        self.augmentation.set_state(tensors.pop("random.augmentation"))
        random = {name: tensors.pop(name) for name in list(tensors) if name.startswith("random.")}
        self.random.update(random)
        restore_optimizer(self.optimizer, tensors)

    def _random_states(self) -> dict[str, Tensor]:
        states = {"random.torch": torch.get_rng_state()}
        if self.device.type == "cuda":
            states["random.cuda"] = torch.cuda.get_rng_state(self.device)
        return states

    def keep_random(self) -> None:
        """Remembers torch's global random states, before the caller gets a chance to draw."""
        self.random = self._random_states()

    def recall_random(self) -> None:
        """Puts the remembered states back, so that dropout never depends on anybody else."""
        torch.set_rng_state(self.random["random.torch"])
        if "random.cuda" in self.random and self.device.type == "cuda":
            torch.cuda.set_rng_state(self.random["random.cuda"], self.device)

    def checkpoint(self) -> Checkpoint:
        """All that is needed to go on from here; valid whenever `epochs` has just yielded."""
        tensors = {**optimizer_tensors(self.optimizer), **self.random}
        tensors["random.augmentation"] = self.augmentation.get_state()
        progress = self.progress
        best_loss = progress.best_loss if math.isfinite(progress.best_loss) else None
        state = {
            "epoch": progress.epoch,
            "step": progress.step,
            "epoch_fraction": self.epoch_fraction,
            "progress": {**vars(progress), "best_loss": best_loss},
            "planned_epochs": self.planned_epochs,
            "changes": self.changes,
        }
        weights = {
            name: value.detach().to("cpu", copy=True).contiguous()
            for name, value in self.model.state_dict().items()
        }
        return Checkpoint(weights, tensors, state)

    def begin_next_epoch(self) -> None:
        """Starts the sums over an epoch anew."""
        self.progress = replace(
            self.progress,
            consumed=0, steps_in_epoch=0, epoch_seconds=0.0,
            loss_sum=0.0, correct=0, norm_sum=0.0, num_norms=0,
        )  # fmt: skip

    def change(self, changes: dict[str, Any]) -> ChangeRecord:
        """Puts new values of live fields in force, from the next step on.

        Raises:
            ConfigError: if a value is out of range or its field cannot change while training.
        """
        assignments = []
        for path, value in changes.items():
            field = field_at(path)
            if field is None or not guide(field).get("live"):
                reason = f"{path} cannot change while a run trains: it needs a new run"
                raise ConfigError([(path, reason)])
            assignments.append(f"{path}={value}")
        before = self.applied
        self.config = with_overrides(self.config, assignments)
        set_dropout(self.model, self.config.model)
        after = self.applied
        marks = {path: [before[path], after[path]] for path in after if before[path] != after[path]}
        return ChangeRecord(self.epoch_fraction, self.progress.step, marks)

    @property
    def applied(self) -> dict[str, Any]:
        """Every live field's value in force, by path."""
        return live_values(self.config)

    @property
    def changes(self) -> dict[str, Any]:
        """The live fields that no longer have the value the run began with."""
        first = live_values(self.original)
        return {path: value for path, value in self.applied.items() if value != first[path]}

    @property
    def num_images(self) -> int:
        """Images in an epoch."""
        return len(self.splits.train_index)

    @property
    def epoch_fraction(self) -> float:
        """Epochs done so far, the begun one counted in part."""
        return self.progress.epoch + self.progress.consumed / self.num_images

    @property
    def epoch(self) -> int:
        """The last finished epoch."""
        return self.progress.epoch

    @property
    def step(self) -> int:
        """Optimizer steps so far."""
        return self.progress.step

    @property
    def steps_per_epoch(self) -> int:
        """Steps of a whole epoch at the batch size in force."""
        return math.ceil(self.num_images / self.config.training.batch_size)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        # The schedule spans the epochs planned at first: extra ones go on at its last rate.
        progress = self.epoch_fraction / self.original.training.epochs
        training = self.config.training
        return training.learning_rate * learning_rate_factor(training, progress)

    def order(self, epoch: int) -> Tensor:
        """The epoch's images as places in the training set, a function of seed and epoch alone."""
        generator = torch.Generator().manual_seed(self.config.training.seed * 1_000_003 + epoch)
        permutation = torch.randperm(self.num_images, generator=generator)
        return self.splits.train_index[permutation].to(self.device)

    def input_batch(self, index: Tensor) -> Tensor:
        """What the network is given for these training images, (N, C, H, W) float32."""
        images = self.images.index_select(0, index)
        if not is_active(self.config.augmentation):
            return network_input(images, self.dataset.mean, self.dataset.std)
        pixels = augment(to_pixels(images), self.config.augmentation, self.augmentation)
        return normalise(pixels, self.dataset.mean, self.dataset.std)

    def learn(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """One optimizer step on these training images.

        Returns:
            loss (a scalar), number of correct answers (a scalar), gradient norm before clipping
            (a scalar; None on the steps that do not look at it).
        """
        training = self.config.training
        set_rates(self.optimizer, self.learning_rate, training.weight_decay)
        labels = self.labels.index_select(0, index)
        with torch.autocast(self.device.type, torch.bfloat16, training.mixed_precision):
            logits = self.model(self.input_batch(index))
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=training.label_smoothing)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = self._clip_gradient(training.gradient_clip)
        self.optimizer.step()
        return loss.detach(), logits.detach().argmax(1).eq(labels).sum(), norm

    def _clip_gradient(self, limit: float) -> Tensor | None:
        if limit > 0:
            return nn.utils.clip_grad_norm_(self.model.parameters(), limit)
        if self.progress.steps_in_epoch % NORM_EVERY:
            return None
        gradients = [weight.grad for weight in self.model.parameters() if weight.grad is not None]
        return nn.utils.get_total_norm(gradients)


def _check_batch_norm(config: RunConfig, num_images: int) -> None:
    if num_images < 2 and any(block.batch_norm for block in config.model.blocks):
        path = "data.train_limit"
        sentence = f"{path} must be at least 2 where a block has batch norm, got {num_images}"
        raise ConfigError([(path, sentence)])


def _number(value: float | None) -> float:
    return math.inf if value is None else value
