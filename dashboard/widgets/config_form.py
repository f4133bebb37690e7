"""The form of a run, generated from the config fields: presets, then one tab a group."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from core.config import RunConfig, field_at
from core.datasets.catalog import CATALOG
from core.errors import ArchitectureError, ConfigError
from core.presets import PRESETS
from dashboard import draft, wording
from dashboard.live_changes import EPOCHS, is_live
from dashboard.text import counted, escaped
from dashboard.widgets.field_input import OnChange, field_input

_LAYERS = {"blocks": ("Conv block", 20), "dense": ("Dense layer", 10)}
_TRAINING_FIRST = (
    "epochs", "batch_size", "learning_rate", "schedule", "optimizer", "weight_decay",
)  # fmt: skip


class ConfigForm:
    """Draws the groups of a draft; each is a method, so that a page decides where it goes.

    Args:
        config: what the fields stand at.
        problem: why the network cannot exist, if it cannot; told at its field.
        on_change: called with path and value after a field was moved and the draft has it.
        live: a run is training that takes new values of some fields; those are marked.
    """

    def __init__(
        self,
        config: RunConfig,
        problem: ArchitectureError | None,
        on_change: OnChange,
        live: bool,
    ):
        self._config = config
        self._problem = problem
        self._on_change = on_change
        self._live = live

    def preset_choice(self, chosen: draft.Draft) -> None:
        """Buttons of the presets, what the chosen one is, and how far the draft has moved."""

        def choose() -> None:
            if st.session_state["preset"]:
                draft.choose_preset(st.session_state["preset"])

        st.session_state["preset"] = chosen.preset
        st.segmented_control(
            "Preset",
            list(PRESETS),
            format_func=lambda name: PRESETS[name].title,
            key="preset",
            on_change=choose,
            required=True,
            label_visibility="collapsed",
            width="stretch",
        )
        # The epochs of a run that is training are its own: undoing leaves them.
        own = (f"{EPOCHS}=",) if self._live else ()
        changes = len([change for change in chosen.changes if not change.startswith(own)])
        with st.container(horizontal=True, wrap=False, gap="small"):
            st.caption(escaped(PRESETS[chosen.preset].description), width="stretch")
            if changes:
                st.button(
                    f"Undo {counted(changes, 'change')}",
                    type="tertiary",
                    on_click=lambda: draft.replace(draft.Draft(chosen.preset)),
                    help="Back to the preset as it is.",
                )

    def data(self) -> None:
        """Data set, held-out images and subset."""
        self._data_set()
        entry = CATALOG.get(self._config.data.name)
        self._grid("data", ["train_limit", "validation_size", "split_seed"],
                   most=entry.num_train if entry else None)  # fmt: skip

    def augmentation(self) -> None:
        """The random changes of training images."""
        self._grid("augmentation", type(self._config.augmentation).model_fields)

    def model(self) -> None:
        """Conv blocks and dense layers, each in a fold of its own."""
        for kind in _LAYERS:
            self._layers(kind)

    def training(self) -> None:
        """Epochs and rates first; what is rarely touched in a fold."""
        self._grid("training", _TRAINING_FIRST)
        fields = type(self._config.training).model_fields
        with st.expander("More training settings", key="more training"):
            self._grid("training", [name for name in fields if name not in _TRAINING_FIRST])

    def _data_set(self) -> None:
        def changed() -> None:
            self._changed("data.name", st.session_state["setting data name"])

        name = self._config.data.name
        st.session_state["setting data name"] = name
        st.selectbox(
            "Data set",
            list(CATALOG) if name in CATALOG else [name, *CATALOG],
            format_func=lambda key: CATALOG[key].title if key in CATALOG else str(key),
            key="setting data name",
            on_change=changed,
            help="What is learnt. The ones that do not come with ConvScope are downloaded once.",
        )
        if name in CATALOG:
            st.caption(escaped(CATALOG[name].description))

    def _layers(self, kind: str) -> None:
        word, most = _LAYERS[kind]
        layers = getattr(self._config.model, kind)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{wording.field_title(f'model.{kind}')}**", width="stretch")
            st.button(
                f"Add {word.lower()}",
                key=f"add {kind}",
                type="tertiary",
                icon=":material/add:",
                on_click=draft.add,
                args=(kind,),
                disabled=len(layers) >= most,
            )
        if self._problem and self._problem.path == f"model.{kind}":
            st.markdown(f":red[⚠ {escaped(_sentence(self._problem))}]")
        if not layers:
            nothing = "the pixels go straight on" if kind == "blocks" else "straight to the output"
            st.caption(f"None: {nothing}.")
        for index, layer in enumerate(layers):
            self._layer(kind, index, layer)

    def _layer(self, kind: str, index: int, layer: Any) -> None:
        path = f"model.{kind}[{index}]"
        word = _LAYERS[kind][0]
        broken = self._problem is not None and self._problem.path.startswith(f"{path}.")
        warning = "⚠ " if broken else ""
        title = f"{warning}{word} {index + 1} :gray[· {_summary(layer)}]"
        with st.expander(title, key=f"fold {kind} {index} {broken}", expanded=broken):
            self._grid(path, type(layer).model_fields)
            st.button(
                f"Remove {word.lower()} {index + 1}",
                key=f"remove {kind} {index}",
                type="tertiary",
                icon=":material/delete:",
                on_click=draft.remove,
                args=(kind, index),
            )

    def _grid(self, prefix: str, names: Iterable[str], most: int | None = None) -> None:
        """Fields in two columns, row by row, so that the keyboard walks them as they are read."""
        # Switches last: beside one another they need less room than beside a slider.
        names = sorted(names, key=lambda name: _is_switch(f"{prefix}.{name}"))
        for start in range(0, len(names), 2):
            columns = st.columns(2, gap="medium")
            for column, name in zip(columns, names[start : start + 2], strict=False):
                with column:
                    self._field(f"{prefix}.{name}", most)

    def _field(self, path: str, most: int | None) -> None:
        live = self._live and is_live(path)
        problem = self._problem if self._problem and self._problem.path == path else None
        field_input(
            path,
            _value_at(self._config, path),
            self._changed,
            mark=" :blue[· live]" if live else "",
            problem=str(problem) if problem else "",
            disabled=without_effect(self._config, path),
            most=most if path == "data.train_limit" else None,
        )

    def _changed(self, path: str, value: Any) -> None:
        try:
            draft.set_value(path, value)
        except ConfigError as error:
            st.toast(escaped(str(error)), icon="⚠️")
        else:
            self._on_change(path, value)


def _is_switch(path: str) -> bool:
    field = field_at(path)
    return field is not None and field.annotation is bool


def without_effect(config: RunConfig, path: str) -> bool:
    """Whether another setting makes this one idle, such as the momentum of Adam."""
    name = path.rpartition(".")[2]
    optimizer = config.training.optimizer
    if path == "training.momentum":
        return optimizer in ("adam", "adamw")
    if path == "training.nesterov":
        return optimizer != "sgd" or config.training.momentum == 0
    if name == "pool_size":
        return bool(_value_at(config, path.replace("pool_size", "pooling")) == "none")
    return False


def _value_at(config: RunConfig, path: str) -> Any:
    value: Any = config
    for step in path.replace("[", ".").replace("]", "").split("."):
        value = value[int(step)] if step.isdigit() else getattr(value, step)
    return value


def _summary(layer: Any) -> str:
    """A layer in a few words: ``6 filters 3×3, ReLU, max pooling 2×2``."""
    if not hasattr(layer, "kernel_size"):
        parts = [counted(layer.width, "unit")]
    else:
        size = f"{layer.kernel_size}×{layer.kernel_size}"
        parts = [f"{counted(layer.channels, 'filter')} {size}"]
        parts += ["batch norm"] if layer.batch_norm else []
        parts += ["residual"] if layer.residual else []
    parts += [] if layer.activation == "none" else [wording.option_title(layer.activation)]
    if getattr(layer, "pooling", "none") != "none":
        parts.append(f"{layer.pooling} pooling {layer.pool_size}×{layer.pool_size}")
    return ", ".join(parts)


def _sentence(problem: ArchitectureError) -> str:
    text = str(problem)
    return text[0].upper() + text[1:] + "."
