"""The colours of both themes, safe for colour-blind eyes, in one place.

Categorical colours follow Okabe and Ito (2008), ordered so that neighbours differ in lightness too
and lifted for the dark theme. Sequential scales start at the page's own background, so that "none"
vanishes; diverging scales run from orange (negative) over the background (exactly zero) to blue
(positive), and belong to a symmetric range.

A figure for `components.plot` may use `TOKENS` instead of real colours: the browser then resolves
them against the theme that is showing, also when the theme is switched without a new figure.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

Scale = tuple[str, ...]


@dataclass(frozen=True)
class Palette:
    """Colours by their task; all are ``#rrggbb``, or tokens in `TOKENS`."""

    background: str
    surface: str
    border: str
    text: str
    muted: str
    primary: str
    train: str
    validation: str
    test: str
    good: str
    warning: str
    bad: str
    categorical: Scale
    sequential: Scale
    diverging: Scale


LIGHT = Palette(
    background="#ffffff",
    surface="#f4f6f8",
    border="#d9dfe5",
    text="#1b2530",
    muted="#5b6875",
    primary="#0069a6",
    train="#0072b2",
    validation="#d55e00",
    test="#00855f",
    good="#00795a",
    warning="#946200",
    bad="#b83a00",
    categorical=(
        "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6e7781",
        "#8c5a2b", "#5e4fa2", "#a3a500",
    ),
    sequential=(
        "#ffffff", "#e6f0f7", "#c9e0ef", "#a5cce4", "#7cb4d6", "#5199c6", "#2b7db3", "#0d639b",
        "#064b7b", "#053558",
    ),
    diverging=(
        "#7f2704", "#a63c06", "#d0601b", "#ee9a5f", "#f9d0b2", "#ffffff", "#bcd9ec", "#74afd6",
        "#2f82bd", "#0d5a95", "#063b66",
    ),
)  # fmt: skip

DARK = Palette(
    background="#12171d",
    surface="#1b222a",
    border="#323c47",
    text="#e4e9ee",
    muted="#9ba8b5",
    primary="#56b4e9",
    train="#56b4e9",
    validation="#f2a541",
    test="#3fc79a",
    good="#3fc79a",
    warning="#e9b949",
    bad="#ff8a5c",
    categorical=(
        "#56b4e9", "#f2a541", "#3fc79a", "#e29ac4", "#ff8a5c", "#f0e442", "#9ba8b5",
        "#c79a6b", "#a99be8", "#c3c94a",
    ),
    sequential=(
        "#12171d", "#162736", "#193a54", "#1c4e74", "#226493", "#2f7bb0", "#4794c9", "#67aede",
        "#93c8ee", "#c9e4f9",
    ),
    diverging=(
        "#ffc79a", "#fba263", "#e07b36", "#a85720", "#5f3719", "#12171d", "#1a3f5d", "#22689b",
        "#3a92cd", "#72b7e6", "#b7dcf8",
    ),
)  # fmt: skip

THEMES: dict[str, Palette] = {"light": LIGHT, "dark": DARK}


def _tokens() -> Palette:
    values: dict[str, Any] = {name: f"@{name}" for name in asdict(LIGHT)}
    for name in ("categorical", "sequential", "diverging"):
        values[name] = tuple(f"@{name}.{index}" for index in range(len(getattr(LIGHT, name))))
    return Palette(**values)


TOKENS = _tokens()  # "@train", "@categorical.3": only for figures that `components.plot` draws


def current() -> Palette:
    """The palette of the theme that the browser shows, for pictures made on the server."""
    return THEMES.get(st.context.theme.type or "light", LIGHT)


def colorscale(scale: Scale) -> list[list[float | str]]:
    """Plotly's form of a scale: evenly spaced ``[position in [0, 1], colour]`` pairs."""
    last = len(scale) - 1
    return [[index / last, color] for index, color in enumerate(scale)]


def by_theme(light: str, dark: str) -> str:
    """A token for `components.plot`: one colour on the light theme, another on the dark one."""
    return light if light == dark else f"{light}|{dark}"


def luminance(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., 3) bytes of sRGB as relative luminance, (...) in [0, 1], as WCAG 2 defines it."""
    shares = colors / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    found: NDArray[np.float64] = linear @ np.array([0.2126, 0.7152, 0.0722])
    return found


def rgb(color: str) -> tuple[int, int, int]:
    """The three bytes of a ``#rrggbb`` colour."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
