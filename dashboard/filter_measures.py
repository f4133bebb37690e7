"""What filters answer on whole splits, measured in the background while the page is shown.

A pass over 10,000 images takes a second or so. Whoever scrubs through the epochs must not wait for
it: the page asks, shows what there is, and asks again. The newest question is worked on first; of
older ones, which nobody looks at any more, only a few are kept.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.errors import UserError
from core.inspection.filters import dead_filters, filter_activity
from core.inspection.histograms import ClassHistogram, channel_values, class_histogram
from core.inspection.histograms import images_in_bar as positions_in_bar
from core.inspection.lookup import filter_layers
from core.inspection.patches import TopPatches, patch_images, top_patches
from core.predictor import Predictor
from core.runs import Run, default_root
from dashboard import loaders, sprites

NUM_PATCHES = 11  # a row of the panel on a screen of 1,440 pixels
NUM_BINS = 24
MOST_KEPT = 24  # results: of 36 filters on 10,000 images, 1.5 MB each
MOST_WAITING = 4  # questions
RETRY_SECONDS = 10.0

Key = tuple[Path, str, int, str, str]  # store, run, epoch, layer, split or "activity"


class Background:
    """One thread that works out what it was asked last, and keeps some of its results."""

    def __init__(self, most_kept: int = MOST_KEPT, most_waiting: int = MOST_WAITING) -> None:
        self._kept: OrderedDict[Any, Any] = OrderedDict()
        self._waiting: OrderedDict[Any, Callable[[], Any]] = OrderedDict()
        self._busy_with: Any = None
        self._most_kept, self._most_waiting = most_kept, most_waiting
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def ask(self, key: Any, work: Callable[[], Any]) -> Any | None:
        """The result of `work` under this key, or None while it is being worked out.

        Raises:
            UserError: the one that `work` raised.
        """
        with self._changed:
            found = self._kept.get(key)
            if found is not None and not (isinstance(found, _Failure) and found.is_old()):
                self._kept.move_to_end(key)
                return _unwrapped(found)
            if key != self._busy_with:
                self._waiting[key] = work
                self._waiting.move_to_end(key)
                while len(self._waiting) > self._most_waiting:
                    self._waiting.popitem(last=False)
                self._wake()
            return None

    def wait(self, key: Any, work: Callable[[], Any]) -> Any:
        """As `ask`, but waits until it is worked out."""
        while (found := self.ask(key, work)) is None:
            with self._changed:
                self._changed.wait(0.1)
        return found

    def _wake(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="measures", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        """Answers questions, the newest first, until there are none."""
        while True:
            with self._changed:
                if not self._waiting:
                    self._thread = None
                    return
                self._busy_with, work = self._waiting.popitem(last=True)
            result = _tried(work)
            with self._changed:
                self._kept[self._busy_with] = result
                self._busy_with = None
                while len(self._kept) > self._most_kept:
                    self._kept.popitem(last=False)
                self._changed.notify_all()


@dataclass(frozen=True)
class _Failure:
    """Why something could not be worked out, and when: it is worth another try after a while."""

    message: str
    when: float

    def is_old(self) -> bool:
        return time.monotonic() - self.when > RETRY_SECONDS


def _tried(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except UserError as error:
        return _Failure(str(error), time.monotonic())
    except Exception as error:  # told to whoever asks: a thread's own traceback nobody sees
        message = f"measuring failed: {type(error).__name__}: {error}"
        return _Failure(message, time.monotonic())


def _unwrapped(result: Any) -> Any:
    if isinstance(result, _Failure):
        raise UserError(result.message)
    return result


@st.cache_resource(show_spinner=False)
def _background() -> Background:
    return Background()


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Activity:
    """What a layer's filters do on the validation split.

    Attributes:
        dead: filters that give one and the same value for every image at every place.
        active_share: (out,) share of values above zero, in [0, 1].
    """

    dead: frozenset[int]
    active_share: NDArray[np.float64]


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Responses:
    """What a layer's filters answer on a split.

    Attributes:
        predictor: the network that was measured; only to be asked for its layers.
        patches: the images that excite each filter most.
        values: (N, out) the largest value of each filter's map for each image.
    """

    predictor: Predictor
    patches: TopPatches
    values: NDArray[np.float32]


def activity(of: Run, epoch: int, layer: str) -> Activity | None:
    """What the filters do on the validation split; None while it is being measured.

    Raises:
        UserError: if the layer, the epoch or the data is missing or damaged.
    """
    key = (default_root(), of.id, epoch, layer, "activity")
    found: Activity | None = _background().ask(key, lambda: _activity(of, epoch, layer))
    return found


def responses(of: Run, epoch: int, layer: str, split: str) -> Responses | None:
    """What the filters answer on a split; None while it is being measured.

    Raises:
        UserError: if the layer, the epoch or the data is missing or damaged.
    """
    key = (default_root(), of.id, epoch, layer, split)
    found: Responses | None = _background().ask(key, lambda: _responses(of, epoch, layer, split))
    return found


def wait(of: Run, epoch: int, layer: str, split: str) -> tuple[Activity, Responses]:
    """Both, measured now if need be."""
    root = default_root()
    seen = _background().wait(
        (root, of.id, epoch, layer, "activity"), lambda: _activity(of, epoch, layer)
    )
    answered = _background().wait(
        (root, of.id, epoch, layer, split), lambda: _responses(of, epoch, layer, split)
    )
    return seen, answered


# A network of its own: the pages' one is locked while it is looked at, and a page would wait.
def _activity(of: Run, epoch: int, layer: str) -> Activity:
    asked = Predictor.of(of, epoch)
    response = filter_layers(asked.model, layer).response
    images = loaders.splits(of).images("validation")
    table = filter_activity(asked.model, images, asked.mean, asked.std, response)
    return Activity(frozenset(dead_filters(table)), table["active_share"].to_numpy())


def _responses(of: Run, epoch: int, layer: str, split: str) -> Responses:
    asked = Predictor.of(of, epoch)
    response = filter_layers(asked.model, layer).response
    given = (asked.model, loaders.splits(of).images(split), asked.mean, asked.std)
    found = top_patches(*given, [response], NUM_PATCHES)[response]
    return Responses(asked, found, channel_values(*given, response))


@dataclass(frozen=True)
class Shown:
    """Images to be shown as a gallery.

    Attributes:
        sheet: the pictures.
        table: one row a picture: index (in the original file), true (class index), value (the
            filter's largest answer).
        total: how many there are in all; `table` may hold the first of them only.
    """

    sheet: sprites.Sheet
    table: pd.DataFrame
    total: int


def patches(of: Run, split: str, answered: Responses, channel: int) -> Shown:
    """The patches that excite a filter most, cut out to its receptive field.

    Raises:
        UserError: if there is no such filter.
    """
    pixels = patch_images(
        answered.predictor.model, loaders.splits(of).images(split), answered.patches, channel
    )
    table = answered.patches.table(channel)
    return Shown(sprites.sheet(pixels), _labelled(of, split, table), len(table))


def histogram(of: Run, split: str, answered: Responses, channel: int) -> ClassHistogram:
    """How strongly a filter answers the images of each class.

    Raises:
        UserError: if there is no such filter.
    """
    labels, classes = loaders.splits(of).labels(split).numpy(), answered.predictor.classes
    return class_histogram(answered.values, labels, channel, len(classes), NUM_BINS)


def images_in_bar(
    of: Run, split: str, answered: Responses, channel: int, bar: int, label: int, most: int = 60
) -> Shown:
    """The images of a class whose answer falls into a bar of the histogram, the strongest first.

    Raises:
        UserError: if there is no such filter or bar.
    """
    labels = loaders.splits(of).labels(split).numpy()
    spread = histogram(of, split, answered, channel)
    found = positions_in_bar(answered.values, labels, channel, spread, bar, label)
    shown = found[:most]
    table = pd.DataFrame({"position": shown, "value": answered.values[shown, channel]})
    pixels = loaders.splits(of).images(split)[shown]
    return Shown(sprites.sheet(pixels), _labelled(of, split, table), len(found))


def _labelled(of: Run, split: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table with the index in the original file and the label of each position."""
    parts, positions = loaders.splits(of), table["position"].to_numpy()
    index, labels = parts.index(split).numpy(), parts.labels(split).numpy()
    return table.assign(index=index[positions], true=labels[positions])
