"""Data sets as tensors in memory: `load` by name, `split` into train, validation and test.

Importing this package loads neither torch nor torchvision; `load` imports what its data set needs.
"""

from pathlib import Path

from core.datasets.catalog import CATALOG, Entry, entry, names
from core.datasets.dataset import Dataset
from core.datasets.overlay import Overlay
from core.datasets.splits import SPLITS, Splits, split

__all__ = [
    "CATALOG",
    "SPLITS",
    "Dataset",
    "Entry",
    "Overlay",
    "Splits",
    "entry",
    "load",
    "names",
    "split",
]


def load(name: str, folder: Path | None = None) -> Dataset:
    """The data set called `name`, complete and checked.

    The embedded ones are read in well under a second; another is downloaded the first time.

    Args:
        name: one of `names()`.
        folder: where downloads are kept; None takes the environment variable CONVSCOPE_DATA, or
            ``data`` in the working folder.

    Raises:
        DatasetError: if the name is unknown, a file is damaged, or a download is not possible;
            then the sentence says what was tried and which files to put where by hand.
    """
    chosen = entry(name)
    if name == "mnist":
        from core.datasets.bundled import load_mnist

        return load_mnist()
    if name == "digits":
        from core.datasets.bundled import load_digits

        return load_digits()
    from core.datasets.download import load_downloaded

    return load_downloaded(chosen, folder)
