"""What is read from many files: where one could not be read, it is kept for a while only."""

import time
from dataclasses import dataclass, field

RETRY_SECONDS = 10.0


@dataclass(frozen=True, eq=False, kw_only=True)  # eq would call two of them equal by these alone
class Gathered:
    """What was read from many files, as far as they could be.

    Attributes:
        is_whole: whether all of them could be.
        when: that was, in seconds of the monotonic clock.
    """

    is_whole: bool = True
    when: float = field(default_factory=time.monotonic)

    def holds(self) -> bool:
        """Whether a cache may give it once more: a disk that failed once may answer by now."""
        return self.is_whole or time.monotonic() - self.when < RETRY_SECONDS
