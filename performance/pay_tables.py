"""The columns of what assignments cost in a fiscal year, and what is worked out for each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.tables import Column
from registry.models import Assignment, Kind, OfficerLevel

from .measures.cost import PaidPart, apportioned, cost_of, half_up, parts_of
from .measures.rates import Rates


@dataclass(frozen=True)
class Bill:
    """What one assignment cost in a fiscal year, as it is printed.

    `salary` is rounded to the cent once; `cents` are those of its parts, which add to it.
    """

    first: date
    last: date
    days: int
    unpaid_days: int
    fte_years: Decimal
    salary: Decimal
    parts: Sequence[PaidPart]
    cents: Sequence[Decimal]

    @property
    def levels(self) -> str:
        return ", ".join(dict.fromkeys(part.level for part in self.parts))

    def in_parts(self) -> str:
        """Return the parts by level in words; nothing where there is but one, which is the whole."""
        if len(self.parts) < 2:
            return ""
        return "; ".join(
            ngettext(
                "%(level)s from %(first)s to %(last)s: %(days)s day, %(salary)s",
                "%(level)s from %(first)s to %(last)s: %(days)s days, %(salary)s",
                part.days,
            )
            % {
                "level": part.level,
                "first": part.first,
                "last": part.last,
                "days": formats.number(part.days),
                "salary": formats.money(cents, 2),
            }
            for part, cents in zip(self.parts, self.cents, strict=True)
        )


def bill(row: Assignment, levels: Sequence[tuple[str, date, date | None]], rates: Rates) -> Bill:
    """Return what the assignment cost in the year of the rates; `levels` are the officer's, with their days."""
    year = rates.year
    parts = parts_of(row.fte, row.start, row.end, levels, rates)
    rated = [(rates.salaries[level], start, end) for level, start, end in levels if level in rates.salaries]
    spent = cost_of(row.fte, row.start, row.end, rated, year)
    return Bill(
        first=max(row.start, year.first_day),
        last=min(row.end or year.last_day, year.last_day),
        days=sum(part.days for part in parts),
        unpaid_days=spent.unpaid_days,
        fte_years=half_up(spent.fte_years, 2),
        salary=half_up(spent.salaries, 2),
        parts=parts,
        cents=apportioned([part.salary for part in parts]),
    )


def with_bills(rows: Sequence[Any], rates: Rates) -> None:
    """Give each of the assignments its `bill`; one query."""
    levels = grouped(
        OfficerLevel.objects.during(rates.year.first_day, rates.year.last_day)
        .filter(officer__in={row.officer_id for row in rows})
        .order_by("start")
        .values_list("officer_id", "level", "start", "end"),
        lambda level: level[0],
    )
    for row in rows:
        row.bill = bill(row, [level[1:] for level in levels.get(row.officer_id, [])], rates)


def pay_columns() -> list[Column]:
    """Return the columns of the assignments with their bills. None but the officer's number and name sorts people."""
    return [
        Column(
            "officer",
            _("Officer’s number"),
            value=lambda row: row.officer.number,
            href=lambda row: row.get_absolute_url(),
            sort="officer__number",
            is_header=True,
            names="officer",
        ),
        Column("name", _("Officer"), value=lambda row: row.officer.name, sort="officer__folded", names="officer"),
        Column(
            "jfo",
            _("JFO"),
            value=lambda row: row.jfo.code,
            href=lambda row: reverse("jfo", args=[row.jfo.code]),
            sort="jfo__code",
        ),
        Column("region", _("Region of the JFO"), value=lambda row: row.jfo.region.short, extra=True),
        Column("program", _("Program"), value=lambda row: row.jfo.program.code, extra=True),
        Column("kind", _("Kind of JFO"), value=lambda row: str(Kind(row.jfo.program.kind).label), extra=True),
        Column("fte", _("FTE"), "fte"),
        Column("first", _("First day"), "date", value=lambda row: row.bill.first),
        Column("last", _("Last day"), "date", value=lambda row: row.bill.last),
        Column("levels", _("Levels"), value=lambda row: row.bill.levels),
        Column("days", _("Days paid"), "integer", value=lambda row: row.bill.days),
        Column("unpaid_days", _("Days without a rate"), "integer", value=lambda row: row.bill.unpaid_days, extra=True),
        Column("fte_years", _("FTE-years paid"), "fte", value=lambda row: row.bill.fte_years),
        Column("salary", _("Salary"), "cents", value=lambda row: row.bill.salary),
        Column("parts", _("By level"), value=lambda row: row.bill.in_parts()),
    ]
