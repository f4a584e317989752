"""Bodies that are no JSON, or hold what can't be stored: refused, never an error."""

import pytest

from tests.web.conftest import Caller

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
