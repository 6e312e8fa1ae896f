"""The columns of the lists behind the figures of activity: IMS files, and the officers who opened them."""

from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.tables import Column
from registry.models import Officer, Region
from registry.tables import home_of

from .models import ImsKind, ImsStatus


def officer_address(number: str, year: FiscalYear) -> str:
    """Return the address of an officer's figures of the year."""
    return f"{reverse('performance-officer', args=[number])}?fy={year}"


def days_until(opened_on: date, entered_on: date | None) -> int | None:
    """Return how many days after its opening a file was entered; None where that is not known."""
    return None if entered_on is None else (entered_on - opened_on).days


def file_columns(year: FiscalYear) -> list[Column]:
    """Return the columns of the IMS files opened in the year. None but the officer's number sorts people."""

    return [
        Column("number", _("File"), sort="number", is_header=True, fields=("number",)),
        Column("opened_on", _("Opened on"), "date", sort="opened_on", fields=("opened_on",)),
        Column(
            "kind",
            _("Kind"),
            value=lambda row: row.get_kind_display(),
            fields=("kind",),
            of=lambda kind: ImsKind(kind).label,
        ),
        Column(
            "status",
            _("Status"),
            value=lambda row: row.get_status_display(),
            fields=("status",),
            of=lambda status: ImsStatus(status).label,
        ),
        Column(
            "region",
            _("Region"),
            value=lambda row: row.region.short,
            fields=("region__code", "region__code_fr"),
            of=lambda code, code_fr: Region(code=code, code_fr=code_fr).short,
        ),
        Column(
            "officer",
            _("Officer’s number"),
            value=lambda row: row.officer.number,
            href=lambda row: officer_address(row.officer.number, year),
            sort="officer__number",
            names="officer",
            fields=("officer__number",),
        ),
        Column(
            "officer_name",
            _("Officer"),
            value=lambda row: row.officer.name,
            extra=True,
            names="officer",
            fields=("officer__family_name", "officer__given_name"),
            of=lambda *names: ", ".join(names),
        ),
        Column("entered_on", _("Entered on"), "date", sort="entered_on", extra=True, fields=("entered_on",)),
        Column(
            "days",
            _("Days until entered"),
            "integer",
            value=lambda row: days_until(row.opened_on, row.entered_on),
            extra=True,
            fields=("opened_on", "entered_on"),
            of=days_until,
        ),
    ]


def active_officer_columns(year: FiscalYear) -> list[Column]:
    """Return the columns of officers with their `files` of the year; none sorts but number and name, so that no list
    ranks people."""

    def functions(row: Officer) -> str:
        return str(row.function_short)

    def jfos(row: Any) -> str:
        return ", ".join(row.jfos)

    return [
        Column(
            "number",
            _("Number"),
            href=lambda row: officer_address(row.number, year),
            sort="number",
            is_header=True,
            names="pk",
        ),
        Column("name", _("Name"), sort="folded", names="pk"),
        Column("function", _("Function"), value=functions),
        Column("region", _("Region"), value=home_of),
        Column("jfos", _("JFOs of the year"), value=jfos),
        Column("files", _("Files"), "integer"),
    ]
