"""What the page on writing jobs shows does what it says."""

import re
import sys
from pathlib import Path
from types import ModuleType

PAGE = Path(__file__).parents[2] / "docs" / "writing-jobs.md"


def test_every_code_block_runs(monkeypatch, capsys):
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```", PAGE.read_text())
    module = ModuleType("writing_jobs")
    monkeypatch.setitem(sys.modules, module.__name__, module)

    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), module.__dict__)  # noqa: S102 - our own page

    assert len(blocks) >= 7
    assert "The export for closed failed." in capsys.readouterr().out
