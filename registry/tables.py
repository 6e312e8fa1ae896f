"""The columns of the registry's lists."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Column, Link
from registry import panels
from registry.measures.tenure import DAYS_IN_A_YEAR
from registry.models import JFO, Assignment

# In place of what a manager may not see of another region.
RESTRICTED = gettext_lazy("restricted")


def keeping_day(address: str, day: date) -> str:
    """Return the address of a page as of the day; as it is for today."""
    return address if day == today() else f"{address}?as_of={day}"


def jfo_column(day: date, *, is_header: bool = False, sort: str | None = None) -> Column:
    """Return the column of a row's JFO, which leads to its page as of the day."""
    return Column(
        "jfo",
        gettext_lazy("JFO"),
        value=lambda row: row.jfo.code,
        sort=sort,
        href=lambda row: keeping_day(row.jfo.get_absolute_url(), day),
        is_header=is_header,
    )


# Assignments


def years_until(start: date, day: date) -> Decimal | None:
    """Return the years from the first day through `day`, both counted; None before the first day."""
    days = (day - start).days + 1
    return Decimal(days) / DAYS_IN_A_YEAR if days > 0 else None


def _to_one_place(years: Decimal | None) -> Decimal | None:
    """Return the years as page and file print them alike."""
    return None if years is None else formats.rounded(years, 1)


def _attention(row: Assignment, day: date) -> str:
    if row.ends_soon(day):
        return _("Ends within 90 days")
    if row.is_past_policy_unreviewed(day):
        return _("Past %(years)s years without a review date") % {"years": settings.TENURE_POLICY_YEARS}
    return ""


def assignment_actions(row: Assignment) -> list[Link]:
    """Return the links to what a manager can do to the assignment."""
    about = str(row)
    return [
        Link(_("Extend"), reverse("assignment-extend", args=[row.pk]), about),
        Link(_("End"), reverse("assignment-end", args=[row.pk]), about),
        Link(_("Transfer"), reverse("assignment-transfer", args=[row.pk]), about),
    ]


def assignment_columns(day: date, *, may_act: bool) -> list[Column]:
    """Return the columns of the assignments as of the day; with links to the actions for those who may."""
    columns = [
        Column(
            "officer",
            gettext_lazy("Officer"),
            value=lambda row: row.officer.name,
            sort="officer__family_name",
            href=lambda row: keeping_day(row.get_absolute_url(), day),
            is_header=True,
        ),
        Column("number", gettext_lazy("Number"), value=lambda row: row.officer.number, sort="officer__number"),
        Column("function", gettext_lazy("Function"), value=lambda row: row.officer.function, sort="officer__function"),
        Column(
            "region",
            gettext_lazy("Region"),
            value=lambda row: row.officer.region.short,
            sort="officer__region__code",
            extra=True,
        ),
        jfo_column(day, sort="jfo__code"),
        Column("program", gettext_lazy("Program"), value=lambda row: row.jfo.program.code, extra=True),
        Column("fte", gettext_lazy("FTE"), "fte", sort="fte"),
        Column("start", gettext_lazy("First day"), "date", sort="start"),
        Column("end", gettext_lazy("Last day"), "date", sort="end"),
        Column(
            "end_reason", gettext_lazy("Reason for the end"), value=lambda row: row.get_end_reason_display(), extra=True
        ),
        Column("review_on", gettext_lazy("Review date"), "date", sort="review_on"),
        Column(
            "years",
            gettext_lazy("Years so far"),
            "decimal",
            value=lambda row: _to_one_place(years_until(row.start, day)),
            sort="start",
        ),
        Column("attention", gettext_lazy("To look at"), value=lambda row: _attention(row, day)),
    ]
    if may_act:
        columns.append(Column("actions", gettext_lazy("Actions"), links=assignment_actions))
    return columns


# JFOs


def _fte(row: Any) -> Decimal | None:
    """Return the sum of FTE that the list set on its row, with its two places: SQLite drops those of a sum."""
    return None if row.fte is None else formats.rounded(row.fte, 2)


def sees_officers_of(jfo: JFO, reader: Reader) -> bool:
    """Say whether the reader is told how many officers are on the JFO: a manager, in own regions alone.

    See registry.measures.strength.with_strength.
    """
    return reader.sees_everything or jfo.region_id in reader.scope_ids


def jfo_columns(reader: Reader, day: date) -> list[Column]:
    """Return the columns of the JFOs as of the day, those of other apps among them.

    They read `officers`, `fte`, `leads` and `partners` of a row, which the list sets.
    """

    def known(value: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda row: value(row) if sees_officers_of(row, reader) else RESTRICTED

    return [
        Column(
            "code",
            gettext_lazy("Code"),
            sort="code",
            href=lambda row: keeping_day(row.get_absolute_url(), day),
            is_header=True,
        ),
        Column("name", gettext_lazy("Name")),
        Column("program", gettext_lazy("Program"), value=lambda row: row.program.code, sort="program__code"),
        Column("kind", gettext_lazy("Kind"), value=lambda row: row.program.get_kind_display(), sort="program__kind"),
        Column("region", gettext_lazy("Region"), value=lambda row: row.region.short, sort="region__code"),
        Column("leads", gettext_lazy("Lead"), value=lambda row: ", ".join(row.leads)),
        Column("partners", gettext_lazy("Partners"), value=lambda row: ", ".join(row.partners)),
        Column("officers", gettext_lazy("Officers"), "integer", value=known(lambda row: row.officers), sort="officers"),
        Column("fte", gettext_lazy("FTE"), "fte", value=known(_fte), sort="fte"),
        *(column for added in panels.columns() for column in added.columns(day)),
        Column("start", gettext_lazy("First day"), "date", sort="start", extra=True),
        Column("end", gettext_lazy("Last day"), "date", sort="end", extra=True),
    ]


def jfo_officer_columns(day: date) -> list[Column]:
    """Return the columns of the assignments to one JFO; a row has the `level` of the day and `since`, the first
    day of the officer's tenure."""
    return [
        Column(
            "officer",
            gettext_lazy("Officer"),
            value=lambda row: row.officer.name,
            href=lambda row: keeping_day(row.officer.get_absolute_url(), day),
            is_header=True,
        ),
        Column("number", gettext_lazy("Number"), value=lambda row: row.officer.number),
        Column("function", gettext_lazy("Function"), value=lambda row: row.officer.function),
        Column("level", gettext_lazy("Level")),
        Column("region", gettext_lazy("Region"), value=lambda row: row.officer.region.short),
        Column("fte", gettext_lazy("FTE"), "fte", href=lambda row: keeping_day(row.get_absolute_url(), day)),
        Column("start", gettext_lazy("First day"), "date"),
        Column("end", gettext_lazy("Last day"), "date"),
        Column(
            "years",
            gettext_lazy("Years on the JFO"),
            "decimal",
            value=lambda row: _to_one_place(years_until(row.since, day)),
        ),
    ]


# Officers


def _posts(row: Any) -> str:
    return ", ".join(
        _("%(jfo)s (%(fte)s)") % {"jfo": post.jfo.code, "fte": formats.text(post.fte, "fte")} for post in row.posts
    )


def officer_columns(day: date) -> list[Column]:
    """Return the columns of the officers as of the day.

    They read `level`, `fte`, `posts` (the assignments of the day) and `tenure` of a row, which the list sets.
    """

    def to_jfo(row: Any) -> str | None:
        return keeping_day(row.posts[0].jfo.get_absolute_url(), day) if len(row.posts) == 1 else None

    return [
        Column(
            "number",
            gettext_lazy("Number"),
            sort="number",
            href=lambda row: keeping_day(row.get_absolute_url(), day),
            is_header=True,
        ),
        Column("name", gettext_lazy("Name"), sort="family_name"),
        Column("function", gettext_lazy("Function"), sort="function"),
        Column("level", gettext_lazy("Level"), sort="level"),
        Column("region", gettext_lazy("Region"), value=lambda row: row.region.short, sort="region__code"),
        Column("jfos", gettext_lazy("JFO (FTE)"), value=_posts, href=to_jfo),
        Column("fte", gettext_lazy("Total FTE"), "fte", value=_fte, sort="fte"),
        Column(
            "years",
            gettext_lazy("Years on the JFO"),
            "decimal",
            value=lambda row: _to_one_place(row.tenure and row.tenure.years),
        ),
        Column("start", gettext_lazy("In service since"), "date", sort="start", extra=True),
        Column("end", gettext_lazy("In service until"), "date", sort="end", extra=True),
    ]


def officer_assignment_columns(day: date, *, may_act: bool) -> list[Column]:
    """Return the columns of one officer's assignments; for those who may act, with links on those not ended."""

    def actions(row: Assignment) -> Sequence[Link]:
        return assignment_actions(row) if row.end is None or row.end >= day else ()

    columns = [
        jfo_column(day, is_header=True),
        Column("region", gettext_lazy("Region of the JFO"), value=lambda row: row.jfo.region.short),
        Column("fte", gettext_lazy("FTE"), "fte", href=lambda row: keeping_day(row.get_absolute_url(), day)),
        Column("start", gettext_lazy("First day"), "date"),
        Column("end", gettext_lazy("Last day"), "date"),
        Column("end_reason", gettext_lazy("Reason for the end"), value=lambda row: row.get_end_reason_display()),
        Column("review_on", gettext_lazy("Review date"), "date"),
    ]
    if may_act:
        columns.append(Column("actions", gettext_lazy("Actions"), links=actions))
    return columns


LEVEL_COLUMNS = [
    Column("level", gettext_lazy("Level"), is_header=True),
    Column("start", gettext_lazy("First day"), "date"),
    Column("end", gettext_lazy("Last day"), "date"),
]


# History, in files

HISTORY_COLUMNS = [
    Column("when", gettext_lazy("When"), "datetime", is_header=True),
    Column("who", gettext_lazy("Who")),
    Column("event", gettext_lazy("What happened")),
    Column("kind", gettext_lazy("Kind of row")),
    Column("row", pgettext_lazy("history", "Row")),
    Column("what", gettext_lazy("Change")),
    Column("why", gettext_lazy("Why")),
    Column("door", gettext_lazy("Door")),
]
