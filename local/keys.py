"""The three API keys that a running system hands out, made once per folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import Connection, create_engine

from local.folder import DataFolder
from models.keys import create_key, create_user
from models.settings import read

# Document name: user name and scope.
STANDING = {
    "apiKey": ("demo", "user"),
    "operatorKey": ("operator", "operator"),
    "adminKey": ("admin", "admin"),
}


def standing_keys(folder: DataFolder, database: str, url: str) -> dict[str, str]:
    """Return working keys: those of the last start, or new ones.

    The database may be another one than last time, so web is asked.
    """
    known = folder.read("keys")
    missing = [name for name in STANDING if not _works(url, known.get(name))]
    if missing:
        with _owner(database) as db:
            known |= {name: _create(db, *STANDING[name])[1] for name in missing}
        folder.write("keys", known)
    return known


def new_user(database: str, name: str, scope: str) -> dict[str, Any]:
    """Create one more user with a key of its own."""
    with _owner(database) as db:
        user, key = _create(db, name, scope)
    return {"userId": str(user), "apiKey": key}


def _create(db: Connection, name: str, scope: str) -> tuple[UUID, str]:
    user = create_user(db, name)
    return user, create_key(db, user, scope)


def _works(url: str, key: str | None) -> bool:
    if key is None:
        return False
    authorization = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(trust_env=False, headers=authorization) as client:
        answer = client.get(f"{url}/api/jobs", params={"limit": 1})
    return answer.status_code != HTTPStatus.UNAUTHORIZED


@contextmanager
def _owner(database: str) -> Iterator[Connection]:
    """Open one transaction as the owner, who is not held back by row security."""
    engine = create_engine(read({"DATABASE_URL": database}).database_url)
    with engine.begin() as db:
        yield db
    engine.dispose()
