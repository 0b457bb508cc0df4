"""Tracebacks, parsed into frames so that those of the app are seen first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

_FRAME: Final = re.compile(r'  File "(?P<file>[^"\n]*)", line (?P<line>\d+), in (?P<function>.*)')
_LIBRARIES: Final = ("site-packages", "dist-packages")
_STDLIB: Final = re.compile(r"[/\\]lib[/\\]python3[^/\\]*[/\\]")
_OWN: Final = re.compile(r"[/\\](flask_simmer|app[/\\]jobs)[/\\]")


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame; `code` are the lines that the traceback shows of it."""

    file: str
    line: int
    function: str
    code: str

    @property
    def is_library(self) -> bool:
        """Whether its file belongs to an installed package, to Python or to Flask-Simmer."""
        parts = PurePath(self.file.replace("\\", "/")).parts
        return (
            any(name in parts for name in _LIBRARIES)
            or self.file.startswith("<")
            or bool(_STDLIB.search(self.file) or _OWN.search(self.file))
        )


@dataclass(frozen=True, slots=True)
class Section:
    """Successive frames that are all of libraries or all of the app, or a line between (`text`)."""

    is_library: bool
    frames: tuple[Frame, ...] = ()
    text: str = ""


def parse(traceback: str) -> list[Section]:
    """The sections of a traceback in its order; what is no frame is kept as text."""
    sections: list[Section] = []
    for part in _parts(traceback.splitlines()):
        last = sections[-1] if sections else None
        if isinstance(part, str):
            if last is not None and last.text:
                sections[-1] = Section(False, text=f"{last.text}\n{part}")
            else:
                sections.append(Section(False, text=part))
        elif last is not None and last.frames and last.is_library == part.is_library:
            sections[-1] = Section(last.is_library, (*last.frames, part))
        else:
            sections.append(Section(part.is_library, (part,)))
    return sections


def _parts(lines: list[str]) -> list[Frame | str]:
    found: list[Frame | str] = []
    for line in lines:
        match = _FRAME.match(line)
        if match:
            found.append(Frame(match["file"], int(match["line"]), match["function"], ""))
        elif line.startswith("    ") and found and isinstance(frame := found[-1], Frame):
            code = f"{frame.code}\n{line[4:]}" if frame.code else line[4:]
            found[-1] = Frame(frame.file, frame.line, frame.function, code)
        else:
            found.append(line)
    return found
