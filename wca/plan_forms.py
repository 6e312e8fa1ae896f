"""Forms of the plan of remedies: they read what was typed; wca.remediation keeps the rules."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.forms import DayField
from registry.forms import ReasonedForm
from registry.models import Role, User

from .remediation import person


class OwnerField(forms.ModelChoiceField):
    """An NHQ reviewer who can sign in."""

    default_error_messages = {"invalid_choice": _("Choose somebody in the list: an NHQ reviewer who can sign in.")}

    def __init__(self, **options: Any) -> None:
        reviewers = User.objects.filter(role=Role.NHQ_REVIEWER, is_active=True).order_by("last_name", "first_name")
        super().__init__(reviewers, label=_("Owner"), **options)

    def label_from_instance(self, obj: Any) -> str:
        return person(obj)


def _text(label: Any, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}), **options)


class AssignForm(ReasonedForm):
    """One owner and one due date for the gaps."""

    owner = OwnerField()
    due_on = DayField(label=_("Due on"))
    what = forms.CharField(
        label=_("What is to be done"),
        max_length=300,
        required=False,
        help_text=_(
            "Empty for the usual words: to amend the arrangement so that it holds the clause, or to conclude one."
        ),
    )


class ReviseForm(ReasonedForm):
    """Another owner, due date or wording of an action."""

    what = forms.CharField(label=_("What is to be done"), max_length=300)
    owner = OwnerField()
    due_on = DayField(label=_("Due on"))


class DoneForm(ReasonedForm):
    """The day on which it was done, and what shows it."""

    done_on = DayField(label=_("Done on"))
    evidence = _text(_("Evidence"), help_text=_("What shows that it is done, and where it is."))


class ReturnForm(forms.Form):
    """Why it is not done yet."""

    returned_note = _text(_("What is still to be done"))


class AcceptForm(forms.Form):
    """Until when the risk is accepted, and why."""

    accepted_until = DayField(
        label=_("Risk accepted until"), help_text=_("YYYY-MM-DD. The last day; from the next on the action is open.")
    )
    accepted_why = _text(_("Why the risk is accepted"))


class EndAcceptanceForm(ReasonedForm):
    """The day after which the action is open again."""

    accepted_until = DayField(
        label=_("Last day of the acceptance"),
        help_text=_("YYYY-MM-DD. Yesterday at the earliest; from the next day on the action is open."),
    )


class VerifyForm(ReasonedForm):
    """Nothing but why, if there is more to say."""

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["reason"].label = _("What was looked at (kept in the history)")
