"""What an error means for trying again: the one place that classifies them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx2

from jobs.kit.errors import NonRetriableError, RetryAfterError, StepFailed

# A provider that says "too often" without saying how long is left alone this long.
TOO_OFTEN = timedelta(seconds=60)
# A provider's word is believed up to here.
LONGEST = timedelta(days=1)

_PASSING = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}
# The request never left, so nothing can have happened over there.
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


@dataclass(frozen=True)
class Verdict:
    """Whether and when to try again, and whether it may have had its effect."""

    retryable: bool
    after: timedelta | None = None
    in_doubt: bool = False


def verdict(error: BaseException) -> Verdict:
    """Judge an error that a step or a job raised."""
    match error:
        case RetryAfterError():
            return Verdict(retryable=True, after=min(error.after, LONGEST))
        case NonRetriableError() | StepFailed():
            return Verdict(retryable=False)
        case httpx2.HTTPStatusError():
            return _of_answer(error.response)
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol():
            return Verdict(retryable=False)
        case _ if isinstance(error, _NOT_SENT):
            return Verdict(retryable=True)
    # An unknown error may have come after the call: its effect is in doubt.
    return Verdict(retryable=True, in_doubt=True)


def _of_answer(response: httpx2.Response) -> Verdict:
    status = response.status_code
    if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        after = retry_after(response.headers.get("Retry-After"))
        if after is None and status == HTTPStatus.TOO_MANY_REQUESTS:
            after = TOO_OFTEN
        doubtful = status >= HTTPStatus.INTERNAL_SERVER_ERROR and after is None
        return Verdict(retryable=True, after=after, in_doubt=doubtful)
    return Verdict(retryable=False)


def retry_after(header: str | None) -> timedelta | None:
    """Read a Retry-After header: seconds or a date; None: absent or nonsense."""
    if header is None:
        return None
    digits = header.strip()
    if digits.isdecimal():
        # Python refuses to read thousands of digits; so many say "for ever".
        return min(timedelta(seconds=int(digits.lstrip("0")[:9] or "0")), LONGEST)
    try:
        at = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(timedelta(0), min(at - datetime.now(UTC), LONGEST))
