"""One frozen description of a run: data, augmentation, model and training.

A hyperparameter is described once, in `core.config.fields`. Its range, scale, unit and help live on
the field, and the slider, the command line, the validation message and the documentation are all
derived from it.
"""

from core.config.description import allowed, bounds, field_at, guide
from core.config.fields import (
    GROUPS,
    Activation,
    AugmentationConfig,
    ConvBlock,
    DataConfig,
    DenseLayer,
    Device,
    ModelConfig,
    Optimizer,
    Pooling,
    RunConfig,
    Schedule,
    TrainingConfig,
    setting,
)
from core.config.overrides import live_values, overrides_between, parse, with_overrides

__all__ = [
    "GROUPS",
    "Activation",
    "AugmentationConfig",
    "ConvBlock",
    "DataConfig",
    "DenseLayer",
    "Device",
    "ModelConfig",
    "Optimizer",
    "Pooling",
    "RunConfig",
    "Schedule",
    "TrainingConfig",
    "allowed",
    "bounds",
    "field_at",
    "guide",
    "live_values",
    "overrides_between",
    "parse",
    "setting",
    "with_overrides",
]
