"""`python -m bench`: measures, prints a table, writes bench/results.json.

`python -m bench drain submit` measures some of it, `--quick` with small numbers, to see a tendency; both
write only where `--output` names a file.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import machine
from .subjects import OURS, ROWS, SUBJECTS
from .table import Measured, head, line

RESULTS = Path(__file__).with_name("results.json")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what was asked for; the exit code says whether that failed, nothing of the targets."""
    options = _options(argv)
    facts = machine.facts()
    print(machine.in_words(facts), head(), sep="\n\n", flush=True)
    taken: list[Measured] = []
    complete = True
    for name in options.subjects:
        complete &= _measure(name, options.quick, taken)
    if options.output:
        _write(options.output, facts, taken, options.quick)
    return 0 if complete else 1


def _measure(name: str, quick: bool, taken: list[Measured]) -> bool:
    """Add what was measured to `taken`, and show it as soon as it is there. Whether nothing failed."""
    missing = {row.name for row in SUBJECTS[name].ROWS}
    failed = False
    try:
        for measured in SUBJECTS[name].measure(quick):
            print(line(ROWS[measured.name], measured), flush=True)
            taken.append(measured)
            missing.remove(measured.name)
    except Exception:
        failed = True
        print(traceback.format_exc(), file=sys.stderr)
    if missing:
        print(f"{name}: not measured: {', '.join(sorted(missing))}", file=sys.stderr)
    return not failed


def _write(path: Path, facts: dict[str, Any], taken: Sequence[Measured], quick: bool) -> None:
    rows = [
        {
            "name": measured.name, "what": (row := ROWS[measured.name]).what, "value": measured.value,
            "unit": row.unit, "at_least": row.at_least, "at_most": row.at_most,
            "met": row.is_met(measured.value), "detail": measured.detail,
        }
        for measured in taken
    ]  # fmt: skip
    path.write_text(json.dumps({"machine": facts, "quick": quick, "results": rows}, indent=2) + "\n")


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the speed.")
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"of {', '.join(SUBJECTS)}")
    parser.add_argument("--quick", action="store_true", help="small numbers: a tendency, no result")
    parser.add_argument("--output", type=Path, help=f"where to write the results (all of it: {RESULTS.name})")
    options = parser.parse_args(argv)
    if unknown := set(options.subjects) - set(SUBJECTS):
        parser.error(f"no subject {', '.join(sorted(unknown))}: there are {', '.join(SUBJECTS)}")
    if not options.subjects:
        options.subjects = list(OURS)
        options.output = options.output or (None if options.quick else RESULTS)
    return options


if __name__ == "__main__":
    sys.exit(main())
