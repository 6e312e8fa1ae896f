"""Which figures on officers of other regions a reader is shown: decided once for all tables, by fiscal year.

A manager could subtract one table from another, one filter from another, one day from another. So every table that
shows sums over officers says here which officers each of its cells counts (`register`), and what all of them show of
a fiscal year is decided together (`jfo_portal.kit.suppression`, docs/decisions/0007). Figures on other regions exist
for fiscal years that have ended: flows of the year, stocks of its last day.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.core.cache import cache
from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce

from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import today
from jfo_portal.kit.suppression import Atom, Cell, Key, hidden_cells, with_sums
from registry.models import Assignment, Establishment, Officer, Region
from registry.models.people import posting_on

from .strength import PLACE, Place, level_on

# The measure of whoever serves on a JFO, and of whoever is one of a number of officers.
FTE = "fte"

# How long a decision is kept.
_SECONDS = 600


def shown_year(day: date) -> FiscalYear | None:
    """Return the fiscal year whose last day it is, once that has come; None on any other day."""
    year = FiscalYear.of(day)
    return year if day == year.last_day and day <= today() else None


def last_shown_day(day: date) -> date:
    """Return the last day of the last fiscal year that ended on the day or before it, and today or before."""
    known = min(day, today())
    year = FiscalYear.of(known)
    return year.last_day if known == year.last_day else year.previous.last_day


# What the tables are made of


@dataclass(frozen=True)
class Served(Place):
    """An assignment in a fiscal year: `since` is the first day of its spell, `level_first` the level on the year's
    first day and `level` on its last, `seats` the FTE agreed for the JFO on that. `home` and `seen_by` are as those of
    the officer."""

    officer_id: int
    home_id: int
    home: str
    seen_by: int
    fte: Decimal
    start: date
    end: date | None
    since: date
    level_first: str | None
    level: str | None
    seats: Decimal


@dataclass(frozen=True)
class Person:
    """An officer; `has_served` says whether on a JFO by the last day of the year.

    `home` is the region that employed the officer on that day, in which tables count the officer; `seen_by` the one
    that employs the officer now, whose managers see the officer's rows, of all years.
    """

    officer_id: int
    home_id: int
    home: str
    seen_by: int
    function: str
    start: date
    end: date | None
    has_served: bool

    def is_in_service(self, first: date, last: date) -> bool:
        return self.start <= last and (self.end is None or self.end >= first)

    @property
    def told(self) -> frozenset[int]:
        """The regions that know of the officer whatever is shown."""
        return frozenset({self.home_id, self.seen_by})


class Sum(NamedTuple):
    """A figure of a table's cell; a cell of several, shown or hidden together, gives each a name."""

    table: str
    key: Key
    name: str = ""


@dataclass(frozen=True)
class Part:
    """What one officer adds to the figures of tables.

    A reader who answers for one of `regions` knows it: of an officer who moved, both who was then and who is now told
    everything. `sums` are the figures that count it, with the weight that the
    atom has in each, 1 for most. `posts` are given where they count the officer, who is made of these atoms then.
    """

    atom: Atom
    regions: Set[int]
    sums: Mapping[Sum, int]
    posts: Sequence[Atom] = ()

    def atoms(self, known: Container[Atom]) -> list[Atom]:
        """Return what of it is unknown. Of a post on an own JFO a reader knows the FTE, and not whose it is."""
        posts = [atom for atom in self.posts if atom not in known]
        return posts or [atom for atom in (self.atom,) if atom not in known]


@dataclass(frozen=True)
class Facts:
    """Officers and assignments of a fiscal year, each asked for once, by whichever table needs them first."""

    year: FiscalYear
    # The codes of the regions that they name, by key.
    codes: dict[int, str] = field(default_factory=dict)

    @cached_property
    def people(self) -> dict[int, Person]:
        """Every officer, by key; one query."""
        begun = Assignment.objects.filter(officer=OuterRef("pk"), start__lte=self.year.last_day)
        employed = Officer.objects.order_by().annotate(posting=posting_on(self.year.last_day))
        rows = employed.annotate(
            home=Coalesce("posting__region_id", "region_id"),
            home_code=Coalesce("posting__region__code", "region__code"),
        ).values_list("pk", "home", "home_code", "region_id", "function", "start", "end", Exists(begun))
        found = {row[0]: Person(*row) for row in rows}
        self.codes.update((person.home_id, person.home) for person in found.values())
        return found

    @cached_property
    def served(self) -> list[Served]:
        """The assignments of the year; one query."""
        seats = Establishment.objects.as_of(self.year.last_day).filter(jfo=OuterRef("jfo")).order_by().values("fte")
        rows = (
            Assignment.objects.during(self.year.first_day, self.year.last_day)
            .with_since()
            .annotate(
                level_first=level_on(self.year.first_day),
                level_last=level_on(self.year.last_day),
                seats=Coalesce(Subquery(seats[:1]), Decimal("0.00")),
                posting=posting_on(self.year.last_day, "officer"),
            )
            .order_by()
            .values_list(
                *PLACE,
                "officer_id",
                "posting__region_id",
                "posting__region__code",
                "officer__region_id",
                "fte",
                "start",
                "end",
                "since",
                "level_first",
                "level_last",
                "seats",
            )
        )
        found = [Served(*row) for row in rows]
        self.codes.update((row.region_id, row.region) for row in found)
        return found

    @cached_property
    def posts(self) -> list[Served]:
        """Those of the last day."""
        day = self.year.last_day
        return [row for row in self.served if row.start <= day and (row.end is None or row.end >= day)]

    def part(self, measure: str, row: Served, sums: Mapping[Sum, int]) -> Part:
        """Return what the assignment adds to the figures, known to the officer's regions and to the JFO's."""
        return Part(Atom(measure, row.officer_id, row.jfo), {row.home_id, row.seen_by, row.region_id}, sums)

    def counted(self, person: Person, sums: Mapping[Sum, int]) -> Part:
        """Return what the officer adds to the figures as one of so many, known to the officer's regions.

        Most officers serve for all their time, so that a number of officers on JFOs is their FTE to whoever thinks so.
        The one is therefore made of the other: an officer counts as the FTE of the posts on the last day.
        """
        posts = [Atom(FTE, post.officer_id, post.jfo) for post in self.posts_of.get(person.officer_id, ())]
        return Part(Atom(FTE, person.officer_id), person.told, sums, posts)

    @cached_property
    def posts_of(self) -> dict[int, list[Served]]:
        """The posts of the last day by officer."""
        return grouped(self.posts, lambda post: post.officer_id)

    @cached_property
    def lacking(self) -> set[str]:
        """The JFOs of the last day that have officers, and less FTE than was agreed."""
        found = grouped(self.posts, lambda post: post.jfo)
        return {jfo for jfo, posts in found.items() if sum(post.fte for post in posts) < posts[0].seats}


@dataclass(frozen=True)
class Table:
    """A table of figures on officers, whose keys have the code of a region at the place `axis`.

    What is in one that is not published nobody is shown; it names what is protected beside the cells of the others.
    """

    name: str
    axis: int = 0
    is_published: bool = True


@dataclass(frozen=True)
class Source:
    """Tables, and where what their figures count comes from. Those of the lowest position are shown rather."""

    position: int
    tables: Sequence[Table]
    parts: Callable[[Facts], Iterable[Part]]


_sources: list[Source] = []


def register(position: int, tables: Sequence[Table], parts: Callable[[Facts], Iterable[Part]]) -> None:
    """Let the tables take part in the decision; an app does when it is ready."""
    _sources.append(Source(position, tables, parts))


def sums_of(table: Table, key: Key, name: str = "", weight: int = 1) -> dict[Sum, int]:
    """Return the figure of the table's cell and of the cells it is summed into."""
    return {Sum(table.name, cell, name): weight for cell in with_sums(key)}


# The decision


@dataclass(frozen=True)
class Hidden(Container[Key]):
    """The cells of a table that a reader is not shown: those named, or all but the reader's own where none may be."""

    keys: Set[Key] = frozenset()
    is_own: Callable[[Key], bool] | None = None

    def __contains__(self, key: object) -> bool:
        return key in self.keys if self.is_own is None else not self.is_own(cast(Key, key))


NOTHING = Hidden()


def hidden_from(
    reader: Reader, year: FiscalYear | None, table: Table, is_own: Callable[[Key], bool] = lambda key: False
) -> Hidden:
    """Return the cells of the table that the reader is not shown of the year.

    Those of the reader's own regions are all that is shown of a year that has not ended, and of a day that ends none
    (None); `is_own` says of which other cells it is known that they are the own regions' alone. Up to ten minutes old;
    three queries otherwise.
    """
    if reader.sees_everything:
        return NOTHING
    scope = frozenset(reader.scope_ids)
    if year is None or year.last_day > today():
        own = _kept("codes", scope, lambda: set(Region.objects.filter(pk__in=scope).values_list("code", flat=True)))
        return Hidden(is_own=lambda key: key[table.axis] in own or is_own(key))
    decided = _kept(str(year), scope, lambda: decide(scope, year))
    return Hidden(decided.get(table.name, frozenset()))


def _kept(name: str, scope: Set[int], ask: Callable[[], Any]) -> Any:
    key = f"registry.publication.{name}.{','.join(map(str, sorted(scope)))}"
    return cache.get_or_set(key, ask, _SECONDS)


def decide(scope: Set[int], year: FiscalYear) -> dict[str, frozenset[Key]]:
    """Return, by table, the cells hidden of the year from who answers for the regions; three queries."""
    facts = Facts(year)
    tables: dict[str, tuple[int, Table]] = {}
    known: set[Atom] = set()
    unknown: list[Part] = []
    for source in _sources:
        tables |= {table.name: (source.position, table) for table in source.tables}
        for part in source.parts(facts):
            if scope.isdisjoint(part.regions):
                unknown.append(part)
            else:
                known.add(part.atom)
    own = {facts.codes[region] for region in scope & facts.codes.keys()}
    cells: dict[tuple[str, Key], Cell] = {}
    for part in unknown:
        atoms = part.atoms(known)
        for (name, key, figure), weight in part.sums.items() if atoms else ():
            cell = cells.get((name, key))
            if cell is None:
                position, table = tables[name]
                # An own region's officers are not all that counts there: what its figure tells of others is told.
                cell = cells[name, key] = Cell(name, key, table.is_published, key[table.axis] in own, position)
            cell.sums[figure] |= dict.fromkeys(atoms, weight)
    return hidden_cells(cells.values(), settings.SMALL_GROUP)
