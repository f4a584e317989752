"""Every setting of the service, read from the environment in this one place.

Each has a default that works on a developer's machine.  A value that does not
fit stops the process at start with the variable's name and what it takes.
"""

import hashlib
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

Seconds = Annotated[float, Field(gt=0)]
Days = Annotated[int, Field(ge=1)]


class SettingsError(Exception):
    """An environment variable does not fit."""

    def __init__(self, cause: ValidationError) -> None:
        """Name each variable and what it takes, never its value: it may be secret."""
        lines = [
            f"{'.'.join(map(str, error['loc'])).upper() or 'settings'}: {error['msg']}"
            for error in cause.errors(include_input=False, include_url=False)
        ]
        super().__init__("; ".join(lines))


class Settings(BaseModel):
    """The names are the environment's, in lower case."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    database_url: str = Field(
        "postgresql://nightwork@127.0.0.1:5432/nightwork",
        description="The owner's database: migrations and administration.",
    )
    web_database_url: str = Field(
        "", description="The web role's database; empty: `DATABASE_URL`."
    )
    worker_database_url: str = Field(
        "", description="The worker role's database; empty: `DATABASE_URL`."
    )
    redis_url: str = Field(
        "redis://127.0.0.1:6379/0", description="`redis://`, `rediss://`, `unix://`."
    )
    prepared_statements: bool = Field(
        default=True, description="Set to false behind PgBouncer before 1.21."
    )
    port: int = Field(8000, ge=0, le=65535, description="Where web listens.")
    web_host: str = Field("127.0.0.1", description="Address web binds to.")
    web_processes: int = Field(
        1, ge=1, le=32, description="Processes of one web part; each has its threads."
    )
    web_threads: int = Field(16, ge=2, le=256, description="Threads of one web part.")
    web_streams: int = Field(
        8, ge=1, description="Live streams one web part serves; below its threads."
    )
    secret_key: str = Field(
        "", description="Signs links and cookies; empty: derived from `DATABASE_URL`."
    )
    jwt_secret: str = Field("", description="HS256 secret of the app's own tokens.")
    jwt_jwks_url: str = Field("", description="Keys of the app's own tokens.")
    jwt_audience: str = Field("", description="Required `aud`; empty: not checked.")
    cors_origins: tuple[str, ...] = Field(
        (), description="Comma-separated origins that may call from a browser."
    )
    rate_limit: str = Field("6000 per minute", description="Requests per API key.")
    max_body_bytes: int = Field(
        6 * 2**20, ge=2**18, description="Largest request body that is read."
    )
    worker_threads: int = Field(5, ge=1, le=200, description="Jobs at once a worker.")
    isolated_children: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        description="Child processes of an isolated worker; default: cores.",
    )
    queues: tuple[str, ...] = Field(
        (), description="Comma-separated queues a worker serves; empty: all."
    )
    shutdown_grace: Seconds = Field(
        25, description="Seconds a stopping worker waits for steps under way."
    )
    nightwork_data: Path = Field(
        Path("var/data"), description="Folder for files the service itself writes."
    )
    nightwork_fetch_allow: frozenset[str] = Field(
        frozenset(), description="`host:port` pairs that pass the address guard."
    )
    keep_completed_days: Days = Field(30, description="Then completed jobs go.")
    keep_failed_days: Days = Field(90, description="Then failed and cancelled jobs go.")
    keep_events_days: Days = Field(30, description="Then the events of ended jobs go.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe line that is written."
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="Shape of lines."
    )

    @field_validator("cors_origins", "queues", "nightwork_fetch_allow", mode="before")
    @classmethod
    def split(cls, value: object) -> object:
        """Take a comma-separated text as a list of its parts."""
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("database_url", "web_database_url", "worker_database_url")
    @classmethod
    def name_the_driver(cls, value: str) -> str:
        """Accept `postgres://` as hosting platforms write it; always use psycopg 3."""
        scheme, separator, rest = value.partition("://")
        if not value or scheme == "postgresql+psycopg":
            return value
        if separator and scheme in {"postgres", "postgresql"}:
            return f"postgresql+psycopg://{rest}"
        message = "it must start with postgresql://"
        raise ValueError(message)

    @field_validator("jwt_secret")
    @classmethod
    def long_enough(cls, value: str) -> str:
        """Refuse a secret that can be guessed: HS256 wants 32 bytes."""
        if value and len(value.encode()) < 32:  # noqa: PLR2004 - said in the message
            message = "it must have at least 32 bytes"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def streams_leave_room(self) -> Self:
        """Keep threads for plain requests: a live stream holds one."""
        if self.web_streams >= self.web_threads:
            message = "WEB_STREAMS must be below WEB_THREADS"
            raise ValueError(message)
        return self

    @property
    def web_url(self) -> str:
        """The database as the web parts reach it."""
        return self.web_database_url or self.database_url

    @property
    def worker_url(self) -> str:
        """The database as workers and keepers reach it."""
        return self.worker_database_url or self.database_url

    @property
    def signing_key(self) -> str:
        """The key of links and cookies, the same in every part of a deployment."""
        if self.secret_key:
            return self.secret_key
        return hashlib.sha256(b"nightwork" + self.database_url.encode()).hexdigest()


def read(environment: Mapping[str, str]) -> Settings:
    """Check an environment; raises SettingsError."""
    known = {name.upper(): name for name in Settings.model_fields}
    given = {known[key]: value for key, value in environment.items() if key in known}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise SettingsError(error) from None


@cache
def settings() -> Settings:
    """Give this process's settings."""
    return read(os.environ)
