"""The app as servers want it: objects that ASGI servers load, and servers that are started from Python.

`python serving.py cheroot 8000` serves on that port; `serving:a2wsgi` is an ASGI application.
"""

from __future__ import annotations

import sys
from typing import Any

if __name__ == "__main__" and sys.argv[1] == "gevent":
    from gevent import monkey

    monkey.patch_all()

from host import create_app  # type: ignore[import-not-found]


def asgiref() -> Any:
    """An ASGI application by asgiref."""
    from asgiref.wsgi import WsgiToAsgi

    return WsgiToAsgi(create_app())


def a2wsgi() -> Any:
    """An ASGI application by a2wsgi."""
    from a2wsgi import WSGIMiddleware

    return WSGIMiddleware(create_app())


def __getattr__(name: str) -> Any:
    if name == "wsgi":  # for servers that take no function
        return create_app()
    raise AttributeError(name)


def serve_cheroot(port: int) -> None:
    """As its documentation has it."""
    from cheroot.wsgi import Server

    server = Server(("127.0.0.1", port), create_app())
    try:
        server.start()
    finally:
        server.stop()


def serve_gevent(port: int) -> None:
    """With everything patched, as gevent wants it."""
    from gevent.pywsgi import WSGIServer

    WSGIServer(("127.0.0.1", port), create_app()).serve_forever()


def serve_tornado(port: int) -> None:
    """Its event loop calls the app in its own thread."""
    import asyncio

    from tornado.httpserver import HTTPServer
    from tornado.wsgi import WSGIContainer

    async def run() -> None:
        HTTPServer(WSGIContainer(create_app())).listen(port, "127.0.0.1")
        await asyncio.Event().wait()

    asyncio.run(run())


def serve_werkzeug(port: int) -> None:
    """Not through `app.run`."""
    from werkzeug.serving import run_simple

    run_simple("127.0.0.1", port, create_app(), threaded=True)


def serve_bjoern(port: int) -> None:
    """One thread, in C."""
    import bjoern

    bjoern.run(create_app(), "127.0.0.1", port)


if __name__ == "__main__":
    globals()[f"serve_{sys.argv[1]}"](int(sys.argv[2]))
