"""A real dashboard in a process of its own, and a real Chromium that looks at it.

Every test ends with the assertion that no page showed an exception, nothing was logged as an error
in the browser, and nothing was asked of another machine.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    expect,
    sync_playwright,
)

from core import jobs
from core.errors import RunError
from core.runs import RunStore

ROOT = Path(__file__).parents[2]
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic"]
# Streamlit looks for its server below the page's own path first, and is answered 404 there.
HARMLESS = ("status of 404",)
# Connected, drawn for the first time, the links are ours, and no script has run for a moment.
AT_REST = """(asked) => {
  if (window.restAsked !== asked) [window.restAsked, window.restingSince] = [asked, undefined];
  const app = document.querySelector("[data-testid=stApp]");
  const drawn = document.querySelector("[data-testid=stMain] [data-testid=stElementContainer]");
  const ours = Object.hasOwn(history, "pushState");
  const rests = app?.dataset.testScriptState === "notRunning" && drawn !== null && ours;
  window.restingSince = rests ? window.restingSince ?? performance.now() : undefined;
  return rests && performance.now() - window.restingSince > 100;
}"""
WAIT = 30_000  # ms; a busy machine is no failure


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        message = "no Chromium found: install the package chromium to run the browser tests"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    expect.set_options(timeout=WAIT)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A dashboard and its folder of runs; the modules of a worker use it one after the other."""
    folder = tmp_path_factory.mktemp("served")
    runs, log, port = folder / "runs", folder / "dashboard.log", free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "dashboard", "--port", str(port), "--runs-dir", str(runs)]
    # Tags and decisions lie beside the data: these in a folder of their own.
    environment = {**os.environ, "CONVSCOPE_DATA": str(folder / "data")}
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output,
            stderr=output,
        )  # fmt: skip
    try:
        _wait_for(address, server, log)
        yield runs, address
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def runs_dir(served: tuple[Path, str]) -> Iterator[Path]:
    """The folder of runs that the dashboard looks at; empty at first, for each module."""
    runs, _ = served
    yield runs
    store = RunStore(runs)
    stop_all(store)
    _empty(store)
    (runs / "settings.json").unlink(missing_ok=True)
    shutil.rmtree(runs.parent / "data", ignore_errors=True)


@pytest.fixture(scope="module")
def data_dir(runs_dir: Path) -> Path:
    """The folder where the dashboard keeps what is said about images."""
    return runs_dir.parent / "data"


@pytest.fixture(scope="module")
def dashboard(served: tuple[Path, str], runs_dir: Path) -> str:
    """The address of a dashboard that serves `runs_dir`."""
    return served[1]


def stop_all(store: RunStore) -> None:
    """Leaves nothing that trains or waits: the place is free for the next test."""
    runs = [store.get(row.id) for row in store.list()]
    for run in runs:
        jobs.stop(run)
    end = time.monotonic() + 30
    while any(run.is_locked() for run in runs) and time.monotonic() < end:
        time.sleep(0.1)


def _empty(store: RunStore) -> None:
    """Deletes all runs; an analysis that has told its end may hold its run for a moment longer."""
    end = time.monotonic() + 30
    while rows := store.list():
        with suppress(RunError) if time.monotonic() < end else nullcontext():
            store.delete(rows[0].id)
            continue
        time.sleep(0.1)


def _wait_for(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the dashboard did not start:\n{log.read_text(errors='replace')}")


@pytest.fixture
def new_page(browser: Browser, dashboard: str) -> Iterator[Callable[..., Page]]:
    """Opens another tab: a session of its own, as another person's."""
    contexts, problems = [], []

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(text in message.text for text in HARMLESS):
            problems.append(f"console: {message.text}")

    def make(**options: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        context.set_default_timeout(WAIT)
        contexts.append(context)
        page = context.new_page()
        page.on("console", said)
        page.on("pageerror", lambda error: problems.append(f"page: {error}"))
        page.on(
            "request",
            lambda request: (
                problems.append(f"foreign host: {request.url}")
                if urlsplit(request.url).hostname not in (None, "", "127.0.0.1")
                else None
            ),
        )
        return page

    yield make
    for context in contexts:
        for page in context.pages:
            if page.locator("[data-testid=stException]").count():
                problems.append(f"exception on {page.url}")
        context.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()


def settle(page: Page) -> None:
    """Waits until the page is drawn and nothing more is coming for the moment.

    What follows an action shows in the page: expect that. The browser has to send the action and
    hear of its script before it counts as busy, so that right after a click this may be too early.
    """
    page.wait_for_function(AT_REST, arg=time.monotonic(), polling=50)


def go(page: Page, address: str) -> None:
    """Opens an address and waits until it is drawn."""
    page.goto(address)
    settle(page)


def reload(page: Page) -> None:
    """Loads the page anew and waits until it is drawn."""
    page.reload()
    settle(page)


def until(page: Page, condition: Callable[[], object]) -> None:
    """Waits for what no selector tells; the page's events are heard meanwhile."""
    end = time.monotonic() + WAIT / 1000
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        page.wait_for_timeout(50)


def click_in(area: Locator, across: float, down: float) -> None:
    """Clicks a place in a chart, in shares of its size, once it stands still."""
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    area.click(position={"x": box["width"] * across, "y": box["height"] * down})
