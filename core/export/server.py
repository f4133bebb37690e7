"""Runs the prediction service on a socket: on this machine only, unless a key guards it."""

import ipaddress
import os
import socket
from collections.abc import Callable

import uvicorn

from core.errors import UserError
from core.export.service import LOOPBACK, create_app
from core.predictor import Predictor

MAX_CONNECTIONS = 32  # each may hold a request of 10 MiB in memory
SHORTEST_TOKEN = 16


class ServeError(UserError):
    """The service cannot listen where it was asked to."""


def serve(
    predictor: Predictor,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    announce: Callable[[str], None] = print,
) -> None:
    """Answers requests until it is interrupted.

    Args:
        predictor: the network.
        host: the address to listen on.
        port: 0 takes a free one.
        token: the key that every request must carry; needed beyond this machine.
        announce: is given the service's address once requests are answered.

    Raises:
        ServeError: if the address is open to others and there is no key, or is not to be had.
    """
    check_address(host, port, token)
    listening = listen(host, port)
    name = f"[{host}]" if ":" in host else host
    # The names by which others call this machine are unknown here; there, the key is the guard.
    hosts = (*LOOPBACK, name) if _is_loopback(host) else ("*",)
    app = create_app(predictor, token=token, hosts=hosts)
    config = uvicorn.Config(
        app, log_level="warning", limit_concurrency=MAX_CONNECTIONS, server_header=False
    )
    with listening:
        announce(f"http://{name}:{listening.getsockname()[1]}")
        uvicorn.Server(config).run(sockets=[listening])


def check_address(host: str, port: int, token: str | None) -> None:
    """Refuses an address that is open to others without a key.

    Raises:
        ServeError: that says which option to add or change.
    """
    if not 0 <= port <= 65535:
        raise ServeError(f"port must be a whole number in [0, 65535], got {port}")
    if token is not None and (len(token) < SHORTEST_TOKEN or not token.isascii()):
        raise ServeError(
            f"token must have at least {SHORTEST_TOKEN} characters, all of them ASCII; "
            "python -c 'import secrets; print(secrets.token_urlsafe())' makes a good one"
        )
    if token is None and not _is_loopback(host):
        raise ServeError(
            f"others can reach {host}: add --token KEY, or leave --host out to serve this machine "
            "only"
        )


def _is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address; a name other than localhost may be any."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections; port 0 takes a free one.

    Raises:
        ServeError: if the address is not this machine's or the port is taken.
    """
    host = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends answers without delay only on sockets that name their protocol: 40 ms each.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere the option would let two services share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(MAX_CONNECTIONS)
    except (OSError, UnicodeError) as error:  # a name may be unknown, or none at all
        listening.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ServeError(
            f"cannot listen on {host} port {port} ({reason}); choose another --port"
        ) from None
    return listening
