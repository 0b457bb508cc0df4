"""`python script.py PORT [debug]`: an app that is served by `app.run()`."""

from __future__ import annotations

import sys

from host import create_app  # type: ignore[import-not-found]

app = create_app()

if __name__ == "__main__":
    if "debug" in sys.argv:
        app.run(port=int(sys.argv[1]), debug=True)
    else:
        app.run(port=int(sys.argv[1]))
