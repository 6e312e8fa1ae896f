"""Many rows into a table at once, as fast as the database takes them: COPY on PostgreSQL, executemany on SQLite."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import connections, models

# How many rows go to the database in one piece.
_PIECE = 5_000
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def insert(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]], *, using: str) -> None:
    """Insert the rows, each the values of the named attributes, in a transaction that the caller holds.

    The values are as the model's fields hold them, of JSON its text. Nothing but the database's own rules is asked: no
    save(), no signal, no default; an error leaves the transaction broken.
    """
    connection = connections[using]
    quote = connection.ops.quote_name
    fields = [_field(model, name) for name in names]
    columns = ", ".join(quote(_column(field)) for field in fields)
    table = quote(model._meta.db_table)
    prepared = _prepared(fields, rows, connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", _Lines(prepared))
        else:
            marks = ", ".join(["%s"] * len(names))
            statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
            while piece := list(islice(prepared, _PIECE)):
                cursor.executemany(statement, piece)


def update(model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]], *, using: str) -> None:
    """Give each row, which is its key and then the values of the named attributes, these values; as `insert` does."""
    connection = connections[using]
    quote = connection.ops.quote_name
    key = _field(model, "pk")
    fields = [_field(model, name) for name in names]
    table = quote(model._meta.db_table)
    prepared = _prepared([key, *fields], rows, connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            columns = ", ".join(quote(_column(field)) for field in (key, *fields))
            cursor.execute(
                f"CREATE TEMPORARY TABLE jfo_bulk ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"
            )
            cursor.copy_expert(f"COPY jfo_bulk ({columns}) FROM STDIN", _Lines(prepared))
            sets = ", ".join(f"{quote(_column(field))} = jfo_bulk.{quote(_column(field))}" for field in fields)
            pk = quote(_column(key))
            cursor.execute(f"UPDATE {table} SET {sets} FROM jfo_bulk WHERE {table}.{pk} = jfo_bulk.{pk}")
            cursor.execute("DROP TABLE jfo_bulk")
        else:
            sets = ", ".join(f"{quote(_column(field))} = %s" for field in fields)
            statement = f"UPDATE {table} SET {sets} WHERE {quote(_column(key))} = %s"
            while piece := list(islice(prepared, _PIECE)):
                cursor.executemany(statement, [(*row[1:], row[0]) for row in piece])


def new_keys(model: type[models.Model], count: int, *, using: str) -> list[int]:
    """Return so many keys that no row of the model has or will be given, in a transaction that the caller holds."""
    connection = connections[using]
    quote = connection.ops.quote_name
    key, table = _field(model, "pk"), model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [quote(table), key.column, count],
            )
            return [number for (number,) in cursor.fetchall()]
        # One transaction writes at a time, and an inserted key moves the sequence on by itself.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        found = cursor.fetchone()
    last = found[0] if found else 0
    return list(range(last + 1, last + count + 1))


def _field(model: type[models.Model], name: str) -> models.Field:
    field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
    found: models.Field = field
    return found


def _column(field: models.Field) -> str:
    return str(field.column)


def _prepared(
    fields: Sequence[models.Field], rows: Iterable[Sequence[Any]], connection: Any
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows as the database takes their values; each different value of a column is prepared once."""
    converters = [_converter(field, connection) for field in fields]
    for row in rows:
        yield tuple([convert(value) for convert, value in zip(converters, row, strict=True)])


def _converter(field: models.Field, connection: Any) -> Callable[[Any], Any]:
    # What a driver takes as it is needs no look; JSON comes as its text.
    if isinstance(field, models.CharField | models.TextField | models.IntegerField | models.JSONField):
        return _as_it_is
    known: dict[Any, Any] = {}

    def convert(value: Any) -> Any:
        if value not in known:
            known[value] = field.get_db_prep_save(value, connection)
        return known[value]

    return convert


def _as_it_is(value: Any) -> Any:
    return value


class _Lines:
    """Rows as COPY reads them, a piece at a time."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._left = ""

    def read(self, size: int = -1) -> str:
        """Return the next characters, "" at the end."""
        while len(self._left) < size:
            piece = "".join(["\t".join(map(_copied, row)) + "\n" for row in islice(self._rows, 1000)])
            if not piece:
                break
            self._left += piece
        found, self._left = self._left[:size], self._left[size:]
        return found


def _copied(value: Any) -> str:
    if value.__class__ is str:
        return value.translate(_ESCAPED) if _needs_escape(value) else value
    if value is None:
        return r"\N"
    return str(value)


def _needs_escape(text: str) -> bool:
    return "\\" in text or not text.isprintable()
