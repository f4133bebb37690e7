import json
import os
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from core import model
from core.config import ConvBlock, DenseLayer, ModelConfig
from core.errors import ConfigError, DatasetError, DiskError, ExportError, RunError
from core.evaluation import accuracy, predict
from core.export import export
from core.export.onnx import OPSET, to_onnx
from core.model import ConvNet
from core.predictor import Predictor


@pytest.fixture(scope="module")
def onnx_file(trained_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "digits.onnx"
    return export(trained_run, None, "onnx", path)


class TestPredictor:
    def test_last_epoch_has_the_accuracy_that_the_run_recorded(self, trained_run, digits):
        predictor = Predictor.of(trained_run)
        assert predictor.epoch == 2
        found = predict(predictor.model, digits.test_images, predictor.mean, predictor.std)
        recorded = trained_run.epoch_record(2).test_accuracy
        assert accuracy(found.numpy(), digits.test_labels.numpy()) == pytest.approx(recorded)
        assert predictor.description()["accuracy"]["test"] == recorded

    def test_each_epoch_has_its_own_weights(self, trained_run):
        kernels = [Predictor.of(trained_run, k).model.blocks[0].conv.weight for k in (0, 1, 2)]
        assert not torch.equal(kernels[0], kernels[1])
        assert not torch.equal(kernels[1], kernels[2])

    def test_untrained_network_can_be_asked_too(self, trained_run):
        description = Predictor.of(trained_run, 0).description()
        assert description["epoch"] == 0
        json.dumps(description, allow_nan=False)

    def test_it_tells_the_decisions_that_the_run_has_learnt_with(self, trained_run):
        assert Predictor.of(trained_run).description()["decisions"] is None
        decided = replace(trained_run, overlay_digest="f" * 64)
        assert Predictor.of(decided).description()["decisions"] == "f" * 64

    def test_loading_leaves_the_random_state_alone(self, trained_run):
        before = torch.get_rng_state()
        Predictor.of(trained_run)
        assert torch.equal(torch.get_rng_state(), before)

    def test_missing_epoch_names_those_there_are(self, trained_run):
        with pytest.raises(RunError, match="has no epoch 9; there are 0 to 2"):
            Predictor.of(trained_run, 9)


class TestSafetensors:
    def test_loads_back_bitwise(self, trained_run, tmp_path):
        exported = export(trained_run, 1, "safetensors", tmp_path / "m.safetensors")
        loaded = model.load(exported.path).state_dict()
        saved = trained_run.weights(1)
        assert loaded.keys() == saved.keys()
        assert all(torch.equal(loaded[name], saved[name]) for name in saved)
        assert exported.num_bytes == exported.path.stat().st_size

    def test_carries_what_is_needed_to_use_it(self, trained_run, tmp_path, digits):
        exported = export(trained_run, None, "safetensors", tmp_path / "m.safetensors")
        metadata = model.read_metadata(exported.path)
        assert metadata.model == trained_run.config.model
        assert (metadata.run_id, metadata.epoch, metadata.dataset) == (trained_run.id, 2, "digits")
        assert (metadata.mean, metadata.std) == (digits.mean, digits.std)


class TestOnnx:
    def test_agrees_with_pytorch_on_test_images(self, onnx_file):
        assert onnx_file.checked_on == "test images"
        assert onnx_file.agreement.num_images == 70
        assert onnx_file.agreement.probabilities <= 1e-5

    @pytest.mark.parametrize("batch_size", [1, 7, 100])
    def test_takes_pixels_in_batches_of_any_size(self, onnx_file, trained_run, digits, batch_size):
        session = onnxruntime.InferenceSession(onnx_file.path, providers=["CPUExecutionProvider"])
        images = digits.test_images[200 : 200 + batch_size]
        pixels = images.numpy().astype(np.float32) / 255
        logits, probabilities = session.run(None, {"pixels": pixels})
        expected = predict(Predictor.of(trained_run).model, images, digits.mean, digits.std)
        np.testing.assert_allclose(probabilities, expected.numpy(), atol=1e-5, rtol=0)
        np.testing.assert_allclose(
            torch.from_numpy(logits).softmax(1).numpy(), probabilities, atol=1e-6
        )

    def test_is_one_valid_file_of_the_stated_opset_with_names_and_metadata(
        self, onnx_file, trained_run
    ):
        proto = onnx.load(onnx_file.path, load_external_data=False)
        onnx.checker.check_model(proto, full_check=True)
        assert [entry.version for entry in proto.opset_import] == [OPSET]
        assert [value.name for value in proto.graph.input] == ["pixels"]
        assert [value.name for value in proto.graph.output] == ["logits", "probabilities"]
        assert list(onnx_file.path.parent.iterdir()) == [onnx_file.path]
        about = {entry.key: entry.value for entry in proto.metadata_props}
        assert about["run_id"] == trained_run.id
        assert json.loads(about["classes"]) == [str(digit) for digit in range(10)]
        assert json.loads(about["decisions"]) is None
        assert "(N, 1, 8, 8) float32 in [0, 1]" in about["input"]

    def test_tells_nothing_of_this_machine(self, onnx_file):
        data = onnx_file.path.read_bytes()
        assert b".py" not in data
        assert str(onnx_file.path.parent).encode() not in data

    def test_every_layer_that_a_config_can_name(self):
        activations = ["relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid", "none"]
        blocks = [
            ConvBlock(channels=3, padding=1, activation=name, residual=True, batch_norm=index % 2,
                      pooling=("max", "average", "none")[min(index, 2)])
            for index, name in enumerate(activations)
        ]  # fmt: skip
        config = ModelConfig(
            blocks=tuple(blocks), dense=(DenseLayer(width=8, activation="gelu", dropout=0.5),)
        )
        torch.manual_seed(0)
        images = torch.randint(0, 256, (9, 3, 16, 16), dtype=torch.uint8)
        network = ConvNet(config, (3, 16, 16), 4)
        _, agreement = to_onnx(network, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4), images, {})
        assert agreement.num_images == 9
        assert network.training  # as it was

    def test_disagreement_is_an_error(self):
        class Fickle(nn.Module):
            """Adds 1 whenever it is not being exported."""

            def forward(self, images):
                logits = images.flatten(1)
                return logits if torch.compiler.is_exporting() else logits + images[:, 0, 0, :1]

        images = torch.full((2, 1, 2, 2), 255, dtype=torch.uint8)
        images[:, :, 0, 1] = 0
        with pytest.raises(ExportError, match="does not agree with PyTorch"):
            to_onnx(Fickle(), (0.0,), (0.1,), images, {})

    def test_network_that_cannot_be_exported_is_a_sentence(self):
        class Moody(nn.Module):
            """Does something else for dark images: not a fixed graph."""

            def forward(self, images):
                return images.flatten(1) * (1 if images.mean() > 0.5 else 2)

        images = torch.zeros((2, 1, 2, 2), dtype=torch.uint8)
        with pytest.raises(ExportError, match="cannot be written as ONNX"):
            to_onnx(Moody(), (0.0,), (1.0,), images, {})

    def test_without_the_data_random_images_are_compared(self, trained_run, tmp_path, monkeypatch):
        def missing(name):
            raise DatasetError("gone")

        monkeypatch.setattr("core.datasets.load", missing)
        assert export(trained_run, 0, "onnx", tmp_path / "a.onnx").checked_on == "random images"


class TestRefusals:
    def test_unknown_format(self, trained_run, tmp_path):
        with pytest.raises(ConfigError, match="one of safetensors, onnx, got 'pt'"):
            export(trained_run, None, "pt", tmp_path / "a")

    @pytest.mark.parametrize("format", ["safetensors", "onnx"])
    def test_output_that_cannot_be_a_file(self, trained_run, tmp_path, format):
        with pytest.raises(ExportError, match="is a folder"):
            export(trained_run, None, format, tmp_path)
        with pytest.raises(ExportError, match="does not exist"):
            export(trained_run, None, format, tmp_path / "nowhere" / "a")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
    def test_what_is_no_plain_file_is_not_replaced(self, trained_run, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ExportError, match="not a file"):
            export(trained_run, None, "safetensors", tmp_path / "pipe")
        assert (tmp_path / "pipe").is_fifo()

    @pytest.mark.parametrize("step", ["core.export.write_all", "pathlib.Path.replace"])
    def test_failed_write_keeps_the_file_that_was_there(
        self, trained_run, tmp_path, monkeypatch, step
    ):
        path = tmp_path / "a.onnx"
        path.write_text("before")

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(step, full)
        with pytest.raises(DiskError, match="disk full"):
            export(trained_run, None, "onnx", path)
        assert path.read_text() == "before"
        assert list(tmp_path.iterdir()) == [path]
