"""A start without the compiler, for a process that will never compile anything."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch


def leave_out_compiler() -> None:
    """Keeps torch's optimizers from loading torch's compiler in this process.

    The first optimizer imports ``torch._dynamo``, and with it sympy and 800 modules, only to mark
    its functions as not to be compiled: 1.2 to 1.9 s and 60 MB at the start of every run. Where the
    compiler is not loaded yet, a module with the two functions that optimizers call takes its
    place, doing what both do outside of compiled code: nothing. The weights learnt are bitwise the
    same. For training processes only: ``torch.compile`` and the ONNX exporter do not work after it.
    """
    if "torch._dynamo" in sys.modules:
        return
    stand_in = ModuleType("torch._dynamo")

    def disable(function: Callable[..., Any], *_: Any, **__: Any) -> Callable[..., Any]:
        return function

    stand_in.disable = disable  # type: ignore[attr-defined]
    stand_in.graph_break = lambda: None  # type: ignore[attr-defined]
    sys.modules["torch._dynamo"] = stand_in
    torch._dynamo = stand_in
