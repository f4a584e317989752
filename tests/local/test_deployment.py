"""Procfile, compose and the supervisor start the same parts."""

import pytest
from ruamel.yaml import YAML

from local.addresses import Addresses
from local.folder import DataFolder
from local.parts import ROOT, Parts

PREFIXES = ("WEB_HOST=0.0.0.0 ",)


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines)


def compose() -> dict[str, dict[str, object]]:
    services = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())
    return services["services"]


@pytest.fixture
def parts(tmp_path):
    folder = DataFolder(tmp_path)
    folder.logs.mkdir()
    return Parts(folder, Addresses("owner", "web", "worker", "redis"), port=1)


def plain(words: list[str]) -> str:
    """Write a command as one line, whichever way its module is started."""
    line = " ".join(word for word in words if word not in {"python", "-m"})
    for prefix in PREFIXES:
        line = line.removeprefix(prefix)
    return line.replace('"', "")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("release", Parts.release),
        ("web", Parts.web),
        ("keeper", Parts.keeper),
        ("worker", lambda parts: parts.worker(1)),
        ("worker-isolated", Parts.isolated),
    ],
)
def test_a_part_is_the_same_program_everywhere(parts, name, part):
    here = plain(list(part(parts).command[1:]))

    assert plain(procfile()[name].split(" ")) == here
    assert plain(compose()[name]["command"]) == here


def test_the_image_holds_everything_the_parts_are_made_of():
    copied = (ROOT / "Dockerfile").read_text()
    for name in ("models", "jobs", "worker", "web", "alembic", "alembic.ini"):
        assert f"COPY {name} " in copied
        assert f"!{name}\n" in (ROOT / ".dockerignore").read_text()


def test_only_the_release_is_told_the_owners_address(parts):
    assert parts.release().environment["DATABASE_URL"] == "owner"
    for part in (parts.web(), parts.keeper(), parts.isolated(), parts.worker(1)):
        assert "DATABASE_URL" not in part.environment
    for name in ("web", "keeper", "worker", "worker-isolated"):
        assert "DATABASE_URL" not in compose()[name]["environment"]


def test_compose_writes_no_secret_down_and_starts_without_none():
    given = [
        str(value)
        for service in compose().values()
        for name, value in dict(service.get("environment", {})).items()
        if "PASSWORD" in name or "_URL" in name or name == "SECRET_KEY"
    ]
    assert len(given) > 10
    assert all(
        value.count(":?}") == 1 or value == "${STORAGE_URL:-}" for value in given
    )
