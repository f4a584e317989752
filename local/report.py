"""Print what an audit found."""

from itertools import groupby
from operator import itemgetter
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Document = dict[str, Any]
SEVERITIES = ("critical", "serious", "moderate", "minor")
COLOURS = dict(zip(SEVERITIES, ("bold red", "red", "yellow", "dim"), strict=True))
WORST = 12
GOOD, FAIR = 90, 50


def report(console: Console, session: Document) -> None:
    """Show the scores and the worst findings of an audited build session."""
    kinds = _kinds(session["findings"])
    console.print()
    console.print(f"[bold]Score {_coloured(session['auditScore'])} of 100[/]")
    console.print(_scores(session["scores"]))
    console.print(_findings(kinds[:WORST]))
    shown = min(WORST, len(kinds))
    console.print(f"{len(kinds)} rules failed; the worst {shown} are shown.")


def _scores(scores: dict[str, int | None]) -> Table:
    """List the weakest category first; what could not be judged comes last."""
    table = Table("category", "score", box=SIMPLE_HEAD)
    known = {name: score for name, score in scores.items() if score is not None}
    for category, score in sorted(known.items(), key=itemgetter(1)):
        table.add_row(escape(category), _coloured(score))
    for category in sorted(scores.keys() - known.keys()):
        table.add_row(escape(category), "not judged")
    return table


def _findings(kinds: list[list[Document]]) -> Table:
    table = Table("severity", "rule", "line", "times", "what", box=SIMPLE_HEAD)
    for same in kinds:
        first = same[0]
        severity = first["severity"]
        table.add_row(
            f"[{COLOURS[severity]}]{severity}[/]",
            f"{escape(first['rule'])} [dim]{escape(first['category'])}[/]",
            str(first.get("line") or ""),
            f"{first['occurrences']:,}",
            escape(first["message"]),
        )
    return table


def _kinds(findings: list[Document]) -> list[list[Document]]:
    """Group by rule, the most severe and then the most frequent first."""
    ordered = sorted(findings, key=lambda finding: str(finding["rule"]))
    groups = [list(same) for _, same in groupby(ordered, lambda one: one["rule"])]
    return sorted(groups, key=lambda same: (_severity(same), -same[0]["occurrences"]))


def _severity(same: list[Document]) -> int:
    return SEVERITIES.index(same[0]["severity"])


def _coloured(score: int) -> str:
    colour = "green" if score >= GOOD else "yellow" if score >= FAIR else "red"
    return f"[{colour}]{score}[/]"
