"""What is kept of a file besides its content: its name, its media type, its size and digest."""

from __future__ import annotations

import hashlib
import mimetypes
import re
import unicodedata
from collections.abc import Iterator
from typing import BinaryIO, Final

from ..errors import FileTooLarge
from .file_storage import PART

MOST_NAME_BYTES: Final = 255
UNKNOWN_TYPE: Final = "application/octet-stream"
_WORD: Final = r"[\w!#$&^.+-]{1,60}"
_TYPE: Final = re.compile(rf"{_WORD}/{_WORD}(; ?{_WORD}={_WORD}){{0,2}}", re.ASCII)


class MeasuredContent:
    """Reads `source` to its end, `most` bytes at most; `size` and `sha256` are then known."""

    def __init__(self, source: BinaryIO, most: int) -> None:
        self._source, self._most = source, most
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """The digest of what was read."""
        return self._digest.hexdigest()

    def parts(self) -> Iterator[bytes]:
        """Its parts of PART bytes, but for the last. Raises FileTooLarge, and TypeError for text."""
        while part := self._read_part():
            self.size += len(part)
            if self.size > self._most:
                raise FileTooLarge(f"a file may have {self._most} bytes at most: JOBS_MAX_FILE_BYTES")
            self._digest.update(part)
            yield part

    def _read_part(self) -> bytes:
        # A pipe or a socket gives less at once than it is asked for.
        chunks: list[bytes] = []
        left = PART
        while left and (chunk := self._source.read(left)):
            if not isinstance(chunk, bytes):
                raise TypeError("attach: open the file in binary mode, or encode the text")
            chunks.append(chunk)
            left -= len(chunk)
        return b"".join(chunks)


def file_name(text: str) -> str:
    """The last part of a path, without what cannot be printed. Raises ValueError where nothing is left."""
    if not isinstance(text, str):
        raise TypeError(f"the name of a file is a text, not {text!r:.200}")
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", text))[-1]
    name = "".join(char for char in last if char.isprintable()).strip()
    if name in ("", ".", ".."):
        raise ValueError(f"{text!r:.200} is no name of a file")
    if len(name.encode()) > MOST_NAME_BYTES:
        raise ValueError(f"the name of a file has {MOST_NAME_BYTES} bytes at most: {name[:40]!r}…")
    return name


def content_type_of(name: str, given: str | None) -> str:
    """The media type that was `given`, or that of the name's ending. Raises ValueError for what is none."""
    if given is None:
        return mimetypes.guess_type(name)[0] or UNKNOWN_TYPE
    if not isinstance(given, str) or not _TYPE.fullmatch(given):
        raise ValueError(f"content_type is a media type such as text/csv; charset=utf-8, not {given!r:.200}")
    return given
