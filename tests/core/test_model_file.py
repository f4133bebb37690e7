"""A saved network comes back bit by bit, or with a sentence that says why not."""

import json
import os
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import model_file
from core.config import ConvBlock, ModelConfig
from core.errors import ArchitectureError, DiskError, RunError, UserError
from core.model import ConvNet, load, read_metadata, save
from tests.core.architectures import Case, fitting_cases

TINY = ModelConfig(
    blocks=(ConvBlock(channels=2, batch_norm=True, residual=False, dropout=0.25),), dense=()
)


def tiny() -> ConvNet:
    torch.manual_seed(0)
    return ConvNet(TINY, (1, 5, 5), 2)


def save_tiny(path: Path, network: ConvNet | None = None, **changes: object) -> Path:
    about = {
        "classes": ("no", "yes"),
        "mean": (0.1307,),
        "std": (1 / 3,),
        "run_id": "r",
        "epoch": 7,
    }
    save(path, network or tiny(), **(about | changes))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save_tiny(tmp_path / "model.safetensors")


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(case=fitting_cases())
def test_round_trip_is_bitwise(tmp_path: Path, case: Case) -> None:
    network = ConvNet(*case).to(memory_format=torch.channels_last)
    network(torch.randn(4, *case[1]))  # batch norms have seen something
    classes = [f"klasse „{index}“" for index in range(case[2])]
    channels = case[1][0]
    file = tmp_path / "network.safetensors"
    save(file, network, classes=classes, mean=[0.1] * channels, std=[0.3] * channels)
    state = torch.random.get_rng_state()
    loaded = load(file)
    assert torch.equal(torch.random.get_rng_state(), state), "loading drew random numbers"
    assert (loaded.config, loaded.input_shape, loaded.num_classes) == case
    assert not loaded.training
    expected = network.state_dict()
    assert loaded.state_dict().keys() == expected.keys()
    for name, tensor in loaded.state_dict().items():
        assert torch.equal(tensor, expected[name]), name
    images = torch.randn(3, *case[1])
    assert torch.equal(
        loaded(images), network.eval().to(memory_format=torch.contiguous_format)(images)
    )


def test_metadata_come_back(path: Path) -> None:
    metadata = read_metadata(path)
    assert metadata.model_dump() == {
        "model": TINY.model_dump(),
        "input_shape": (1, 5, 5),
        "classes": ("no", "yes"),
        "mean": (0.1307,),
        "std": (1 / 3,),
        "dataset": "",
        "run_id": "r",
        "epoch": 7,
    }


def test_a_loaded_network_can_be_trained_on(path: Path) -> None:
    network = load(path).train()
    network(torch.randn(4, 1, 5, 5)).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_the_file_is_plain_safetensors_for_others(path: Path) -> None:
    tensors = safetensors.torch.load_file(path)
    assert tensors.keys() == tiny().state_dict().keys()


def test_a_flipped_bit_is_noticed_anywhere(path: Path) -> None:
    content = path.read_bytes()
    for position in range(0, len(content), 3):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        with pytest.raises(UserError):
            read_metadata(path)  # checks the weights as well


def test_every_truncation_is_noticed(path: Path) -> None:
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(RunError, match="not a complete safetensors file"):
            load(path)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=200))
def test_any_other_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(RunError, match="photo.jpg is not a complete safetensors file"):
        load(path)


@pytest.mark.parametrize("texts", [None, {"format": "pt"}])
def test_a_foreign_safetensors_file_is_refused(tmp_path: Path, texts: dict[str, str]) -> None:
    path = tmp_path / "bert.safetensors"
    safetensors.torch.save_file({"weight": torch.zeros(3)}, path, metadata=texts)
    with pytest.raises(RunError, match="was not written by ConvScope"):
        load(path)


def rewrite(path: Path, texts: dict[str, str], **tensors: torch.Tensor) -> None:
    """Signs changed content anew, as another program might write it."""
    weights = safetensors.torch.load_file(path) | tensors
    old = model_file._header_texts(path.read_bytes())
    new = {name: text for name, text in (old | texts).items() if name != "sha256"}
    new["sha256"] = model_file._checksum(weights, new)
    safetensors.torch.save_file(weights, path, metadata=new)


@pytest.mark.parametrize(
    ("texts", "error", "words"),
    [
        ({"version": "2"}, RunError, "has format version 2; this ConvScope reads 1"),
        ({"model": "{"}, RunError, "does not describe its network"),
        ({"epoch": "-1"}, RunError, "does not describe its network"),
        ({"std": "[0.0]"}, RunError, "does not describe its network"),
        ({"mean": "[0.1, 0.2]"}, ArchitectureError, "mean must have 1 entries"),
        ({"classes": '["a", "b", "c"]'}, ArchitectureError, "output.bias is 2 float32 in the file"),
        ({"input_shape": "[1, 2, 2]"}, ArchitectureError, "block 1: a 3×3 kernel does not fit"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(
    path: Path, texts: dict[str, str], error: type[UserError], words: str
) -> None:
    rewrite(path, texts)
    with pytest.raises(error, match=words):
        load(path)


def test_weights_of_another_network_are_refused(path: Path) -> None:
    rewrite(path, {}, **{"output.weight": torch.zeros(2, 17)})
    with pytest.raises(
        ArchitectureError, match="output.weight is 2×17 float32 in the file and 2×18"
    ):
        load(path)


def test_a_missing_file_a_folder_and_a_giant_are_refused(tmp_path: Path) -> None:
    giant = tmp_path / "giant.safetensors"
    with giant.open("wb") as file:
        file.truncate(10**10)  # a hole: takes no space
    for path, words in (
        (tmp_path / "nowhere", "cannot be read: No such file"),
        (tmp_path, "cannot be read: Is a directory"),
        (giant, "10,000,000,000 bytes, more than"),
    ):
        with pytest.raises(RunError, match=words):
            read_metadata(path)


def test_a_failed_write_keeps_the_old_file_and_leaves_no_other(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskError, match="disk full: .*model.safetensors could not be written"):
        save_tiny(path, epoch=8)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("place", "words"),
    [("none/model.safetensors", "No such file or directory"), (".", "Is a directory")],
)
def test_a_place_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, place: str, words: str
) -> None:
    with pytest.raises(DiskError, match=f"cannot be written: {words}"):
        save_tiny(tmp_path / place)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("field", ["classes", "mean", "std"])
def test_save_refuses_lists_of_the_wrong_length(tmp_path: Path, field: str) -> None:
    values = {"classes": ("a", "b", "c"), "mean": (0.1, 0.2), "std": ()}
    with pytest.raises(ArchitectureError, match=f"{field} must have"):
        save_tiny(tmp_path / "model", **{field: values[field]})
    assert not list(tmp_path.iterdir())


def test_metadata_are_json_strings(path: Path) -> None:
    texts = model_file._header_texts(path.read_bytes())
    assert json.loads(texts["classes"]) == ["no", "yes"]
    assert json.loads(texts["model"])["blocks"][0]["channels"] == 2
