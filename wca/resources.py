"""The import of arrangements, each row with the parties that sign it and the JFOs it covers."""

import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.access import Reader
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.imports.cells import Cell
from jfo_portal.kit.imports.fields import (
    CellRefused,
    ChoiceField,
    CodeField,
    DateField,
    ForeignKeyField,
    ImportField,
    TextField,
    as_text,
    shown,
)
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.imports.resources import Resource, chunks, lock_table, register
from registry.models import JFO, Agency, Role

from .models import Arrangement, Coverage, Signatory

# What stands between the entries of one cell; a line break is what Alt+Enter makes of it.
_BETWEEN = re.compile(r"[|\n]")
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


def _jfos(user: Any) -> models.QuerySet:
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


class ListField(ImportField):
    """Several entries in one cell, separated by |, each a name with or without days in brackets."""

    def __init__(self, named: ForeignKeyField, **options: Any) -> None:
        super().__init__(**options)
        self.named = named
        self.day = DateField(label_en="Day", label_fr="Jour")

    def bind(self, name: str, model: type[models.Model], user: Reader) -> None:
        super().bind(name, model, user)
        self.named.user = user

    @property
    def empty(self) -> Any:
        return ()

    def entries(self, cell: Any) -> Iterator[tuple[str, str | None, str | None]]:
        """Yield the name of each entry, and its first and last day as typed."""
        for part in _BETWEEN.split(as_text(cell)):
            text = part.strip()
            name, bracket, days = text.rpartition("(")
            if bracket and text.endswith(")") and _DAYS.search(days):
                first, slash, last = days[:-1].partition("/")
                yield name.strip(), first.strip(), last.strip() if slash else None
            elif text:
                yield text, None, None

    def plain(self, value: Any) -> Any:
        return sorted(map(str, value))

    def words(self, value: Any) -> str:
        return super().words(" | ".join(self.plain(value)))

    def file_value(self, value: Any) -> Any:
        return " | ".join(self.plain(value)) or None

    @property
    def example_value(self) -> Any:
        """The example as it stands: the rows it names may not be there."""
        return self.example or None


class PartiesField(ListField):
    """Agencies that sign, each with the day it signed once it has; typed, a tuple of Party."""

    def __init__(self, *, is_required: bool, **options: Any) -> None:
        super().__init__(AgencyField(), **options)
        self.is_required = is_required

    def rule(self) -> str:
        return _("Agencies separated by |, each followed by the day it signed, in brackets, once it has.")

    def read(self, cell: Any, *, decimal_comma: bool = False) -> tuple[Party, ...]:
        parties: dict[int, Party] = {}
        for name, signed_on, other in self.entries(cell):
            if other is not None:
                raise CellRefused(
                    _("After %(agency)s stand two days. Keep the one it signed on.") % {"agency": shown(name)}
                )
            agency = self.named.read(name)
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
            queryset=_jfos,
        )
        super().__init__(jfo, **options)
        self.effective = effective

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
        covered = [self._covered(*entry, effective) for entry in self.entries(cell)]
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

    def _covered(self, name: str, first: str | None, last: str | None, effective: date | None) -> Covered:
        jfo = self.named.read(name)
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


@register
class ArrangementResource(Resource):
    """Arrangements. A row adds and changes parties and JFOs, and removes none."""

    class Meta:
        model = Arrangement
        slug = "arrangements"
        title = gettext_lazy("Arrangements")
        key = ("reference",)
        roles = frozenset({Role.ADMINISTRATOR})

    reference = CodeField(
        label_en="Reference",
        label_fr="Référence",
        example="WCA-2011-0001",
        help_text=gettext_lazy("It tells which arrangement the row is about; it is issued once and never used again."),
    )
    kind = ChoiceField(label_en="Kind", label_fr="Type", required=True, example="WCA")
    title_en = TextField(
        label_en="Title in English",
        label_fr="Titre en anglais",
        required=True,
        example="Collaborative arrangement on joint intelligence",
    )
    title_fr = TextField(
        label_en="Title in French",
        label_fr="Titre en français",
        required=True,
        example="Entente écrite de collaboration sur le renseignement mixte",
    )
    effective = DateField(
        label_en="Effective",
        label_fr="Entrée en vigueur",
        example="2011-04-01",
        help_text=gettext_lazy("The first day on which it applies once signed."),
    )
    expiry = DateField(
        label_en="Expiry",
        label_fr="Expiration",
        help_text=gettext_lazy("The last day on which it applies; empty for none."),
    )
    terminated_on = DateField(
        label_en="Terminated on",
        label_fr="Résiliée le",
        help_text=gettext_lazy("From this day on it applies no longer."),
    )
    required_parties = PartiesField(
        is_required=True,
        label_en="Required parties",
        label_fr="Parties requises",
        example="CBSA (2011-03-15) | RCMP",
        help_text=gettext_lazy("The arrangement is in force once all of them have signed."),
    )
    other_parties = PartiesField(
        is_required=False,
        label_en="Other parties",
        label_fr="Autres parties",
        help_text=gettext_lazy("Parties whose signature it can do without."),
    )
    jfos = CoverageField(
        effective="effective",
        label_en="JFOs covered",
        label_fr="OPC visées",
        example="IBET-QUE-1 | IBET-QUE-2",
    )

    def importable(self) -> models.QuerySet:
        return super().importable().prefetch_related("signatories__agency", "coverage__jfo")

    def lock(self) -> None:
        super().lock()
        for model in (Signatory, Coverage):
            lock_table(model)

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        self._check_numbers([row for row in rows if row.before is None])
        for row in rows:
            if row.before is None or row.changes:
                _check_parties(row)
                _check_coverage(row)

    def _check_numbers(self, rows: Sequence[PreviewRow]) -> None:
        """Refuse a number that an arrangement had which is no longer there (domain rule 9)."""
        numbers = [row.instance.reference for row in rows]
        issued = {
            number
            for chunk in chunks(numbers)
            for number in Arrangement.history.filter(reference__in=chunk).values_list("reference", flat=True)
        }
        for row in rows:
            if row.instance.reference in issued:
                row.refuse(
                    _("The number %(number)s was issued before, and is never used again. Give the next free number.")
                    % {"number": row.instance.reference},
                    "reference",
                )

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        super().write(new, changed, reason=reason)
        signatories: list[Signatory] = []
        coverage: list[Coverage] = []
        for row in (*new, *changed):
            signatories += parties_plan(row).written
            coverage += coverage_plan(row).written
        attribution = self.attribution(reason)
        for model, rows, names in (
            (Signatory, signatories, ["is_required", "signed_on"]),
            (Coverage, coverage, ["start", "end"]),
        ):
            parts: list[Any] = list(rows)
            model._default_manager.bulk_update([one for one in parts if one.pk is not None], names, **attribution)
            model._default_manager.bulk_create([one for one in parts if one.pk is None], **attribution)


@dataclass(frozen=True)
class Plan:
    """What a row makes of its arrangement's parties or JFOs: the rows to write, and those it leaves out, in words."""

    written: Sequence[Any]
    left_out: Sequence[str]


def parties_plan(row: PreviewRow) -> Plan:
    """Return the signatories to write so that the parties are those of the row's two columns."""
    stored = {} if row.before is None else {one.agency_id: copy.copy(one) for one in row.before.signatories.all()}
    written = []
    named = set()
    for name, is_required in (("required_parties", True), ("other_parties", False)):
        if name not in row.values:
            # A column that the file lacks leaves its parties as they are.
            named |= {pk for pk, one in stored.items() if one.is_required == is_required}
        for party in row.values.get(name, ()):
            named.add(party.agency.pk)
            signatory = stored.get(party.agency.pk)
            if signatory is None:
                signatory = Signatory(arrangement=row.instance, agency=party.agency)
            elif (signatory.is_required, signatory.signed_on) == (is_required, party.signed_on):
                continue
            signatory.is_required, signatory.signed_on = is_required, party.signed_on
            written.append(signatory)
    return Plan(written, sorted(one.agency.key for pk, one in stored.items() if pk not in named))


def coverage_plan(row: PreviewRow) -> Plan:
    """Return the coverage to write so that the JFOs and their days are those of the row.

    A JFO with another first day is the same coverage, corrected, where one is left over for it.
    """
    if "jfos" not in row.values:
        return Plan((), ())
    stored = [] if row.before is None else [copy.copy(one) for one in row.before.coverage.all()]
    by_start = {(one.jfo_id, one.start): one for one in stored}
    left = {(one.jfo.pk, one.start): one for one in row.values["jfos"]}
    kept = {key: by_start[key] for key in left if key in by_start}
    written = [one for key, one in kept.items() if one.end != left[key].end]
    for one in written:
        one.end = left[one.jfo_id, one.start].end
    unnamed = [one for key, one in by_start.items() if key not in kept]
    for key, wanted in left.items():
        if key in kept:
            continue
        coverage = next((one for one in unnamed if one.jfo_id == wanted.jfo.pk), None)
        if coverage is None:
            coverage = Coverage(arrangement=row.instance, jfo=wanted.jfo)
        else:
            unnamed.remove(coverage)
        coverage.start, coverage.end = wanted.start, wanted.end
        written.append(coverage)
    return Plan(written, [str(Covered(one.jfo, one.start, one.end)) for one in unnamed])


def _check_parties(row: PreviewRow) -> None:
    twice = _keys(row.values.get("required_parties", ())) & _keys(row.values.get("other_parties", ()))
    if twice:
        row.refuse(
            _("These stand among the required parties and the others: %(agencies)s. Keep each in one column.")
            % {"agencies": ", ".join(sorted(twice))},
            "other_parties",
        )
        return
    left_out = parties_plan(row).left_out
    if left_out:
        row.refuse(
            _(
                "These are parties, and the row no longer names them: %(agencies)s. An import removes no party: "
                "name them again, among the other parties if their signature is not required."
            )
            % {"agencies": ", ".join(left_out)},
            "required_parties" if "required_parties" in row.values else "other_parties",
        )


def _keys(parties: Iterable[Party]) -> set[str]:
    return {party.agency.key for party in parties}


def _check_coverage(row: PreviewRow) -> None:
    left_out = coverage_plan(row).left_out
    if left_out:
        row.refuse(
            _(
                "These are covered, and the row no longer names them: %(jfos)s. An import removes none: "
                "name them again, with a last day if they are covered no longer."
            )
            % {"jfos": ", ".join(left_out)},
            "jfos",
        )
