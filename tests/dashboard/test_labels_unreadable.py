"""Labels where a review file cannot be used: the ranking stays, and a sentence says what to do."""

import json

import pytest

from core.review import annotations as annotating
from core.review.annotations import Decision
from tests.dashboard.pages import open_page, texts

pytestmark = pytest.mark.usefixtures("no_processes")


def _ids(at):
    (gallery,) = [e for e in at.get("bidi_component") if "-suspects" in e.proto.id]
    return json.loads(gallery.proto.json)["ids"]


def _damage(digits):
    path = annotating.path_of(digits)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{")
    return path


def test_a_damaged_review_file_leaves_ranking_and_score_to_be_read(run, digits):
    whole = open_page("labels", run=run.id, group="suspects:all")
    path = _damage(digits)
    at = open_page("labels", run=run.id, group="suspects:all", example=str(_ids(whole)[0]))
    assert not at.exception and not at.error
    assert _ids(at) == _ids(whole)
    said = texts(at)
    assert said.count("put an exported copy in its place") == 1
    assert "**Score as labelled** · test" in said and "<td>As labelled" in said
    assert "Mark labels as wrong" not in said
    assert "Train again with these decisions" not in said
    labels = {button.label for button in at.button}
    assert not labels & {"Ambiguous", "Leave out", "Label is right", "Train again"}
    assert path.read_text() == "{"


def test_where_nothing_is_ranked_either_the_sentence_stands_alone(run, digits):
    _damage(digits)
    at = open_page("labels", run=run.id, group="suspects:train 2x1")
    assert not at.exception
    assert "Train 2 networks" in [button.label for button in at.button]
    assert texts(at).count("put an exported copy in its place") == 1


def test_a_file_that_is_readable_again_brings_the_decisions_back(run, digits):
    row = _ids(open_page("labels", run=run.id, group="suspects:all"))[0]
    annotating.decide(digits, "test", row, Decision("ambiguous"))
    kept = annotating.path_of(digits).read_bytes()
    _damage(digits)
    assert "Without ambiguous" not in texts(open_page("labels", run=run.id))
    annotating.path_of(digits).write_bytes(kept)
    assert "Without ambiguous" in texts(open_page("labels", run=run.id))


@pytest.mark.parametrize("data", [b"{", b"[1, 2]", b"\xff", b'{"name": "a run"}'])
def test_an_upload_that_is_no_review_gets_advice_about_the_upload(run, digits, data):
    at = open_page("labels", run=run.id)
    (uploader,) = at.get("file_uploader")
    uploader.upload("other.json", data, "application/json").run()
    assert not at.exception
    (error,) = at.error
    assert "Nothing was imported: the file is" in error.value.replace("\\", "")
    assert "choose a review file as it was exported" in error.value
    assert "move it away" not in error.value
    assert not annotating.path_of(digits).exists()
