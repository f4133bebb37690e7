"""Where the work is done, and how to make it repeat itself there."""

import os

import torch

from core.errors import ConfigError


def available_devices() -> list[str]:
    """The names that ``training.device`` can take on this machine, the fastest first."""
    found = ["cuda"] if torch.cuda.is_available() else []
    found += ["mps"] if torch.backends.mps.is_available() else []
    return [*found, "cpu"]


def resolve_device(name: str) -> torch.device:
    """The device for a configured name; ``auto`` is the fastest one there is.

    Raises:
        ConfigError: if this machine has no such device.
    """
    available = available_devices()
    if name != "auto" and name not in available:
        sentence = (
            f"training.device must be one of auto, {', '.join(available)} on this machine, "
            f"got {name!r}"
        )
        raise ConfigError([("training.device", sentence)])
    return torch.device(available[0] if name == "auto" else name)


def make_deterministic(device: torch.device) -> None:
    """Makes a GPU repeat itself bit by bit; a processor does so anyway at a fixed thread count."""
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.benchmark = False
        # Only a warning where an operator has no deterministic version: better than no training.
        torch.use_deterministic_algorithms(True, warn_only=True)
