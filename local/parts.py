"""The programs that make up the service, as the Procfile names them."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from local.addresses import Addresses
from local.folder import DataFolder
from local.part import Program

ROOT = Path(__file__).parent.parent
WEB_FACTORY = "web:create_app()"
# For children that `./run` has not started: compiled modules are kept, though not
# among the sources; importing would be most of the time it takes to start.
PYTHON = {
    "PYTHONPATH": str(ROOT),
    "PYTHONDONTWRITEBYTECODE": "",
    "PYTHONPYCACHEPREFIX": str(ROOT / "var" / "bytecode"),
}
DEFAULT_GRACE = 25.0
# Between the end of a worker's own grace and the kill.
MARGIN = timedelta(seconds=1.5)


@dataclass(frozen=True)
class Parts:
    """Makes the programs of one system."""

    folder: DataFolder
    addresses: Addresses
    port: int

    @property
    def environment(self) -> Mapping[str, str]:
        """What every part is told; the owner's address is not in it."""
        return {
            **PYTHON,
            "PORT": str(self.port),
            "WEB_DATABASE_URL": self.addresses.web_database,
            "WORKER_DATABASE_URL": self.addresses.worker_database,
            "REDIS_URL": self.addresses.redis,
            "SECRET_KEY": os.environ.get("SECRET_KEY") or self.folder.secret("key"),
            "NIGHTWORK_DATA": str(self.folder.path),
        }

    def release(self) -> Program:
        """Bring the database to the newest schema; ends by itself."""
        owner = {"DATABASE_URL": self.addresses.database}
        return self._program("release", "alembic", "upgrade", "head", extra=owner)

    def web(self) -> Program:
        """Serve HTTP."""
        return self._program("web", "gunicorn", "-c", "web/gunicorn.py", WEB_FACTORY)

    def keeper(self) -> Program:
        """Run the ticks."""
        return self._program("keeper", "worker", "keeper")

    def worker(self, number: int) -> Program:
        """Run jobs on threads."""
        return self._program(f"worker-{number}", "worker", "threads")

    def isolated(self) -> Program:
        """Run jobs in child processes."""
        return self._program("worker-isolated", "worker", "isolated")

    def _program(
        self, name: str, *module: str, extra: Mapping[str, str] | None = None
    ) -> Program:
        return Program(
            name=name,
            command=(sys.executable, "-m", *module),
            folder=ROOT,
            log=self.folder.log(name),
            environment={**self.environment, **(extra or {})},
        )


def grace() -> timedelta:
    """How long a part may take to hand its jobs over."""
    seconds = float(os.environ.get("SHUTDOWN_GRACE") or DEFAULT_GRACE)
    return timedelta(seconds=seconds) + MARGIN
