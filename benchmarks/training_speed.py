"""Processor time an image: the loop, evaluation and augmentation, against a notebook's."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from benchmarks.notebook import NotebookLoop, classic_network, evaluate, mnist
from benchmarks.turns import in_turns, report
from core.augmentation import augment
from core.config import AugmentationConfig, RunConfig, with_overrides
from core.datasets import load
from core.evaluation import predict
from core.preprocessing import to_pixels
from core.training import Training, epochs

IMAGES_A_TURN = 6400  # eight turns stay within one epoch, so that no evaluation falls into them
AIMS = {10: 1.6, 64: 1.7, 256: 1.8}
PLAIN = ["training.schedule=constant", "training.learning_rate=0.001", "training.epochs=1000"]


def main() -> None:
    """Prints the three measurements."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        training_step(mnist(Path(name), train=True))
        evaluation(mnist(Path(name), train=False))
    augmentation()


def our_loop(*assignments: str) -> Training:
    """The classic network on MNIST with a notebook's Adam."""
    return Training.begin(with_overrides(RunConfig(), [*PLAIN, *assignments]), load("mnist"))


class OurLoop:
    """`epochs`, a slice of the first epoch at a time, records included."""

    def __init__(self, training: Training):
        self.training = training
        self.items = epochs(training)
        self.aim = 0
        next(self.items)  # the untrained network

    def learn(self, steps: int) -> None:
        """Goes on until so many steps more have been taken since the first call."""
        self.aim += steps
        while self.training.step < self.aim:
            next(self.items)


def training_step(data: object) -> None:
    """The whole loop with its records, evaluation left out, at three batch sizes."""
    lines = []
    for batch_size, aim in AIMS.items():
        notebook = NotebookLoop(data, batch_size)
        ours = OurLoop(our_loop(f"training.batch_size={batch_size}"))
        steps = IMAGES_A_TURN // batch_size
        timings = in_turns({
            "ours": partial(ours.learn, steps),
            "notebook": partial(notebook.learn, steps),
        })  # fmt: skip
        ratio = timings["notebook"].median / timings["ours"].median
        each = {way: 1e6 * timing.median / IMAGES_A_TURN for way, timing in timings.items()}
        lines.append(
            f"batch {batch_size:>3}: {each['ours']:.0f} µs an image against {each['notebook']:.0f} "
            f"µs: {ratio:.2f}× (aim {aim}×)"
        )
    report("Training, processor time an image", lines)


def evaluation(data: object) -> None:
    """10,000 test images, probabilities against a notebook's accuracy."""
    dataset, model = load("mnist"), our_loop().model
    other = classic_network()
    timings = in_turns(
        {
            "ours": lambda: predict(model, dataset.test_images, dataset.mean, dataset.std),
            "notebook": lambda: evaluate(other, data),
        },
        turns=3,
    )
    ours, notebook = timings["ours"].median, timings["notebook"].median
    report("Evaluation of 10,000 images", [
        f"{ours:.2f} s against {notebook:.2f} s: {notebook / ours:.1f}× (aim 3×)"
    ])  # fmt: skip


def augmentation() -> None:
    """What augmenting adds to a training step of 64 images."""
    training = our_loop()
    batches = torch.split(training.order(1), 64)[:100]
    generator = torch.Generator().manual_seed(0)
    kinds = {
        "shift ±1": (AugmentationConfig(shift=1), 0.03),
        "affine": (AugmentationConfig(rotation=10, scale=0.1, shear=5, shift=1.5), 0.12),
        "noise": (AugmentationConfig(noise=0.1), None),
        "cutout": (AugmentationConfig(cutout=6), None),
    }

    def apply(config: AugmentationConfig) -> None:
        for index in batches:
            augment(to_pixels(training.images.index_select(0, index)), config, generator)

    ways: dict[str, Callable[[], object]] = {
        "step": lambda: [training.learn(index) for index in batches]
    }
    ways["nothing"] = lambda: [to_pixels(training.images.index_select(0, i)) for i in batches]
    for name, (config, _) in kinds.items():
        ways[name] = partial(apply, config)
    timings = in_turns(ways)
    lines = []
    for name, (_, aim) in kinds.items():
        share = (timings[name].median - timings["nothing"].median) / timings["step"].median
        lines.append(f"{name}: {share:+.1%} of a step" + (f" (aim ≤ {aim:.0%})" if aim else ""))
    report("Augmentation, batches of 64", lines)


if __name__ == "__main__":
    main()
