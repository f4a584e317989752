"""`./run demo`: audit one page from nothing, with everything in its own process."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from local.client import Client, Document, OverdueError, RefusedError
from local.live import LiveJob
from local.parts import ROOT
from local.report import report
from local.site import sample_site
from local.stack import StackFailedError, running

DATA = ROOT / "var" / "demo"
PLAIN_WIDTH = 110
PORTS = {"http": 80, "https": 443}


class AuditFailedError(Exception):
    """The audit ended without a result; the message is the job's."""


def main() -> None:
    """Run the demo; end with 1 and a sentence when something goes wrong."""
    parser = argparse.ArgumentParser(prog="./run demo", description=__doc__)
    parser.add_argument("url", nargs="?", help="page to audit; default: a sample")
    parser.add_argument("--data", type=Path, default=DATA, help="var/demo")
    asked = parser.parse_args()
    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    try:
        with _page(asked.url) as url:
            _show(console, url, asked.data)
    except (StackFailedError, RefusedError, OverdueError, AuditFailedError) as error:
        sys.exit(f"The demo failed. {error}")
    except KeyboardInterrupt:
        sys.exit(130)


@contextmanager
def _page(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    with sample_site() as sample:
        yield sample


def _show(console: Console, url: str, data: Path) -> None:
    console.print("Starting PostgreSQL, Valkey, web, keeper and workers ...")
    environment = {"NIGHTWORK_FETCH_ALLOW": _own_page(url)}
    with running(data, workers=1, environment=environment) as stack:
        console.print(f"Running at {stack['url']}; auditing {url}", highlight=False)
        with Client(stack["url"], stack["apiKey"]) as client:
            report(console, _audit(client, console, url))
        console.print("Stopping ...")


def _audit(client: Client, console: Console, url: str) -> Document:
    """Ask for an audit, show it run, return the audited build session."""
    asked = {"name": "Demo", "url": url}
    envelope = client.post("/api/build-sessions", asked)
    console.print(f"Accepted as job {envelope['jobId']}", highlight=False)
    job: Document = {}
    with LiveJob(console, "audit") as live:
        for job in client.follow(envelope):
            live.show(job)
    if job["state"] != "completed":
        raise AuditFailedError(job["error"] or f"The job was {job['state']}.")
    return client.get(envelope["resource"]["url"])


def _own_page(url: str) -> str:
    """Let the address guard pass a page of this machine; no other is let through."""
    address = urlsplit(url)
    host = address.hostname or ""
    try:
        is_own = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        is_own = False
    port = address.port or PORTS.get(address.scheme, 0)
    return f"{host}:{port}" if is_own else ""


if __name__ == "__main__":
    main()
