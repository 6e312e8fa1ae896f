"""Journeys through the portal in a real browser."""

import os
import shutil

MISSING = "Not run in a browser: no Chromium was found (on Debian: apt-get install chromium)."


def chromium() -> str | None:
    """Return the path of the Chromium to drive: JFO_CHROMIUM, else the one installed; None if there is none."""
    return os.environ.get("JFO_CHROMIUM") or shutil.which("chromium")
