"""How a notebook trains on MNIST today: data set, DataLoader, ``.item()`` at every step."""

import gzip
import shutil
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from core.vision import torchvision

EMBEDDED = Path(__file__).parents[1] / "core" / "datasets" / "embedded" / "mnist"


def mnist(folder: Path, train: bool) -> object:
    """``torchvision.datasets.MNIST`` over the embedded files, as ToTensor and Normalize give it."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for packed in EMBEDDED.glob("*.gz"):
        with gzip.open(packed) as source, (raw / packed.stem).open("wb") as target:
            shutil.copyfileobj(source, target)
    vision = torchvision()
    steps = [vision.transforms.ToTensor(), vision.transforms.Normalize((0.1307,), (0.3081,))]
    transform = vision.transforms.Compose(steps)
    return vision.datasets.MNIST(str(folder), train=train, transform=transform)


def classic_network() -> nn.Module:
    """The tutorial's network, layer by layer."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 36, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(900, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, 10),
    )  # fmt: skip


class NotebookLoop:
    """The tutorial's loop, a slice of an epoch at a time."""

    def __init__(self, data: object, batch_size: int):
        torch.manual_seed(0)
        self.model = classic_network()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.001)
        self.criterion = nn.CrossEntropyLoss()
        self.loader: DataLoader[list[Tensor]] = DataLoader(data, batch_size, shuffle=True)  # type: ignore[arg-type]
        self.batches = iter(self.loader)
        self.losses: list[float] = []

    def learn(self, steps: int) -> None:
        """Goes on for so many steps, into the next epoch where one ends."""
        self.model.train()
        for _ in range(steps):
            batch = next(self.batches, None)
            if batch is None:
                self.batches = iter(self.loader)
                batch = next(self.batches)
            images, labels = batch
            self.optimizer.zero_grad()
            logits = self.model(images)
            loss = self.criterion(logits, labels)
            loss.backward()
            self.optimizer.step()
            self.losses.append(loss.item())


def evaluate(model: nn.Module, data: object, batch_size: int = 64) -> float:
    """The tutorial's test loop: accuracy in [0, 1]."""
    model.eval()
    correct = total = 0
    with torch.no_grad():
        for images, labels in DataLoader(data, batch_size=batch_size):  # type: ignore[arg-type]
            correct += (model(images).argmax(1) == labels).sum().item()
            total += len(labels)
    return correct / total
