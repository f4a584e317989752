"""Bring a database to the newest schema and open it to web and workers."""

from datetime import timedelta

from local.addresses import Addresses, admit_roles
from local.folder import DataFolder
from local.part import Part, PartFailedError
from local.parts import Parts

MIGRATES_WITHIN = timedelta(minutes=10)


def release(folder: DataFolder, addresses: Addresses) -> None:
    """Migrate, then give the roles the passwords that `addresses` hold.

    Raises PartFailedError when the migration fails, RolesClosedError when the owner
    may not set passwords.
    """
    migrate(folder, addresses)
    admit_roles(folder, addresses.database)


def migrate(folder: DataFolder, addresses: Addresses) -> None:
    """Run the Procfile's release program to its end; raises PartFailedError."""
    part = Part(Parts(folder, addresses, port=0).release())
    part.start()
    if not part.wait(MIGRATES_WITHIN) or part.exit_code:
        part.kill()
        raise PartFailedError("release", part.program.log)
