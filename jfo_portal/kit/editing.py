"""Pages that save: a form that is sent once, and what happens when somebody else was faster."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, models, transaction
from django.forms import BaseForm, CheckboxInput, Field
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.functional import Promise, cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from . import changes, changesets
from .changesets import ChangeSet
from .periods import today
from .views import LANGUAGE, Page

# The hidden fields of every form that saves, and of one about a row.
TOKEN = "_token"  # noqa: S105
VERSION = "_version"
# Those of the page of a conflict: the version the form was opened with, and what is chosen of each field.
OPENED = "_opened"
CHOOSE = "_choose_"
_CONTROLS = frozenset({TOKEN, VERSION, OPENED, LANGUAGE, "csrfmiddlewaretoken"})


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
    form: BaseForm

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
        if (earlier := self._sent_before()) is not None:
            return earlier
        # The language toggle of a form that failed posts it again, so that what was typed stays.
        if LANGUAGE in request.POST:
            self.form = self.get_form(self._retyped(self.data))
            self.form.is_valid()
            return self.shown_again(self.form)
        self.form = self.get_form(self.data)
        if not self.form.is_valid():
            return self.shown(self.form)
        try:
            return self._act() if self.is_act else redirect(self.save(self.form))
        except ValidationError as error:
            for field, sentences in error.update_error_dict({}).items():
                self.form.add_error(field if field in self.form.fields else None, sentences)
        except (IntegrityError, OperationalError):
            if (earlier := self._sent_before()) is not None:
                return earlier
            self.form.add_error(
                None,
                _(
                    "Somebody changed these rows at the same moment, and the database refused the change. "
                    "Look at the rows as they are now and try again."
                ),
            )
        return self.shown(self.form)

    def _act(self) -> HttpResponse:
        with transaction.atomic():
            reason = self.form.cleaned_data.get("reason", "")
            self.change = ChangeSet.objects.create(token=self.token, by=self.user, reason=reason)
            if (answer := self.before_saving(self.form)) is not None:
                transaction.set_rollback(True)
                return answer
            self.change.href = self.save(self.form)
            self.change.save(update_fields=["href"])
        return redirect(self.change.href)

    def before_saving(self, form: Any) -> HttpResponse | None:
        """Return a page to show instead of saving; it is asked inside the transaction that saves."""
        return None

    def shown(self, form: BaseForm) -> HttpResponse:
        """Return the page with the form as it was sent."""
        return self.render_to_response(self.get_context_data(form=form))

    def shown_again(self, form: BaseForm) -> HttpResponse:
        """Return the page that was there, with what was typed, in the language that was asked for."""
        return self.shown(form)

    @cached_property
    def data(self) -> QueryDict:
        """What was sent, as the form reads it."""
        return self.request.POST

    def _retyped(self, data: QueryDict) -> QueryDict:
        """Return what was typed in the other language as it is typed in this one: 0,50 for 0.50."""
        data = data.copy()
        others = [code for code, _name in settings.LANGUAGES if code != translation.get_language()]
        form = self.get_form(data)
        for name, field in form.fields.items():
            typed = data.get(form.add_prefix(name))
            if not field.localize or not typed:
                continue
            try:
                with translation.override(others[0]):
                    value = field.clean(typed)
            except ValidationError:
                continue
            data[form.add_prefix(name)] = _typed(field, value)[0]
        self.data = data
        return data

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
        if earlier.is_undone:
            # What it led to may be gone.
            messages.warning(
                self.request,
                _(
                    "This form was saved before, and that was undone since. Nothing was saved now: "
                    "type it anew here if it is to be saved again."
                ),
            )
            return redirect(self.request.get_full_path())
        messages.info(self.request, _("This form was sent twice. It was saved once."))
        return redirect(earlier.href)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs["form"]
        return super().get_context_data(**kwargs) | {
            "submit_label": self.submit_label or _("Save"),
            "keeps_typing": form.is_bound,
            "hidden": [(TOKEN, self.token)],
        }


def _typed(field: Field, value: Any) -> list[str]:
    """Return what somebody would have sent to give the field the value; nothing for a box that is not ticked."""
    if isinstance(field.widget, CheckboxInput):
        return ["on"] if value else []
    shown = field.widget.format_value(field.prepare_value(value))
    if isinstance(shown, list | tuple):
        return [str(one) for one in shown]
    return [] if shown is None else [str(shown)]


@dataclass(frozen=True)
class Difference:
    """One field that changed since the form was opened, in words; `yours` is None where the form does not ask it.

    `keeps_yours` says what is chosen so far.
    """

    name: str
    label: str
    was: str
    theirs: str
    yours: str | None
    keeps_yours: bool = False


class EditPage(FormPage):
    """A form about one row, `self.row`, of the `model`.

    If somebody changed the row since the form was opened, the page shows was, theirs and yours of each
    field in question, and lets the person choose; if it is gone, the page says so and what was typed.
    `edited` names the form's fields that are the row's own, all that bear a name of the row's by default;
    `watched` those of the row's that the form does not ask but whose change the person should know of.
    What is sent without saying of which version it is, is about the row as it is now.
    """

    model: Any
    row: Any
    edited: ClassVar[Sequence[str] | None] = None
    watched: ClassVar[Sequence[str]] = ()
    conflict_template = "conflict.html"
    gone_template = "gone.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            self.row  # noqa: B018  (looked up here for the first time)
        except Http404:
            if (deletion := self._deletion()) is None:
                raise
            return self._gone(deletion)
        return super().post(request, *args, **kwargs)

    def lock(self) -> None:
        """Lock what is about to be written, in the order in which every action locks it; the row by default."""
        self.row_queryset.select_for_update(of=("self",)).first()

    @property
    def row_queryset(self) -> models.QuerySet:
        rows: models.QuerySet = type(self.row)._base_manager.filter(pk=self.row.pk)
        return rows

    @cached_property
    def version(self) -> int:
        """The number of the row's latest version when the form was opened; 0 where none is on record."""
        return _number(self.request.POST.get(VERSION, "")) or self._latest()

    def _latest(self) -> int:
        versions = self.row.history.model.objects.filter(id=self.row.pk).order_by("-history_id")
        return versions.values_list("history_id", flat=True).first() or 0

    def _version(self, number: int) -> Any:
        return self.row.history.model.objects.filter(id=self.row.pk, history_id=number).first()

    @cached_property
    def data(self) -> QueryDict:
        """What was sent; where theirs was chosen of a field, what the person saw there instead."""
        data = self.request.POST.copy()
        # In another language the same choices are open still.
        if LANGUAGE in data:
            return data
        choices = {name: data.pop(name)[-1] for name in list(data) if name.startswith(CHOOSE)}
        theirs = {name.removeprefix(CHOOSE) for name, choice in choices.items() if choice == "theirs"}
        if not theirs:
            return data
        current, seen = self.get_form(None), self._version(self.version) or self.row
        for name in theirs & set(self._own(current)):
            value = self._value(self.row._meta.get_field(name), seen)
            field = current.fields[name]
            data.setlist(
                current.add_prefix(name), _typed(field, sorted(value) if isinstance(value, frozenset) else value)
            )
        return data

    def before_saving(self, form: Any) -> HttpResponse | None:
        self.lock()
        row = self.row_queryset.first()
        if row is None:
            deletion = self.row.history.model.objects.filter(id=self.row.pk).order_by("-history_id").first()
            return self._gone(deletion)
        latest = self._latest()
        if latest == self.version:
            return None
        self.row = row
        opened = self.version
        if self._version(opened) is None:
            # Not a version of this row, or one that is not on record: nobody can say what was there before.
            self.version = latest
            form.add_error(
                None,
                _("This row was changed since you opened the form. Look at it as it is now, and send the form again."),
            )
            return self.shown(form)
        if differences := self.differences(form, opened):
            return self._conflict(form, differences, opened)
        # What the form holds of the row is old, even where it does not ask it.
        self.form = self.get_form(self.data)
        return None if self.form.is_valid() else self.shown(self.form)

    def shown_again(self, form: BaseForm) -> HttpResponse:
        opened = _number(self.request.POST.get(OPENED, ""))
        # A form that was read may have written what was typed on the row that it was given.
        row = self.row_queryset.first() if opened else None
        if row is None:
            return self.shown(form)
        self.row = row
        if differences := self.differences(form, opened):
            return self._conflict(form, differences, opened)
        return self.shown(form)

    def _conflict(self, form: Any, differences: Sequence[Difference], opened: int) -> HttpResponse:
        latest = self._latest()
        (later,) = changes.in_words([{"row_kind": self.row._meta.model_name, "history_id": latest}])
        context = self.get_context_data(form=form) | {
            "differences": differences,
            "is_choice": any(one.yours is not None for one in differences),
            "later": later,
            "hidden": [
                (TOKEN, self.token),
                (VERSION, latest),
                (OPENED, opened),
            ],
            "typed": [
                (name, value)
                for name, values in self.data.lists()
                if name not in _CONTROLS and not name.startswith(CHOOSE)
                for value in values
            ],
        }
        return render(self.request, self.conflict_template, context, status=409)

    def differences(self, form: Any, opened: int) -> list[Difference]:
        """Return the fields that somebody else changed since that version, and to another value than the form says."""
        old = self._version(opened)
        if old is None:
            return []
        own = self._own(form)
        found = []
        for name in (*own, *self.watched):
            field = self.row._meta.get_field(name)
            was, theirs = self._value(field, old), self._value(field, self.row)
            # A field of the form may bear the name of a watched one, and ask for another row's: a new JFO's first day.
            asked = name in own
            yours = self._yours(form, name) if asked else None
            if was == theirs or (asked and yours == theirs):
                continue
            found.append(
                Difference(
                    name,
                    capfirst(str(form.fields[name].label if asked else field.verbose_name)),
                    changes.in_text(field, was),
                    changes.in_text(field, theirs),
                    _said(form, name, changes.in_text, field, yours) if asked else None,
                    self.request.POST.get(f"{CHOOSE}{name}") == "yours",
                )
            )
        return found

    def _own(self, form: BaseForm) -> Sequence[str]:
        """Return the names of the form's fields that are the row's own."""
        if self.edited is not None:
            return self.edited
        meta = self.row._meta
        own = {field.name for field in meta.concrete_fields}
        own |= {field.name for field in self.row.history.model._history_m2m_fields}
        return [name for name in form.fields if name in own]

    def _value(self, field: Any, holder: Any) -> Any:
        """Return what the row or a version of it has in the field; of a many-to-many field, the keys."""
        if not field.many_to_many:
            return getattr(holder, field.attname)
        if isinstance(holder, type(self.row)):
            return frozenset(getattr(holder, field.name).values_list("pk", flat=True))
        return frozenset(changesets.members(holder)[field.name])

    @staticmethod
    def _yours(form: BaseForm, name: str) -> Any:
        value = form.cleaned_data.get(name)
        if isinstance(value, models.QuerySet | list | tuple | set):
            return frozenset(getattr(one, "pk", one) for one in value)
        # A browser ends the lines of a text in its own way.
        return value.replace("\r\n", "\n") if isinstance(value, str) else getattr(value, "pk", value)

    # A row that is gone

    def _deletion(self) -> Any:
        """Return the version in which the row that the form is about was deleted, if the reader may know of it."""
        history: Any = self.model.history.model
        opened = history.objects.filter(history_id=_number(self.request.POST.get(VERSION, ""))).first()
        if opened is None or self.kwargs.get("pk", opened.id) != opened.id:
            return None
        last = history.objects.filter(id=opened.id).order_by("-history_id").first()
        return last if last.history_type == "-" and changes.is_visible(_key(last), self.reader) else None

    def _gone(self, deletion: Any) -> HttpResponse:
        """Return the page that says that the row is gone, and what was typed."""
        self.row = changesets.as_it_was(deletion)
        form = self.get_form(self.request.POST)
        form.is_valid()
        address = self.row.get_absolute_url() if hasattr(self.row, "get_absolute_url") else None
        context = self.get_context_data(form=form) | {
            "crumbs": [crumb for crumb in self.crumbs() if crumb.href != address],
            "keeps_typing": False,
            "gone": changes.in_words([_key(deletion)], self.reader)[0],
            "typed": [
                (str(field.label), said)
                for name, field in form.fields.items()
                if (said := _said(form, name, _words, field, form.cleaned_data.get(name)))
            ],
        }
        return render(self.request, self.gone_template, context, status=410)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        hidden = [*context["hidden"], (VERSION, self.version)]
        return context | {"row": self.row, "hidden": hidden}


def _number(text: str) -> int:
    """Return the number of a version as a form sends it; 0 where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _key(version: Any) -> dict[str, Any]:
    return {"row_kind": version.instance_type._meta.model_name, "history_id": version.history_id}


def _said(form: BaseForm, name: str, words: Any, field: Any, value: Any) -> str:
    """Return what was typed in words; as it was typed where the form could not read it."""
    if name in form.errors:
        return str(form[name].value() or "")
    return str(words(field, value))


def _words(field: Field, value: Any) -> str:
    """Return a value that a form read in words; nothing for none."""
    if value is None or value == "":
        return ""
    if isinstance(value, models.QuerySet | list | tuple):
        return ", ".join(str(one) for one in value)
    label = getattr(field, "label_from_instance", None)
    if label is not None:
        return str(label(value))
    choices = {str(key): str(one) for key, one in getattr(field, "choices", [])}
    return choices.get(str(value)) or changes.said(value)
