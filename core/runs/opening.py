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
    return Run(path, config, float(created))


def check_format(run_id: str, version: Any) -> None:
    """Refuses folders that another version of ConvScope wrote in another way.

    Raises:
        RunError: with what to do.
    """
    if version == FORMAT:
        return
    if isinstance(version, int) and version > FORMAT:
        raise RunError(
            f"run {run_id} was written by a newer ConvScope (format {version}, this one reads "
            f"{FORMAT}); update ConvScope to open it"
        )
    raise RunError(
        f"run {run_id} was written in format {version!r}, which this ConvScope (format {FORMAT}) "
        "no longer reads; train it again, or open it with the version that wrote it"
    )
