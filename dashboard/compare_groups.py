"""The groups of images that the Compare page can be asked for, as they stand in the address.

``flips:broken 4`` are the images of class 4 that are broken, ``runs:3 best of 3fa09c 81b2d7`` those
that three of these runs read wrong at their best epochs, ``story:lost 2`` those forgotten twice.
"""

import re
from dataclasses import dataclass
from typing import Literal

from core.inspection.biography import Verdict
from core.review.biographies import VERDICTS
from core.review.flips import OUTCOMES, Outcome

Part = Literal["flips", "runs", "story"]
PARTS: dict[Part, str] = {
    "flips": "Two results",
    "runs": "Many runs",
    "story": "Over the epochs",
}
_NONE = "-"  # instead of tails: no other run takes part
_TAIL = 6  # letters of a run's id that tell it from the others of a store
_FLIPS = re.compile(rf"flips:({'|'.join(OUTCOMES)})(?: ([0-9]{{1,4}}))?")
_RUNS = re.compile(r"runs:(all|[1-9][0-9]{0,2})( best)?(?: of((?: [A-Za-z0-9_-]{1,6}){1,50}))?")
_STORY = re.compile(rf"story:(?:any|({'|'.join(VERDICTS)})|(since|lost) ([0-9]{{1,6}}))")
_KINDS: dict[Part, re.Pattern[str]] = {"flips": _FLIPS, "runs": _RUNS, "story": _STORY}
GROUPS = (  # those that there are, in words
    f"{', '.join(f'flips:{outcome}' for outcome in OUTCOMES)}, each also of one class (flips:fixed "
    "4); runs:all, or how many are wrong (runs:3); story:any, an epoch (story:since 2), how often "
    f"forgotten (story:lost 2), or a verdict (story:{VERDICTS[0]})"
)


def part_of(group: str | None) -> Part:
    """The part of the page that a group belongs to; groups of other pages open the first one."""
    kind = (group or "").partition(":")[0]
    return next((part for part in PARTS if part == kind), "flips")


def misread(group: str | None) -> bool:
    """Whether a group is none that there is on the page; those of other pages are no mistake."""
    if group is None:
        return False
    kind, colon, _ = group.partition(":")
    part = next((part for part in PARTS if part == kind), None)
    return not colon or (part is not None and _KINDS[part].fullmatch(group) is None)


@dataclass(frozen=True)
class FlipGroup:
    """Images by what became of them from result A to result B.

    Attributes:
        outcome: None for every flip, fixed or broken.
        label: of this class only; None for all.
    """

    outcome: Outcome | None = None
    label: int | None = None

    @classmethod
    def read(cls, group: str | None) -> "FlipGroup":
        """What a group asks for; anything else asks for every flip."""
        match = _FLIPS.fullmatch(group or "")
        if match is None:
            return cls()
        outcome = next(name for name in OUTCOMES if name == match[1])
        return cls(outcome, int(match[2]) if match[2] else None)

    def written(self) -> str | None:
        """The group for the address; None for what is shown without one."""
        if self.outcome is None:
            return None
        return f"flips:{self.outcome}" + ("" if self.label is None else f" {self.label}")

    def backwards(self) -> "FlipGroup":
        """The same images, seen from B to A."""
        way_back: dict[Outcome | None, Outcome] = {"fixed": "broken", "broken": "fixed"}
        return FlipGroup(way_back.get(self.outcome, self.outcome), self.label)


@dataclass(frozen=True)
class RunsGroup:
    """Images by how many runs read them wrong, and which runs take part.

    Attributes:
        wrong_in: exactly so many; None for all of them.
        best: whether runs take part with their best epoch instead of their last.
        tails: the ends of their ids; None for those that take part where nobody chooses, empty
            where all have been taken out.
    """

    wrong_in: int | None = None
    best: bool = False
    tails: tuple[str, ...] | None = None

    @classmethod
    def read(cls, group: str | None) -> "RunsGroup":
        """What a group asks for; anything else asks for what all usual runs read wrong."""
        match = _RUNS.fullmatch(group or "")
        if match is None:
            return cls()
        wrong_in = None if match[1] == "all" else int(match[1])
        tails = None if match[3] is None else tuple(match[3].split())
        return cls(wrong_in, bool(match[2]), () if tails == (_NONE,) else tails)

    def written(self) -> str:
        """The group for the address."""
        wrong_in = "all" if self.wrong_in is None else str(self.wrong_in)
        of = "" if self.tails is None else f" of {' '.join(self.tails) or _NONE}"
        return f"runs:{wrong_in}{' best' if self.best else ''}{of}"


def tail_of(run_id: str) -> str:
    """What stands for a run in a group."""
    return run_id[-_TAIL:]


@dataclass(frozen=True)
class StoryGroup:
    """Images by how they fared over the epochs; with all None, those not always right.

    Attributes:
        verdict: those of this verdict.
        since: those right for good since this epoch.
        lost: those forgotten so often.
    """

    verdict: Verdict | None = None
    since: int | None = None
    lost: int | None = None

    @classmethod
    def read(cls, group: str | None) -> "StoryGroup":
        """What a group asks for; anything else asks for all images that were not always right."""
        match = _STORY.fullmatch(group or "")
        if match is None or match[0] == cls().written():
            return cls()
        if match[1]:
            return cls(verdict=next(name for name in VERDICTS if name == match[1]))
        number = int(match[3])
        return cls(since=number) if match[2] == "since" else cls(lost=number)

    def written(self) -> str:
        """The group for the address."""
        if self.verdict is not None:
            return f"story:{self.verdict}"
        if self.since is not None:
            return f"story:since {self.since}"
        return "story:any" if self.lost is None else f"story:lost {self.lost}"


def first_group(part: Part) -> str | None:
    """What a part of the page shows before anything is chosen in it."""
    if part == "runs":
        return RunsGroup().written()
    return StoryGroup().written() if part == "story" else FlipGroup().written()
