"""A network as one ONNX file that takes pixels and answers with probabilities.

The normalisation is part of the graph, so that whoever uses the file cannot get it wrong:

- input ``pixels``: (N, C, H, W) float32 in [0, 1], N free;
- outputs ``logits`` and ``probabilities``: (N, K) float32.

What the file says is compared with PyTorch before the file appears under its name.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from core.errors import ExportError
from core.evaluation import evaluating
from core.preprocessing import to_pixels

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 20  # the first with Gelu as one operator; known to onnxruntime since 1.17
TOLERANCE = 1e-5  # float32 sums in another order were seen to differ by up to 1e-6
BATCH_SIZES = (1, 7)  # one, and one that no exporter would have guessed


@dataclass(frozen=True)
class Agreement:
    """How far the ONNX file and PyTorch are apart on real images.

    Attributes:
        num_images: how many images were compared.
        probabilities: largest difference of a probability.
        logits: largest difference of a logit, as a share of the largest logit (at least of 1).
    """

    num_images: int
    probabilities: float
    logits: float


class _FromPixels(nn.Module):
    """Logits and probabilities (N, K) from pixels (N, C, H, W) in [0, 1]."""

    mean: Tensor
    scale: Tensor

    def __init__(self, model: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("scale", torch.tensor([1 / value for value in std]).view(1, -1, 1, 1))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        logits: Tensor = self.model((pixels - self.mean) * self.scale)
        return logits, logits.softmax(1)


def to_onnx(
    model: nn.Module,
    mean: Sequence[float],
    std: Sequence[float],
    images: Tensor,
    metadata: Mapping[str, str],
) -> tuple[bytes, Agreement]:
    """The network as the bytes of an ONNX file, compared with PyTorch on `images`.

    Args:
        model: logits (N, K) from normalised images.
        mean: of the pixels in [0, 1], one number a channel.
        std: likewise.
        images: (N, C, H, W) uint8, at least one; seven or more test a larger batch too.
        metadata: what the file says about itself.

    Raises:
        ExportError: if the network cannot be exported or the file does not agree with PyTorch.
    """
    whole = _FromPixels(model, mean, std)
    pixels = to_pixels(images)
    with evaluating(whole), torch.no_grad():
        proto = _traced(whole, pixels)
        _tidy(proto, metadata)
        data: bytes = proto.SerializeToString()
        return data, _compare(data, whole, pixels)


def _traced(whole: nn.Module, pixels: Tensor) -> "ModelProto":
    example = torch.zeros_like(pixels[:1]).expand(2, -1, -1, -1).contiguous()
    try:
        with _quiet():
            program = torch.onnx.export(
                whole,
                (example,),  # a batch of two: of one, the exporter would take the size as fixed
                dynamo=True,
                input_names=["pixels"],
                output_names=["logits", "probabilities"],
                dynamic_shapes={"pixels": {0: torch.export.Dim("batch")}},
                opset_version=OPSET,
                external_data=False,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise ExportError(f"this network cannot be written as ONNX: {reason}") from error
    assert program is not None
    return program.model_proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences the exporter, which warns of its own deprecated calls."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _tidy(proto: "ModelProto", metadata: Mapping[str, str]) -> None:
    """Replaces the exporter's notes, which hold source paths of this machine, by `metadata`."""
    graph = proto.graph
    for part in (*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for holder in (graph, proto):
        holder.ClearField("metadata_props")
    for key, value in metadata.items():
        proto.metadata_props.add(key=key, value=value)


def _compare(data: bytes, whole: nn.Module, pixels: Tensor) -> Agreement:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    gaps = []
    for size in BATCH_SIZES:
        for batch in torch.split(pixels, size):
            answers = session.run(["logits", "probabilities"], {"pixels": batch.numpy()})
            gaps.append(_gap(whole(batch), [torch.from_numpy(part) for part in answers]))
    probabilities, logits = torch.stack(gaps).amax(0).tolist()  # NaN counts as the largest
    if not (probabilities <= TOLERANCE and logits <= TOLERANCE):
        raise ExportError(
            f"the ONNX file does not agree with PyTorch: probabilities differ by up to "
            f"{probabilities:.1e}, logits by {logits:.1e}, allowed is {TOLERANCE:g}"
        )
    return Agreement(len(pixels), probabilities, logits)


def _gap(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> Tensor:
    """Largest differences (2,) of probabilities and of logits, those as a share of the largest."""
    logits = (ours[0] - theirs[0]).abs().max() / ours[0].abs().max().clamp(min=1)
    return torch.stack([(ours[1] - theirs[1]).abs().max(), logits])
