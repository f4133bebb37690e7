"""The prediction service: one network behind ``POST /predict``, ``GET /model``, ``GET /health``.

A picture comes as the form field ``file`` (PNG or JPEG), or its numbers as JSON,
``{"pixels": [...]}``: whole numbers 0 to 255, see `core.image_input`. Whatever is wrong with a
request gets a 4xx status and a sentence under ``detail``.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import Response

from core.export.request_body import SCHEMA, read_image
from core.image_input import ImageError
from core.predictor import Predictor

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

_ROUTES = "this service has POST /predict, GET /model and GET /health"


def create_app(
    predictor: Predictor, *, token: str | None = None, hosts: tuple[str, ...] = LOOPBACK
) -> FastAPI:
    """The service for one network.

    Args:
        predictor: the network.
        token: every request must carry it as ``Authorization: Bearer``; None asks for none.
        hosts: the names a request may call this machine by, ``*`` for any. Others are refused,
            because a page of a stranger can point its own name at this machine.
    """
    # The interactive pages of FastAPI load scripts from another host: nothing here does.
    app = FastAPI(title="ConvScope", docs_url=None, redoc_url=None)
    # One picture at a time: decoding one may take 100 MB, and the network runs on one thread.
    turn = anyio.CapacityLimiter(1)

    @app.post("/predict", openapi_extra={"requestBody": SCHEMA})
    async def predict(request: Request) -> dict[str, Any]:
        """The class of one picture, with all probabilities."""
        prepare = await read_image(request, predictor.input_shape)
        try:
            return await anyio.to_thread.run_sync(lambda: predictor.answer(prepare()), limiter=turn)
        except ImageError as error:
            raise HTTPException(422, str(error)) from None

    @app.get("/model")
    async def model() -> dict[str, Any]:
        """The run, the epoch, what goes in and what comes out."""
        return predictor.description()

    @app.get("/health")
    async def health() -> dict[str, Any]:
        """Answers as soon as the network is ready."""
        return {"status": "ok", "run_id": predictor.run_id, "epoch": predictor.epoch}

    app.add_exception_handler(StarletteHTTPException, _as_sentence)
    if token is not None:
        app.middleware("http")(_key_check(token))
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    return app


def _key_check(token: str) -> Callable[..., Awaitable[Response]]:
    expected = f"Bearer {token}".encode()

    async def check(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        given = request.headers.get("authorization", "").encode("latin-1")
        if hmac.compare_digest(given, expected):
            return await call_next(request)
        return JSONResponse(
            {"detail": "this service asks for its key: Authorization: Bearer KEY"},
            401,
            {"WWW-Authenticate": "Bearer"},
        )

    return check


async def _as_sentence(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    detail = error.detail
    if error.status_code == 404:
        detail = f"there is no such address: {_ROUTES}"
    elif error.status_code == 405:
        detail = f"this address does not answer that method: {_ROUTES}"
    return JSONResponse({"detail": detail}, error.status_code, error.headers)
