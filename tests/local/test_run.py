"""`./run` brings a bare checkout to life, and does it once."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = "import probe, sys; print(probe.VERSION, *sys.argv[1:])"


class Checkout(NamedTuple):
    """A small project that is installed by the real `run`, from a folder of wheels."""

    path: Path
    wheels: Path

    def pin(self, version: str) -> None:
        wheel = self.wheels / f"probe-{version}-py3-none-any.whl"
        about = f"probe-{version}.dist-info"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("probe.py", f"VERSION = {version!r}")
            identity = f"Metadata-Version: 2.1\nName: probe\nVersion: {version}\n"
            archive.writestr(f"{about}/METADATA", identity)
            tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            archive.writestr(f"{about}/WHEEL", tag)
            archive.writestr(f"{about}/RECORD", "")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        pin = f"probe=={version} --hash=sha256:{digest}\n"
        (self.path / "requirements.lock").write_text(pin)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        # The index comes from pip's own settings, as on any machine.
        index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels)}
        # Nor does it see this project's modules, which `./run test` puts on the path.
        ours = {"PYTHONPATH", "PYTHONPYCACHEPREFIX"}
        around = {name: os.environ[name] for name in os.environ.keys() - ours}
        return subprocess.Popen(
            [sys.executable, self.path / "run", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=around | index,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        said, complained = process.communicate()
        return process.returncode, said, complained


@pytest.fixture
def checkout(tmp_path):
    path, wheels = tmp_path / "checkout", tmp_path / "wheels"
    for folder in (path / "local", path / "tools", wheels):
        folder.mkdir(parents=True)
    shutil.copy(ROOT / "run", path)
    for wheel in (ROOT / "tools").glob("pip-*.whl"):
        shutil.copy(wheel, path / "tools")
    (path / "local" / "user.py").write_text(COMMAND)
    made = Checkout(path, wheels)
    made.pin("1.0")
    return made


def test_it_installs_the_pins_and_hands_over_with_a_clean_stdout(checkout):
    code, said, complained = checkout.run("user", "ada", "--operator")

    assert (code, said) == (0, "1.0 ada --operator\n"), complained
    assert "Installing" in complained


def test_it_installs_only_when_the_lock_has_changed(checkout):
    checkout.run("user")
    assert checkout.run("user") == (0, "1.0\n", "")

    checkout.pin("2.0")

    code, said, complained = checkout.run("user")
    assert (code, said) == (0, "2.0\n")
    assert "Installing" in complained


def test_a_wheel_with_another_hash_is_refused_until_it_is_right(checkout):
    lock = checkout.path / "requirements.lock"
    right = lock.read_text()
    lock.write_text(right[:-5] + "beef\n")

    assert checkout.run("user")[0] != 0
    assert checkout.run("user")[0] != 0

    lock.write_text(right)
    assert checkout.run("user")[:2] == (0, "1.0\n")


def test_two_commands_at_once_install_once_and_both_run(checkout):
    both = [checkout.start("user", name) for name in ("ada", "bob")]
    ended = [process.communicate() for process in both]

    assert [said for said, _ in ended] == ["1.0 ada\n", "1.0 bob\n"]
    assert sum("Installing" in complained for _, complained in ended) == 1


def test_an_environment_of_another_python_is_made_anew(checkout):
    checkout.run("user")
    library = next((checkout.path / ".venv" / "lib").iterdir())
    library.rename(library.with_name("python3.4"))
    stamp = checkout.path / ".venv" / "installed"
    stamp.write_text("3.4" + stamp.read_text().removeprefix(library.name[6:]))

    assert checkout.run("user")[:2] == (0, "1.0\n")
    assert [made.name for made in library.parent.iterdir()] == [library.name]


def test_an_environment_whose_python_is_gone_is_made_anew(checkout):
    checkout.run("user")
    python = checkout.path / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")

    assert checkout.run("user")[:2] == (0, "1.0\n")


@pytest.mark.parametrize("arguments", [[], ["frobnicate"]])
def test_an_unknown_command_is_answered_with_the_known_ones(checkout, arguments):
    code, said, complained = checkout.run(*arguments)

    assert (code, said) == (2, "")
    assert "./run demo" in complained
    assert not (checkout.path / ".venv").exists()
