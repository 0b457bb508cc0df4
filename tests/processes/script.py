"""`python script.py [debug|wsgiref]`: an app that is served by `app.run()`, or by a server nobody knows."""

from __future__ import annotations

import sys
from wsgiref.simple_server import make_server

from host import create_app  # type: ignore[import-not-found]

app = create_app()

if __name__ == "__main__":
    if "wsgiref" in sys.argv:
        with make_server("127.0.0.1", 0, app) as server:
            print(f"http://127.0.0.1:{server.server_port}", flush=True)
            server.serve_forever()
    elif "debug" in sys.argv:
        app.run(port=0, debug=True)
    else:
        app.run(port=0)
