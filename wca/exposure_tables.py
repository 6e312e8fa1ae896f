"""The columns of the exposure page's tables, and what stands in place of what a manager may not see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.tables import Column
from registry.models import JFO
from registry.tables import RESTRICTED, jfo_column, restricted_mark

from .measures.exposure import Amount, Days


@dataclass(frozen=True)
class ExposureRow:
    """What one JFO, region, partner, clause or part of the period comes to.

    `without` are days without an arrangement in force, whether officers served or not; `exposed` those on which
    officers served, and `unknown`, of a clause, those on which nobody knows. None where the reader is not told.
    """

    label: str
    exposed: Amount | None
    unknown: Amount | None = None
    without: int = 0
    jfo: JFO | None = None
    begins: date | None = None
    href: str | None = None
    detail_href: str | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.without or any(amount and amount.days for amount in (self.exposed, self.unknown)))

    @property
    def rank(self) -> tuple[Any, ...]:
        """What the worst is first by; of what the reader is not told, nothing is given away."""
        if self.exposed is None:
            return True, 0, 0, -self.without, self.label
        unknown = self.unknown or Amount()
        return False, -self.exposed.fte_days, -self.exposed.days, -unknown.fte_days, self.label


def _figure(name: str, label: str | Promise, kind: str, amount: Callable[[Any], Amount | None]) -> Column:
    """Return a column of days or FTE-days: a mark on the page where the reader is not told, a word in files."""

    def value(row: Any) -> Any:
        found = amount(row)
        if found is None:
            return RESTRICTED
        return found.days if kind == "integer" else found.fte_days

    def text(row: Any) -> str | SafeString:
        return restricted_mark() if amount(row) is None else formats.text(value(row), kind)

    def href(row: Any) -> str | None:
        found = amount(row)
        return getattr(row, "detail_href", None) if found is not None and found.days else None

    return Column(name, label, kind, value=value, text=text, href=href)


def exposed_columns() -> list[Column]:
    """Return the columns of the days on which officers served."""
    return [
        _figure("days", _("Days with officers"), "integer", lambda row: row.exposed),
        _figure("fte_days", _("FTE-days"), "fte", lambda row: row.exposed),
    ]


def unknown_columns() -> list[Column]:
    """Return the columns of the days on which nobody knows whether a clause is lacking."""
    return [
        _figure("unknown_days", _("Days not assessed"), "integer", lambda row: row.unknown),
        _figure("unknown_fte_days", _("FTE-days not assessed"), "fte", lambda row: row.unknown),
    ]


def without_column() -> Column:
    return Column("without", _("Days without an arrangement"), "integer")


def jfo_columns(day: date, more: Sequence[Column]) -> list[Column]:
    """Return the columns of the JFOs."""
    return [
        jfo_column(day, is_header=True),
        Column("region", _("Region"), value=lambda row: row.jfo.region.short),
        *more,
    ]


def group_columns(name: str, label: str | Promise, more: Sequence[Column]) -> list[Column]:
    """Return the columns of regions, partners, clauses or parts of the period."""
    return [Column(name, label, value=lambda row: row.label, href=lambda row: row.href, is_header=True), *more]


def forecast_columns(day: date) -> list[Column]:
    """Return the columns of the JFOs to be without an arrangement."""
    return [
        *jfo_columns(day, [Column("begins", _("First day without"), "date"), without_column()]),
        *exposed_columns(),
    ]


@dataclass(frozen=True)
class Spell:
    """Days on which nothing changed on one JFO; `standing` says in words how it was covered."""

    days: Days
    officers: int
    fte: Any
    standing: str
    exposed: Amount


def spell_columns() -> list[Column]:
    """Return the columns of one JFO's days, stretch by stretch."""
    return [
        Column("first", _("First day"), "date", value=lambda row: row.days.first, is_header=True),
        Column("last", _("Last day"), "date", value=lambda row: row.days.last),
        Column("officers", _("Officers"), "integer"),
        Column("fte", _("FTE"), "fte"),
        Column("standing", _("Covered by")),
        *exposed_columns(),
    ]
