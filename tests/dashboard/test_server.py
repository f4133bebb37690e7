"""The server around the pages: who may ask, what may be loaded, and what a person is told."""

import re
import socket
import tomllib
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from core.errors import RunError
from dashboard import __main__ as launcher
from dashboard import server
from dashboard.components.plot import PLOTLY_PATH
from dashboard.palette import THEMES
from tests.dashboard.asking import getter

ROOT = Path(__file__).parents[2]
CONFIG = tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))


@pytest.fixture
def get():
    app = Starlette(
        routes=[Route(PLOTLY_PATH, server.plotly_script), Route("/train", server.first_page)],
        middleware=[Middleware(server.SecurityHeaders)],
    )
    return getter(app)


def test_every_answer_carries_the_headers_also_a_missing_page(get):
    for path in (PLOTLY_PATH, "/nothing"):
        headers = get(path).headers
        assert all(headers[name] == value for name, value in server.HEADERS.items())


def test_plotly_is_the_packages_own_script_kept_for_good(get):
    answer = get(PLOTLY_PATH)
    assert answer.content == server.PLOTLY_SCRIPT.read_bytes()
    assert "immutable" in answer.headers["cache-control"]


def test_the_first_page_answers_to_its_name_with_all_parameters(get):
    answer = get("/train?run=a&set=training.epochs%3D3")
    assert answer.is_redirect
    assert answer.headers["location"] == "http://127.0.0.1/?run=a&set=training.epochs%3D3"


def test_no_script_from_elsewhere_and_none_written_into_the_page():
    policy = dict(
        part.strip().split(" ", 1) for part in server.HEADERS["content-security-policy"].split(";")
    )
    assert "unsafe" not in policy["script-src"] and "http" not in policy["script-src"]
    assert policy["default-src"] == "'self'" and policy["frame-ancestors"] == "'none'"


def test_only_this_machine_is_listened_to_and_nothing_is_reported():
    assert CONFIG["server"]["address"] == "127.0.0.1" == launcher.ADDRESS
    assert CONFIG["server"]["allowedHosts"] == ["127.0.0.1", "localhost"]
    assert CONFIG["server"]["xsrfCookieSameSite"] == "strict"
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["client"]["showErrorDetails"] == "type"


@pytest.mark.parametrize("name", THEMES)
def test_the_themes_have_the_colours_of_the_palette(name):
    theme, palette = CONFIG["theme"][name], THEMES[name]
    assert theme["backgroundColor"] == palette.background
    assert theme["secondaryBackgroundColor"] == palette.surface
    assert theme["textColor"] == palette.text
    assert theme["primaryColor"] == palette.primary
    assert theme["borderColor"] == palette.border
    assert tuple(theme["chartCategoricalColors"]) == palette.categorical
    assert tuple(theme["chartSequentialColors"]) == palette.sequential


def luminance(color):
    def linear(byte):
        share = byte / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    r, g, b = (linear(int(color[i : i + 2], 16)) for i in (1, 3, 5))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("role", ["text", "muted", "primary", "good", "warning", "bad"])
def test_text_can_be_read_on_the_page_and_on_a_surface(name, role):
    palette = THEMES[name]
    for ground in (palette.background, palette.surface):
        bright, dark = sorted((luminance(getattr(palette, role)), luminance(ground)), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, (name, role, ground)


@pytest.mark.parametrize("name", THEMES)
def test_zero_is_in_the_middle_of_the_diverging_scale(name):
    palette = THEMES[name]
    assert len(palette.diverging) % 2 == 1
    assert palette.diverging[len(palette.diverging) // 2] == palette.background
    assert palette.sequential[0] == palette.background


def test_a_taken_port_is_a_sentence_and_a_failure(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert launcher.main(["--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert re.search(rf"Port {port} is taken.*--port \d+", said) and "Traceback" not in said


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_cannot_be_is_named_with_its_range(port):
    assert launcher.port_problem(port) == (
        f"--port must be a whole number in [1, 65535], got {port}."
    )


def test_a_users_mistake_is_shown_as_its_sentence_and_a_defect_calmly(monkeypatch, caplog):
    shown = []
    monkeypatch.setattr(server.st, "error", lambda text, **_: shown.append(text))
    assert server.show_error(RunError("run *x* is gone"))
    assert shown.pop() == r"run \*x\* is gone"
    assert server.show_error(KeyError("secret detail"))
    assert "secret" not in shown[0] and "runs are safe" in shown[0]
    assert "secret detail" in caplog.text  # but the log has it
