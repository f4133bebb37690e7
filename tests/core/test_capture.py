"""Capturing keeps what each layer put out and leaves the model as it was found."""

import copy

import pytest
import torch
from torch import Tensor, nn

from core.capture import capture
from core.config import ConvBlock, ModelConfig
from core.errors import UserError
from core.model import ConvNet


class Doubling(nn.Module):
    """A foreign network: overwrites in place, uses a layer twice, leaves one out."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(2, 2, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.unused = nn.Linear(2, 2)
        nn.init.eye_(self.first.weight)

    def forward(self, values: Tensor) -> Tensor:
        values = self.relu(self.first(values))
        values += 1
        return self.relu(self.first(values * -2))


class Recurrent(nn.Module):
    """A foreign network with a layer that puts out more than one tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.recurrent = nn.LSTM(2, 2)

    def forward(self, values: Tensor) -> Tensor:
        return self.recurrent(values)[0]


def test_values_by_hand_though_the_network_works_in_place() -> None:
    network = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU(inplace=True))
    nn.init.eye_(network[0].weight)
    with capture(network, ["0", "1", ""]) as outputs:
        network(torch.tensor([[-1.0, 2.0]]))
    assert {name: output.tolist() for name, output in outputs.items()} == {
        "0": [[-1.0, 2.0]],
        "1": [[0.0, 2.0]],
        "": [[0.0, 2.0]],
    }


def test_the_last_call_counts_and_an_unused_layer_is_absent() -> None:
    network = Doubling()
    with capture(network, ["first", "relu", "unused"]) as outputs:
        network(torch.tensor([[-1.0, 2.0]]))
    # first: (-1, 2); relu: (0, 2); plus one, times -2: (-2, -6), through first again.
    assert {name: output.tolist() for name, output in outputs.items()} == {
        "first": [[-2.0, -6.0]],
        "relu": [[0.0, 0.0]],
    }


def test_gradients_reach_a_captured_map() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.ReLU(inplace=True), nn.Linear(2, 1, bias=False))
    network[0].bias.data.fill_(5.0)
    network[0].weight.data.fill_(0.0)
    network[2].weight.data.copy_(torch.tensor([[3.0, -4.0]]))
    with capture(network, ["0"]) as outputs:
        value = network(torch.zeros(1, 2)).sum()
    (gradient,) = torch.autograd.grad(value, outputs["0"])
    assert gradient.tolist() == [[3.0, -4.0]]


def test_conv_maps_show_activation_before_pooling() -> None:
    block = ConvBlock(channels=1, kernel_size=1, pooling="max")
    network = ConvNet(ModelConfig(blocks=(block,), dense=()), (1, 2, 2), 2)
    network.blocks[0].conv.weight.data.fill_(1.0)
    image = torch.tensor([[[[-1.0, 2.0], [3.0, -4.0]]]])
    with capture(network, ["blocks.0.activation", "blocks.0.pool"]) as outputs:
        network(image)
    assert outputs["blocks.0.activation"].tolist() == [[[[0.0, 2.0], [3.0, 0.0]]]]
    assert outputs["blocks.0.pool"].tolist() == [[[[3.0]]]]


def state_of(network: nn.Module) -> list[object]:
    return [
        (module.training, len(module._forward_hooks), getattr(module, "written_order", None))
        for module in network.modules()
    ]


def mixed_modes() -> ConvNet:
    block = ConvBlock(channels=2, pooling="max", batch_norm=True, dropout=0.5)
    network = ConvNet(ModelConfig(blocks=(block,)), (1, 8, 8), 3).train()
    network.blocks[0].norm.eval()  # as someone does who freezes one layer
    return network


def test_modes_hooks_and_order_come_back_after_an_exception() -> None:
    network = mixed_modes()
    before = state_of(network)
    with pytest.raises(RuntimeError), capture(network, ["blocks.0.conv", "output"]):
        assert not any(module.training for module in network.modules())
        assert state_of(network) != before
        network(torch.zeros(1, 3, 8, 8))  # three channels where one is wanted
    assert state_of(network) == before


@pytest.mark.parametrize("names", [["conv9"], ["output", ".", "blocks.1"]])
def test_an_unknown_name_is_refused_and_nothing_is_touched(names: list[str]) -> None:
    network = mixed_modes()
    before = state_of(network)
    with (
        pytest.raises(UserError, match=r"no layer '.*it has blocks, blocks\.0, blocks\.0\.conv"),
        capture(network, names),
    ):
        pytest.fail("the names are checked first")
    assert state_of(network) == before


def test_a_layer_without_one_output_is_refused_by_name() -> None:
    network = Recurrent()
    with (
        pytest.raises(UserError, match="'recurrent' puts out a tuple"),
        capture(network, ["recurrent"]),
    ):
        network(torch.zeros(1, 1, 2))
    network(torch.zeros(1, 1, 2))  # the hook is gone


def test_captures_nest_and_looking_changes_no_result() -> None:
    network = mixed_modes()
    images = torch.randn(4, 1, 8, 8)
    expected = copy.deepcopy(network).eval()(images)
    with capture(network, ["blocks.0.pool"]) as outer:
        with capture(network, ["output"]) as inner:
            assert torch.equal(network(images), expected)
        network(images[:1])
    assert len(outer["blocks.0.pool"]) == 1
    assert torch.equal(inner["output"], expected)
    assert network.training
