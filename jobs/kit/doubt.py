"""What to do with a step that was cut between its effect and its record."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class InDoubt(Enum):
    """The policies that need nothing further."""

    # The provider honours the idempotency key: asking again costs nothing.
    RETRY_SAME_KEY = "retry_same_key"
    # Nobody can tell: an operator decides.
    HOLD = "hold"


@dataclass(frozen=True)
class Landed:
    """The effect did happen, with this result."""

    result: object


@dataclass(frozen=True)
class Ask:
    """Ask the provider: gives `Landed(result)`, or None when nothing happened."""

    provider: Callable[[], Landed | None]


Policy = InDoubt | Ask
