"""Servers that are not ours to start: how each is started, and the package that it needs."""

from __future__ import annotations

from typing import Final, NamedTuple

LISTEN: Final = "127.0.0.1:{port}"
PYTHON: Final = "{python}"


class Kind(NamedTuple):
    """A way to serve a Flask app: the command, the module that must be there, and how many processes serve.

    `by_proof`: the threads start before the first request.
    """

    command: tuple[str, ...]
    module: str
    by_proof: bool = False
    processes: int = 1


def _module(name: str, *words: str) -> tuple[str, ...]:
    return (PYTHON, "-m", name, *words)


GUNICORN: Final = _module("gunicorn", f"--bind={LISTEN}", "--no-control-socket", "host:create_app()")
UVICORN: Final = _module("uvicorn", "--port={port}", "--factory")
UWSGI: Final = (
    "{bin}/uwsgi", f"--http-socket={LISTEN}", "--module=host:create_app()", "--enable-threads",
    "--die-on-term",
)  # fmt: skip
KINDS: Final = {
    "bjoern": Kind((PYTHON, "serving.py", "bjoern", "{port}"), "bjoern"),
    "cheroot": Kind((PYTHON, "serving.py", "cheroot", "{port}"), "cheroot"),
    "flask run": Kind(_module("flask", "--app=host", "run", "--port={port}"), "flask", True),
    "gevent pywsgi": Kind((PYTHON, "serving.py", "gevent", "{port}"), "gevent"),
    "granian": Kind(
        _module("granian", "--port={port}", "--interface=wsgi", "--factory", "host:create_app"), "granian"
    ),
    "gunicorn sync": Kind(GUNICORN, "gunicorn", True),
    "gunicorn gthread": Kind((*GUNICORN, "--threads=4", "--workers=2"), "gunicorn", True, 2),
    "gunicorn gevent": Kind((*GUNICORN, "--worker-class=gevent"), "gevent", True),
    "hypercorn asgiref": Kind(_module("hypercorn", f"--bind={LISTEN}", "serving:asgiref()"), "hypercorn"),
    "hypercorn wsgi": Kind(_module("hypercorn", f"--bind={LISTEN}", "wsgi:host:create_app()"), "hypercorn"),
    "mod_wsgi-express": Kind(
        (
            "{bin}/mod_wsgi-express",
            "start-server",
            "--port={port}",
            "--log-to-terminal",
            "--entry-point",
            "serving:wsgi",
            "--application-type=module",
        ),
        "mod_wsgi",
    ),
    "run.py": Kind((PYTHON, "{root}/run.py", "--port={port}"), "waitress", True),
    "tornado": Kind((PYTHON, "serving.py", "tornado", "{port}"), "tornado"),
    "twist": Kind(
        (PYTHON, "-m", "twisted", "web", "--listen=tcp:{port}:interface=127.0.0.1", "--wsgi=serving.wsgi"),
        "twisted",
    ),
    "uvicorn a2wsgi": Kind((*UVICORN, "serving:a2wsgi"), "a2wsgi", True),
    "uvicorn asgiref": Kind((*UVICORN, "serving:asgiref"), "uvicorn", True),
    "uwsgi": Kind(UWSGI, "uwsgi"),
    "uwsgi master": Kind((*UWSGI, "--master", "--processes=2", "--lazy-apps"), "uwsgi", False, 2),
    "uwsgi prefork": Kind((*UWSGI, "--master", "--processes=2"), "uwsgi", False, 2),
    "waitress": Kind(
        _module("waitress", f"--listen={LISTEN}", "--call", "host:create_app"), "waitress", True
    ),
    "werkzeug": Kind((PYTHON, "serving.py", "werkzeug", "{port}"), "werkzeug"),
}
