"""Who runs the embedded PostgreSQL, which refuses root and users without a name.

An ordinary user runs it himself.  The others run it inside a user namespace, where
the files stay theirs.  Where namespaces are refused (a container's default
profile, a chroot), root runs it as `nobody`, from a copy that `nobody` can read:
the checkout may be in a home closed to others.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from local.binaries import postgres_package

LEASH = Path(__file__).with_name("leash.py")
OPEN_FOLDER = Path("/var/lib/nightwork")


@dataclass(frozen=True)
class Identity:
    """How the leash changes the user: `same`, `namespace` or `UID:GID`."""

    name: str

    @property
    def foreign(self) -> bool:
        """Whether files have to be given away for the server to read them."""
        return ":" in self.name

    def place(self, folder: Path) -> Path:
        """Where this identity may keep what belongs in `folder`."""
        if not self.foreign:
            return folder
        key = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
        return OPEN_FOLDER / f"{folder.name}-{key}"

    def give(self, path: Path) -> None:
        """Let this identity own `path`."""
        if self.foreign:
            user, group = map(int, self.name.split(":"))
            os.chown(path, user, group)

    def binaries(self) -> Path:
        """Return the folder of PostgreSQL's programs, readable by this identity."""
        package = postgres_package()
        return (_readable_copy(package) if self.foreign else package) / "pginstall/bin"


SAME = Identity("same")
NAMESPACE = Identity("namespace")


def nobody() -> Identity:
    """Return the identity of last resort for root."""
    entry = pwd.getpwnam("nobody")
    return Identity(f"{entry.pw_uid}:{entry.pw_gid}")


def choose() -> Identity:
    """Return the first identity under which PostgreSQL will start here."""
    user = os.getuid()
    if user != 0 and _has_name(user):
        return SAME
    leash = [sys.executable, "-I", "-S", str(LEASH), "0", "9", NAMESPACE.name]
    refused = subprocess.run([*leash, "true"], check=False, capture_output=True)
    if refused.returncode == 0:
        return NAMESPACE
    return SAME if user else nobody()


def _has_name(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _readable_copy(package: Path) -> Path:
    """Copy the server and, beside it, the libraries that its RPATH names."""
    stamp = hashlib.sha256(f"{package}{package.stat().st_mtime_ns}".encode())
    target = OPEN_FOLDER / f"programs-{stamp.hexdigest()[:16]}"
    if not target.exists():
        OPEN_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
        unfinished = target.with_name(f"{target.name}.{os.getpid()}")
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.exists():
                shutil.copytree(source, unfinished / source.name)
        _publish(unfinished, target)
    return target / package.name


def _publish(unfinished: Path, target: Path) -> None:
    """Move a finished copy into place; whoever comes second drops his own."""
    unfinished.chmod(0o755)
    try:
        unfinished.rename(target)
    except OSError:
        shutil.rmtree(unfinished)
