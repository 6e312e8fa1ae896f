import sqlite3
from functools import lru_cache

from django.apps import AppConfig
from django.utils.dateparse import parse_date


class KitConfig(AppConfig):
    name = "jfo_portal.kit"
    label = "kit"

    def ready(self) -> None:
        """Have each different day that SQLite stores read once: a file of many rows holds a few hundred."""
        # Django's own converter takes its place when this module is loaded; then this one does.
        from django.db.backends.sqlite3 import base  # noqa: F401

        sqlite3.register_converter("date", lru_cache(maxsize=10_000)(lambda stored: parse_date(stored.decode())))
