"""What a user can put right, said in one sentence each.

Every error that a user's input, file or disk can cause derives from `UserError`. The command line
prints its text and the pages show it, both without a traceback; anything else is a defect of ours.
"""


class UserError(ValueError):
    """A sentence that says what is wrong, with the allowed range and the value, and what to do."""


class ConfigError(UserError):
    """A field of a run's configuration is missing, unknown or out of range.

    Attributes:
        problems: one ``(path, sentence)`` a field, the path as in ``training.learning_rate``.
    """

    def __init__(self, problems: list[tuple[str, str]]):
        self.problems = problems
        super().__init__("; ".join(sentence for _, sentence in problems))


class ArchitectureError(UserError):
    """Layers that cannot follow one another for the given input size.

    Attributes:
        path: the field to change, such as ``model.blocks[1].kernel_size``.
    """

    def __init__(self, path: str, sentence: str):
        self.path = path
        super().__init__(sentence)


class DatasetError(UserError):
    """A data set is unknown, missing, incomplete or not what its checksum promises."""


class RunError(UserError):
    """A run folder, or a file in it, is missing, damaged, foreign or in use."""


class DiskError(RunError):
    """The disk is full or read-only: nothing more can be saved."""


class DivergenceError(UserError):
    """Training blew up: the loss is not finite or has exploded."""


class ExportError(UserError):
    """A model could not be exported, or the exported file does not agree with PyTorch."""


class ReviewError(UserError):
    """A review file is damaged or of another data set, or an image cannot be marked like this."""
