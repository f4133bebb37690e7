"""Makes the README's pictures: a default run on MNIST, live and finished, light and dark.

``.venv/bin/python docs/screenshots.py`` (needs Chromium and what the tests need; two minutes).
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
SIZE = {"width": 1440, "height": 900}
QUIET = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def main() -> None:
    """Trains one run in a store of its own and photographs it on the way."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        tempfile.TemporaryDirectory() as runs,
        dashboard(Path(runs)) as address,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        light, dark = (
            browser.new_context(viewport=SIZE, color_scheme=scheme).new_page()
            for scheme in ("light", "dark")
        )
        run = train(light, address)
        for page, theme in ((light, "light"), (dark, "dark")):
            for name in ("runs", "results", "filters", "feature_maps"):
                photograph(page, f"{address}/{name}?run={run}", f"{name}-{theme}")
        browser.close()


def train(page: Page, address: str) -> str:
    """Starts the default run in the page, photographs it while it learns; returns its id."""
    page.goto(address)
    page.wait_for_selector(QUIET)
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_text("Epoch 3 of 3").wait_for(timeout=120_000)
    page.wait_for_timeout(3000)
    page.screenshot(path=HERE / "train-light.png")
    page.get_by_text("completed", exact=True).first.wait_for(timeout=120_000)
    return page.url.partition("run=")[2].partition("&")[0]


def photograph(page: Page, address: str, name: str) -> None:
    """One picture of a page that has come to rest."""
    page.goto(address)
    page.wait_for_selector(QUIET)
    page.wait_for_timeout(3000)
    page.screenshot(path=HERE / f"{name}.png")


@contextmanager
def dashboard(runs: Path) -> Iterator[str]:
    """A dashboard over a store of its own; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "dashboard", "--port", str(port)],
        cwd=HERE.parent,
        env={**os.environ, "CONVSCOPE_RUNS": str(runs)},
        stdout=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address)
        yield address
    finally:
        server.terminate()
        server.wait()


def wait_for(address: str) -> None:
    """Returns once the server answers."""
    for _ in range(120):
        try:
            urllib.request.urlopen(address, timeout=1).close()
            return
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(f"no dashboard at {address}")


if __name__ == "__main__":
    main()
