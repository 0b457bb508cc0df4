"""What is hidden, and what is not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.errors import InvalidArguments
from app.jobs.serialization.redaction import REDACTED, WORDS, Redactor, redactor_of

redact = redactor_of(None).redact


@pytest.mark.parametrize(
    "key",
    [
        *WORDS,
        "PASSWORD",
        "db_password",
        "Password2",
        "passwordHash",
        "user.secret",
        "client-secret",
        "CSRFToken",
        "csrf_token",
        "accessToken",
        "Authorization",
        "Proxy-Authorization",
        "apiKey",
        "API_KEY",
        "X-Api-Key",
        "apikey",
        "APIKey",
        "old api key 2",
        "privateKeyPem",
        "PRIVATE-KEY",
        "accessKeyId",
        "aws_access_key_id",
        "awsCredentials",
        "pwd",
        "DB_PWD",
        "passphrase",
        "tokens",
        "passwords",
        "apiKeys",
        "clientsecret",
        "refreshtoken",
        "refreshTokens",
        "privatekey",
        "Set-Cookie",
        "cookies",
        "jwt",
    ],
)
def test_secret_keys(key: str) -> None:
    """A secret word standing as a whole word hides the value, however the key is written."""
    assert redact({key: "x"}) == {key: REDACTED}


@pytest.mark.parametrize(
    "key",
    [
        "",
        "_",
        "tokenizer",
        "secretary",
        "passage",
        "authorized",
        "key",
        "monkey",
        "api",
        "private",
        "api_public_key",
        "keyApi",
        "accessible key",
        "ключ",
        "a" * 10_000,
    ],
)
def test_other_keys(key: str) -> None:
    """Words that only contain a secret word, or its parts apart, hide nothing."""
    value = {key: "x"}
    assert redact(value) is value


def test_whole_values_are_hidden_at_any_depth() -> None:
    """Whatever stands under a secret key is replaced, in lists and objects too, and the rest is kept."""
    value = {
        "user": {"name": "ada", "token": {"a": 1}, "tags": ["password"]},
        "rows": [{"id": 1}, {"id": 2, "secret": None}],
    }
    before = repr(value)
    assert redact(value) == {
        "user": {"name": "ada", "token": REDACTED, "tags": ["password"]},
        "rows": [{"id": 1}, {"id": 2, "secret": REDACTED}],
    }
    assert repr(value) == before


def test_order_of_keys_is_kept() -> None:
    """Redacting does not move a key."""
    assert list(redact({"a": 1, "token": 2, "b": 3})) == ["a", "token", "b"]


@pytest.mark.parametrize("value", [None, 1, "token", [], {}, [1, {"a": [2]}], {"a": {"b": 1}}])
def test_nothing_to_hide_gives_the_same_object(value: Any) -> None:
    """Without a secret nothing is copied."""
    assert redact(value) is value


def test_untouched_parts_are_shared() -> None:
    """Only the way to a secret is copied."""
    value = {"big": [1, 2], "auth": {"token": 1}}
    assert redact(value)["big"] is value["big"]


def test_own_words_replace_the_list() -> None:
    """JOBS_REDACT's words are used instead of ours, in any case and spelling; no words hide nothing."""
    own = Redactor(["Tax-Number", "größe", "iban"])
    value = {
        "taxNumber": 1,
        "TAX_NUMBER": 1,
        "taxnumber": 1,
        "meine_Größe": 1,
        "IBAN": 1,
        "password": 1,
        "tax": 1,
    }
    hidden = {key for key, item in own.redact(value).items() if item == REDACTED}
    assert hidden == {"taxNumber", "TAX_NUMBER", "taxnumber", "meine_Größe", "IBAN"}
    assert Redactor([]).redact(value) is value
    assert Redactor(["", "-"]).redact(value) is value


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:s3cret@db:5432/app", "postgresql://ada:[redacted]@db:5432/app"),
        ("redis://:s3cret@cache", "redis://:[redacted]@cache"),
        ("smtp://a:p@ss@mail", "smtp://a:[redacted]@mail"),
        ("from ftp://a:b@c to sftp://d:e@f/g", "from ftp://a:[redacted]@c to sftp://d:[redacted]@f/g"),
    ],
)
def test_passwords_within_urls(url: str, shown: str) -> None:
    """The user, the host and the rest stay readable, under whatever key."""
    assert redact({"source": [url]}) == {"source": [shown]}


@pytest.mark.parametrize(
    "url", ["https://example.com/a:b@c", "https://ada@example.com", "https://h:80/?q=a@b", "a:b@c", "://@"]
)
def test_urls_without_a_password(url: str) -> None:
    """A port, a user alone and an address in the query are no password."""
    assert redact([url]) == [url]


def test_what_was_shown_is_restored_where_it_was() -> None:
    """A marker, and a URL with one, stand for what is stored at their place; the rest is as it was sent."""
    stored = {"a": 1, "token": {"x": 2}, "at": ["ftp://u:p@h", {"pwd": "q"}], "note": REDACTED}
    shown = redact(stored)
    restore = redactor_of(None).restore
    assert restore(shown, stored, "#") == stored
    assert restore({**shown, "a": 3, "token": "new"}, stored, "#") == {**stored, "a": 3, "token": "new"}


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": REDACTED}, "#/args/a"),
        ({"other": {"token": REDACTED}}, "#/args/other/token"),
        ({"at": [1, "ftp://u:[redacted]@h"]}, "#/args/at/1"),
        ({"at": ["ftp://u:[redacted]@elsewhere"]}, "#/args/at/0"),
    ],
)
def test_a_marker_anywhere_else_is_refused(value: Any, place: str) -> None:
    """It stands for nothing there, and would be stored as if it were the secret."""
    stored = {"a": 1, "token": "t", "at": ["ftp://u:p@h"]}
    with pytest.raises(InvalidArguments) as refused:
        redactor_of(None).restore(value, stored, "#/args")
    assert [error["pointer"] for error in refused.value.errors] == [place]


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "token", "apiKey"]), inner)
    ),
    max_leaves=15,
)


@settings(max_examples=60, deadline=None, database=None)
@given(JSON)
def test_redacting_twice_changes_nothing(value: Any) -> None:
    """Redacting is complete: the second time finds only what the first put there."""
    once = redact(value)
    assert redact(once) == once
    assert "token': 'x" not in repr(once)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no user hunter22!", "no user [redacted]"),
        ("'hunter22!'/hunter22%21/xhunter22!x", "'[redacted]'/[redacted]/x[redacted]x"),
        ("pin 4711, port 14711", "pin [redacted], port 14711"),
        ("word key, keyboard", "word key, keyboard"),
        ("42 and true", "42 and true"),
        ("by ada at postgresql://ada:pw@db", "by ada at postgresql://ada:[redacted]@db"),
        ("pw-of-url", "[redacted]"),
        ("", ""),
    ],
)
def test_secrets_of_arguments_are_hidden_in_text(text: str, shown: str) -> None:
    """As they stand or spelt otherwise; short ones only as whole words, shorter ones and others stay."""
    args = {
        "user": "ada", "password": "hunter22!", "nested": [{"secrets": {"pin": 4711, "ok": True, "n": 42}}],
        "token": "key", "url": "redis://:pw-of-url@cache",
    }  # fmt: skip
    assert Redactor().hide(text, args) == shown
