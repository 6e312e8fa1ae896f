"""Putting a line of the home page off to a day, with a reason, and bringing it back."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.editing import FormPage, undoable
from jfo_portal.kit.views import Crumb, RowPage
from registry import needs
from registry.forms import SnoozeForm
from registry.models import Snooze
from registry.needs import Need

# What is proposed, and the most that is taken: nothing is put off for good.
USUAL = timedelta(days=30)
LONGEST = timedelta(days=366)


class _OfLine(FormPage):
    """A form about one line of the reader's own home page; 404 where it holds no such line."""

    section = "home"
    readers = needs.SNOOZERS

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Home"), reverse("home"))]

    @cached_property
    def need(self) -> Need:
        need = needs.need_of(self.reader, self.kwargs["need"])
        if need is None:
            raise Http404
        return need

    @cached_property
    def row(self) -> Any:
        return RowPage.found(self.need.rows(self.reader, self.day), pk=self.kwargs["row_id"])

    @cached_property
    def snooze(self) -> Snooze | None:
        """The reader's own of this line, over or not; None if there is none."""
        mine = Snooze.objects.visible_to(self.reader).filter(need=self.need.name, row_id=self.row.pk)
        return mine.first()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "need": self.need,
            "row": self.row,
            "snooze": self.snooze if self.snooze and self.snooze.until > self.day else None,
        }


class PutOff(_OfLine):
    """Put a line off, or change until when and why."""

    title = gettext_lazy("Put off")
    template_name = "registry/snooze.html"
    submit_label = gettext_lazy("Put off")

    def get_form(self, data: Mapping[str, Any] | None = None) -> SnoozeForm:
        until, reason = self.day + USUAL, ""
        if self.snooze is not None and self.snooze.until > self.day:
            until, reason = self.snooze.until, self.snooze.reason
        return SnoozeForm(
            data,
            first=self.day + timedelta(days=1),
            last=self.day + LONGEST,
            initial={"until": until, "reason": reason},
        )

    def save(self, form: SnoozeForm) -> str:
        snooze = self.snooze or Snooze(user=self.user, need=self.need.name, row_id=self.row.pk)
        snooze.until, snooze.reason = form.cleaned_data["until"], form.cleaned_data["reason"]
        self.change.save_row(snooze)
        undoable(
            self.request,
            _("Put off until %(day)s: %(what)s. It comes back by itself.") % {"day": snooze.until, "what": self.row},
            self.change,
        )
        return reverse("home")


class BringBack(_OfLine):
    """Bring a line back before its day."""

    title = gettext_lazy("Bring back")
    submit_label = gettext_lazy("Bring back")
    template_name = "registry/snooze.html"

    def get_form(self, data: Mapping[str, Any] | None = None) -> forms.Form:
        return forms.Form(data)

    def save(self, form: forms.Form) -> str:
        if self.snooze is None:
            messages.info(self.request, _("This line was not put off: it is on your home page."))
            return reverse("home")
        self.change.delete_row(self.snooze)
        undoable(self.request, _("Brought back: %(what)s.") % {"what": self.row}, self.change)
        return reverse("home")
