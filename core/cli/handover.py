"""``export`` and ``serve``: hand a trained network to others."""

import os
from argparse import Namespace

from core.cli.outcome import outcome, print_json
from core.cli.selection import UsageError, run_of


def export(options: Namespace) -> int:
    """Writes a checkpoint's network to a file."""
    from core.export import export as write

    run = run_of(options)
    exported = write(run, options.epoch, options.format, options.output)
    agreement = exported.agreement
    if options.json:
        values = {**outcome(run), "epoch": exported.epoch, "format": exported.format}
        values |= {"output": str(exported.path), "num_bytes": exported.num_bytes}
        print_json(values | {"agreement": agreement and vars(agreement)})
        return 0
    print(
        f"{exported.path}: {exported.format}, {exported.num_bytes:,} bytes, "
        f"epoch {exported.epoch} of run {run.id}"
    )
    if agreement is not None:
        print(
            f"agrees with PyTorch on {agreement.num_images} {exported.checked_on}: probabilities "
            f"differ by at most {agreement.probabilities:.1e}"
        )
    return 0


def serve(options: Namespace) -> int:
    """Answers predictions over HTTP until it is interrupted."""
    import torch

    from core.export.server import ServeError, check_address, serve
    from core.predictor import Predictor

    # From the environment, a key is not seen in the list of processes.
    token = options.token or os.environ.get("CONVSCOPE_TOKEN") or None
    try:
        check_address(options.host, options.port, token)
    except ServeError as error:
        raise UsageError(str(error)) from None
    torch.set_num_threads(1)  # more would wait for each other: an image takes a fraction of a ms
    predictor = Predictor.of(run_of(options), options.epoch)

    def announce(address: str) -> None:
        print(f"run {predictor.run_id}, epoch {predictor.epoch}: {address}", flush=True)
        print(f"try: curl -F file=@image.png {address}/predict", flush=True)

    try:
        serve(predictor, host=options.host, port=options.port, token=token, announce=announce)
    except KeyboardInterrupt:
        print("stopped")
    return 0
