"""The import of outcomes, each row with the JFOs that claim it; an outcome counts once, whoever claims it."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.imports.cells import Cell
from jfo_portal.kit.imports.fields import (
    CellRefused,
    ChoiceField,
    CodeField,
    DateField,
    DecimalField,
    ForeignKeyField,
    NamesField,
    TextField,
)
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.imports.resources import Resource, chunks, lock_table, register
from jfo_portal.kit.periods import today
from registry.models import JFO, Role

from ..models import Claim, Contribution, OutcomeEvent
from .years import FiscalYearField

_FIELDS = (
    "kind",
    "occurred_on",
    "fiscal_year",
    "what",
    "quantity",
    "unit",
    "value",
    "side",
    "operation",
    "note",
)


def hold_outcomes() -> None:
    """Lock every outcome's row, in one order, until the transaction ends.

    Whoever changes an outcome, or who had a part in it, locks it first, so these wait, and what is under way is
    finished. It comes before a table's lock: the other way round the two would wait for each other.
    """
    list(OutcomeEvent.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


class YearOfOutcomeField(FiscalYearField):
    """The fiscal year of an outcome: it follows from the day, and is written only where no day is known."""

    reads_also = ("occurred_on",)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.day = DateField(label_en="Day", label_fr="Jour")

    def clean(self, row: dict[str, Cell], **kwargs: Any) -> int | None:
        typed: int | None = super().clean(row, **kwargs)
        try:
            day = self.day.read(row["occurred_on"]) if row.get("occurred_on") is not None else None
        except CellRefused:
            # It is told beside its own cell.
            return typed
        if day is None:
            if typed is None:
                raise CellRefused(self._with_example(_("Give the day, or the fiscal year where no day is known.")))
            return typed
        year = FiscalYear.of(day)
        if typed not in (None, year.start_year):
            raise CellRefused(_no_such_year(day, year))
        return year.start_year

    def export(self, instance: Any, **kwargs: Any) -> str | None:
        return None if instance.occurred_on else self.file_value(instance.fiscal_year)


def _no_such_year(day: date, year: FiscalYear) -> str:
    return _("%(day)s is in %(year)s. Leave the fiscal year empty where the day is known.") % {"day": day, "year": year}


def _jfos(user: Any) -> models.QuerySet:
    return JFO.objects.visible_to(user)


class ClaimsField(NamesField):
    """The JFOs that claim an outcome, separated by |; typed, a tuple of JFOs by their codes."""

    def __init__(self, **options: Any) -> None:
        jfo = ForeignKeyField(
            label_en="JFO",
            label_fr="OPC",
            lookup="code",
            also=("name_en", "name_fr"),
            queryset=_jfos,
            example="IBET-QUE-1",
        )
        super().__init__(jfo, **options)

    def rule(self) -> str:
        return _("JFOs by code or name, separated by |.")

    def read(self, cell: Any, *, decimal_comma: bool = False) -> tuple[JFO, ...]:
        found: dict[str, JFO] = {}
        for jfo in self.rows_named(self.names_in(cell)):
            if jfo.code in found:
                raise CellRefused(_("%(jfo)s stands here twice. Keep one of the two.") % {"jfo": jfo.code})
            found[jfo.code] = jfo
        return _in_order(found.values())

    def get_value(self, instance: Any) -> tuple[JFO, ...]:
        return _in_order(claim.jfo for claim in instance.claims.all()) if instance.pk else ()

    def plain(self, value: Any) -> Any:
        return [jfo.pk for jfo in value or ()]

    def words(self, value: Any) -> str:
        return super().words(self.file_value(value))

    def file_value(self, value: Any) -> str | None:
        return " | ".join(jfo.code for jfo in value or ()) or None


def _in_order(jfos: Iterable[JFO]) -> tuple[JFO, ...]:
    return tuple(sorted(jfos, key=lambda jfo: jfo.code))


@register
class OutcomeResource(Resource):
    """Outcomes. A row adds claims of JFOs, and removes none."""

    class Meta:
        model = OutcomeEvent
        slug = "outcomes"
        title = gettext_lazy("Outcomes")
        key = ("reference",)
        roles = frozenset({Role.ADMINISTRATOR})

    reference = CodeField(
        label_en="Reference",
        label_fr="Référence",
        example="OUT-2010-0101",
        help_text=gettext_lazy(
            "It tells which outcome the row is about, and never changes. Two JFOs that had a part in one outcome use "
            "one reference, so that it counts once."
        ),
    )
    jfos = ClaimsField(
        label_en="Claimed by",
        label_fr="Revendiqué par",
        example="IBET-QUE-1 | IBET-QUE-3",
        help_text=gettext_lazy("A new outcome needs one. An import removes no claim."),
    )
    kind = ChoiceField(label_en="Kind", label_fr="Type", required=True, example="Seizure")
    occurred_on = DateField(
        label_en="Occurred on",
        label_fr="Survenu le",
        example="2010-10-01",
        help_text=gettext_lazy("Empty where only the fiscal year is known."),
    )
    fiscal_year = YearOfOutcomeField(
        label_en="Fiscal year",
        label_fr="Exercice",
        example="2010-2011",
        help_text=gettext_lazy("Where no day is known; it follows from the day where there is one."),
    )
    what = TextField(
        label_en="Goods or subject",
        label_fr="Marchandises ou objet",
        example="tobacco",
        help_text=gettext_lazy("Such as cocaine, firearms, tobacco; no data on persons."),
    )
    quantity = DecimalField(
        label_en="Quantity",
        label_fr="Quantité",
        max=Decimal("999999999.999"),
        places=3,
        example="12.5",
        help_text=gettext_lazy("Together with its unit, or neither."),
    )
    unit = TextField(
        label_en="Unit",
        label_fr="Unité",
        example="kg",
        help_text=gettext_lazy("Such as kg, units, persons."),
    )
    value = DecimalField(
        label_en="Value in dollars",
        label_fr="Valeur en dollars",
        kind="money",
        max=Decimal("9999999999.99"),
        example="2500.00",
    )
    side = ChoiceField(label_en="Side of the border", label_fr="Côté de la frontière", example="In Canada")
    operation = TextField(
        label_en="Operation",
        label_fr="Opération",
        help_text=gettext_lazy("The project or operation it belongs to."),
    )
    note = TextField(label_en="Note", label_fr="Remarque", help_text=gettext_lazy("No data on persons."))

    def importable(self) -> models.QuerySet:
        return super().importable().prefetch_related("claims__jfo")

    def lock(self) -> None:
        hold_outcomes()
        super().lock()
        lock_table(Claim)
        # A confirmation that nobody moves meanwhile.
        lock_table(Contribution, "SHARE")

    def complete(self, row: PreviewRow) -> None:
        if "fiscal_year" in row.values:
            return
        day = row.instance.occurred_on
        row.derive(fiscal_year=FiscalYear.of(day).start_year if day else row.instance.fiscal_year)

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        written = [row for row in rows if row.is_new or row.changed_names]
        confirmed = self._first_confirmations(written)
        for row in written:
            self._check_when(row)
            self._check_confirmed(row, confirmed)
            self._check_claims(row)
        self._ask_about_those_alike(
            [row for row in rows if row.is_new and row.knows("kind", "occurred_on", "fiscal_year", "jfos")]
        )

    def _check_when(self, row: PreviewRow) -> None:
        """Refuse a day or a fiscal year to come, neither of the two, and a year that does not hold the day."""
        outcome, now = row.instance, today()
        day, start_year = outcome.occurred_on, outcome.fiscal_year
        if not row.knows("occurred_on"):
            return
        if day is not None and day > now:
            row.refuse(_("%(day)s is still to come.") % {"day": day}, "occurred_on")
        elif not row.knows("fiscal_year"):
            return
        elif day is not None and start_year != (year := FiscalYear.of(day)).start_year:
            row.refuse(_no_such_year(day, year), "fiscal_year")
        elif day is None and start_year is None:
            row.refuse(_("Give the day, or the fiscal year where no day is known."), "occurred_on")
        elif day is None and start_year > FiscalYear.of(now).start_year:
            row.refuse(_("%(year)s is still to come.") % {"year": FiscalYear(start_year)}, "fiscal_year")

    def _first_confirmations(self, rows: Sequence[PreviewRow]) -> dict[int, date]:
        """Return the first day on which the lead confirmed a contribution, by outcome; one query for ten thousand."""
        ids = [row.before.pk for row in rows if not row.is_new]
        found: dict[int, date] = {}
        for some in chunks(ids):
            days = Contribution.objects.filter(event__in=some, confirmed_on__isnull=False).order_by()
            found |= dict(days.values_list("event").annotate(models.Min("confirmed_on")))
        return found

    def _check_confirmed(self, row: PreviewRow, confirmed: dict[int, date]) -> None:
        first = None if row.is_new else confirmed.get(row.instance.pk)
        outcome = row.instance
        if first is None or not row.knows("occurred_on", "fiscal_year"):
            return
        if outcome.fiscal_year is None or first >= outcome.first_day:
            return
        if (outcome.occurred_on, outcome.fiscal_year) != (row.before.occurred_on, row.before.fiscal_year):
            row.refuse(
                _("The lead confirmed a contribution on %(day)s, before that. Correct the contribution first.")
                % {"day": first},
                "occurred_on" if outcome.occurred_on else "fiscal_year",
            )

    def _check_claims(self, row: PreviewRow) -> None:
        """Refuse a new outcome that nobody claims, and a row that leaves out a JFO which claims it."""
        named = _claimed_by(row)
        if not row.knows("jfos"):
            return
        if row.is_new:
            if not named:
                row.refuse(_("Name at least one JFO that claims the outcome. For example: IBET-QUE-1."), "jfos")
            return
        if named is None:
            return
        left_out = [jfo.code for jfo in self.fields["jfos"].get_value(row.before) if jfo not in named]
        if left_out:
            row.refuse(
                _(
                    "These claim it, and the row no longer names them: %(jfos)s. An import removes no claim: "
                    "name them again."
                )
                % {"jfos": ", ".join(left_out)},
                "jfos",
            )

    def _ask_about_those_alike(self, rows: Sequence[PreviewRow]) -> None:
        """Warn of new outcomes of a kind and day of which another JFO's is on record, or in the file: they may be one
        and the same, which counts once."""
        years = {row.instance.fiscal_year for row in rows}
        if not years:
            return
        stored = OutcomeEvent.objects.visible_to(self.user).filter(fiscal_year__in=years, claims__isnull=False)
        by_day: dict[Any, list[tuple[str, frozenset[str]]]] = {}
        for outcome in stored.distinct().prefetch_related("claims__jfo").order_by("pk"):
            jfos = frozenset(claim.jfo.code for claim in outcome.claims.all())
            by_day.setdefault(_sort_of(outcome), []).append((outcome.reference, jfos))
        for row in rows:
            jfos = frozenset(jfo.code for jfo in _claimed_by(row) or ())
            by_day.setdefault(_sort_of(row.instance), []).append((row.instance.reference, jfos))
        for row in rows:
            own = {jfo.code for jfo in _claimed_by(row) or ()}
            others = [
                f"{reference} ({', '.join(sorted(jfos))})"
                for reference, jfos in by_day[_sort_of(row.instance)]
                if reference != row.instance.reference and not own & jfos
            ]
            if others:
                row.warn(
                    _(
                        "Other JFOs have an outcome of that kind and day: %(outcomes)s. If it is one of these, give "
                        "its reference, and name all of the JFOs, so that it counts once."
                    )
                    % {"outcomes": "; ".join(others[:5])},
                    "reference",
                )

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        """Save the outcomes, then the claims that are new."""
        attribution = self.attribution(reason)
        outcomes = [row.instance for row in changed if any(name != "jfos" for name in row.changed_names)]
        OutcomeEvent.objects.bulk_update(outcomes, _FIELDS, **attribution)
        OutcomeEvent.objects.bulk_create([row.instance for row in new], **attribution)
        claims = [
            Claim(event=row.instance, jfo=jfo)
            for row in (*new, *changed)
            for jfo in _claimed_by(row) or ()
            if row.is_new or jfo not in self.fields["jfos"].get_value(row.before)
        ]
        Claim.objects.bulk_create(claims, **attribution)


def _sort_of(outcome: OutcomeEvent) -> tuple[str, date | None, int]:
    return outcome.kind, outcome.occurred_on, outcome.fiscal_year


def _claimed_by(row: PreviewRow) -> tuple[JFO, ...] | None:
    """Return the JFOs that the row names; None where the file has no column of them."""
    named: tuple[JFO, ...] | None = row.get("jfos")
    return named
