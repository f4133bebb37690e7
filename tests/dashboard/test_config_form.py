"""The form is generated from the config fields: every field once, with its range and its words."""

import re

import pytest

from core.config import RunConfig, bounds, field_at, live_values, with_overrides
from core.presets import PRESETS
from dashboard import draft
from dashboard.draft import Draft, from_params, to_params
from dashboard.slider_scales import positions
from dashboard.widgets.config_form import without_effect
from dashboard.widgets.field_input import widget_key
from tests.dashboard.pages import open_page, texts

KINDS = ("slider", "select_slider", "selectbox", "toggle", "number_input")


def leaves(node, path=""):
    if isinstance(node, dict):
        return [leaf for name, inner in node.items() for leaf in leaves(inner, f"{path}.{name}")]
    if isinstance(node, list):
        return [leaf for i, inner in enumerate(node) for leaf in leaves(inner, f"{path}[{i}]")]
    return [path.removeprefix(".")]


def widgets(at):
    return {w.key: w for kind in KINDS for w in at.get(kind) if w.key.startswith("setting ")}


def field(at, path):
    return widgets(at)[widget_key(path)]


def test_every_field_has_exactly_one_widget_that_stands_at_its_value(store):
    config = RunConfig()
    found = widgets(open_page("train"))
    paths = leaves(config.model_dump(mode="json"))
    assert sorted(found) == sorted(map(widget_key, paths))
    assert found[widget_key("training.learning_rate")].value == 0.005
    assert found[widget_key("model.blocks[1].channels")].value == 36
    assert found[widget_key("training.nesterov")].value is True
    assert found[widget_key("data.validation_size")].value is None


def test_people_meet_no_raw_names_and_are_told_what_raising_does(store):
    for key, widget in widgets(open_page("train")).items():
        assert "_" not in widget.label, key
        assert widget.help.strip(), key
        assert not [o for o in getattr(widget, "options", []) if "_" in str(o)], key
    rate = field(open_page("train"), "training.learning_rate")
    assert "What changes if I raise this?" in rate.help


@pytest.mark.parametrize("path", ["training.learning_rate", "training.weight_decay"])
def test_a_logarithmic_slider_has_ten_positions_a_decade(path):
    values = positions(path, 0.005)
    assert len([value for value in values if 0.001 <= value < 0.01]) == 10
    ratios = [high / low for low, high in zip(values, values[1:], strict=False) if low > 0]
    assert min(ratios) > 1.15 and max(ratios) < 1.4
    assert values[-1] == bounds(field_at(path))["le"]


def test_off_is_the_first_position_where_zero_means_off():
    assert positions("training.weight_decay", 0.0)[0] == 0.0
    assert 0.0 not in positions("training.learning_rate", 0.005)  # zero is not allowed there


def test_the_batch_size_reaches_from_10_to_4096():
    sizes = positions("training.batch_size", 64)
    assert sizes[0] == 10 and sizes[-1] == 4096 and {32, 64, 128, 256, 512, 1024} <= {*sizes}


def test_a_value_between_two_positions_is_kept():
    assert 0.00123 in positions("training.learning_rate", 0.00123)
    assert positions("model.dense[0].width", 85).count(85) == 1


def test_all_images_come_last_in_the_subset_slider():
    assert positions("data.train_limit", 0, most=1437) == [100, 200, 500, 1000, 0]


def test_a_moved_slider_is_in_the_address_and_a_reload_finds_it_there(store):
    at = open_page("train")
    field(at, "training.learning_rate").set_value(0.01)
    at.run()
    field(at, "model.blocks[0].kernel_size").set_value(5)
    at.run()
    address = dict(at.query_params)
    assert address["set"] == "model.blocks[0].kernel_size=5;training.learning_rate=0.01"

    again = open_page("train", **address)
    assert field(again, "training.learning_rate").value == 0.01
    assert field(again, "model.blocks[0].kernel_size").value == 5


@pytest.mark.parametrize("name", PRESETS)
def test_an_address_gives_back_the_draft_that_made_it(name):
    changed = with_overrides(
        PRESETS[name].config,
        ["training.epochs=7", "training.weight_decay=0.00003", 'model.dense=[{"width":32}]'],
    )
    for config in (PRESETS[name].config, changed):
        made = Draft(name, config)
        assert from_params(to_params(made)) == (made, [])


def test_broken_parts_of_an_address_are_named_and_the_others_hold(store):
    at = open_page(
        "train",
        preset="huge",
        set="training.epochs=0;training.momentum=0.5;data.name=cats;nonsense",
    )
    said = texts(at).replace("\\", "")
    assert not at.exception
    assert "preset “huge”" in said
    assert "training.epochs must be a whole number in [1, 1000], got 0" in said
    assert "data.name must be one of mnist" in said and "nonsense" in said
    assert field(at, "training.momentum").value == 0.5
    assert field(at, "training.epochs").value == 3
    assert field(at, "data.name").value == "mnist"


def test_text_in_an_address_is_shown_letter_by_letter(store):
    at = open_page("train", preset="<b>[x](javascript:alert(1))</b>")
    warning = at.warning[0].value
    assert r"\<b\>" in warning and r"\[x\]" in warning


def test_a_preset_brings_its_network_and_leaves_the_data_and_the_seed(store):
    at = open_page("train", set="data.name=digits;training.seed=7;training.epochs=9")
    at.segmented_control(key="preset").set_value("linear")
    at.run()
    assert field(at, "data.name").value == "digits"
    assert field(at, "training.seed").value == 7
    assert field(at, "training.epochs").value == PRESETS["linear"].config.training.epochs
    assert "model.blocks" not in at.query_params["set"]


def test_undo_goes_back_to_the_preset(store):
    at = open_page("train", set="training.epochs=9;training.momentum=0.5")
    next(button for button in at.button if button.label == "Undo 2 changes").click()
    at.run()
    assert field(at, "training.epochs").value == 3
    assert "set" not in at.query_params


def test_layers_are_added_and_removed(store):
    at = open_page("train")
    at.button(key="add dense").click()
    at.run()
    assert widget_key("model.dense[2].width") in widgets(at)
    at.button(key="remove blocks 0").click()
    at.run()
    assert field(at, "model.blocks[0].channels").value == 36
    assert widget_key("model.blocks[1].channels") not in widgets(at)


def test_an_impossible_network_is_explained_at_its_slider_and_cannot_be_started(store):
    at = open_page("train", set="data.name=digits")  # 8×8 pooled and convolved to nothing
    said = [m.value.replace("\\", "") for m in at.markdown if m.value.startswith(":red[")]
    assert len(said) == 1
    assert re.search(r"Block 2: .*does not fit", said[0])
    assert at.button(key="start").disabled
    fold = next(e for e in at.expander if e.label.startswith("⚠"))
    assert "Conv block 2" in fold.label and said[0] in [
        m.value.replace("\\", "") for m in fold.markdown
    ]


def test_settings_without_effect_are_greyed_out():
    config = RunConfig()  # Adam
    assert without_effect(config, "training.momentum")
    sgd = with_overrides(config, ["training.optimizer=sgd"])
    assert not without_effect(sgd, "training.momentum")
    assert not without_effect(sgd, "training.nesterov")
    unpooled = with_overrides(config, ["model.blocks[0].pooling=none"])
    assert without_effect(unpooled, "model.blocks[0].pool_size")
    assert not without_effect(unpooled, "model.blocks[1].pool_size")


def test_every_live_field_can_be_written_and_read_back_through_the_draft(store):
    for path in live_values(RunConfig()):
        assert field_at(path) is not None
    assert draft.NAMES == ("preset", "set")
