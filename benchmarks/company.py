"""Throughput of a training beside a busy neighbour: a browser, a page, another run."""

import multiprocessing
import time
from multiprocessing.synchronize import Event

import torch

from benchmarks.training_speed import OurLoop, our_loop
from benchmarks.turns import in_turns, report

STEPS = 100
AIM = 0.85


def main() -> None:
    """Prints the share of the quiet throughput that is left, wall time, on one thread."""
    torch.set_num_threads(1)
    context = multiprocessing.get_context("spawn")
    busy, end = context.Event(), context.Event()
    neighbour = context.Process(target=spin, args=(busy, end), daemon=True)
    neighbour.start()
    loop = OurLoop(our_loop("training.batch_size=64"))

    def beside() -> None:
        busy.set()
        loop.learn(STEPS)
        busy.clear()

    timings = in_turns({"quiet": lambda: loop.learn(STEPS), "beside": beside}, 4, time.perf_counter)
    end.set()
    share = timings["quiet"].median / timings["beside"].median
    report("With one busy neighbour, wall time", [f"{share:.2f} of the quiet rate (aim {AIM})"])


def spin(busy: Event, end: Event) -> None:
    """Keeps one core busy while asked to."""
    while not end.is_set():
        if busy.wait(0.05):
            sum(range(20_000))


if __name__ == "__main__":
    main()
