"""Leaving the compiler out changes the start, and not one bit of the weights."""

import subprocess
import sys

import pytest

SCRIPT = """
import hashlib, sys
from core.training.eager import leave_out_compiler
if sys.argv[1] == "without":
    leave_out_compiler()
from core.config import RunConfig, with_overrides
from core.datasets import load
from core.training import Training, epochs
digest = hashlib.sha256()
for name in ("sgd", "adam", "adamw", "rmsprop"):
    config = with_overrides(RunConfig(), [
        "data.name=digits", "training.epochs=1", "training.optimizer=" + name,
        "training.gradient_clip=1", "model.blocks=[]", "model.dense[0].dropout=0.2"])
    training = Training.begin(config, load("digits"))
    list(epochs(training))
    for value in training.checkpoint().weights.values():
        digest.update(value.numpy().tobytes())
print(digest.hexdigest(), "sympy" in sys.modules)
"""


def learn(how: str) -> list[str]:
    command = [sys.executable, "-c", SCRIPT, how]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.slow
def test_the_weights_are_the_same_with_and_without_the_compiler():
    with_compiler, without = learn("with"), learn("without")
    assert with_compiler[0] == without[0]
    assert with_compiler[1] == "True", "torch no longer loads its compiler: drop the stand-in"
    assert without[1] == "False"
