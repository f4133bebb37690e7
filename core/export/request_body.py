"""Reads the image out of a request to the prediction service, trusting nothing in it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import HTTPException, Request
from starlette.datastructures import UploadFile
from torch import Tensor

from core.image_input import MAX_FILE_BYTES, Shape, from_file, from_numbers

MAX_BODY_BYTES = MAX_FILE_BYTES + 2**16  # the form around the file
MAX_BODY_SECONDS = 30

_CLOSE = {"Connection": "close"}  # or the server would go on taking in, and dropping, the rest

SCHEMA = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["pixels"],
                "additionalProperties": False,
                "properties": {"pixels": {"type": "array", "items": {}}},
            }
        },
    },
}
"""The body as OpenAPI describes it."""


async def read_image(request: Request, shape: Shape) -> Callable[[], Tensor]:
    """The work, still to be done, that makes the request's body an image (C, H, W) uint8.

    Raises:
        HTTPException: 4xx with a sentence if the body is too large, too slow, of another type or
            not of the form it claims. The returned function raises `ImageError`.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _READERS:
        raise HTTPException(
            415,
            "send a picture as the form field 'file' (multipart/form-data) or numbers as JSON "
            f'{{"pixels": [...]}} (application/json), got {_quoted(kind) or "no content type"}',
        )
    read, prepare = _READERS[kind]
    try:
        async with asyncio.timeout(MAX_BODY_SECONDS):
            content = await read(_capped(request))
    except TimeoutError:
        sentence = f"the request did not arrive within {MAX_BODY_SECONDS} seconds"
        raise HTTPException(408, sentence, _CLOSE) from None
    return lambda: prepare(content, shape)


def _capped(request: Request) -> Request:
    """The same request, which refuses to go on reading once its body is too large."""
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        message = await request.receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY_BYTES:
            raise _too_large()
        return dict(message)

    # A body may come without its length, or with a wrong one: what counts is what arrives.
    claimed = request.headers.get("content-length", "")
    if len(claimed) > 18 or (claimed.isdecimal() and int(claimed) > MAX_BODY_BYTES):
        raise _too_large()
    return Request(request.scope, receive)


def _too_large() -> HTTPException:
    sentence = f"a request may have {MAX_BODY_BYTES / 2**20:.1f} MiB at most"
    return HTTPException(413, sentence, _CLOSE)


async def _file_of_form(request: Request) -> bytes:
    async with request.form(max_files=1, max_fields=8) as form:
        parts = form.getlist("file")
        if len(parts) != 1 or not isinstance(parts[0], UploadFile):
            sentence = "the form needs one field 'file' that holds a PNG or JPEG picture"
            raise HTTPException(422, sentence)
        return await parts[0].read()


async def _pixels_of_json(request: Request) -> Any:
    try:
        values = json.loads(await request.body(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"the body is not JSON: {_quoted(str(error))[1:-1]}") from None
    if not isinstance(values, dict) or set(values) != {"pixels"}:
        raise HTTPException(422, 'send one JSON object {"pixels": [...]} and nothing else in it')
    return values["pixels"]


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")


def _quoted(text: str) -> str:
    """A stranger's text in quotes, in ASCII and short; empty text stays empty."""
    return ascii(text[:200]) if text else ""


_READERS: dict[str, tuple[Callable[[Request], Awaitable[Any]], Callable[[Any, Shape], Tensor]]] = {
    "multipart/form-data": (_file_of_form, from_file),
    "application/json": (_pixels_of_json, from_numbers),
}
