"""Every field explains itself, and every bad value gets a sentence with range and value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import (
    GROUPS,
    RunConfig,
    bounds,
    field_at,
    guide,
    live_values,
    overrides_between,
    parse,
    with_overrides,
)
from core.errors import ConfigError


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("training.learning_rate=0", "training.learning_rate must lie in (0, 10], got 0"),
        ("training.learning_rate=NaN", "training.learning_rate must lie in (0, 10], got nan"),
        ("training.epochs=1.5", "training.epochs must be a whole number in [1, 1000], got 1.5"),
        (
            "training.batch_size=9",
            "training.batch_size must be a whole number in [10, 4096], got 9",
        ),
        (
            "training.optimizer=adagrad",
            "training.optimizer must be one of sgd, adam, adamw, rmsprop, got 'adagrad'",
        ),
        ("training.nesterov=perhaps", "training.nesterov must be true or false, got 'perhaps'"),
        (
            "model.blocks[1].dropout=1",
            "model.blocks[1].dropout must lie in [0, 0.9], got 1",
        ),
        ("model.blocks[2].channels=4", "model.blocks has 2 entries, got [2]"),
        ("data.nam=digits", "data.nam does not exist: data has name, validation_size"),
        ("nonsense", "'nonsense' is not of the form group.field=value"),
        (f"training.epochs={'[' * 100_000}", "training.epochs must be a whole number"),
        (f"model.blocks[{'9' * 5000}].channels=3", "does not exist: model.blocks has no fields"),
        ("=3", "a setting needs a name such as training.epochs"),
        ("model.blocks[0]=3", "model.blocks[0] must be a group of settings"),
        ("model.blocks=3", "model.blocks must be a list, got 3"),
        ('model.dense=[{"wide":3}]', "model.dense[0].wide does not exist"),
    ],
)
def test_a_bad_value_gets_a_sentence(assignment, sentence):
    with pytest.raises(ConfigError) as caught:
        with_overrides(RunConfig(), [assignment])
    assert sentence in str(caught.value)


def test_a_long_value_is_told_in_short():
    with pytest.raises(ConfigError) as caught:
        with_overrides(RunConfig(), ["data.name=" + "x" * 10_000])
    assert len(str(caught.value)) < 200


def test_all_bad_values_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        with_overrides(RunConfig(), ["training.epochs=0", "augmentation.rotation=-1"])
    assert [path for path, _ in caught.value.problems] == [
        "augmentation.rotation",
        "training.epochs",
    ]


def test_lists_are_replaced_and_then_reached():
    assignments = ['model.dense=[{"width":7}]', "model.dense[0].dropout=0.5"]
    (layer,) = with_overrides(RunConfig(), assignments).model.dense
    assert (layer.width, layer.dropout, layer.activation) == (7, 0.5, "relu")


def test_every_field_explains_itself_and_its_default_lies_in_its_range():
    config = RunConfig()
    for path in paths(config):
        field = field_at(path)
        assert field is not None, path
        assert field.description, path
        limits = bounds(field)
        if limits and field.default is not None:
            assert limits.get("ge", limits.get("gt")) <= field.default <= limits["le"], path
            assert {"ge", "gt"} & limits.keys(), path


def paths(config: RunConfig) -> list[str]:
    plain = config.model_dump()
    found = [f"{group}.{name}" for group in GROUPS for name in plain[group] if group != "model"]
    for kind in ("blocks", "dense"):
        found += [f"model.{kind}[0].{name}" for name in plain["model"][kind][0]]
    return found


def test_what_can_change_while_a_run_trains():
    names = {path.rpartition(".")[2] for path in live_values(RunConfig())}
    assert names == {
        "rotation", "shift", "scale", "shear", "noise", "cutout",
        "dropout", "batch_size", "learning_rate", "weight_decay",
    }  # fmt: skip
    assert guide(field_at("training.learning_rate"))["scale"] == "log"


def test_the_configuration_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="frozen"):
        RunConfig().training.epochs = 5


changed_runs = st.builds(
    lambda rate, epochs, channels, rotation, limit: with_overrides(
        RunConfig(),
        [
            f"training.learning_rate={rate}",
            f"training.epochs={epochs}",
            f"model.blocks=[{','.join('{}' for _ in channels)}]",
            *(f"model.blocks[{k}].channels={n}" for k, n in enumerate(channels)),
            f"augmentation.rotation={rotation}",
            f"data.validation_size={limit}",
        ],
    ),
    st.floats(1e-6, 10),
    st.integers(1, 1000),
    st.lists(st.integers(1, 512), max_size=4),
    st.floats(0, 180),
    st.sampled_from(["null", "10", "50000"]),
)


@given(changed_runs, changed_runs)
def test_the_assignments_between_two_configurations_lead_from_one_to_the_other(base, config):
    assert with_overrides(base, overrides_between(base, config)) == config
    assert overrides_between(config, config) == []


@given(changed_runs)
def test_a_configuration_survives_being_written_down(config):
    assert parse(config.model_dump(mode="json")) == config
