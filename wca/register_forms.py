"""Forms for the register: an arrangement, what hangs on it, and what supersedes it."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.forms import DayField
from jfo_portal.kit.periods import today
from registry.forms import JFOField
from registry.part_forms import AgencyField, TypedRowForm

from .models import Amendment, Arrangement, Coverage, Signatory

# An arrangement of long ago names JFOs that are over.
_ANY_DAY = date(1900, 4, 1)


class ArrangementForm(TypedRowForm):
    """What the register says of an arrangement; its number is issued, and others say what becomes of it."""

    effective = DayField(
        label=_("Effective"), required=False, help_text=_("YYYY-MM-DD; the first day on which it applies once signed.")
    )
    expiry = DayField(
        label=_("Expiry"),
        required=False,
        help_text=_("YYYY-MM-DD; the last day on which it applies; empty for none."),
    )
    review_due = DayField(
        label=_("Review due"),
        required=False,
        help_text=_("YYYY-MM-DD; by when somebody looks whether it still serves."),
    )

    class Meta:
        model = Arrangement
        fields = [
            "kind",
            "title_en",
            "title_fr",
            "effective",
            "expiry",
            "review_due",
            "security_level",
            "authorities",
            "office",
        ]
        widgets: ClassVar = {"authorities": forms.Textarea(attrs={"rows": 4})}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        effective, expiry = cleaned.get("effective"), cleaned.get("expiry")
        if effective and expiry and expiry < effective:
            self.add_error(
                "expiry",
                gettext("The expiry is before the effective date, %(day)s. Correct one of them.") % {"day": effective},
            )
        return cleaned


class SupersessionForm(TypedRowForm):
    """The newer arrangement and the day from which it applies instead; both empty where there is none."""

    superseded_on = DayField(
        label=_("From"), required=False, help_text=_("YYYY-MM-DD; from this day on the newer one applies.")
    )

    class Meta:
        model = Arrangement
        fields = ["superseded_by", "superseded_on"]

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        newer = Arrangement.objects.visible_to(self.reader).exclude(pk=self.instance.pk).order_by("-reference")
        self.fields["superseded_by"] = NewerField(newer)
        self.order_fields(["superseded_by"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if {"superseded_by", "superseded_on"} <= cleaned.keys():
            newer, day = cleaned["superseded_by"], cleaned["superseded_on"]
            if newer is not None and day is None:
                self.add_error("superseded_on", gettext("Say from which day on the newer arrangement applies."))
            if newer is None and day is not None:
                self.add_error("superseded_by", gettext("Say which arrangement applies from that day on."))
        return cleaned


class NewerField(forms.ModelChoiceField):
    """One of the other arrangements, by number and title."""

    default_error_messages = {
        "invalid_choice": _("This arrangement is not, or no longer, in the list. Choose another one.")
    }

    def __init__(self, queryset: Any) -> None:
        super().__init__(
            queryset,
            label=_("Newer arrangement"),
            required=False,
            empty_label=_("None: nothing supersedes it"),
            help_text=_("The one that applies in its place."),
        )

    def label_from_instance(self, obj: Any) -> str:
        return gettext("%(reference)s: %(title)s") % {"reference": obj.reference, "title": obj.title}


# What hangs on an arrangement


class PartForm(TypedRowForm):
    """A row that belongs to an arrangement; what it is about is chosen once, and then fixed."""

    # The fields that only a new row asks for.
    chosen_once: ClassVar[tuple[str, ...]] = ()

    def __init__(self, data: Mapping[str, Any] | None = None, *, arrangement: Arrangement, **options: Any) -> None:
        super().__init__(data, **options)
        self.arrangement = arrangement
        if not self.is_new:
            for name in self.chosen_once:
                del self.fields[name]


class SignatoryForm(PartForm):
    """An agency that signs, whether it must, and when it did."""

    chosen_once = ("agency",)
    agency = AgencyField(
        label=_("Agency"), help_text=_("Any name it goes by, such as RCMP; a group of forces cannot sign.")
    )
    signed_on = DayField(
        label=_("Signed on"), required=False, help_text=_("YYYY-MM-DD; empty while it has not signed.")
    )

    class Meta:
        model = Signatory
        fields = ["agency", "is_required", "signed_on"]

    def clean_signed_on(self) -> Any:
        day = self.cleaned_data["signed_on"]
        if day is not None and day > today():
            raise ValidationError(
                gettext("A signature is recorded once it is given: give a day up to today, %(today)s.")
                % {"today": today()}
            )
        return day


class CoverageForm(PartForm):
    """A JFO that the arrangement covers, from when to when."""

    chosen_once = ("jfo",)
    jfo = JFOField()
    start = DayField(label=_("First day"))
    end = DayField(label=_("Last day"), required=False, help_text=_("YYYY-MM-DD; empty while it goes on."))

    class Meta:
        model = Coverage
        fields = ["jfo", "start", "end"]

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        if "jfo" in self.fields:
            self.fields["jfo"].offer(self.reader, _ANY_DAY)  # type: ignore[attr-defined]


class AmendmentForm(PartForm):
    """What the parties agreed to change; its number is the next of the arrangement's."""

    effective = DayField(label=_("Effective"), help_text=_("YYYY-MM-DD; the first day on which it applies."))

    class Meta:
        model = Amendment
        fields = ["effective", "summary_en", "summary_fr"]
        widgets: ClassVar = {name: forms.Textarea(attrs={"rows": 3}) for name in ("summary_en", "summary_fr")}

    def write(self, row: Amendment, change: ChangeSet) -> Amendment:
        """Save the amendment; a new one gets the next number, which no other of the arrangement ever had."""
        if self.is_new:
            issued = Amendment.history.filter(arrangement=self.arrangement.pk)
            row.number = (issued.aggregate(last=Max("number"))["last"] or 0) + 1
        saved: Amendment = super().write(row, change)
        return saved
