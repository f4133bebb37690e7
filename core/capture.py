"""Looking at what any layer of any network puts out, by name, through forward hooks."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn

from core.errors import UserError


@contextmanager
def capture(model: nn.Module, names: Sequence[str]) -> Iterator[dict[str, Tensor]]:
    """Keeps the named layers' outputs of the last forward pass run inside the ``with`` block.

    Inside, the model is in evaluation mode, and a `core.model.ConvNet` computes its layers in the
    written order. On leaving, also by an exception, hooks are gone and every module is back in the
    mode it was in. Gradients flow through the captured tensors; run the forward pass under
    ``torch.no_grad()`` where none are wanted. One thread at a time may use a model this way.

    Args:
        model: any module.
        names: submodules by the names of ``model.named_modules()``; ``""`` is the model itself.

    Yields:
        Filled by each forward pass: name -> output, (N, ...). A module that is called several
        times leaves its last output; one that is not called leaves none.

    Raises:
        UserError: if there is no such layer, or its output is not one tensor.
    """
    modules = _find(model, names)
    outputs: dict[str, Tensor] = {}
    with ExitStack() as restore:
        for module in model.modules():
            restore.callback(setattr, module, "training", module.training)
            if hasattr(module, "written_order"):
                restore.callback(setattr, module, "written_order", module.written_order)
                setattr(module, "written_order", True)  # noqa: B010 - a plain flag, not a submodule
        for name, module in modules.items():
            handle = module.register_forward_hook(partial(_keep, outputs, name))
            restore.callback(handle.remove)
        model.eval()
        yield outputs


def _find(model: nn.Module, names: Sequence[str]) -> dict[str, nn.Module]:
    modules = dict(model.named_modules())
    for name in names:
        if name not in modules:
            known = ", ".join(filter(None, modules))
            raise UserError(f"there is no layer {name!r} in this network; it has {known}")
    return {name: modules[name] for name in names}


def _keep(
    outputs: dict[str, Tensor], name: str, module: nn.Module, inputs: Any, output: Any
) -> Tensor:
    if not isinstance(output, Tensor):
        raise UserError(
            f"layer {name!r} puts out a {type(output).__name__}, not one tensor; "
            f"choose a layer inside it"
        )
    outputs[name] = output
    # What comes next may work in place (ReLU(inplace=True), +=): let it overwrite a copy.
    return output.clone()
