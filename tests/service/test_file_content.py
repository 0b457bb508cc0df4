"""Names and media types of files."""

from __future__ import annotations

import pytest

from app.jobs.service.file_content import content_type_of, file_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("report.csv", "report.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\räport.pdf", "räport.pdf"),
        ("a\0b\r\n\u202ec.txt", "abc.txt"),
        ("e\u0301.txt", "é.txt"),
        (" spaced .txt ", "spaced .txt"),
        ("\ud800x", "x"),
    ],
)
def test_a_name_is_the_last_part_of_a_path(text: str, name: str) -> None:
    """Without what cannot be printed, composed as most systems do."""
    assert file_name(text) == name


@pytest.mark.parametrize("text", ["", ".", "..", "a/", "/", "\0", "x" * 256])
def test_what_leaves_no_name_is_refused(text: str) -> None:
    """A name has 1 to 255 bytes, and is no folder."""
    with pytest.raises(ValueError, match="name"):
        file_name(text)


@pytest.mark.parametrize(
    ("name", "given", "kind"),
    [
        ("a.csv", None, "text/csv"),
        ("a", None, "application/octet-stream"),
        ("a", "text/csv; charset=utf-8", "text/csv; charset=utf-8"),
        ("a", "application/vnd.ms-excel", "application/vnd.ms-excel"),
    ],
)
def test_the_media_type_is_that_of_the_ending(name: str, given: str | None, kind: str) -> None:
    """Unless another one is given."""
    assert content_type_of(name, given) == kind


@pytest.mark.parametrize("given", ["csv", "text/", "text/html\nX: y", "text/html;", "a/b; c=d e", "ä/b"])
def test_what_is_no_media_type_is_refused(given: str) -> None:
    """It goes into a header as it is."""
    with pytest.raises(ValueError, match="media type"):
        content_type_of("a", given)
