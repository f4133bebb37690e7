"""The data sets that come with the installation: MNIST in this package, digits in scikit-learn.

Neither imports scikit-learn, pandas or torchvision, which would cost a training process two to
three seconds at its start.
"""

import gzip
import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.datasets.catalog import CATALOG
from core.datasets.dataset import Dataset, assemble, checksum
from core.datasets.splits import stratified
from core.errors import DatasetError

MNIST_DIR = Path(__file__).parent / "embedded" / "mnist"
_MNIST_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_DIGITS_SEED = 0
_REINSTALL = "put the file back from a fresh copy of ConvScope"
_IDX_UINT8 = 8  # the type byte of the IDX header; MNIST has no other


def load_mnist(folder: Path = MNIST_DIR) -> Dataset:
    """MNIST from its four gzipped IDX files, each checked against ``SHA256SUMS`` beside them.

    Raises:
        DatasetError: if a file is missing or is not the one that was published.
    """
    expected = _read_sums(folder / "SHA256SUMS")
    images, labels, test_images, test_labels = (
        torch.from_numpy(read_idx(_read_checked(folder / name, expected[name])))
        for name in _MNIST_FILES
    )
    train = images.unsqueeze(1), labels.long()
    test = test_images.unsqueeze(1), test_labels.long()
    return assemble(CATALOG["mnist"], train, test, [expected[name] for name in _MNIST_FILES])


def load_digits() -> Dataset:
    """scikit-learn's digits, 0..16 scaled to 0..255, split once and for all into 1,437 and 360.

    The split is stratified by class and drawn with a fixed seed, for the package has none.

    Raises:
        DatasetError: if the installed scikit-learn does not hold the file.
    """
    table = np.loadtxt(_digits_file(), delimiter=",", dtype=np.int64)  # 64 pixels, then the label
    pixels = np.rint(table[:, :64] * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    labels = table[:, 64]
    entry = CATALOG["digits"]
    is_test = stratified(labels, entry.num_test, _DIGITS_SEED)
    train, test = (
        (torch.from_numpy(pixels[chosen]), torch.from_numpy(labels[chosen]))
        for chosen in (~is_test, is_test)
    )
    return assemble(entry, train, test, map(checksum, (*train, *test)))


def read_idx(data: bytes) -> NDArray[np.uint8]:
    """The array in an IDX file: uint8, of the shape that its header tells.

    The header holds two zero bytes, the type, the number of dimensions, then each size as a
    big-endian 32-bit number (LeCun, Cortes, Burges: the MNIST database).

    Raises:
        DatasetError: if the header is not one of uint8 data, or the sizes do not fit the bytes.
    """
    if len(data) < 4 or data[:3] != bytes((0, 0, _IDX_UINT8)):
        raise DatasetError(f"an IDX file of uint8 starts with 0, 0, 8, got {list(data[:3])}")
    offset = 4 + 4 * data[3]
    shape = tuple(int.from_bytes(data[at : at + 4], "big") for at in range(4, offset, 4))
    if len(data) - offset != np.prod(shape, dtype=np.int64):
        raise DatasetError(f"an IDX file of shape {shape} cannot hold {len(data) - offset} bytes")
    # The copy makes it writable, which torch asks for.
    return np.frombuffer(data, np.uint8, offset=offset).reshape(shape).copy()


def _read_sums(path: Path) -> dict[str, str]:
    """File name -> SHA-256, from the lines that ``sha256sum`` writes."""
    lines = (line.split() for line in _read(path).decode().splitlines())
    sums = {fields[1]: fields[0] for fields in lines if len(fields) == 2}
    if missing := [name for name in _MNIST_FILES if name not in sums]:
        raise DatasetError(f"{path} holds no checksum of {', '.join(missing)}; {_REINSTALL}")
    return sums


def _read_checked(path: Path, expected: str) -> bytes:
    packed = _read(path)
    actual = hashlib.sha256(packed).hexdigest()
    if actual != expected:
        raise DatasetError(
            f"{path} is damaged: its SHA-256 must be {expected}, got {actual}; {_REINSTALL}"
        )
    return gzip.decompress(packed)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}); {_REINSTALL}") from None


def _digits_file() -> Path:
    # Found without importing scikit-learn: that alone takes two seconds, in every test's trainer.
    found = importlib.util.find_spec("sklearn")
    if found is not None and found.origin is not None:
        path = Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz"
        if path.is_file():
            return path
    raise DatasetError("digits comes with scikit-learn, which is not installed: run `make run`")
