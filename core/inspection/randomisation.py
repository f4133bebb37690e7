"""Whether an attribution shows what was learnt, or only the image.

Adebayo et al. 2018 (arXiv:1810.03292): forget the weights and look whether the map changes.
"""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.inspection.attribution import Attribution, Method, attribute


@dataclass(frozen=True, eq=False)  # eq would compare arrays element by element
class RandomisationCheck:
    """Whether an attribution depends on what was learnt.

    Attributes:
        learnt: of the network as it is.
        randomised: of the same network with its weights shuffled.
        similarity: Spearman's rank correlation of the two heat maps' absolute values, in [-1, 1];
            0 where one of them is the same everywhere. Near 1, the map shows the image rather than
            what was learnt about it.
    """

    learnt: Attribution
    randomised: Attribution
    similarity: float


def randomisation_check(
    model: nn.Module,
    image: Tensor,
    method: Method,
    target: int,
    *,
    seed: int = 0,
    **options: Any,
) -> RandomisationCheck:
    """The attribution beside that of the same network with shuffled weights.

    Args:
        model: as in `attribute`.
        image: likewise.
        method: likewise.
        target: likewise.
        seed: of the shuffling.
        **options: the other arguments of `attribute`.

    Raises:
        UserError: as `attribute` does.
    """
    learnt = attribute(model, image, method, target, **options)
    other = attribute(shuffled(model, seed), image, method, target, **options)
    return RandomisationCheck(learnt, other, _rank_correlation(learnt.heat, other.heat))


def shuffled(model: nn.Module, seed: int) -> nn.Module:
    """A copy whose every parameter tensor holds its own numbers in random order.

    So it has forgotten what it learnt and has kept the size of its weights. Statistics of batch
    norms stay.
    """
    generator = torch.Generator().manual_seed(seed)
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in twin.parameters():
            order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
            parameter.copy_(parameter.reshape(-1)[order].view(parameter.shape))
    return twin


def _rank_correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    import pandas as pd

    ranks = [pd.Series(np.abs(heat).ravel()).rank().to_numpy() for heat in (first, second)]
    if any(np.ptp(rank) == 0 for rank in ranks):
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
