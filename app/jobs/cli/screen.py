"""A terminal that is redrawn in place, with single keys; restored at the end, however that comes."""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

if sys.platform != "win32":
    import termios
    import tty

ENTER: Final = "\x1b[?1049h\x1b[?25l"
"""To the other screen, without a cursor."""
LEAVE: Final = "\x1b[?25h\x1b[?1049l"
RESIZED: Final = "resized"
"""What `key` returns in place of a key when the terminal has another size."""


def is_possible() -> bool:
    """Whether both sides of the terminal are there."""
    return sys.platform != "win32" and sys.stdin.isatty() and sys.stdout.isatty()


class Screen:
    """Of the process's terminal; made by `screen`."""

    def __init__(self, wakeup: int) -> None:
        self._wakeup = wakeup

    @property
    def size(self) -> os.terminal_size:
        """Columns and lines, at this moment."""
        return shutil.get_terminal_size()

    def draw(self, lines: Iterable[str]) -> None:
        """Replace what is shown."""
        text = "\r\n".join(f"{line}\x1b[K" for line in lines)
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(f"\x1b[H{text}\x1b[J".encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()

    def key(self, timeout: float | None) -> str | None:
        """The next key, or RESIZED; None after `timeout` seconds (None: there is none).

        Raises KeyboardInterrupt where the terminal has gone.
        """
        ready, _, _ = select.select((sys.stdin, self._wakeup), (), (), timeout)
        if self._wakeup in ready:
            os.read(self._wakeup, 1_000)
            return RESIZED
        if not ready:
            return None
        typed = os.read(sys.stdin.fileno(), 1)
        if not typed:
            raise KeyboardInterrupt
        return typed.decode("ascii", "replace")


@contextmanager
def screen() -> Iterator[Screen]:
    """A block that has the terminal for itself, where `is_possible`."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    read, write = os.pipe()
    os.set_blocking(write, False)

    def resized(*_: Any) -> None:
        os.write(write, b"r")

    def terminated(number: int, _frame: Any) -> None:
        raise SystemExit(128 + number)

    handlers = {signal.SIGWINCH: resized, signal.SIGTERM: terminated, signal.SIGHUP: terminated}
    before_us = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        tty.setcbreak(descriptor)
        ours = termios.tcgetattr(descriptor)
        ours[6][termios.VSUSP] = b"\0"  # Ctrl-Z would leave the shell on our screen
        termios.tcsetattr(descriptor, termios.TCSADRAIN, ours)
        sys.stdout.write(ENTER)
        yield Screen(read)
    finally:
        sys.stdout.write(LEAVE)
        sys.stdout.flush()
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        for number, handler in before_us.items():
            signal.signal(number, handler)
        os.close(read)
        os.close(write)
