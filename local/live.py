"""Show a job while it runs: bars on a terminal, lines elsewhere."""

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

Document = dict[str, Any]
DONE = "completed"
WHOLE = 100


class LiveJob:
    """Takes the job as it is, again and again, and shows what is new."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._seen: dict[str, str] = {}
        self._rows: dict[str, TaskID] = {}
        self._bars = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._whole = self._bars.add_task(f"[bold]{title}", total=WHOLE, note="")

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def show(self, job: Document) -> None:
        """Bring what is shown up to date."""
        for step in job["steps"]:
            self._show_step(step)
        progress = WHOLE if job["state"] == DONE else job["progress"] or 0
        note = job["note"] or job["state"]
        self._bars.update(self._whole, completed=progress, note=note)
        if self._seen.get("") != job["state"]:
            self._seen[""] = job["state"]
            self._line(f"job {job['state']}")

    def _show_step(self, step: Document) -> None:
        name, state = step["name"], step["state"]
        if self._seen.get(name) == state:
            return
        self._seen[name] = state
        self._line(f"  {name}: {state}{_took(step)}")
        if name not in self._rows:
            self._rows[name] = self._bars.add_task(f"  {name}", total=None, note="")
        done = WHOLE if state == DONE else 0
        total = WHOLE if state == DONE else None
        note = step.get("error") or _took(step)
        self._bars.update(self._rows[name], completed=done, total=total, note=note)

    def _line(self, text: str) -> None:
        if self._bars.disable:
            self._console.print(text, highlight=False, markup=False)


def _took(step: Document) -> str:
    duration = step.get("durationMs")
    return "" if duration is None else f" ({duration:,.0f} ms)"
