"""The portal's settings under test: the demonstration's, whatever the developer's own environment says.

`JFO_TEST_DATABASE=postgresql` runs the tests on a PostgreSQL server of their own; otherwise they run on SQLite.
"""

import os
import tempfile
from pathlib import Path

import pytest

from . import postgres

# Only what tells the tests how to run passes from the developer's environment.
_KEPT = {"JFO_TEST_DATABASE", "JFO_REQUIRE_ALL", "JFO_CHROMIUM"}
for _name in [name for name in os.environ if name.startswith("JFO_") and name not in _KEPT]:
    del os.environ[_name]
os.environ |= {
    "JFO_ENV_FILE": os.devnull,
    "JFO_SECRET_KEY": "for the tests alone, and long enough that Django does not warn of it",
    "JFO_DEMONSTRATION": "1",
    "JFO_LOG_LEVEL": "WARNING",
}
# A file rather than memory, so that threads of one test have connections of their own.
_folder = tempfile.TemporaryDirectory(prefix="jfo-portal-tests-")
if os.environ.get("JFO_TEST_DATABASE") == "postgresql":
    if (_programs := postgres.programs()) is None:
        raise pytest.UsageError(postgres.MISSING)
    os.environ["DATABASE_URL"] = postgres.start(_programs)
else:
    os.environ["DATABASE_URL"] = f"sqlite:///{_folder.name}/portal.sqlite3"

from jfo_portal.settings import *  # noqa: E402, F403
from jfo_portal.settings import DATABASES, STORAGES  # noqa: E402

DATABASES["default"]["CONN_MAX_AGE"] = 0
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": f"{_folder.name}/test.sqlite3"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STATIC_ROOT = Path(_folder.name) / "static"
STATIC_ROOT.mkdir()
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
