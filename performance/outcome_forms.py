"""The forms of outcomes, recorded once whichever JFOs claim them, and of contributions to them (domain rule 11)."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.forms import DayField
from registry.part_forms import AgencyField, RowForm, TypedRowForm

from .models import Claim, Contribution, OutcomeEvent

# In place of an event's key: none of those on record is meant.
ANOTHER = "another"


class YearField(forms.CharField):
    """A fiscal year, written as two years in a row; its value is the calendar year in which it starts."""

    def prepare_value(self, value: Any) -> Any:
        """Return what the field shows; what was typed stays as it is."""
        return str(FiscalYear(value)) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        if not typed:
            return None
        try:
            year = FiscalYear.parse(typed)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        return year.start_year


class OutcomeForm(RowForm):
    """An outcome that the JFO claims; one that another JFO recorded already is claimed, and not recorded again."""

    occurred_on = DayField(label=_("Occurred on"), required=False)
    fiscal_year = YearField(
        label=_("Or the fiscal year"),
        required=False,
        help_text=_("Where no day is known: two years in a row, for example 2010-2011."),
    )

    class Meta:
        model = OutcomeEvent
        fields = [
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
        ]
        localized_fields = ["quantity", "value"]
        widgets: ClassVar = {"note": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # The year of an outcome with a day follows from the day, also from another one.
        if self.instance.occurred_on and "fiscal_year" not in (options.get("initial") or {}):
            self.initial["fiscal_year"] = None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self._clean_when(cleaned)
        if not self.is_new or self.errors:
            return cleaned
        alike = self._alike(cleaned)
        if not alike:
            return cleaned
        choices = [
            *((str(event.pk), _in_words(event)) for event in alike),
            (ANOTHER, gettext("None of these: it is another one")),
        ]
        label = (
            gettext("Is it one of these, which other JFOs recorded for that day?")
            if cleaned["occurred_on"]
            else gettext("Is it one of these, which other JFOs recorded for that fiscal year?")
        )
        sent = self.ask("same_as", forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect))
        if sent not in dict(choices):
            self.add_error("same_as", gettext("Say whether it is one of those on record, so that it counts once."))
        cleaned["same_as"] = sent
        return cleaned

    def _clean_when(self, cleaned: dict[str, Any]) -> None:
        """Take the year from the day; refuse neither of the two, and a year that does not hold the day."""
        if not {"occurred_on", "fiscal_year"} <= cleaned.keys():
            return
        day, asked = cleaned["occurred_on"], cleaned["fiscal_year"]
        if day is None:
            if asked is None:
                self.add_error("occurred_on", gettext("Give the day, or the fiscal year where no day is known."))
            return
        year = FiscalYear.of(day)
        if asked not in (None, year.start_year):
            self.add_error(
                "fiscal_year",
                gettext("%(day)s is in %(year)s. Leave the fiscal year empty where the day is known.")
                % {"day": day, "year": year},
            )
        cleaned["fiscal_year"] = year.start_year

    def _alike(self, cleaned: dict[str, Any]) -> list[OutcomeEvent]:
        """Return the events of that kind and day, or of that year without a day, that other JFOs claim and this one
        does not; two queries."""
        events = OutcomeEvent.objects.visible_to(self.reader)
        events = events.filter(
            kind=cleaned["kind"],
            occurred_on=cleaned["occurred_on"],
            fiscal_year=cleaned["fiscal_year"],
            claims__isnull=False,
        )
        own = Claim.objects.filter(jfo=self.jfo).values("event")
        return list(events.exclude(pk__in=own).distinct().prefetch_related("claims__jfo").order_by("pk")[:20])

    def write(self, row: OutcomeEvent, change: ChangeSet) -> OutcomeEvent:
        """Save the event and the JFO's claim to it, or the claim alone to one that is on record."""
        if not self.is_new:
            saved: OutcomeEvent = super().write(row, change)
            return saved
        same_as = self.cleaned_data.get("same_as", ANOTHER)
        event = super().write(row, change) if same_as == ANOTHER else OutcomeEvent.objects.get(pk=same_as)
        change.save_row(Claim(event=event, jfo=self.jfo))
        return event


def _in_words(event: OutcomeEvent) -> str:
    return gettext("%(event)s %(amount)s (claimed by %(jfos)s)") % {
        "event": event,
        "amount": event.amount,
        "jfos": ", ".join(claim.jfo.code for claim in event.claims.all()),
    }


class ContributionForm(TypedRowForm):
    """An agency's part of one kind in an outcome."""

    agency = AgencyField(label=_("Agency"), help_text=_("Any name it goes by, such as RCMP."))
    confirmed_on = DayField(
        label=_("Confirmed by the lead on"),
        required=False,
        help_text=_("YYYY-MM-DD; empty until the lead confirms it."),
    )

    class Meta:
        model = Contribution
        fields = ["agency", "kind", "evidence", "confirmed_on", "share"]
        localized_fields = ["share"]
        widgets: ClassVar = {"evidence": forms.Textarea(attrs={"rows": 2})}
