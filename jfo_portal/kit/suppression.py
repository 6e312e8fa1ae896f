"""Which sums over people may be published together, so that no arithmetic over them tells about a few of the people.

Every figure is a sum over atoms: what one person adds to a measure, such as the FTE of a post, or one to a count. What
figures give away together is linear algebra: a sum is known when it is a combination of sums that are shown.
"""

import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import heapify, heappop, heappush
from itertools import product
from typing import Any, NamedTuple

Key = tuple[str, ...]

# In place of one of a cell's coordinates: the sum of the line along that axis.
TOTAL = "*"

# Arithmetic is modulo a prime so large that nothing vanishes by chance: 2⁶¹ − 1.
_PRIME = (1 << 61) - 1

# A vector by column (what is 0 is left out).
_Vector = dict[int, int]


class Atom(NamedTuple):
    """What one person adds to a measure, in one place or in all."""

    measure: str
    person: int
    place: str = ""


@dataclass
class Cell:
    """One figure of a table, or several that are shown or hidden together: each the sum of atoms, with their weights.

    Tables of a lower `position` go first. One `is_told` anyway is the reader's own. `is_published` is False for a
    figure that no table shows, and that nothing shown may give away.
    """

    table: str
    key: Key
    is_published: bool = True
    is_told: bool = False
    position: int = 0
    sums: dict[str, dict[Atom, int]] = field(default_factory=lambda: defaultdict(dict))

    @cached_property
    def people(self) -> int:
        """How many people it rests on: of several sums, the one that rests on the fewest."""
        return min((len({atom.person for atom in atoms}) for atoms in self.sums.values()), default=0)

    def order(self) -> tuple[Any, ...]:
        """Sort what is shown rather than something else: totals, lines of one axis, and so on; of these the tables of
        the first positions, then what rests on most people."""
        return len(self.key) - self.key.count(TOTAL), self.position, -self.people, self.table, self.key


def with_sums(key: Key) -> Iterable[Key]:
    """Return the cell of that key and those that it is summed into."""
    return product(*((part, TOTAL) for part in key))


def hidden_cells(cells: Iterable[Cell], smallest: int) -> dict[str, frozenset[Key]]:
    """Return, by table, the keys of the cells that must not be shown.

    Protected are each cell that rests on at least one and fewer than `smallest` people, shown somewhere or not, and
    any sum over so few people of what the cells tell apart. In their order, cells are shown unless something
    protected could be worked out from them and those before. A cell about nobody is shown.
    """
    filled = [cell for cell in cells if cell.people]
    told = [cell for cell in filled if cell.is_told]
    columns = _Columns(filled)
    known = _Known(columns.number, columns.frequency)
    for cell in told:
        for vector in columns.vectors(cell):
            known.add(vector)
    # What the reader knows anyway cannot be protected.
    first = known.witness()
    protected = [
        vector
        for vector in (
            *columns.small(smallest),
            *(vector for cell in filled if cell.people < smallest for vector in columns.vectors(cell)),
        )
        if _amount(vector, first)
    ]
    candidates = sorted(
        (cell for cell in filled if cell.is_published and not cell.is_told and cell.people >= smallest),
        key=Cell.order,
    )
    asked = [columns.vectors(cell) for cell in candidates]
    length = len(known)
    while True:
        shown = _admitted(known, asked, protected)
        found = [vector for vector in columns.few(known.witness(), smallest) if _amount(vector, first)]
        if not found:
            break
        protected.extend(found)
        known.forget(length)
    kept = {id(candidates[number]) for number in shown}
    hidden: dict[str, set[Key]] = defaultdict(set)
    for cell in filled:
        if cell.is_published and not cell.is_told and id(cell) not in kept:
            hidden[cell.table].add(cell.key)
    return {table: frozenset(keys) for table, keys in hidden.items()}


def _amount(vector: _Vector, witness: Sequence[int]) -> int:
    return sum(weight * witness[column] for column, weight in vector.items()) % _PRIME


class _Columns:
    """The unknowns: atoms that every cell counts alike are one, their sum."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        uses: dict[Atom, list[tuple[int, str, int]]] = defaultdict(list)
        for number, cell in enumerate(cells):
            for name, atoms in cell.sums.items():
                for atom, weight in atoms.items():
                    uses[atom].append((number, name, weight))
        numbers: dict[tuple[str, tuple[tuple[int, str, int], ...]], int] = {}
        self._of = {
            atom: numbers.setdefault((atom.measure, tuple(signature)), len(numbers)) for atom, signature in uses.items()
        }
        self.number = len(numbers)
        # In how many cells each column is.
        self.frequency = [len(signature) for _measure, signature in numbers]
        self._measures = [measure for measure, _signature in numbers]
        self.people: list[set[int]] = [set() for _ in numbers]
        for atom, column in self._of.items():
            self.people[column].add(atom.person)

    def vectors(self, cell: Cell) -> list[_Vector]:
        return [{self._of[atom]: weight for atom, weight in atoms.items()} for atoms in cell.sums.values()]

    def small(self, smallest: int) -> list[_Vector]:
        """Return the columns that stand for fewer people."""
        return [{column: 1} for column, people in enumerate(self.people) if len(people) < smallest]

    def few(self, witness: Sequence[int], smallest: int) -> list[_Vector]:
        """Return the sums over fewer people, of two columns to four, that are 0 in the witness: known ones, then."""
        found: list[_Vector] = []
        small: dict[str, list[int]] = defaultdict(list)
        for column, people in enumerate(self.people):
            if len(people) < smallest - 1:
                small[self._measures[column]].append(column)
        for columns in small.values():
            found += [
                dict.fromkeys(sum_of, 1)
                for sum_of in self._vanishing(columns, witness, smallest)
                if len(set().union(*(self.people[column] for column in sum_of))) < smallest
            ]
        return found

    def _vanishing(self, columns: Sequence[int], witness: Sequence[int], smallest: int) -> Iterator[tuple[int, ...]]:
        """Return the pairs, triples and fours of the columns whose sum is 0 in the witness; pairs of columns that stand
        for too many are left out, and of those in a four each stands for one."""
        by_amount = defaultdict(list)
        for column in columns:
            by_amount[witness[column]].append(column)
        by_size = sorted(columns, key=lambda column: (len(self.people[column]), column))
        pairs: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for place, one in enumerate(by_size):
            for other in by_size[place + 1 :]:
                size = len(self.people[one]) + len(self.people[other])
                if size >= smallest:
                    break
                amount = (witness[one] + witness[other]) % _PRIME
                if amount == 0:
                    yield one, other
                elif size == 2:
                    pairs[amount].append((one, other))
                for third in by_amount.get(_PRIME - amount, ()):
                    if third not in (one, other):
                        yield one, other, third
        for amount, found in pairs.items():
            for pair, second in product(found, pairs.get(_PRIME - amount, ())):
                if not set(pair) & set(second):
                    yield *pair, *second


class _Known:
    """The span of the sums that are shown, as rows in echelon form: no row has the pivot of one before it."""

    def __init__(self, number: int, frequency: Sequence[int]) -> None:
        self._number = number
        self._frequency = frequency
        self._pivots: list[int] = []
        self._rows: list[_Vector] = []
        self._row_of: dict[int, int] = {}
        # Not a secret: it only has to be unlike any figure.
        self._random = random.Random(number)  # noqa: S311

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, vector: Mapping[int, int]) -> None:
        rest = dict(vector)
        row_of = self._row_of
        waiting = [row_of[column] for column in rest if column in row_of]
        heapify(waiting)
        while waiting:
            number = heappop(waiting)
            amount = rest[self._pivots[number]]
            if not amount:
                continue
            for column, value in self._rows[number].items():
                before = rest.get(column)
                if before is None:
                    before = 0
                    if column in row_of:
                        heappush(waiting, row_of[column])
                rest[column] = (before - amount * value) % _PRIME
        rest = {column: value for column, value in rest.items() if value}
        if not rest:
            return
        # The rarest column, so that few of the later sums have to be reduced by the row.
        pivot = min(rest, key=lambda column: (self._frequency[column], column))
        inverse = pow(rest[pivot], -1, _PRIME)
        self._row_of[pivot] = len(self._rows)
        self._pivots.append(pivot)
        self._rows.append({column: value * inverse % _PRIME for column, value in rest.items()})

    def forget(self, length: int) -> None:
        """Take back what was added after there were so many rows."""
        for pivot in self._pivots[length:]:
            del self._row_of[pivot]
        del self._pivots[length:], self._rows[length:]

    def witness(self) -> list[int]:
        """Return unknowns, taken at random among those in which every sum that is shown is 0.

        Another sum is 0 in them only if it can be worked out from those shown.
        """
        found = [self._random.getrandbits(60) for _ in range(self._number)]
        for pivot, row in zip(reversed(self._pivots), reversed(self._rows), strict=True):
            found[pivot] = 0
            found[pivot] = -sum(value * found[column] for column, value in row.items()) % _PRIME
        return found

    def tells(self, vectors: Collection[_Vector]) -> bool:
        """Say whether one of the sums can be worked out."""
        witness = self.witness()
        return any(not _amount(vector, witness) for vector in vectors)


def _admitted(known: _Known, asked: Sequence[Sequence[_Vector]], protected: Collection[_Vector]) -> list[int]:
    """Return the numbers of those asked for that can be shown, each looked at after those before it.

    Many at once first: what tells nothing with all of them tells nothing with some.
    """
    shown: list[int] = []
    waiting = [range(len(asked))]
    while waiting:
        batch = waiting.pop()
        length = len(known)
        for number in batch:
            for vector in asked[number]:
                known.add(vector)
        if not batch or not known.tells(protected):
            shown.extend(batch)
            continue
        known.forget(length)
        if len(batch) > 1:
            half = len(batch) // 2
            waiting += [batch[half:], batch[:half]]
    return shown
