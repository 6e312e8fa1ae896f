"""Is the French catalogue complete? `python -m tests.catalogue` says what is missing, doubtful or out of date."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = Path("locale/fr/LC_MESSAGES/django.po")
NO_GETTEXT = "Not checked: whether the catalogue holds every marked string (on Debian: apt-get install gettext)."


def keys(catalogue: polib.POFile) -> set[tuple[str, str, str]]:
    """Return what tells one message of the catalogue from another, obsolete ones left out."""
    return {(entry.msgctxt or "", entry.msgid, entry.msgid_plural) for entry in catalogue if not entry.obsolete}


def as_marked() -> polib.POFile:
    """Return the catalogue that makemessages would write for the tree as it is, leaving the tree alone."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "*.sqlite3*", "staticfiles", "tests"))
        command = [sys.executable, "manage.py", "makemessages", "--locale=fr", "--no-obsolete", "--verbosity=0"]
        environment = {"JFO_SECRET_KEY": "for this one command", "JFO_ENV_FILE": os.devnull}
        subprocess.run(command, cwd=copy, check=True, env=os.environ | environment)
        return polib.pofile(str(copy / CATALOGUE))


def faults() -> Iterator[str]:
    """Yield a line for each message that French readers would miss, or that nothing says any more."""
    written = polib.pofile(str(ROOT / CATALOGUE))
    yield from (f"not translated: {entry.msgid}" for entry in written.untranslated_entries())
    yield from (f"doubtful (fuzzy): {entry.msgid}" for entry in written.fuzzy_entries())
    if shutil.which("xgettext") is None:
        return
    marked = as_marked()
    yield from (f"not in the catalogue: {msgid}" for _context, msgid, _plural in sorted(keys(marked) - keys(written)))
    yield from (f"no longer used: {msgid}" for _context, msgid, _plural in sorted(keys(written) - keys(marked)))


def main() -> int:
    """Print every fault; return 1 if there is one."""
    found = list(faults())
    print("\n".join(found) or "The French catalogue is complete.")
    if shutil.which("xgettext") is None:
        print(NO_GETTEXT)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
