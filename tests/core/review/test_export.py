"""What is taken away: a table that can be read back, images that are those of their rows."""

import csv
import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from core import evaluation
from core.review.annotations import Annotations, Decision
from core.review.export import Origin, csv_bytes, export_table, zip_bytes

CLASSES = ("=SUM(A1)", "9/é", "c")
LABELS = np.array([0, 1, 2])
PROBABILITIES = np.array([[0.5, 0.25, 0.25], [0.75, 0.125, 0.125], [0, 0, 1]], np.float32)
INDEX = np.array([30, 4, 17])
TEST = Origin("run-7", 3, "test", "test")
SAID = Annotations(
    "d",
    "f",
    CLASSES,
    tags={"-odd": {"test": frozenset({4, 30})}, "thin": {"test": frozenset({4})}},
    notes={"test": {17: '@home, "quoted"\nand more'}},
    decisions={"test": {4: Decision("mislabelled", 0), 17: Decision("left out")}},
)


@pytest.fixture
def table():
    rows = evaluation.examples(LABELS, PROBABILITIES, INDEX).iloc[[2, 1, 0]]
    return export_table(rows, PROBABILITIES, CLASSES, SAID, TEST)


def _read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_each_row_is_its_image_in_the_order_given(table):
    assert table["index"].tolist() == [17, 4, 30]
    assert table["true"].tolist() == ["c", "9/é", "=SUM(A1)"]
    assert table["predicted"].tolist() == ["c", "=SUM(A1)", "=SUM(A1)"]
    assert table["tags"].tolist() == ["", "-odd; thin", "-odd"]
    assert table["decision"].tolist() == ["left out", "mislabelled", ""]
    assert table["should_be"].tolist() == ["", "=SUM(A1)", ""]
    assert table["note"].tolist() == ['@home, "quoted"\nand more', "", ""]
    np.testing.assert_array_equal(
        table[[f"p({name})" for name in CLASSES]].to_numpy(), PROBABILITIES[[2, 1, 0]]
    )


def test_csv_can_be_read_back_and_runs_nothing(table):
    rows = _read(csv_bytes(table))
    assert [row["index"] for row in rows] == ["17", "4", "30"]
    assert [row["tags"] for row in rows] == ["", "'-odd; thin", "'-odd"]
    assert rows[0]["note"] == '\'@home, "quoted"\nand more'
    assert rows[1]["true"] == "9/é"
    assert rows[1]["predicted"] == "'=SUM(A1)"
    assert [float(row["p(c)"]) for row in rows] == [1.0, 0.125, 0.25]
    for row in rows:
        assert not any(value.startswith(("=", "+", "-", "@")) for value in row.values())


def test_classes_of_one_name_keep_their_probabilities():
    rows = evaluation.examples(LABELS, PROBABILITIES, INDEX)
    origin = Origin("run-7", 3, "train", "validation")
    table = export_table(rows, PROBABILITIES, ("a", "a", "b"), SAID, origin)
    np.testing.assert_array_equal(table.iloc[:, -3:].to_numpy(), PROBABILITIES)
    assert table["tags"].tolist() == ["", "", ""]  # the tags are on images of the test file
    lines = csv_bytes(table).decode().splitlines()
    assert lines[0].endswith("p(a),p(a),p(b)")
    assert len(lines) == 4


def test_run_and_epoch_stand_in_every_row_with_what_images_are_sorted_by(table):
    rows = _read(csv_bytes(table))
    assert {(row["run"], row["epoch"]) for row in rows} == {("run-7", "3")}
    # By hand, of 0.75, 0.125 and 0.125 with the label 1.
    found = [float(rows[1][name]) for name in ("confidence", "loss", "margin", "entropy")]
    assert found == [0.75, 2.079, 0.625, 0.7356]


def test_answers_of_no_epoch_have_none_in_their_rows():
    rows = evaluation.examples(LABELS, PROBABILITIES, INDEX)
    table = export_table(rows, PROBABILITIES, CLASSES, SAID, Origin("r", None, "train", "train"))
    assert [row["epoch"] for row in _read(csv_bytes(table))] == ["", "", ""]


def test_numbers_have_the_figures_that_half_precision_has():
    saved = np.array([[0.48339844, 0.51660156, 0], [0.99951172, 0.00048828, 5.96e-8]], np.float16)
    rows = evaluation.examples(LABELS[:2], saved, INDEX[:2])
    rows = _read(csv_bytes(export_table(rows, saved, CLASSES, SAID, TEST)))
    names = [f"p({name})" for name in CLASSES]
    assert [rows[0][name] for name in names] == ["0.4834", "0.5166", "0.0"]
    assert [rows[1][name] for name in names] == ["0.9995", "0.0004883", "5.96e-08"]
    assert rows[1]["confidence"] == "0.9995"


@pytest.mark.parametrize("channels", [1, 3])
def test_the_zip_holds_the_table_and_each_row_s_pixels(table, channels):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (3, channels, 5, 4), dtype=np.uint8)
    with zipfile.ZipFile(io.BytesIO(zip_bytes(table, images))) as archive:
        names = archive.namelist()
        assert archive.read("images.csv") == csv_bytes(table)
        assert names[1:] == [
            "images/test_000017_true_c_predicted_c.png",
            "images/test_000004_true_9_predicted_SUM-A1.png",
            "images/test_000030_true_SUM-A1_predicted_SUM-A1.png",
        ]
        for name, pixels in zip(names[1:], images, strict=True):
            found = np.asarray(Image.open(io.BytesIO(archive.read(name))))
            expected = pixels[0] if channels == 1 else pixels.transpose(1, 2, 0)
            np.testing.assert_array_equal(found, expected)


def test_nothing_chosen_is_a_table_without_rows():
    rows = evaluation.examples(LABELS, PROBABILITIES, INDEX).iloc[[]]
    table = export_table(rows, PROBABILITIES, CLASSES, SAID, TEST)
    assert csv_bytes(table).decode().startswith("index,run,epoch,split,true,predicted,confidence,")
    assert len(_read(csv_bytes(table))) == 0
    assert zip_bytes(table, np.empty((0, 1, 2, 2), np.uint8))
