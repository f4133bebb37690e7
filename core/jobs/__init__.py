"""Runs as processes: put into a queue, started by a supervisor, trained each by its own worker.

Pages and the command line only write down what they want (`core.jobs.control`). A detached
supervisor starts as many workers as the store allows and ends when nothing waits; a detached
worker trains one run. None of them needs the others to stay alive: the run folders are the truth,
and locks that the kernel frees tell who is there.
"""

from core.jobs.control import change, extend, kill, pause, queue, resume, start, stop
from core.jobs.processes import revive

__all__ = ["change", "extend", "kill", "pause", "queue", "resume", "revive", "start", "stop"]
