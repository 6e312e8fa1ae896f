"""The columns of the lists behind the figures of activity: IMS files, and the officers who opened them."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.tables import Column
from registry.models import Officer

from .models import ImsFile


def officer_address(number: str, year: FiscalYear) -> str:
    """Return the address of an officer's figures of the year."""
    return f"{reverse('performance-officer', args=[number])}?fy={year}"


def file_columns(year: FiscalYear) -> list[Column]:
    """Return the columns of the IMS files opened in the year. None but the officer's number sorts people."""

    def days(row: ImsFile) -> int | None:
        return None if row.entered_on is None else (row.entered_on - row.opened_on).days

    return [
        Column("number", _("File"), sort="number", is_header=True),
        Column("opened_on", _("Opened on"), "date", sort="opened_on"),
        Column("kind", _("Kind"), value=lambda row: row.get_kind_display()),
        Column("status", _("Status"), value=lambda row: row.get_status_display()),
        Column("region", _("Region"), value=lambda row: row.region.short),
        Column(
            "officer",
            _("Officer’s number"),
            value=lambda row: row.officer.number,
            href=lambda row: officer_address(row.officer.number, year),
            sort="officer__number",
        ),
        Column("officer_name", _("Officer"), value=lambda row: row.officer.name, extra=True),
        Column("entered_on", _("Entered on"), "date", sort="entered_on", extra=True),
        Column("days", _("Days until entered"), "integer", value=days, extra=True),
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
        ),
        Column("name", _("Name"), sort="folded"),
        Column("function", _("Function"), value=functions),
        Column("region", _("Region"), value=lambda row: row.region.short),
        Column("jfos", _("JFOs of the year"), value=jfos),
        Column("files", _("Files"), "integer"),
    ]
