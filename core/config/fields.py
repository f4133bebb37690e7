"""The fields of a run: data, augmentation, model and training.

A hyperparameter is described once, here. Its range, scale, unit and help live on the field, and the
slider, the command line, the validation message and the documentation are all derived from it.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Activation = Literal["relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid", "none"]
Pooling = Literal["none", "max", "average"]
Optimizer = Literal["sgd", "adam", "adamw", "rmsprop"]
Schedule = Literal["constant", "step", "cosine", "one_cycle"]
Device = Literal["auto", "cpu", "cuda", "mps"]


def setting(
    default: Any,
    help: str,
    *,
    raising: str = "",
    unit: str = "",
    scale: Literal["linear", "log"] = "linear",
    step: float | None = None,
    live: bool = False,
    **bounds: float,
) -> Any:
    """A config field with all that a form needs to draw it.

    Args:
        default: the value when nothing is said.
        help: what the field is.
        raising: what changes when its value is raised.
        unit: what is counted, as shown behind the number.
        scale: how a slider spaces its positions.
        step: the distance of two slider positions on a linear scale.
        live: whether a run that is training can take a new value.
        **bounds: ``ge``, ``gt``, ``le``, ``lt``, as in pydantic.
    """
    guide = {"raising": raising, "unit": unit, "scale": scale, "step": step, "live": live}
    return Field(default, description=help, json_schema_extra=guide, **bounds)  # type: ignore[call-overload]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DataConfig(_Frozen):
    """Which images are learnt from, and which are held out."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)] = setting(
        "mnist", "The data set."
    )
    validation_size: int | None = setting(
        None,
        "Training images held out for validation, the same number of every class in proportion. "
        "Left empty: 5,000, or a fifth of the training images where there are fewer than 25,000.",
        raising="The validation numbers get steadier, and there is less to learn from.",
        unit="images", step=100, ge=10, le=50_000,
    )  # fmt: skip
    train_limit: int = setting(
        0,
        "Train on the first so many training images only; 0 takes all of them.",
        raising="Epochs take longer and the test accuracy usually rises.",
        unit="images", step=1000, ge=0, le=1_000_000,
    )  # fmt: skip
    split_seed: int = setting(
        0,
        "Chooses which images are held out. Keep it when you compare runs.",
        step=1, ge=0, le=2**31 - 1,
    )  # fmt: skip


class AugmentationConfig(_Frozen):
    """Random changes made to every training image, anew each time it is shown."""

    rotation: float = setting(
        0.0, "Largest turn to either side.", unit="degrees", step=1.0, live=True, ge=0, le=180,
        raising="Slanted images are read better; too much makes 6 and 9 alike.",
    )  # fmt: skip
    shift: float = setting(
        0.0, "Largest move along each axis.", unit="pixels", step=1.0, live=True, ge=0, le=8,
        raising="Off-centre images are read better; learning takes more epochs.",
    )  # fmt: skip
    scale: float = setting(
        0.0, "Largest growth or shrinkage, as a share of the size.", step=0.01, live=True,
        ge=0, le=0.5, raising="Small and large images are read better; learning takes longer.",
    )  # fmt: skip
    shear: float = setting(
        0.0, "Largest slant.", unit="degrees", step=1.0, live=True, ge=0, le=45,
        raising="Slanted handwriting is read better; learning takes more epochs.",
    )  # fmt: skip
    noise: float = setting(
        0.0, "Standard deviation of the noise added to pixels in [0, 1].", step=0.01, live=True,
        ge=0, le=0.5, raising="Grainy images are read better; fine detail is lost.",
    )  # fmt: skip
    cutout: int = setting(
        0, "Side of a square that is blanked at a random place; 0 turns it off.", unit="pixels",
        step=1, live=True, ge=0, le=16,
        raising="The network must look at the whole image; the training loss rises.",
    )  # fmt: skip


class ConvBlock(_Frozen):
    """Convolution, then batch norm, activation, pooling and dropout as chosen."""

    channels: int = setting(
        16, "Output channels: how many filters the layer learns.", step=1, ge=1, le=512,
        raising="More patterns can be told apart; time and parameters grow in proportion.",
    )  # fmt: skip
    kernel_size: int = setting(
        3, "Side of the square window each filter sees.", unit="pixels", step=1, ge=1, le=11,
        raising="Each filter sees more context; parameters grow with the square.",
    )  # fmt: skip
    stride: int = setting(
        1, "Pixels between two positions of the window.", unit="pixels", step=1, ge=1, le=4,
        raising="Smaller, coarser maps and less work.",
    )  # fmt: skip
    padding: int = setting(
        0, "Rows of zeros put around the input.", unit="pixels", step=1, ge=0, le=5,
        raising="Larger maps; the rim of the image counts more.",
    )  # fmt: skip
    activation: Activation = setting("relu", "The non-linear function after the convolution.")
    batch_norm: bool = setting(
        False, "Normalise each channel over the batch: steadier, and larger rates are possible."
    )
    residual: bool = setting(
        False,
        "Add the block's input to the result, before the activation. "
        "Channels and size must stay the same.",
    )
    pooling: Pooling = setting("none", "Keep the largest value, or the mean, of each small window.")
    pool_size: int = setting(
        2, "Side of the pooling window, and its step.", unit="pixels", step=1, ge=2, le=8,
        raising="Smaller maps: less work, less detail of place.",
    )  # fmt: skip
    dropout: float = setting(
        0.0, "Share of channels silenced at random while training.", step=0.05, live=True,
        ge=0, le=0.9, raising="Less overfitting; learning takes longer.",
    )  # fmt: skip


class DenseLayer(_Frozen):
    """A fully connected layer between the maps and the output."""

    width: int = setting(
        64, "Units in the layer.", unit="units", step=1, ge=1, le=4096,
        raising="More can be combined; parameters grow in proportion.",
    )  # fmt: skip
    activation: Activation = setting("relu", "The non-linear function after the layer.")
    dropout: float = setting(
        0.0, "Share of units silenced at random while training.", step=0.05, live=True,
        ge=0, le=0.9, raising="Less overfitting; learning takes longer.",
    )  # fmt: skip


class ModelConfig(_Frozen):
    """Conv blocks, then dense layers; the output layer with one unit a class is always added."""

    blocks: tuple[ConvBlock, ...] = Field(
        (
            ConvBlock(channels=6, pooling="max"),
            ConvBlock(channels=36, pooling="max"),
        ),
        description="The convolutional blocks, input first.",
        max_length=20,
    )
    dense: tuple[DenseLayer, ...] = Field(
        (DenseLayer(width=120), DenseLayer(width=84)),
        description="The dense layers between the last maps and the output layer.",
        max_length=10,
    )


class TrainingConfig(_Frozen):
    """How the weights are learnt."""

    epochs: int = setting(
        3, "Passes over the training images.", unit="epochs", step=1, ge=1, le=1000,
        raising="Longer training, usually better until the validation loss turns up.",
    )  # fmt: skip
    batch_size: int = setting(
        64, "Images in one step.", unit="images", scale="log", live=True, ge=10, le=4096,
        raising="Faster epochs and smoother steps, but fewer of them: raise the learning rate too.",
    )  # fmt: skip
    optimizer: Optimizer = setting("adam", "The rule that turns gradients into steps.")
    learning_rate: float = setting(
        0.005, "Size of a step; with a schedule, the largest it reaches.", scale="log", live=True,
        gt=0, le=10, raising="Faster learning, until the loss jumps about or blows up.",
    )  # fmt: skip
    schedule: Schedule = setting(
        "one_cycle",
        "How the learning rate moves over the run: constant; step (to a tenth at half and at "
        "three quarters); cosine (down to a hundredth); one cycle (up, then straight down to a "
        "hundredth). Epochs beyond the planned ones go on at the last rate.",
    )
    warmup: float | None = setting(
        None, "Share of the run in which the learning rate climbs from a twenty-fifth to its "
        "largest value. Left empty: a quarter for one cycle, none for the others.",
        step=0.05, ge=0, le=0.9,
        raising="A gentler start; less time at the full rate.",
    )  # fmt: skip
    momentum: float = setting(
        0.9, "How much of the last step goes into the next; used by SGD and RMSprop.", step=0.01,
        ge=0, le=0.999, raising="Smoother, longer steps; too much overshoots.",
    )  # fmt: skip
    nesterov: bool = setting(
        True, "SGD looks ahead along its momentum; without momentum it has no effect."
    )
    weight_decay: float = setting(
        0.0, "How strongly weights are pulled towards zero; 0 turns it off.", scale="log",
        live=True, ge=0, le=1, raising="Smaller weights, less overfitting; too much learns little.",
    )  # fmt: skip
    label_smoothing: float = setting(
        0.0, "Share of the target given to the other classes.", step=0.01, ge=0, le=0.5,
        raising="Less over-confident probabilities; the loss no longer reaches zero.",
    )  # fmt: skip
    gradient_clip: float = setting(
        0.0, "Largest gradient norm of a step; 0 turns clipping off.", step=0.1, ge=0, le=100,
        raising="Fewer steps are shortened.",
    )  # fmt: skip
    early_stopping: int = setting(
        0, "Stop after so many epochs without a better validation loss; 0 turns it off.",
        unit="epochs", step=1, ge=0, le=100, raising="More patience.",
    )  # fmt: skip
    seed: int = setting(
        0, "Fixes the first weights, the order of the images and every random change.", step=1,
        ge=0, le=2**31 - 1,
    )  # fmt: skip
    device: Device = setting("auto", "Where the work is done; auto takes a GPU where there is one.")
    threads: int = setting(
        1, "Processor threads. One leaves the page responsive; another count gives other bits.",
        unit="threads", step=1, ge=1, le=64,
        raising="Faster on an idle machine, slower on a busy one.",
    )  # fmt: skip
    mixed_precision: bool = setting(
        False, "Compute in bfloat16 where it is safe: faster on wide networks, slightly less exact."
    )


class RunConfig(_Frozen):
    """Everything that decides what a run computes."""

    data: DataConfig = DataConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()


GROUPS: tuple[str, ...] = tuple(RunConfig.model_fields)
