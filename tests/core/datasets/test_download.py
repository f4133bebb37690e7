"""Downloads, against a server of our own that holds tiny files in the published formats."""

import gzip
import hashlib
import io
import pickle  # CIFAR-10 was published pickled: the test plays its publisher
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core import datasets
from core.datasets import Dataset, catalog
from core.datasets.sources import SOURCES
from core.errors import DatasetError
from core.vision import torchvision

RANDOM = np.random.default_rng(0)


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder and keeps a list of what was asked for."""

    def log_message(self, *arguments: Any) -> None:
        self.server.requests.append(self.path)  # type: ignore[attr-defined]


@dataclass
class Publisher:
    """Stands in for a data set's host: its folder, its address, the requests it got."""

    folder: Path
    address: str
    requests: list[str] = field(default_factory=list)

    def publish(self, name: str, content: bytes) -> str:
        """Puts a file on the server; its MD5."""
        (self.folder / name).write_bytes(content)
        return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    folder = tmp_path / "published"
    folder.mkdir()
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        place = Publisher(folder, f"http://127.0.0.1:{server.server_port}/")
        server.requests = place.requests  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield place
        server.shutdown()
        thread.join()


def idx(array: np.ndarray, kind: int = 8) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return gzip.compress(bytes((0, 0, kind, array.ndim)) + sizes + array.tobytes())


def pixels(*shape: int) -> np.ndarray:
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


def shrink(monkeypatch: pytest.MonkeyPatch, name: str, train: int, test: int) -> None:
    small = replace(catalog.CATALOG[name], num_train=train, num_test=test)
    monkeypatch.setitem(catalog.CATALOG, name, small)


@dataclass
class Fashion:
    """Fashion-MNIST with eight training and four test images, on our server."""

    publisher: Publisher
    arrays: dict[str, np.ndarray]
    folder: Path

    def load(self) -> Dataset:
        return datasets.load("fashion-mnist", self.folder)

    def leftovers(self) -> list[str]:
        return [path.name for path in self.folder.iterdir() if path.suffix != ".lock"]


@pytest.fixture
def fashion(publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fashion:
    arrays = {
        "train-images-idx3-ubyte.gz": pixels(8, 28, 28),
        "train-labels-idx1-ubyte.gz": np.arange(8, dtype=np.uint8),
        "t10k-images-idx3-ubyte.gz": pixels(4, 28, 28),
        "t10k-labels-idx1-ubyte.gz": np.arange(6, 10, dtype=np.uint8),
    }
    resources = [(name, publisher.publish(name, idx(array))) for name, array in arrays.items()]
    kind = torchvision().datasets.FashionMNIST
    monkeypatch.setattr(kind, "mirrors", [publisher.address])
    monkeypatch.setattr(kind, "resources", resources)
    shrink(monkeypatch, "fashion-mnist", 8, 4)
    return Fashion(publisher, arrays, tmp_path / "data")


def test_a_download_is_read_saved_and_never_fetched_again(fashion):
    first = fashion.load()
    images, labels, test_images, test_labels = fashion.arrays.values()
    assert np.array_equal(first.train_images.numpy(), images[:, None])
    assert np.array_equal(first.train_labels.numpy(), labels)
    assert np.array_equal(first.test_images.numpy(), test_images[:, None])
    assert np.array_equal(first.test_labels.numpy(), test_labels)
    assert first.classes[9] == "Ankle boot"
    assert fashion.leftovers() == ["fashion-mnist.safetensors"]
    asked = len(fashion.publisher.requests)
    again = fashion.load()
    assert len(fashion.publisher.requests) == asked
    assert again.fingerprint == first.fingerprint
    assert torch.equal(again.train_images, first.train_images)


def test_a_half_download_is_no_data(fashion):
    name = "t10k-labels-idx1-ubyte.gz"
    whole = (fashion.publisher.folder / name).read_bytes()
    fashion.publisher.publish(name, whole[:-7])
    with pytest.raises(DatasetError, match="could not be downloaded"):
        fashion.load()
    assert fashion.leftovers() == []
    fashion.publisher.publish(name, whole)
    assert len(fashion.load().test_labels) == 4


def test_what_a_killed_process_left_is_cleared_away(fashion):
    half = fashion.folder / ".fashion-mnist.part" / "FashionMNIST" / "raw"
    half.mkdir(parents=True)
    (half / "train-images-idx3-ubyte").write_bytes(b"half")
    fashion.load()
    assert fashion.leftovers() == ["fashion-mnist.safetensors"]


def test_offline_says_what_was_tried_and_where_files_go(fashion, monkeypatch):
    closed = "http://127.0.0.1:1/"
    monkeypatch.setattr(torchvision().datasets.FashionMNIST, "mirrors", [closed])
    with pytest.raises(DatasetError) as caught:
        fashion.load()
    sentence = str(caught.value)
    assert "Connection refused" in sentence
    assert SOURCES["fashion-mnist"].host in sentence
    assert str(fashion.folder / "fashion-mnist") in sentence
    assert all(name in sentence for name in fashion.arrays)
    assert "\n" not in sentence


def test_files_put_there_by_hand_are_used_without_a_network(fashion, monkeypatch):
    monkeypatch.setattr(torchvision().datasets.FashionMNIST, "mirrors", ["http://127.0.0.1:1/"])
    by_hand = fashion.folder / "fashion-mnist"
    by_hand.mkdir(parents=True)
    for name in fashion.arrays:
        (by_hand / name).write_bytes((fashion.publisher.folder / name).read_bytes())
    assert len(fashion.load().train_labels) == 8
    assert fashion.publisher.requests == []


def test_a_wrong_file_put_there_by_hand_is_neither_used_nor_touched(fashion, monkeypatch):
    monkeypatch.setattr(torchvision().datasets.FashionMNIST, "mirrors", ["http://127.0.0.1:1/"])
    by_hand = fashion.folder / "fashion-mnist"
    by_hand.mkdir(parents=True)
    for name in fashion.arrays:
        (by_hand / name).write_bytes(b"a page that says 404")
    with pytest.raises(DatasetError, match="could not be downloaded"):
        fashion.load()
    assert (by_hand / "train-images-idx3-ubyte.gz").read_bytes() == b"a page that says 404"


def test_a_flipped_bit_in_the_saved_file_is_noticed(fashion):
    fashion.load()
    path = fashion.folder / "fashion-mnist.safetensors"
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="is damaged; delete it, and Fashion-MNIST is downloa"):
        fashion.load()
    path.write_bytes(content[:100])
    with pytest.raises(DatasetError, match="is damaged"):
        fashion.load()


def test_other_counts_than_the_published_are_refused(fashion, monkeypatch):
    shrink(monkeypatch, "fashion-mnist", 9, 4)
    with pytest.raises(DatasetError, match=r"the shape \(9, 1, 28, 28\), got \(8, 1, 28, 28\)"):
        fashion.load()
    assert fashion.leftovers() == []


def test_a_folder_that_cannot_be_written_is_said(fashion):
    fashion.folder.write_text("a file where the folder should be")
    with pytest.raises(DatasetError, match="cannot be saved in .*CONVSCOPE_DATA"):
        fashion.load()


def test_the_environment_chooses_the_folder(fashion, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_DATA", str(fashion.folder))
    datasets.load("fashion-mnist")
    assert fashion.leftovers() == ["fashion-mnist.safetensors"]


def test_emnist_is_turned_upright(publisher, tmp_path, monkeypatch):
    images = pixels(3, 28, 28)
    labels = np.array([0, 10, 46], dtype=np.uint8)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for split in ("train", "test"):
            archive.writestr(f"gzip/emnist-balanced-{split}-images-idx3-ubyte.gz", idx(images))
            archive.writestr(f"gzip/emnist-balanced-{split}-labels-idx1-ubyte.gz", idx(labels))
    kind = torchvision().datasets.EMNIST
    monkeypatch.setattr(kind, "md5", publisher.publish("gzip.zip", packed.getvalue()))
    monkeypatch.setattr(kind, "url", publisher.address + "gzip.zip")
    shrink(monkeypatch, "emnist", 3, 3)
    loaded = datasets.load("emnist", tmp_path / "data")
    assert np.array_equal(loaded.train_images.numpy()[:, 0], images.transpose(0, 2, 1))
    assert [loaded.classes[label] for label in loaded.test_labels] == ["0", "A", "t"]
    assert loaded.classes == tuple(kind.classes_split_dict["balanced"])


def test_qmnist_keeps_the_class_of_its_eight_columns(publisher, tmp_path, monkeypatch):
    images = pixels(3, 28, 28)
    columns = np.array([[5, 9, 9, 9, 9, 9, 9, 9], [0] * 8, [7] * 8], dtype=">i4")
    resources = {}
    for split in ("train", "test"):
        names = f"qmnist-{split}-images-idx3-ubyte.gz", f"qmnist-{split}-labels-idx2-int.gz"
        contents = idx(images), idx(columns, kind=12)
        resources[split] = [
            (publisher.address + name, publisher.publish(name, content))
            for name, content in zip(names, contents, strict=True)
        ]
    monkeypatch.setattr(torchvision().datasets.QMNIST, "resources", resources)
    shrink(monkeypatch, "qmnist", 3, 3)
    loaded = datasets.load("qmnist", tmp_path / "data")
    assert loaded.train_labels.tolist() == [5, 0, 7]
    assert np.array_equal(loaded.test_images.numpy()[:, 0], images)


def test_usps_pixels_run_from_minus_one_to_one(publisher, tmp_path, monkeypatch):
    import bz2

    line = "10 " + " ".join(f"{at}:{-1 if at % 2 else 1}" for at in range(1, 257))
    splits = {
        split: [
            publisher.address + name,
            name,
            publisher.publish(name, bz2.compress(f"{line}\n".encode())),
        ]
        for split, name in (("train", "usps.bz2"), ("test", "usps.t.bz2"))
    }
    monkeypatch.setattr(torchvision().datasets.USPS, "split_list", splits)
    shrink(monkeypatch, "usps", 1, 1)
    loaded = datasets.load("usps", tmp_path / "data")
    assert loaded.train_labels.tolist() == [9]
    assert loaded.test_images.flatten()[:4].tolist() == [0, 255, 0, 255]


def test_svhn_colours_come_first_and_ten_means_zero(publisher, tmp_path, monkeypatch):
    from scipy.io import savemat

    images = pixels(32, 32, 3, 2)
    splits = {}
    for split, name in (("train", "train_32x32.mat"), ("test", "test_32x32.mat")):
        packed = io.BytesIO()
        savemat(packed, {"X": images, "y": np.array([[10], [3]], dtype=np.uint8)})
        sum_of_it = publisher.publish(name, packed.getvalue())
        splits[split] = [publisher.address + name, name, sum_of_it]
    monkeypatch.setattr(torchvision().datasets.SVHN, "split_list", splits)
    shrink(monkeypatch, "svhn", 2, 2)
    loaded = datasets.load("svhn", tmp_path / "data")
    assert loaded.train_labels.tolist() == [0, 3]
    assert np.array_equal(loaded.train_images.numpy(), images.transpose(3, 2, 0, 1))
    assert len(loaded.mean) == 3


def test_cifar_10_is_colour_first(publisher, tmp_path, monkeypatch):
    rows = pixels(2, 3 * 32 * 32)
    members = {
        "batch": pickle.dumps({"data": rows, "labels": [3, 9]}),
        "batches.meta": pickle.dumps({"label_names": list("abcdefghij")}),
    }
    packed, sums = io.BytesIO(), {}
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
            sums[name] = hashlib.md5(content, usedforsecurity=False).hexdigest()
    kind = torchvision().datasets.CIFAR10
    whole = publisher.publish("cifar-10-python.tar.gz", packed.getvalue())
    monkeypatch.setattr(kind, "url", publisher.address + "cifar-10-python.tar.gz")
    monkeypatch.setattr(kind, "tgz_md5", whole)
    monkeypatch.setattr(kind, "train_list", [["batch", sums["batch"]]])
    monkeypatch.setattr(kind, "test_list", [["batch", sums["batch"]]])
    monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": sums["batches.meta"]})
    shrink(monkeypatch, "cifar-10", 2, 2)
    loaded = datasets.load("cifar-10", tmp_path / "data")
    assert np.array_equal(loaded.train_images.numpy(), rows.reshape(2, 3, 32, 32))
    assert [loaded.classes[label] for label in loaded.test_labels] == ["cat", "truck"]


@pytest.mark.parametrize("name", list(SOURCES))
def test_hosts_and_file_names_are_those_that_torchvision_asks(name):
    source = SOURCES[name]
    kind = getattr(torchvision().datasets, source.class_name)
    if name in ("fashion-mnist", "kmnist"):
        asked = [kind.mirrors[-1] + file for file, _ in kind.resources]
    elif name == "qmnist":
        asked = [url for split in ("train", "test") for url, _ in kind.resources[split]]
    elif name in ("usps", "svhn"):
        asked = [kind.split_list[split][0] for split in ("train", "test")]
    else:
        asked = [kind.url]
    assert [source.host + file for file in source.files] == asked
    assert set(SOURCES) == {entry.name for entry in catalog.CATALOG.values() if not entry.embedded}
