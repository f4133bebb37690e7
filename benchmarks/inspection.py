"""Looking inside: one image or a whole split, against the straightforward way of doing the same."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from benchmarks.training_speed import our_loop
from benchmarks.turns import Timing, in_turns, report
from core.evaluation import predict
from core.inspection.ablation import Ablator
from core.inspection.arithmetic import explain_value
from core.inspection.attribution import METHODS, attribute
from core.inspection.feature_maps import feature_maps
from core.inspection.importance import importance
from core.inspection.lookup import conv_layers, filter_layers
from core.inspection.patches import top_patches
from core.inspection.silencing import silenced
from core.model import ConvNet
from core.preprocessing import network_input
from core.training import Training, epochs


def main() -> None:
    """Prints the sheet's ratio, the filters' split-wide figures and those for one image."""
    torch.set_num_threads(1)
    training = our_loop()
    for item in epochs(training):  # weights that have learnt something
        if training.step >= 400:
            break
        del item
    dataset, model = training.dataset, training.model.eval()
    about = (dataset.mean, dataset.std)
    images, labels = dataset.test_images, dataset.test_labels.numpy()
    layers = conv_layers(model)

    def sheets() -> None:
        for layer in layers:
            for _ in importance(model, images, labels, *about, layer):
                pass

    def one_pass_without_a_filter() -> None:
        with silenced(model, {layers[1]: (0,)}):
            predict(model, images, *about)

    timings = in_turns({"sheets": sheets, "one pass": one_pass_without_a_filter}, turns=3)
    count = sum(block.channels for block in model.config.blocks)
    naive = count * timings["one pass"].median
    ours = timings["sheets"].median
    report(
        f"Ablating each of {count} filters, 10,000 images, processor time",
        [f"{ours:.1f} s against {naive:.1f} s for as many passes: 1/{naive / ours:.1f} (aim 1/8)"],
    )

    report("Over a split, processor time", over_a_split(training, layers))
    report("One image, processor time", one_image(model, network_input(images[:1], *about)[0]))


def over_a_split(training: Training, layers: list[str]) -> list[str]:
    """Top patches of all filters over 10,000 images; an ablation over 5,000."""
    dataset, model = training.dataset, training.model
    images, labels = dataset.test_images, dataset.test_labels.numpy()
    about = (dataset.mean, dataset.std)
    responses = [filter_layers(model, layer).response for layer in layers]
    ablator = Ablator(model, images[:5000], labels[:5000], *about)
    ways = {
        "top 9 patches of all filters, 10,000 images (aim 500 ms)": lambda: top_patches(
            model, images, *about, responses
        ),
        "two filters off, 5,000 images (aim 2,000 ms)": lambda: ablator.ablate(
            {layers[0]: (0,), layers[1]: (3,)}
        ),
    }
    return milliseconds(in_turns(ways, turns=5))


def one_image(model: ConvNet, image: Tensor) -> list[str]:
    """Maps, one value's story and every attribution method; each aims at 100 ms."""
    ways: dict[str, Callable[[], object]] = {
        "all feature maps": lambda: feature_maps(model, image),
        "one value written out": lambda: explain_value(model, image, "blocks.1.pool", 3, 2, 2),
        **{title: partial(attribute, model, image, way, 7) for way, title in METHODS.items()},
    }
    return milliseconds(in_turns(ways, turns=7))


def milliseconds(timings: dict[str, Timing]) -> list[str]:
    """One line a way."""
    return [f"{name}: {1000 * timing.median:.1f} ms" for name, timing in timings.items()]


if __name__ == "__main__":
    main()
