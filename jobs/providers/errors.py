"""Why a page could not be had, in words for the person who asked for it.

Those that come from `NonRetriableError` would be the same tomorrow; the others
may pass, and are tried again.
"""

from jobs.kit import NonRetriableError


class RefusedAddressError(NonRetriableError):
    """The address is one this service does not visit."""


class UnknownHostError(NonRetriableError):
    """No such name."""

    def __init__(self, host: str) -> None:
        """Name the host."""
        super().__init__(f"There is no server called {host}.")


class TooLargeError(NonRetriableError):
    """More bytes than the cap."""


class RedirectLoopError(NonRetriableError):
    """The page leads from one address to the next without end."""


class TlsError(NonRetriableError):
    """No secure connection: certificate or protocol."""


class BrokenAnswerError(NonRetriableError):
    """What came back is not HTTP, or not packed as it says."""


class UnreachableError(Exception):
    """Nobody answered; that may change."""


class TooSlowError(Exception):
    """The answer was not complete when the time was over; that may change."""

    def __init__(self, host: str, seconds: float) -> None:
        """Name the host and the time that was given."""
        super().__init__(
            f"{host} did not send the whole answer within {seconds:g} seconds."
        )
