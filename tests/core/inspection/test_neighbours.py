"""Neighbours are those that comparing with every image finds."""

import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.config import ModelConfig
from core.errors import UserError
from core.inspection.neighbours import embed, embed_one, nearest
from core.model import ConvNet, capture
from core.preprocessing import network_input
from tests.core.architectures import fitting_cases
from tests.core.inspection.networks import restless, some_images

MEAN, STD = (0.3, 0.3, 0.3), (0.2, 0.2, 0.2)


@settings(max_examples=40, deadline=None)
@given(fitting_cases(), st.integers(0, 99))
def test_the_embedding_is_the_direction_of_what_the_output_layer_reads(case, seed) -> None:
    config, shape, num_classes = case
    model = restless(ConvNet(config, shape, num_classes), seed).train()
    images = some_images(5, shape, seed)
    mean, std = MEAN[: shape[0]], STD[: shape[0]]
    found = embed(model, images, mean, std, batch_size=2)
    assert model.training
    last = f"dense.{len(model.dense) - 1}.dropout" if len(model.dense) else "flatten"
    inputs = network_input(images, mean, std)
    with torch.no_grad(), capture(model, [last]) as outputs:
        model(inputs)
    for row, values in zip(found, outputs[last].double().numpy(), strict=True):
        length = np.sqrt((values**2).sum())
        np.testing.assert_allclose(row, values / length if length > 1e-9 else values, atol=1e-5)
    np.testing.assert_allclose(embed_one(model, inputs[3]), found[3], atol=1e-5)


vectors = st.lists(
    st.lists(st.sampled_from([-1.0, 0.0, 1.0, 2.0]), min_size=2, max_size=2), min_size=1, max_size=9
)


@settings(max_examples=200, deadline=None)
@given(vectors, st.integers(1, 12), st.data())
def test_the_nearest_are_those_of_brute_force(rows, count, data) -> None:
    rows = np.array(rows, np.float32)
    lengths = np.sqrt((rows**2).sum(1, keepdims=True))
    embedding = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    labels = np.arange(len(rows)) % 3
    own = data.draw(st.none() | st.integers(0, len(rows) - 1))
    direction = embedding[data.draw(st.integers(0, len(rows) - 1))]
    table = nearest(embedding, direction, labels, count, own)
    # The very numbers that are compared, so that ties are the same ones.
    cosines = (embedding @ direction).clip(-1, 1).tolist()
    order = sorted(range(len(rows)), key=lambda row: (-cosines[row], row))
    expected = [row for row in order if row != own][:count]
    assert table["position"].tolist() == expected
    assert table["label"].tolist() == [row % 3 for row in table["position"]]
    np.testing.assert_allclose(table["distance"], [1 - cosines[row] for row in table["position"]])


def test_by_hand() -> None:
    embedding = np.array([[0, 1], [1, 0], [-1, 0], [0, 0], [0.6, 0.8]], np.float32)
    table = nearest(embedding, np.array([1, 0], np.float32), np.arange(5), 5, leave_out=1)
    assert table["position"].tolist() == [4, 0, 3, 2]
    np.testing.assert_allclose(table["distance"], [0.4, 1, 1, 2], atol=1e-6)
    assert len(nearest(embedding, embedding[0], np.arange(5), 2, leave_out=0)) == 2


def test_a_foreign_network_is_read_before_its_last_linear_layer() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(2, 2, bias=False), nn.ReLU(), nn.Linear(2, 3))
    nn.init.eye_(model[1].weight)
    found = embed_one(model, torch.tensor([[[3.0, 4.0]]]))
    np.testing.assert_allclose(found, [0.6, 0.8], rtol=1e-6)
    assert not any(module._forward_pre_hooks for module in model.modules())
    with pytest.raises(UserError, match="no linear layer"):
        embed_one(nn.Flatten(), torch.zeros(1, 1, 2))


def test_what_does_not_fit_is_refused() -> None:
    embedding, labels = np.eye(3, dtype=np.float32), np.arange(3)
    with pytest.raises(UserError, match="3 values each and this one with 2; embed both"):
        nearest(embedding, np.ones(2, np.float32), labels)
    with pytest.raises(UserError, match="count must be at least 1, got 0"):
        nearest(embedding, embedding[0], labels, 0)
    with pytest.raises(UserError, match=r"leave_out of the embedding must lie in \[0, 2\], got 3"):
        nearest(embedding, embedding[0], labels, leave_out=3)
    with pytest.raises(UserError, match="takes 1×12×12 images, got 1×9×9"):
        embed_one(ConvNet(ModelConfig(), (1, 12, 12), 3), torch.zeros(1, 9, 9))


def test_ten_among_sixty_thousand_are_found_quickly() -> None:
    embedding = np.random.default_rng(0).normal(size=(60_000, 84)).astype(np.float32)
    embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
    labels = np.zeros(60_000, np.int64)
    times = []
    for _ in range(5):
        start = time.process_time()
        nearest(embedding, embedding[7], labels)
        times.append(time.process_time() - start)
    assert min(times) <= 0.05  # 4 ms on a quiet machine
