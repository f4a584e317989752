"""`./run bench`: measure Nightwork and its peers side by side, print the table."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import describe, sentence
from benchmarks.results import Row, table
from benchmarks.rows import ROWS
from benchmarks.scale import FULL, QUICK
from benchmarks.testbed import Testbed, running
from local.parts import ROOT

KEPT = ROOT / "var" / "bench"
PEERS = ("rq", "dbos")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("rows", nargs="*", help=f"of: {', '.join(ROWS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="see that it runs, only")
    parser.add_argument(
        "--threads", type=int, default=10, help="jobs at once a worker process, 10"
    )
    parser.add_argument(
        "--without", action="append", default=[], choices=PEERS, help="leave a peer out"
    )
    asked = parser.parse_args(arguments)
    if unknown := set(asked.rows) - set(ROWS):
        known = ", ".join(ROWS)
        parser.error(f"unknown rows: {', '.join(sorted(unknown))}; one of {known}")
    return asked


def main() -> None:
    """Measure, print and keep the figures; end with 1 when a bound is missed."""
    asked = parse()
    scale = QUICK if asked.quick else FULL
    without = frozenset(asked.without)
    with (
        tempfile.TemporaryDirectory(prefix="bench") as data,
        running(Path(data), scale, asked.threads, without) as testbed,
    ):
        machine = describe(testbed.servers.database_url)
        rows = [_measure(testbed, name) for name in asked.rows or ROWS]
    print(f"{sentence(machine)} {asked.threads} threads a worker process.\n")
    if asked.quick:
        print("Quick: these figures mean nothing.\n")
    print(table(rows))
    options = {"quick": asked.quick, "threads": asked.threads}
    folder = KEPT / "quick" if asked.quick else KEPT
    _keep(folder, rows, {"machine": machine, **options})
    if not asked.quick and any(row.is_missed for row in rows):
        sys.exit(1)


def _measure(testbed: Testbed, name: str) -> Row:
    began = time.monotonic()
    row = ROWS[name](testbed)
    took = time.monotonic() - began
    print(f"{name}: measured in {took:.0f} s", file=sys.stderr, flush=True)
    return row


def _keep(folder: Path, rows: Sequence[Row], about: dict[str, Any]) -> None:
    """Write one file a row, with every round's values."""
    folder.mkdir(parents=True, exist_ok=True)
    at = datetime.now(UTC).isoformat()
    for row in rows:
        kept = {"at": at, **about, **asdict(row), "verdict": row.verdict}
        (folder / f"{row.name}.json").write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main()
