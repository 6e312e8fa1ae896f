"""`make import-trials`: every trial of imports on both databases, a line each.

The last line says how many files there were, how many came out as they had to, how many were saved in part, and how
many times the portal failed. The exit code is 1 where a file or another trial did not come out as it had to.
"""

import argparse
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .. import postgres

DATABASES = ("sqlite", "postgresql")
PARTS = ("files", "pairs", "programmes", "kills")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.trials", description=__doc__)
    parser.add_argument("--database", choices=DATABASES, help="on this one alone")
    parser.add_argument("--part", choices=PARTS, action="append", help="this part alone; may be repeated")
    parser.add_argument("--only", default="", help="of the files those whose name holds this")
    parser.add_argument("--points", type=int, default=20, help="at how many moments each kind of process is killed")
    parser.add_argument("--rounds", type=int, default=50, help="rounds of two imports at once")
    parser.add_argument("--programmes", type=int, default=10_000, help="how many go out and come in")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.database:
        return played(options)
    counts = [0, 0, 0, 0]
    code = 0
    for database in DATABASES:
        if database == "postgresql" and postgres.programs() is None:
            print(postgres.MISSING)
            code = 1
            continue
        command = [sys.executable, "-m", "tests.trials", *sys.argv[1:], "--database", database]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        last = ""
        for line in process.stdout or ():
            if last:
                print(last, flush=True)
            last = line.rstrip("\n")
        code |= process.wait() != 0
        try:
            counts = [one + other for one, other in zip(counts, _numbers(last), strict=True)]
        except ValueError:
            print(last)
            code = 1
    print(_told(counts), flush=True)
    return int(code)


def _told(counts: list[int]) -> str:
    files, expected, part, errors = counts
    return f"files {files}, as expected {expected}, saved in part {part}, server errors {errors}"


def _numbers(line: str) -> list[int]:
    return [int(words.split()[-1]) for words in line.split(",")]


def played(options: argparse.Namespace) -> int:
    """Play the trials on one database; the last line is that of its files."""
    with tempfile.TemporaryDirectory(prefix="jfo-portal-trials-") as folder:
        programs = postgres.programs() if options.database == "postgresql" else None
        url = postgres.start(programs) if programs else f"sqlite:///{Path(folder)}/portal.sqlite3"
        if programs:
            host = url.rpartition("=")[2]
            subprocess.run([programs / "createdb", "--host", host, "--username", "portal", "portal"], check=True)
        os.environ |= {
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "jfo_portal.settings",
            "JFO_ENV_FILE": os.devnull,
            "JFO_SECRET_KEY": "for the trials alone, and long enough that Django does not warn of it",
            "JFO_DEMONSTRATION": "1",
            "JFO_DEBUG": "1",
            "JFO_LOG_LEVEL": "CRITICAL",
        }
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        # The trials ask as many times as they like; what a debugger keeps of it is in nobody's interest.
        settings.DEBUG = False
        settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
        settings.ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
        logging.getLogger("django.request").setLevel(logging.CRITICAL)
        call_command("migrate", verbosity=0)
        call_command("load_demo", verbosity=0)
        counts, failed = [0, 0, 0, 0], 0
        for part in options.part or PARTS:
            if part == "files":
                from . import files

                counts = files.played(options)
            else:
                from . import kills, pairs, programmes

                failed += {"kills": kills, "pairs": pairs, "programmes": programmes}[part].played(options)
        print(_told(counts), flush=True)
        return int(failed > 0 or counts[0] != counts[1] or counts[2] > 0 or counts[3] > 0)


if __name__ == "__main__":
    sys.exit(main())
