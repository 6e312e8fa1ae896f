"""The database as it stood when the demonstration was loaded, put back after a test that really committed."""

import sqlite3
from contextlib import closing
from typing import Any

from django.db import connection


def take() -> None:
    """Keep a copy of the database beside it."""
    if connection.vendor == "sqlite":
        _copy(connection.settings_dict["NAME"], _kept_name())
    else:
        _recreate(_kept_name(), template=connection.settings_dict["NAME"])


def put_back(*_args: Any) -> None:
    """Make the database what it was when the copy was taken; other threads' connections may stay open on SQLite."""
    if connection.vendor == "sqlite":
        _copy(_kept_name(), connection.settings_dict["NAME"])
    else:
        _recreate(connection.settings_dict["NAME"], template=_kept_name())


def _kept_name() -> str:
    return f"{connection.settings_dict['NAME']}_kept"


def _copy(source: str, target: str) -> None:
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)


def _recreate(name: str, *, template: str) -> None:
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
