"""Listing runs: a fresh process reading every folder, and a page that has listed them before."""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.turns import in_turns, report
from core.config import RunConfig
from core.runs import RunStore

AIMS = {1_000: (0.1, 0.02), 10_000: (1.0, 0.2)}  # seconds: cold, warm


def main() -> None:
    """Prints the wall time of a listing, cold and warm, beside a bare walk over the same files."""
    lines = []
    for count, (cold_aim, warm_aim) in AIMS.items():
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            fill(root, count)
            store = RunStore(root)
            timings = in_turns(
                {
                    "cold": lambda root=root: RunStore(root).list(),  # type: ignore[misc]
                    "warm": store.list,
                    "bare": lambda root=root: read_all(root),  # type: ignore[misc]
                },
                turns=5,
                clock=time.perf_counter,
            )
            cold, warm, bare = (timings[way].median for way in ("cold", "warm", "bare"))
            lines.append(
                f"{count:>6,} runs: cold {1000 * cold:.0f} ms (aim {1000 * cold_aim:.0f}), "
                f"warm {1000 * warm:.0f} ms (aim {1000 * warm_aim:.0f}); "
                f"opening and reading the same files {1000 * bare:.0f} ms"
            )
    report("Listing runs, wall time", lines)
    report("Start of a process that lists one run", [f"{startup():.2f} s"])


def fill(root: Path, count: int) -> None:
    """A store of so many finished runs, each a copy of a real folder under an id of its own."""
    first = RunStore(root).create(RunConfig())
    for number in range(1, count):
        folder = root / f"20260101-000000-{number:06x}"
        shutil.copytree(first.path, folder)


def read_all(root: Path) -> int:
    """What any listing at least has to do: open and read two small files a run."""
    return sum(
        len((folder / name).read_bytes())
        for folder in root.iterdir()
        for name in ("status.json", "label.json")
    )


def startup() -> float:
    """Seconds of ``python -m core runs`` on an empty store."""
    with tempfile.TemporaryDirectory() as root:
        began = time.perf_counter()
        command = [sys.executable, "-m", "core", "runs", "--runs-dir", root]
        subprocess.run(command, check=True, capture_output=True)
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
