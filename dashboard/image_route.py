"""Single images over plain requests: what a pointer rests on is fetched once and kept for good."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from core.errors import UserError
from dashboard import loaders, selection, sprites
from dashboard.text import clean, count

IMAGE_PATH = "/images/{run}/{file}/{index:int}.png"
_HEADERS = {
    "cache-control": "private, max-age=31536000, immutable",
    "cross-origin-resource-policy": "same-origin",  # nothing for other sites to show
}


def images_address(run_id: str, file: str) -> str:
    """The address of the images of a file, up to the index."""
    return f"/images/{run_id}/{file}/"


def image(request: Request) -> Response:
    """The image with an index in the train or test file of a run's data set, as a PNG.

    The address carries the data set's fingerprint as ``v``, so that other data has another one.
    """
    try:
        png = _picture(**request.path_params)
    except UserError as error:
        return PlainTextResponse(clean(str(error), 500), status_code=404)
    return Response(png, media_type="image/png", headers=_HEADERS)


def _picture(run: str, file: str, index: int) -> bytes:
    if not selection.is_run_id(run):
        raise UserError(f"{run!r} is not the id of a run")
    pixels = loaders.dataset(loaders.run(run).config.data.name).images_of(file)
    if index >= len(pixels):
        last = count(len(pixels) - 1)
        raise UserError(f"the {file} file has the images 0 to {last}, got {count(index)}")
    return sprites.picture(pixels[index])
