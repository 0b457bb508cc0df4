"""The drawing of the state machine and its table in the code say the same."""

from __future__ import annotations

import re
from pathlib import Path

from app.jobs.states import STATES, TRANSITIONS

DRAWING = Path(__file__).parent.parent / "docs" / "state-machine.md"


def test_the_drawing_has_exactly_the_transitions_of_the_code() -> None:
    """Each arrow of the drawing is in the code, and the other way round."""
    arrows = set(re.findall(r"^ +(\S+) --> (\w+): (\w+)$", DRAWING.read_text(), flags=re.MULTILINE))
    coded = {
        (source, target, verb)
        for verb, (sources, targets) in TRANSITIONS.items()
        for source in sources or ("[*]",)
        for target in targets
    }
    assert arrows == coded


def test_the_table_explains_every_state() -> None:
    """No state is left without a word on what it means."""
    rows = re.findall(r"^\| `(\w+)` \|", DRAWING.read_text(), flags=re.MULTILINE)
    assert tuple(rows) == STATES
