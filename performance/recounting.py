"""The roll-up of activity beside a full count of the files: how they differ, and how it is made anew."""

from collections.abc import Iterator

from django.db import transaction

from jfo_portal.kit.imports.resources import lock_table

from .models import COLUMNS, ActivityCount, Filed, ImsFile

_COUNTS, _FILES = ActivityCount._meta.db_table, ImsFile._meta.db_table
_KEY = ", ".join(Filed._fields[:3])
_NAMES = COLUMNS.values()
_NUMBERS = ", ".join(
    f"COUNT(CASE WHEN kind = '{kind}' AND status = '{status}' THEN 1 END) AS {name}"
    for (kind, status), name in COLUMNS.items()
)
# The files by the key of the roll-up, a column for each kind and status.
_RECOUNT = f"SELECT {_KEY}, {_NUMBERS} FROM {_FILES} GROUP BY {_KEY}"
# What the files hold more than the roll-up, where that is not nothing.
_MORE = (
    f"SELECT {_KEY}, {', '.join(f'SUM({name})' for name in _NAMES)} FROM ({_RECOUNT} UNION ALL "
    f"SELECT {_KEY}, {', '.join(f'-{name}' for name in _NAMES)} FROM {_COUNTS}) AS both_ways "
    f"GROUP BY {_KEY} HAVING {' OR '.join(f'SUM({name}) <> 0' for name in _NAMES)} ORDER BY {_KEY}"
)


def differences() -> Iterator[tuple[Filed, int]]:
    """Yield each sort of file of which there are more or, below zero, fewer than the roll-up says, and how many; one
    query, over all files."""
    with transaction.get_connection().cursor() as cursor:
        cursor.execute(_MORE)
        for year, region, officer, *more in cursor.fetchall():
            for sort, number in zip(COLUMNS, more, strict=True):
                if number:
                    yield Filed(year, region, officer, *sort), int(number)


def recount() -> None:
    """Make the roll-up anew from the files, in one transaction in which nobody writes a file."""
    with transaction.atomic():
        lock_table(ImsFile, "SHARE")
        with transaction.get_connection().cursor() as cursor:
            cursor.execute(f"DELETE FROM {_COUNTS}")
            cursor.execute(f"INSERT INTO {_COUNTS} ({_KEY}, {', '.join(_NAMES)}) {_RECOUNT}")
