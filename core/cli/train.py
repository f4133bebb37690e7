"""``train`` and ``resume``: put a run into the queue and watch it."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.outcome import go_on, outcome, print_json
from core.cli.progress import Progress
from core.cli.selection import UsageError, run_of, store_of
from core.config import RunConfig, with_overrides
from core.errors import DatasetError
from core.runs import Run, Status

if TYPE_CHECKING:
    from core.datasets import Overlay

DONE, FAILED, INTERRUPTED = 0, 1, 130


def train(options: Namespace) -> int:
    """Creates a run, starts it and follows it to its end."""
    from core import jobs

    config = configuration(options)
    overlay = decisions(options, config)
    run = store_of(options).create(config, options.name, overlay)
    jobs.start(run)
    return _watch(run, options)


def decisions(options: Namespace, config: RunConfig) -> "Overlay | None":
    """What reviewers decided about the training images; None unless ``--decisions`` is given.

    Raises:
        UsageError: if the file says nothing that would change what is learnt.
        ReviewError: if it is damaged, of another data set, or leaves nothing to learn from.
    """
    if options.decisions is None:
        if options.learn_ambiguous:
            raise UsageError("--learn-ambiguous needs --decisions FILE")
        return None
    from core.datasets import load, split
    from core.review.decisions import read_decisions

    path, dataset = Path(options.decisions), load(config.data.name)
    overlay = read_decisions(path.read_bytes(), dataset, str(path), not options.learn_ambiguous)
    if not overlay.num_images:
        raise UsageError(
            f"{path} changes no training image; a decision that does, such as mislabelled or left "
            "out, is needed (ambiguous ones are left out, but for --learn-ambiguous)"
        )
    effect = overlay.effect(split(dataset, config.data))
    if effect.changes_nothing:
        raise UsageError(
            f"{path} changes nothing that this run would learn: all its decisions are on images "
            "that are held out for validation, or beyond the limit"
        )
    print(f"decisions: {effect.told()}", file=sys.stderr if options.json else sys.stdout)
    return overlay


def configuration(options: Namespace) -> RunConfig:
    """The preset with all options applied, ``--set`` first.

    Raises:
        ConfigError: if a preset or path does not exist, or a value is out of range.
        UsageError: if there is no such data set.
    """
    from core.datasets import entry
    from core.presets import preset

    assignments = list(options.set)
    named = {
        "data.name": options.dataset,
        "training.epochs": options.epochs,
        "training.seed": options.seed,
    }
    assignments += [f"{path}={value}" for path, value in named.items() if value is not None]
    config = with_overrides(preset(options.preset), assignments)
    try:
        entry(config.data.name)
    except DatasetError as error:
        raise UsageError(str(error)) from None
    return config


def resume(options: Namespace) -> int:
    """Goes on with a run from its last checkpoint, for more epochs if that is asked for."""
    from core import jobs

    run = run_of(options)
    _, offset = run.read_metrics()  # old news
    if options.more is not None:
        if options.more < 1:
            raise UsageError(f"--more must be a whole number of at least 1, got {options.more}")
        jobs.extend(run, options.more)
    elif run.status().state == "completed":
        raise UsageError(f"run {run.id} is completed; --more N trains it for N more epochs")
    else:
        jobs.resume(run)
    return _watch(run, options, offset)


def _watch(run: Run, options: Namespace, offset: int = 0) -> int:
    """Follows a started run, unless told not to, and says how it ended."""
    from core.cli.following import Follower

    progress = Progress(sys.stderr if options.json else sys.stdout)
    progress.say(f"run {run.id} ({run.label().name}) in {run.path}")
    try:
        interrupted = not options.detach and Follower(run, progress, offset).follow()
    finally:
        progress.close()
    status = run.status()
    failed = status.state in ("failed", "crashed")
    to_stderr = failed or options.json
    print(ending(run, status), file=sys.stderr if to_stderr else sys.stdout, flush=True)
    if options.json:
        print_json(outcome(run))
    if failed:
        return FAILED
    return INTERRUPTED if interrupted else DONE


def ending(run: Run, status: Status) -> str:
    """How a run ended, or stands, and what can be done now."""
    if status.state in ("failed", "crashed"):
        return f"error: run {run.id} {status.state}: {status.message}"
    if status.state == "stopped":
        return (
            f"stopped after epoch {status.epoch} of {status.epochs}, the checkpoint is kept; "
            f"to go on: {go_on(run)}"
        )
    if status.state == "completed":
        known = {"validation": status.validation_accuracy, "test": status.test_accuracy}
        said = [
            f"{name} accuracy {value:.2%}" for name, value in known.items() if value is not None
        ]
        epochs = "1 epoch" if status.epoch == 1 else f"{status.epoch} epochs"
        return ", ".join([f"completed {epochs}", *said])
    return f"still {status.state}; to see where it is: python -m core runs"
