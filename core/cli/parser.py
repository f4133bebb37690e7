"""The arguments of every command."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable

from core.cli import catalogue, evaluate, handover, manage, train
from core.export import FORMATS

Command = Callable[[Namespace], int]


def build_parser() -> ArgumentParser:
    """The parser; its options carry ``command``, the function that they are for."""
    parser = ArgumentParser(
        prog="python -m core",
        description="Train small convolutional image classifiers, look after runs, hand them over.",
        allow_abbrev=False,
    )
    _add_runs_dir(parser, default=None)
    commands = _Commands(parser)
    _add_training(commands)
    _add_management(commands)
    _add_handover(commands)
    commands.add("presets", catalogue.presets, "list the ready-made runs")
    commands.add("datasets", catalogue.datasets, "list the data sets")
    commands.add("settings", catalogue.settings, "list every setting: range, default, unit, help")
    return parser


class _Commands:
    """Adds commands that share the form of their options."""

    def __init__(self, parser: ArgumentParser):
        self._parsers = parser.add_subparsers(
            required=True, metavar="COMMAND", title="commands", dest="name_of_command"
        )

    def add(self, name: str, command: Command, help: str, epilog: str = "") -> ArgumentParser:
        """A command without options other than ``--runs-dir``."""
        parser = self._parsers.add_parser(
            name,
            help=help,
            description=help[0].upper() + help[1:] + ".",
            epilog=epilog,
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        # Left out here, the value given before the command stays.
        _add_runs_dir(parser, default=SUPPRESS)
        parser.set_defaults(command=command)
        return parser

    def add_for_run(self, name: str, command: Command, help: str) -> ArgumentParser:
        """A command for one run."""
        parser = self.add(name, command, help)
        parser.add_argument("run", metavar="RUN", help="an id, the start of one, or 'latest'")
        return parser


def _add_runs_dir(parser: ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--runs-dir",
        metavar="FOLDER",
        default=default,
        help="where the runs are kept (default: the environment variable CONVSCOPE_RUNS, or runs)",
    )


def _add_json(parser: ArgumentParser, text: str = "print one JSON object as the last line") -> None:
    parser.add_argument("--json", action="store_true", help=text)


def _add_set(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="GROUP.FIELD=VALUE",
        help="give a setting a value, as in training.learning_rate=0.002; can be repeated",
    )


def _add_epoch(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--epoch", type=int, metavar="K", help="a finished epoch, 0 for untrained (default: last)"
    )


def _add_training(commands: _Commands) -> None:
    parser = commands.add(
        "train",
        train.train,
        "train a network and follow it; Ctrl-C stops it and keeps its checkpoint",
        epilog="settings:\n" + catalogue.settings_text(),
    )
    parser.add_argument("--preset", default="classic", help="what to start from (default: classic)")
    parser.add_argument("--dataset", metavar="NAME", help="the same as --set data.name=NAME")
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the training images")
    parser.add_argument("--seed", type=int, metavar="N", help="the same as --set training.seed=N")
    _add_set(parser)
    parser.add_argument("--name", default="", help="what to call the run")
    parser.add_argument(
        "--decisions", metavar="FILE", help="learn with what reviewers decided about the training "
        "images: a downloaded review file, or the overlay.json of another run",
    )  # fmt: skip
    parser.add_argument(
        "--learn-ambiguous", action="store_true", help="with --decisions: learn images that were "
        "marked ambiguous as they are labelled (default: leave them out)",
    )  # fmt: skip
    _add_following(parser)
    parser = commands.add_for_run(
        "resume", train.resume, "go on with a run from its last checkpoint, and follow it"
    )
    parser.add_argument(
        "--more",
        type=int,
        metavar="N",
        help="train N epochs more: than planned, or than it has where it has ended",
    )
    _add_following(parser)


def _add_following(parser: ArgumentParser) -> None:
    parser.add_argument("--detach", action="store_true", help="start it and do not wait for it")
    _add_json(parser, "print one JSON object as the last line; progress goes to stderr")


def _add_management(commands: _Commands) -> None:
    parser = commands.add("runs", manage.runs, "list the runs, newest first")
    _add_json(parser, "print one JSON list of objects, a run each")
    parser = commands.add_for_run(
        "evaluate", evaluate.evaluate, "compute a run's predictions anew, and how right they are"
    )
    _add_epoch(parser)
    _add_json(parser)
    for name, command, help in (
        ("pause", manage.pause, "hold a run within one batch"),
        ("stop", manage.stop, "end a run within one batch, with a checkpoint to go on from"),
        ("change", manage.change, "change settings of a run while it trains"),
    ):
        parser = commands.add_for_run(name, command, help)
        if name == "change":
            _add_set(parser)
        _add_json(parser)
    parser = commands.add_for_run("delete", manage.delete, "remove a run with all its files")
    parser.add_argument("--yes", action="store_true", help="really do it")


def _add_handover(commands: _Commands) -> None:
    parser = commands.add_for_run("export", handover.export, "write a run's network to a file")
    _add_epoch(parser)
    parser.add_argument("--format", choices=FORMATS, required=True, help="the kind of file")
    parser.add_argument("--output", metavar="FILE", required=True, help="where to write it")
    _add_json(parser)
    parser = commands.add_for_run(
        "serve", handover.serve, "answer predictions over HTTP, on this machine only"
    )
    _add_epoch(parser)
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one (default: 8000)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on; others than one of this "
        "machine's own need --token (default: 127.0.0.1)",
    )  # fmt: skip
    parser.add_argument(
        "--token", metavar="KEY", help="the key that requests must carry, as in 'Authorization: "
        "Bearer KEY' (default: the environment variable CONVSCOPE_TOKEN, or none)",
    )  # fmt: skip
