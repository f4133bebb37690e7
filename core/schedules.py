"""The share of the learning rate that a schedule leaves in force. No torch: the pages ask, too."""

import math

from core.config import TrainingConfig

WARMUP_START = 1 / 25  # the share of the full rate that a warm-up starts from
FLOOR = 1 / 100  # the share of the full rate that cosine and one cycle end at
ONE_CYCLE_WARMUP = 0.25


def learning_rate_factor(config: TrainingConfig, progress: float) -> float:
    """Share of the full learning rate at `progress`, in (0, 1].

    Args:
        config: schedule and warm-up.
        progress: share of the planned epochs that is done, from 0; beyond 1 the last rate holds.
    """
    progress = min(progress, 1.0)
    warmup = warmup_share(config)
    if progress < warmup:
        return WARMUP_START + (1 - WARMUP_START) * progress / warmup
    after = (progress - warmup) / (1 - warmup)  # 0 at the end of the warm-up, 1 at the end
    if config.schedule == "step":
        return 1.0 if progress < 0.5 else 0.1 if progress < 0.75 else 0.01
    if config.schedule == "cosine":
        return FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * after)) / 2
    if config.schedule == "one_cycle":
        return 1 - (1 - FLOOR) * after
    return 1.0


def warmup_share(config: TrainingConfig) -> float:
    """The warm-up's share of the run, with the schedule's own default where none is given."""
    if config.warmup is not None:
        return config.warmup
    return ONE_CYCLE_WARMUP if config.schedule == "one_cycle" else 0.0
