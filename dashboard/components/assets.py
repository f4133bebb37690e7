"""What the components' files are joined to: each component is one script and one sheet of styles.

``dom.js`` makes elements, ``events.js`` reports what is done so that nothing is lost,
``palette.js`` has the theme's colours, and ``base.css`` is what every component looks like whose
root has the class ``part``.
"""

import json
from dataclasses import asdict
from pathlib import Path

from dashboard.palette import THEMES

_FOLDER = Path(__file__).parent


def joined(*names: str) -> str:
    """The text of these files one after the other, with the palettes where one asks for them."""
    source = "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)
    palettes = json.dumps({name: asdict(palette) for name, palette in THEMES.items()})
    return source.replace("__PALETTES__", palettes)
