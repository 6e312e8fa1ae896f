"""Many rows into a table and its history at once, as fast as the database takes them.

The rows go into a temporary table first, by COPY on PostgreSQL and executemany on SQLite; from there the database
itself writes the table and the history (docs/performance.md).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from django.db import connections, models

# How many rows go to the database in one piece.
_PIECE = 5_000
_STAGED = "jfo_staged"
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


class Staged:
    """Rows in the temporary table: values of a model's attributes, the key among them, and a text for each."""

    def __init__(self, model: type[models.Model], names: Sequence[str], using: str) -> None:
        self._connection = connections[using]
        self._quote = self._connection.ops.quote_name
        self._fields = [_field(model, name) for name in names]
        self._key = _field(model, "pk")
        self._table = self._quote(model._meta.db_table)

    def insert(self) -> None:
        """Insert the rows into the model's table."""
        columns = self._columns(self._fields)
        self._execute(f"INSERT INTO {self._table} ({columns}) SELECT {columns} FROM {_STAGED}")

    def update(self) -> None:
        """Give the rows of the model's table with these keys the other values."""
        sets = ", ".join(
            f"{self._column(field)} = {_STAGED}.{self._column(field)}" for field in self._fields if field != self._key
        )
        key = self._column(self._key)
        self._execute(f"UPDATE {self._table} SET {sets} FROM {_STAGED} WHERE {self._table}.{key} = {_STAGED}.{key}")

    def delete(self) -> None:
        """Delete the rows of the model's table with these keys."""
        key = self._column(self._key)
        self._execute(f"DELETE FROM {self._table} WHERE {key} IN (SELECT {key} FROM {_STAGED})")

    def record(
        self, history: type[models.Model], tracked: Sequence[models.Field], words: str, same: Mapping[str, Any]
    ) -> None:
        """Insert a version of each row, as the table has it now, into the history: the tracked fields, the text of the
        row as `words`, and the values that are the `same` for all."""
        columns = [self._column(field) for field in tracked]
        constants = [_field(history, name) for name in same]
        into = ", ".join([*columns, self._quote(words), *map(self._column, constants)])
        key = self._column(self._key)
        self._execute(
            f"INSERT INTO {self._quote(history._meta.db_table)} ({into}) "
            f"SELECT {', '.join(f'{self._table}.{column}' for column in columns)}, {self._cast(history, words)}"
            f"{', %s' * len(same)} FROM {_STAGED} JOIN {self._table} ON {self._table}.{key} = {_STAGED}.{key}",
            [
                field.get_db_prep_save(value, self._connection)
                for field, value in zip(constants, same.values(), strict=True)
            ],
        )

    def _cast(self, history: type[models.Model], words: str) -> str:
        kind = _field(history, words).db_type(self._connection)
        return f"CAST({_STAGED}.words AS {kind})" if self._connection.vendor == "postgresql" else f"{_STAGED}.words"

    def _fill(self, rows: Iterable[Sequence[Any]]) -> None:
        columns = self._columns(self._fields)
        self._execute(
            f"CREATE TEMPORARY TABLE {_STAGED} AS SELECT {columns}, '' AS words FROM {self._table} WHERE 1 = 0"
        )
        prepared = _prepared(self._fields, rows, self._connection)
        with self._connection.cursor() as cursor:
            if self._connection.vendor == "postgresql":
                cursor.copy_expert(f"COPY {_STAGED} FROM STDIN", _Lines(prepared))
                return
            statement = f"INSERT INTO {_STAGED} VALUES ({', '.join(['%s'] * (len(self._fields) + 1))})"
            while piece := list(islice(prepared, _PIECE)):
                cursor.executemany(statement, piece)

    def _drop(self) -> None:
        self._execute(f"DROP TABLE {_STAGED}")

    def _execute(self, statement: str, values: Sequence[Any] = ()) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)

    def _columns(self, fields: Iterable[models.Field]) -> str:
        return ", ".join(map(self._column, fields))

    def _column(self, field: models.Field) -> str:
        return self._quote(str(field.column))


@contextmanager
def staged(
    model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]], *, using: str
) -> Iterator[Staged]:
    """Put the rows into the temporary table, each the values of the named attributes and a text; in a transaction that
    the caller holds.

    The values are as the model's fields hold them. Nothing but the database's own rules is asked of what is written:
    no save(), no signal, no default; an error leaves the transaction broken.
    """
    table = Staged(model, names, using)
    table._fill(rows)
    yield table
    table._drop()


class Among(models.Func):
    """Whether a text is one of many: one value for the driver, where `__in` prepares each by itself."""

    output_field = models.BooleanField()

    def __init__(self, expression: Any, texts: Sequence[str]) -> None:
        super().__init__(expression)
        self.texts = list(texts)

    def as_postgresql(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, list[Any]]:
        text, values = compiler.compile(self.source_expressions[0])
        return f"{text} = ANY(%s)", [*values, self.texts]

    def as_sqlite(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, tuple[str | int, ...]]:
        text, values = compiler.compile(self.source_expressions[0])
        return f"{text} IN (SELECT value FROM json_each(%s))", (*values, json.dumps(self.texts))


def new_keys(model: type[models.Model], count: int, *, using: str) -> Sequence[int]:
    """Return so many keys that no row of the model has or will be given, in a transaction that the caller holds."""
    connection = connections[using]
    key, table = _field(model, "pk"), model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [connection.ops.quote_name(table), key.column, count],
            )
            return [number for (number,) in cursor.fetchall()]
        # One transaction writes at a time, and an inserted key moves the sequence on by itself.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        found = cursor.fetchone()
    last = found[0] if found else 0
    return range(last + 1, last + count + 1)


def _field(model: type[models.Model], name: str) -> models.Field:
    field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
    found: models.Field = field
    return found


def _prepared(
    fields: Sequence[models.Field], rows: Iterable[Sequence[Any]], connection: Any
) -> Iterator[Sequence[Any]]:
    """Yield the rows as the database takes their values; each different value of a column is prepared once."""
    converters = [(place, _converter(field, connection)) for place, field in enumerate(fields) if not _is_plain(field)]
    for row in rows:
        prepared = list(row)
        for place, convert in converters:
            prepared[place] = convert(prepared[place])
        yield prepared


def _is_plain(field: models.Field) -> bool:
    """Say whether the driver takes the field's values as they are."""
    target: Any = field
    while isinstance(target, models.ForeignKey):
        target = target.target_field
    return isinstance(target, models.CharField | models.TextField | models.IntegerField)


def _converter(field: models.Field, connection: Any) -> Callable[[Any], Any]:
    known: dict[Any, Any] = {}

    def convert(value: Any) -> Any:
        if value not in known:
            known[value] = field.get_db_prep_save(value, connection)
        return known[value]

    return convert


class _Lines:
    """Rows as COPY reads them, a piece at a time."""

    def __init__(self, rows: Iterator[Sequence[Any]]) -> None:
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
        return value.translate(_ESCAPED) if "\\" in value or not value.isprintable() else str(value)
    return r"\N" if value is None else str(value)
