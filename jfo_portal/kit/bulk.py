"""Many rows into a table and its history at once, as fast as the database takes them.

Values go to the database by COPY on PostgreSQL and by executemany on SQLite; the history is then written by the
database itself, from the table (docs/performance.md). All of it is done in a transaction that the caller holds. Nothing
but the database's own rules is asked of what is written: no save(), no signal, no default; an error leaves the
transaction broken.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from django.db import connections, models

# How many rows go to the database in one piece.
_PIECE = 5_000
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


class Table:
    """The table of a model, to write many rows to."""

    def __init__(self, model: type[models.Model], using: str) -> None:
        self._model = model
        self._connection = connections[using]
        self._quote = self._connection.ops.quote_name
        self._name = self._quote(model._meta.db_table)
        self._key = _field(model, "pk")

    def insert(self, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert the rows, each the values of the named attributes, as the model's fields hold them."""
        fields = [_field(self._model, name) for name in names]
        self._send(self._name, fields, rows)

    def update(self, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Give each row, which is its key and then the values of the named attributes, these values."""
        fields = [_field(self._model, name) for name in names]
        columns, key = self._columns([self._key, *fields]), self._column(self._key)
        self._execute(f"CREATE TEMPORARY TABLE jfo_staged AS SELECT {columns} FROM {self._name} WHERE 1 = 0")
        self._send("jfo_staged", [self._key, *fields], rows)
        sets = ", ".join(f"{self._column(field)} = jfo_staged.{self._column(field)}" for field in fields)
        self._execute(f"UPDATE {self._name} SET {sets} FROM jfo_staged WHERE {self._name}.{key} = jfo_staged.{key}")
        self._execute("DROP TABLE jfo_staged")

    def delete(self, keys: Sequence[int]) -> None:
        """Delete the rows with these keys."""
        condition, values = self._among(keys)
        self._execute(f"DELETE FROM {self._name} WHERE {condition}", values)

    def different(self, fields: Sequence[models.Field], keys: Sequence[int]) -> list[tuple[Any, ...]]:
        """Return the different sets of values that the rows with these keys have in the fields."""
        if not fields:
            return [()]
        condition, values = self._among(keys)
        with self._connection.cursor() as cursor:
            cursor.execute(f"SELECT DISTINCT {self._columns(fields)} FROM {self._name} WHERE {condition}", values)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def record(
        self,
        history: type[models.Model],
        keys: Sequence[int],
        words: Mapping[tuple[Any, ...], str],
        by: Sequence[models.Field],
        same: Mapping[str, Any],
    ) -> None:
        """Insert a version of each row with these keys into the history: its tracked fields, the `related_words` that
        belong to its values in the fields `by`, and the values that are the `same` for all."""
        tracked: Any = history.tracked_fields  # type: ignore[attr-defined]
        told, constants = _field(history, "related_words"), [_field(history, name) for name in same]
        kind = told.db_type(self._connection)
        columns = ", ".join([*map(self._column, by), "'' AS words"])
        self._execute(f"CREATE TEMPORARY TABLE jfo_words AS SELECT {columns} FROM {self._name} WHERE 1 = 0")
        marks = ", ".join(["%s"] * (len(by) + 1))
        with self._connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO jfo_words VALUES ({marks})", [(*key, text) for key, text in words.items()])
        # Of a table that points to no other, the words are one row for all.
        belongs = " AND ".join(map(self._is_same, by)) or "1 = 1"
        if by:
            # Without it SQLite begins with the words, and looks through all rows of each.
            self._execute(f"CREATE INDEX jfo_words_by ON jfo_words ({self._columns(by)})")
        condition, values = self._among(keys)
        into = self._columns([*tracked, told, *constants])
        self._execute(
            f"INSERT INTO {self._quote(history._meta.db_table)} ({into}) "
            f"SELECT {', '.join(f'{self._name}.{self._column(field)}' for field in tracked)}, "
            f"CAST(jfo_words.words AS {kind}){', %s' * len(same)} "
            f"FROM {self._name} JOIN jfo_words ON {belongs} WHERE {condition}",
            [
                *(
                    field.get_db_prep_save(value, self._connection)
                    for field, value in zip(constants, same.values(), strict=True)
                ),
                *values,
            ],
        )
        self._execute("DROP TABLE jfo_words")

    def new_keys(self, count: int) -> Sequence[int]:
        """Return so many keys that no row of the table has or will be given."""
        table = self._model._meta.db_table
        with self._connection.cursor() as cursor:
            if self._connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT array_agg(nextval((SELECT pg_get_serial_sequence(%s, %s))::regclass)) "
                    "FROM generate_series(1, %s)",
                    [self._name, self._key.column, count],
                )
                keys: list[int] = cursor.fetchone()[0] or []
                # Nobody else's lie between, unless somebody took some meanwhile.
                return range(keys[0], keys[-1] + 1) if keys and keys[-1] - keys[0] == count - 1 else keys
            # One transaction writes at a time, and an inserted key moves the sequence on by itself.
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            found = cursor.fetchone()
        last = found[0] if found else 0
        return range(last + 1, last + count + 1)

    def _among(self, keys: Sequence[int]) -> tuple[str, list[Any]]:
        """Return the condition that a row has one of the keys, and its values."""
        key = f"{self._name}.{self._column(self._key)}"
        if isinstance(keys, range):
            return f"{key} BETWEEN %s AND %s", [keys.start, keys.stop - 1]
        if self._connection.vendor == "postgresql":
            return f"{key} = ANY(%s)", [list(keys)]
        return f"{key} IN (SELECT value FROM json_each(%s))", [json.dumps(list(keys))]

    def _is_same(self, field: models.Field) -> str:
        one, other = f"{self._name}.{self._column(field)}", f"jfo_words.{self._column(field)}"
        # Plain where it can be, which is what a database joins quickly.
        return f"({one} = {other} OR ({one} IS NULL AND {other} IS NULL))" if field.null else f"{one} = {other}"

    def _send(self, table: str, fields: Sequence[models.Field], rows: Iterable[Sequence[Any]]) -> None:
        prepared = _prepared(fields, rows, self._connection)
        columns = self._columns(fields)
        with self._connection.cursor() as cursor:
            if self._connection.vendor == "postgresql":
                cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", _Lines(prepared))
                return
            statement = f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * len(fields))})"
            while piece := list(islice(prepared, _PIECE)):
                cursor.executemany(statement, piece)

    def _execute(self, statement: str, values: Sequence[Any] = ()) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)

    def _columns(self, fields: Iterable[models.Field]) -> str:
        return ", ".join(map(self._column, fields))

    def _column(self, field: models.Field) -> str:
        return self._quote(str(field.column))


class Among(models.Func):
    """Whether a text or a key is one of many: one value for the driver, where `__in` prepares each by itself."""

    output_field = models.BooleanField()

    def __init__(self, expression: Any, many: Sequence[str] | Sequence[int]) -> None:
        super().__init__(expression)
        self.many = list(many)

    def as_postgresql(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, list[Any]]:
        one, values = compiler.compile(self.source_expressions[0])
        return f"{one} = ANY(%s)", [*values, self.many]

    def as_sqlite(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, tuple[str | int, ...]]:
        one, values = compiler.compile(self.source_expressions[0])
        return f"{one} IN (SELECT value FROM json_each(%s))", (*values, json.dumps(self.many))


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
    if isinstance(value, str):
        return value.translate(_ESCAPED) if "\\" in value or not value.isprintable() else str(value)
    return r"\N" if value is None else str(value)
