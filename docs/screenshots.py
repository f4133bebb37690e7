"""Makes the README's pictures: default runs on MNIST, live and finished, light and dark.

``.venv/bin/python -m docs.screenshots`` (needs Chromium and what the tests need; five minutes).
"""

import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page

from benchmarks.serving import PROJECT, QUIET, chromium, dashboard, visit
from core import datasets
from core.runs import Run, RunStore

HERE = Path(__file__).parent


def main() -> None:
    """Trains two runs in a store of its own and photographs all pages."""
    with tempfile.TemporaryDirectory() as name:
        runs = Path(name) / "runs"
        os.environ["CONVSCOPE_DATA"] = str(Path(name) / "data")  # tags and decisions lie there
        before = train_beside(runs)
        with dashboard(runs) as address, chromium() as browser:
            light, dark = (
                browser.new_context(
                    viewport={"width": 1440, "height": 900}, color_scheme=scheme
                ).new_page()
                for scheme in ("light", "dark")
            )
            run = train(light, address)
            shots = addresses(RunStore(runs).get(run), before)
            for page, theme in ((light, "light"), (dark, "dark")):
                for shot, place in shots.items():
                    visit(page, f"{address}/{place}")
                    if shot == "embedding":
                        lasso(page)
                    if page.get_by_test_id("stAlert").count():
                        raise RuntimeError(f"{shot}: {page.get_by_test_id('stAlert').inner_text()}")
                    page.screenshot(path=HERE / f"{shot}-{theme}.png")


def train_beside(runs: Path) -> str:
    """The id of a run to compare with: the default one, with another seed."""
    command = [sys.executable, "-m", "core", "train", "--json", "--set", "training.seed=1"]
    done = subprocess.run(
        [*command, "--runs-dir", str(runs)], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    run: str = json.loads(done.stdout.splitlines()[-1])["run_id"]
    return run


def train(page: Page, address: str) -> str:
    """Starts the default run in the page, photographs it while it learns; returns its id."""
    visit(page, address)
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_text("Epoch 3 of 3").wait_for(timeout=120_000)
    page.wait_for_timeout(3000)
    page.screenshot(path=HERE / "train-light.png")
    page.get_by_text("completed", exact=True).first.wait_for(timeout=120_000)
    return page.url.partition("run=")[2].partition("&")[0]


def addresses(run: Run, before: str) -> dict[str, str]:
    """What each picture shows, by its name."""
    true, predicted, index = worst_confusion(run)
    pages = ("runs", "filters", "feature_maps", "slices", "embedding")
    return {
        **{page: f"{page}?run={run.id}" for page in pages},
        "results": f"results?run={run.id}&cell={true}-{predicted}&example={index}",
        "compare": f"compare?run={run.id}&compare={before}",
        "labels": f"labels?run={run.id}&example={surest_error(run)}",
        "calibration": f"calibration?run={run.id}&group=bin:13-15-width",
    }


def answers(run: Run) -> tuple[Any, Any]:
    """Labels (N,) of the test images, and the probabilities (N, K) after the last epoch."""
    return datasets.load("mnist").test_labels.numpy(), run.probabilities(run.epochs()[-1], "test")


def surest_error(run: Run) -> int:
    """The test image that is answered wrong with the most confidence."""
    labels, probabilities = answers(run)
    wrong = probabilities.argmax(1) != labels
    return int(np.where(wrong, probabilities.max(1), 0.0).argmax())


def worst_confusion(run: Run) -> tuple[int, int, int]:
    """True and predicted class that are most often confused on test, and one of the images."""
    labels, probabilities = answers(run)
    predicted = probabilities.argmax(1)
    wrong = np.flatnonzero(predicted != labels)
    codes = labels[wrong] * 10 + predicted[wrong]
    worst = int(np.bincount(codes).argmax())
    return worst // 10, worst % 10, int(wrong[codes == worst][0])


def lasso(page: Page) -> None:
    """Draws a circle on the map, in the middle, where classes meet."""
    box = page.locator(".st-key-embedding .overlay").bounding_box()
    assert box is not None
    reach = 0.13 * min(box["width"], box["height"])
    for step in range(33):
        angle = step / 32 * 2 * math.pi
        page.mouse.move(
            box["x"] + 0.45 * box["width"] + reach * math.cos(angle),
            box["y"] + 0.5 * box["height"] + reach * math.sin(angle),
        )
        if step == 0:
            page.mouse.down()
    page.mouse.up()
    page.wait_for_timeout(2000)
    page.wait_for_selector(QUIET)


if __name__ == "__main__":
    main()
