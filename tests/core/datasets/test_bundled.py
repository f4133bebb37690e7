"""The embedded data sets: what is in them, and that damage is noticed."""

import gzip
import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from core import datasets
from core.datasets.bundled import MNIST_DIR, load_mnist, read_idx
from core.datasets.dataset import pixel_statistics
from core.errors import DatasetError
from core.vision import torchvision


@pytest.fixture(scope="module")
def mnist() -> datasets.Dataset:
    return datasets.load("mnist")


@pytest.fixture
def mnist_copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MNIST_DIR, tmp_path / "mnist"))


def test_mnist_equals_torchvision_tensor_for_tensor(mnist, tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for packed in MNIST_DIR.glob("*.gz"):
        (raw / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    for train in (True, False):
        expected = torchvision().datasets.MNIST(tmp_path, train=train)
        images = mnist.train_images if train else mnist.test_images
        labels = mnist.train_labels if train else mnist.test_labels
        assert images.shape == (60_000 if train else 10_000, 1, 28, 28)
        assert images.dtype == torch.uint8
        assert labels.dtype == torch.int64
        assert torch.equal(images.squeeze(1), expected.data)
        assert torch.equal(labels, expected.targets)


def test_mnist_has_the_mean_and_deviation_that_everybody_uses(mnist):
    assert mnist.mean == pytest.approx((0.1307,), abs=5e-5)
    assert mnist.std == pytest.approx((0.3081,), abs=5e-5)


def test_loading_mnist_costs_little_more_than_unpacking_its_files():
    """1.3 times as much where it was measured, 0.2 s: in processor time, whatever else goes on."""

    def unpack() -> None:
        for packed in MNIST_DIR.glob("*.gz"):
            gzip.decompress(packed.read_bytes())

    def cost(of: Callable[[], object]) -> float:
        start = time.process_time()
        of()
        return time.process_time() - start

    least = {of: min(cost(of) for _ in range(3)) for of in (unpack, load_mnist)}
    assert least[load_mnist] < 3 * least[unpack]


def test_the_raw_sums_that_are_carried_along_are_those_of_the_files():
    for line in (MNIST_DIR / "SHA256SUMS.raw").read_text().splitlines():
        expected, name = line.split()
        raw = gzip.decompress((MNIST_DIR / f"{name}.gz").read_bytes())
        assert hashlib.sha256(raw).hexdigest() == expected
    assert "Attribution-ShareAlike 3.0" in (MNIST_DIR / "README.md").read_text()


def flip_a_bit(path: Path) -> None:
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", [flip_a_bit, cut_in_half])
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
def test_a_damaged_file_is_refused_by_name(
    damage: Callable[[Path], None], name: str, mnist_copy: Path
):
    damage(mnist_copy / name)
    with pytest.raises(DatasetError, match=f"{name} is damaged: its SHA-256 must be"):
        load_mnist(mnist_copy)


def test_a_missing_file_and_a_missing_sum_are_said(mnist_copy):
    (mnist_copy / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(DatasetError, match="t10k-images-idx3-ubyte.gz cannot be read"):
        load_mnist(mnist_copy)
    (mnist_copy / "SHA256SUMS").write_text("")
    with pytest.raises(DatasetError, match="holds no checksum of train-images"):
        load_mnist(mnist_copy)


def test_digits_is_scikit_learns_scaled_and_split_by_class():
    from sklearn.datasets import load_digits

    digits, original = datasets.load("digits"), load_digits()
    assert digits.train_images.shape == (1437, 1, 8, 8)
    assert digits.test_images.shape == (360, 1, 8, 8)
    assert int(digits.train_images.max()) == 255
    assert int(digits.train_images.min()) == 0

    def multiset(images: np.ndarray, labels: np.ndarray) -> list[tuple[int, ...]]:
        rows = np.column_stack((images.reshape(len(images), 64), labels)).astype(int)
        return sorted(map(tuple, rows.tolist()))

    ours = torch.cat((digits.train_images, digits.test_images)).double().mul(16 / 255).round()
    labels = torch.cat((digits.train_labels, digits.test_labels))
    assert multiset(ours.numpy(), labels.numpy()) == multiset(original.images, original.target)
    share = np.bincount(original.target) * 360 / 1797
    assert np.abs(torch.bincount(digits.test_labels).numpy() - share).max() < 1


def test_digits_is_the_same_every_time():
    first, again = datasets.load("digits"), datasets.load("digits")
    assert torch.equal(first.test_images, again.test_images)
    assert first.fingerprint == again.fingerprint
    assert first.fingerprint != datasets.load("mnist").fingerprint
    assert len(first.fingerprint) == 64


def test_loading_brings_in_neither_scikit_learn_nor_pandas_nor_torchvision():
    script = (
        "import sys\n"
        "from core import datasets\n"
        "assert 'torch' not in sys.modules\n"
        "datasets.load('mnist'), datasets.load('digits')\n"
        "print([m for m in ('sklearn', 'pandas', 'torchvision', 'scipy') if m in sys.modules])\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "starts with 0, 0, 8"),
        (bytes((0, 0, 13, 1, 0, 0, 0, 0)), "starts with 0, 0, 8"),
        (bytes((0, 0, 8, 1, 0, 0, 0, 3, 1, 2)), r"shape \(3,\) cannot hold 2 bytes"),
        (bytes((0, 0, 8, 3, 0, 0)), "cannot hold"),
    ],
)
def test_bytes_that_are_no_idx_file_are_refused(data, sentence):
    with pytest.raises(DatasetError, match=sentence):
        read_idx(data)


def test_idx_by_hand():
    data = bytes((0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 11, 12, 13, 14, 15))
    assert read_idx(data).tolist() == [[10, 11, 12], [13, 14, 15]]


def test_pixel_statistics_by_hand_and_of_many_chunks():
    images = torch.tensor([[0, 255], [255, 0]], dtype=torch.uint8).reshape(2, 1, 1, 2)
    assert pixel_statistics(images) == ((0.5,), (0.5,))
    plain = torch.full((3, 2, 4, 4), 51, dtype=torch.uint8)
    assert pixel_statistics(plain) == (pytest.approx((0.2, 0.2)), (1.0, 1.0))
    many = torch.randint(256, (700, 3, 20, 20), dtype=torch.uint8)
    scaled = many.double() / 255
    mean, std = pixel_statistics(many)
    assert mean == pytest.approx(tuple(scaled.mean((0, 2, 3)).tolist()))
    assert std == pytest.approx(tuple(scaled.std((0, 2, 3), correction=0).tolist()))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(DatasetError, match="must be one of mnist, digits, .*, got 'mnits'"):
        datasets.load("mnits")
    assert datasets.names()[0] == "mnist"
