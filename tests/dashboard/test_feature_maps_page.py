"""The Feature maps page: images, one value's story, comparisons, statistics, and bad addresses."""

import re
from dataclasses import replace

import numpy as np
import pytest

from core.inspection.lookup import INPUT, PROBABILITIES
from core.records import EpochRecord
from dashboard import map_groups, map_loaders
from dashboard.charts.activations import STATISTICS, gradient_curve, layer_curves
from dashboard.map_loaders import Look
from tests.dashboard.pages import open_page, texts
from tests.dashboard.trained import train


def page(run, **params):
    at = open_page("feature_maps", run=run.id, **params)
    assert not at.exception
    return at


def look_at(run, epoch=2, index=3):
    return Look(run, epoch, map_loaders.picture(run, "test", index))


def test_without_runs_it_offers_to_train_one(store):
    at = open_page("feature_maps")
    assert not at.exception
    assert "No runs yet" in at.subheader[0].value


def test_the_answer_is_the_one_that_was_saved(run):
    at = page(run, example="3")
    best = int(run.probabilities(2, "test")[3].argmax())
    share = run.probabilities(2, "test")[3].max() * 100
    found = re.search(r"answers \*\*(\d)\*\* with ([\d.]+) %", texts(at))
    assert found is not None
    assert int(found[1]) == best
    assert float(found[2]) == pytest.approx(share, abs=0.1)


def test_overview_has_every_layer_from_input_to_probabilities(run):
    network = map_loaders.through(look_at(run))
    groups = map_groups.overview(network)
    assert [group.name for group in groups] == [
        INPUT, "blocks.0.conv", "blocks.0.activation", "blocks.0.pool", "dense.0.linear",
        "dense.0.activation", "output", PROBABILITIES,
    ]  # fmt: skip
    # The dense layer reads the maps: flattening, which changes nothing, is left out.
    assert groups[4].sources == ("blocks.0.pool",)
    assert groups[1].kernels is not None
    assert groups[1].kernels.shape == (4, 1, 3, 3)
    assert groups[-1].values.sum() == pytest.approx(1)


def test_a_huge_layer_is_cut_and_says_so(run):
    network = map_loaders.through(look_at(run))
    wide = np.zeros((map_groups.MOST_MAPS + 5, 4, 4), np.float32)
    layers = [replace(layer, values=wide) if layer.kind == "conv" else layer
              for layer in network.layers]  # fmt: skip
    group = map_groups.overview(replace(network, layers=layers))[1]
    assert len(group.values) == map_groups.MOST_MAPS
    assert group.total == map_groups.MOST_MAPS + 5


def test_intermediate_results_and_bias_sum_to_the_map_shown(run):
    look = look_at(run)
    network = map_loaders.through(look)
    block = map_groups.block_of(network, "blocks.0.pool")
    assert block == ["blocks.0.conv", "blocks.0.activation", "blocks.0.pool"]
    made = map_loaders.making(look, block[0], 2)
    groups = {group.name: group for group in map_groups.conv_making(made, network, block, 2)}
    total = groups["results"].values.sum(0) + made.bias
    np.testing.assert_allclose(total, groups["blocks.0.conv"].values[0], atol=1e-5)


def test_a_dense_unit_shows_products_that_sum_to_it(run):
    look = look_at(run)
    step = map_loaders.story(look, "dense.0.linear", 3, (0, 0)).steps[0]
    groups = {group.name: group for group in map_groups.dense_making(step)}
    products = groups["inputs"].values * groups["kernels"].values
    np.testing.assert_allclose(products, groups["results"].values, rtol=1e-5)
    assert products.sum() + step.bias == pytest.approx(step.output, abs=1e-5)
    strongest = groups["strongest"].values
    assert np.all(np.diff(np.abs(strongest)) <= 0)


def test_a_click_writes_out_the_arithmetic_beside_the_networks_own_number(run):
    at = page(run, example="3", layer="blocks.0.pool", unit="1", at="2-1")
    shown = texts(at)
    assert "How blocks\\.0\\.pool was made" in shown
    value = map_loaders.through(look_at(run)).layer("blocks.0.pool").values[1, 2, 1]
    assert f"{value:.6g}" in shown
    found = re.search(r"network's own output: ([\d.e‑]+)\.", shown)
    assert found is not None
    assert float(found[1].replace("‑", "-")) < 1e-5


def test_receptive_field_of_a_pooled_value(run):
    # Pooling 2×2 over a 3×3 convolution without padding: four by four pixels from 2·row, 2·column.
    assert map_loaders.story(look_at(run), "blocks.0.pool", 1, (2, 1)).box == (4, 8, 2, 6)


def test_top_patches_hold_the_largest_value_of_the_split(run):
    found = map_loaders.patches(run, 2, "blocks.0.activation", 1)
    picture = map_loaders.picture(run, "validation", found.index[0])
    values = map_loaders.through(Look(run, 2, picture)).layer("blocks.0.activation").values[1]
    assert found.value[0] == pytest.approx(values.max(), abs=1e-5)
    assert found.value == sorted(found.value, reverse=True)


def test_pools_are_the_class_and_the_errors(run):
    everything = map_loaders.pool(run, 2, "test", "all")
    assert everything == list(range(360))
    labels = [map_loaders.picture(run, "test", i).true for i in map_loaders.pool(run, 2, "test", 4)]
    assert labels and set(labels) == {4}
    probabilities = run.probabilities(2, "test")
    for index in map_loaders.pool(run, 2, "test", "errors"):
        assert probabilities[index].argmax() != map_loaders.picture(run, "test", index).true


def test_choosing_errors_shows_the_most_confident_one(run):
    at = page(run)
    at.selectbox(key="image_choice_pool").select("errors").run()
    first = map_loaders.pool(run, 2, "test", "errors")[0]
    assert at.query_params["example"] == str(first)
    assert "wrong: the label is" in texts(at)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"example": "99999"}, "no image with index 99999"),
        ({"layer": "blocks.7.conv", "unit": "0"}, "no layer"),
        ({"layer": "blocks.0.conv", "unit": "77"}, "must lie in [0, 3], got 77"),
        ({"layer": "blocks.0.conv", "unit": "0", "at": "9-0"}, "got 9"),
        ({"compare": "9"}, "compare with epoch 9, which is not there"),
        ({"compare": "nobody"}, "run “nobody”, which is not there"),
        ({"compare": "a run"}, "Nothing is compared"),
        ({"at": "x"}, "row and column"),
    ],
)
def test_a_bad_address_gets_a_sentence_and_the_rest_works(run, params, words):
    at = page(run, **params)
    said = "\n".join(warning.value for warning in at.warning)
    assert words in re.sub(r"\\(.)", r"\1", said)  # Markdown's escapes taken off
    assert "Activation statistics" in texts(at)
    assert "answers **" in texts(at)


def test_two_epochs_side_by_side_show_what_each_answers(run):
    at = page(run, example="3", compare="0")
    shown = texts(at)
    assert "epoch 2**" in shown
    assert "epoch 0**" in shown
    assert shown.count("answers **") == 2


def test_two_runs_side_by_side(store, run):
    other = train(store, 'model.blocks=[{"channels":2,"pooling":"none"}]', name="other")
    at = page(run, example="3", compare=f"{other.id}@1", layer="blocks.0.pool", unit="1", at="0-0")
    assert texts(at).count("answers **") == 2
    assert "other, epoch 1**" in texts(at)
    assert any("there is no layer" in w.value.lower() for w in at.warning)  # the other has no pool


def test_a_network_without_conv_layers_shows_input_logits_and_probabilities(store):
    run = train(store, "model.blocks=[]", "model.dense=[]")
    at = page(run, example="3", layer="output", unit="4")
    assert "How output was made" in texts(at)
    groups = map_groups.overview(map_loaders.through(look_at(run)))
    assert [group.name for group in groups] == [INPUT, "output", PROBABILITIES]


@pytest.mark.parametrize("damage", ["missing", "corrupt"])
def test_a_broken_checkpoint_gets_a_sentence_and_statistics_remain(run, damage):
    weights = run.path / "epochs" / "0002" / "weights.safetensors"
    if damage == "missing":
        weights.unlink()
    else:
        weights.write_bytes(weights.read_bytes()[:200])
    at = page(run)
    assert at.error
    assert "Choose another epoch" in at.error[0].value
    assert "Activation statistics" in texts(at)


def test_what_looks_wrong_is_told_with_what_to_try(run):
    record = run.epoch_record(2)
    dead = replace(record.layers[0], dead_share=0.75)
    run.append([replace(record, layers=[dead, *record.layers[1:]])])  # the last line holds
    at = page(run)
    said = [warning.value for warning in at.warning if "**Dead:**" in warning.value]
    assert len(said) == 1
    assert "75%" in said[0]
    assert "Try a smaller learning rate, leaky ReLU" in said[0]


def test_charts_hold_each_layer_over_the_epochs(run):
    records = [run.epoch_record(epoch) for epoch in run.epochs()]
    for name in STATISTICS:
        traces = layer_curves(records, name, run.id)["data"]
        assert [trace["name"] for trace in traces] == [each.name for each in records[0].layers]
        assert all(trace["x"] == [0, 1, 2] for trace in traces)
    assert gradient_curve(records, run.id)["data"][0]["x"] == [1, 2]  # epoch 0 has none


def test_charts_of_nothing_are_empty():
    nothing: list[EpochRecord] = []
    assert layer_curves(nothing, "Standard deviation", "x")["data"] == []
    assert gradient_curve(nothing, "x")["data"][0]["x"] == []
