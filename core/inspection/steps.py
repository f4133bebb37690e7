"""One step of the arithmetic behind a value, with every number that goes into it.

Numbers are float64, computed from the float32 values that the step before put out, so that a step's
`value` and the network's own `output` agree to float32's rounding.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Position = tuple[int, ...]

_LEAK = 0.01  # of torch.nn.LeakyReLU
_TERMS = 8  # of a sum that are written out; an array has the rest


def _sigmoid(x: float) -> float:
    # exp of what is not positive: e^1000 overflows.
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "relu": lambda x: max(x, 0.0),
    "leaky_relu": lambda x: x if x > 0 else _LEAK * x,
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "silu": lambda x: x * _sigmoid(x),
    "tanh": math.tanh,
    "sigmoid": _sigmoid,
}


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class Step(ABC):
    """What one layer did for one value.

    Attributes:
        name: the layer.
        kind: as in the layer table.
        position: (channel, row, column) of the value, or (unit,).
        output: what the network itself put out there.
        source: the layer that was read, or ``input``.
    """

    name: str
    kind: str
    position: Position
    output: float
    source: str

    @property
    @abstractmethod
    def value(self) -> float:
        """The result of the arithmetic shown."""

    @property
    @abstractmethod
    def formula(self) -> str:
        """The arithmetic written out, with its result."""

    @property
    def source_position(self) -> Position | None:
        """The one value of the source that the value is followed back to; None for a sum."""
        return self.position


@dataclass(frozen=True, eq=False)
class WeightedSum(Step):
    """``Σ values · weights + bias``: a convolution at one place, or a dense unit.

    Attributes:
        values: what is read: (in, kh, kw) for a conv layer, zeros where the window reaches into
            the padding; for a dense layer the whole source, (C, H, W) after maps or (units,).
        weights: likewise; for a conv layer the kernels of the value's filter.
        corner: (row, column) of the window's first value in the source map; negative in the
            padding. (0, 0) for a dense layer.
        bias: 0 where the layer has none.
    """

    values: Array
    weights: Array
    corner: tuple[int, int]
    bias: float

    @property
    def products(self) -> Array:
        """``values · weights``, in their shape."""
        return self.values * self.weights

    @property
    def partial_sums(self) -> Array:
        """(in,) the products' sum for each input channel or unit."""
        sums: Array = self.products.reshape(len(self.values), -1).sum(1)
        return sums

    @property
    def value(self) -> float:
        return float(self.products.sum() + self.bias)

    @property
    def source_position(self) -> None:
        return None

    @property
    def formula(self) -> str:
        sums = self.partial_sums
        terms = " ".join(_signed(number) for number in sums[:_TERMS])
        more = f" + … ({len(sums) - _TERMS} more)" if len(sums) > _TERMS else ""
        return f"{terms.removeprefix('+ ')}{more} {_signed(self.bias)} = {_number(self.value)}"


@dataclass(frozen=True, eq=False)
class Normalisation(Step):
    """``(x − mean) / √(variance + epsilon) · scale + shift``: batch norm as it is after training.

    Ioffe and Szegedy 2015 (arXiv:1502.03167); mean and variance are the running ones.
    """

    x: float
    mean: float
    variance: float
    epsilon: float
    scale: float
    shift: float

    @property
    def value(self) -> float:
        deviation = math.sqrt(self.variance + self.epsilon)
        return (self.x - self.mean) / deviation * self.scale + self.shift

    @property
    def formula(self) -> str:
        return (
            f"({_number(self.x)} {_signed(-self.mean)}) / √({_number(self.variance)} + "
            f"{self.epsilon:g}) × {_number(self.scale)} {_signed(self.shift)} = "
            f"{_number(self.value)}"
        )


@dataclass(frozen=True, eq=False)
class Addition(Step):
    """``x + shortcut``: the block's input added to its result.

    Attributes:
        shortcut_source: the layer that the shortcut comes from, or ``input``.
    """

    x: float
    shortcut: float
    shortcut_source: str

    @property
    def value(self) -> float:
        return self.x + self.shortcut

    @property
    def formula(self) -> str:
        return f"{_number(self.x)} {_signed(self.shortcut)} = {_number(self.value)}"


@dataclass(frozen=True, eq=False)
class Activation(Step):
    """``function(x)``.

    Attributes:
        function: as in the config: relu, leaky_relu, gelu, silu, tanh, sigmoid.
        title: as shown, such as ``leaky ReLU``.
    """

    x: float
    function: str
    title: str

    @property
    def value(self) -> float:
        return FUNCTIONS[self.function](self.x)

    @property
    def formula(self) -> str:
        return f"{self.title}({_number(self.x)}) = {_number(self.value)}"


@dataclass(frozen=True, eq=False)
class Pooling(Step):
    """The largest value of a window, or the mean.

    Attributes:
        function: max or average.
        values: (size, size) of the source map.
        corner: (row, column) of the window's first value in the source map.
    """

    function: str
    values: Array
    corner: tuple[int, int]

    @property
    def value(self) -> float:
        return float(self.values.max() if self.function == "max" else self.values.mean())

    @property
    def source_position(self) -> Position:
        """Where in the source the window's largest value is, the first of equals."""
        row, column = np.unravel_index(self.values.argmax(), self.values.shape)
        return self.position[0], self.corner[0] + int(row), self.corner[1] + int(column)

    @property
    def formula(self) -> str:
        numbers = ", ".join(_number(number) for number in self.values.flat)
        return f"{self.function}({numbers}) = {_number(self.value)}"


@dataclass(frozen=True, eq=False)
class Passing(Step):
    """The same number at another place: flatten, or dropout outside training.

    Attributes:
        x: the number.
        origin: where it was in the source.
    """

    x: float
    origin: Position

    @property
    def value(self) -> float:
        return self.x

    @property
    def source_position(self) -> Position:
        return self.origin

    @property
    def formula(self) -> str:
        return _number(self.value)


@dataclass(frozen=True, eq=False)
class Softmax(Step):
    """``exp(logit) / Σ exp(logits)``, the largest logit taken from all of them first.

    Attributes:
        logits: (K,).
    """

    logits: Array

    @property
    def exponentials(self) -> Array:
        """(K,) ``exp(logits − max(logits))``."""
        powers: Array = np.exp(self.logits - self.logits.max())
        return powers

    @property
    def value(self) -> float:
        return float(self.exponentials[self.position[0]] / self.exponentials.sum())

    @property
    def formula(self) -> str:
        own, total = self.exponentials[self.position[0]], self.exponentials.sum()
        return f"{_number(own)} / {_number(total)} = {_number(self.value)}"


def _number(number: float) -> str:
    return f"{number:.4g}".replace("-", "−")


def _signed(number: float) -> str:
    return f"{'−' if number < 0 else '+'} {_number(abs(number))}"
