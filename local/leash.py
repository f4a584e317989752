"""Become another program, one that cannot outlive the process that started it.

Started as `python -I -S leash.py PARENT SIGNAL IDENTITY COMMAND…` and replaced by
COMMAND, so the pid stays a direct child.  A `preexec_fn` would run the same lines
between fork and exec, where a parent with threads may deadlock.

IDENTITY is `same`, `namespace` (a user namespace in which this user is `nobody`,
since PostgreSQL refuses root, and users without a name) or `UID:GID`.
"""

import ctypes
import os
import pwd
import signal
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Take the identity, tie this process to its parent, and become COMMAND."""
    parent, orphaned, identity, *command = sys.argv[1:]
    _become(identity)
    # After the change of identity: the kernel forgets the signal with it.
    _die_with(int(parent), int(orphaned))
    os.execvp(command[0], command)  # noqa: S606 - a program of our own, no shell


def _become(identity: str) -> None:
    if identity == "namespace":
        _enter_namespace(os.getuid(), os.getgid())
    elif identity != "same":
        user, group = map(int, identity.split(":"))
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)


def _enter_namespace(user: int, group: int) -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "no user namespace")
    nobody = pwd.getpwnam("nobody")
    me = Path("/proc/self")
    (me / "setgroups").write_text("deny")
    (me / "uid_map").write_text(f"{nobody.pw_uid} {user} 1")
    (me / "gid_map").write_text(f"{nobody.pw_gid} {group} 1")


def _die_with(parent: int, orphaned: int) -> None:
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, orphaned)
    if parent not in (0, os.getppid()):
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
