"""Bodies that are no JSON, or hold what can't be stored: refused, never an error."""

from io import BytesIO

import httpx2
import pytest

from tests.web.conftest import Caller
from tests.web.serving import serving

PAYLOAD = '{"kind": "probe", "payload": {"failAt": %s}}'


@pytest.mark.parametrize(
    "body",
    [b"{", b"kind=probe", b'{"kind": "probe"', b"\xff\xfe", b'{"a": 1,}', b"'a'"],
)
def test_a_body_that_is_no_json_is_a_bad_request(operator: Caller, body: bytes) -> None:
    answer = operator.post("/api/jobs", data=body)

    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        *("[]", '"kind"', "1", "null", "true"),
        *(PAYLOAD % word for word in ("NaN", "Infinity", "-Infinity", "1e999")),
        *(PAYLOAD % word for word in ('"\\u0000"', '"\\ud800"', '"a\\udfff"')),
        PAYLOAD % ("[" * 100 + "]" * 100),
        "[" * 100_000,
        PAYLOAD % ("9" * 5000),
        '{"kind": "probe", "\\u0000": 1}',
    ],
)
def test_json_that_can_not_be_kept_is_refused_by_field(
    operator: Caller, body: str
) -> None:
    answer = operator.post("/api/jobs", data=body)

    assert answer.status_code in {400, 422}
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form", ""]
)
def test_json_is_read_whatever_the_content_type_says(
    operator: Caller, content_type: str
) -> None:
    answer = operator.post(
        "/api/jobs", data='{"kind": "probe"}', content_type=content_type
    )

    assert answer.status_code == 202


def test_a_whole_number_may_be_written_with_a_point(operator: Caller) -> None:
    answer = operator.post(
        "/api/jobs", data='{"kind": "probe", "payload": {"steps": 2.0}}'
    )

    assert answer.status_code == 202


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_an_empty_body_is_an_empty_object(operator: Caller, body: bytes) -> None:
    answer = operator.post("/api/jobs", data=body)

    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "kind"


def test_a_body_over_the_limit_is_not_read(operator: Caller) -> None:
    answer = operator.post("/api/jobs", data=b" " * (7 * 2**20))

    assert answer.status_code == 413


@pytest.mark.parametrize(("size", "status"), [(2**10, 202), (7 * 2**20, 413)])
def test_a_body_in_chunks_has_the_same_limit(
    operator: Caller, size: int, status: int
) -> None:
    # Valid JSON up to the limit, and spaces: cut there it would be taken.
    body = BytesIO(b'{"kind": "probe"}' + b" " * size)
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}

    answer = operator.post("/api/jobs", input_stream=body, environ_overrides=chunked)

    assert answer.status_code == status


def test_who_sends_a_large_body_is_told_that_the_connection_closes(
    app: object, environment: dict[str, str]
) -> None:
    with serving(**environment) as web:
        refused = {
            size: httpx2.post(f"{web.url}/api/jobs", content=b" " * size).headers
            for size in (2**10, 2**20)
        }

    assert refused[2**10]["Connection"] == "keep-alive"
    assert refused[2**20]["Connection"] == "close"
