"""What an error means for trying again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from jobs.kit import NonRetriableError, RetryAfterError, StepFailed
from jobs.kit.verdict import LONGEST, TOO_OFTEN, Verdict, retry_after, verdict

FAR_YEAR = "Wed, 21 Oct 99999999999999 07:28:00 GMT"
AGAIN = Verdict(retryable=True)
NEVER = Verdict(retryable=False)
DOUBTFUL = Verdict(retryable=True, in_doubt=True)


def answered(status: int, **headers: str) -> Verdict:
    request = httpx2.Request("POST", "https://provider.example/")
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx2.Response(status, headers=headers, request=request)
    return verdict(httpx2.HTTPStatusError("no", request=request, response=response))


@pytest.mark.parametrize("status", [301, 304, 400, 401, 402, 403, 404, 409, 422, 451])
def test_an_answer_that_blames_the_request_is_final(status):
    assert answered(status) == NEVER


@pytest.mark.parametrize("status", [408, 425])
def test_an_answer_that_blames_the_moment_is_tried_again(status):
    assert answered(status) == AGAIN


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 520, 599])
def test_a_servers_failure_is_tried_again_but_may_have_had_its_effect(status):
    assert answered(status) == DOUBTFUL


def test_too_many_requests_without_a_time_are_left_alone_for_a_while():
    assert answered(429) == Verdict(retryable=True, after=TOO_OFTEN)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_provider_that_names_a_time_has_refused_the_request(status):
    expected = Verdict(retryable=True, after=timedelta(seconds=7))

    assert answered(status, Retry_After="7") == expected


@pytest.mark.parametrize("status", [400, 403])
def test_a_time_named_with_a_final_answer_changes_nothing(status):
    assert answered(status, Retry_After="7") == NEVER


@pytest.mark.parametrize(
    "error",
    [
        httpx2.ConnectError("refused"),
        httpx2.ConnectTimeout("no route"),
        httpx2.PoolTimeout("all in use"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_request_that_never_left_had_no_effect(error):
    assert verdict(error) == AGAIN


@pytest.mark.parametrize(
    "error",
    [
        httpx2.ReadTimeout("silence"),
        httpx2.WriteTimeout("half sent"),
        httpx2.ReadError("reset"),
        httpx2.WriteError("broken pipe"),
        httpx2.RemoteProtocolError("garbage"),
        ConnectionResetError("cut"),
        TimeoutError("late"),
        ValueError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_may_have_come_after_sending_leaves_doubt(error):
    assert verdict(error) == DOUBTFUL


@pytest.mark.parametrize(
    "error",
    [
        NonRetriableError("no"),
        StepFailed("fetch", "no"),
        httpx2.InvalidURL("no"),
        httpx2.UnsupportedProtocol("gopher"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_repeats_itself_is_final(error):
    assert verdict(error) == NEVER


@pytest.mark.parametrize("wait", [90, 90.0, timedelta(seconds=90)])
def test_an_author_may_name_the_wait(wait):
    assert verdict(RetryAfterError("busy", wait)).after == timedelta(seconds=90)


def test_an_authors_wait_is_believed_up_to_a_day():
    assert verdict(RetryAfterError("busy", timedelta(days=9))).after == LONGEST


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("0", 0), ("120", 120), (" 3 ", 3), ("99999999999999999999", 86_400)],
)
def test_a_wait_in_seconds_is_read(header, seconds):
    assert retry_after(header) == timedelta(seconds=seconds)


def test_a_wait_until_a_date_is_read():
    soon = datetime.now(UTC) + timedelta(minutes=5)

    for header in (format_datetime(soon, usegmt=True), format_datetime(soon)):
        waited = retry_after(header)
        assert waited is not None
        assert timedelta(minutes=4, seconds=58) < waited <= timedelta(minutes=5)


def test_a_date_that_is_past_means_now_and_one_far_off_a_day():
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == timedelta(0)
    assert retry_after("Wed, 21 Oct 2099 07:28:00 GMT") == LONGEST


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "soon",
        "-5",
        "1.5",
        "²",
        "٣",
        "Wed, 99 Oct 2015",
        "9" * 5000,
        "\0",
        FAR_YEAR,
    ],
)
def test_a_header_that_means_nothing_names_no_wait_beyond_a_day(header):
    assert (retry_after(header) or timedelta(0)) <= LONGEST


@pytest.mark.parametrize("header", ["soon", "-5", "1.5", "²", ""])
def test_nonsense_is_no_time(header):
    assert retry_after(header) is None
