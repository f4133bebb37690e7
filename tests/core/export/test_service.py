import asyncio
import io
import json
import zlib

import httpx
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.config import ConvBlock, ModelConfig
from core.evaluation import predict
from core.export import request_body
from core.export.service import create_app
from core.model import ConvNet
from core.predictor import Predictor


def predictor_for(shape, classes, mean, std):
    torch.manual_seed(0)
    config = ModelConfig(blocks=(ConvBlock(channels=4, pooling="max"),), dense=())
    model = ConvNet(config, shape, len(classes))
    return Predictor(model, classes, shape, mean, std, "20260101-000000-abcdef", 2, {"x": 1})


@pytest.fixture(scope="module")
def predictor(digits):
    return predictor_for(digits.shape, digits.classes, digits.mean, digits.std)


class Client:
    """Talks to the app in this process, on one event loop from first to last."""

    def __init__(self, app):
        # A defect of ours must be seen as a 500, not as an exception in the test.
        self.transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.runner = asyncio.Runner()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.runner.close()

    def request(self, method, path, **options):
        async def send():
            client = httpx.AsyncClient(transport=self.transport, base_url="http://127.0.0.1:8000")
            async with client:
                return await client.request(method, path, **options)

        return self.runner.run(send())

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)


@pytest.fixture(scope="module")
def client(predictor):
    with Client(create_app(predictor)) as client:
        yield client


def png(pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(buffer, "PNG")
    return buffer.getvalue()


def send_file(client, data, name="file"):
    return client.post("/predict", files={name: ("a.png", data, "image/png")})


def send_json(client, body):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/predict", content=body, headers={"content-type": "application/json"})


def assert_refused(response, status, *words):
    assert response.status_code == status, response.text
    sentence = response.json()["detail"]
    assert isinstance(sentence, str)
    for word in words:
        assert word in sentence


class TestAnswers:
    def test_picture_of_a_test_image_gets_bitwise_the_probabilities_of_that_image(
        self, client, digits, predictor
    ):
        for index in range(5):
            image = digits.test_images[index]
            expected = predict(predictor.model, image[None], digits.mean, digits.std)[0]
            answer = send_file(client, png(image[0])).json()
            found = torch.tensor(list(answer["probabilities"].values()))
            assert torch.equal(found, expected)
            assert answer["class_index"] == int(expected.argmax())
            assert answer["class"] == digits.classes[answer["class_index"]]
            assert list(answer["probabilities"]) == list(digits.classes)
            assert (answer["run_id"], answer["epoch"]) == ("20260101-000000-abcdef", 2)

    def test_numbers_and_picture_get_the_same_answer(self, client, digits):
        image = digits.test_images[3]
        answers = [
            send_json(client, {"pixels": values}).json()
            for values in (image.flatten().tolist(), image[0].tolist(), image.tolist())
        ]
        assert answers == [send_file(client, png(image[0])).json()] * 3

    def test_colour_network_reads_colours_in_their_order(self):
        shape = (3, 8, 8)
        predictor = predictor_for(shape, ("cat", "dog"), (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
        image = torch.randint(0, 256, shape, dtype=torch.uint8)
        with Client(create_app(predictor)) as client:
            answer = send_file(client, png(image.permute(1, 2, 0).contiguous())).json()
        expected = predict(predictor.model, image[None], predictor.mean, predictor.std)[0]
        assert torch.equal(torch.tensor([answer["probabilities"][k] for k in ("cat", "dog")]),
                           expected)  # fmt: skip

    def test_model_tells_what_goes_in_and_out(self, client, digits):
        answer = client.get("/model").json()
        assert answer["input_shape"] == [1, 8, 8]
        assert answer["classes"] == list(digits.classes)
        assert answer["parameters"] == 4 * 9 + 4 + 10 * 36 + 10
        assert answer["x"] == 1

    def test_health(self, client):
        assert client.get("/health").json()["status"] == "ok"

    def test_schema_describes_both_bodies_and_no_page_loads_foreign_scripts(self, client):
        body = client.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]
        assert set(body["content"]) == {"multipart/form-data", "application/json"}
        assert client.get("/docs").status_code == client.get("/redoc").status_code == 404


class TestWrongInput:
    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", "the file is empty"),
            (b"hello", "neither PNG nor JPEG"),
            (b"GIF89a" + bytes(50), "neither PNG nor JPEG"),
            (png(np.zeros((8, 8), np.uint8))[:50], "damaged or cut short"),
            (b"\xff\xd8\xff\xe0" + bytes(50), "damaged or cut short"),
        ],
    )
    def test_file_that_is_no_picture(self, client, data, words):
        assert_refused(send_file(client, data), 422, words)

    def test_picture_that_claims_an_absurd_size(self, client):
        header = bytearray(png(np.zeros((8, 8), np.uint8)))
        header[16:24] = (10_000).to_bytes(4, "big") * 2
        crc = zlib.crc32(header[12:29])
        header[29:33] = crc.to_bytes(4, "big")
        assert_refused(send_file(client, bytes(header)), 422, "10,000 by 10,000", "make it smaller")

    def test_form_without_the_field(self, client):
        assert_refused(send_file(client, b"x", name="image"), 422, "one field 'file'")

    def test_form_field_that_is_text(self, client):
        body = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nhello\r\n--b--\r\n'
        headers = {"content-type": "multipart/form-data; boundary=b"}
        response = client.post("/predict", content=body, headers=headers)
        assert_refused(response, 422, "one field 'file'")

    def test_two_files(self, client):
        files = [("file", ("a.png", b"x")), ("file", ("b.png", b"y"))]
        assert_refused(client.post("/predict", files=files), 400, "Too many files")

    @pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x"])
    def test_broken_form(self, client, kind):
        response = client.post("/predict", content=b"nonsense", headers={"content-type": kind})
        assert_refused(response, 400)

    @pytest.mark.parametrize(
        "kind", ["text/plain", "image/png", "application/x-www-form-urlencoded", "é/ü"]
    )
    def test_other_content_type(self, client, kind):
        headers = {"content-type": kind.encode()}
        response = client.post("/predict", content=b"abc", headers=headers)
        assert_refused(response, 415, "send a picture as the form field 'file'")

    def test_no_body_at_all(self, client):
        assert_refused(client.post("/predict"), 415, "got no content type")

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"nonsense", b'{"pixels": [NaN]}', b'{"pixels": [-Infinity]}', b"\xff\xfe\x00",
         b"[" * 200_000, b'{"pixels": [' + b"9" * 5000 + b"]}"],
    )  # fmt: skip
    def test_body_that_is_not_json(self, client, body):
        response = send_json(client, body)
        assert_refused(response, 400, "the body is not JSON")

    @pytest.mark.parametrize(
        "values", [[], 5, None, {}, {"image": []}, {"pixels": [], "scale": 1}, "pixels"]
    )
    def test_unknown_json(self, client, values):
        assert_refused(send_json(client, values), 422, "send one JSON object")

    @pytest.mark.parametrize(
        ("pixels", "words"),
        [
            ([0] * 63, "64 numbers"),
            ([0] * 784, "got a list of 784"),
            ([], "an empty list"),
            ([0] * 63 + ["0"], "got '0' at position 63"),
            ([0] * 63 + [True], "got True at position 63"),
            ([0] * 63 + [None], "got None"),
            ([0] * 63 + [256], "got 256"),
            ([0] * 63 + [0.5], "multiply pixels in [0, 1] by 255"),
            ([[0] * 8] * 7, "7 lists of 8"),
            ([[[[0]]]], "nested as [8][8]"),
            ("0" * 64, "flat list"),
            (["\ud800"] * 64, "got '\\ud800' at position 0"),
            ({"0": 1}, "flat list"),
        ],
    )
    def test_wrong_pixels(self, client, pixels, words):
        assert_refused(send_json(client, {"pixels": pixels}), 422, words)

    def test_number_beyond_floating_point(self, client):
        body = b'{"pixels": [' + b"0," * 63 + b"1e999]}"
        response = send_json(client, body)
        assert_refused(response, 422, "got inf at position 63")

    def test_wrong_address_and_method(self, client):
        assert_refused(client.get("/predictions"), 404, "POST /predict")
        assert_refused(client.get("/predict"), 405, "POST /predict")

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        body=st.binary(max_size=200)
        | st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=4),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
        ).map(lambda values: json.dumps({"pixels": values}).encode()),
        kind=st.sampled_from(
            [b"application/json", b"multipart/form-data; boundary=b", b"multipart/form-data"]
        )
        | st.binary(max_size=30).filter(lambda text: not set(text) & set(b"\r\n\0")),
    )
    def test_whatever_is_sent_gets_a_sentence(self, client, body, kind):
        response = client.post("/predict", content=body, headers={b"content-type": kind})
        assert 400 <= response.status_code < 500
        assert response.json()["detail"]

    @settings(max_examples=150, deadline=None)
    @given(parts=st.lists(st.sampled_from(
        [b"--b", b"--", b"\r\n", b"\n", b'Content-Disposition: form-data; name="file"', b"; ",
         b'filename="a"', b"Content-Type: image/png", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\0",
         b"Content-Transfer-Encoding: base64", b":", b'name="x"']), max_size=25))  # fmt: skip
    def test_whatever_looks_like_a_form_gets_a_sentence(self, client, parts):
        headers = {"content-type": "multipart/form-data; boundary=b"}
        response = client.post("/predict", content=b"".join(parts), headers=headers)
        assert 400 <= response.status_code < 500
        assert response.json()["detail"]


class TestLimits:
    def test_body_is_counted_as_it_arrives(self, client):
        sent = 0

        async def endless():
            nonlocal sent
            while sent < 2**30:
                sent += 2**20
                yield bytes(2**20)

        headers = {"content-type": "application/json"}
        assert_refused(client.post("/predict", content=endless(), headers=headers), 413, "10.1 MiB")

    @pytest.mark.parametrize("length", ["99999999999", "9" * 5000])
    def test_claimed_length_is_enough_to_refuse(self, client, length):
        headers = {"content-type": "application/json", "content-length": length}
        assert_refused(client.post("/predict", content=b"{}", headers=headers), 413, "at most")

    def test_body_that_never_ends_is_given_up(self, client, monkeypatch):
        monkeypatch.setattr(request_body, "MAX_BODY_SECONDS", 0.05)

        async def stuck(request):
            await asyncio.sleep(10)

        monkeypatch.setitem(
            request_body._READERS, "application/json", (stuck, request_body.from_numbers)
        )
        assert_refused(send_json(client, {}), 408, "did not arrive within")


class TestDoors:
    @pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1].evil"])
    @pytest.mark.parametrize("path", ["/health", "/model", "/predict"])
    def test_foreign_host_is_refused(self, client, host, path):
        method = "POST" if path == "/predict" else "GET"
        assert client.request(method, path, headers={"host": host}).status_code == 400

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9999", "[::1]:80"])
    def test_own_names_are_answered(self, client, host):
        assert client.get("/health", headers={"host": host}).status_code == 200

    @pytest.mark.parametrize(
        "given", [None, "", "Bearer", "Bearer wrong", "secret-key-0123456", "Bearer é"]
    )
    @pytest.mark.parametrize("path", ["/health", "/model", "/openapi.json", "/nowhere"])
    def test_key_is_asked_everywhere(self, predictor, given, path):
        with Client(create_app(predictor, token="secret-key-0123456")) as client:
            headers = {} if given is None else {"authorization": given.encode("latin-1")}
            response = client.get(path, headers=headers)
        assert_refused(response, 401, "Authorization: Bearer")

    def test_right_key_opens(self, predictor):
        with Client(create_app(predictor, token="secret-key-0123456")) as client:
            headers = {"authorization": "Bearer secret-key-0123456"}
            assert client.get("/health", headers=headers).status_code == 200
