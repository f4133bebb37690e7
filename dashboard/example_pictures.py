"""Pictures and HTML that tell of one image: bars, attributions, first maps, neighbours. Pure.

Everything goes out as one piece of HTML with its pictures inside: what changes several times a
second must be whole in every message.
"""

import html
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard import sprites
from dashboard.palette import Palette, rgb
from dashboard.pictures import image_tag
from dashboard.text import clean, percent

MOST_BARS = 10  # classes that are listed; of more the likeliest are
# Of a map over an image: images are dark, whichever theme shows.
_FOR, _AGAINST = (np.array(rgb(color), float)[:, None, None] for color in ("#3aa0f0", "#ff7d26"))
_GREY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow converts

Heat = NDArray[np.float32]
Pixels = NDArray[np.uint8]


def answer_card(table: pd.DataFrame) -> str:
    """The predicted class in large letters, and a bar a class.

    Args:
        table: class and probability in [0, 1], in class order.
    """
    best = int(table["probability"].to_numpy().argmax())
    name, share = str(table["class"].iloc[best]), float(table["probability"].iloc[best])
    shown = table if len(table) <= 12 else table.nlargest(MOST_BARS, "probability")
    rows = "".join(
        _bar(str(name), float(value), index == best)
        for index, name, value in zip(
            shown.index, shown["class"], shown["probability"], strict=True
        )
    )
    size = "" if len(name) <= 3 else " cs-long"
    return (
        f'<div class="cs-verdict{size}"><b>{_text(name)}</b><span>{percent(share, 1)}</span></div>'
        f'<div class="cs-bars">{rows}</div>'
    )


def _bar(name: str, share: float, best: bool) -> str:
    kind = ' class="cs-best"' if best else ""
    number = percent(share, 1) if share >= 0.0005 else ""
    return (
        f"<span{kind}>{_text(name)}</span>"
        f'<i{kind}><u style="width:{share * 100:.2f}%"></u></i><span{kind}>{number}</span>'
    )


def nothing_yet(words: str) -> str:
    """In the place of an answer: what to do first."""
    return f'<div class="cs-verdict cs-long cs-faint">{_text(words)}</div>'


def heat_picture(heat: Heat, palette: Palette, limit: float | None = None) -> bytes:
    """A signed map (H, W) as a PNG: blue speaks for, orange against, the page's colour is zero."""
    return sprites.picture(sprites.signed(heat[None], palette.diverging, limit)[0])


def overlay_picture(heat: Heat, pixels: Pixels) -> bytes:
    """The map laid over its image in grey, more opaque where it is stronger.

    Args:
        heat: (H, W) signed.
        pixels: (C, H, W) uint8, the image.
    """
    grey = pixels[0] if len(pixels) == 1 else np.tensordot(_GREY, pixels, 1)
    reach = float(np.abs(heat).max(initial=0)) or 1.0
    # The square root lets weak values be seen, as on a map of their own.
    share = np.sqrt(np.abs(heat) / reach)[None] * 0.85
    color = np.where(heat[None] < 0, _AGAINST, _FOR)
    mixed = grey[None] * 0.6 * (1 - share) + color * share
    return sprites.picture(np.rint(mixed).clip(0, 255).astype(np.uint8))


def figure(png: bytes, caption: str, alt: str, width: int) -> str:
    """A picture with sharp pixels and a line below it; captions may hold our own HTML."""
    return (
        f'<figure style="width:{width}px">{image_tag(png, alt, stretch=True)}'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def figures(parts: Sequence[str]) -> str:
    """Figures in a row that wraps."""
    return f'<div class="cs-figures">{"".join(parts)}</div>'


def legend(limit: float, palette: Palette, width: int = 150) -> str:
    """The colours of a signed map with the numbers at their ends."""
    stops = ", ".join(palette.diverging)
    return (
        f'<div class="cs-legend" style="width:{width}px"><i style="background:'
        f'linear-gradient(90deg, {stops})"></i><span>−{limit:.2g}</span><span>0</span>'
        f"<span>+{limit:.2g}</span></div>"
    )


def neighbour_tiles(
    table: pd.DataFrame, pixels: Pixels, classes: Sequence[str], answer: int, width: int = 51
) -> str:
    """Training images with their labels and distances; other labels than the answer stand out."""
    tiles = []
    columns = (table["label"], table["distance"], table["index"], pixels)
    for label, distance, index, image in zip(*columns, strict=True):
        kind = "" if label == answer else ' class="cs-other"'
        caption = f"<b{kind}>{_text(classes[label])}</b><span>{distance:.3f}</span>"
        alt = f"Training image {index}, label {clean(classes[label])}"
        tiles.append(figure(sprites.picture(image), caption, alt, width))
    return figures(tiles)


def map_tiles(values: Heat, palette: Palette, layer: str, width: int = 48, most: int = 30) -> str:
    """The first of a layer's maps (C, H, W), on one range, so that a strong one looks stronger."""
    limit = float(np.abs(values).max(initial=0)) or 1.0
    tiles = [
        figure(heat_picture(one, palette, limit), str(channel), f"Map {channel}", width)
        for channel, one in enumerate(values[:most])
    ]
    number = f"{most} of {len(values)}" if len(values) > most else ""
    words = f'<span class="cs-faint">{_text(layer)} {number}</span>'
    return f'<div class="cs-over">First feature maps&ensp;{words}</div>{figures(tiles)}'


def _text(text: str) -> str:
    return html.escape(clean(text))
