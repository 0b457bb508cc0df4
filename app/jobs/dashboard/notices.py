"""What a page says after an action, by the word that the redirect carries."""

from __future__ import annotations

from typing import Final

NOTICES: Final = {
    "cancelled": "Cancelled, or asked to stop where it runs.",
    "retried": "Queued once more.",
    "deleted": "Deleted.",
    "edited": "Changed.",
    "submitted": "Submitted.",
    "bulk": "Applied to the jobs that you named.",
    "bulk-job": "There are many: this job applies it to all of them.",
    "limited": "Set; it holds for what is claimed from now on.",
    "stored": "Stored.",
    "paused": "Paused: it fires no more until it is resumed.",
    "resumed": "Resumed: it fires again from now on.",
    "skipped": "The next fire time is skipped.",
    "signed-out": "Signed out.",
}
"""Word → sentence. Only these are shown: nothing in a URL becomes text of a page."""
