"""Networks for tests: random ones that fit their input, and ones small enough to work out."""

from hypothesis import strategies as st

from core.config import ConvBlock, DenseLayer, ModelConfig

Case = tuple[ModelConfig, tuple[int, int, int], int]

activations = st.sampled_from(["relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid", "none"])
shares = st.sampled_from([0.0, 0.5])


def any_block() -> st.SearchStrategy[ConvBlock]:
    """A block with small numbers, whether it fits or not."""
    return st.builds(
        ConvBlock,
        channels=st.integers(1, 4),
        kernel_size=st.integers(1, 5),
        stride=st.integers(1, 3),
        padding=st.integers(0, 2),
        activation=activations,
        batch_norm=st.booleans(),
        residual=st.booleans(),
        pooling=st.sampled_from(["none", "max", "average"]),
        pool_size=st.integers(2, 3),
        dropout=shares,
    )


def any_model() -> st.SearchStrategy[ModelConfig]:
    """Up to four blocks and two dense layers that may or may not fit."""
    dense = st.builds(DenseLayer, width=st.integers(1, 6), activation=activations, dropout=shares)
    return st.builds(
        ModelConfig,
        blocks=st.lists(any_block(), max_size=4).map(tuple),
        dense=st.lists(dense, max_size=2).map(tuple),
    )


def input_shapes() -> st.SearchStrategy[tuple[int, int, int]]:
    """Images that need not be square."""
    return st.tuples(st.integers(1, 3), st.integers(1, 14), st.integers(1, 14))


@st.composite
def fitting_cases(draw: st.DrawFn) -> Case:
    """A network that fits, its (channels, height, width) and its number of classes."""
    shape = draw(input_shapes())
    model = draw(any_model())
    channels, *sides = shape
    blocks = []
    for block in model.blocks:
        block, channels, sides = _fitted(block, channels, sides)
        blocks.append(block)
    return model.model_copy(update={"blocks": tuple(blocks)}), shape, draw(st.integers(1, 5))


def _fitted(block: ConvBlock, channels: int, sides: list[int]) -> tuple[ConvBlock, int, list[int]]:
    """The block changed as little as it takes to fit, and what comes out of it."""
    if block.residual:
        half = block.kernel_size // 2
        changes = {"kernel_size": 2 * half + 1, "padding": half, "stride": 1, "channels": channels}
        block = block.model_copy(update=changes)
    room = min(sides) + 2 * block.padding
    block = block.model_copy(update={"kernel_size": min(block.kernel_size, room)})
    sides = [(s + 2 * block.padding - block.kernel_size) // block.stride + 1 for s in sides]
    if block.pooling != "none":
        if min(sides) < block.pool_size:
            return block.model_copy(update={"pooling": "none"}), block.channels, sides
        sides = [side // block.pool_size for side in sides]
    return block, block.channels, sides
