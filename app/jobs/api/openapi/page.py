"""The document as a page: one file of HTML, without a script and without a request to anybody else."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, Template

from ..requests import JSON
from .document import Document
from .examples import example_of
from .parameters import example_path

_HERE: Final = Path(__file__).parent
_STYLE: Final = (_HERE / "page.css").read_text(encoding="utf-8")
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
"""The Content-Security-Policy of the page: nothing is loaded and nothing runs."""


@functools.cache
def _template() -> Template:
    # An environment of our own: that of the app has its filters, globals and context processors.
    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True)
    return environment.get_template("page.html")


def render_page(document: Document, base_url: str) -> str:
    """The page; the curl lines ask `base_url`."""
    tags = {tag["name"]: {**tag, "routes": []} for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            shown = _route(method.upper(), path, operation, document, base_url)
            tags[operation["tags"][0]]["routes"].append(shown)
    return _template().render(
        info=document["info"], base_url=base_url, style=_STYLE, tags=list(tags.values()),
        tasks=list(_tasks(document, base_url)),
    )  # fmt: skip


def _route(method: str, path: str, operation: Any, document: Document, base_url: str) -> dict[str, Any]:
    components = document["components"]
    parameters = [_resolved(each, components) for each in operation["parameters"]]
    content = operation.get("requestBody", {}).get("content", {}).get(JSON, {})
    body = content.get("example")
    return {
        **operation,
        "method": method,
        "path": path,
        "parameters": [{**each, "type": _type_text(each["schema"])} for each in parameters],
        "body": _pretty(body),
        "answers": [
            {"status": status, **_resolved(answer, components)}
            for status, answer in operation["responses"].items()
        ],
        "curl": _curl(method, base_url + example_path(path), body, _needs_token(operation)),
    }


def _tasks(document: Document, base_url: str) -> Iterator[dict[str, Any]]:
    schemas, submit = document["components"]["schemas"], document["paths"]["/jobs"]["post"]
    for name, schema in schemas.items():
        if name.startswith("Submit."):
            args = schemas[schema["properties"]["args"]["$ref"].rpartition("/")[2]]
            body = {"task": schema["properties"]["task"]["const"], "args": example_of(args, schemas)}
            yield {
                "name": body["task"],
                "description": schema["description"],
                "args": [
                    {
                        "name": each,
                        "type": _type_text(described),
                        "required": each in args.get("required", ()),
                        "default": json.dumps(described["default"]) if "default" in described else None,
                    }
                    for each, described in args.get("properties", {}).items()
                ],
                "schema": _pretty(args),
                "curl": _curl("POST", f"{base_url}/jobs", body, _needs_token(submit)),
            }


def _needs_token(operation: Any) -> bool:
    return bool(operation["security"]) and {} not in operation["security"]


def _resolved(part: Any, components: Any) -> Any:
    if "$ref" not in part:
        return part
    kind, name = part["$ref"].split("/")[2:]
    return components[kind][name]


def _type_text(schema: Any) -> str:
    """A schema in a few words: `string (date-time) or null`, `one of "a", "b"`, `list of string`."""
    if "enum" in schema:
        return f"one of {', '.join(map(json.dumps, schema['enum']))}"
    if parts := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(_type_text(each) for each in parts))
    kinds = schema.get("type", "any JSON")
    text = " or ".join([kinds] if isinstance(kinds, str) else kinds)
    if "format" in schema:
        text = text.replace("string", f"string ({schema['format']})")
    if isinstance(items := schema.get("items"), dict):
        text = text.replace("array", f"list of {_type_text(items)}")
    return text


def _curl(method: str, url: str, body: Any, with_token: bool) -> str:
    words = ["curl", "-i"]
    if method not in ("GET", "POST") or (method == "POST" and body is None):
        words += ["-X", method]
    words.append(shlex.quote(url))
    if with_token:
        words += ["-H", '"Authorization: Bearer $TOKEN"']
    if body is not None:
        words += ["-H", f"'Content-Type: {JSON}'", "-d", shlex.quote(json.dumps(body, ensure_ascii=False))]
    return " ".join(words)


def _pretty(value: Any) -> str | None:
    return None if value is None else json.dumps(value, indent=2, ensure_ascii=False)
