"""The web server around the pages: headers, Plotly's script, single images, what starts with it."""

import base64
import gc
import hashlib
import importlib
import logging
import os
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import plotly
import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse
from starlette.routing import Route

from core.errors import UserError
from dashboard.components.plot import PLOTLY_PATH
from dashboard.image_route import IMAGE_PATH, image
from dashboard.text import escaped

log = logging.getLogger(__name__)

APP_SCRIPT = Path(__file__).with_name("app.py")
PLOTLY_SCRIPT = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
STREAMLIT_PAGE = Path(st.__file__).parent / "static" / "index.html"


def _inline_scripts() -> str:
    """The hashes by which the policy allows the scripts inside Streamlit's own page only."""
    scripts = re.findall(r"<script>(.*?)</script>", STREAMLIT_PAGE.read_text("utf-8"), re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()) for text in scripts]
    return " ".join(f"'sha256-{digest.decode()}'" for digest in digests)


HEADERS = {
    "content-security-policy": "; ".join(
        (
            "default-src 'self'",
            # Streamlit loads the code of components from blobs.
            f"script-src 'self' blob: {_inline_scripts()}".strip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' ws://127.0.0.1:* ws://localhost:* data:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
_RAW_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

Scope = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class SecurityHeaders:
    """ASGI middleware that adds `HEADERS` to every answer; nothing is buffered on the way."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *_RAW_HEADERS]}
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


async def plotly_script(request: Request) -> FileResponse:
    """Plotly as its package ships it; the version in the path lets the browser keep it for good."""
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return FileResponse(PLOTLY_SCRIPT, media_type="text/javascript", headers=headers)


async def first_page(request: Request) -> RedirectResponse:
    """Where the first page lies, which Streamlit does not know by its name; parameters stay."""
    return RedirectResponse(request.url.replace(path="/"))


def warm_up() -> None:
    """Imports what the pages will need, then takes it out of the garbage collector's sight.

    A full collection after each run costs 0.2 s with torch in memory, and 0.01 s when frozen.
    """
    try:
        torch = importlib.import_module("torch")
        # A run that trains needs a processor of its own; the pages compute little.
        torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
        names = (
            "pandas",
            "sklearn.metrics",
            "sklearn.decomposition",
            "core.model",
            "core.evaluation",
            "captum.attr",
        )
        for name in names:
            importlib.import_module(name)
    except ImportError:
        log.exception("A library could not be imported ahead of time")
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict[str, Any] | None]:
    """Warms up beside the first page instead of before it."""
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    yield None


def show_error(error: BaseException) -> bool:
    """Tells the user in a sentence; the traceback of what is our defect goes to the log only."""
    if isinstance(error, UserError):
        st.error(escaped(str(error)), icon="⚠️")
    else:
        log.error("A page failed", exc_info=error)
        st.error(
            "This page could not be shown because of a defect in ConvScope. Your runs are safe on "
            "disk. Reload the page; if it happens again, the terminal that runs the dashboard "
            f"has the details ({type(error).__name__})."
        )
    return True


def make_app() -> st.App:
    """The application that uvicorn serves."""
    return st.App(
        APP_SCRIPT,
        routes=[
            Route(PLOTLY_PATH, plotly_script),
            Route(IMAGE_PATH, image),
            Route("/train", first_page),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            # Streamlit checks the host of its websocket only; pictures go over plain requests.
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
        ],
        lifespan=lifespan,
        on_script_error=show_error,
    )
