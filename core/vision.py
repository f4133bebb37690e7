"""The one place that imports torchvision, and makes it importable beside a CPU-only torch.

The torchvision wheel of the package index is compiled against CUDA. Beside a CPU-only torch its
operators do not load, and ``import torchvision`` fails while it registers shapes for two of them:
"operator torchvision::nms does not exist". Nothing of ours detects objects, so it is enough to
declare those two operators (without implementing them); data sets, transforms and models then work.
"""

import importlib
import sys
from types import ModuleType

_BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def torchvision() -> ModuleType:
    """The torchvision package with ``datasets``, ``transforms`` and ``utils`` usable.

    Takes one to two seconds the first time, so callers import it only when they need it.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
    _forget_half_import()
    _declare_missing_operators()
    return importlib.import_module("torchvision")


def _declare_missing_operators() -> None:
    # Only after a failed import: where the compiled operators load, declaring them again fails.
    import torch

    for operator in ("nms", "qnms"):
        torch.library.define(f"torchvision::{operator}", _BOXES)


def _forget_half_import() -> None:
    # A failed import takes back the package but leaves the submodules that had loaded.
    for name in [name for name in sys.modules if name.startswith("torchvision.")]:
        del sys.modules[name]
