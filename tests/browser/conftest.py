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
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic"]
# Streamlit looks for its server below the page's own path first, and is answered 404 there.
HARMLESS = ("status of 404",)
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
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


@pytest.fixture(scope="module")
def runs_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of runs that the dashboard of this module looks at."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def dashboard(runs_dir: Path) -> Iterator[str]:
    """The address of a dashboard that serves `runs_dir`."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    log = runs_dir.parent / f"{runs_dir.name}-dashboard.log"
    command = [sys.executable, "-m", "dashboard", "--port", str(port), "--runs-dir", str(runs_dir)]
    # Tags and decisions lie beside the data: this module's in a folder of its own.
    environment = {**os.environ, "CONVSCOPE_DATA": str(runs_dir.parent / f"{runs_dir.name}-data")}
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output,
            stderr=output,
        )  # fmt: skip
    try:
        _wait_for(address, server, log)
        yield address
    finally:
        server.terminate()
        server.wait(20)


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
    """Waits until the script has run and nothing more is coming for the moment."""
    page.wait_for_selector(IDLE, state="attached")
    page.wait_for_timeout(250)
    page.wait_for_selector(IDLE, state="attached")


def go(page: Page, address: str) -> None:
    """Opens an address and waits until it is drawn."""
    page.goto(address)
    settle(page)
