"""Reading people from CSV files as they come."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from app import csv_rows
from app.csv_rows import BadLine, Line

from .support import people

TOO_LONG = "a field has more than 1,000 lines or 64 KiB: is its quote closed?"


def read(tmp_path: Path, content: bytes | str) -> list[Line]:
    path = tmp_path / "people.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rows = list(csv_rows.read(path))
    assert csv_rows.count(path) == len(rows)
    return rows


def test_columns_stand_in_any_order_and_others_are_ignored(tmp_path: Path) -> None:
    """The header says where each value is, whatever its case and the space around it."""
    rows = read(tmp_path, "Age , note,EMAIL,name\n36,x,Ada@Example.com , Ada \n")
    assert rows == [(2, ("Ada", "ada@example.com", 36))]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_byte_order_mark_and_line_endings_do_not_matter(tmp_path: Path, mark: bytes, ending: str) -> None:
    """What spreadsheets on different systems write reads the same."""
    lines = ["name,email,age", "Zoë,zoe@example.com,4", "", "Bo,bo@example.com,5", ""]
    rows = read(tmp_path, mark + ending.join(lines).encode())
    assert rows == [(2, ("Zoë", "zoe@example.com", 4)), (4, ("Bo", "bo@example.com", 5))]


def test_lines_are_counted_as_an_editor_shows_them(tmp_path: Path) -> None:
    """A quoted field may hold line ends, commas and quotes; a bad line is named by where it begins."""
    rows = read(
        tmp_path, 'name,email,age\n\n"A\nB, ""C""",a@example.com,1\n\n"x\ny",nobody,2\nD,d@example.com,x\n'
    )
    assert rows == [
        (3, ('A\nB, "C"', "a@example.com", 1)),
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
        "A,a@example.com,-5",
        "A,a@example.com,−5",
        "A,a@example.com,-0.5",
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
        (9, "the age is below 0"),
        (10, "the age is below 0"),
        (11, "the age is below 0"),
        (12, "the age is not from 0 to 150"),
        (13, "the age is not a whole number"),
        (14, "the name is longer than 200 characters"),
        (15, "the name has characters that are not text"),
        (16, ("B", "b@example.com", 2)),
    ]


def test_bytes_that_are_no_utf_8_spoil_their_line_only(tmp_path: Path) -> None:
    """A name in another encoding is a bad line, not a failed import."""
    rows = read(
        tmp_path, b"name,email,age\nZo\xeb,zoe@example.com,4\nBo,b\xff@example.com,5\nCy,cy@example.com,6\n"
    )
    assert rows == [
        (2, "the name has characters that are not text"),
        (3, "the email is not an address"),
        (4, ("Cy", "cy@example.com", 6)),
    ]


def test_a_field_of_any_size_is_one_bad_line(tmp_path: Path) -> None:
    """What is longer than 64 KiB is refused, quoted or not, and reading goes on."""
    for size in (65 * 1024, 200_000):
        for field in ("A" * size, f'"{"A" * size}"'):
            rows = read(tmp_path, f"name,email,age\n{field},a@example.com,1\nB,b@example.com,2\n")
            assert rows == [(2, TOO_LONG), (3, ("B", "b@example.com", 2))]


def test_an_unclosed_quote_spoils_its_own_line_only(tmp_path: Path) -> None:
    """It would take thousands of rows with it: they are read, each under its own line."""
    lines = [",".join(map(str, row)) for row in people(20_000)]
    lines[100] = '"' + lines[100]
    lines[7_000] = lines[7_000].replace(",", ',"', 1)
    rows = read(tmp_path, "name,email,age\n" + "\n".join(lines) + "\n")
    assert [row for row in rows if isinstance(row, BadLine)] == [(102, TOO_LONG), (7_002, TOO_LONG)]
    assert len(rows) == 20_000
    good = [row for row in rows if not isinstance(row, BadLine)]
    assert good[100] == (103, people(1, 101)[0])
    assert good[-1] == (20_001, people(1, 19_999)[0])


def test_a_quote_that_is_open_at_the_end_spoils_its_own_line_only(tmp_path: Path) -> None:
    """Of the last rows none is lost, be they ever so few."""
    rows = read(tmp_path, 'name,email,age\n"A,a@example.com,1\nB,b@example.com,2\nC,c@example.com,3')
    assert rows == [
        (2, "a quote is opened here and never closed"),
        (3, ("B", "b@example.com", 2)),
        (4, ("C", "c@example.com", 3)),
    ]


def test_a_quote_that_another_field_closes_takes_no_row_with_it(tmp_path: Path) -> None:
    """The quote of a later row ends the field, but not where a field ends."""
    lines = [
        "name,email,age",
        '"A,a@example.com,1',
        "B,b@example.com,2",
        '"C",c@example.com,3',
        "D,d@example.com,4",
    ]
    assert read(tmp_path, "\n".join(lines)) == [
        (2, "a quote is opened here and not closed where its field ends"),
        (3, ("B", "b@example.com", 2)),
        (4, ("C", "c@example.com", 3)),
        (5, ("D", "d@example.com", 4)),
    ]


def test_many_lines_and_long_fields_are_read_up_to_the_limit(tmp_path: Path) -> None:
    """A thousand lines in one field, and several fields that only together are too long."""
    head = "name,email,age,note,other\n"
    note = "\n".join(["x"] * 1_000)
    long = "\n".join(["y" * 60] * 1_000)
    for fields in ((note, "-"), (note, note), (long, long)):
        text = ",".join(f'"{field}"' for field in fields)
        rows = read(tmp_path, f"{head}A,a@example.com,1,{text}\nB,b@example.com,2,,\n")
        after = 3 + text.count("\n")
        assert rows == [(2, ("A", "a@example.com", 1)), (after, ("B", "b@example.com", 2))]
    rows = read(tmp_path, f'{head}A,a@example.com,1,"{note}\nx",\nB,b@example.com,2,,\n')
    assert rows[0] == (2, TOO_LONG)
    assert rows[-1] == (1_003, ("B", "b@example.com", 2))


def test_a_record_without_an_end_is_bounded(tmp_path: Path) -> None:
    """Short fields that open the next quote on the same line neither hide what follows nor take ages."""
    begun = time.process_time()
    rows = read(tmp_path, "name,email,age\n" + '"x\n' + 'x"y,"\n' * 20_000 + "B,b@example.com,2\n")
    assert time.process_time() - begun < 20
    assert rows[-1] == (20_003, ("B", "b@example.com", 2))
    assert len(rows) == 20_002
    assert {row[1] for row in rows[:-1]} == {TOO_LONG, "a quote is opened here and never closed"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_tells_the_separator(tmp_path: Path, delimiter: str) -> None:
    """Comma, semicolon or tab, for plain and for quoted rows; the others are text then."""
    lines = ["name|email|age", "A|a@example.com|1", '"B|b"|b@example.com|2', "C,;\t c|c@example.com|3"]
    text = "\n".join(lines).replace("C,;\t c", "C c".replace(" ", ";" if delimiter == "," else ","))
    rows = read(tmp_path, text.replace("|", delimiter))
    assert [row[1] for row in rows] == [
        ("A", "a@example.com", 1),
        (f"B{delimiter}b", "b@example.com", 2),
        ("C;c" if delimiter == "," else "C,c", "c@example.com", 3),
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_with_a_byte_order_mark_is_read(tmp_path: Path, encoding: str) -> None:
    """As spreadsheets save "Unicode text"; what is no text in it spoils its own line only."""
    mark = "" if encoding == "utf-16" else "\ufeff"
    text = "name\temail\tage\r\nZoë\tzoe@example.com\t4\r\nX\ud800\tx@example.com\t5\r\nБо\tbo@example.com\t6"
    rows = read(tmp_path, (mark + text).encode(encoding, "surrogatepass"))
    assert rows == [
        (2, ("Zoë", "zoe@example.com", 4)),
        (3, "the name has characters that are not text"),
        (4, ("Бо", "bo@example.com", 6)),
    ]
    cut = read(tmp_path, (mark + text).encode(encoding, "surrogatepass")[:-1])
    assert cut[-1] == (4, "the age is not a whole number")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "empty"),
        (b"\n", "name is there 0 times"),
        (b"name,email\nA,a@example.com", "age is there 0 times"),
        (b"name,email,age,Email\n", "email is there 2 times"),
        (b"name|email|age\n", r"name is there 0 times in 'name\|email\|age'.*comma, semicolon or tab"),
        (b"name;email\n", "age is there 0 times in 'name;email'"),
        ("name,email,age\n".encode("utf-16-le"), "NUL bytes as UTF-16 without a byte order mark"),
        ("name,email,age\n".encode("utf-32"), "the file is UTF-32.*in UTF-8 or in UTF-16"),
        ("náme,email,age\n".encode("latin-1"), r"name is there 0 times in 'n\\udce1me,email,age'"),
        (b"PK\x03\x04\x14\0\xff", "name is there 0 times in 'PK"),
        (b"x" * 200_000, "cannot be read"),
    ],
)
def test_a_header_without_the_columns_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    """The message says what the first line must be."""
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(csv_rows.BadHeader, match=complaint):
        csv_rows.check_header(path)
