"""The columns of an arrangement's row that are its own kinds: its number, its parties, the JFOs it covers."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.imports.cells import Cell
from jfo_portal.kit.imports.fields import (
    CellRefused,
    CodeField,
    DateField,
    ForeignKeyField,
    NamesField,
)
from registry.models import JFO, Agency
from wca.models import Signatory
from wca.numbering import PREFIXES

# What tells the days of an entry from brackets that belong to a name, as in “IBET PAC (1 of 3)”.
_DAYS = re.compile(r"\d\d")


@dataclass(frozen=True)
class Party:
    """An agency and the day on which it signed; None while it has not."""

    agency: Agency
    signed_on: date | None

    def __str__(self) -> str:
        return str(self.agency) if self.signed_on is None else f"{self.agency} ({self.signed_on})"


@dataclass(frozen=True)
class Covered:
    """A JFO and the days from which and until which an arrangement names it."""

    jfo: JFO
    start: date
    end: date | None

    def __str__(self) -> str:
        days = str(self.start) if self.end is None else f"{self.start}/{self.end}"
        return f"{self.jfo} ({days})"


def _agencies(user: Any) -> models.QuerySet:
    return Agency.objects.visible_to(user).prefetch_related("aliases")


def jfos(user: Any) -> models.QuerySet:
    return JFO.objects.visible_to(user)


class AgencyField(ForeignKeyField):
    """An agency, by its key, its names or any spelling on record."""

    def __init__(self) -> None:
        super().__init__(
            label_en="agency",
            label_fr="organisme",
            lookup="key",
            also=("short_en", "short_fr", "name_en", "name_fr"),
            queryset=_agencies,
        )

    def names(self, row: Any) -> list[Any]:
        return [*super().names(row), *(alias.alias for alias in row.aliases.all())]


class ListField(NamesField):
    """Several entries in one cell, separated by |, each a name with or without days in brackets."""

    def __init__(self, named: ForeignKeyField, **options: Any) -> None:
        super().__init__(named, **options)
        self.day = DateField(label_en="Day", label_fr="Jour")

    def entry(self, text: str) -> tuple[str, str]:
        text = text.strip()
        name, bracket, days = text.rpartition("(")
        if bracket and text.endswith(")") and _DAYS.search(days):
            return name.strip(), f"({days}"
        return text, ""

    def dated(self, cell: Any) -> list[tuple[Any, str | None, str | None]]:
        """Return the row that each entry names, and its first and last day as typed."""
        entries = self.entries(cell)
        return [
            (row, *_days(rest))
            for row, (_name, rest) in zip(self.rows_named(name for name, _rest in entries), entries, strict=True)
        ]

    def plain(self, value: Any) -> Any:
        return sorted(map(str, value or ()))

    def words(self, value: Any) -> str:
        return super().words(" | ".join(self.plain(value)))

    def file_value(self, value: Any) -> Any:
        return " | ".join(self.plain(value)) or None


def _days(text: str) -> tuple[str | None, str | None]:
    """Return the first and the last day of “(2004-02-16/2010-03-31)”, as typed; None for one that is not there."""
    if not text:
        return None, None
    first, slash, last = text[1:-1].partition("/")
    return first.strip(), last.strip() if slash else None


class PartiesField(ListField):
    """Agencies that sign, each with the day it signed once it has; typed, a tuple of Party."""

    def __init__(self, *, is_required: bool, **options: Any) -> None:
        super().__init__(AgencyField(), **options)
        self.is_required = is_required

    def rule(self) -> str:
        return _("Agencies separated by |, each followed by the day it signed, in brackets, once it has.")

    def read(self, cell: Any, *, decimal_comma: bool = False) -> tuple[Party, ...]:
        parties: dict[int, Party] = {}
        for agency, signed_on, other in self.dated(cell):
            if other is not None:
                raise CellRefused(_("After %(agency)s stand two days. Keep the one it signed on.") % {"agency": agency})
            try:
                Signatory(agency=agency).clean()
            except ValidationError as error:
                raise CellRefused(
                    _("%(sentence)s Name the forces that sign.") % {"sentence": " ".join(error.messages)}
                ) from error
            if agency.pk in parties:
                raise CellRefused(_("%(agency)s stands here twice. Keep one of the two.") % {"agency": agency})
            parties[agency.pk] = Party(agency, None if signed_on is None else self.day.read(signed_on))
        return tuple(parties.values())

    def get_value(self, instance: Any) -> tuple[Party, ...]:
        return tuple(
            Party(signatory.agency, signatory.signed_on)
            for signatory in instance.signatories.all()
            if signatory.is_required == self.is_required
        )


class CoverageField(ListField):
    """JFOs that the arrangement covers, and from when to when; typed, a tuple of Covered."""

    def __init__(self, *, effective: str, **options: Any) -> None:
        jfo = ForeignKeyField(
            label_en="JFO",
            label_fr="OPC",
            lookup="code",
            also=("name_en", "name_fr"),
            queryset=jfos,
        )
        super().__init__(jfo, **options)
        self.effective = effective
        self.reads_also = (effective,)

    def rule(self) -> str:
        return _(
            "JFOs separated by |. Each is covered from the effective date, or from a day in brackets, "
            "and may have a last one: IBET-QUE-1 (2004-02-16/2010-03-31)."
        )

    def clean(self, row: dict[str, Cell], **kwargs: Any) -> Any:
        try:
            effective = self.day.read(row[self.effective]) if row.get(self.effective) is not None else None
        except CellRefused:
            # It is told beside its own cell.
            effective = None
        return super().clean(row, effective=effective, **kwargs)

    def read(self, cell: Any, *, decimal_comma: bool = False, effective: date | None = None) -> tuple[Covered, ...]:
        covered = [self._covered(*entry, effective) for entry in self.dated(cell)]
        for jfo, spells in grouped(covered, lambda one: one.jfo).items():
            last: date | None = None
            for spell in sorted(spells, key=lambda one: one.start):
                if last is not None and spell.start <= last:
                    raise CellRefused(
                        _("%(jfo)s stands here twice for %(day)s. Keep one of the two, or correct their days.")
                        % {"jfo": jfo, "day": spell.start}
                    )
                last = spell.end or date.max
        return tuple(covered)

    def _covered(self, jfo: JFO, first: str | None, last: str | None, effective: date | None) -> Covered:
        start = effective if first is None else self.day.read(first)
        if start is None:
            raise CellRefused(
                _("From when is %(jfo)s covered? Give an effective date, or write the day: %(jfo)s (2011-04-01).")
                % {"jfo": jfo}
            )
        end = None if last is None else self.day.read(last)
        if end is not None and end < start:
            raise CellRefused(
                _("The last day of %(jfo)s, %(end)s, is before its first, %(start)s. Correct one of them.")
                % {"jfo": jfo, "start": start, "end": end}
            )
        return Covered(jfo, start, end)

    def get_value(self, instance: Any) -> tuple[Covered, ...]:
        return tuple(Covered(coverage.jfo, coverage.start, coverage.end) for coverage in instance.coverage.all())


class ReferenceField(CodeField):
    """The number of an arrangement, as it is issued: in capitals, and with four digits at the least.

    Two spellings of one number would be two numbers to the register, and one of them not issued (wca.numbering).
    """

    def read(self, cell: Any, *, decimal_comma: bool = False) -> str:
        text = super().read(cell, decimal_comma=decimal_comma)
        return written(text) or text

    def key_part(self, value: Any) -> Any:
        return super().key_part(written(value or "") or value)


_NUMBER = re.compile(rf"({'|'.join(PREFIXES.values())})\s*-\s*(\d{{4}})\s*-\s*0*(\d{{1,6}})", re.ASCII | re.IGNORECASE)


def written(text: str) -> str | None:
    """Return the number of an arrangement as it is issued, WCA-2011-0002 for wca-2011-2; None for any other text."""
    found = _NUMBER.fullmatch(text)
    if found is None or int(found[3]) == 0:
        return None
    return f"{found[1].upper()}-{found[2]}-{int(found[3]):04}"
