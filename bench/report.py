"""`python -m bench.report`: puts the results of `make bench` and `make bench-peers` into docs/performance.md.

The table stands between two markers there; everything else in the page is left as it is.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from .child import ROOT
from .machine import in_words
from .subjects import ROWS
from .table import show

PAGE: Final = ROOT / "docs" / "performance.md"
RESULTS: Final = tuple(Path(__file__).with_name(name) for name in ("results.json", "results-peers.json"))
BEGIN: Final = "<!-- results: written by `python -m bench.report` -->"
END: Final = "<!-- end of results -->"
MARKS: Final = {True: "yes", False: "**no**", None: ""}


def main() -> int:
    """Rewrite the page; returns the exit code."""
    found = [json.loads(path.read_text()) for path in RESULTS if path.exists()]
    if not found:
        print("There are no results yet: run `make bench` first.", file=sys.stderr)
        return 1
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    return 0


def rewritten(page: str, results: Sequence[dict[str, Any]]) -> str:
    """The page with these results between its markers."""
    table = "\n".join(lines(results))
    between = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    return between.sub(lambda _: f"{BEGIN}\n\n{table}\n\n{END}", page)


def lines(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The table in Markdown, and what it was measured on."""
    yield "| what | measured | target | met |"
    yield "|---|---|---|---|"
    for result in results:
        for taken in result["results"]:
            row = ROWS[taken["name"]]
            detail = f" ({taken['detail']})" if taken["detail"] else ""
            measured = f"{show(taken['value'])} {row.unit}{detail}"
            yield f"| {row.what} | {measured} | {row.target} | {MARKS[row.is_met(taken['value'])]} |"
    for result in results:
        yield f"\n{result['machine']['at'][:10]}: {in_words(result['machine'])}."


if __name__ == "__main__":
    sys.exit(main())
