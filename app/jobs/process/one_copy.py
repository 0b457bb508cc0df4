"""One copy of the package in a process: of two, each would have classes and a `current_job` of its own.

Copies are told by a marker, not by a name: a host may well have an `app.jobs` that is something else.
"""

from __future__ import annotations

import sys
from typing import Final

MARKER: Final = "one copy of Flask-Simmer"
_OWN: Final = ".process.one_copy"


def refuse_second_copy() -> None:
    """Raise RuntimeError where this package was imported under another name too."""
    own = sys.modules[__name__]
    for name, module in list(sys.modules.items()):
        # The names of modules are compared first: to look into a lazy one would load it.
        if name.endswith(_OWN) and getattr(module, "MARKER", None) == MARKER and module is not own:
            this, other = __name__.removesuffix(_OWN), name.removesuffix(_OWN)
            raise RuntimeError(
                f"Flask-Simmer was imported twice in this process, as {this!r} ({__file__}) and as"
                f" {other!r} ({module.__file__}): import it by one of the two names everywhere"
            )
