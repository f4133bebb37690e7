"""Which store and which run a command means."""

from argparse import Namespace
from pathlib import Path

from core.errors import UserError
from core.runs import Run, RunStore, default_root


class UsageError(UserError):
    """A command was given something it cannot work with."""


def store_of(options: Namespace) -> RunStore:
    """The store of ``--runs-dir``, else of CONVSCOPE_RUNS, else ``runs`` in this folder."""
    chosen = options.runs_dir
    root = Path(chosen) if chosen else default_root()
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is not a folder; choose another --runs-dir")
    return RunStore(root)


def run_of(options: Namespace) -> Run:
    """The run that the command line names, see `id_of`.

    Raises:
        UsageError: if none or more than one fits.
        RunError: if its folder cannot be read.
    """
    return store_of(options).get(id_of(options))


def id_of(options: Namespace) -> str:
    """The id that the command line names: itself, the start of it, or ``latest``.

    Raises:
        UsageError: if none or more than one fits.
    """
    store, name = store_of(options), options.run
    ids = [row.id for row in store.list()]
    if not ids:
        raise UsageError(f"there are no runs in {store.root}; python -m core train starts one")
    if name == "latest":
        return ids[0]
    fitting = [name] if name in ids else [run_id for run_id in ids if run_id.startswith(name)]
    if not name or not fitting:
        raise UsageError(
            f"no run's id starts with {name!r} in {store.root}; python -m core runs lists them"
        )
    if len(fitting) > 1:
        some = ", ".join(fitting[:4]) + (", ..." if len(fitting) > 4 else "")
        raise UsageError(f"{len(fitting)} runs start with {name!r}: {some}; give more of the id")
    return fitting[0]
