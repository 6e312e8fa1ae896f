"""Every test there is: on SQLite, on PostgreSQL, then in a browser; closes with what could not run.

The two databases are tested at the same time, as each keeps one core busy. With JFO_REQUIRE_ALL=1,
what could not run is a failure.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from typing import IO

from . import browser, postgres


def pytest(*arguments: str, database: str = "sqlite", output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """Start pytest with the arguments; what it says goes to the output, or straight to the screen."""
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments],
        env=os.environ | {"JFO_TEST_DATABASE": database},
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
    )


def heading(text: str) -> None:
    print(f"\n{text}", flush=True)


def main() -> int:
    """Return 0 when everything that ran passed, and everything ran that had to."""
    codes, not_run = [], []
    with tempfile.TemporaryFile() as output:
        meanwhile = None
        if postgres.programs() is None:
            not_run.append(postgres.MISSING)
        else:
            meanwhile = pytest("--ignore=tests/browser", database="postgresql", output=output)
        heading("On SQLite")
        codes.append(pytest("--ignore=tests/browser").wait())
        if meanwhile is not None:
            codes.append(meanwhile.wait())
            heading("On PostgreSQL")
            output.seek(0)
            shutil.copyfileobj(output, sys.stdout.buffer)

    if browser.chromium() is None:
        not_run.append(browser.MISSING)
    else:
        heading("In a browser")
        codes.append(pytest("tests/browser").wait())

    for line in not_run:
        print(line)
    return int(any(codes) or bool(not_run and os.environ.get("JFO_REQUIRE_ALL")))


sys.exit(main())
