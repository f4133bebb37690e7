"""The command line, for scripts and for people without a browser: ``python -m core --help``.

It reads and writes the same run folders as the dashboard, and starts runs through the same queue.
Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""

import os
import sys
from collections.abc import Sequence

from core.cli.parser import build_parser
from core.cli.selection import UsageError
from core.errors import ArchitectureError, ConfigError, UserError

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Carries out a command; returns the exit status.

    Args:
        arguments: without the program's name; None takes those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a question mark, not a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    options = build_parser().parse_args(arguments)
    try:
        status: int = options.command(options)
        sys.stdout.flush()
        return status
    except (ConfigError, ArchitectureError, UsageError) as error:
        return _complain(str(error), WRONG_USAGE)
    except UserError as error:
        return _complain(str(error), FAILED)
    except BrokenPipeError:
        # Whoever read our output has gone, as `| head` does; nothing more can be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _complain(f"{place}{error.strerror or error}", FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED


def _complain(sentence: str, status: int) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return status
