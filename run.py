"""Run the service on one machine: `python run.py`, or `make run`."""

from __future__ import annotations

import argparse
import ipaddress
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from flask import Flask

SERVER_THREADS: Final = 16
CONNECTIONS: Final = 500
"""Open at a time; those above wait."""
IDLE_SECONDS: Final = 30
"""After which a connection without a whole request is closed."""
CLEANUP_SECONDS: Final = 10
"""Between two looks for those."""
FORM_BYTES: Final = 64 * 1024
ROLES: Final = ("all", "web", "worker")


class StartError(Exception):
    """The service cannot start; the message says what to do."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until a signal; returns the exit code. A StartError is printed as one line."""
    try:
        options = _options(argv)
        _check_bind(options)
        return 0 if options.check else _run(options)
    except StartError as problem:
        print(problem, file=sys.stderr)
        return 1


def host_from(environment: Mapping[str, str]) -> str:
    """HOST if it is an address to bind: some shells set the variable to the machine's name."""
    host = environment.get("HOST", "").strip()
    if host and not _is_bindable(host):
        print(f"HOST={host} is ignored: it is neither an IP address nor localhost", flush=True)
        host = ""
    return host or "127.0.0.1"


def port_from(text: str) -> int:
    """The port number in `text`, 0 for any free port; raises StartError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65_535):
        raise StartError(
            f"{text!r} is not a port: choose a number up to 65535, for example PORT=5001 make run"
        )
    return int(text)


def is_loopback(host: str) -> bool:
    """Whether `host` can be reached from this machine only."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def browser_url(host: str, port: int) -> str:
    """The URL for a browser on this machine."""
    address = _address(host)
    if address is not None and address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py", description="Serve the service and run its jobs.")
    parser.add_argument("--host", help="IP address or localhost to bind (default: HOST or 127.0.0.1)")
    parser.add_argument("--port", help="port to bind, 0 for any that is free (default: PORT or 5000)")
    parser.add_argument("--threads", type=int, help="jobs at a time (default: FLASK_JOBS_THREADS or 8)")
    parser.add_argument("--role", choices=ROLES, help="HTTP, jobs or both (default: FLASK_JOBS_ROLE or all)")
    parser.add_argument("--debug", action="store_true", help="reload at changes and show tracebacks")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    options.host = options.host or host_from(os.environ)
    if not _is_bindable(options.host):
        raise StartError(f"{options.host!r} is not an address: --host takes an IP address or localhost")
    options.port = port_from(options.port or os.environ.get("PORT") or "5000")
    options.role = options.role or os.environ.get("FLASK_JOBS_ROLE") or "all"
    return options


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_bindable(host: str) -> bool:
    return host == "localhost" or _address(host) is not None


def _check_bind(options: argparse.Namespace) -> None:
    """Raise StartError if the port is taken."""
    # Not in the reloader's child, which inherits the socket from its parent.
    if options.role == "worker" or "WERKZEUG_RUN_MAIN" in os.environ:
        return
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the server does: without it a port in TIME_WAIT counts as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((options.host, options.port))
        except OSError as error:
            raise _cannot_bind(options, error) from None


def _cannot_bind(options: argparse.Namespace, error: OSError) -> StartError:
    return StartError(
        f"Port {options.port} on {options.host} cannot be used ({error.strerror or error}):"
        " stop what has it or choose another, for example PORT=5001 make run"
    )


def _run(options: argparse.Namespace) -> int:
    # Options override every other setting, so they are set where the settings are read last.
    os.environ["FLASK_JOBS_ROLE"] = options.role
    if options.threads is not None:
        os.environ["FLASK_JOBS_THREADS"] = str(options.threads)
    if options.role == "worker":
        # exec, not a child process: signals go to the worker itself. By path: the directory may be another.
        app_path = str(Path(__file__).with_name("app"))
        os.execv(sys.executable, [sys.executable, "-m", "flask", "--app", app_path, "jobs", "worker"])
    app = _create_app(options)
    if options.debug:
        app.run(options.host, options.port, debug=True)
    else:
        _serve(app, options)
    return 0


def _create_app(options: argparse.Namespace) -> Flask:
    from app import create_app
    from app.config import ServiceConfigError
    from app.jobs import ConfigError

    try:
        app = create_app()
    except (ConfigError, ServiceConfigError) as error:
        raise StartError(str(error)) from None
    protected = app.config.get("JOBS_API_TOKENS") or app.config.get("JOBS_AUTH")
    if not protected and not is_loopback(options.host):
        raise StartError(
            f"{options.host} can be reached from other machines: bind 127.0.0.1, or set JOBS_API_TOKENS"
            """ (for example FLASK_JOBS_API_TOKENS='{"<a long secret>": ["submit"]}') or JOBS_AUTH first"""
        )
    return app


def _serve(app: Flask, options: argparse.Namespace) -> None:
    import waitress

    from app.extensions import jobs

    try:
        server: Any = waitress.create_server(
            app,
            host=options.host,
            port=options.port,
            threads=SERVER_THREADS,
            # The largest upload, and the lines of a form around it: more is refused before it is read.
            max_request_body_size=app.config["MAX_UPLOAD_BYTES"] + FORM_BYTES,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=CLEANUP_SECONDS,
            # It reads from a connection on which it answers, and so knows that a stream's client has gone.
            channel_request_lookahead=1,
            # Headers of a proxy must reach the app: without tokens they are why a request is refused.
            clear_untrusted_proxy_headers=False,
        )
    except OSError as error:
        raise _cannot_bind(options, error) from None
    if options.role != "web" and app.config.get("JOBS_AUTOSTART", True):
        # By hand: the app was created before the server, which was not on the stack to be detected.
        with app.app_context():
            jobs.start(server_threads=SERVER_THREADS)
    port = server.effective_listen[0][1] if hasattr(server, "effective_listen") else server.effective_port
    _print_address(app, browser_url(options.host, port))
    server.run()


def _print_address(app: Flask, address: str) -> None:
    from app.pages import api_address, curl_line

    print(f"Flask-Simmer serves {address}", flush=True)
    api = api_address(app, address)
    if api:
        print(f"Try: {curl_line(api, with_token=bool(app.config.get('JOBS_API_TOKENS')))}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
