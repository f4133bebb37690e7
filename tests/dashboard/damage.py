"""What can happen to a file on disk."""

from pathlib import Path

HARMS = ("missing", "truncated", "flipped")


def damage(file: Path, harm: str) -> None:
    """Takes the file away, cuts it in half or turns one of its bits."""
    data = bytearray(file.read_bytes())
    if harm == "missing":
        file.unlink()
    elif harm == "truncated":
        file.write_bytes(data[: len(data) // 2])
    else:
        data[-3] ^= 0x40
        file.write_bytes(data)
