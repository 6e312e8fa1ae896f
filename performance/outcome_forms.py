"""The form of an outcome: recorded once, whichever JFOs claim it (domain rule 11)."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.forms import DayField
from registry.part_forms import RowForm

from .models import Claim, OutcomeEvent

# In place of an event's key: none of those on record is meant.
ANOTHER = "another"


class OutcomeForm(RowForm):
    """An outcome that the JFO claims; one that another JFO recorded already is claimed, and not recorded again."""

    occurred_on = DayField(label=_("Occurred on"))

    class Meta:
        model = OutcomeEvent
        fields = ["kind", "occurred_on", "what", "quantity", "unit", "value", "note"]
        localized_fields = ["quantity", "value"]
        widgets: ClassVar = {"note": forms.Textarea(attrs={"rows": 2})}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.is_new or not {"kind", "occurred_on"} <= cleaned.keys():
            return cleaned
        alike = self._alike(cleaned)
        if not alike:
            return cleaned
        choices = [
            *((str(event.pk), _in_words(event)) for event in alike),
            (ANOTHER, gettext("None of these: it is another one")),
        ]
        label = gettext("Is it one of these, which other JFOs recorded for that day?")
        sent = self.ask("same_as", forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect))
        if sent not in dict(choices):
            self.add_error("same_as", gettext("Say whether it is one of those on record, so that it counts once."))
        cleaned["same_as"] = sent
        return cleaned

    def _alike(self, cleaned: dict[str, Any]) -> list[OutcomeEvent]:
        """Return the events of that kind and day that other JFOs claim and this one does not; two queries."""
        events = OutcomeEvent.objects.visible_to(self.reader)
        events = events.filter(kind=cleaned["kind"], occurred_on=cleaned["occurred_on"], claims__isnull=False)
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
