"""What a run made of one image, epoch by epoch, from the answers that it saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from core.errors import RunError
from core.evaluation import FloatArray
from core.inspection.lookup import check_index

if TYPE_CHECKING:
    import pandas as pd

    from core.runs.run import Run

Verdict = Literal["always right", "learnt", "unsteady", "forgotten", "never right", "untrained"]


@dataclass(frozen=True, eq=False)  # eq would compare tables element by element
class Biography:
    """One image's predictions over a run.

    Attributes:
        label: its class.
        table: one row an epoch, ascending: epoch (0 is the untrained network), predicted (class
            index), confidence (probability of the predicted class), probability (of the label),
            correct.
        problems: a sentence for each epoch whose answers could not be read; it has no row.
    """

    label: int
    table: pd.DataFrame
    problems: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The story in a word; the untrained network, which guesses, has no part in it.

        - ``always right``: after every epoch;
        - ``learnt``: wrong at first, then right to the end;
        - ``unsteady``: right at the end, and lost at least once in between;
        - ``forgotten``: wrong at the end, and right at least once before;
        - ``never right``;
        - ``untrained``: no epoch has been finished.
        """
        right = self.table.loc[self.table["epoch"] > 0, "correct"].to_numpy(dtype=bool)
        if not len(right):
            return "untrained"
        if not right.any():
            return "never right"
        if not right[-1]:
            return "forgotten"
        if right.all():
            return "always right"
        was_lost = (right[:-1] & ~right[1:]).any()
        return "unsteady" if was_lost else "learnt"

    @property
    def right_since(self) -> int | None:
        """The epoch from which on it has been right to the end; None where it is wrong there."""
        since = None
        for epoch, right in zip(self.table["epoch"], self.table["correct"], strict=True):
            if not right:
                since = None
            elif since is None:
                since = int(epoch)
        return since


def biography(
    answers: Mapping[int, FloatArray], label: int, problems: tuple[str, ...] = ()
) -> Biography:
    """One image's predictions from its probabilities.

    Args:
        answers: epoch -> probabilities (K,).
        label: its class, in [0, K).
        problems: passed on.
    """
    import pandas as pd

    epochs = sorted(answers)
    values = np.array([answers[epoch] for epoch in epochs], dtype=np.float64)
    values = values.reshape(len(epochs), -1 if epochs else label + 1)
    predicted = values.argmax(1)
    table = pd.DataFrame(
        {
            "epoch": np.array(epochs, dtype=np.int64),
            "predicted": predicted,
            "confidence": values.max(1),
            "probability": values[:, label],
            "correct": predicted == label,
        }
    )
    return Biography(label, table, problems)


def biography_of(run: Run, split: str, position: int, label: int) -> Biography:
    """One image's predictions after every epoch that the run has finished, also while it trains.

    Args:
        run: whose answers are read.
        split: ``validation`` or ``test``.
        position: row in the split.
        label: its class.

    Raises:
        UserError: if the split has no such row.
        RunError: if not a single epoch can be read; one that is damaged is told in `problems`.
    """
    answers: dict[int, FloatArray] = {}
    problems = []
    for epoch in run.epochs():
        try:
            probabilities = run.probabilities(epoch, split)
        except RunError as error:
            problems.append(str(error))
            continue
        check_index("position", position, len(probabilities), f"the {split} split")
        answers[epoch] = probabilities[position]
    if problems and not answers:
        raise RunError(problems[0])
    return biography(answers, label, tuple(problems))
