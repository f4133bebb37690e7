import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.records import Curve, curve
from core.runs import RunStore
from tests.core.jobs.processes import eventful, final_weights, train


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    """An empty store; whatever process still works on it at the end of the test is ended."""
    root = tmp_path / "runs"
    yield RunStore(root)
    for process in psutil.process_iter(["cmdline"]):
        if any(str(root) in word for word in process.info["cmdline"] or ()):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.fixture(scope="session")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Curve]:
    """The eventful run, never disturbed: its final weights and its curve."""
    run = RunStore(tmp_path_factory.mktemp("reference")).create(eventful())
    status = train(run)
    assert status.state == "completed", status.message
    return final_weights(run), curve(run.read_metrics()[0])
