"""A data folder: the lock that one owner holds, its secrets, its logs."""

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class FolderInUseError(Exception):
    """Another process runs on this data folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"Nightwork already runs on {path}. Stop it, or use --data.")


class NothingRunsError(Exception):
    """Nobody runs on this data folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"Nothing runs on {path}. Start it with: ./run up --data {path}"
        )


class DataFolder:
    """Everything one running system keeps, in one place."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.logs = self.path / "logs"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Own the folder until the end of the block.

        The kernel drops the lock with its process, so a kill leaves nothing to
        clean up.  Raises FolderInUseError.
        """
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FolderInUseError(self.path) from None
            yield

    @property
    def is_held(self) -> bool:
        """Whether a process owns the folder now."""
        try:
            with (self.path / "lock").open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def log(self, name: str) -> Path:
        """Return a part's log file; what an earlier start wrote becomes `.1`."""
        path = self.logs / f"{name}.log"
        if path.exists():
            path.replace(path.with_suffix(".log.1"))
        return path

    def secret(self, name: str, make: Callable[[], str] = secrets.token_hex) -> str:
        """Return a secret of this folder, made when first asked for."""
        known = self.read("secrets")
        if name not in known:
            known[name] = make()
            self.write("secrets", known)
        return str(known[name])

    def read(self, name: str) -> dict[str, Any]:
        """Return what `write` stored, or nothing."""
        try:
            known: dict[str, Any] = json.loads(self._document(name).read_text())
        except FileNotFoundError:
            return {}
        return known

    def write(self, name: str, document: Mapping[str, Any]) -> None:
        """Store a document that only the owner may read, all of it or nothing."""
        path = self._document(name)
        unfinished = path.with_suffix(".new")
        opened = os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(opened, "w") as file:
            json.dump(document, file, indent=1)
        unfinished.replace(path)

    def remove(self, name: str) -> None:
        """Forget a document."""
        self._document(name).unlink(missing_ok=True)

    def _document(self, name: str) -> Path:
        return self.path / f"{name}.json"
