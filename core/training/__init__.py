"""The training loop: a generator of records that can be paused, changed, saved and gone on with.

``for record in epochs(Training.begin(config, dataset)): ...``

The same configuration, seed, machine and thread count give bitwise the same weights, and so does a
run that was interrupted anywhere and restored from a checkpoint. For that, the order of an epoch's
images is a function of seed and epoch, and a checkpoint holds the random states, the position in
the epoch and the optimizer's tensors.
"""

from core.training.loop import epochs
from core.training.measurement import EpochResult, activation_statistics
from core.training.state import Progress, Training

__all__ = ["EpochResult", "Progress", "Training", "activation_statistics", "epochs"]
