"""One frozen description of a run: data, augmentation, model and training.

A hyperparameter is described once, here. Its range, scale, unit and help live on the field, and the
slider, the command line, the validation message and the documentation are all derived from it.
"""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.fields import FieldInfo

from core.errors import ConfigError

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
    return Field(default, description=help, json_schema_extra=guide, **bounds)  # type: ignore[arg-type,call-overload]


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
        "three quarters); cosine (down to a hundredth); one cycle (up from a twenty-fifth, then "
        "down to a hundredth). Extra epochs go on at the last rate.",
    )
    warmup: float = setting(
        0.25, "Share of the run in which the learning rate climbs from a twenty-fifth to its "
        "largest value.", step=0.05, ge=0, le=0.9,
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
        live=True, ge=0, le=1, raising="Smaller weights, less overfitting; too much learns nothing.",
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


def guide(field: FieldInfo) -> dict[str, Any]:
    """What `setting` recorded on a field: raising, unit, scale, step, live; empty for the rest."""
    extra = field.json_schema_extra
    return dict(extra) if isinstance(extra, dict) else {}


def bounds(field: FieldInfo) -> dict[str, float]:
    """The limits of a number, by pydantic's names: some of ge, gt, le, lt."""
    found: dict[str, float] = {}
    for limit in field.metadata:
        for name in ("ge", "gt", "le", "lt"):
            if (value := getattr(limit, name, None)) is not None:
                found[name] = value
    return found


def parse(values: Any) -> RunConfig:
    """The run's configuration from plain nested dicts, as in ``config.json``.

    Raises:
        ConfigError: with one sentence for each field that is unknown or out of range.
    """
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError([_explain(detail) for detail in error.errors()]) from None


def with_overrides(config: RunConfig, assignments: list[str]) -> RunConfig:
    """A copy with ``group.field=value`` assignments applied, in order.

    Values are read as JSON where they are JSON and as text otherwise; lists are reached by index,
    ``model.blocks[0].channels=8``, or replaced whole.

    Raises:
        ConfigError: if a path does not exist or a value does not fit its field.
    """
    values = config.model_dump(mode="json")
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals:
            raise ConfigError([(path, f"{assignment!r} is not of the form group.field=value")])
        _assign(values, path.strip(), _read_value(text.strip()))
    return parse(values)


def overrides_between(base: RunConfig, config: RunConfig) -> list[str]:
    """The shortest assignments that `with_overrides` needs to turn `base` into `config`."""
    changes: list[str] = []
    _collect_changes("", base.model_dump(mode="json"), config.model_dump(mode="json"), changes)
    return changes


def _collect_changes(path: str, old: Any, new: Any, changes: list[str]) -> None:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in new.items():
            _collect_changes(f"{path}.{key}" if path else key, old[key], value, changes)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            _collect_changes(f"{path}[{index}]", before, after, changes)
    else:
        text = new if isinstance(new, str) else json.dumps(new, separators=(",", ":"))
        changes.append(f"{path}={text}")


def _read_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _assign(values: dict[str, Any], path: str, value: Any) -> None:
    steps: list[str | int] = [
        int(step[1:-1]) if step.startswith("[") else step
        for step in re.findall(r"[^.\[\]]+|\[\d+\]", path)
    ]
    if not steps:
        raise ConfigError([(path, f"a setting needs a name such as training.epochs, got {path!r}")])
    target: Any = values
    for depth, step in enumerate(steps):
        here = ".".join(str(s) for s in steps[:depth]) or "the configuration"
        if isinstance(step, int) and isinstance(target, list):
            if step >= len(target):
                raise ConfigError([(path, f"{here} has {len(target)} entries, got [{step}]")])
        elif not isinstance(target, dict) or step not in target:
            known = ", ".join(target) if isinstance(target, dict) else "no fields"
            raise ConfigError([(path, f"{path} does not exist: {here} has {known}")])
        if depth == len(steps) - 1:
            target[step] = value
        else:
            target = target[step]


def field_at(path: str) -> FieldInfo | None:
    """The field that a path such as ``model.blocks[1].kernel_size`` names; None if there is none."""
    owner: Any = RunConfig
    field: FieldInfo | None = None
    for name in re.findall(r"[^.\[\]]+", re.sub(r"\[\d+\]", "", path)):
        if owner is None or name not in owner.model_fields:
            return None
        field = owner.model_fields[name]
        owner = _model_inside(field.annotation)
    return field


def _model_inside(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (inner := _model_inside(argument)) is not None:
            return inner
    return None


def allowed(field: FieldInfo) -> str:
    """The allowed values in words: ``lie in (0, 10]``, ``be one of adam, sgd``."""
    limits = bounds(field)
    if limits:
        low = f"[{limits['ge']:g}" if "ge" in limits else f"({limits.get('gt', float('-inf')):g}"
        high = f"{limits['le']:g}]" if "le" in limits else f"{limits.get('lt', float('inf')):g})"
        whole = "a whole number " if "int" in str(field.annotation) else ""
        return f"be {whole}in {low}, {high}" if whole else f"lie in {low}, {high}"
    if options := getattr(field.annotation, "__args__", ()):
        return "be one of " + ", ".join(str(option) for option in options)
    return "be true or false" if field.annotation is bool else "be text"


def _explain(detail: Any) -> tuple[str, str]:
    """One pydantic error as ``(path, sentence)``, in the words of the forms."""
    path = ""
    for step in detail["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    value = detail["input"]
    if detail["type"] == "extra_forbidden":
        owner = path.rpartition(".")[0]
        field = field_at(owner) if owner else None
        inside = _model_inside(field.annotation) if field else RunConfig
        known = ", ".join(inside.model_fields) if inside else "no fields"
        return path, f"{path} does not exist: {owner or 'the configuration'} has {known}"
    field = field_at(path)
    if field is None or _model_inside(field.annotation) is not None:
        return path, f"{path or 'the configuration'} is not valid ({detail['msg']}), got {value!r}"
    return path, f"{path} must {allowed(field)}, got {value!r}"
