"""Many rows as the database sends them, column by column; no object is made of one, and of equal values one is read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.db.models.sql.constants import MULTI

from .tables import Column

Make = Callable[[Any], Any]

# How many different values of a column are kept with what was made of them: free text must not fill the memory.
_MOST_KEPT = 20_000
# Of what part of some values new ones say that the others will be new, too.
_MOST_NEW = 0.9
# How many rows the database sends at once.
_CHUNK = 2000


class Made(dict[Any, Any]):
    """What is made of values, by the values: each is made once, and looked up from then on.

    Of a value that `is_kept` refuses, it is made each time: equal values are not always written alike, such as 0.5 and
    0.50.
    """

    def __init__(self, make: Make, is_kept: Callable[[Any], bool]) -> None:
        super().__init__()
        self._make = make
        self._is_various = False
        self._is_kept = is_kept

    def __missing__(self, value: Any) -> Any:
        made = self._make(value)
        if self._is_kept(value):
            if len(self) >= _MOST_KEPT:
                self.clear()
            self[value] = made
        return made

    def all(self, values: Iterable[Any]) -> list[Any]:
        """Return what is made of each of the values."""
        if self._is_various:
            return [self._make(value) for value in values]
        asked, known = list(values), len(self)
        made = list(map(self.__getitem__, asked))
        # As good as no two are alike, such as numbers of files: looking them up costs more than it saves.
        self._is_various = known >= _CHUNK and len(self) - known > len(asked) * _MOST_NEW
        if self._is_various:
            self.clear()
        return made


def made_of(make: Make, values: Sequence[Any], made: Made) -> list[Any]:
    """Return what is made of each value; of those that no dictionary can hold, too."""
    try:
        return [made[value] for value in values]
    except TypeError:
        return [make(value) for value in values]


def columns_of(rows: QuerySet) -> Iterator[list[Sequence[Any]]]:
    """Yield the columns of some thousand rows of `values_list` after the other, each value as its field holds it."""
    chunks, readers = _sent(rows)
    known = [None if reader is None else Made(reader, _is_written_alike) for reader in readers]
    for chunk in chunks:
        columns = zip(*chunk, strict=True)
        yield [values if made is None else made.all(values) for values, made in zip(columns, known, strict=True)]


def _sent(rows: QuerySet) -> tuple[Iterable[Sequence[Sequence[Any]]], list[Make | None]]:
    """Return the rows of `values_list` as they come from the database, some thousand at a time, and what reads a value
    of each column, None where it is read as it is."""
    compiler = rows.query.get_compiler(rows.db)
    chunks = compiler.execute_sql(MULTI, chunked_fetch=True, chunk_size=_CHUNK)
    converters = compiler.get_converters([one for one, _sql, _alias in compiler.select])
    readers = [
        _reader(compiler, *converters[place]) if place in converters else None for place in range(len(compiler.select))
    ]
    return chunks or (), readers


class RawRows:
    """The values of columns of fields, for the rows of a query set.

    Rows come from the database some thousand at a time, and no object is made of one.
    """

    def __init__(self, rows: QuerySet, columns: Sequence[Column]) -> None:
        self._columns = columns
        # Each look-up once, however many columns read it.
        self._paths = list(dict.fromkeys(path for column in columns for path in column.fields))
        self._rows = rows.values_list(*self._paths)

    def blocks(self, finish: Sequence[Make]) -> Iterator[list[list[Any]]]:
        """Yield the columns of some thousand rows after the other, each value as its column's `finish` makes it."""
        chunks, readers = _sent(self._rows)
        plan = []
        for column, last in zip(self._columns, finish, strict=True):
            places = [self._paths.index(path) for path in column.fields]
            make: Make
            if places[1:]:
                make = partial(_made, [readers[place] for place in places], column.of, last)
            else:
                make = _made_of_one(readers[places[0]], column.of, last)
            plan.append((places, Made(make, _is_written_alike)))
        for chunk in chunks:
            values = list(zip(*chunk, strict=True))
            yield [made.all(_of_places(values, places)) for places, made in plan]


def _of_places(values: Sequence[Sequence[Any]], places: Sequence[int]) -> Iterable[Any]:
    """Return the values of one place row by row, or those of several together."""
    return zip(*(values[place] for place in places), strict=True) if places[1:] else values[places[0]]


def _is_written_alike(value: Any) -> bool:
    """Say whether the value, or several, from some columns of a database, and an equal one are written alike."""
    return not any(type(one) is Decimal for one in (value if type(value) is tuple else (value,)))


def _reader(compiler: Any, steps: Sequence[Callable[..., Any]], expression: Any) -> Make:
    """Return what reads the database's value of the expression."""

    def read(value: Any) -> Any:
        for step in steps:
            value = step(value, expression, compiler.connection)
        return value

    return read


def _made(readers: Sequence[Make | None], of: Callable[..., Any] | None, last: Make, values: Sequence[Any]) -> Any:
    """Return what is written of the database's values of one row and column."""
    read = [value if reader is None else reader(value) for reader, value in zip(readers, values, strict=True)]
    return last(read[0] if of is None else of(*read))


def _made_of_one(reader: Make | None, of: Make | None, last: Make) -> Make:
    """Return what makes what is written of the database's value of one column."""
    steps = [step for step in (reader, of, last) if step is not None]
    if len(steps) == 1:
        return last

    def make(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return make
