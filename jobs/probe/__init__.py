"""The probe: how an operator checks an installation, and the chaos suite's work."""

import os
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen

from jobs.kit import Context, Retry, job
from models.settings import settings

_TRIES = Retry(
    attempts=3,
    base=timedelta(seconds=0.2),
    cap=timedelta(seconds=0.2),
    jitter=timedelta(0),
)


class ProbeError(Exception):
    """The probe was asked to fail here."""


@dataclass(frozen=True)
class Probe:
    """So many steps, so long each; one of them may fail so many times."""

    steps: Annotated[int, Ge(0), Le(1000)] = 1
    seconds: Annotated[float, Ge(0), Le(86_400)] = 0
    failAt: Annotated[str, MaxLen(100)] | None = None  # noqa: N815 - the API's name
    failTimes: Annotated[int, Ge(0), Le(1000)] = 0  # noqa: N815 - the API's name
    cpu: bool = False
    effects: bool = False


def _is_heavy(args: Probe) -> bool:
    return args.cpu


@job("probe", queue="probe", isolated=_is_heavy, retry=_TRIES)
def probe(ctx: Context, args: Probe) -> dict[str, Any]:
    """Run the steps; with `effects`, each leaves a line in a file."""
    for number in range(1, args.steps + 1):
        name = f"step {number}"
        ctx.step(
            name,
            _work,
            ctx,
            name,
            args,
            timeout=timedelta(seconds=args.seconds + 300),
            effect="probe.line" if args.effects else None,
        )
        ctx.progress(number, args.steps)
    return {"steps": args.steps, "fanOut": None, "signal": None}


def _work(ctx: Context, name: str, args: Probe) -> None:
    if args.cpu:
        _stay_busy(ctx, args.seconds)
    elif args.seconds:
        ctx.pause(timedelta(seconds=args.seconds))
    if name == args.failAt and ctx.tries < args.failTimes:
        message = f"Failing at {name}, as asked."
        raise ProbeError(message)
    if args.effects:
        ctx.check()
        _leave_line(f"{ctx.job_id} {name} {ctx.attempt} {time.time():.6f}\n")


def _stay_busy(ctx: Context, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ctx.check()
        sum(number * number for number in range(10_000))


def _leave_line(line: str) -> None:
    """Append in one write, so that lines of several workers never mix."""
    folder = settings().nightwork_data
    folder.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    file = os.open(folder / "probe-effects.log", flags, 0o644)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)
