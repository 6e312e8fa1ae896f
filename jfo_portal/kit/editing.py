"""Pages that save: a form that is sent once, and what happens when somebody else was faster."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, models, transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.functional import Promise, cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from . import changes
from .changesets import ChangeSet
from .periods import today
from .views import Page

# The hidden fields of every form that saves.
TOKEN = "_token"  # noqa: S105
VERSION = "_version"
CHOOSE = "_choose_"


def undoable(request: HttpRequest, sentence: str, change: ChangeSet) -> None:
    """Leave a message of what was done, with a button that undoes it."""
    messages.success(request, sentence, extra_tags=f"undo:{change.pk}")


class FormPage(Page):
    """A form that saves when it is valid and shows again, nothing lost, when it is not.

    A subclass gives `get_form(data)` and `save(form)`, which returns where to go next and gives
    `self.change` to what it calls, so that all it writes is one change set. A rule that saving breaks
    (ValidationError), and what only the database refused since somebody saved in between
    (IntegrityError, or OperationalError for a lock that did not come), become sentences on the form. A
    form that is sent twice is saved once.
    """

    template_name = "form.html"
    is_typed_into = True
    # Whether what it saves is an act that the history keeps, and that can be undone.
    is_act: ClassVar[bool] = True
    submit_label: str | Promise = ""
    change: ChangeSet

    @property
    def day(self) -> date:
        """Today: what a form changes is what is so now, whatever day its address names."""
        return today()

    def get_form(self, data: Mapping[str, Any] | None = None) -> BaseForm:
        raise NotImplementedError

    def save(self, form: Any) -> str:
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render_to_response(self.get_context_data(form=self.get_form()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.get_form(self.data)
        if (earlier := self._sent_before()) is not None:
            return earlier
        # The language toggle of a form that failed posts it again, so that what was typed stays.
        if "_language" in request.POST or not form.is_valid():
            form.is_valid()
            return self.render_to_response(self.get_context_data(form=form))
        try:
            return self._act(form) if self.is_act else redirect(self.save(form))
        except ValidationError as error:
            for field, sentences in error.update_error_dict({}).items():
                form.add_error(field if field in form.fields else None, sentences)
        except (IntegrityError, OperationalError):
            if (earlier := self._sent_before()) is not None:
                return earlier
            form.add_error(
                None,
                _(
                    "Somebody changed these rows at the same moment, and the database refused the change. "
                    "Look at the rows as they are now and try again."
                ),
            )
        return self.render_to_response(self.get_context_data(form=form))

    def _act(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            reason = form.cleaned_data.get("reason", "")
            self.change = ChangeSet.objects.create(token=self.token, by=self.user, reason=reason)
            if (answer := self.before_saving(form)) is not None:
                transaction.set_rollback(True)
                return answer
            self.change.href = self.save(form)
            self.change.save(update_fields=["href"])
        return redirect(self.change.href)

    def before_saving(self, form: Any) -> HttpResponse | None:
        """Return a page to show instead of saving; it is asked inside the transaction that saves."""
        return None

    @cached_property
    def data(self) -> QueryDict:
        """What was sent, as the form reads it."""
        return self.request.POST

    @cached_property
    def token(self) -> uuid.UUID:
        """The token of this form: the one that was sent, or a new one."""
        try:
            return uuid.UUID(self.request.POST.get(TOKEN, ""))
        except ValueError:
            return uuid.uuid4()

    def _sent_before(self) -> HttpResponse | None:
        """Return the way to where this very form led when it was sent before; None the first time."""
        earlier = ChangeSet.objects.filter(token=self.token, by=self.user).first()
        if earlier is None:
            return None
        messages.info(self.request, _("This form was sent twice. It was saved once."))
        return redirect(earlier.href)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs["form"]
        return super().get_context_data(**kwargs) | {
            "submit_label": self.submit_label or _("Save"),
            "keeps_typing": form.is_bound,
            "hidden": [(TOKEN, self.token)],
        }


@dataclass(frozen=True)
class Difference:
    """One field that changed since the form was opened, in words; `yours` is None where the form does not ask it."""

    name: str
    label: str
    was: str
    theirs: str
    yours: str | None


class EditPage(FormPage):
    """A form about one row, `self.row`.

    If somebody changed the row since the form was opened, the page shows was, theirs and yours of each
    field in question, and lets the person choose. `edited` names the form's fields that are the
    row's own, all that bear a name of the row's by default; `watched` those of the row's that the form does not
    ask but whose change the person should know of.
    """

    row: Any
    edited: ClassVar[Sequence[str] | None] = None
    watched: ClassVar[Sequence[str]] = ()
    conflict_template = "conflict.html"

    def lock(self) -> None:
        """Lock what is about to be written, in the order in which every action locks it; the row by default."""
        self.row_queryset.select_for_update(of=("self",)).get()

    @property
    def row_queryset(self) -> models.QuerySet:
        rows: models.QuerySet = type(self.row)._base_manager.filter(pk=self.row.pk)
        return rows

    @cached_property
    def version(self) -> int:
        """The number of the row's latest version when the form was opened; 0 where none is on record."""
        sent = self.request.POST.get(VERSION, "")
        return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 19 else self._latest()

    def _latest(self) -> int:
        versions = self.row.history.model.objects.filter(id=self.row.pk).order_by("-history_id")
        return versions.values_list("history_id", flat=True).first() or 0

    @cached_property
    def data(self) -> QueryDict:
        """What was sent; where theirs was chosen of a field, the row's own value instead."""
        data = self.request.POST.copy()
        chosen = [name.removeprefix(CHOOSE) for name, choice in data.items() if name.startswith(CHOOSE)]
        current = self.get_form(None)
        for name in chosen:
            if data.pop(f"{CHOOSE}{name}")[-1] != "theirs" or name not in current.fields:
                continue
            field = current.fields[name]
            value = field.prepare_value(getattr(self.row, name))
            shown = field.widget.format_value(getattr(value, "pk", value))
            data.setlist(name, shown if isinstance(shown, list) else [] if shown in (None, False) else [shown])
        return data

    def before_saving(self, form: Any) -> HttpResponse | None:
        self.lock()
        latest = self._latest()
        if latest == self.version:
            return None
        self.row = self.row_queryset.get()
        differences = self.differences(form)
        if not differences:
            return None
        later = self.row.history.model.objects.filter(id=self.row.pk, history_id__gt=self.version)
        keys = [
            {"row_kind": self.row._meta.model_name, "history_id": pk}
            for pk in later.order_by("-history_id").values_list("history_id", flat=True)[:1]
        ]
        context = self.get_context_data(form=form) | {
            "differences": differences,
            "later": changes.in_words(keys)[0],
            "hidden": [(TOKEN, self.token), (VERSION, latest)],
            "typed": [
                (name, value)
                for name, values in self.data.lists()
                if name not in (TOKEN, VERSION, "csrfmiddlewaretoken")
                for value in values
            ],
        }
        return render(self.request, self.conflict_template, context, status=409)

    def differences(self, form: Any) -> list[Difference]:
        """Return the fields that somebody else changed since the form was opened, and to another value than it says."""
        history = self.row.history.model
        old = history.objects.filter(id=self.row.pk, history_id=self.version).first()
        if old is None:
            return []
        names = self.edited if self.edited is not None else [name for name in form.fields if self._is_of_row(name)]
        found = []
        for name in (*names, *self.watched):
            field = self.row._meta.get_field(name)
            was, theirs = getattr(old, field.attname), getattr(self.row, field.attname)
            asked = name in form.fields
            yours = form.cleaned_data.get(name) if asked else None
            yours = getattr(yours, "pk", yours)
            if was != theirs and (not asked or yours != theirs):
                found.append(
                    Difference(
                        name,
                        capfirst(str(form.fields[name].label if asked else field.verbose_name)),
                        changes.in_text(field, was),
                        changes.in_text(field, theirs),
                        changes.in_text(field, yours) if asked else None,
                    )
                )
        return found

    def _is_of_row(self, name: str) -> bool:
        return name in {field.name for field in self.row._meta.concrete_fields}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context | {"row": self.row, "hidden": [*context["hidden"], (VERSION, self.version)]}
