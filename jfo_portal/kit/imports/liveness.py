"""Whether somebody works on an import: told by a lock that ends with the process that holds it, however it ends."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.db import connection

# The first half of the key of a PostgreSQL lock; the second is the import's.
_IMPORTS = 0x4A464F


@contextmanager
def held(pk: int) -> Iterator[bool]:
    """Hold the import's lock, and yield whether it could be had: nobody else works on it then.

    PostgreSQL keeps it for the connection, SQLite's machine for the open file: a process that is killed leaves none.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_IMPORTS, pk])
            is_ours = bool(cursor.fetchone()[0])
        try:
            yield is_ours
        finally:
            # A connection that broke has lost the lock already, and cannot be asked.
            if is_ours and connection.connection is not None and not connection.connection.closed:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_IMPORTS, pk])
        return
    path = _lock_path(pk)
    while True:
        with path.open("ab") as file:
            is_ours = _locked(file)
            if is_ours and not _is_at(path, file):
                # Whoever held it has taken it away meanwhile, and others would lock another one.
                continue
            yield is_ours
            if is_ours:
                path.unlink(missing_ok=True)
            return


def _is_at(path: Path, file: IO[bytes]) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _locked(file: IO[bytes]) -> bool:
    """Lock the file, and say whether that could be done; one who only asks has it for less than a moment."""
    for _moment in range(20):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


def is_held(pk: int) -> bool:
    """Say whether somebody works on the import; a query on PostgreSQL."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND granted)",
                [_IMPORTS, pk],
            )
            return bool(cursor.fetchone()[0])
    try:
        with _lock_path(pk).open("rb") as file:
            # Shared, so that those who only ask do not stand in each other's way.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _lock_path(pk: int) -> Path:
    """Return the file whose lock is the import's: beside the database, which is where all its processes are."""
    database = Path(str(connection.settings_dict["NAME"]))
    folder = database.parent if database.is_absolute() and database.exists() else Path(tempfile.gettempdir())
    return folder / f".{database.name.replace('/', '-')}.import-{pk}.lock"
