"""Words and numbers as the pages write them."""

import math
import re
from datetime import datetime

# Control characters, and the bidirectional ones that make text read other than it is stored.
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")


def clean(text: str, limit: int = 200) -> str:
    """`text` on one line, without control or bidirectional characters, at most `limit` long."""
    line = " ".join(_INVISIBLE.sub(" ", text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def escaped(text: str) -> str:
    """`text` so that Markdown shows it letter by letter, on one line."""
    return _SPECIAL.sub(r"\\\1", clean(text, limit=2000))


def sentence(text: str) -> str:
    """`text` with a capital at its start and a full stop at its end, harmless in Markdown."""
    line = clean(text, limit=2000)
    end = "" if not line or line.endswith((".", "!", "?", "…")) else "."
    return escaped(line[:1].upper() + line[1:]) + end


def quoted(text: str) -> str:
    """Text from outside in quotation marks, short and harmless in Markdown."""
    return f"“{escaped(clean(text, 60))}”"


def count(number: int) -> str:
    """``61,326``: whole numbers with separators."""
    return f"{number:,}"


def short_count(number: float) -> str:
    """``61.3 k``, ``1.24 M``: three figures, for totals that are read at a glance."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {letter}"
    return f"{number:.0f}"


def percent(share: float | None, digits: int = 2) -> str:
    """``98.71 %``; an em dash where there is no number yet."""
    return "—" if share is None or math.isnan(share) else f"{share * 100:.{digits}f} %"


def points(share: float, digits: int = 1) -> str:
    """``+1.2``, ``−0.4``, ``0.0``: a change of a share in percentage points; an em dash for none.

    One decimal more where there would be nothing but zeros: one image of 60,000 is 0.002 points.
    """
    if math.isnan(share):
        return "—"
    for decimals in (digits, digits + 1):
        text = f"{share * 100:+.{decimals}f}".replace("-", "−")
        if float(text[1:]) != 0:
            return text
    return f"{0:.{digits}f}"


def p_value(chance: float) -> str:
    """``0.031``, ``< 0.001``: how likely luck alone is, to three decimals; an em dash for none."""
    if math.isnan(chance):
        return "—"
    return f"{chance:.3f}" if chance >= 0.001 else "< 0.001"


def interval(low: float, high: float) -> str:
    """``97.10 to 98.30 %``: the ends of an interval of a share; an em dash for none."""
    return "—" if math.isnan(low) else f"{low * 100:.2f} to {percent(high)}"


def plain_number(value: float) -> str:
    """A number as a person writes it: ``0.005``, ``0.00001``, ``64``; never an exponent."""
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    return f"{value:.10f}".rstrip("0")


def duration(seconds: float | None) -> str:
    """``8 s``, ``2 min 05 s``, ``1 h 12 min``; an em dash for an unknown time."""
    if seconds is None or not math.isfinite(seconds):
        return "—"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 error``, ``1,204 errors``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def file_size(num_bytes: int) -> str:
    """``512 B``, ``4.1 KB``, ``1.3 MB``, in powers of 1,000 as disks are sold."""
    if num_bytes < 1000:
        return f"{num_bytes} B"
    for size, unit in ((1e9, "GB"), (1e6, "MB")):
        if num_bytes >= size:
            return f"{num_bytes / size:.1f} {unit}"
    return f"{num_bytes / 1000:.1f} KB"


def moment(when: datetime, now: datetime) -> str:
    """``14:03`` today, else ``3 Nov``, or ``3 Nov 2025`` in another year."""
    if when.date() == now.date():
        return f"{when:%H:%M}"
    return f"{when.day} {when:%b}" + ("" if when.year == now.year else f" {when.year}")
