"""What the Feature maps page reads: one image's way through a network, cached by ids, bounded.

An image of a data set is known by its split and index, any other by a digest of its pixels.
Computation belongs to `core`; this module only joins ids with calls.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray

from core.errors import UserError
from core.inspection.arithmetic import IntermediateMaps, explain_value, intermediate_maps
from core.inspection.feature_maps import LayerMaps, feature_maps
from core.inspection.health import Hint, hints
from core.inspection.lookup import layer_row
from core.inspection.patches import TopPatches, patch_images, top_patches
from core.inspection.receptive_field import receptive_field
from core.inspection.steps import Step
from core.predictor import Predictor
from core.preprocessing import network_input
from core.review.annotations import file_of
from core.runs import Run, default_root
from dashboard import answer_loaders, images, loaders, sprites
from dashboard.network_loaders import network

NUM_PATCHES = 12
_PATCH_SPLIT = "validation"  # not trained on, and not the one that is reported


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Picture:
    """An image that is followed through a network.

    Attributes:
        id: tells it from all others of the same data set.
        pixels: (C, H, W) uint8.
        title: as in ``Image 12 of the test split``.
        true: the label's class index; None where nobody knows it.
        index: in its original file; None for one that is in no file.
    """

    id: str
    pixels: NDArray[np.uint8]
    title: str
    true: int | None = None
    index: int | None = None


@dataclass(frozen=True, eq=False)
class Look:
    """One image in one network.

    Attributes:
        run: whose network.
        epoch: after which epoch.
        picture: the image.
    """

    run: Run
    epoch: int
    picture: Picture

    @property
    def ids(self) -> tuple[Path, str, int, str]:
        """Store, run, epoch and image."""
        return default_root(), self.run.id, self.epoch, self.picture.id


@dataclass(frozen=True, eq=False)
class Network:
    """A network as one image goes through it; shared between tabs, not to be changed.

    Attributes:
        layers: input, every layer in the written order, logits, probabilities.
        kernels: (out, in, kh, kw) of each conv layer.
        classes: names by class index.
    """

    layers: list[LayerMaps]
    kernels: dict[str, NDArray[np.float32]]
    classes: tuple[str, ...]

    def layer(self, name: str) -> LayerMaps | None:
        """The layer of this name, if there is one."""
        return next((layer for layer in self.layers if layer.name == name), None)


def pool(of: Run, epoch: int, split: str, kind: int | str) -> list[int]:
    """Indices in the original file: of a class, of ``errors``, or of ``all`` images of the split.

    Errors come with the most confident answer first, the others in the order of the file.

    Raises:
        UserError: if the data set or, for errors, the saved probabilities cannot be read.
    """
    return _pool(default_root(), of.id, epoch if kind == "errors" else 0, split, kind, of, epoch)


@st.cache_resource(max_entries=64, show_spinner=False)
def _pool(
    root: Path, run_id: str, epoch: int, split: str, kind: int | str, _run: Run, _epoch: int
) -> list[int]:
    if kind == "errors":
        found = images.errors(answer_loaders.answers(_run, _epoch, split))
        return [int(index) for index in found["index"]]
    parts = loaders.splits(_run)
    index = parts.index(split).numpy()
    if kind != "all":
        index = index[parts.labels(split).numpy() == kind]
    return [int(value) for value in np.sort(index)]


def picture(of: Run, split: str, index: int) -> Picture:
    """The image with this index in the original file of a split.

    Raises:
        UserError: if the split has no such image.
    """
    parts, data = loaders.splits(of), loaders.dataset(of.config.data.name)
    position = np.flatnonzero(parts.index(split).numpy() == index)
    if not len(position):
        known = parts.index(split)
        raise UserError(
            f"The {split} split of this run has no image with index {index}: its {len(known):,} "
            f"images have indices between {int(known.min())} and {int(known.max())}."
        )
    pixels = data.images_of(file_of(split))[index].numpy()
    title = f"Image {index:,} of the {split} split"
    return Picture(f"{split}-{index}", pixels, title, int(parts.labels(split)[position[0]]), index)


def through(look: Look) -> Network:
    """What every layer makes of the image.

    Raises:
        UserError: if the network cannot be opened, or takes images of another shape.
    """
    return _through(look.ids, look)


# Twenty thousand numbers for the classic network, a few hundred thousand for a deep one.
@st.cache_resource(max_entries=48, show_spinner=False)
def _through(ids: Any, _look: Look) -> Network:
    with network(_look.run, _look.epoch) as predictor:
        layers = feature_maps(predictor.model, _input(predictor, _look.picture))
        weights = dict(predictor.model.named_parameters())
        kernels = {
            layer.name: weights[f"{layer.name}.weight"].detach().float().numpy()
            for layer in layers
            if layer.kind == "conv"
        }
        return Network(layers, kernels, predictor.classes)


def making(look: Look, layer: str, channel: int) -> IntermediateMaps:
    """How a conv layer made one of its maps.

    Raises:
        UserError: if there is no such conv layer or channel.
    """
    return _making((*look.ids, layer, channel), look, layer, channel)


@st.cache_resource(max_entries=64, show_spinner=False)
def _making(ids: Any, _look: Look, _layer: str, _channel: int) -> IntermediateMaps:
    with network(_look.run, _look.epoch) as predictor:
        return intermediate_maps(
            predictor.model, _input(predictor, _look.picture), _layer, _channel
        )


@dataclass(frozen=True, eq=False)
class Story:
    """How one value came to be.

    Attributes:
        steps: from the weighted sum to the value.
        box: (top, bottom, left, right) of its receptive field, bottom and right excluded.
    """

    steps: list[Step]
    box: tuple[int, int, int, int]


def story(look: Look, layer: str, channel: int, at: tuple[int, int]) -> Story:
    """The arithmetic behind a value, and the pixels that it depends on.

    Raises:
        UserError: if there is no such layer, channel or place.
    """
    place = (layer, channel, *at)
    return _story((*look.ids, *place), look, place)


@st.cache_resource(max_entries=256, show_spinner=False)
def _story(ids: Any, _look: Look, _place: tuple[str, int, int, int]) -> Story:
    with network(_look.run, _look.epoch) as predictor:
        steps = explain_value(predictor.model, _input(predictor, _look.picture), *_place)
        return Story(steps, receptive_field(predictor.model, *_place).box)


@dataclass(frozen=True, eq=False)
class Patches:
    """What excites a channel most, ready to be shown.

    Attributes:
        sheet: the patches, the strongest first.
        index: of their images in the original file of `split`.
        value: what the channel answered there.
        labels: class names of the images.
        split: where they were looked for.
    """

    sheet: sprites.Sheet
    index: list[int]
    value: list[float]
    labels: list[str]
    split: str


def patches(of: Run, epoch: int, layer: str, channel: int) -> Patches:
    """The patches of the validation split that excite a channel most.

    Raises:
        UserError: if there is no such layer or channel, or the network cannot be opened.
    """
    best = _top_patches(default_root(), of.id, epoch, layer, of)
    table, parts, data = (
        best.table(channel),
        loaders.splits(of),
        loaders.dataset(of.config.data.name),
    )
    position = table["position"].tolist()
    index = parts.index(_PATCH_SPLIT)[position]
    # Only these few images: the whole split would be copied, in twenty times as long.
    few = replace(best, position=np.tile(np.arange(len(position)), (len(best.position), 1)))
    with network(of, epoch) as predictor:
        cut = patch_images(predictor.model, data.train_images[index], few, channel)
    return Patches(
        sheet=sprites.sheet(cut),
        index=index.tolist(),
        value=[float(value) for value in table["value"]],
        labels=[data.classes[int(label)] for label in parts.labels(_PATCH_SPLIT)[position]],
        split=_PATCH_SPLIT,
    )


# One pass over the split serves all channels of the layer.
@st.cache_resource(max_entries=32, show_spinner="Searching the validation images …")
def _top_patches(root: Path, run_id: str, epoch: int, layer: str, _run: Run) -> TopPatches:
    split = loaders.splits(_run).images(_PATCH_SPLIT)
    with network(_run, epoch) as predictor:
        layer_row(predictor.model, layer)
        found = top_patches(
            predictor.model, split, predictor.mean, predictor.std, [layer], NUM_PATCHES
        )
    return found[layer]


def health(of: Run, epoch: int) -> list[Hint]:
    """What looks wrong at an epoch of a run."""
    return hints(loaders.curve(of).epochs, of.config.model, epoch)


def _input(predictor: Predictor, given: Picture) -> torch.Tensor:
    """(C, H, W) normalised, as the network is given it."""
    if given.pixels.shape != tuple(predictor.input_shape):
        wanted, got = ("×".join(map(str, s)) for s in (predictor.input_shape, given.pixels.shape))
        raise UserError(f"the network of run {predictor.run_id} takes {wanted} images, got {got}")
    batch = torch.from_numpy(np.array(given.pixels))[None]
    return network_input(batch, predictor.mean, predictor.std)[0]
