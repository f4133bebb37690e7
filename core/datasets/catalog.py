"""What data sets there are: names, sizes and classes. Pure data; importing it loads no torch."""

from dataclasses import dataclass

from core.errors import DatasetError

_DIGITS = tuple("0123456789")
_BALANCED_LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt")  # lookalike cases are merged


@dataclass(frozen=True)
class Entry:
    """One data set of the catalogue.

    Attributes:
        name: what `core.datasets.load` and ``data.name`` call it.
        title: its own name, as shown.
        description: one sentence on what is in it and where it comes from.
        embedded: True when it comes with the installation, False when it is downloaded.
        shape: (channels, height, width) of an image.
        classes: what label 0, 1, … mean.
        num_train: images in the file that is learnt from, validation included.
        num_test: images in the test file.
    """

    name: str
    title: str
    description: str
    embedded: bool
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    num_train: int
    num_test: int


_ENTRIES = (
    Entry(
        "mnist", "MNIST",
        "Handwritten digits, 28×28 grey (LeCun, Cortes, Burges 1998). Comes with ConvScope.",
        True, (1, 28, 28), _DIGITS, 60_000, 10_000,
    ),
    Entry(
        "digits", "Digits 8×8",
        "Small handwritten digits, 8×8 grey, from scikit-learn: trained on in a second.",
        True, (1, 8, 8), _DIGITS, 1_437, 360,
    ),
    Entry(
        "fashion-mnist", "Fashion-MNIST",
        "Clothes in ten kinds, 28×28 grey, made to replace MNIST by something harder (Zalando "
        "2017). A download of 31 MB.",
        False, (1, 28, 28),
        ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
         "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        60_000, 10_000,
    ),
    Entry(
        "kmnist", "Kuzushiji-MNIST",
        "Ten hiragana in cursive hand, 28×28 grey (CODH 2018). A download of 21 MB.",
        False, (1, 28, 28),
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        60_000, 10_000,
    ),
    Entry(
        "emnist", "EMNIST balanced",
        "Handwritten digits and letters in 47 classes of equal size, 28×28 grey (NIST 2017). "
        "A download of 560 MB, which needs about 3 GB of disk while it is unpacked.",
        False, (1, 28, 28), _DIGITS + _BALANCED_LETTERS, 112_800, 18_800,
    ),
    Entry(
        "qmnist", "QMNIST",
        "MNIST rebuilt from its source, with 60,000 test images, 28×28 grey (Yadav and Bottou "
        "2019). A download of 20 MB.",
        False, (1, 28, 28), _DIGITS, 60_000, 60_000,
    ),
    Entry(
        "usps", "USPS",
        "Digits from envelopes, 16×16 grey (Hull 1994). A download of 8 MB.",
        False, (1, 16, 16), _DIGITS, 7_291, 2_007,
    ),
    Entry(
        "svhn", "SVHN",
        "House numbers from street photographs, 32×32 colour (Netzer et al. 2011). "
        "A download of 250 MB.",
        False, (3, 32, 32), _DIGITS, 73_257, 26_032,
    ),
    Entry(
        "cifar-10", "CIFAR-10",
        "Photographs of ten kinds of animals and vehicles, 32×32 colour (Krizhevsky 2009). "
        "A download of 170 MB.",
        False, (3, 32, 32),
        ("airplane", "automobile", "bird", "cat", "deer",
         "dog", "frog", "horse", "ship", "truck"),
        50_000, 10_000,
    ),
)  # fmt: skip

CATALOG: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}


_MOST_HELD_OUT = 5_000  # by default, and never more than a fifth of the training images


def num_held_out(asked: int | None, title: str, num_train: int, num_classes: int) -> int:
    """How many training images are held out for validation; None asks for the default.

    Raises:
        DatasetError: if so many are held out that a class could have none to learn from.
    """
    if asked is None:
        return min(_MOST_HELD_OUT, num_train // 5)
    most = num_train - num_classes
    if asked > most:
        raise DatasetError(
            f"data.validation_size must be at most {most:,} for {title}, which has "
            f"{num_train:,} training images, got {asked:,}"
        )
    return asked


def names() -> list[str]:
    """The names that `core.datasets.load` knows, embedded ones first."""
    return list(CATALOG)


def entry(name: str) -> Entry:
    """The catalogue's entry for `name`.

    Raises:
        DatasetError: if there is none; the sentence lists the names.
    """
    if name not in CATALOG:
        raise DatasetError(f"data.name must be one of {', '.join(CATALOG)}, got {name!r}")
    return CATALOG[name]
