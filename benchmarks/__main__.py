"""All measurements, or the named ones: ``python -m benchmarks [NAME ...]``."""

import importlib
import sys

# The quick ones first; time_to_accuracy trains every preset five times.
NAMES = (
    "training_speed", "run_store", "inspection", "pages", "review", "company", "time_to_accuracy",
)  # fmt: skip


def main() -> int:
    """Runs the measurements in order."""
    chosen = sys.argv[1:] or NAMES
    if unknown := [name for name in chosen if name not in NAMES]:
        print(f"no measurement {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in chosen:
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
