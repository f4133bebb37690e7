"""What a block needs from the maps before it, and the sentence when it does not get it.

`index` counts blocks from 0, as lists do; the sentences count from 1, as people do.
"""

from collections.abc import Iterator

from core.config import ConvBlock
from core.errors import ArchitectureError


def check_kernel(index: int, block: ConvBlock, height: int, width: int) -> None:
    """Refuses a window that is larger than the padded maps it should move over."""
    if block.kernel_size <= min(height, width) + 2 * block.padding:
        return
    rows = "row" if block.padding == 1 else "rows"
    padded = f" with {block.padding} {rows} of padding around it" if block.padding else ""
    remedy = "pool less before it" if index else "add padding"
    raise ArchitectureError(
        f"model.blocks[{index}].kernel_size",
        f"block {index + 1}: a {block.kernel_size}×{block.kernel_size} kernel does not fit its "
        f"{height}×{width} input{padded}; make the kernel smaller or {remedy}",
    )


def check_pool(index: int, block: ConvBlock, height: int, width: int) -> None:
    """Refuses pooling that would leave nothing."""
    size, room = block.pool_size, min(height, width)
    if size <= room:
        return
    # The smallest window is 2×2: on a thinner map only switching pooling off helps.
    field, remedy = ("pool_size", "make it smaller") if room > 1 else ("pooling", "turn it off")
    raise ArchitectureError(
        f"model.blocks[{index}].{field}",
        f"block {index + 1}: {size}×{size} pooling does not fit its {height}×{width} maps; "
        f"{remedy} or shrink the maps less before it",
    )


def check_residual(
    index: int, block: ConvBlock, before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    """Refuses an addition of unequal shapes, or of values that look at different places."""
    if before == after and block.stride == 1:
        return
    old, new = ("×".join(map(str, shape)) for shape in (before, after))
    remedies = list(_residual_remedies(block, before[0]))
    raise ArchitectureError(
        f"model.blocks[{index}].residual",
        f"block {index + 1}: its {old} input cannot be added to its {new} result; "
        f"set {', '.join(remedies)} or turn residual off",
    )


def _residual_remedies(block: ConvBlock, channels: int) -> Iterator[str]:
    if block.channels != channels:
        yield f"channels to {channels}"
    if block.stride != 1:
        yield "stride to 1"
    if block.kernel_size % 2 == 0:
        yield f"kernel_size to {block.kernel_size - 1} and padding to {block.kernel_size // 2 - 1}"
    elif block.padding != block.kernel_size // 2:
        yield f"padding to {block.kernel_size // 2}"
