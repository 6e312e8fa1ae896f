"""What needs a reader's attention: groups of lines on the home page, and a filter of the lists that they open.

A need is a set of rows of one list: the assignments that end soon, the JFOs without an arrangement. An
app registers its needs and says of each which rows it is about, and what a line says. The home page asks
for all of them in one query, and the list that a group opens is narrowed to the same rows, so that the
count of a group is that of its list. What a reader put off (Snooze) is left out of both until its day.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.expressions import BaseExpression, Combinable
from django.db.models.functions import Cast, RowNumber
from django.urls import reverse
from django.utils.functional import Promise

from jfo_portal.kit.access import Reader
from jfo_portal.kit.tables import Link

from .models import Role, Snooze

# How many lines of a group the home page shows.
SHOWN = 10
# Who has work that can be put off; the others look on.
SNOOZERS = frozenset({Role.REGIONAL_MANAGER, Role.NHQ_REVIEWER})

_DAY = models.DateField()
_AMOUNT = models.DecimalField(max_digits=9, decimal_places=2)


@dataclass(frozen=True)
class Line:
    """One line: when or how pressing, what it is about, what can be done at once, and what else there is to say."""

    when: str
    what: str
    href: str
    acts: Sequence[Link] = ()
    row_id: int | None = None
    note: str = ""


@dataclass(frozen=True)
class NeedGroup:
    """Lines of one sort: the first of `count`; `href` opens them all.

    Of a `need`, a line can be put off; `put_off` says how many are.
    """

    title: str | Promise
    lines: Sequence[Line]
    count: int
    href: str
    need: str = ""
    note: str = ""
    put_off: int = 0


@dataclass(frozen=True)
class Figure:
    """One number at the top of the home page, and the list behind it."""

    value: str
    label: str
    href: str


@dataclass(frozen=True)
class Coming:
    """The next thing to come while nothing needs the reader: its day, and what it is."""

    day: date
    what: str
    href: str


@dataclass(frozen=True)
class Rows:
    """The rows of one list, `address` by name: `visible_to` the reader, with what their lines read loaded."""

    address: str
    visible_to: Callable[[Reader], QuerySet]


@dataclass(frozen=True)
class Found:
    """One row that needs the reader, with what its need says of it."""

    row: Any
    pressing: date | None
    amount: Decimal | None


@dataclass(frozen=True)
class Need:
    """Rows of one list that need somebody.

    `rows` gives those of the reader on a day, without a query. `pressing`, a day, and `amount` are read of
    each for its line, and `order` says which come first. `readers` are the roles whose home page it stands on, all of
    them when it is None. `note` is what is to be known of the whole group on the day.
    """

    name: str
    title: str | Promise
    of: Rows
    rows: Callable[[Reader, date], QuerySet]
    line: Callable[[Found, Reader, date], Line]
    order: Sequence[str]
    pressing: str | None = None
    amount: str | None = None
    readers: frozenset[str] | None = None
    note: Callable[[date], str] = field(default=lambda _day: "")

    def is_for(self, reader: Reader) -> bool:
        """Say whether it stands on the reader's home page."""
        return self.readers is None or reader.role in self.readers

    def address(self, *, put_off: bool) -> str:
        """Return the list of its rows, without those put off or of those alone."""
        return f"{reverse(self.of.address)}?need={self.name}&snoozed={'yes' if put_off else 'no'}"


Groups = Callable[[Reader, date], Sequence[NeedGroup]]
Figures = Callable[[Reader, date], Sequence[Figure]]
Comings = Callable[[Reader, date], Sequence[Coming]]

_needs: list[tuple[int, Need]] = []
_groups: list[tuple[int, Groups]] = []
_figures: list[Figures] = []
_comings: list[Comings] = []


def register(
    position: int = 0,
    *,
    needs: Iterable[Need] = (),
    groups: Groups | None = None,
    figures: Figures | None = None,
    coming: Comings | None = None,
) -> None:
    """Add an app's needs, groups that are no need (those of a lower position come first), figures, and what comes."""
    _needs.extend((position, need) for need in needs)
    _needs.sort(key=lambda pair: pair[0])
    if groups is not None:
        _groups.append((position, groups))
    if figures is not None:
        _figures.append(figures)
    if coming is not None:
        _comings.append(coming)


def needs_for(reader: Reader) -> list[Need]:
    """Return the needs that stand on the reader's home page."""
    return [need for _position, need in _needs if need.is_for(reader)]


def needs_in(address: str) -> Mapping[str, Need]:
    """Return the needs of the rows of one list, by name."""
    return {need.name: need for _position, need in _needs if need.of.address == address}


def need_of(reader: Reader, name: str) -> Need | None:
    """Return the reader's need of that name."""
    return next((need for need in needs_for(reader) if need.name == name), None)


def put_off(names: Collection[str], reader: Reader, day: date) -> Exists:
    """Return the condition that the reader put the row off beyond the day, for one of the needs."""
    return Exists(Snooze.objects.visible_to(reader).on(day).filter(need__in=names, row_id=OuterRef("pk")))


def in_own_region(address: str, reader: Reader, codes: Iterable[str]) -> str:
    """Return a list of JFOs narrowed to the regions of a manager: by the one among the codes, or as “own”.

    For those who see everything it is the address as it is.
    """
    if reader.sees_everything:
        return address
    own = set(codes)
    narrowed = f"region={own.pop()}" if len(own) == 1 else "own=yes"
    return f"{address}{'&' if '?' in address else '?'}{narrowed}"


# The home page


def groups_of(reader: Reader, day: date, *, is_put_off: bool = False) -> list[NeedGroup]:
    """Return the groups that hold something for the reader on the day, with the first lines of each.

    With `is_put_off`, those that hold something the reader put off, with those lines. One query finds the
    lines and the counts of all needs; one more a list reads its rows.
    """
    wanted = needs_for(reader)
    found = list(_first_lines(wanted, reader, day, is_put_off=is_put_off))
    rows = _rows_of(found, wanted, reader)
    placed = [] if is_put_off else [(place, one) for place, function in _groups for one in function(reader, day)]
    for place, need in _needs:
        if not need.is_for(reader):
            continue
        lines = [one for one in found if one["need"] == need.name]
        if not lines:
            continue
        counts = lines[0]
        group = NeedGroup(
            title=need.title,
            lines=[
                _line(need, one, rows[need.of.address][one["row"]], reader, day)
                for one in lines
                if one["is_put_off"] == is_put_off and one["row"] in rows[need.of.address]
            ],
            count=counts["put_off" if is_put_off else "open"],
            href=need.address(put_off=is_put_off),
            need=need.name,
            note=need.note(day),
            put_off=counts["put_off"],
        )
        placed.append((place, group))
    placed.sort(key=lambda pair: pair[0])
    return [group for _place, group in placed if group.count or (group.put_off and not is_put_off)]


def _line(need: Need, one: Mapping[str, Any], row: Any, reader: Reader, day: date) -> Line:
    """Return the line of a row, with the row's key."""
    return replace(need.line(Found(row, one["pressing"], one["amount"]), reader, day), row_id=one["row"])


def _first_lines(needs: Sequence[Need], reader: Reader, day: date, *, is_put_off: bool) -> Iterable[dict[str, Any]]:
    """Return the first lines of each need as keys, in order, each with the counts of its need; one query."""
    branches = [_branch(need, reader, day, is_put_off=is_put_off) for need in needs]
    if not branches:
        return ()
    rows = branches[0].union(*branches[1:], all=True) if len(branches) > 1 else branches[0]
    return sorted(rows, key=lambda row: row["place"])


def _branch(need: Need, reader: Reader, day: date, *, is_put_off: bool) -> QuerySet:
    rows = need.rows(reader, day).order_by().annotate(is_put_off=put_off([need.name], reader, day))
    # Those asked for come first; the others only tell their number where there are none.
    first = Case(When(is_put_off=is_put_off, then=0), default=1)
    return (
        rows.annotate(
            need=Value(need.name, output_field=models.CharField()),
            row=F("pk"),
            pressing=_of_kind(need.pressing, _DAY),
            amount=_of_kind(need.amount, _AMOUNT),
            open=Window(Count("pk", filter=Q(is_put_off=False))),
            put_off=Window(Count("pk", filter=Q(is_put_off=True))),
            place=Window(RowNumber(), order_by=[first, *_orders(need.order)]),
        )
        .filter(place__lte=SHOWN)
        .values("need", "row", "is_put_off", "open", "put_off", "place", "pressing", "amount")
    )


def _of_kind(name: str | None, kind: models.Field) -> BaseExpression | Combinable:
    """Return the row's annotation or field; without one a null of the kind: PostgreSQL joins only like columns."""
    return Cast(Value(None), kind) if name is None else F(name)


def _orders(names: Sequence[str]) -> list[Any]:
    return [F(name[1:]).desc() if name.startswith("-") else F(name).asc(nulls_first=True) for name in names]


def _rows_of(found: Sequence[Mapping[str, Any]], needs: Sequence[Need], reader: Reader) -> dict[str, dict[int, Any]]:
    """Return the rows of the lines by list and key; a query a list."""
    by_name = {need.name: need.of for need in needs}
    keys: dict[str, set[int]] = {rows.address: set() for rows in by_name.values()}
    for one in found:
        keys[by_name[one["need"]].address].add(one["row"])
    lists = {rows.address: rows for rows in by_name.values()}
    return {
        address: {row.pk: row for row in lists[address].visible_to(reader).filter(pk__in=ids)} if ids else {}
        for address, ids in keys.items()
    }


def figures_of(reader: Reader, day: date) -> list[Figure]:
    """Return the figures at the top of the reader's home page."""
    return [figure for function in _figures for figure in function(reader, day)]


def next_of(reader: Reader, day: date) -> Coming | None:
    """Return the next thing to come for the reader after the day; None where nothing is on record."""
    coming = [one for function in _comings for one in function(reader, day)]
    return min(coming, key=lambda one: one.day, default=None)
