"""The run store: every run is a folder, and the folder is the truth.

A training process writes it, everything else reads it, at any time: a file is replaced as a whole
or grows by whole lines, and what is loaded back is checked. ``runs/<id>/`` holds

- ``config.json``: what the run computes; never changed
- ``overlay.json``: decisions of a review that it learns with, if there are any; never changed
- ``label.json``: name, note, star
- ``control.json``: what is wanted of it; written by pages and the command line
- ``status.json``: where it stands; written by whoever holds ``lock``
- ``dataset.json``: the data it learns from
- ``metrics.jsonl``: one record a line (`core.records`)
- ``epochs/0003/``: weights, optimizer, state, probabilities and numbers of an epoch, with checksums
- ``resume/``: the training in mid-epoch; ``quarantine/``: damaged checkpoints
- ``worker.log``, ``heartbeat``, ``lock``, ``control.lock``
"""

from core.runs.listing import RunSummary
from core.runs.opening import open_run
from core.runs.run import Run
from core.runs.status import Control, DatasetInfo, Label, State, Status, Want
from core.runs.store import RunStore, default_root

__all__ = [
    "Control",
    "DatasetInfo",
    "Label",
    "Run",
    "RunStore",
    "RunSummary",
    "State",
    "Status",
    "Want",
    "default_root",
    "open_run",
]
