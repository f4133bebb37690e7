"""Presets are complete runs that keep what their descriptions promise."""

import pytest

from core.config import AugmentationConfig, ConvBlock, ModelConfig, RunConfig
from core.errors import ConfigError
from core.layers import layer_table, total_parameters
from core.presets import PRESETS, preset, preset_name

MNIST = ((1, 28, 28), 10)
CIFAR = ((3, 32, 32), 10)


def parameters(name: str) -> int:
    return total_parameters(layer_table(preset(name).model, *MNIST))


def test_classic_is_what_nothing_said_means() -> None:
    assert preset("classic") == RunConfig()
    rows = layer_table(preset("classic").model, *MNIST)
    shapes = [row.output_shape for row in rows if row.kind in ("conv", "pool", "dense")]
    assert shapes == [(6, 26, 26), (6, 13, 13), (36, 11, 11), (36, 5, 5), (120,), (84,), (10,)]


def test_compact_has_fewer_than_20_000_parameters() -> None:
    assert parameters("compact") < 20_000


def test_linear_is_softmax_regression() -> None:
    rows = layer_table(preset("linear").model, *MNIST)
    assert [row.kind for row in rows] == ["flatten", "dense"]
    assert parameters("linear") == 784 * 10 + 10


def test_deep_has_norms_shortcuts_and_dropout() -> None:
    blocks = preset("deep").model.blocks
    assert len(blocks) >= 5
    assert all(block.batch_norm for block in blocks)
    assert any(block.residual for block in blocks)
    assert any(layer.dropout for layer in (*blocks, *preset("deep").model.dense))


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_fits_the_usual_images(name: str) -> None:
    for shape, classes in (MNIST, CIFAR):
        layer_table(preset(name).model, shape, classes)


def test_names_and_networks_belong_together() -> None:
    assert {"classic", "compact", "deep", "linear"} <= PRESETS.keys()
    for name, entry in PRESETS.items():
        assert entry.name == name
        assert preset_name(entry.config.model) == name
        assert entry.config.data == RunConfig().data


def test_the_network_alone_decides_the_name() -> None:
    turned = preset("compact").model_copy(update={"augmentation": AugmentationConfig(rotation=30)})
    assert preset_name(turned.model) == "compact"
    assert preset_name(ModelConfig(blocks=(ConvBlock(channels=7),))) == "custom"


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        preset("clasic")
    assert caught.value.problems == [
        ("preset", f"preset must be one of {', '.join(PRESETS)}, got 'clasic'")
    ]


def test_nobody_can_change_a_preset() -> None:
    with pytest.raises(TypeError):
        PRESETS["classic"] = PRESETS["linear"]  # type: ignore[index]
