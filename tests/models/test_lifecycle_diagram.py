"""The diagram that people read is the machine that runs."""

import re
from pathlib import Path

from models.states import FINAL, Arrow, Reason, State

PAGE = (Path(__file__).parents[2] / "docs" / "lifecycle.md").read_text()
DIAGRAM = re.search(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)[1]
DRAWN = re.findall(r"^ *(\S+) --> (\S+?)(?:: (.+))?$", DIAGRAM, re.MULTILINE)


def test_the_diagram_shows_every_arrow_and_no_other():
    meant = {
        (source, arrow.target, arrow.event)
        for arrow in Arrow
        for source in arrow.sources or {"[*]"}
    }

    assert {line for line in DRAWN if line[1] != "[*]"} == meant


def test_the_diagram_ends_where_nothing_leads_on():
    left = {source for arrow in Arrow for source in arrow.sources}

    assert {line[0] for line in DRAWN if line[1] == "[*]"} == FINAL - left


def test_every_state_reason_and_arrow_has_a_row():
    rows = set(re.findall(r"^\| `?([a-z_ ]+)`? \|", PAGE, re.MULTILINE))

    assert rows >= set(State)
    assert rows >= set(Reason)
    assert rows >= {arrow.event for arrow in Arrow}
