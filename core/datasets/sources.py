"""How torchvision reads each data set of the catalogue, and from which published files."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.vision import torchvision

_IDX = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_QMNIST = (
    "qmnist-train-images-idx3-ubyte.gz",
    "qmnist-train-labels-idx2-int.gz",
    "qmnist-test-images-idx3-ubyte.gz",
    "qmnist-test-labels-idx2-int.gz",
)


def _grey(images: Tensor) -> Tensor:
    """(N, H, W) -> (N, 1, H, W)."""
    return images.unsqueeze(1)


def _transposed(images: Tensor) -> Tensor:
    """(N, W, H) -> (N, 1, H, W): EMNIST was published with rows and columns exchanged."""
    return images.transpose(1, 2).unsqueeze(1)


def _channels_first(images: Tensor) -> Tensor:
    """(N, H, W, C) -> (N, C, H, W)."""
    return images.permute(0, 3, 1, 2)


@dataclass(frozen=True)
class Source:
    """One data set of torchvision.

    Attributes:
        class_name: in ``torchvision.datasets``.
        host: the address in front of the file names.
        files: the published files.
        layout: torchvision's array of images -> (N, C, H, W).
        train: arguments that choose the train file.
        test: arguments that choose the test file.
    """

    class_name: str
    host: str
    files: tuple[str, ...]
    layout: Callable[[Tensor], Tensor] = _grey
    train: dict[str, Any] = field(default_factory=lambda: {"train": True})
    test: dict[str, Any] = field(default_factory=lambda: {"train": False})

    @property
    def raw_folder(self) -> Path:
        """Where torchvision looks for the published files, under its root."""
        idx = issubclass(self._dataset_class(), torchvision().datasets.MNIST)
        return Path(self.class_name) / "raw" if idx else Path()

    def read(self, root: Path) -> dict[str, Tensor]:
        """train_images, train_labels, test_images, test_labels; what `root` lacks is downloaded.

        Whatever torchvision, urllib or an archive raises passes through. torchvision compares the
        published MD5 sums before it reads a file, CIFAR-10's pickled arrays among them.
        """
        arrays: dict[str, Tensor] = {}
        for split, arguments in (("train", self.train), ("test", self.test)):
            found = self._dataset_class()(root, download=True, **arguments)
            images = torch.as_tensor(found.data)
            labels = torch.as_tensor(
                np.asarray(found.labels if self.class_name == "SVHN" else found.targets)
            )
            arrays[f"{split}_images"] = self.layout(images).contiguous()
            # QMNIST has eight columns: the class, then writer, form and so on.
            labels = labels if labels.ndim == 1 else labels[:, 0]
            arrays[f"{split}_labels"] = labels.long().contiguous()
        return arrays

    def _dataset_class(self) -> Any:
        return getattr(torchvision().datasets, self.class_name)


SOURCES: dict[str, Source] = {
    "fashion-mnist": Source(
        "FashionMNIST", "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", _IDX
    ),
    "kmnist": Source("KMNIST", "http://codh.rois.ac.jp/kmnist/dataset/kmnist/", _IDX),
    "emnist": Source(
        "EMNIST",
        "https://biometrics.nist.gov/cs_links/EMNIST/",
        ("gzip.zip",),
        _transposed,
        train={"split": "balanced", "train": True},
        test={"split": "balanced", "train": False},
    ),
    "qmnist": Source(
        "QMNIST", "https://raw.githubusercontent.com/facebookresearch/qmnist/master/", _QMNIST
    ),
    "usps": Source(
        "USPS",
        "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/",
        ("usps.bz2", "usps.t.bz2"),
    ),
    "svhn": Source(
        "SVHN",
        "http://ufldl.stanford.edu/housenumbers/",
        ("train_32x32.mat", "test_32x32.mat"),
        lambda images: images,
        train={"split": "train"},
        test={"split": "test"},
    ),
    "cifar-10": Source(
        "CIFAR10",
        "https://www.cs.toronto.edu/~kriz/",
        ("cifar-10-python.tar.gz",),
        _channels_first,
    ),
}
