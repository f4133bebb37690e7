import socket

import pytest

from core.export.server import ServeError, check_address, listen

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_own_machine_needs_no_key(host):
    check_address(host, 8000, None)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.5", "example.com", "127.1", "localhost.evil.example", ""]
)
def test_any_other_address_needs_a_key(host):
    with pytest.raises(ServeError, match="add --token KEY"):
        check_address(host, 8000, None)
    check_address(host, 8000, TOKEN)


@pytest.mark.parametrize("token", ["", "short", "é" * 20])
def test_key_that_is_none(token):
    with pytest.raises(ServeError, match="at least 16 characters, all of them ASCII"):
        check_address("127.0.0.1", 8000, token)


@pytest.mark.parametrize("port", [-1, 65536])
def test_port_out_of_range(port):
    with pytest.raises(ServeError, match=f"in \\[0, 65535\\], got {port}"):
        check_address("127.0.0.1", port, None)


def test_answers_are_sent_without_delay():
    """asyncio looks at the protocol of a connection; left at 0, every answer waits 40 ms."""
    with listen("localhost", 0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
            assert accepted.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize("host", ["no.such.host.invalid", "x" * 100, "203.0.113.1"])
def test_address_that_is_not_to_be_had(host):
    with pytest.raises(ServeError, match=f"cannot listen on {host} port 0"):
        listen(host, 0)
