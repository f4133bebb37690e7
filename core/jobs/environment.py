"""What a training process sets before torch is loaded: threads, memory, its place behind the page.

This module must not import torch or numpy: the libraries under them read their environment once.
"""

import contextlib
import ctypes
import os

NICENESS = 5  # the page and the browser go first; an otherwise idle core is used in full
LOWEST = 19  # of what nobody waits for; trainings go first, too

# glibc's malloc.h. Freed memory is kept instead of given back: a batch's arrays come and go.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_MIB = 1 << 20


def prepare(threads: int, niceness: int | None = None) -> None:
    """Sets the thread count, how freed memory is kept, and a lower priority.

    Args:
        threads: of the numeric libraries; part of the run, since another count gives other bits.
        niceness: how much lower, 19 for the lowest there is; that of a training by default.
    """
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):  # some containers allow no change; training still works
            os.nice(NICENESS if niceness is None else niceness)
    keep_freed_memory()


def keep_freed_memory() -> bool:
    """Tells glibc to keep freed memory; False where there is another C library.

    Evaluation was measured 1.6 times as fast with it, training at large batches 1.1 to 1.4 times.
    """
    try:
        library = ctypes.CDLL(None)
        mallopt = library.mallopt
        library.gnu_get_libc_version  # noqa: B018  (musl has a mallopt without effect)
    except (OSError, AttributeError, TypeError):
        return False
    settings = (
        (_M_MMAP_THRESHOLD, 1024 * _MIB),
        (_M_TRIM_THRESHOLD, 2**31 - 1),
        (_M_TOP_PAD, 64 * _MIB),
    )
    answers = [mallopt(option, value) for option, value in settings]  # each of them is wanted
    return all(answers)
