"""One run: its servers, and the systems on them, each started when first needed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from benchmarks.nightwork import Nightwork
from benchmarks.peers.dbos import Dbos
from benchmarks.peers.rq import Rq
from benchmarks.scale import Scale
from local.servers import Servers
from local.servers import running as running_servers

Measure = Callable[[], tuple[float, ...]]


@dataclass
class Testbed:
    """What every measure is given; `without` names the peers to leave out."""

    servers: Servers
    scale: Scale
    threads: int
    without: frozenset[str] = frozenset()
    _resources: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def nightwork(self) -> Nightwork:
        """The system that all others are compared with."""
        made = Nightwork(self.servers, self.threads)
        self._resources.callback(made.close)
        return made

    @cached_property
    def rq(self) -> Rq:
        """RQ on the same Redis, in another database."""
        made = Rq(self.servers.redis_url, self.servers.folder.log("rq"))
        self._resources.callback(made.close)
        return made

    @cached_property
    def dbos(self) -> Dbos:
        """DBOS on the same PostgreSQL, in another database."""
        log = self.servers.folder.log("dbos")
        made = Dbos(self.servers.database_url, self.threads, log)
        self._resources.callback(made.close)
        return made

    def in_turns(
        self, measures: dict[str, Measure]
    ) -> dict[str, list[tuple[float, ...]]]:
        """Measure each system once a round, so that a slow minute hits them all."""
        taken = {
            name: measure
            for name, measure in measures.items()
            if not any(name.lower().startswith(left_out) for left_out in self.without)
        }
        rounds: dict[str, list[tuple[float, ...]]] = {name: [] for name in taken}
        for _ in range(self.scale.rounds):
            for name, measure in taken.items():
                rounds[name].append(measure())
        return rounds

    def close(self) -> None:
        """Leave the servers."""
        self._resources.close()


@contextmanager
def running(
    data: Path, scale: Scale, threads: int, without: frozenset[str]
) -> Iterator[Testbed]:
    """Start PostgreSQL and Valkey on an empty folder for the length of a block."""
    with running_servers(data) as servers:
        testbed = Testbed(servers, scale, threads, without)
        try:
            yield testbed
        finally:
            testbed.close()
