"""`./run user`: give a running system one more user."""

import argparse
import json
import sys
from pathlib import Path

from local.folder import DataFolder, NothingRunsError
from local.keys import new_user
from local.up import DEFAULT_DATA, LATEST


def main() -> None:
    """Print one JSON line with the user's id and key."""
    parser = argparse.ArgumentParser(prog="./run user", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--operator", action="store_true", help="an operator's key")
    parser.add_argument("--data", type=Path, help="the one that was started last")
    asked = parser.parse_args()
    scope = "operator" if asked.operator else "user"
    try:
        made = new_user(_database(asked.data or latest()), asked.name, scope)
    except NothingRunsError as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(made) + "\n")


def latest() -> Path:
    """Find the data folder of the last `./run up` of this checkout."""
    try:
        return Path(LATEST.read_text())
    except OSError:
        return DEFAULT_DATA


def _database(data: Path) -> str:
    """Return the owner's address of what runs on the folder."""
    folder = DataFolder(data)
    running = folder.read("running")
    if not folder.is_held or not running:
        raise NothingRunsError(folder.path)
    return str(running["databaseUrl"])


if __name__ == "__main__":
    main()
