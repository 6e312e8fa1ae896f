"""The portal's settings as they are measured: a production server's, with the demonstration's calendar and people.

DATABASE_URL names the scratch database; `benchmarks.side` sets it.
"""

import os

os.environ |= {
    "JFO_ENV_FILE": os.devnull,
    "JFO_SECRET_KEY": "for the benchmarks alone, and long enough that Django does not warn of it",
    "JFO_DEMONSTRATION": "1",
    "JFO_ALLOWED_HOSTS": "testserver",
    "JFO_LOG_LEVEL": "WARNING",
}

from jfo_portal.settings import *  # noqa: F403
from jfo_portal.settings import DATABASES, STORAGES

if DATABASES["default"]["ENGINE"].endswith("postgresql"):
    # One backend does all the work, so that its CPU time is all there is.
    DATABASES["default"]["OPTIONS"]["options"] += " -c max_parallel_workers_per_gather=0"
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
