"""Job kinds: what the service can do, declared next to the function that does it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_type_hints

from pydantic import ConfigDict, TypeAdapter, with_config

import jobs
from jobs.kit.retry import Retry
from models.json import dump

if TYPE_CHECKING:
    from jobs.kit.context import Context
    from models.json import Json

P = TypeVar("P")
QUEUES = (
    "audit",
    "fix-pack",
    "collection",
    "song",
    "analysis",
    "csv",
    "maintenance",
    "probe",
)
ISOLATED = "-isolated"
TIME_LIMIT = timedelta(minutes=30)


class Access(Enum):
    """Who may start a kind through the jobs endpoint."""

    PUBLIC = "public"
    OPERATOR = "operator"
    # Only through its product's own endpoint.
    INTERNAL = "internal"


class KindError(Exception):
    """A job kind is declared in a way that can't work."""


@dataclass(eq=False)
class JobKind(Generic[P]):
    """A function of a context and a typed payload, and the policy around it."""

    name: str
    run: Callable[[Context, P], Json]
    payload: TypeAdapter[P]
    queue: str
    access: Access
    isolated: bool | Callable[[P], bool]
    timeout: timedelta
    retry: Retry
    steps: tuple[str, ...]
    dedupe_key: Callable[[P], str] | None
    failure: JobKind[P] | None = field(default=None, init=False)

    def __call__(self, ctx: Context, args: P) -> Json:
        """Run the plain function, as a test does."""
        return self.run(ctx, args)

    def accept(self, payload: object) -> dict[str, Any]:
        """Check a payload at the door; raises pydantic's ValidationError."""
        # Strict, as JSON: true is no number, and "5" is not one either.
        checked = self.payload.validate_json(dump(payload), strict=True)
        dumped: dict[str, Any] = self.payload.dump_python(checked, mode="json")
        return dumped

    def read(self, payload: object) -> P:
        """Turn a stored payload into what the function takes."""
        return self.payload.validate_python(payload)

    def queue_for(self, payload: object) -> str:
        """Choose the queue: CPU-heavy or crash-prone work runs isolated."""
        alone = self.isolated
        if callable(alone):
            alone = alone(self.read(payload))
        return f"{self.queue}{ISOLATED}" if alone else self.queue

    def dedupe(self, payload: object) -> str | None:
        """Give the key under which only one job may be active."""
        return self.dedupe_key and self.dedupe_key(self.read(payload))

    def payload_schema(self) -> dict[str, Any]:
        """Describe the payload for the API's documentation."""
        return self.payload.json_schema()

    def on_failure(self, run: Callable[[Context, P], Json]) -> JobKind[P]:
        """Declare the job that is submitted when one of this kind fails for good."""
        self.failure = _register(
            JobKind(
                name=f"{self.name}.failed",
                run=run,
                payload=self.payload,
                queue=self.queue,
                access=Access.INTERNAL,
                isolated=False,
                timeout=self.timeout,
                retry=self.retry,
                steps=(),
                dedupe_key=None,
            )
        )
        return self.failure


_DECLARED: dict[str, JobKind[Any]] = {}


def _register(kind: JobKind[P]) -> JobKind[P]:
    if kind.name in _DECLARED:
        message = f"two job kinds are named {kind.name!r}"
        raise KindError(message)
    if kind.queue not in QUEUES:
        message = f"{kind.name}: no queue {kind.queue!r}; one of {', '.join(QUEUES)}"
        raise KindError(message)
    if kind.timeout <= timedelta(0):
        message = f"{kind.name}: timeout must be positive"
        raise KindError(message)
    _DECLARED[kind.name] = kind
    return kind


def _payload_type(name: str, run: Callable[..., object]) -> type[Any]:
    parameters = list(inspect.signature(run).parameters)
    hints = get_type_hints(run)
    if len(parameters) != 2 or parameters[1] not in hints:  # noqa: PLR2004 - ctx, args
        message = f"{name}: write it as def {run.__name__}(ctx: Context, args: Payload)"
        raise KindError(message)
    found: type[Any] = hints[parameters[1]]
    return found


def job(
    name: str,
    *,
    queue: str,
    access: Access = Access.OPERATOR,
    isolated: bool | Callable[[P], bool] = False,
    timeout: timedelta = TIME_LIMIT,
    retry: Retry | None = None,
    steps: tuple[str, ...] = (),
    dedupe: Callable[[P], str] | None = None,
) -> Callable[[Callable[[Context, P], Json]], JobKind[P]]:
    """Declare a job kind; its stable name, not its import path, is what is stored.

    Raises KindError at import when the declaration can't work.
    """

    def declare(run: Callable[[Context, P], Json]) -> JobKind[P]:
        payload = _payload_type(name, run)
        # A misspelt field is refused at the door instead of dropped in silence.
        strict = with_config(ConfigDict(extra="forbid"))
        return _register(
            JobKind(
                name=name,
                run=run,
                payload=TypeAdapter(strict(payload)),
                queue=queue,
                access=access,
                isolated=isolated,
                timeout=timeout,
                retry=retry or Retry(),
                steps=steps,
                dedupe_key=dedupe,
            )
        )

    return declare


@cache
def catalogue() -> Mapping[str, JobKind[Any]]:
    """Find every job kind by walking the package `jobs`: no import can be forgotten."""
    for module in pkgutil.walk_packages(jobs.__path__, "jobs."):
        importlib.import_module(module.name)
    return _DECLARED
