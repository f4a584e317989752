"""Checks what PostgreSQL recorded against what was promised."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from tests.chaos.client import Client

_HISTORY = """
    SELECT e.job_id, e.seq, e.type, e.name, e.attempt, e.data ->> 'state' AS state,
           j.event_seq, j.state AS job_state, e.at
    FROM job_events e JOIN jobs j ON j.id = e.job_id
    WHERE e.job_id = ANY(%s) ORDER BY e.job_id, e.seq
"""
_STEPS = """
    SELECT job_id, count(*) FILTER (WHERE state = 'completed') AS done, count(*) AS seen
    FROM job_steps WHERE job_id = ANY(%s) GROUP BY job_id
"""


def violations(client: Client, job_ids: Sequence[str], *, steps: int) -> list[str]:
    """List every broken promise: lost jobs, doubled steps, zombies, gaps."""
    rows = client.rows(_HISTORY, list(job_ids))
    found = [
        fault
        for job_id, events in groupby(rows, key=lambda row: row.job_id)
        for fault in _faults(job_id, list(events))
    ]
    known = {str(row.job_id) for row in rows}
    found += [f"{job_id}: accepted, but unknown" for job_id in set(job_ids) - known]
    for row in client.rows(_STEPS, list(job_ids)):
        if (row.done, row.seen) != (steps, steps):
            found.append(f"{row.job_id}: {row.done} of {steps} steps are recorded")
    return found


def _faults(job_id: Any, events: list[Any]) -> Iterable[str]:
    last = events[-1]
    if last.job_state != "completed":
        yield f"{job_id}: ended up {last.job_state}"
    if [event.seq for event in events] != list(range(1, last.event_seq + 1)):
        yield f"{job_id}: its events have gaps"
    attempts = [event.attempt for event in events]
    if attempts != sorted(attempts):
        yield f"{job_id}: an earlier attempt wrote after a later one"
    names = [event.name for event in events if event.state == "completed"]
    for name in {name for name in names if names.count(name) > 1}:
        yield f"{job_id}: {name} was committed {names.count(name)} times"


def longest_gap(client: Client, job_ids: Sequence[str]) -> float:
    """Measure the longest time, in seconds, from losing a worker to the next claim.

    A rescued job's worker fell silent at its last sign of life, at the latest; what
    is measured here runs from the claim's end as the database saw it.
    """
    rows = client.rows(
        """
        SELECT max(extract(epoch FROM claimed.at - r.at)) AS gap
        FROM job_events r JOIN LATERAL (
            SELECT at FROM job_events c WHERE c.job_id = r.job_id AND c.seq > r.seq
            AND c.name = 'claimed' ORDER BY c.seq LIMIT 1
        ) claimed ON true
        WHERE r.job_id = ANY(%s) AND r.name IN ('rescued', 'handed over')
        """,
        list(job_ids),
    )
    return float(rows[0].gap or 0)
