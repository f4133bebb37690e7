"""Page tests run the real pages on real, tiny runs in a folder of their own."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner

from core.datasets import Dataset, load
from core.runs import Run, RunStore
from tests.dashboard.trained import train


@pytest.fixture(autouse=True, scope="session")
def components_looked_up_once() -> Iterator[None]:
    """The harness looks for components in every installed package whenever it opens a page.

    That is four fifths of the time of a page, and what is installed stays what it is.
    """
    with pytest.MonkeyPatch.context() as patch:
        once = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """An empty store that the pages look at; what other tests cached is forgotten."""
    monkeypatch.setenv("CONVSCOPE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("CONVSCOPE_DATA", str(tmp_path / "data"))  # tags and decisions lie there
    st.cache_resource.clear()
    st.cache_data.clear()
    return RunStore(tmp_path / "runs")


@pytest.fixture
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for a training or an analysis writes the request down; nothing is started."""
    monkeypatch.setattr("core.jobs.control.ensure_supervisor", lambda root: None)
    monkeypatch.setattr("core.jobs.analysis.spawn_analyst", lambda path: None)


@pytest.fixture
def digits() -> Dataset:
    return load("digits")


@pytest.fixture
def run(store: RunStore) -> Run:
    """A finished run of two epochs on the digits."""
    return train(store, name="small one")
