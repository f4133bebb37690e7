"""Makes the README's pictures: a default run on MNIST, live and finished, light and dark.

``.venv/bin/python -m docs.screenshots`` (needs Chromium and what the tests need; two minutes).
"""

import tempfile
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.serving import chromium, dashboard, visit

HERE = Path(__file__).parent


def main() -> None:
    """Trains one run in a store of its own and photographs it on the way."""
    with (
        tempfile.TemporaryDirectory() as runs,
        dashboard(Path(runs)) as address,
        chromium() as browser,
    ):
        light, dark = (
            browser.new_context(
                viewport={"width": 1440, "height": 900}, color_scheme=scheme
            ).new_page()
            for scheme in ("light", "dark")
        )
        run = train(light, address)
        for page, theme in ((light, "light"), (dark, "dark")):
            for name in ("runs", "results", "filters", "feature_maps"):
                visit(page, f"{address}/{name}?run={run}")
                page.screenshot(path=HERE / f"{name}-{theme}.png")


def train(page: Page, address: str) -> str:
    """Starts the default run in the page, photographs it while it learns; returns its id."""
    visit(page, address)
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_text("Epoch 3 of 3").wait_for(timeout=120_000)
    page.wait_for_timeout(3000)
    page.screenshot(path=HERE / "train-light.png")
    page.get_by_text("completed", exact=True).first.wait_for(timeout=120_000)
    return page.url.partition("run=")[2].partition("&")[0]


if __name__ == "__main__":
    main()
