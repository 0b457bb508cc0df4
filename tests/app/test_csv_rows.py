"""Reading people from CSV files as they come."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import csv_rows
from app.csv_rows import Line


def read(tmp_path: Path, content: bytes | str) -> list[Line]:
    path = tmp_path / "people.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rows = list(csv_rows.read(path))
    assert csv_rows.count(path) == len(rows)
    return rows


def test_columns_stand_in_any_order_and_others_are_ignored(tmp_path: Path) -> None:
    """The header says where each value is, whatever its case and the space around it."""
    rows = read(tmp_path, "Age , note,EMAIL,name\n36,x,Ada@Example.com , Ada \n")
    assert rows == [("Ada", "ada@example.com", 36)]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_byte_order_mark_and_line_endings_do_not_matter(tmp_path: Path, mark: bytes, ending: str) -> None:
    """What spreadsheets on different systems write reads the same."""
    lines = ["name,email,age", "Zoë,zoe@example.com,4", "", "Bo,bo@example.com,5", ""]
    rows = read(tmp_path, mark + ending.join(lines).encode())
    assert rows == [("Zoë", "zoe@example.com", 4), ("Bo", "bo@example.com", 5)]


def test_lines_are_counted_as_an_editor_shows_them(tmp_path: Path) -> None:
    """A quoted field may hold line ends, commas and quotes; a bad line is named by where it begins."""
    rows = read(
        tmp_path, 'name,email,age\n\n"A\nB, ""C""",a@example.com,1\n\n"x\ny",nobody,2\nD,d@example.com,x\n'
    )
    assert rows == [
        ('A\nB, "C"', "a@example.com", 1),
        (6, "Not a valid email address."),
        (8, "the age is not a whole number"),
    ]


def test_each_bad_line_says_why(tmp_path: Path) -> None:
    """A bad line is one row with a reason; the lines around it are read."""
    lines = [
        ",a@example.com,1",
        "A,,1",
        "A,a@example,b.com,1",
        "A,a@example.com",
        "A,a@example.com,",
        "A,a@example.com,old",
        "A,a@example.com,1.5",
        "A,a@example.com,-1",
        "A,a@example.com,151",
        "A,a@example.com,1_0",
        f"{'A' * 201},a@example.com,1",
        "A\0,a@example.com,1",
        "B,b@example.com,2",
    ]
    rows = read(tmp_path, "name,email,age\n" + "\n".join(lines))
    assert rows == [
        (2, "the name is missing"),
        (3, "the email is missing"),
        (4, "4 fields instead of 3"),
        (5, "2 fields instead of 3"),
        (6, "the age is missing"),
        (7, "the age is not a whole number"),
        (8, "the age is not a whole number"),
        (9, "the age is not a whole number"),
        (10, "the age is not from 0 to 150"),
        (11, "the age is not a whole number"),
        (12, "the name is longer than 200 characters"),
        (13, "the name has characters that are not text"),
        ("B", "b@example.com", 2),
    ]


def test_bytes_that_are_no_utf_8_spoil_their_line_only(tmp_path: Path) -> None:
    """A name in another encoding is a bad line, not a failed import."""
    rows = read(
        tmp_path, b"name,email,age\nZo\xeb,zoe@example.com,4\nBo,b\xff@example.com,5\nCy,cy@example.com,6\n"
    )
    assert rows == [
        (2, "the name has characters that are not text"),
        (3, "the email is not an address"),
        ("Cy", "cy@example.com", 6),
    ]


def test_a_field_of_any_size_is_one_bad_line(tmp_path: Path) -> None:
    """What is longer than the reader's limit is refused and reading goes on."""
    rows = read(tmp_path, f"name,email,age\n{'A' * 200_000},a@example.com,1\nB,b@example.com,2\n")
    assert rows == [(2, "field larger than field limit (131072)"), ("B", "b@example.com", 2)]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "empty"),
        (b"\n", "name is there 0 times"),
        (b"name,email\nA,a@example.com", "age is there 0 times"),
        (b"name,email,age,Email\n", "email is there 2 times"),
        (b"name;email;age\n", "name is there 0 times"),
        ("name,email,age\n".encode("utf-16"), "times"),
        (b"x" * 200_000, "cannot be read"),
    ],
)
def test_a_header_without_the_columns_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    """The message says what the first line must be."""
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(csv_rows.BadHeader, match=complaint):
        csv_rows.check_header(path)
