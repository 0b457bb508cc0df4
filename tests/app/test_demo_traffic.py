"""`make demo-traffic`, for a moment."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from urllib.request import urlopen

from ..support import ROOT, eventually


def test_it_serves_a_dashboard_that_fills_and_ends_at_ctrl_c() -> None:
    """A real server with real jobs; what has ended is on the first page; Ctrl-C ends it in order."""
    command = [sys.executable, "-m", "app.demo_traffic", "--port", "0", "--seconds", "1"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as demo:
        assert demo.stdout is not None
        try:
            found = re.search(r"http://\S+", demo.stdout.readline())
            assert found

            def page() -> str:
                return str(urlopen(found[0]).read().decode())

            eventually(lambda: "images.resize" in page() or "mail.send" in page(), timeout=20)
            assert "stock.refresh" in page()
        finally:
            demo.send_signal(signal.SIGINT)
            assert demo.wait(timeout=30) == 0
