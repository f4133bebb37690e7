"""Maximisation climbs, repeats itself, stays within what an image can be, and leaves no trace."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.capture import capture
from core.errors import UserError
from core.inspection.lookup import layer_rows
from core.inspection.maximisation import MaximisationConfig, MaximisationStep, maximise, middle
from core.preprocessing import normalise
from tests.core.architectures import Case, fitting_cases
from tests.core.inspection.any_networks import built, one_block

SHORT = MaximisationConfig(num_steps=8)


def climbed(model: nn.Module, layer: str, channel: int, **more: object) -> list[MaximisationStep]:
    shape = model.input_shape
    mean, std = [0.3] * shape[0], [0.5] * shape[0]
    return list(maximise(model, shape, mean, std, layer, channel, **{"config": SHORT, **more}))


@settings(max_examples=30, deadline=None)
@given(case=fitting_cases(), data=st.data())
def test_it_never_falls_and_tells_the_networks_own_value(case: Case, data: st.DataObject) -> None:
    model = built(case).train()
    layer = data.draw(st.sampled_from(layer_rows(model)))
    channel = data.draw(st.integers(0, layer.output_shape[0] - 1))
    steps = climbed(model, layer.name, channel)
    assert [step.step for step in steps] == list(range(9))
    values = [step.value for step in steps]
    assert values == sorted(values)
    best = steps[-1].pixels
    assert ((best >= 0) & (best <= 1)).all()
    given_image = normalise(torch.tensor(best)[None], [0.3] * len(best), [0.5] * len(best))
    with torch.no_grad(), capture(model, [layer.name]) as outputs:
        model(given_image)
    assert float(outputs[layer.name][0, channel].mean()) == pytest.approx(values[-1], abs=1e-5)
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_it_finds_the_pattern_of_a_kernel() -> None:
    kernel = [[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, -1.0, 1.0]]
    model = one_block([[kernel]], image_side=9)
    config = MaximisationConfig(num_steps=60, smoothness=0.1)
    steps = climbed(model, "blocks.0.conv", 0, place=(3, 3), config=config)
    expected = (np.array(kernel) + 1) / 2
    np.testing.assert_allclose(steps[-1].pixels[0, 3:6, 3:6], expected, atol=0.02)
    # Five white pixels of (1 − 0.3) / 0.5 and four black ones of −0.6.
    assert steps[-1].value == pytest.approx(5 * 1.4 + 4 * 0.6, abs=0.1)
    assert steps[-1].value > steps[0].value + 5


def test_smoothness_smooths() -> None:
    model = one_block([[[[1.0]]]], image_side=12, activation="none")
    rough, smooth = (  # a logit with weights at random asks for pixels at random
        climbed(model, "output", 0, config=MaximisationConfig(smoothness=weight))[-1]
        for weight in (0.0, 1.0)
    )
    variation = [np.abs(np.diff(step.pixels, axis=1)).sum() for step in (rough, smooth)]
    assert variation[1] < 0.8 * variation[0]


def test_equal_seeds_give_equal_images_and_others_do_not() -> None:
    model = one_block([[[[1.0, -1.0], [0.5, 2.0]]]], image_side=6)
    runs = [
        climbed(model, "output", 1, config=MaximisationConfig(num_steps=8, seed=seed))[-1].pixels
        for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()


def test_it_can_be_left_in_the_middle_and_used_where_gradients_are_off() -> None:
    model = one_block([[[[1.0, -1.0], [0.5, 2.0]]]], image_side=6).train()
    with torch.inference_mode():
        steps = maximise(model, (1, 6, 6), (0.3,), (0.5,), "blocks.0.conv", 0)
        first, second = next(steps), next(steps)
        assert torch.is_inference_mode_enabled()
    assert second.value > first.value
    assert not model.blocks[0].conv._forward_hooks


def test_the_middle_of_a_map() -> None:
    model = one_block([[[[1.0, -1.0], [0.5, 2.0]]]], image_side=6)
    assert middle(model, "blocks.0.conv") == (2, 2)
    assert middle(model, "output") is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"layer": "blocks.4.conv"}, r"no layer 'blocks\.4\.conv'"),
        ({"channel": 1}, r"channel of blocks\.0\.conv must lie in \[0, 0\], got 1"),
        ({"place": (0, 5)}, r"column of blocks\.0\.conv must lie in \[0, 4\], got 5"),
        ({"config": MaximisationConfig(num_steps=0)}, r"num_steps must lie in \[1, 10,000\]"),
        ({"config": MaximisationConfig(smoothness=-1)}, "smoothness must lie in"),
        ({"config": MaximisationConfig(jitter=99)}, r"jitter must lie in \[0, 8\], got 99"),
    ],
)
def test_what_cannot_be_gets_a_sentence(arguments: dict[str, object], sentence: str) -> None:
    model = one_block([[[[1.0, -1.0], [0.5, 2.0]]]], image_side=6)
    with pytest.raises(UserError, match=sentence):
        climbed(model, **{"layer": "blocks.0.conv", "channel": 0, **arguments})
