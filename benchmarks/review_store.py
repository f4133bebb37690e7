"""Runs to review: on MNIST's 10,000 test images, and on 60,000 as QMNIST has them."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file

from benchmarks.serving import PROJECT
from core.datasets import load
from core.datasets.dataset import checksum

EPOCHS = 5
SHIFTS = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1))  # pixels down and to the right


@dataclass(frozen=True)
class Store:
    """Finished runs that differ in their seed alone, the newest last.

    Attributes:
        folder: with ``runs`` and ``data``.
        images: how many the test split has.
        runs: ids.
    """

    folder: Path
    images: int
    runs: tuple[str, ...]

    def enter(self) -> None:
        """Makes this process, and those it starts, look at this store and its data."""
        os.environ["CONVSCOPE_RUNS"] = str(self.folder / "runs")
        os.environ["CONVSCOPE_DATA"] = str(self.folder / "data")


def mnist_store(folder: Path) -> Store:
    """Two runs on MNIST."""
    return Store(folder, 10_000, tuple(trained(folder, "mnist", seed) for seed in (0, 1)))


def large_store(folder: Path) -> Store:
    """Two runs with 60,000 test images: a stand-in for QMNIST, made of what is embedded."""
    stand_in(folder / "data")
    return Store(folder, 60_000, tuple(trained(folder, "qmnist", seed) for seed in (0, 1)))


def stand_in(data: Path) -> None:
    """Writes MNIST with its test images six times, shifted by a pixel, in the place of QMNIST.

    What is measured depends on how many images there are, not on who wrote them; QMNIST's own
    would have to be downloaded.
    """
    mnist = load("mnist")
    shifted = [torch.roll(mnist.test_images, shift, (2, 3)) for shift in SHIFTS]
    arrays = {
        "train_images": mnist.train_images,
        "train_labels": mnist.train_labels,
        "test_images": torch.cat(shifted),
        "test_labels": mnist.test_labels.repeat(len(SHIFTS)),
    }
    data.mkdir(parents=True)
    sums = {name: checksum(tensor) for name, tensor in arrays.items()}
    save_file(arrays, data / "qmnist.safetensors", metadata=sums)


def trained(folder: Path, name: str, seed: int) -> str:
    """The id of a run of some short epochs."""
    settings = (f"data.name={name}", "data.train_limit=6000", f"training.seed={seed}")
    command = [sys.executable, "-m", "core", "train", "--json", "--epochs", str(EPOCHS)]
    command += [part for setting in settings for part in ("--set", setting)]
    command += ["--runs-dir", str(folder / "runs")]
    environment = {**os.environ, "CONVSCOPE_DATA": str(folder / "data")}
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    run: str = json.loads(done.stdout.splitlines()[-1])["run_id"]
    return run
