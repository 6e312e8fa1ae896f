"""The import of what is expected of JFOs in a fiscal year; what was agreed and locked stays as it is."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit import formats
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.imports.fields import ChoiceField, DecimalField, ForeignKeyField, TextField
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.imports.resources import Resource, register
from jfo_portal.kit.periods import today
from registry.models import JFO, Role

from .. import guards
from ..expectation_forms import AHEAD, BEHIND, NOTE_LENGTH
from ..models import Expectation
from ..models.expectations import locked_sentence
from .years import FiscalYearField


def _jfos(user: Any) -> models.QuerySet:
    return JFO.objects.visible_to(user)


@register
class ExpectationResource(Resource):
    """Expectations: JFO, fiscal year and indicator tell which one a row means. A row locks and unlocks none."""

    class Meta:
        model = Expectation
        slug = "expectations"
        title = gettext_lazy("Expectations")
        key = ("jfo", "fiscal_year", "indicator")
        roles = frozenset({Role.ADMINISTRATOR})

    jfo = ForeignKeyField(
        label_en="JFO",
        label_fr="OPC",
        lookup="code",
        also=("name_en", "name_fr"),
        queryset=_jfos,
        example="IBET-QUE-2",
        help_text=gettext_lazy("The JFO's code or name."),
    )
    fiscal_year = FiscalYearField(
        label_en="Fiscal year",
        label_fr="Exercice",
        example="2011-2012",
        help_text=gettext_lazy("From five years before the one that runs to three after it."),
    )
    indicator = ChoiceField(label_en="Indicator", label_fr="Indicateur", example="IMS files opened by its officers")
    expected = DecimalField(
        label_en="Expected",
        label_fr="Attendu",
        max=Decimal("99999999.99"),
        required=True,
        example="40",
        help_text=gettext_lazy("Of one that is locked it cannot be changed."),
    )
    basis = TextField(
        label_en="Basis",
        label_fr="Fondement",
        example="Plan of the year, agreed with the region.",
        help_text=gettext_lazy("On what it was agreed."),
    )
    variance_note = TextField(
        label_en="Variance note",
        label_fr="Note sur l’écart",
        help_text=gettext_lazy("Why the actual figure is another; no data on persons."),
    )

    def lock(self) -> None:
        # Whoever locks expectations locks their rows first, so these wait, and what is under way is finished.
        list(Expectation.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))
        super().lock()

    def refusal(self, error: IntegrityError) -> str:
        if guards.LOCKED in str(error):
            return _("One of the expectations was locked meanwhile, and cannot be changed any more.")
        return super().refusal(error)

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        now = FiscalYear.of(today())
        first, last = FiscalYear(now.start_year - BEHIND), FiscalYear(now.start_year + AHEAD)
        for row in rows:
            note = row.get("variance_note") or ""
            if len(note) > NOTE_LENGTH and (row.is_new or "variance_note" in row.changed_names):
                row.refuse(
                    _("The note has %(length)s characters, and at most %(most)s are kept. Shorten it.")
                    % {"length": formats.number(len(note)), "most": formats.number(NOTE_LENGTH)},
                    "variance_note",
                )
            if row.is_new:
                _check_when(row, first, last)
            elif not {"expected", "basis"}.isdisjoint(row.changed_names):
                locked_on: date | None = row.stored("locked_on")
                if locked_on is not None:
                    row.refuse(locked_sentence(locked_on), "expected" if "expected" in row.changed_names else "basis")


def _check_when(row: PreviewRow, first: FiscalYear, last: FiscalYear) -> None:
    """Refuse a year that no form offers, and a JFO that was gone before the first of them."""
    year, jfo = FiscalYear(row["fiscal_year"]), row["jfo"]
    if not first <= year <= last:
        row.refuse(
            _("%(value)s is not between %(first)s and %(last)s. Check the year.")
            % {"value": year, "first": first, "last": last},
            "fiscal_year",
        )
    if jfo.end is not None and jfo.end < first.first_day:
        row.refuse(
            _("%(jfo)s ended on %(day)s: nothing can be expected of it any more.") % {"jfo": jfo.code, "day": jfo.end},
            "jfo",
        )
