"""Reviewing errors: what a control's repaint costs the server, and from a click to its paint.

Every move is one that has not been made before, so nothing is taken from a cache that a reviewer
would not find filled.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from streamlit.testing.v1 import AppTest

from benchmarks.review_clicks import clicks
from benchmarks.review_maps import maps
from benchmarks.review_store import EPOCHS, Store, large_store, mnist_store
from benchmarks.serving import PROJECT
from benchmarks.turns import report
from core.inspection.biography import Verdict
from core.review.query import ORDERS
from core.runs import RunStore
from dashboard import slice_loaders
from dashboard.server import warm_up

AIMS = {10_000: 300, 60_000: 1000}  # milliseconds a repaint, by images in the split

Move = Mapping[str, str]  # what is different in the address


def main() -> None:
    """Prints both, at 10,000 and at 60,000 test images."""
    os.chdir(PROJECT)  # Streamlit reads its settings there
    torch.set_num_threads(1)
    warm_up()
    for make in (mnist_store, large_store):
        with tempfile.TemporaryDirectory() as name:
            store = make(Path(name))
            store.enter()
            about = f"{store.images:,} images (aim {AIMS[store.images]})"
            report(f"Repaint on the server, processor time in ms, {about}", list(repaints(store)))
            moves = [*clicks(store), *maps(store)]
            report(f"From click to paint, wall time in ms, {about}", moves)


def repaints(store: Store) -> Iterator[str]:
    """One line a control."""
    run = store.runs[-1]
    for name, (page, start, moves) in controls(store).items():
        first, times = timed(page, {"run": run, **start}, moves)
        yield (
            f"{name}: median {statistics.median(times):.0f}, slowest {max(times):.0f} of "
            f"{len(times)}; opening the page {first:.0f}"
        )


def controls(store: Store) -> dict[str, tuple[str, dict[str, str], list[Move]]]:
    """Each control: its page, where it begins, and the moves."""
    shares = [f"{share / 100:g}" for share in range(50, 98, 6)]
    pairs = ("4-9", "9-4", "3-5", "5-3", "7-2", "2-7", "8-3", "6-0")
    filters = [f"outcome=any;true={label};confidence=0.{label}-1" for label in range(1, 9)]
    stories: tuple[Verdict, ...] = ("always right", "learnt", "unsteady", "forgotten")
    return {
        "matrix cell": ("results", {}, [{"cell": pair} for pair in pairs]),
        "matrix row": ("results", {}, [{"cell": f"{label}-*"} for label in range(8)]),
        "threshold": ("results", {}, [{"threshold": share} for share in shares]),
        "gallery filter": ("results", {}, [{"filter": text} for text in filters]),
        "gallery sort": (
            "results",
            {"filter": "outcome=any"},
            [{"sort": order} for order in list(ORDERS)[:8]],
        ),
        "flips": (
            "compare",
            {"compare": store.runs[0]},
            [{"compare": str(epoch)} for epoch in range(EPOCHS)],
        ),
        "biographies": (
            "compare",
            {"group": "story:never right"},
            [{"group": f"story:{story}"} for story in stories],
        ),
        "calibration": (
            "calibration",
            {},
            [{"group": f"bin:0-{count}-mass-scaled"} for count in range(5, 13)],
        ),
        "slices": ("slices", {}, [{"group": f"slice:{key}"} for key in slices(store)]),
    }


def slices(store: Store) -> list[str]:
    """Keys of eight slices of the newest run's test split, once the look-alikes are worked out."""
    run = RunStore(store.folder / "runs").get(store.runs[-1])
    while (found := slice_loaders.find(run, EPOCHS, "test", slice_loaders.Settings())).pending:
        time.sleep(0.5)
    return [one.key for one in found.slices.about][:8]


def timed(page: str, start: dict[str, str], moves: list[Move]) -> tuple[float, list[float]]:
    """Milliseconds of opening a page, and of each move on it."""
    at = AppTest.from_file(PROJECT / "dashboard" / "app.py", default_timeout=120)
    at.switch_page(f"views/{page}.py")
    at.query_params.update(start)
    first = milliseconds(at)
    times = []
    for move in moves:
        at.query_params.clear()
        at.query_params.update({**start, **move})
        times.append(milliseconds(at))
    return first, times


def milliseconds(at: Any) -> float:
    """What one run of the script costs this process, the test harness with it."""
    began = time.process_time()
    at.run()
    took = time.process_time() - began
    if trouble := [*at.exception, *at.error, *at.warning]:
        raise RuntimeError(f"the page did not do as it was asked: {trouble[0].value}")
    return 1000 * took


if __name__ == "__main__":
    main()
