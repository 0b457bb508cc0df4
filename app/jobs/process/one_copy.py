"""Refuses a second copy of the package: each would have classes and a `current_job` of its own.

Copies are recognised by a marker, not by name: a host may have another `app.jobs`.
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
        # The name first: getattr on a lazily loaded module would import it.
        if name.endswith(_OWN) and getattr(module, "MARKER", None) == MARKER and module is not own:
            this, other = __name__.removesuffix(_OWN), name.removesuffix(_OWN)
            raise RuntimeError(
                f"Flask-Simmer was imported twice in this process, as {this!r} ({__file__}) and as"
                f" {other!r} ({module.__file__}): import it by one of the two names everywhere"
            )
