"""What a data folder keeps stays with its owner."""

import os
import stat
import subprocess
import sys
from pathlib import Path

from local.folder import DataFolder
from tests.waiting import until

HOLD = (
    "import sys, time; from pathlib import Path; from local.folder import DataFolder\n"
    "with DataFolder(Path(sys.argv[1])).held():\n"
    "    print('held', flush=True); time.sleep(60)"
)


def test_a_secret_is_made_once_and_stays(tmp_path):
    folder = DataFolder(tmp_path)
    made = folder.secret("password")

    assert DataFolder(tmp_path).secret("password") == made
    assert folder.secret("another") != made
    assert len(made) >= 32


def test_documents_are_readable_by_the_owner_alone(tmp_path):
    DataFolder(tmp_path).write("running", {"url": "x"})

    assert stat.S_IMODE((tmp_path / "running.json").stat().st_mode) == 0o600


def test_a_start_keeps_the_log_of_the_one_before(tmp_path):
    folder = DataFolder(tmp_path)
    folder.logs.mkdir()
    folder.log("web").write_text("first")
    folder.log("web").write_text("second")

    assert (folder.logs / "web.log").read_text() == "second"
    assert (folder.logs / "web.log.1").read_text() == "first"


def test_a_killed_owner_leaves_the_folder_free(tmp_path):
    folder = DataFolder(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    ) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        assert folder.is_held
        owner.kill()

    until(lambda: not folder.is_held)
    with folder.held():
        assert folder.is_held
