"""The pins follow pyproject.toml and name no index."""

import pytest

from local import lock


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Copies of the project's files, which a test may spoil."""
    for name in ("PROJECT", "EVERYTHING", "PRODUCTION"):
        copy = tmp_path / getattr(lock, name).name
        copy.write_text(getattr(lock, name).read_text())
        monkeypatch.setattr(lock, name, copy)
    return tmp_path


def test_the_projects_own_locks_are_in_order():
    assert lock.complaints() == []


def test_another_dependency_makes_both_locks_stale(files):
    project = files / "pyproject.toml"
    text = project.read_text()
    project.write_text(text.replace('"alembic>=', '"another>=1",\n    "alembic>='))

    stale = lock.complaints()

    assert len(stale) == 2
    assert all("run ./run lock" in complaint for complaint in stale)


def test_order_and_layout_of_the_dependencies_do_not_matter(files):
    project = files / "pyproject.toml"
    text = project.read_text()
    first, rest = text.split("dependencies = [\n", 1)
    line, rest = rest.split("\n", 1)
    moved = rest.replace("]\n", f"  {line}\n]\n", 1)
    project.write_text(f"{first}dependencies = [\n{moved}")

    assert lock.complaints() == []


def test_an_index_address_in_a_lock_is_found(files):
    locked = files / "requirements.lock"
    locked.write_text(locked.read_text() + "--index-url https://index.example/simple\n")

    assert lock.complaints() == [
        "requirements.lock: holds an address; whoever installs chooses the index"
    ]
