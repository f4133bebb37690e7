"""Single images over plain requests: the right pixels, kept for good; sentences for the rest."""

import io

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from core import datasets
from dashboard import server
from dashboard.image_route import IMAGE_PATH, image, images_address
from tests.dashboard.asking import getter


@pytest.fixture
def get(run):
    app = Starlette(
        routes=[Route(IMAGE_PATH, image)], middleware=[Middleware(server.SecurityHeaders)]
    )
    return getter(app)


@pytest.mark.parametrize("file", ["train", "test"])
def test_the_picture_is_that_of_the_index_and_kept_for_good(get, run, file) -> None:
    answer = get(f"{images_address(run.id, file)}7.png?v=abc")
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    data = datasets.load("digits")
    expected = (data.test_images if file == "test" else data.train_images)[7, 0].numpy()
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(answer.content))), expected)
    assert all(answer.headers[name] == value for name, value in server.HEADERS.items())


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("{run}/test/99999999.png", "the test file has the images 0 to "),
        ("{run}/validation/0.png", "there are the files train and test"),
        ("20200101-000000-abcdef/test/0.png", "does not exist"),
        ("..%2F..%2Fetc/test/0.png", ""),
        ("config.json/test/0.png", "is not the id of a run"),
        ("supervisor/test/0.png", "is not the id of a run, such as"),
        ("{run}/test/-1.png", ""),
        ("{run}/test/1.gif", ""),
    ],
)
def test_whatever_is_not_there_is_not_found_with_a_sentence(get, run, path, sentence) -> None:
    answer = get("/images/" + path.format(run=run.id))
    assert answer.status_code == 404
    assert sentence in answer.text and "Traceback" not in answer.text
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_the_server_serves_it() -> None:
    # Behind the checks of the host that hold for everything (`make_app`).
    assert IMAGE_PATH in {route.path for route in server.make_app()._user_routes}
