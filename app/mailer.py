"""Sends messages by the mail server of SMTP_URL, a limited number over each connection."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from types import TracebackType
from typing import Final
from urllib.parse import unquote, urlsplit

MESSAGES_PER_CONNECTION: Final = 50
TIMEOUT_SECONDS: Final = 30
CLOSING: Final = 421
"""What a server that shuts down replies to any command."""


class MessageRefused(Exception):
    """The server refused this message before accepting it; the text is its reply."""


class ServerUnavailable(OSError):
    """The server accepts nothing now, and did not accept this message; the text is its reply."""


class Mailer:
    """A context manager: call `connect()` before each `send()`; the end of the block disconnects."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._server: smtplib.SMTP | None = None
        self._sent = 0

    def __enter__(self) -> Mailer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._disconnect()

    def connect(self) -> None:
        """Connect if needed: also after a full batch, and after the server hung up. Raises OSError."""
        if self._sent >= MESSAGES_PER_CONNECTION:
            self._disconnect()
        # smtplib sets sock to None when the server replies 421 or closes the connection.
        if self._server is None or self._server.sock is None:
            self._server = self._open_connection()
            self._sent = 0

    def send(self, message: EmailMessage) -> None:
        """Send `message`. Raises MessageRefused, ServerUnavailable, or OSError if it may have been sent."""
        assert self._server is not None, "connect() first"
        self._sent += 1
        try:
            self._server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, reply = next(iter(error.recipients.values()))
            kind = ServerUnavailable if code == CLOSING else MessageRefused
            raise kind(_text(code, reply)) from None
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            kind = ServerUnavailable if error.smtp_code < 500 else MessageRefused
            raise kind(_text(error.smtp_code, error.smtp_error)) from None
        except smtplib.SMTPNotSupportedError as error:
            raise MessageRefused(str(error)) from None

    def _open_connection(self) -> smtplib.SMTP:
        host, scheme = self._url.hostname or "localhost", self._url.scheme
        server: smtplib.SMTP
        if scheme == "smtps":
            server = smtplib.SMTP_SSL(
                host, self._url.port or 0, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, self._url.port or 0, timeout=TIMEOUT_SECONDS)
        if scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
        if self._url.username:
            server.login(unquote(self._url.username), unquote(self._url.password or ""))
        return server

    def _disconnect(self) -> None:
        server, self._server = self._server, None
        if server is not None and server.sock is not None:
            try:
                server.quit()
            except (OSError, smtplib.SMTPException):
                server.close()


def _text(code: int, reply: bytes | str) -> str:
    return f"{code} {reply.decode('utf-8', 'replace') if isinstance(reply, bytes) else reply}"
