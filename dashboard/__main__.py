"""``python -m dashboard [--port 8501]``: serves the pages on this machine only."""

import argparse
import os
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = "127.0.0.1"


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m dashboard", description="ConvScope's pages.")
    parser.add_argument("--port", type=int, default=8501, help="port to listen on (8501)")
    parser.add_argument("--runs-dir", type=Path, help="folder of the runs (runs/)")
    return parser.parse_args(arguments)


def port_problem(port: int) -> str | None:
    """A sentence that says why `port` cannot be used, or None when it can."""
    if not 1 <= port <= 65535:
        return f"--port must be a whole number in [1, 65535], got {port}."
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except PermissionError:
            return f"Port {port} needs more rights than you have; choose one above 1023."
        except OSError:
            return (
                f"Port {port} is taken, perhaps by a dashboard that is already running: open "
                f"http://{ADDRESS}:{port}, or choose another with --port {port % 65535 + 1}."
            )
    return None


def main(arguments: list[str] | None = None) -> int:
    """Starts the server and blocks until it is stopped; the exit status."""
    options = parse_arguments(arguments)
    if problem := port_problem(options.port):
        print(problem, file=sys.stderr)
        return 1
    runs = options.runs_dir or Path(os.environ.get("CONVSCOPE_RUNS", "runs"))
    os.environ["CONVSCOPE_RUNS"] = str(runs.resolve())
    # Streamlit reads .streamlit/config.toml, with the loopback address in it, from here only.
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    sys.argv = sys.argv[:1]
    from dashboard.server import make_app  # streamlit takes a second: not before the port is known

    print(f"ConvScope is at http://{ADDRESS}:{options.port} (Ctrl+C stops it)", flush=True)
    make_app().run(config={"server.port": options.port, "server.address": ADDRESS})
    return 0


if __name__ == "__main__":
    sys.exit(main())
