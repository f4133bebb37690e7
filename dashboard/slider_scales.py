"""The positions of a slider, worked out from its config field. Pure.

A slider of a few hundred pixels can point at some sixty places. A logarithmic field gets about ten
of them a decade, a wide whole number the round ones that people would type.
"""

from core.config import bounds, field_at, guide

# Ten a decade, each about 1.26 times the one before.
_DECADE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
# Round in tens or in powers of two: both are what people choose for sizes of layers and batches.
_ROUND = (
    *range(1, 13), 14, 16, 18, 20, 24, 28, 30, 32, 36, 40, 48, 50, 56, 60, 64, 72, 80, 84, 96, 100,
    112, 120, 128, 150, 160, 192, 200, 256, 300, 320, 384, 400, 500, 512, 640, 768, 800, 1000, 1024,
    1280, 1500, 1536, 2000, 2048, 2560, 3000, 3072, 4000, 4096,
)  # fmt: skip
_SUBSETS = (100, 200, 500, 1000, 2000, 3000, 5000, 10_000, 20_000, 30_000, 40_000, 50_000)
_LOWEST = {"training.learning_rate": 1e-5, "training.weight_decay": 1e-6}
_FEW = 200  # positions an evenly spaced slider may have


def positions(path: str, current: float, most: int | None = None) -> list[float] | None:
    """The values to choose from, ascending and with `current` among them.

    Args:
        path: a number field of the configuration.
        current: its value, which is kept even when it lies between two positions.
        most: for the number of training images, how many there are; "all" (0) then comes last.

    Returns:
        None where an evenly spaced slider or a number box does better.
    """
    field = field_at(path)
    if field is None:
        return None
    limits, whole = bounds(field), field.annotation is int
    low, high = limits.get("ge", limits.get("gt", 0.0)), limits.get("le", 1.0)
    if path == "data.train_limit":
        return _subset_positions(int(current), most)
    if guide(field)["scale"] == "log":
        found = _logarithmic(path, low, high, whole)
    elif whole and _FEW < high - low <= 10_000:
        found = {float(value) for value in _ROUND if low <= value <= high}
        found |= {low, high}
    else:
        return None
    values = sorted(found | {float(current)})
    return [int(value) for value in values] if whole else values


def _logarithmic(path: str, low: float, high: float, whole: bool) -> set[float]:
    if whole:
        octaves = (base * 2**power for base in (4, 5, 6, 7) for power in range(12))
        return {low, high} | {float(value) for value in octaves if low < value < high}
    lowest = low if low > 0 else _LOWEST.get(path, 1e-6)
    steps = (
        # Through text, so that 3e-05 is the number a person would have typed.
        float(f"{mantissa}e{power}")
        for power in range(-8, 5)
        for mantissa in _DECADE
    )
    found = {value for value in steps if lowest <= value <= high}
    includes_zero = low == 0 and path != "training.learning_rate"
    return found | ({0.0} if includes_zero else set())


def _subset_positions(current: int, most: int | None) -> list[float]:
    ceiling = most if most is not None else _SUBSETS[-1] + 1
    inside = {value for value in _SUBSETS if value < ceiling} | ({current} if current else set())
    return [*sorted(inside), 0]


def is_narrow(path: str) -> bool:
    """Whether an evenly spaced slider can reach every value; else a number box is drawn."""
    field = field_at(path)
    if field is None:
        return False
    limits, step = bounds(field), guide(field)["step"]
    if step is None or "le" not in limits:
        return False
    reach: float = limits["le"] - limits.get("ge", limits.get("gt", 0.0))
    return reach / float(step) <= _FEW
