"""Forms for what hangs on a JFO: one small form a kind of row, and what saving it writes besides the row."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, ClassVar, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.forms import DayField
from jfo_portal.kit.periods import ONE_DAY

from .forms import ReasonedForm
from .models import (
    JFO,
    ActionItem,
    Agency,
    CoLocation,
    Contact,
    Establishment,
    Meeting,
    Participation,
    Risk,
    RiskCoverage,
    SystemAccess,
)
from .models.partners import agency_named, names_by_agency

# How many action items the form of a new meeting takes.
NEW_ITEMS = 3


class AgencyField(forms.CharField):
    """An agency, typed by its key, its name or short form in either language, or an alias; accents and case fold."""

    # The page gives the list of names (registry/part_form.html).
    widget = forms.TextInput(attrs={"list": "agency-names", "autocomplete": "off"})

    def prepare_value(self, value: Any) -> Any:
        """Return what the field shows: the agency's short form; what was typed stays as it is."""
        if isinstance(value, int):
            value = Agency.objects.filter(pk=value).first()
        return value.short if isinstance(value, Agency) else value

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        agency = agency_named(typed) if typed else None
        if typed and agency is None:
            names = [name for names in names_by_agency().values() for name in names]
            near = get_close_matches(typed, names, n=1, cutoff=0.5)
            sentence = (
                gettext("No agency goes by “%(typed)s”. Did you mean “%(near)s”?")
                if near
                else gettext("No agency goes by “%(typed)s”. Choose one of the list.")
            )
            raise ValidationError(sentence % {"typed": typed, "near": near[0] if near else ""})
        return agency


def _on_day(**options: Any) -> DayField:
    return DayField(required=False, **options)


class TypedRowForm(forms.ModelForm):
    """A row, with the reason for the change.

    It reads what was typed and leaves the row alone: the row is validated when it is written, as it is then.
    """

    def __init__(self, data: Mapping[str, Any] | None = None, *, reader: Reader, instance: Any, **options: Any) -> None:
        super().__init__(data, instance=instance, **options)
        self.reader = reader
        self.fields["reason"] = ReasonedForm().fields["reason"]

    def _post_clean(self) -> None:
        """Do not touch the row."""

    @property
    def is_new(self) -> bool:
        return bool(self.instance._state.adding)

    def ask(self, name: str, field: forms.Field) -> Any:
        """Add a field that only what was typed calls for, before the reason; returns what was sent for it."""
        self.fields[name] = field
        self.fields["reason"] = self.fields.pop("reason")
        return field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))

    def write(self, row: Any, change: ChangeSet) -> Any:
        """Save the row with what was typed, as part of the change; returns it. ValidationError if a rule is broken."""
        for name in self._meta.fields or ():
            if name in self.fields:
                setattr(row, name, self.cleaned_data[name])
        return change.save_row(row)


class RowForm(TypedRowForm):
    """A row that belongs to a JFO."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, jfo: JFO, **options: Any) -> None:
        super().__init__(data, **options)
        self.jfo = jfo


class _DatedForm(RowForm):
    start = DayField(label=_("First day"), help_text=_("YYYY-MM-DD"))
    end = _on_day(label=_("Last day"), help_text=_("YYYY-MM-DD; empty while it goes on."))


class ObjectivesForm(RowForm):
    """What a JFO is for, in both languages."""

    class Meta:
        model = JFO
        fields = ["objectives_en", "objectives_fr"]
        widgets: ClassVar = {name: forms.Textarea(attrs={"rows": 6}) for name in fields}


def _risk_in_words(risk: Risk) -> str:
    return gettext("%(risk)s, %(level)s (%(edition)s)") % {
        "risk": risk.name,
        "level": risk.get_level_display(),
        "edition": risk.edition,
    }


class RiskForm(RowForm):
    """A risk that the JFO answers, when somebody last looked whether it does, and its weight."""

    confirmed_on = _on_day(
        label=_("Confirmed on"), help_text=_("YYYY-MM-DD: when somebody last looked whether the JFO answers it.")
    )

    class Meta:
        model = RiskCoverage
        fields = ["risk", "confirmed_on", "weight"]
        localized_fields = ["weight"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        risks = cast(forms.ModelChoiceField, self.fields["risk"])
        risks.queryset = Risk.objects.order_by("-edition", "pk")
        risks.label_from_instance = _risk_in_words  # type: ignore[assignment, method-assign]


class ParticipationForm(_DatedForm):
    """An agency's part in the JFO."""

    agency = AgencyField(label=_("Agency"), help_text=_("Any name it goes by, such as RCMP."))

    class Meta:
        model = Participation
        fields = ["agency", "role", "start", "end"]

    def clean(self) -> dict[str, Any]:
        """Refuse a second part of the agency on a day on which it has one; one query."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not {"agency", "start", "end"} <= cleaned.keys():
            return cleaned
        others = Participation.objects.filter(jfo=self.jfo, agency=cleaned["agency"]).exclude(pk=self.instance.pk)
        others = others.from_day_on(cleaned["start"])
        if cleaned["end"]:
            others = others.filter(start__lte=cleaned["end"])
        if other := others.order_by("start").first():
            self.add_error(
                "start",
                gettext("%(agency)s takes part as %(role)s from %(start)s on already; correct or end that first.")
                % {"agency": cleaned["agency"].short, "role": other.get_role_display(), "start": other.start},
            )
        return cleaned


class ContactForm(_DatedForm):
    """Whom to call; a new primary contact ends the one before, once that was said."""

    class Meta:
        model = Contact
        fields = ["function", "name", "email", "is_primary", "start", "end"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not {"function", "start", "end"} <= cleaned.keys() or not cleaned.get("is_primary"):
            return cleaned
        if cleaned["end"] is not None and cleaned["end"] < cleaned["start"]:
            return cleaned
        found = self._before(cleaned)
        if found:
            said = {
                "names": ", ".join(row.name for row in found),
                "start": found[0].start,
                "day": cleaned["start"] - ONE_DAY,
            }
            label = gettext("End the time of %(names)s as primary contact on %(day)s") % said
            cleaned["ends_other"] = self.ask("ends_other", forms.BooleanField(label=label, required=False))
            if not cleaned["ends_other"]:
                self.add_error(
                    "ends_other",
                    gettext(
                        "%(names)s is the primary contact for this function since %(start)s. "
                        "Tick the box to end that on %(day)s, the day before this one begins."
                    )
                    % said,
                )
        return cleaned

    def _before(self, cleaned: Mapping[str, Any]) -> list[Contact]:
        """Return the primary contacts whom this one takes over from; the model refuses those that begin later."""
        asked = {name: cleaned[name] for name in ("function", "start", "end")}
        row = Contact(pk=self.instance.pk, jfo=self.jfo, is_primary=True, **asked)
        found = list(row.rivals())
        return found if all(other.start < row.start for other in found) else []

    def write(self, row: Contact, change: ChangeSet) -> Contact:
        """Save the row; the primary contact before it ends the day before."""
        if self.cleaned_data.get("ends_other"):
            for other in self._before(self.cleaned_data):
                other.end = self.cleaned_data["start"] - ONE_DAY
                change.save_row(other)
        saved: Contact = super().write(row, change)
        return saved


class EstablishmentForm(_DatedForm):
    """The FTE that was agreed, from a day on."""

    start = DayField(
        label=_("First day"), help_text=_("YYYY-MM-DD; the figure agreed before, if there is one, ends the day before.")
    )

    class Meta:
        model = Establishment
        fields = ["fte", "start", "end"]
        localized_fields = ["fte"]
        error_messages: ClassVar = {"fte": {"invalid": _("Type the FTE as a number, for example 0.50.")}}

    def write(self, row: Establishment, change: ChangeSet) -> Establishment:
        """Save the row; what was agreed before a new figure ends the day before it."""
        start = self.cleaned_data["start"]
        if self.is_new:
            for other in Establishment.objects.filter(jfo=self.jfo, start__lt=start).as_of(start):
                other.end = start - ONE_DAY
                change.save_row(other)
        saved: Establishment = super().write(row, change)
        return saved


class CoLocationForm(_DatedForm):
    """Where the officers of the JFO work together with its partners."""

    agency = AgencyField(label=_("Whose premises"), help_text=_("Any name the agency goes by, such as RCMP."))

    class Meta:
        model = CoLocation
        fields = ["agency", "place", "start", "end"]


class SystemAccessForm(_DatedForm):
    """Who reaches whose system."""

    agency = AgencyField(
        label=_("Partner"),
        help_text=_("The partner whose system it is, or who reaches the CBSA’s; any name it goes by."),
    )

    class Meta:
        model = SystemAccess
        fields = ["system", "agency", "direction", "start", "end"]


class MeetingForm(RowForm):
    """A meeting of the joint management team; a new one with the first of its action items."""

    held_on = DayField(label=_("Held on"))

    class Meta:
        model = Meeting
        fields = ["held_on", "decisions"]
        widgets: ClassVar = {"decisions": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        if self.is_new:
            for number in range(1, NEW_ITEMS + 1):
                self._add_item(number)
            self.fields["reason"] = self.fields.pop("reason")

    def _add_item(self, number: int) -> None:
        said = {"number": number}
        what, owner, _due = (cast(Any, ActionItem._meta.get_field(name)) for name in ("what", "owner", "due_on"))
        self.fields[f"what_{number}"] = forms.CharField(
            label=gettext("Action item %(number)s: what is to be done") % said,
            max_length=what.max_length,
            required=False,
        )
        self.fields[f"owner_{number}"] = forms.CharField(
            label=gettext("Action item %(number)s: who does it") % said,
            help_text=owner.help_text,
            max_length=owner.max_length,
            required=False,
        )
        self.fields[f"due_on_{number}"] = _on_day(label=gettext("Action item %(number)s: due on") % said)

    def _items(self) -> list[tuple[int, dict[str, Any]]]:
        """Return the numbers and values of the action items of which anything was typed."""
        numbered = [
            (number, {name: self.cleaned_data.get(f"{name}_{number}") for name in ("what", "owner", "due_on")})
            for number in range(1, NEW_ITEMS + 1)
        ]
        return [(number, values) for number, values in numbered if any(values.values())]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        sentences = {
            "what": gettext("Say what is to be done, or leave the whole item empty."),
            "owner": gettext("Say who does it: a function or an agency."),
        }
        for number, values in self._items():
            for name, sentence in sentences.items():
                if not values[name] and f"{name}_{number}" not in self.errors:
                    self.add_error(f"{name}_{number}", sentence)
            due, held = values["due_on"], cleaned.get("held_on")
            if due and held and due < held:
                self.add_error(
                    f"due_on_{number}",
                    gettext("The meeting was on %(day)s: give that day or a later one.") % {"day": held},
                )
        return cleaned

    def write(self, row: Meeting, change: ChangeSet) -> Meeting:
        """Save the meeting and its action items."""
        saved: Meeting = super().write(row, change)
        for _number, values in self._items():
            change.save_row(ActionItem(meeting=saved, **values))
        return saved


class _MeetingField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.held_on)


class ActionItemForm(RowForm):
    """What a meeting asked somebody to do, and when it was done."""

    meeting = _MeetingField(Meeting.objects.none(), label=_("Meeting of"))
    due_on = _on_day(label=_("Due on"))
    done_on = _on_day(label=_("Done on"), help_text=_("YYYY-MM-DD; empty while it is to be done."))

    class Meta:
        model = ActionItem
        fields = ["meeting", "what", "owner", "due_on", "done_on"]

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        meetings = Meeting.objects.visible_to(self.reader).filter(jfo=self.jfo).order_by("-held_on")
        self.fields["meeting"].queryset = meetings  # type: ignore[attr-defined]
