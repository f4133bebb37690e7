"""What the pages tell of one image, from a data set, drawn or dropped: cached by ids, bounded.

An image's id is a digest of its pixels, so that the same image is worked out once wherever it comes
from. Computation belongs to `core`; this module only joins ids with calls.
"""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
import torch
from numpy.typing import NDArray

from core.datasets import Splits
from core.errors import UserError
from core.evaluation import FloatArray
from core.inspection import attribution as attributing
from core.inspection import neighbours as finding
from core.inspection.attribution import Attribution, Baseline, Method
from core.inspection.biography import Biography
from core.inspection.drawing import Upload, from_drawing, from_upload
from core.inspection.feature_maps import LayerMaps, feature_maps
from core.inspection.lookup import conv_layers, filter_layers
from core.inspection.randomisation import RandomisationCheck, randomisation_check
from core.jobs.fold_requests import FoldNetwork, fold_predictor
from core.predictor import Predictor
from core.preprocessing import network_input
from core.runs import Run, default_root
from dashboard import answer_loaders, fold_loaders, loaders
from dashboard.network_loaders import network

Pixels = NDArray[np.uint8]
Shape = tuple[int, int, int]


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Subject:
    """One image, and the network that is asked about it.

    Attributes:
        run: whose network.
        epoch: after which epoch.
        pixels: (C, H, W) uint8, what the network gets.
        judge: a network of the run's k-fold training that is asked instead of its own.
    """

    run: Run
    epoch: int
    pixels: Pixels
    judge: FoldNetwork | None = None

    @cached_property
    def image_id(self) -> str:
        """Digest of the pixels."""
        return hashlib.sha1(self.pixels.tobytes(), usedforsecurity=False).hexdigest()

    @property
    def ids(self) -> tuple[Path, str, int | FoldNetwork, str]:
        """What tells this subject from all others: store, run, network and image."""
        return default_root(), self.run.id, self.judge or self.epoch, self.image_id

    def network(self) -> AbstractContextManager[Predictor]:
        """The network that is asked, held while the block runs.

        Raises:
            UserError: if it cannot be opened.
        """
        return network(self.run, self.epoch, self.judge)

    def learnt(self) -> Splits:
        """The images that the network has learnt from, as ``train``."""
        if self.judge is None:
            return loaders.splits(self.run)
        return fold_loaders.splits(self.run, self.judge)


@dataclass(frozen=True)
class Question:
    """What is asked of an attribution; see `core.inspection.attribution.attribute`."""

    method: Method
    target: int
    against: int | None = None
    baseline: Baseline = "black"
    layer: str | None = None


def classes(of: Run) -> tuple[str, ...]:
    """The names of the classes that a run tells apart."""
    return loaders.dataset(of.config.data.name).classes


def input_shape(of: Run) -> Shape:
    """(C, H, W) of the images that a run's network takes."""
    return loaders.dataset(of.config.data.name).shape


def answer(subject: Subject) -> pd.DataFrame:
    """Class and probability, in class order.

    Raises:
        UserError: if the network cannot be opened, or takes images of another shape.
    """
    with subject.network() as predictor:
        if tuple(predictor.input_shape) != subject.pixels.shape:
            wanted = "×".join(map(str, predictor.input_shape))
            raise UserError(f"the network of run {subject.run.id} takes {wanted} images")
        values = predictor.probabilities(_tensor(subject))
        return pd.DataFrame({"class": predictor.classes, "probability": values})


def attribution(subject: Subject, question: Question) -> Attribution:
    """What each pixel contributes.

    Raises:
        UserError: if the network cannot be opened, or there is no such class or layer.
    """
    return _attribution(subject.ids, question, subject)


# A hundred milliseconds at most; a map of 28×28 pixels takes 3 KB.
@st.cache_resource(max_entries=512, show_spinner=False)
def _attribution(ids: Any, question: Question, _subject: Subject) -> Attribution:
    with _subject.network() as predictor:
        return attributing.attribute(
            predictor.model,
            _input(predictor, _subject),
            question.method,
            question.target,
            **_options(predictor, question),
        )


def randomised(subject: Subject, question: Question) -> RandomisationCheck:
    """The attribution beside that of the same network with shuffled weights.

    Raises:
        UserError: as `attribution` does.
    """
    return _randomised(subject.ids, question, subject)


@st.cache_resource(max_entries=64, show_spinner=False)
def _randomised(ids: Any, question: Question, _subject: Subject) -> RandomisationCheck:
    with _subject.network() as predictor:
        return randomisation_check(
            predictor.model,
            _input(predictor, _subject),
            question.method,
            question.target,
            **_options(predictor, question),
        )


def _options(predictor: Predictor, question: Question) -> dict[str, Any]:
    baseline = attributing.baseline_image(
        question.baseline, predictor.input_shape, predictor.mean, predictor.std
    )
    return {"against": question.against, "baseline": baseline, "layer": question.layer}


def map_layers(of: Run, epoch: int) -> tuple[str, ...]:
    """The layers that Grad-CAM can look at; empty for a network without conv layers."""
    with network(of, epoch) as predictor:
        if not conv_layers(predictor.model):
            return ()
        return tuple(attributing.grad_cam_layers(predictor.model))


def usual_map_layer(of: Run, epoch: int) -> str | None:
    """The layer that Grad-CAM looks at when nobody chooses: behind the last conv's activation."""
    with network(of, epoch) as predictor:
        convs = conv_layers(predictor.model)
        return filter_layers(predictor.model, convs[-1]).response if convs else None


def first_maps(subject: Subject) -> LayerMaps | None:
    """What the first conv layer makes of the image, activated; None where there is none."""
    with subject.network() as predictor:
        convs = conv_layers(predictor.model)
        if not convs:
            return None
        wanted = filter_layers(predictor.model, convs[0]).response
        maps = feature_maps(predictor.model, _input(predictor, subject))
    return next(layer for layer in maps if layer.name == wanted)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The training images that a network holds to be most like one, the nearest first.

    Attributes:
        table: position, label, distance and index (in the training file).
        pixels: (N, C, H, W) uint8.
    """

    table: pd.DataFrame
    pixels: Pixels


def neighbours(subject: Subject, count: int = finding.COUNT) -> Neighbours:
    """The nearest training images, by cosine distance between penultimate activations.

    The first call for an epoch looks at all training images, which takes seconds and says so.

    Raises:
        UserError: if the network cannot be opened.
    """
    embedding = _embedding(subject.ids[:3], subject)
    with subject.network() as predictor:
        direction = finding.embed_one(predictor.model, _input(predictor, subject))
    parts = subject.learnt()
    labels = parts.labels("train").numpy()
    table = finding.nearest(embedding, direction, labels, count)
    index = parts.index("train").numpy()[table["position"].to_numpy()]
    file: Pixels = loaders.dataset(subject.run.config.data.name).train_images.numpy()
    return Neighbours(table.assign(index=index), file[index])


# 20 MB for 60,000 images and the classic network.
@st.cache_resource(
    max_entries=4, show_spinner="Looking at every training image once: a few seconds …"
)
def _embedding(ids: Any, _subject: Subject) -> FloatArray:
    # A network of its own: others shall not wait for it meanwhile.
    judge, of = _subject.judge, _subject.run
    predictor = Predictor.of(of, _subject.epoch) if judge is None else fold_predictor(of, judge)
    images = _subject.learnt().images("train")
    return finding.embed(predictor.model, images, predictor.mean, predictor.std)


def biography(of: Run, split: str, position: int, label: int) -> Biography:
    """One image's predictions after every finished epoch.

    Args:
        of: whose answers.
        split: ``validation`` or ``test``.
        position: row in the split.
        label: its class.

    Raises:
        UserError: if not a single epoch can be read.
    """
    rows, problems = [], []
    for epoch in of.epochs():
        try:
            kept = answer_loaders.record(of, epoch, split)
        except UserError as error:
            problems.append(f"epoch {epoch} is left out: {error}")
            continue
        predicted = int(kept.predicted[position])
        shares = float(kept.confidence[position]), float(kept.probability[position])
        rows.append((epoch, predicted, *shares, predicted == label))
    if problems and not rows:
        raise UserError(problems[-1])
    columns = ["epoch", "predicted", "confidence", "probability", "correct"]
    return Biography(label, pd.DataFrame(rows, columns=columns), tuple(problems))


def drawn(ink: Pixels, shape: Shape, centre: bool) -> Pixels | None:
    """A drawing as the network gets it, (C, H, W); None where nothing is drawn."""
    image = from_drawing(ink, shape, centre=centre)
    return None if image is None else image.numpy()


def dropped(data: bytes, shape: Shape, centre: bool, invert: bool | None) -> tuple[Pixels, bool]:
    """A picture file as the network gets it, and whether dark and light were exchanged.

    Raises:
        UserError: if it is no picture, a damaged or a too large one, or empty.
    """
    key = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    upload = _dropped(key, shape, centre, invert, data)
    return upload.image.numpy(), upload.inverted


# A photograph takes a second to decode: not at each click on the page.
@st.cache_resource(max_entries=32, show_spinner=False)
def _dropped(key: str, shape: Shape, centre: bool, invert: bool | None, _data: bytes) -> Upload:
    return from_upload(_data, shape, centre=centre, invert=invert)


def _tensor(subject: Subject) -> torch.Tensor:
    return torch.from_numpy(np.array(subject.pixels))  # a copy: data sets are read-only


def _input(predictor: Predictor, subject: Subject) -> torch.Tensor:
    return network_input(_tensor(subject)[None], predictor.mean, predictor.std)[0]
