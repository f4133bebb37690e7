"""Measuring several ways of doing the same in turns, so that noise hits all of them alike."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds of one call: the median over the turns, with the quickest and the slowest."""

    median: float
    least: float
    most: float


def in_turns(
    ways: dict[str, Callable[[], object]],
    turns: int = 7,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, Timing]:
    """Each way's timing; every turn calls each of them once, after one call to warm up."""
    for way in ways.values():
        way()
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, way in ways.items():
            began = clock()
            way()
            seconds[name].append(clock() - began)
    return {
        name: Timing(statistics.median(taken), min(taken), max(taken))
        for name, taken in seconds.items()
    }


def report(title: str, lines: list[str]) -> None:
    """Prints one measurement."""
    print(f"\n{title}")
    for line in lines:
        print(f"  {line}")
