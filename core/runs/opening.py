"""Opening a run's folder: what is foreign, damaged or of another format is refused."""

import re
from pathlib import Path
from typing import Any

from core.config import parse
from core.errors import ConfigError, RunError
from core.run_files import read_json
from core.runs.run import Run
from core.runs.status import in_reach

FORMAT = 1  # of a run's folder; written into config.json
WITH_OVERLAY = 2  # where decisions of a review are learnt: an older ConvScope would miss them
ID_PATTERN = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")


def open_run(path: Path) -> Run:
    """The run in a folder.

    Raises:
        RunError: if the folder is missing, foreign, or of another format version.
    """
    if path.is_symlink() or not ID_PATTERN.fullmatch(path.name):
        raise RunError(f"{path.name!r} is not the folder of a run")
    values = read_json(path / "config.json")
    if values is None:
        problem = "does not exist" if not path.is_dir() else "has no readable config.json"
        raise RunError(f"run {path.name} {problem}")
    check_format(path.name, values.get("format"))
    try:
        config = parse(values.get("config"))
    except ConfigError as error:
        raise RunError(f"the config.json of run {path.name} is damaged: {error}") from None
    created = values.get("created")
    if not isinstance(created, int | float) or not in_reach(created):
        created = 0.0
    return Run(path, config, float(created), _overlay_digest(path.name, values))


def _overlay_digest(run_id: str, values: dict[str, Any]) -> str | None:
    """What the overlay's file must hash to; None for a run that learns the given labels."""
    digest = values.get("overlay")
    if (digest is not None) != (values["format"] == WITH_OVERLAY):
        raise RunError(
            f"the config.json of run {run_id} is damaged: format {values['format']} "
            f"{'has no' if digest is not None else 'needs an'} overlay"
        )
    if digest is not None and not isinstance(digest, str):
        raise RunError(f"the config.json of run {run_id} is damaged: overlay is no SHA-256")
    return digest


def check_format(run_id: str, version: Any) -> None:
    """Refuses folders that another version of ConvScope wrote in another way.

    Raises:
        RunError: with what to do.
    """
    if version in (FORMAT, WITH_OVERLAY):
        return
    if isinstance(version, int) and version > WITH_OVERLAY:
        raise RunError(
            f"run {run_id} was written by a newer ConvScope (format {version}, this one reads up "
            f"to {WITH_OVERLAY}); update ConvScope to open it"
        )
    raise RunError(
        f"run {run_id} was written in format {version!r}, which this ConvScope (format "
        f"{WITH_OVERLAY}) no longer reads; train it again, or open it with the version that wrote "
        "it"
    )
