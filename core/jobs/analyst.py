"""The process of one analysis (`core.jobs.analysis`): ``python -m core.jobs.analyst REQUEST``."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.errors import RunError, UserError
from core.jobs import analysis as analyses
from core.jobs.analysis import Analysis, Finding, Part
from core.jobs.environment import LOWEST, prepare
from core.jobs.folding import out_of_fold
from core.run_files import InUseError, read_json
from core.runs import Run, open_run

Kind = Callable[..., Iterator[Part]]


def importance(run: Run, epoch: int, layer: str) -> Iterator[Part]:
    """The importance sheet of a conv layer on the validation split, as records a filter."""
    from core.datasets import load, split
    from core.inspection.importance import importance as sheets
    from core.predictor import Predictor

    predictor = Predictor.of(run, epoch)
    splits = split(load(run.config.data.name), run.config.data)
    images, labels = splits.images("validation"), splits.labels("validation").numpy()
    for sheet in sheets(predictor.model, images, labels, predictor.mean, predictor.std, layer):
        yield sheet.num_images, sheet.total
        last = sheet
    yield {"filters": _plain(last.table(predictor.classes).to_dict("records"))}


def maximised(run: Run, epoch: int, layer: str, channel: int) -> Iterator[Part]:
    """The image that makes a filter answer most: pixels in [0, 1] as nested lists (C, H, W)."""
    from core.inspection.lookup import filter_layers
    from core.inspection.maximisation import maximise, middle
    from core.predictor import Predictor

    asked = Predictor.of(run, epoch)
    before = filter_layers(asked.model, layer).before_activation
    place = middle(asked.model, before)
    climb = maximise(
        asked.model, asked.input_shape, asked.mean, asked.std, before, channel, place
    )  # fmt: skip
    for step in climb:
        yield step.step, step.num_steps
        last = step
    yield {"value": last.value, "pixels": last.pixels.tolist()}


def tsne(run: Run, epoch: int, split: str, perplexity: float, seed: int) -> Iterator[Part]:
    """t-SNE of the penultimate activations of a split: ``points`` (N, 2) float32."""
    from core.datasets import load
    from core.datasets import split as splits_of
    from core.inspection.neighbours import embed
    from core.predictor import Predictor
    from core.review.embedding import tsne as layouts

    asked = Predictor.of(run, epoch)
    images = splits_of(load(run.config.data.name), run.config.data).images(split)
    for layout in layouts(embed(asked.model, images, asked.mean, asked.std), perplexity, seed):
        yield layout.step, layout.num_steps
        last = layout
    yield Finding({"images": len(last.points)}, {"points": last.points})


KINDS: dict[str, Kind] = {
    "importance": importance,
    "maximised": maximised,
    "out_of_fold": out_of_fold,
    "tsne": tsne,
}
MINUTES = {"out_of_fold", "tsne"}  # kinds that take minutes: everything else goes first


def _plain(rows: list[dict[Any, Any]]) -> list[dict[str, Any]]:
    """Rows of a table as JSON values: numpy's numbers as Python's, what is missing as None."""
    return [
        {str(name): _value(value) for name, value in row.items()}
        for row in rows
    ]  # fmt: skip


def _value(value: Any) -> Any:
    if value is None or value != value or str(value) == "<NA>":
        return None
    return value.item() if hasattr(value, "item") else value


def _parts(request: Path) -> Iterator[Part]:
    """Works out what a request asks for; an error on the way to the first part is told like others.

    Raises:
        RunError: if it is not the request that its name says, or the run cannot be opened.
    """
    values = read_json(request)
    wanted = Analysis(**values) if values and values.get("kind") in KINDS else None
    if wanted is None or wanted.name != request.stem:
        raise RunError(f"{request.name} is not a request for this analysis")
    prepare(threads=1, niceness=LOWEST if wanted.kind in MINUTES else None)
    run = open_run(request.parents[2])
    yield from KINDS[wanted.kind](run, wanted.epoch, **wanted.arguments)


def main() -> int:
    """The analyst's process."""
    request = Path(sys.argv[1]).resolve()
    try:
        analyses.work_at(request.with_suffix(".json"), _parts(request))
    except InUseError:
        return 0  # somebody else is at it
    except UserError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
